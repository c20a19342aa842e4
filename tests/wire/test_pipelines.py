"""How pipelines go, through a stock pypsrp: stopped, slow, large, queued, with input."""

from __future__ import annotations

import asyncio
import time
from asyncio import to_thread
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

import pytest
from pypsrp.complex_objects import PSInvocationState as State
from pypsrp.messages import EndOfPipelineInput
from pypsrp.powershell import PowerShell
from pypsrp.serializer import TaggedValue
from pypsrp.shell import SignalCode

from cockpit.lab.wire.endpoint import Endpoint
from tests.wire.demo import Demo, Result, invoke, one, pool, wsman

Start: TypeAlias = Callable[..., Awaitable[tuple[Endpoint, int]]]


async def test_stop(start: Start, demo: Demo) -> None:
    endpoint, port = await start()

    def client() -> Result:
        with pool(wsman(port)) as opened:
            with PowerShell(opened) as shell:
                shell.add_cmdlet("Start-Slow").begin_invoke()
                shell.poll_invoke()
                assert endpoint.shells()[0].open_commands == 1
                shell.stop()
            assert invoke(opened, "Get-Rows").state == State.COMPLETED
            return Result(shell)

    result = await to_thread(client)
    assert (result.output, result.state) == (["first"], State.STOPPED)
    assert [c.outcome for c in demo.calls] == ["stopped", "completed"]


async def test_a_slow_cmdlet_outlives_polls(start: Start, demo: Demo) -> None:
    """The second poll meets fault 2150858793 after its operation time-out, and the third gets the rest."""
    _, port = await start()
    loop = asyncio.get_running_loop()

    def client() -> tuple[Result, float]:
        with pool(wsman(port)) as opened, PowerShell(opened) as shell:
            shell.add_cmdlet("Start-Slow").begin_invoke()
            shell.poll_invoke()
            before = time.monotonic()
            shell.poll_invoke(timeout=0.2)  # type: ignore[arg-type]  # its annotation says int; fractions work
            waited = time.monotonic() - before
            loop.call_soon_threadsafe(demo.release.set)
            shell.end_invoke()
            return Result(shell), waited

    result, waited = await to_thread(client)
    assert 0.2 <= waited < 5
    assert result.output == ["first", "last"]


async def test_output_over_many_fragments(start: Start) -> None:
    _, port = await start()
    result = await to_thread(lambda: one(port, "Get-Rows", Count=400))
    assert [r.adapted_properties["Count"] for r in result.output] == list(range(400))


async def test_a_command_larger_than_an_envelope_comes_by_send(start: Start, demo: Demo) -> None:
    _, port = await start()
    text = "x" * 1_000_000
    await to_thread(lambda: one(port, "Set-PopSettings", Server=text))
    assert demo.invocations[0].parameters["Server"] == text


async def test_runspaces_queue(start: Start, demo: Demo) -> None:
    """With one runspace the second pipeline waits for the first."""
    _, port = await start()
    loop = asyncio.get_running_loop()

    def client() -> list[object]:
        with pool(wsman(port)) as opened:
            slow, quick = PowerShell(opened), PowerShell(opened)
            slow.add_cmdlet("Start-Slow").begin_invoke()
            slow.poll_invoke()
            quick.add_cmdlet("Get-Rows").begin_invoke()
            assert opened.get_available_runspaces() == 0
            calls = len(demo.calls)
            loop.call_soon_threadsafe(demo.release.set)
            slow.end_invoke()
            quick.end_invoke()
            assert calls == 0
            opened.max_runspaces = 3
            assert opened.get_available_runspaces() == 3
            return [c.cmdlet for c in demo.calls]

    assert await to_thread(client) == ["Start-Slow", "Get-Rows"]


async def test_keys_and_life_signs(start: Start) -> None:
    _, port = await start()

    def client() -> tuple[bool, Any]:
        with pool(wsman(port)) as opened:
            opened.exchange_keys()
            return opened.is_alive(), opened.application_private_data

    alive, private = await to_thread(client)
    assert alive
    assert {"ImplicitRemoting", "SupportedVersions", "PSVersionTable"} <= private.data.keys()
    assert private.data["ImplicitRemoting"]["Hash"]


async def test_a_queued_pipeline_can_be_stopped(start: Start, demo: Demo) -> None:
    _, port = await start()
    loop = asyncio.get_running_loop()

    def client() -> list[object]:
        with pool(wsman(port)) as opened:
            slow, queued = PowerShell(opened), PowerShell(opened)
            slow.add_cmdlet("Start-Slow").begin_invoke()
            slow.poll_invoke()
            queued.add_cmdlet("Get-Rows").begin_invoke()
            opened.shell.signal(SignalCode.PS_CTRL_C, str(queued.id).upper())  # stop() would not read the end
            queued.end_invoke()
            loop.call_soon_threadsafe(demo.release.set)
            return [queued.state, str(queued.streams.error[0]), *slow.end_invoke()]

    stopped = [State.STOPPED, "The pipeline has been stopped.", "first", "last"]
    assert await to_thread(client) == stopped
    assert [c.cmdlet for c in demo.calls] == ["Start-Slow"]


async def test_pipeline_input_is_refused_aloud(start: Start) -> None:
    _, port = await start()

    def client() -> Result:
        with pool(wsman(port)) as opened, PowerShell(opened) as shell:
            shell.add_cmdlet("Start-Slow").invoke(name for name in ("EX01", "EX02"))
            return Result(shell)

    result = await to_thread(client)
    assert (result.state, result.fqid) == (State.FAILED, "LabNotImplemented")
    assert str(result.errors[0]) == "The lab does not implement pipeline input."


async def test_an_open_input_without_items_is_fine(start: Start) -> None:
    _, port = await start()

    def client() -> Result:
        with pool(wsman(port)) as opened:
            shell = PowerShell(opened)
            shell.add_cmdlet("Get-Rows")
            with pytest.raises(
                StopIteration
            ):  # pypsrp trips over an empty generator once the command is sent
                shell.begin_invoke(word for word in "")
            end = opened._fragmenter.fragment_multiple([EndOfPipelineInput()], opened.id, shell.id)
            opened.shell.send("stdin", end[0], command_id=str(shell.id).upper())
            shell.end_invoke()
            return Result(shell)

    assert len((await to_thread(client)).output) == 2


async def test_secure_strings_and_merged_streams_are_refused_aloud(start: Start) -> None:
    _, port = await start()

    def client() -> tuple[Result, Result]:
        with pool(wsman(port)) as opened:
            opened.exchange_keys()
            secret = invoke(opened, "Get-Rows", TaggedValue("SS", "secret"))
            with PowerShell(opened) as shell:
                shell.add_cmdlet("Get-Noisy").merge_error("output")
                shell.invoke()
                return secret, Result(shell)

    for result in await to_thread(client):
        assert (result.state, result.fqid) == (State.FAILED, "LabNotImplemented")

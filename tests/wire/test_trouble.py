"""Connections that are lost, answers that are spoiled or late, endpoints that refuse or restart."""

from __future__ import annotations

import asyncio
from asyncio import to_thread
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

import pytest
from pypsrp.exceptions import WinRMError, WinRMTransportError, WSManFaultError
from pypsrp.powershell import PowerShell, RunspacePool
from requests.exceptions import ConnectionError as ClientConnectionError

from cockpit.lab.wire.endpoint import Endpoint, Limits
from cockpit.lab.wire.knobs import Effect
from tests.wire.demo import Demo, invoke, one, pool, wsman
from tests.wire.raw import code_of

Start: TypeAlias = Callable[..., Awaitable[tuple[Endpoint, int]]]


async def test_an_idle_connection_is_closed_and_the_shell_goes_on(start: Start) -> None:
    endpoint, port = await start(limits=Limits(connection_idle=0.2))
    connection = wsman(port)
    opened = RunspacePool(connection, configuration_name="Microsoft.Exchange")
    await to_thread(opened.open)
    async with asyncio.timeout(5):
        while endpoint._http._connections:
            await asyncio.sleep(0.05)
    assert (await to_thread(lambda: invoke(opened, "Get-Rows"))).output
    await to_thread(opened.close)


@pytest.mark.parametrize("effect", [Effect.DROP, Effect.RESET])
async def test_a_lost_connection_strikes_once(start: Start, effect: Effect) -> None:
    endpoint, port = await start()

    def work() -> None:
        with pool(wsman(port)) as opened:
            trouble = endpoint.knobs.add(effect, action="Command")
            with pytest.raises(ClientConnectionError) as caught:
                invoke(opened, "Get-Rows")
            assert ("reset by peer" in str(caught.value)) == (effect is Effect.RESET)
            assert trouble.count == 0
            assert invoke(opened, "Get-Rows").output

    await to_thread(work)
    assert endpoint.knobs.troubles == []


async def test_an_answer_lost_after_the_deed_leaks_a_shell(start: Start) -> None:
    endpoint, port = await start()
    endpoint.knobs.add(Effect.DROP, action="Create", after=True)
    with pytest.raises(ClientConnectionError):
        await to_thread(one, port, "Get-Rows")
    assert len(endpoint.shells()) == 1


@pytest.mark.parametrize(
    ("effect", "settings", "expected"),
    [
        (Effect.STATUS, {"status": 503}, WinRMTransportError),
        (Effect.GARBAGE, {}, SyntaxError),
        (Effect.WRONG_RELATES_TO, {}, WinRMError),
        (Effect.FAULT, {"code": 1223}, WSManFaultError),
    ],
)
async def test_spoiled_answers(
    start: Start, effect: Effect, settings: dict[str, Any], expected: type[Exception]
) -> None:
    endpoint, port = await start()

    def work() -> Exception:
        with pool(wsman(port)) as opened:
            endpoint.knobs.add(effect, action="Receive", count=2, **settings)
            for _ in range(2):
                with pytest.raises(expected) as caught:
                    invoke(opened, "Get-Rows")
            assert invoke(opened, "Get-Rows").output
            return caught.value

    error = await to_thread(work)
    if isinstance(error, WSManFaultError | WinRMTransportError):
        assert error.code == (settings.get("status") or settings["code"])


async def test_latency(start: Start) -> None:
    endpoint, port = await start()
    loop = asyncio.get_running_loop()

    def work() -> float:
        with pool(wsman(port)) as opened:
            endpoint.knobs.latency = 0.1
            before = loop.time()
            invoke(opened, "Get-Rows")
            endpoint.knobs.clear()
            return loop.time() - before

    assert 0.3 <= await to_thread(work) < 2


async def test_refusing_keeps_the_shells(start: Start) -> None:
    endpoint, port = await start()
    opened = RunspacePool(wsman(port), configuration_name="Microsoft.Exchange")
    await to_thread(opened.open)
    await endpoint.refuse()
    with pytest.raises(ClientConnectionError):
        await to_thread(lambda: invoke(opened, "Get-Rows"))
    await endpoint.accept()
    assert (await to_thread(lambda: invoke(opened, "Get-Rows"))).output
    endpoint.knobs.refuse = True
    with pytest.raises(ClientConnectionError):
        await to_thread(lambda: invoke(opened, "Get-Rows"))
    endpoint.knobs.refuse = False
    await to_thread(opened.close)
    assert endpoint.shells() == []


@pytest.mark.parametrize("abort", [False, True])
async def test_a_reboot_forgets_the_shells(start: Start, demo: Demo, abort: bool) -> None:
    endpoint, port = await start()
    opened = RunspacePool(wsman(port), configuration_name="Microsoft.Exchange")

    def begin() -> None:
        opened.open()
        PowerShell(opened).add_cmdlet("Start-Slow").begin_invoke()

    await to_thread(begin)
    await demo.started.wait()
    await endpoint.stop(abort=abort)
    assert [c.outcome for c in demo.calls] == ["stopped"]
    with pytest.raises(ClientConnectionError):
        await to_thread(lambda: invoke(opened, "Get-Rows"))
    assert await endpoint.start(port=port) == port
    assert await code_of(lambda: invoke(opened, "Get-Rows")) == 2150858843


async def test_a_trouble_keeps_to_its_action(start: Start) -> None:
    endpoint, port = await start()
    loop = asyncio.get_running_loop()
    endpoint.knobs.add(Effect.DELAY, action="Delete", seconds=0.3, count=None)

    def work() -> tuple[float, float]:
        opened = RunspacePool(wsman(port), configuration_name="Microsoft.Exchange")
        before = loop.time()
        opened.open()
        invoke(opened, "Get-Rows")
        middle = loop.time()
        opened.close()
        return middle - before, loop.time() - middle

    rest, closing = await to_thread(work)
    assert rest < 0.3 <= closing
    assert len(endpoint.knobs.troubles) == 1

"""The life of shells: quotas, idleness, deletion, whose they are."""

from __future__ import annotations

import asyncio
import base64
from asyncio import to_thread
from collections.abc import Awaitable, Callable
from typing import TypeAlias

import pytest
from pypsrp.exceptions import WSManFaultError
from pypsrp.powershell import PowerShell, RunspacePool

from cockpit.lab.wire.auth import Basic
from cockpit.lab.wire.endpoint import Endpoint, Limits
from cockpit.lab.wire.soap import SHELL, TRANSFER
from tests.wire.demo import PASSWORD, USER, Demo, invoke, pool, wsman
from tests.wire.raw import EXCHANGE, arrived, code_of, envelope, fault_code, post

Start: TypeAlias = Callable[..., Awaitable[tuple[Endpoint, int]]]


async def test_the_shell_quota(start: Start) -> None:
    endpoint, port = await start()

    def work() -> None:
        opened = []
        for _ in range(18):
            one_more = RunspacePool(wsman(port), configuration_name="Microsoft.Exchange")
            one_more.open()
            opened.append(one_more)
        with pytest.raises(WSManFaultError) as caught:
            RunspacePool(wsman(port), configuration_name="Microsoft.Exchange").open()
        assert caught.value.code == 2150859173
        assert "exceeded the maximum number of connections allowed: 18 for the policy" in str(caught.value)
        opened.pop().close()
        with pool(wsman(port)) as again:
            assert invoke(again, "Get-Rows").output
        for left in opened:
            left.close()

    await to_thread(work)
    assert endpoint.shells() == []


async def test_the_command_quota_counts_what_was_never_terminated(start: Start) -> None:
    _, port = await start(limits=Limits(commands=2))

    def work() -> None:
        with pool(wsman(port)) as opened:
            for _ in range(5):
                invoke(opened, "Get-Rows")
            for _ in range(2):
                PowerShell(opened).add_cmdlet("Get-Rows").invoke()
            with pytest.raises(WSManFaultError) as caught:
                PowerShell(opened).add_cmdlet("Get-Rows").invoke()
            assert caught.value.code == 2150859174

    await to_thread(work)


async def test_an_idle_shell_is_reaped_without_being_asked(start: Start) -> None:
    endpoint, port = await start(limits=Limits(idle_timeout=0.3))
    opened = RunspacePool(wsman(port), configuration_name="Microsoft.Exchange")
    await to_thread(opened.open)
    assert len(endpoint.shells()) == 1
    async with asyncio.timeout(5):
        while endpoint.shells():
            await asyncio.sleep(0.05)
    assert await code_of(lambda: invoke(opened, "Get-Rows")) == 2150858843


async def test_a_waiting_receive_keeps_a_shell_alive(start: Start, demo: Demo) -> None:
    _, port = await start(limits=Limits(idle_timeout=0.3))
    loop = asyncio.get_running_loop()

    def work() -> list[object]:
        with pool(wsman(port)) as opened, PowerShell(opened) as shell:
            shell.add_cmdlet("Start-Slow").begin_invoke()
            shell.poll_invoke()
            loop.call_soon_threadsafe(loop.call_later, 0.8, demo.release.set)
            result: list[object] = shell.end_invoke()
            return result

    assert await to_thread(work) == ["first", "last"]


async def test_a_deleted_shell_aborts_its_receive_and_its_pipeline(start: Start, demo: Demo) -> None:
    endpoint, port = await start()
    connection = wsman(port)
    opened = RunspacePool(connection, configuration_name="Microsoft.Exchange")

    def begin() -> PowerShell:
        opened.open()
        shell = PowerShell(opened).add_cmdlet("Start-Slow")
        shell.begin_invoke()
        shell.poll_invoke()
        return shell

    shell = await to_thread(begin)
    waiting = asyncio.create_task(code_of(shell.poll_invoke))
    await arrived(endpoint, opened)
    gone = await to_thread(post, port, envelope(TRANSFER + "Delete", resource=EXCHANGE, shell=opened.id))
    assert gone.status_code == 200
    assert await waiting == 995
    assert [c.outcome for c in demo.calls] == ["stopped"]


async def test_faults_on_a_shell(start: Start) -> None:
    _, port = await start()

    def work() -> None:
        with pool(wsman(port)) as opened:
            for action, body, code in [
                ("/Disconnect", "<rsp:Disconnect/>", 2150859204),
                ("/Dance", "", 2150858817),
                ("/Signal", '<rsp:Signal CommandId="x"/>', 2150858767),
                (
                    "/Receive",
                    "<rsp:Receive><rsp:DesiredStream>stdout</rsp:DesiredStream></rsp:Receive>",
                    2150858793,
                ),
            ]:
                answer = post(port, envelope(SHELL + action, resource=EXCHANGE, shell=opened.id, body=body))
                assert fault_code(answer) == code

    await to_thread(work)


async def test_another_users_shell_is_not_found(start: Start) -> None:
    _, port = await start(Basic({USER: PASSWORD, "other": "pw"}))

    def work() -> None:
        with pool(wsman(port)) as opened:
            stranger = RunspacePool(
                wsman(port, username="other", password="pw"), configuration_name="Microsoft.Exchange"
            )
            stranger.open()
            stranger.shell._selector_set = opened.shell._selector_set
            assert not stranger.is_alive()
            assert opened.is_alive()

    await to_thread(work)


async def test_a_receive_whose_client_left_loses_nothing(start: Start, demo: Demo) -> None:
    """The connection dies while a Receive waits on it; what comes then is for the next Receive."""
    endpoint, port = await start()
    connection = wsman(port)
    opened = RunspacePool(connection, configuration_name="Microsoft.Exchange")

    def begin() -> PowerShell:
        opened.open()
        shell = PowerShell(opened).add_cmdlet("Start-Slow")
        shell.begin_invoke()
        shell.poll_invoke()
        return shell

    shell = await to_thread(begin)
    ask = f'<rsp:Receive><rsp:DesiredStream CommandId="{shell.id}">stdout</rsp:DesiredStream></rsp:Receive>'
    body = envelope(SHELL + "/Receive", resource=EXCHANGE, shell=opened.id, body=ask, timeout=20)
    login = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(
        f"POST /PowerShell HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {login}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n".encode()
        + body
    )
    await arrived(endpoint, opened)
    writer.close()
    await writer.wait_closed()
    demo.release.set()
    assert await to_thread(shell.end_invoke) == ["first", "last"]
    await to_thread(opened.close)

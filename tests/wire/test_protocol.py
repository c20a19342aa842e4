"""The wire itself: bytes, faults, quotas, time-outs."""

from __future__ import annotations

import asyncio
import base64
from asyncio import to_thread
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

import pytest
from pypsrp.exceptions import WinRMError, WinRMTransportError, WSManFaultError
from pypsrp.powershell import PowerShell, RunspacePool
from requests.exceptions import ConnectionError as ClientConnectionError

from cockpit.lab.wire.auth import Basic
from cockpit.lab.wire.endpoint import Endpoint, Limits
from cockpit.lab.wire.knobs import Effect
from cockpit.lab.wire.psrp import MAX_BLOB
from cockpit.lab.wire.soap import RESOURCE, SHELL, TRANSFER
from tests.wire.demo import PASSWORD, USER, Demo, invoke, one, pool, wsman
from tests.wire.raw import Tap, envelope, fault_code, fragments, post

Start: TypeAlias = Callable[..., Awaitable[tuple[Endpoint, int]]]
EXCHANGE = RESOURCE + "Microsoft.Exchange"


async def code_of(work: Callable[[], object]) -> int:
    """The WSMan fault ``work`` meets in its thread."""
    with pytest.raises(WSManFaultError) as caught:
        await to_thread(work)
    return int(caught.value.code)


async def arrived(endpoint: Endpoint, opened: RunspacePool) -> None:
    """Until a request of ``opened`` is being answered."""
    async with asyncio.timeout(5):
        while endpoint._service._shells[opened.id.upper()].watch.idle_seconds:
            await asyncio.sleep(0.01)


def tapped(port: int, work: Callable[[RunspacePool], object], **more: Any) -> Tap:
    connection = wsman(port, **more)
    tap = Tap(connection)
    with pool(connection) as opened:
        work(opened)
    return tap


async def test_opening_takes_two_receives(start: Start) -> None:
    _, port = await start()
    tap = await to_thread(tapped, port, lambda _pool: None)
    first, second = tap.of("Receive")
    assert len(first.streams) == 2
    assert b"protocolversion" in first.streams[0]
    assert b"ApplicationPrivateData" in first.streams[1]
    assert b"RunspaceState" not in first.received
    [state] = second.streams
    assert b'<I32 N="RunspaceState">2</I32>' in state


async def test_every_message_has_a_bom_and_every_stream_one_fragment(start: Start) -> None:
    _, port = await start()

    def work(opened: RunspacePool) -> None:
        invoke(opened, "Get-Rows", Count=300)
        invoke(opened, "Get-Noisy")
        invoke(opened, "Set-PopSettings", Server="x" * 100)
        invoke(opened, "Get-Nope" + "x" * 40_000)

    tap = await to_thread(tapped, port, work)
    sizes, object_ids = [], []
    for exchange in tap.exchanges:
        assert len(exchange.received) <= 512_000
        for stream in exchange.streams:
            [fragment] = fragments(stream)
            sizes.append(len(fragment.blob))
            if fragment.flags & 1:
                object_ids.append(fragment.object_id)
                assert fragment.blob[40:43] == b"\xef\xbb\xbf"
    assert max(sizes) == MAX_BLOB == 32_747
    assert object_ids == list(range(1, len(object_ids) + 1))


async def test_windows_never_says_running_and_ends_with_the_last_output(start: Start) -> None:
    _, port = await start()
    tap = await to_thread(tapped, port, lambda opened: invoke(opened, "Get-Rows"))
    [answer] = tap.of("Receive")[2:]
    assert b'<I32 N="PipelineState">4</I32>' in answer.streams[-1]
    assert all(b'<I32 N="PipelineState">2' not in s for s in answer.streams)
    assert b"CommandState/Done" in answer.received


async def test_a_small_envelope_splits_the_answer(start: Start) -> None:
    _, port = await start()
    connection: dict[str, Any] = {"max_envelope_size": 60_000}
    tap = await to_thread(tapped, port, lambda opened: invoke(opened, "Get-Rows", Count=200), **connection)
    answers = tap.of("Receive")[2:]
    assert len(answers) > 3
    assert max(len(a.received) for a in answers) <= 60_000


async def test_the_affinity_cookie(start: Start) -> None:
    """Cookie paths mind case: dial ``powershell`` and it never comes back (psrp-wire §6 [M])."""
    endpoint, port = await start()

    def work(path: str) -> bool:
        with pool(wsman(port, path=path)) as opened:
            invoke(opened, "Get-Rows")
            return endpoint.shells()[0].cookie_returned

    assert await to_thread(work, "PowerShell")
    assert not await to_thread(work, "powershell")


async def test_windows_sets_no_cookie(start: Start) -> None:
    _, port = await start(configuration="Microsoft.PowerShell", path="/wsman")
    answer = await to_thread(post, port, envelope("x"), "wsman")
    assert "Set-Cookie" not in answer.headers


async def test_a_query_string_is_accepted(start: Start) -> None:
    _, port = await start()
    work = lambda: tapped(port, lambda _p: None, path="PowerShell?serializationLevel=Full;PSVersion=5.1")  # noqa: E731
    assert (await to_thread(work)).exchanges[0].status == 200


async def test_a_wrong_path_is_a_404_page(start: Start) -> None:
    _, port = await start()
    with pytest.raises(WinRMTransportError) as caught:
        await to_thread(lambda: tapped(port, lambda _p: None, path="wsman"))
    assert caught.value.code == 404


async def test_a_wrong_configuration(start: Start) -> None:
    _, port = await start()

    def work() -> None:
        with pool(wsman(port), "Microsoft.PowerShell"):
            pass

    assert await code_of(work) == 2150858811


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


async def test_faults_for_bad_requests(start: Start) -> None:
    _, port = await start(limits=Limits(max_envelope=20_000))
    for body, code in [
        (b"<not xml", 2150858767),
        (envelope("urn:x", resource=EXCHANGE, body="y" * 30_000), 2150858825),
        (envelope(TRANSFER + "Delete", shell="0" * 8), 2150858843),
        (envelope(SHELL + "/Receive"), 2150858843),
        (envelope(TRANSFER + "Create", resource=EXCHANGE), 2150858767),
        (envelope(TRANSFER + "Create", resource="http://x"), 2150858811),
    ]:
        assert fault_code(await to_thread(post, port, body)) == code


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


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"\x16\x03\x01 what\r\n\r\n", b"400"),
        (
            b"POST /PowerShell HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000\r\n\r\n" + b"x" * 3_000_000,
            b"413",
        ),
        (b"POST /PowerShell HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", b"401"),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"404"),
    ],
)
async def test_what_is_not_wsman(start: Start, sent: bytes, status: bytes) -> None:
    _, port = await start()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    assert (await reader.readline()).split()[1] == status
    writer.close()


async def test_expect_100_continue(start: Start) -> None:
    _, port = await start()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"POST /PowerShell HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n")
    assert b"100" in await reader.readline()
    writer.close()

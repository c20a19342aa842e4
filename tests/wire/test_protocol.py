"""The wire itself: bytes, cookies, paths, faults, HTTP."""

from __future__ import annotations

import asyncio
from asyncio import to_thread
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

import pytest
from pypsrp.exceptions import WinRMTransportError
from pypsrp.powershell import RunspacePool

from cockpit.lab.wire.endpoint import Endpoint, Limits
from cockpit.lab.wire.psrp import MAX_BLOB
from cockpit.lab.wire.soap import SHELL, TRANSFER
from tests.wire.demo import invoke, pool, wsman
from tests.wire.raw import EXCHANGE, Tap, code_of, envelope, fault_code, fragments, post

Start: TypeAlias = Callable[..., Awaitable[tuple[Endpoint, int]]]


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

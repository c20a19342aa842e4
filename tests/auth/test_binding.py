"""Sign-ins over TLS are bound to it: Extended Protection, and somebody who ends TLS in between."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cockpit.exchange import errors as e
from cockpit.lab.wire.certificate import Authority
from tests.auth.bench import Bench
from tests.auth.conftest import Make
from tests.auth.test_kerberos_refusals import refusal

pytestmark = pytest.mark.auth

KINDS = {
    "ntlm-tls": e.SignInError,
    "negotiate-ntlm-tls": e.SignInError,
    "kerberos-tls": e.KerberosError,
    "negotiate-kerberos-tls": e.KerberosError,
    "kerberos-password-tls": e.SignInError,
}
EVERY_MODE = pytest.mark.parametrize("mode", list(KINDS))


@EVERY_MODE
def test_a_server_that_insists_gets_it(make: Make, mode: str) -> None:
    make(mode, hardening="strict").session().open()


@EVERY_MODE
def test_a_server_that_insists_takes_no_unbound_one(make: Make, mode: str) -> None:
    bench = make(mode, hardening="strict")
    said = refusal(bench.session(channel_binding=False), KINDS[mode])
    assert "Extended Protection, set channel_binding = true" in said.cure


@EVERY_MODE
def test_one_that_does_not_insist_takes_it(make: Make, mode: str) -> None:
    make(mode, hardening="relaxed").session(channel_binding=False).open()


@EVERY_MODE
@pytest.mark.parametrize("hardening", ["relaxed", "strict"])
def test_somebody_in_between_cannot_pass_a_sign_in_on(
    make: Make, mode: str, hardening: str, tmp_path: Path
) -> None:
    """One with a certificate that we trust ends TLS, and speaks TLS with the server."""
    bench = make(mode, hardening=hardening)
    with between(bench, tmp_path) as (port, ca_file):
        said = refusal(bench.session(port=port, ca_file=ca_file), KINDS[mode])
        assert "channel_binding = false" in said.cure
        if hardening == "relaxed":
            session = bench.session(port=port, ca_file=ca_file, channel_binding=False)
            session.open()
            session.close()


@contextmanager
def between(bench: Bench, folder: Path) -> Iterator[tuple[int, str]]:
    """The port of one who ends TLS, and who is to be trusted for that."""
    (folder / "between").mkdir()
    authority = Authority(folder / "between" / "ca.pem")
    ours = authority.server_context()
    theirs = ssl.create_default_context(cafile=bench.target.ca_file)
    passing: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far = await asyncio.open_connection("127.0.0.1", bench.target.port, ssl=theirs)
        passing.add(asyncio.create_task(_pass(reader, far[1])))
        passing.add(asyncio.create_task(_pass(far[0], writer)))

    async def end() -> None:
        server.close()
        for task in passing:
            task.cancel()
        await asyncio.gather(*passing, return_exceptions=True)

    server = bench.do(asyncio.start_server(serve, "127.0.0.1", 0, ssl=ours))
    try:
        yield int(server.sockets[0].getsockname()[1]), str(authority.ca_path)
    finally:
        bench.do(end())


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        with contextlib.suppress(OSError):  # one of the two has left
            while data := await reader.read(65_536):
                writer.write(data)
                await writer.drain()
    finally:
        writer.close()

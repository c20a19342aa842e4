"""What a server, or whoever answers in its place, could put into an answer to hurt us."""

from __future__ import annotations

import msgspec
import pytest

from cockpit.config.secrets import Secret
from cockpit.exchange import rows
from cockpit.exchange.errors import ProtocolError, SignInError
from cockpit.exchange.pipeline import Call
from cockpit.exchange.session import EXCHANGE, Session
from cockpit.lab.wire import endpoint, sealing
from cockpit.lab.wire.acceptors import Acceptor
from tests.exchange.conftest import PASSWORD, Make
from tests.exchange.standin import row

READ = Call("Get-ServerHealth", {"Identity": "EX01", "HealthSet": "POP"})
PATTERN = "(a+)+b"
"""As a pattern, it takes twice as long for each further ``a`` of a text without ``b``."""


def test_a_boundary_that_is_a_pattern_is_not_searched_for(
    make_bench: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody has proved yet whose answer it is; and no deadline ends a search for a pattern."""

    def seal(_context: Acceptor, _plain: bytes, _protocol: str) -> bytes:
        head = f"--{PATTERN}\r\n\tOriginalContent: Length=4\r\n--{PATTERN}\r\n".encode()
        return head + bytes(4) + b"--" + b"a" * 22 + b"c"

    monkeypatch.setattr(sealing, "content_type", lambda _: f'multipart/encrypted;boundary="{PATTERN}"')
    monkeypatch.setattr(sealing, "seal", seal)
    with pytest.raises(ProtocolError, match="answered a sealed request with an open text"):
        make_bench("ntlm").session().open()


@pytest.mark.parametrize(
    "date", ["Mon, 01 Jan 99999999999 00:00:00 GMT", "Mon, 01 Jan 2024 00:00:00 +99999999999999"]
)
def test_a_date_that_no_clock_has_is_no_date(
    make_bench: Make, monkeypatch: pytest.MonkeyPatch, date: str
) -> None:
    """In the midst of a session, too, where a connection that was lost is signed in anew."""
    bench = make_bench("ntlm-tls")
    session = bench.session()
    session.run(READ)
    assert session._wsman is not None
    session._wsman.hang_up()
    monkeypatch.setattr(endpoint, "formatdate", lambda *_args, **_more: date)
    assert session.run(READ).objects


@pytest.mark.parametrize("fqdn", ["evil.example", "evil.example/?EX01", "", "EX010.corp.example"])
def test_a_full_name_that_is_not_the_servers_is_not_dialled(fqdn: str) -> None:
    assert rows.exchange_server(row(Name="EX01", Fqdn=fqdn)).fqdn == ""
    assert rows.exchange_server(row(Name="EX01", Fqdn="ex01.corp.example")).fqdn == "ex01.corp.example"


@pytest.mark.parametrize("host", ["{}/x", "{}?", "x@{}", "{}#", "{}\\x", "{} x"])
def test_a_name_that_is_none_of_a_host_is_not_asked(make_bench: Make, host: str) -> None:
    """Put into a URL, each of these would dial the host in it, whatever stands around."""
    bench = make_bench("basic")
    target = msgspec.structs.replace(bench.target, host=host.format(f"127.0.0.1:{bench.target.port}"))
    with pytest.raises(SignInError, match="no name of a host"):
        Session(target, EXCHANGE, bench.user, Secret(PASSWORD)).open()

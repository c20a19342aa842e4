"""What goes wrong with Kerberos, each with its cause and its cure (psrp-wire §4.5), against a real KDC."""

from __future__ import annotations

import os
import re
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cockpit.exchange import errors as e
from cockpit.exchange import tickets
from cockpit.exchange.session import Patience, Session
from cockpit.lab.wire.acceptors import Acceptor
from tests.auth.bench import BALANCED, SERVER, Bench
from tests.auth.conftest import Make
from tests.support.kdc import DOMAIN, PASSWORD, REALM, USER, Kdc
from tests.support.waiting import eventually

WITH_PASSWORD = pytest.mark.parametrize("mode", ["kerberos-password", "negotiate-kerberos-password"])
WITH_TICKETS = pytest.mark.parametrize("mode", ["kerberos", "negotiate-kerberos"])


def refusal(session: Session, kind: type[e.ExchangeError]) -> e.ExchangeError:
    with pytest.raises(e.ExchangeError) as refused:
        session.open()
    assert type(refused.value) is kind, refused.value
    return refused.value


@WITH_PASSWORD
def test_a_wrong_password_is_told_by_the_kdc_and_tried_once(make: Make, mode: str) -> None:
    bench = make(mode)
    assert bench.kdc is not None
    said = refusal(bench.session(password="not this"), e.SignInError)
    assert said.cause.startswith(f"the password of {USER} is wrong")
    assert "credential.password" in said.cure
    assert not said.retry
    assert "not this" not in f"{said} {said.cure}"
    assert bench.calls == []


def test_negotiate_takes_no_wrong_password_to_ntlm(make: Make, realm: Kdc) -> None:
    """The KDC has counted it; NTLM would count it once more towards a lock-out."""
    bench = make("negotiate-kerberos-password")
    asked: list[bytes] = []
    acceptor = bench.endpoint._authenticator.acceptor  # type: ignore[attr-defined]

    def note(token: bytes) -> Acceptor:
        asked.append(token)
        opened: Acceptor = acceptor(token)
        return opened

    bench.endpoint._authenticator.acceptor = note  # type: ignore[attr-defined]
    refusal(bench.session(password="not this"), e.SignInError)
    assert asked == []


@WITH_PASSWORD
def test_an_account_that_is_locked(make: Make, mode: str) -> None:
    bench = make(mode)
    assert bench.kdc is not None
    bench.kdc.admin(f"modprinc -allow_tix {USER}")
    try:
        said = refusal(bench.session(), e.SignInError)
    finally:
        bench.kdc.admin(f"modprinc +allow_tix {USER}")
    assert said.cause.startswith(f"the account {USER} is locked or disabled")


@WITH_PASSWORD
def test_a_password_that_has_expired(make: Make, mode: str) -> None:
    bench = make(mode)
    assert bench.kdc is not None
    bench.kdc.admin(f"modprinc -pwexpire yesterday {USER}")
    try:
        said = refusal(bench.session(), e.SignInError)
    finally:
        bench.kdc.admin(f"modprinc -pwexpire never {USER}")
    assert said.cause.startswith(f"the password of {USER} has expired")
    assert "kpasswd" in said.cure


@pytest.mark.parametrize(
    ("user", "kind", "cause", "cure"),
    [
        (f"nobody@{REALM}", e.SignInError, "the KDC knows no user", "credential.user"),
        ("LAB\\operator", e.SignInError, "", "user@REALM"),
        ("operator@NOWHERE.EXAMPLE", e.KerberosError, 'for realm "NOWHERE.EXAMPLE"', "in capitals"),
        ("operator@SILENT.EXAMPLE", e.KerberosError, "no KDC of this realm answers", "port 88"),
    ],
)
def test_a_user_that_cannot_be(
    make: Make, user: str, kind: type[e.ExchangeError], cause: str, cure: str
) -> None:
    said = refusal(make("kerberos-password").session(user=user), kind)
    assert cause in said.cause
    assert cure in said.cure


def test_the_realm_may_be_written_in_small_letters(make: Make) -> None:
    make("kerberos-password").session(user=USER.lower()).open()


def test_a_password_is_used_once_for_many_connections(make: Make) -> None:
    bench = make("kerberos-password")
    assert bench.kdc is not None
    session = bench.session()
    session.open()
    bench.kdc.admin(f"cpw -pw another {USER}")
    try:
        for _ in range(3):
            bench.lose_connections()
            session.close()
            session.open()
    finally:
        bench.kdc.admin(f"cpw -pw {PASSWORD} {USER}")


@WITH_TICKETS
def test_no_ticket(make: Make, mode: str) -> None:
    bench = make(mode)
    assert bench.cache is not None
    bench.cache.unlink()
    said = refusal(bench.session(), e.KerberosError)
    assert "no ticket in FILE:" in said.cause
    assert said.cure.startswith(f"Run: kinit -c {bench.cache} USER@REALM")
    assert said.retry, "it works by itself once there is a ticket"


@WITH_TICKETS
def test_an_expired_ticket_and_a_renewed_one(make: Make, mode: str) -> None:
    bench = make(mode)
    assert bench.cache is not None
    assert bench.kdc is not None
    kdc, cache = bench.kdc, bench.cache
    kdc.kinit(cache, "-l", "1s")
    eventually(lambda: not kdc.has_ticket(cache), 10.0, "the ticket has expired")
    said = refusal(bench.session(), e.KerberosError)
    assert re.match(rf"the ticket of {USER} expired at \d{{4}}-\d\d-\d\d", said.cause)
    assert "kinit" in said.cure
    kdc.kinit(cache)
    bench.session().open()


def test_a_ticket_of_another_is_not_taken(make: Make) -> None:
    said = refusal(make("kerberos").session(user=f"other@{REALM}"), e.KerberosError)
    assert f"is of {USER}, not of other@{REALM}" in said.cause
    assert f"other@{REALM}" in said.cure


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to another user")
def test_a_cache_of_another_user_is_not_read(make: Make) -> None:
    bench = make("kerberos")
    assert bench.cache is not None
    os.chown(bench.cache, 12_345, -1)
    said = refusal(bench.session(), e.KerberosError)
    assert "belongs to another user (uid 12345)" in said.cause
    assert "KRB5CCNAME" in said.cure


def test_a_file_that_is_no_cache(make: Make) -> None:
    bench = make("kerberos")
    assert bench.cache is not None
    bench.cache.write_text("junk")
    assert "Unsupported credentials cache format" in refusal(bench.session(), e.KerberosError).cause


@WITH_TICKETS
@pytest.mark.parametrize(
    ("target", "spn"),
    [
        ({"spn_host": f"nope.{DOMAIN}"}, f"HTTP/nope.{DOMAIN}"),
        ({"spn_host": ""}, "HTTP/127.0.0.1"),
        ({"service": "WSMAN"}, f"WSMAN/{SERVER.lower()}"),
    ],
)
def test_an_unknown_spn(make: Make, mode: str, target: dict[str, str], spn: str) -> None:
    said = refusal(make(mode).session(**target), e.KerberosError)
    assert f"the KDC knows no service {spn}" in said.cause
    assert f"setspn -S {spn}" in said.cure


@WITH_TICKETS
def test_the_spn_of_another_server(make: Make, mode: str) -> None:
    said = refusal(make(mode).session(spn_host=f"ex02.{DOMAIN}"), e.KerberosError)
    assert "did not accept the Kerberos ticket" in said.what
    assert f"setspn -Q HTTP/ex02.{DOMAIN}" in said.cure


def test_a_balanced_name_whose_key_all_servers_share(make: Make) -> None:
    make("kerberos").session(spn_host=BALANCED).open()


@pytest.mark.parametrize("hours", [1, -2])
def test_clocks_that_are_apart(make: Make, hours: int) -> None:
    """The client's offset, which libkrb5 keeps in the cache's header, in place of a clock that is wrong."""
    bench = make("kerberos")
    assert bench.cache is not None
    kept = bench.cache.read_bytes()
    offset = kept.index(struct.pack(">HH", 1, 8)) + 4
    bench.cache.write_bytes(kept[:offset] + struct.pack(">i", hours * 3600) + kept[offset + 4 :])
    bench.endpoint.clock_ahead = -hours * 3600.0
    said = refusal(bench.session(), e.KerberosError)
    assert re.match("the clocks are more than five minutes apart|the ticket is not good yet", said.cause)
    way = "behind" if hours > 0 else "ahead of"
    assert f"its clock is {abs(hours)} h 0 min {way} this host's" in said.cause
    assert "chronyc" in said.cure


def test_a_refusal_tells_when_the_clocks_are_apart(make: Make) -> None:
    bench = make("kerberos")
    bench.endpoint.clock_ahead = 420.0
    said = refusal(bench.session(spn_host=f"ex02.{DOMAIN}"), e.KerberosError)
    assert "its clock is 7 min ahead of this host's" in said.cause


def test_no_clock_is_blamed_that_is_nearly_right(make: Make) -> None:
    bench = make("kerberos")
    bench.endpoint.clock_ahead = 240.0
    assert "clock is" not in refusal(bench.session(spn_host=f"ex02.{DOMAIN}"), e.KerberosError).cause


def test_a_server_that_offers_something_else(make: Make) -> None:
    bench = make("kerberos")
    bench.endpoint._authenticator.schemes = ("Basic realm=x",)  # type: ignore[attr-defined]
    said = refusal(bench.session(), e.SignInError)
    assert "does not offer kerberos" in said.what
    assert said.cause == "it offers Basic realm=x"


def test_the_scheme_kerberos(make: Make) -> None:
    bench = make("kerberos")
    bench.endpoint._authenticator.schemes = ("Kerberos",)  # type: ignore[attr-defined]
    bench.session().open()


@contextmanager
def silent_kdc(kdc: Kdc) -> Iterator[None]:
    """Takes connections and says nothing; the real one is there again afterwards."""
    settings = kdc.folder / "krb5.conf"
    kept = settings.read_text()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings.write_text(kept.replace(f"127.0.0.1:{kdc.port}", f"127.0.0.1:{silent.getsockname()[1]}"))
        try:
            yield
        finally:
            settings.write_text(kept)


def _impatient(bench: Bench) -> Session:
    session = bench.session()
    session._patience = Patience(open=0.5, close=0.5, grace=0.2)
    return session


@pytest.mark.parametrize("mode", ["kerberos", "kerberos-password", "negotiate-kerberos"])
def test_a_kdc_that_says_nothing_is_not_waited_for(make: Make, mode: str) -> None:
    bench = make(mode)
    assert bench.kdc is not None
    with silent_kdc(bench.kdc):
        started = time.monotonic()
        said = refusal(_impatient(bench), e.TimeLimitError)
        assert time.monotonic() - started < 10, "libkrb5 by itself waits 25 s"
    assert said.what == f"The KDC for HTTP/{SERVER.lower()} does not answer"
    assert "port 88" in said.cure
    bench.session().open()


_WITHOUT = """
import sys
sys.modules["gssapi"] = sys.modules["krb5"] = None
from cockpit.config.secrets import Secret
from cockpit.config.targets import Target
from cockpit.exchange.errors import ExchangeError
from cockpit.exchange.session import EXCHANGE, Session
port, auth, user, password = int(sys.argv[1]), *sys.argv[2:]
target = Target("EX01", "127.0.0.1", port, "PowerShell", False, auth, None, "HTTP", 5.0)
session = Session(target, EXCHANGE, user, Secret(password) if password else None)
try:
    session.open()
except ExchangeError as error:
    print(type(error).__name__, "|", error, "|", error.cure)
"""


@pytest.mark.parametrize(("auth", "password"), [("kerberos", ""), ("kerberos", "x"), ("negotiate", "")])
def test_without_the_extra_it_is_told_how_to_get_it(make: Make, auth: str, password: str) -> None:
    bench = make("ntlm")
    told = subprocess.run(
        [sys.executable, "-c", _WITHOUT, str(bench.target.port), auth, USER, password],
        capture_output=True,
        text=True,
        check=True,
        timeout=50,
    ).stdout
    assert told.startswith("MissingLibraryError | Cannot sign in at http://127.0.0.1"), told
    assert tickets.EXTRA in told
    assert "libkrb5-dev" in told


def test_negotiate_with_a_password_does_without_the_extra(make: Make) -> None:
    bench = make("negotiate-ntlm")
    code = _WITHOUT + "else:\n    print('open')\n"
    told = subprocess.run(
        [sys.executable, "-c", code, str(bench.target.port), "negotiate", bench.user, bench.password],
        capture_output=True,
        text=True,
        check=True,
        timeout=50,
    )
    assert told.stdout == "open\n", told


def test_a_shell_is_not_looked_for_after_a_refused_sign_in(make: Make, tmp_path: Path) -> None:
    """Each further try would be one more."""
    bench = make("kerberos")
    session = bench.session(spn_host=f"ex02.{DOMAIN}")
    refusal(session, e.KerberosError)
    assert not session._undeleted
    assert bench.shells() == []

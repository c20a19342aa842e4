"""Tickets and SPNs, with a real KDC on loopback; skipped where there can be none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cockpit.doctor.findings import OK, State, exit_code
from tests.doctor.bench import HOST, Bench, of, unchecked, wrong
from tests.product.conftest import running_lab
from tests.support import kdc as support
from tests.support.kdc import DOMAIN, Kdc
from tests.support.waiting import eventually

SERVERS = ("ex19-01", "ex19-02")


@pytest.fixture(scope="module")
def realm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kdc]:
    names = [name for server in SERVERS for name in (server, f"{server}.{DOMAIN}")]
    with support.kdc(tmp_path_factory.mktemp("kdc"), *names) as made, support.variables(made.variables):
        yield made


@pytest.fixture(scope="module")
def lab(realm: Kdc, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("lab")
    with running_lab(folder, auth="kerberos", keytab=realm.keytab, servers=2) as running:
        yield of(running)


@pytest.fixture
def bench(lab: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("KRB5CCNAME", f"FILE:{tmp_path / 'tickets'}")
    return lab


def test_with_a_ticket_all_is_well(bench: Bench, realm: Kdc, tmp_path: Path) -> None:
    realm.kinit(tmp_path / "tickets")
    found = bench.findings()
    assert wrong(found) == set()
    assert exit_code(found) == OK
    states = {f.check: f.state for f in found}
    assert (states["ticket"], states["spn"]) == (State.OK, State.OK)


def test_without_a_ticket_that_is_named_and_nobody_is_asked(bench: Bench) -> None:
    found = bench.findings()
    assert wrong(found) == {("ticket", HOST)}
    (ticket,) = (f for f in found if f.check == "ticket")
    assert "kinit" in ticket.cure
    assert ("spn", f"{bench.entry} Exchange") in unchecked(found)
    assert {f.state for f in found if f.check in ("name", "port", "path", "clock")} == {State.OK}


def test_an_expired_ticket_is_named(bench: Bench, realm: Kdc, tmp_path: Path) -> None:
    realm.kinit(tmp_path / "tickets", "-l", "1s")
    eventually(lambda: not realm.has_ticket(tmp_path / "tickets"), 10.0, "an end of the ticket")
    assert wrong(bench.findings()) == {("ticket", HOST)}


def test_a_name_without_an_spn_is_named(bench: Bench, realm: Kdc, tmp_path: Path) -> None:
    realm.kinit(tmp_path / "tickets")
    found = bench.findings(bench.exchange(spn_host="balanced.lab.example"))
    assert wrong(found) == {("spn", f"{bench.entry} Exchange")}
    (spn,) = (f for f in found if (f.check, f.state) == ("spn", State.BROKEN))
    assert "HTTP/balanced.lab.example" in spn.found
    assert "setspn" in spn.cure

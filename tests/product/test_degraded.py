"""Few rights, shells that run elsewhere, strays in an answer: each is noticed, and is never health."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from cockpit.commands import status
from cockpit.config.environment import Environment
from cockpit.exchange.changes import SetProtocolLog, send
from cockpit.exchange.cmdlets import ExchangeCmdlets
from cockpit.exchange.errors import NotGrantedError
from cockpit.exchange.grants import USED
from cockpit.exchange.model import Outcome
from cockpit.exchange.routing import Route
from cockpit.fleet.once import read_once
from cockpit.fleet.rollup import State, health_set_state, server_state
from cockpit.fleet.snapshot import FleetSnapshot, Reach
from cockpit.lab.scenarios.degraded import CHANGING
from tests.product.conftest import Running, running_lab

PATIENCE = 25.0


def look(running: Running) -> FleetSnapshot:
    return read_once(running.environment, running.secret, frozenset(), PATIENCE)


def deny(running: Running, *cmdlets: str) -> None:
    for knobs in running.lab.simulation.knobs.values():
        knobs.denied = {"*": list(cmdlets)}


@contextmanager
def asking(running: Running) -> Iterator[ExchangeCmdlets]:
    session = running.exchange()
    try:
        yield ExchangeCmdlets(session)
    finally:
        session.close()


# --- what is granted -----------------------------------------------------------------------------


def test_what_is_granted_is_learnt_when_connecting(tmp_path: Path) -> None:
    with running_lab(tmp_path, scenario="view-only-operator") as running:
        grants = look(running).status.grants
        assert grants.known
        assert set(grants.every_missing_name()) == set(CHANGING)
        assert len(running.commands("Get-Command")) == 1, "once, with the list of servers"
    with running_lab(tmp_path / "all", servers=2) as running:
        assert look(running).status.grants.every_missing() == ()


def test_a_parameter_that_is_not_granted_is_learnt_and_refused_when_it_is_sent(tmp_path: Path) -> None:
    with running_lab(tmp_path, servers=2) as running:
        deny(running, "Set-PopSettings -ProtocolLogEnabled")
        with asking(running) as cmdlets:
            (missing,) = cmdlets.get_grants().every_missing_name()
            assert missing == "Set-PopSettings -ProtocolLogEnabled"
            with pytest.raises(NotGrantedError, match="ProtocolLogEnabled"):
                send(cmdlets.session, SetProtocolLog("EX19-01", True))
            assert cmdlets.get_pop_settings("EX19-01").rows


def test_without_get_command_nothing_is_called_missing(tmp_path: Path) -> None:
    with running_lab(tmp_path, servers=2) as running:
        deny(running, "Get-Command", "Set-PopSettings")
        fleet = look(running)
        assert not fleet.status.grants.known
        assert fleet.status.grants.every_missing() == ()
        assert {s.reach for s in fleet.servers.values()} == {Reach.LIVE}


def test_every_cmdlet_of_ours_is_one_the_lab_knows_with_these_parameters(tmp_path: Path) -> None:
    """Else the lab would call granted what no endpoint has."""
    with running_lab(tmp_path, servers=2) as running, asking(running) as cmdlets:
        found = cmdlets.get_grants().cmdlets
        assert {name: set(seen or ()) for name, seen in found.items()} == {
            name.lower(): {p.lower() for p in used} for name, used in USED.items()
        }


@pytest.mark.parametrize("denied", ["Get-DatabaseAvailabilityGroup", "Get-MailboxServer"])
def test_without_a_right_to_read_dags_the_servers_are_read_all_the_same(tmp_path: Path, denied: str) -> None:
    with running_lab(tmp_path, servers=4) as running:
        deny(running, denied)
        fleet = look(running)
        assert {s.reach for s in fleet.servers.values()} == {Reach.LIVE}
        assert fleet.status.problem is None
        assert denied in fleet.status.grants.every_missing_name()


def test_health_that_may_not_be_read_is_not_granted_and_3(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with running_lab(tmp_path, servers=2) as running:
        deny(running, "Get-ServerHealth")
        code, report = said(running.environment, capsys)
    assert code == 3
    assert {s["state"] for s in report["servers"]} == {"not granted"}
    assert {s["reach"] for s in report["servers"]} == {"not granted"}
    assert {h["state"] for s in report["servers"] for h in s["health_sets"]} == {"not granted"}
    assert any(words.startswith("Get-ServerHealth is not granted") for words in report["not_granted"])


def test_servers_that_may_not_be_listed_are_3_with_the_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with running_lab(tmp_path, servers=2) as running:
        deny(running, "Get-ExchangeServer")
        code, report = said(running.environment, capsys)
    assert code == 3
    assert "not available to this account" in report["problem"]
    assert report["servers"] == []


def said(environment: Environment, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, Any]]:
    code = status.run(environment, None, False, "json", PATIENCE, False)
    return code, json.loads(capsys.readouterr().out)


# --- who answers ---------------------------------------------------------------------------------


def test_a_front_end_names_itself(tmp_path: Path) -> None:
    with running_lab(tmp_path, servers=2) as running:
        fleet = look(running)
        for server in fleet.servers.values():
            route = server.route
            assert route.front_end == route.dialled.upper() != ""
            assert route.back_end == "", "no error has named it"
            assert not route.elsewhere


@pytest.mark.parametrize("auth", ["basic-tls", "ntlm"])
def test_a_shell_that_runs_elsewhere_is_noticed_by_its_first_error(tmp_path: Path, auth: str) -> None:
    with running_lab(tmp_path, scenario="routed", auth=auth) as running:
        entry = running.environment.entry_servers[0]
        with asking(running) as cmdlets:
            cmdlets.get_exchange_server()
            assert cmdlets.session.route == Route(entry, entry.upper(), "")  # type: ignore[attr-defined]
            cmdlets.get_database_copies("NOBODY")
            found = cmdlets.session.route  # type: ignore[attr-defined]
        elsewhere = running.lab.simulation.knobs[entry].routed_to.upper()
        assert found == Route(entry, entry.upper(), elsewhere)
        assert found.elsewhere


def test_who_answered_stands_in_the_status(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A load balancer's other server is told by its own name, with its version."""
    with running_lab(tmp_path, servers=4) as running:
        here, there = "EX19-01", "EX16-01"
        addresses = dict(running.environment.addresses)
        addresses[here] = msgspec.structs.replace(addresses[there], winrm=addresses[here].winrm)
        balanced = msgspec.structs.replace(running.environment, addresses=addresses, entry_servers=(here,))
        _, report = said(balanced, capsys)
    for server in report["servers"]:
        assert server["answered"] == {
            "dialled": here,
            "front_end": there,
            "front_end_version": "2016",
            "back_end": None,
            "back_end_version": None,
            "elsewhere": True,
        }


# --- strays --------------------------------------------------------------------------------------


@pytest.mark.parametrize("scope", ["pop", "all"])
def test_rows_of_another_server_say_nothing_of_the_one_asked_for(tmp_path: Path, scope: str) -> None:
    with running_lab(tmp_path, servers=2, polling={"scope": scope}) as running:
        running.lab.simulation.knobs["EX19-01"].answers_for = "EX19-02"
        fleet = look(running)
    strayed, other = fleet.servers["EX19-01"], fleet.servers["EX19-02"]
    assert strayed.monitors == ()
    assert server_state(strayed) is State.UNKNOWN
    assert {r.outcome for r in strayed.readings} == {Outcome.EMPTY_WITH_WARNING}
    for reading in strayed.readings:
        assert health_set_state(strayed, reading.health_set) is State.UNKNOWN
        assert any("of EX19-02 came in the answer about EX19-01" in w for w in reading.warnings)
    assert server_state(other) is State.HEALTHY
    assert {m.server for m in other.monitors} == {"EX19-02"}

"""Guards before a computer is restarted, and after it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.exchange import recovery_model as r
from cockpit.exchange.model import COPY_STATUSES, Role, Version
from cockpit.journal.records import Grade, Verdict
from cockpit.recovery.readings import Read
from tests.recovery.builders import (
    EX01,
    EX02,
    NAMES,
    case,
    copy,
    dag,
    database,
    healthy,
    host,
    passes,
    refusals,
    said,
    server,
)

REFUSED, UNREAD = Verdict.REFUSED, Verdict.UNREAD
HARD, STOP, WARN = Grade.HARD, Grade.STOP, Grade.WARN
STATUSES = sorted(COPY_STATUSES.values())


# --- evidence.fault, boottime.stored -------------------------------------------------------------


@pytest.mark.parametrize("outcome", ["failed", "unhealthy"])
def test_a_shown_fault_is_evidence(outcome: str) -> None:
    assert passes("evidence.fault", healthy(), case(facts={"evidence": {"outcome": outcome}}))


@pytest.mark.parametrize("outcome", ["not_runnable", "succeeded", "healthy", "unclear", ""])
def test_a_probe_that_could_not_be_run_is_none(outcome: str) -> None:
    asked = case(facts={"evidence": {"outcome": outcome, "words": "it gave a warning", "of": "PopCTPProbe"}})
    assert refusals("evidence.fault", healthy(), asked) == {"PopCTPProbe": (REFUSED, HARD)}
    (found,) = said("evidence.fault", healthy(), asked)
    assert not found.overridable
    assert "escalate" in found.helps


@pytest.mark.parametrize(("minutes", "grade"), [(0, None), (29, None), (30, STOP), (24 * 60, STOP)])
def test_evidence_ages(minutes: int, grade: Grade | None) -> None:
    """Somebody may have mended it since; the probe has to be run again, or an operator says why not."""
    evidence = {"outcome": "failed", "words": "ResultType Failed", "of": "PopCTPProbe", "at": 1_000}
    asked = case(facts={"evidence": evidence}, now=1_000.0 + minutes * 60 + 59)
    found = refusals("evidence.fault", healthy(), asked)
    assert found == ({} if grade is None else {"PopCTPProbe": (REFUSED, grade)})
    if grade is not None:
        assert f"{minutes} min ago" in said("evidence.fault", healthy(), asked)[0].reading


@pytest.mark.parametrize("facts", [{}, {"evidence": None}, {"evidence": {}}])
def test_nothing_known_is_no_evidence(facts: dict[str, Any]) -> None:
    assert refusals("evidence.fault", healthy(), case(facts=facts)) == {"PopDeepTestMonitor": (REFUSED, HARD)}


def test_the_boot_time_is_said() -> None:
    (found,) = said("boottime.stored", healthy())
    assert found.reading == "LastBootUpTime 2026-02-23 03:00:00Z"


# --- backup.running ------------------------------------------------------------------------------


def test_a_backup_is_hard() -> None:
    readings = healthy(databases=(database(), database("DB02", backup=True)))
    assert refusals("backup.running", readings) == {"DB02": (REFUSED, HARD)}


def test_a_backup_that_nobody_can_deny_is_a_stop() -> None:
    readings = healthy(databases=(database(), database("DB02", backup=None)))
    assert refusals("backup.running", readings) == {"DB02": (REFUSED, STOP)}


@pytest.mark.parametrize("status", ["Seeding", "SeedingSource"])
def test_a_seed_is_hard(status: str) -> None:
    readings = healthy(here=(copy(EX01), copy(EX01, "DB02", status=status)))
    assert refusals("backup.running", readings) == {"DB02\\EX01": (REFUSED, HARD)}


def test_a_server_without_databases_needs_no_reading_of_them() -> None:
    front = server(EX01, Version.E2013, frozenset({Role.CLIENT_ACCESS}))
    readings = healthy(
        servers=(front,), mailbox_servers=(host(EX02),), databases=Read(problem="x"), here=Read(problem="x")
    )
    assert passes("backup.running", readings)


# --- copies.none_active --------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["Mounted", "Mounting", "Dismounting", "Dismounted"])
def test_an_active_copy_in_any_state_is_hard(status: str) -> None:
    readings = healthy(here=(copy(EX01, status=status, active_copy=False), copy(EX01, "DB02")))
    assert refusals("copies.none_active", readings) == {"DB01": (REFUSED, HARD)}


@pytest.mark.parametrize("status", ["ServiceDown", "Unknown"])
def test_a_copy_nobody_can_speak_for_counts_as_active(status: str) -> None:
    readings = healthy(here=(copy(EX01, status=status), copy(EX01, "DB02")))
    assert refusals("copies.none_active", readings) == {"DB01": (REFUSED, HARD)}


def test_the_active_flag_alone_is_enough() -> None:
    readings = healthy(here=(copy(EX01, status="Failed", active_copy=True),))
    assert not passes("copies.none_active", readings)


@given(st.lists(st.tuples(st.sampled_from(STATUSES), st.booleans()), max_size=8))
def test_it_never_passes_with_an_active_copy(rows: list[tuple[str, bool]]) -> None:
    here = tuple(
        copy(EX01, f"DB{n:02}", status=status, active_copy=active) for n, (status, active) in enumerate(rows)
    )
    named = tuple(database(c.database) for c in here)
    if passes("copies.none_active", healthy(here=here, databases=named)):
        assert not any(c.is_active_state or c.status in ("ServiceDown", "Unknown") for c in here)


def test_passive_copies_only_pass() -> None:
    (found,) = said("copies.none_active", healthy(here=(copy(EX01), copy(EX01, "DB02"))))
    assert found.reading == "2 copies, none active"


NOBODY: dict[str, Any] = {"here": (), "copies": {}}


@pytest.mark.parametrize("name", ["copies.none_active", "backup.running"])
@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (NOBODY, "no copy row of db01, db02"),
        ({**NOBODY, "databases": Read(problem="refused")}, "refused"),
        ({"here": (copy(EX01),)}, "no copy row of db02"),
        ({"here": (copy(EX02), copy(EX02, "DB02"))}, "no copy row of db01, db02"),
    ],
)
def test_no_row_is_not_no_copy(name: str, changes: dict[str, Any], words: str) -> None:
    found = [f for f in said(name, healthy(**changes)) if f.verdict is UNREAD]
    assert [(f.object, f.grade) for f in found] == [(EX01, HARD)]
    assert words in found[0].reading
    assert found[0].blocks
    assert not found[0].overridable


@pytest.mark.parametrize("name", ["copies.none_active", "backup.running"])
def test_what_this_run_saw_active_here_must_still_be_among_the_rows(name: str) -> None:
    bare = healthy(here=(), copies={}, databases=())
    assert passes(name, bare)
    moved = case(facts={"active_before": {"DB01": 1}})
    assert refusals(name, bare, moved) == {EX01: (UNREAD, HARD)}


def test_a_short_name_and_an_fqdn_are_one_server() -> None:
    readings = healthy(
        mailbox_servers=tuple(host(f"{n}.contoso.com") for n in NAMES),
        here=(copy(f"{EX01}.contoso.com", status="Mounted"), copy(f"{EX01}.contoso.com", "DB02")),
    )
    assert refusals("copies.none_active", readings) == {"DB01": (REFUSED, HARD)}


# --- pam.elsewhere, members.up -------------------------------------------------------------------


def test_the_primary_active_manager_is_a_stop() -> None:
    readings = healthy(dags=(dag(primary_active_manager="ex01"),))
    assert refusals("pam.elsewhere", readings) == {"DAG1": (REFUSED, STOP)}


def test_an_unknown_primary_active_manager_is_unread() -> None:
    readings = healthy(dags=(dag(primary_active_manager=""),))
    assert refusals("pam.elsewhere", readings) == {"DAG1": (UNREAD, STOP)}


def test_outside_a_dag_there_is_none() -> None:
    assert passes("pam.elsewhere", healthy(mailbox_servers=(host(EX01, dag=""),), dags=()))


def nodes(**states: str) -> tuple[r.ClusterNode, ...]:
    return tuple(r.ClusterNode(n, states.get(n, r.NodeState.UP)) for n in NAMES)


@pytest.mark.parametrize("state", [r.NodeState.DOWN, r.NodeState.PAUSED, r.NodeState.JOINING, "Sulking"])
def test_another_member_that_is_not_up_is_hard(state: str) -> None:
    assert refusals("members.up", healthy(nodes=nodes(EX02=state))) == {EX02: (REFUSED, HARD)}
    assert passes("members.up", healthy(nodes=nodes(EX01=state)))


def test_members_nobody_names_are_not_up() -> None:
    assert refusals("members.up", healthy(nodes=())) == {EX01: (UNREAD, HARD)}
    some = tuple(n for n in nodes() if n.name != EX02)
    assert refusals("members.up", healthy(nodes=some)) == {EX02: (UNREAD, HARD)}


# --- console.reachable, reboot.settled -----------------------------------------------------------


def test_the_console_is_only_a_reminder() -> None:
    (found,) = said("console.reachable", healthy())
    assert (found.verdict, found.grade, found.blocks) == (REFUSED, WARN, False)


@pytest.mark.parametrize(
    ("settled", "reading"),
    [(None, "not looked at"), ("MSExchangePOP3BE Stopped", "MSExchangePOP3BE Stopped")],
)
def test_a_block_is_never_kept_for_a_server_that_has_not_settled(settled: str | None, reading: str) -> None:
    asked = replace(case(), facts={"settled": {EX01: settled}})
    (found,) = said("reboot.settled", healthy(), asked)
    assert (found.verdict, found.reading, found.blocks) == (REFUSED, reading, False)

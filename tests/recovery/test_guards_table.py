"""Every guard of recovery-engine §3.2 is there with its grade, and none lets an unread value pass."""

from __future__ import annotations

import pytest

from cockpit.journal.records import Grade, Verdict
from cockpit.recovery.guards.table import GUARDS, judge_all, needs
from cockpit.recovery.readings import NEEDS, Read, Readings
from cockpit.recovery.runbooks import RUNBOOKS
from tests.recovery.builders import case, copy, healthy, passes, refusals, said

HARD, STOP, WARN = Grade.HARD, Grade.STOP, Grade.WARN

SHEET = {
    # any step
    "role.known": HARD,
    "alert.real": STOP,
    "dependencies.healthy": WARN,
    "others.lease": HARD,
    "others.marks": STOP,
    "others.managed_availability": STOP,
    "others.setup": STOP,
    "window.open": STOP,
    # restart POP3
    "service.right": STOP,
    "popproxy.active": STOP,
    "clients.noted": WARN,
    "pool.others": STOP,
    # logging on
    "logging.prior": HARD,
    "logging.space": STOP,
    # fail over
    "dag.member": HARD,
    "dag.quorum": HARD,
    "copies.elsewhere": HARD,
    "copies.lagged": STOP,
    "copies.seeding": STOP,
    "target.room": STOP,
    "databases.unreplicated": STOP,
    # Ours: the sheet looks for a backup only before the reboot, when the move has ended it.
    "databases.backup": STOP,
    "prior.stored": HARD,
    "dag.preference": WARN,
    # verify, reboot
    "copies.none_active": HARD,
    "pam.elsewhere": STOP,
    "evidence.fault": HARD,
    "boottime.stored": HARD,
    "backup.running": HARD,
    "members.up": HARD,
    # The sheet has them hard and stop. Nothing can read a console, and lifting a block is never held up.
    "console.reachable": WARN,
    "reboot.settled": WARN,
}
AFTER = {"copies.none_active"}
"""Asks for what is so only once the databases have left."""


def test_the_table_is_the_sheets() -> None:
    assert {name: guard.grade for name, guard in GUARDS.items()} == SHEET


@pytest.mark.parametrize("name", sorted(GUARDS))
def test_a_guard_is_whole(name: str) -> None:
    guard = GUARDS[name]
    assert guard.id == name
    assert guard.title
    assert guard.threshold
    assert guard.source
    assert set(guard.needs) <= NEEDS
    assert set(guard.needs) <= needs([name])


def test_every_guard_of_a_runbook_is_in_the_table() -> None:
    used = {guard for book in RUNBOOKS.values() for step in book.steps for guard in step.guards}
    assert used <= set(GUARDS)
    assert needs(used) <= NEEDS


def test_an_unknown_guard_is_no_guard() -> None:
    with pytest.raises(KeyError):
        needs(["no.such"])


@pytest.mark.parametrize("name", sorted(set(SHEET) - AFTER - {"console.reachable"}))
def test_passes_where_all_is_well(name: str) -> None:
    assert passes(name, healthy())
    assert {f.grade for f in said(name, healthy())} == {SHEET[name]}


NEEDED = sorted((name, need) for name, guard in GUARDS.items() for need in guard.needs)


@pytest.mark.parametrize(("name", "need"), NEEDED)
def test_what_could_not_be_read_is_unread(name: str, need: str) -> None:
    (found,) = said(name, healthy(**{need: Read(problem="EX01 cannot be reached")}))
    assert found.verdict is Verdict.UNREAD
    assert found.object == "EX01"
    assert found.reading == "EX01 cannot be reached"
    assert found.grade is SHEET[name]
    assert found.blocks is (found.grade is not WARN)
    assert found.overridable is (found.grade is STOP)


@pytest.mark.parametrize(("name", "need"), NEEDED)
def test_what_was_not_asked_for_is_unread_too(name: str, need: str) -> None:
    (found,) = said(name, healthy(**{need: Read()}))
    assert found.verdict is Verdict.UNREAD
    assert need in found.reading


OPTIONAL = [
    ("others.marks", "nodes", "DAG1 cluster nodes"),
    ("clients.noted", "connections", "EX01"),
    ("backup.running", "databases", "EX01"),
    ("backup.running", "here", "EX01"),
]


@pytest.mark.parametrize(("name", "need", "about"), OPTIONAL)
def test_what_a_guard_would_rather_have_is_told_when_missing(name: str, need: str, about: str) -> None:
    found = refusals(name, healthy(**{need: Read(problem="refused")}))
    assert found == {about: (Verdict.UNREAD, SHEET[name])}


def test_findings_come_in_the_order_of_the_guards() -> None:
    ids = ("window.open", "role.known", "others.lease")
    assert tuple(f.guard for f in judge_all(ids, healthy(), case())) == ids


def test_nothing_read_blocks_every_guard_that_reads_and_weighs() -> None:
    for name, guard in GUARDS.items():
        if guard.needs and guard.grade is not WARN:
            assert all(f.blocks for f in said(name, Readings())), name


def test_a_member_whose_dag_is_not_named_is_not_a_server_outside_of_one() -> None:
    unnamed = healthy(dags=())
    for name in ("dag.quorum", "pam.elsewhere", "dag.preference"):
        assert refusals(name, unnamed) == {"EX01": (Verdict.UNREAD, SHEET[name])}
    assert refusals("others.marks", unnamed)["EX01"] == (Verdict.UNREAD, STOP)


def test_the_case_of_a_servers_name_does_not_matter() -> None:
    """``others.marks`` and ``popproxy.active`` look servers up in tables."""
    lower = case(server="ex01")
    for name in sorted(set(SHEET) - AFTER - {"console.reachable", "reboot.settled"}):
        assert passes(name, healthy(), lower), name
    assert refusals("copies.none_active", healthy(), lower) == {"DB01": (Verdict.REFUSED, HARD)}
    assert passes("copies.none_active", healthy(here=(copy("EX01"), copy("EX01", "DB02"))), lower)

"""What a guard that refuses does to a run over the wire: what comes after it is not sent."""

from __future__ import annotations

from typing import Final

import msgspec
import pytest

from cockpit.journal.records import Choice, Finding, Grade, RunState
from tests.recovery.cases import (
    ABORT,
    ACCESS,
    BACK,
    SKIP,
    Meanwhile,
    act,
    active,
    away,
    logging,
    move,
    reboot,
    restart,
    taken_up,
    unblock,
)
from tests.recovery.robot import Robot, always
from tests.recovery.test_branches_deep import REBOOTED
from tests.recovery.wire import BE, POP, QUICK, Ended, bench, hasty

_DEEP, _CTP = "PopDeepTestMonitor", "PopCTPMonitor"
_FAILED: Final = taken_up(REBOOTED).facts


def _refused(ended: Ended, guard: str) -> list[Finding]:
    """What the guard refused, as the journal has it, each object once."""
    found = [f for r in ended.readings for f in r.findings if f.guard == guard and f.reading and f.helps]
    return list({f.object: f for f in found}.values())


@pytest.mark.matrix
@pytest.mark.parametrize(
    ("scenario", "guard", "objects"),
    [
        ("copy-suspended", "copies.elsewhere", ["DB001"]),
        ("copy-queue", "copies.elsewhere", ["DB001"]),
        ("single-copy", "copies.elsewhere", ["DB001"]),
        ("target-blocked", "copies.elsewhere", ["DB001", "DB002"]),
        ("node-paused", "copies.elsewhere", ["DB001", "DB002"]),
        ("witness-down", "dag.quorum", ["DAG01"]),
        ("quorum-edge", "dag.quorum", ["DAG03"]),
    ],
)
def test_a_hard_guard_keeps_the_databases_where_they_are(
    scenario: str, guard: str, objects: list[str]
) -> None:
    """Whatever is overridden before it, the move is not offered, and nothing is left blocked."""
    with bench(scenario) as world:
        ended = world.recover(BACK, _DEEP, Robot({"away-move": ABORT}), start="role", facts=_FAILED)
    assert move(BACK) not in ended.changes
    assert reboot(BACK) not in ended.changes
    assert ended.changes in ([], [away(BACK)[0], unblock(BACK)[1]])
    asked = [q for q in ended.questions if q.step == "away-move"]
    assert all(Choice.GO not in q.choices for q in asked)
    assert {f.object for f in _refused(ended, guard) if f.grade is Grade.HARD} >= set(objects)
    assert ended.run.state is RunState.ABORTED


@pytest.mark.matrix
@pytest.mark.parametrize(
    ("scenario", "guard"), [("backup", "backup.running"), ("seeding-source", "backup.running")]
)
def test_a_hard_guard_keeps_the_computer_up(scenario: str, guard: str) -> None:
    """The seed goes on from a copy that stays; the databases may move, the restart is not offered."""
    with bench(scenario) as world:
        ended = world.recover(BACK, _DEEP, Robot({"away-reboot": ABORT}), start="role", facts=_FAILED)
    asked = [q for q in ended.questions if q.step == "away-reboot"]
    assert asked
    assert all(Choice.GO not in q.choices for q in asked)
    assert [f.grade for f in _refused(ended, guard)] == [Grade.HARD]
    assert ended.changes == [*away(BACK), *unblock(BACK)]


@pytest.mark.matrix
@pytest.mark.parametrize(
    ("scenario", "step", "guard"),
    [
        ("lagged-only", "away-move", "copies.lagged"),
        ("no-room", "away-move", "target.room"),
        ("in-maintenance", "away-block", "others.marks"),
        ("setup-running", "away-block", "others.setup"),
        ("pam-here", "away-reboot", "pam.elsewhere"),
        ("pool-of-one", "away-reboot", "pool.others"),
    ],
)
def test_a_stop_guard_wants_a_reason_first(scenario: str, step: str, guard: str) -> None:
    """Before the override the step is not offered; with it the reason stands in the readings."""
    with bench(scenario, hasty("move") if step == "away-move" else QUICK) as world:
        ended = world.recover(
            BACK, _DEEP, Robot({"away-moved": always(Choice.GO)}), start="role", facts=_FAILED
        )
    asked = [q for q in ended.questions if q.step == step]
    assert Choice.GO not in asked[0].choices
    assert Choice.OVERRIDE in asked[0].choices
    given = [q.answer for q in asked if q.answer is not None and q.answer.choice is Choice.OVERRIDE]
    assert guard in {a.guard for a in given}
    held = [f for r in ended.readings for f in r.findings if f.guard == guard and f.overridden]
    assert held
    assert all(len(f.reason) >= 10 and f.by == "robot" for f in held)


def test_managed_availability_that_has_just_acted_is_let_finish() -> None:
    """Its restart of a minute ago stands in the way of ours; it is not sent unasked."""
    settings = msgspec.structs.replace(QUICK, quiet=900.0)
    with bench("ma-acting", settings, speed=60.0) as world:
        ended = world.recover(BACK, _DEEP, Robot({"restart": SKIP}, otherwise=ABORT), start="restart")
    (finding,) = _refused(ended, "others.managed_availability")
    assert finding.grade is Grade.STOP
    assert finding.object == "RestartService MSExchangePOP3BE"
    assert [c for c in ended.changes if c.startswith("Restart-Service")] == []


def test_a_cured_cause_is_seen_when_the_guards_are_read_again() -> None:
    resumed = act("EX19-02", "set-copy", database="DB001", status="Healthy", activation_suspended=False)
    with bench("copy-suspended") as world:
        ended = world.recover(
            *(BACK, _DEEP, Robot({"away-move": Meanwhile([resumed]).on(world), "away-reboot": SKIP})),
            start="role",
            facts=_FAILED,
        )
    choices = [q.choices for q in ended.questions if q.step == "away-move"]
    assert Choice.GO not in choices[0]
    assert Choice.GO in choices[1]
    assert ended.outcomes("away-move") == ["done"]


def test_little_room_for_the_log_is_overridden_by_name() -> None:
    with bench("low-disk") as world:
        ended = world.recover(ACCESS, _CTP, Robot({"find": ABORT}), start="logging-on", facts=_FAILED)
    answers = [q.answer for q in ended.questions if q.step == "logging-on" and q.answer is not None]
    assert [(a.choice, a.guard) for a in answers] == [(Choice.OVERRIDE, "logging.space"), (Choice.GO, "")]
    assert ended.changes[0] == logging(ACCESS, True)


def test_a_disabled_service_is_not_restarted_unasked() -> None:
    with bench("service-disabled") as world:
        ended = world.recover(ACCESS, _CTP, Robot({"restart": SKIP, "logging-on": ABORT}))
    (finding,) = _refused(ended, "service.right")
    assert (finding.object, finding.grade) == (POP, Grade.STOP)
    assert "start type Disabled" in finding.reading
    assert ended.changes == []


def test_a_vote_of_maintenance_is_never_taken_back() -> None:
    """Only the requester that voted may: the run offers no such step, and sends nothing."""
    with bench("popproxy-maintenance") as world:
        ended = world.recover(ACCESS, _CTP)
    assert active(ACCESS) not in ended.changes
    assert ended.changes == []
    assert ("component", "inactive_by_others") in ended.path


def test_somebody_who_blocks_meanwhile_is_seen_before_the_next_step() -> None:
    """Between the block and the move another member is put into maintenance: guards are read at the step."""
    other = act("EX19-02", "set-component", component="ServerWideOffline", state="Inactive")
    with bench("reboot-cures") as world:
        ended = world.recover(
            *(BACK, _DEEP, Robot({"away-move": ABORT}), {"away-block!": [other]}),
            start="role",
            facts=_FAILED,
        )
    assert [f.object for f in _refused(ended, "others.marks")] == ["EX19-02 ServerWideOffline"]
    assert ended.changes == [away(BACK)[0], unblock(BACK)[1]]


def test_the_service_of_a_healthy_monitor_is_not_restarted_unasked() -> None:
    with bench() as world:
        ended = world.recover(BACK, _DEEP, Robot(otherwise=SKIP), start="restart")
    assert {f.guard for r in ended.readings for f in r.findings if f.blocks} == {"alert.real"}
    assert restart(BACK, BE) not in ended.changes

"""An override holds for what was read when it was given, and for nothing else (recovery-engine §3.3)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.exchange.errors import UnreachableError
from cockpit.exchange.model import Reading as Rows
from cockpit.exchange.recovery_model import Process
from cockpit.journal.records import (
    Answer,
    Attempt,
    Choice,
    Finding,
    Grade,
    Question,
    Reading,
    RunState,
    Verdict,
)
from cockpit.recovery import consent
from cockpit.recovery.asking import Parked
from cockpit.recovery.runbook import Consent
from tests.recovery.builders import EX01
from tests.recovery.fakes import REASON, World, book, opened, say, step

REFUSED, UNREAD = Verdict.REFUSED, Verdict.UNREAD
SILENT = "EX01 cannot be reached"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with opened(tmp_path) as found:
        yield found


def finding(
    reading: str,
    verdict: Verdict = REFUSED,
    grade: Grade = Grade.STOP,
    guard: str = "others.setup",
    about: str = EX01,
) -> Finding:
    return Finding(guard, about, grade, verdict, reading, "none", "Wait.", "tests")


def overridden(
    given_for: Finding, now: Finding, at: str = "move", attempts: tuple[Attempt, ...] = ()
) -> Finding:
    """``now``, read at step ``at``, after an override was given at step ``move`` for ``given_for``."""
    answer = Answer(Choice.OVERRIDE, "ann", REASON, guard=given_for.guard, object=given_for.object)
    question = Question(1, "r", "move", "Go on?", (Choice.OVERRIDE,), "", (), 6.0, 10.0, answer)
    before = Reading("r", "move", 5.0, (given_for,))
    overrides = consent.given([question], [before])
    (found,) = consent.overridden((now,), at, overrides, attempts)
    return found


@pytest.mark.parametrize("at", ["move", "reboot"])
@pytest.mark.parametrize("verdict", [REFUSED, UNREAD])
def test_the_same_reading_is_covered_here_and_later(at: str, verdict: Verdict) -> None:
    found = overridden(
        finding("ExSetup runs (process 44)", verdict), finding("ExSetup runs (process 44)"), at
    )
    assert (found.reason, found.by) == (REASON, "ann")
    assert not found.blocks


@pytest.mark.parametrize("at", ["move", "reboot"])
@pytest.mark.parametrize(
    ("given_for", "now"),
    [
        (finding(SILENT, UNREAD), finding("ExSetup runs (process 44)")),
        (finding("ExSetup runs (process 44)"), finding(SILENT, UNREAD)),
        (finding("ExSetup runs (process 44)"), finding("ExSetup runs (process 45)")),
        (finding("Degraded", guard="alert.real"), finding("Healthy", guard="alert.real")),
        (
            finding("$true", guard="others.marks"),
            finding("$true, left by run f00df00d", guard="others.marks"),
        ),
        (finding("one"), finding("one", about="EX02")),
        (finding("one"), finding("one", guard="window.open")),
    ],
)
def test_another_reading_is_not(given_for: Finding, now: Finding, at: str) -> None:
    assert overridden(given_for, now, at).blocks


def test_a_hard_finding_is_never_covered() -> None:
    hard = finding("0 fit copies", grade=Grade.HARD)
    assert overridden(finding("0 fit copies"), hard).blocks


def elsewhere(copy_queue: int, replay_queue: int, status: str = "Healthy") -> Finding:
    words = f"only 1 fit copy elsewhere: EX02 {status}  copy {copy_queue}  replay {replay_queue}"
    return finding(words, guard="copies.elsewhere", about="DB01")


queues = st.integers(0, 10_000)


@given(queues, queues, queues, queues)
def test_queues_may_move_while_the_operator_thinks(a: int, b: int, c: int, d: int) -> None:
    assert not overridden(elsewhere(a, b), elsewhere(c, d)).blocks
    assert overridden(elsewhere(a, b), elsewhere(c, d, "Failed")).blocks


def test_at_a_later_step_moved_queues_are_asked_again() -> None:
    assert overridden(elsewhere(0, 3), elsewhere(0, 4), "reboot").blocks
    assert not overridden(elsewhere(0, 3), elsewhere(0, 3), "reboot").blocks


def test_after_a_result_of_the_step_moved_queues_are_asked_again() -> None:
    tried = Attempt("r", "move", 1, 1, "x", {}, 11.0, 12.0, None, 13.0, "not applied", {})
    assert overridden(elsewhere(0, 3), elsewhere(0, 4), attempts=(tried,)).blocks
    assert not overridden(elsewhere(0, 3), elsewhere(0, 3), attempts=(tried,)).blocks


def test_numbers_of_other_guards_do_not_move() -> None:
    assert overridden(finding("7 of 9"), finding("8 of 9")).blocks


# --- in a run ------------------------------------------------------------------------------------

OVERRIDE = say(Choice.OVERRIDE, guard="others.setup", object=EX01)


def guarded(world: World, *names: str) -> str:
    """A run of steps that want Setup not to run."""
    targets = [*names[1:], "@recovered"]
    steps = [
        step("wait", then, name=name, consent=Consent.ASK, guards=("others.setup",))
        for name, then in zip(names, targets, strict=True)
    ]
    return world.begin(book(*steps))


def test_a_silence_that_was_overridden_does_not_cover_setup(world: World) -> None:
    """WinRM did not answer; a minute later it does, and Setup runs."""

    def answers(_: Question) -> Answer:
        world.access.winrm["processes"] = Rows((Process("ExSetup", 44),))
        return OVERRIDE

    world.script(answers)
    run = guarded(world, "one")
    with pytest.raises(Parked):
        world.work(run)
    assert world.journal.asked[-1].open
    assert Choice.GO not in world.journal.asked[-1].choices
    (last,) = world.journal.readings(run)[-1].findings
    assert (last.verdict, last.reason) == (REFUSED, "")
    assert "44" in last.reading
    assert world.tries(run) == []


def test_what_changes_between_the_question_and_the_go_is_seen(world: World) -> None:
    def go(_: Question) -> Answer:
        world.access.winrm["processes"] = Rows((Process("ExSetup", 44),))
        return say(Choice.GO)

    world.access.winrm["processes"] = Rows(())
    world.script(go)
    run = guarded(world, "one")
    with pytest.raises(Parked):
        world.work(run)
    assert world.tries(run) == []
    assert len(world.prompts) == 2


def test_an_override_covers_the_same_at_the_next_step_and_is_on_record_there(world: World) -> None:
    def silent() -> Any:
        raise UnreachableError(SILENT)

    world.access.winrm["processes"] = silent
    world.script(OVERRIDE, say(Choice.GO), say(Choice.GO))
    run = guarded(world, "one", "two")
    assert world.work(run) is RunState.RECOVERED
    (later,) = world.journal.readings(run, "two")[-1].findings
    assert (later.verdict, later.reason, later.by) == (UNREAD, REASON, "ann")
    assert [q.step for q in world.journal.asked] == ["one", "one", "two"]


def test_another_process_of_setup_at_the_next_step_is_asked_again(world: World) -> None:
    def go(_: Question) -> Answer:
        return say(Choice.GO)

    world.access.winrm["processes"] = Rows((Process("ExSetup", 44),))

    def then_another(name: str, phase: str) -> None:
        if (name, phase) == ("one", "after result"):
            world.access.winrm["processes"] = Rows((Process("ExSetup", 45),))

    world.phase = then_another
    world.script(OVERRIDE, go)
    run = guarded(world, "one", "two")
    with pytest.raises(Parked):
        world.work(run)
    assert world.journal.asked[-1].step == "two"
    assert Choice.GO not in world.journal.asked[-1].choices

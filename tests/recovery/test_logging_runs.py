"""Protocol logging on and off again, on a real journal and engine: what the server ends with each time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from cockpit.exchange import changes, server_changes
from cockpit.exchange.errors import UnreachableError
from cockpit.exchange.logfiles import ScriptsRefusedError
from cockpit.journal.records import Choice, RunState, WishKind
from cockpit.recovery.actions.settings import LOGGING
from cockpit.recovery.asking import Parked
from cockpit.recovery.holding import due_of
from cockpit.recovery.runbook import Runbook
from cockpit.recovery.runbooks.logging import OFF, ON
from tests.recovery.fakes import REASON, Killed, World, opened, quick, say
from tests.recovery.popserver import BACK, FRONT, PopServer

GO = say(Choice.GO)
AGAIN = say(Choice.AGAIN)
SKIP = say(Choice.SKIP)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    limits = ((changes, "SET_SECONDS"), (changes, "EFFECT_GRACE"))
    services = ((server_changes, "EFFECT_GRACE"), (server_changes, "SERVICE_SECONDS"))
    for module, name in (*limits, *services):
        monkeypatch.setattr(module, name, 0.02)
    with opened(tmp_path) as found:
        found.access = PopServer()
        found.settings = quick(logging_confirm=0.01)
        yield found


@pytest.fixture
def pop(world: World) -> PopServer:
    assert isinstance(world.access, PopServer)
    return world.access


def bare(book: Runbook) -> Runbook:
    """Without guards: they have tests of their own."""
    return msgspec.structs.replace(
        book, steps=tuple(msgspec.structs.replace(s, guards=()) for s in book.steps)
    )


def turn_on(world: World, services: str = "front", **more: object) -> str:
    return world.begin(bare(ON[services]), **more)


def rests(world: World, run: str) -> None:
    """The worker lets go, with it on and on record."""
    with pytest.raises(Parked):
        world.work(run)
    assert world.run(run).step == "held"
    assert world.run(run).state is RunState.WAITING
    assert world.open_keys(run) == [LOGGING]
    assert due_of(world.journal, world.run(run)) is not None


def restarted(pop: PopServer) -> list[str]:
    return [str(c.parameters["Name"]) for c in pop.sent if c.cmdlet == "Restart-Service"]


def values(pop: PopServer) -> list[object]:
    return [c.parameters[LOGGING] for c in pop.sent if c.cmdlet == "Set-PopSettings"]


# --- off before ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("services", "names"), [("front", [FRONT]), ("back", [BACK]), ("both", [FRONT, BACK])]
)
def test_off_before_it_is_on_until_it_is_put_back(
    world: World, pop: PopServer, services: str, names: list[str]
) -> None:
    run = turn_on(world, services)
    world.script(GO, *[GO for _ in names])
    rests(world, run)
    assert values(pop) == [True]
    assert restarted(pop) == names
    assert world.tries(run)[-2] == ("seen", "arrives")

    world.script(GO, *[GO for _ in names])
    assert world.work(run) is RunState.RECOVERED
    assert not pop.on
    assert values(pop) == [True, False]
    assert restarted(pop) == [*names, *names]
    assert world.open_keys(run) == []


def test_a_worker_that_comes_back_rests_again_without_asking_anew(world: World, pop: PopServer) -> None:
    run = turn_on(world)
    world.script(GO, GO)
    rests(world, run)
    (before,) = [q for q in world.journal.questions(run) if q.open]
    rests(world, run)
    (after,) = [q for q in world.journal.questions(run) if q.open]
    assert after == before
    assert world.journal.lease(world.run(run).scope) is None, "a run that rests holds nothing"


def test_it_is_on_for_as_long_as_was_asked(world: World) -> None:
    run = turn_on(world, facts={"keep_for": 1_800})
    world.script(GO, GO)
    rests(world, run)
    due = due_of(world.journal, world.run(run))
    assert due == pytest.approx(world.journal.now() + 1_800, abs=60)
    assert "until" in world.prompts[-1]


def test_without_a_wish_it_is_on_for_as_long_as_is_configured(world: World) -> None:
    world.settings = quick(logging_confirm=0.01, logging_due=7_200.0)
    run = turn_on(world)
    world.script(GO, GO)
    rests(world, run)
    assert due_of(world.journal, world.run(run)) == pytest.approx(world.journal.now() + 7_200, abs=60)


def test_again_keeps_it_on_for_longer(world: World, pop: PopServer) -> None:
    run = turn_on(world, facts={"keep_for": 60})
    world.script(GO, GO)
    rests(world, run)
    first = due_of(world.journal, world.run(run))
    with world.journal.write(None) as writer:
        writer.facts(run, {"keep_for": 3_600})
    world.script(AGAIN)
    rests(world, run)
    second = due_of(world.journal, world.run(run))
    assert first is not None
    assert second is not None
    assert second - first > 3_000
    assert world.tries(run)[-2:] == [("held", "kept"), ("held", "")]
    assert values(pop) == [True]

    world.script(GO, GO)
    assert world.work(run) is RunState.RECOVERED
    assert not pop.on


def test_a_wish_to_end_the_wait_puts_it_back(world: World, pop: PopServer) -> None:
    run = turn_on(world)
    world.script(GO, GO)
    rests(world, run)
    world.wish(run, WishKind.END_WAIT)
    world.script(GO)
    assert world.work(run) is RunState.RECOVERED
    assert not pop.on
    assert world.words(run, "held") == f"Ended by ann: {REASON}"


def test_an_abort_puts_it_back(world: World, pop: PopServer) -> None:
    run = turn_on(world)
    world.script(GO, GO)
    rests(world, run)
    world.wish(run)
    assert world.work(run) is RunState.ABORTED
    assert not pop.on
    assert world.open_keys(run) == []


def test_a_hand_over_leaves_it_on_in_somebodys_name(world: World, pop: PopServer) -> None:
    run = turn_on(world)
    world.script(GO, GO)
    rests(world, run)
    world.script(say(Choice.HAND_OVER))
    assert world.work(run) is RunState.ESCALATED
    (left,) = world.journal.obligations(run=run)
    assert (left.prior, left.handed_to) == (False, "bob")
    assert pop.on


def test_the_restart_at_the_end_may_be_skipped_and_that_is_told(world: World, pop: PopServer) -> None:
    run = turn_on(world)
    world.script(GO, GO)
    rests(world, run)
    world.script(GO, SKIP)
    assert world.work(run) is RunState.RECOVERED
    assert not pop.on
    assert "logs on until its next restart" in world.words(run, "off-logging-off")


def test_every_step_survives_the_death_of_its_worker(world: World, pop: PopServer) -> None:
    """Killed after each intent and each effect, in turn: each change is sent once, and all is put back."""
    run = turn_on(world)
    died: set[tuple[str, str]] = set()

    def die(step: str, phase: str) -> None:
        if phase in ("after intent", "after effect") and (step, phase) not in died:
            died.add((step, phase))
            raise Killed

    world.phase = die
    for _ in range(40):
        try:
            world.script(GO)
            world.work(run)
        except Killed:
            world.journal.script.clear()
            assert not pop.on or world.open_keys(run) == [LOGGING]
            continue
        except Parked:
            continue
        break
    assert world.run(run).state is RunState.RECOVERED
    assert {step for step, _ in died} >= {"logging-on", "restart-front", "seen", "held", "off-logging-off"}
    assert values(pop) == [True, False]
    assert restarted(pop) == [FRONT, FRONT]
    assert not pop.on


# --- on before -----------------------------------------------------------------------------------


def test_on_before_it_stays_on_and_nothing_is_owed(world: World, pop: PopServer) -> None:
    pop.on = True
    pop.write(FRONT)
    run = turn_on(world)
    world.script(GO)
    assert world.work(run) is RunState.RECOVERED
    assert pop.on
    assert pop.sent == []
    assert world.journal.obligations(run=run, open_only=False) == ()
    assert [s for s, _ in world.tries(run)] == ["logging-on", "seen-already"]


def test_on_before_but_the_service_does_not_write_yet(world: World, pop: PopServer) -> None:
    pop.on = True
    run = turn_on(world)
    world.script(GO, GO, GO)
    assert world.work(run) is RunState.RECOVERED
    assert "Try again, or go on?" in world.prompts[1]
    assert restarted(pop) == [FRONT]
    assert values(pop) == []
    assert pop.on
    assert world.tries(run)[-1] == ("late-seen", "arrives")


def test_on_before_and_left_as_it_is(world: World, pop: PopServer) -> None:
    pop.on = True
    run = turn_on(world)
    world.script(GO, SKIP)
    assert world.work(run) is RunState.RECOVERED
    assert pop.sent == []


# --- changed by somebody else in between ---------------------------------------------------------


def test_put_back_by_somebody_else_it_is_told_and_not_set_again(world: World, pop: PopServer) -> None:
    run = turn_on(world)
    world.script(GO, GO)
    rests(world, run)
    pop.on = False
    world.script(GO, GO)
    assert world.work(run) is RunState.RECOVERED
    assert values(pop) == [True]
    assert not pop.on
    assert "False again already" in world.words(run, "off-logging-off")
    assert world.open_keys(run) == []


def test_turned_on_by_somebody_else_before_we_send_it_is_theirs(world: World, pop: PopServer) -> None:
    run = turn_on(world)

    def theirs(_: object) -> object:
        pop.on = True
        return GO

    world.script(theirs, GO, GO)  # type: ignore[arg-type]
    assert world.work(run) is RunState.RECOVERED
    assert values(pop) == []
    assert pop.on
    assert world.open_keys(run) == []


# --- lines do not arrive -------------------------------------------------------------------------


def test_lines_that_do_not_come_are_told_and_may_be_lived_with(world: World, pop: PopServer) -> None:
    pop.silent = {FRONT}
    run = turn_on(world)
    world.script(GO, GO)
    with pytest.raises(Parked):
        world.work(run)
    assert world.run(run).step == "seen"
    assert f"{FRONT} runs" in world.prompts[-1]
    assert "no log file" in world.prompts[-1]
    world.script(GO)
    rests(world, run)


def test_lines_that_do_not_come_and_it_is_put_back(world: World, pop: PopServer) -> None:
    pop.silent = {FRONT}
    run = turn_on(world)
    world.script(GO, GO, SKIP, GO)
    assert world.work(run) is RunState.RECOVERED
    assert not pop.on
    assert world.open_keys(run) == []
    assert restarted(pop) == [FRONT, FRONT]


def test_lines_of_both_are_wanted_of_both(world: World, pop: PopServer) -> None:
    pop.silent = {BACK}
    run = turn_on(world, "both")
    world.script(GO, GO, GO)
    with pytest.raises(Parked):
        world.work(run)
    assert world.tries(run)[-1] == ("seen", "not_seen")
    pop.write(BACK)
    world.script(AGAIN)
    rests(world, run)


def test_a_folder_that_is_not_there_yet_is_no_failure(world: World, pop: PopServer) -> None:
    pop.folder = None
    pop.silent = {FRONT}
    run = turn_on(world)
    world.script(GO, GO)
    with pytest.raises(Parked):
        world.work(run)
    assert world.tries(run)[-1] == ("seen", "not_seen")


@pytest.mark.parametrize(
    "error", [ScriptsRefusedError("EX01 does not run scripts for us"), UnreachableError("EX01 is gone")]
)
def test_a_folder_that_cannot_be_read_is_told_apart(world: World, pop: PopServer, error: Exception) -> None:
    pop.refuses = [error]
    run = turn_on(world)
    world.script(GO, GO)
    with pytest.raises(Parked):
        world.work(run)
    assert world.tries(run)[-1] == ("seen", "unreadable")
    assert str(error) in world.prompts[-1]
    assert pop.on
    assert world.open_keys(run) == [LOGGING]


def test_lines_from_before_the_restart_do_not_count(world: World, pop: PopServer) -> None:
    pop.write(FRONT)
    pop.silent = {FRONT}
    run = turn_on(world)
    world.script(GO, GO)
    with pytest.raises(Parked):
        world.work(run)
    assert world.tries(run)[-1] == ("seen", "not_seen")
    assert "last line" in world.prompts[-1]


# --- the service refuses to restart --------------------------------------------------------------


def test_a_service_that_does_not_start_with_it_on_starts_with_it_off(world: World, pop: PopServer) -> None:
    pop.stuck = {FRONT}
    run = turn_on(world)
    world.script(GO, GO, SKIP, GO)
    assert world.work(run) is RunState.ESCALATED
    assert not pop.on
    assert world.open_keys(run) == []
    assert pop.processes[FRONT].state == "Running"
    assert [s for s, _ in world.tries(run)][-3:] == [
        "failed-logging-off", "failed-front-restart-quiet", "escalate",
    ]  # fmt: skip


def test_a_service_that_starts_no_more_ends_escalated_with_the_setting_back(
    world: World, pop: PopServer
) -> None:
    pop.dead = {FRONT}
    run = turn_on(world)
    world.script(GO, GO, SKIP, GO, SKIP)
    assert world.work(run) is RunState.ESCALATED
    assert not pop.on
    assert world.open_keys(run) == []
    assert any("cannot be started" in p for p in world.prompts)


def test_a_service_that_does_not_start_at_first_is_tried_again(world: World, pop: PopServer) -> None:
    pop.dead = {FRONT}
    run = turn_on(world)
    world.script(GO, GO)
    with pytest.raises(Parked):
        world.work(run)
    assert world.open_keys(run) == [LOGGING]
    pop.dead = set()
    world.script(AGAIN, GO)
    rests(world, run)


def test_the_second_of_two_refuses_and_the_first_stops_writing_too(world: World, pop: PopServer) -> None:
    pop.stuck = {BACK}
    run = turn_on(world, "both")
    world.script(GO, GO, GO, SKIP, GO, GO)
    assert world.work(run) is RunState.ESCALATED
    assert not pop.on
    assert restarted(pop) == [FRONT, BACK, FRONT, BACK]


# --- off without a record ------------------------------------------------------------------------


def test_off_without_a_record_keeps_what_it_was_and_owes_nothing(world: World, pop: PopServer) -> None:
    pop.on = True
    run = world.begin(bare(OFF["both"]))
    world.script(GO, GO, GO)
    assert world.work(run) is RunState.RECOVERED
    assert not pop.on
    assert restarted(pop) == [FRONT, BACK]
    assert world.journal.attempts(run)[0].before["prior"] is True
    assert world.journal.obligations(run=run, open_only=False) == ()


def test_off_that_is_off_already_sends_nothing(world: World, pop: PopServer) -> None:
    run = world.begin(bare(OFF["front"]))
    world.script(GO)
    assert world.work(run) is RunState.RECOVERED
    assert pop.sent == []
    assert "is False already" in world.words(run, "clear")

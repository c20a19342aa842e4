"""How runs end before their procedure does: escalations, aborts, hand-overs, and workers that die in them."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from cockpit.exchange import changes
from cockpit.exchange.errors import UnreachableError
from cockpit.journal.records import Actor, Answer, Choice, NewAttempt, Question, RunState
from cockpit.journal.store import open_journal, sqlite_url
from cockpit.recovery import bundle, engine
from cockpit.recovery.actions.settings import LOGGING, MOVE_NOW, POLICY
from cockpit.recovery.asking import Parked
from cockpit.recovery.ending import Ender
from cockpit.recovery.runbook import ESCALATED, Step, freeze
from tests.recovery.builders import EX02
from tests.recovery.fakes import END, REASON, SCOPE, Killed, World, book, opened, say, step

GONE = UnreachableError("EX01 cannot be reached", "connection refused")
ESCALATION = book()
CHECKS = Path("unused.jsonl")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with opened(tmp_path) as found:
        yield found


@pytest.fixture(autouse=True)
def short_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SET_SECONDS", "EFFECT_GRACE"):
        monkeypatch.setattr(changes, name, 0.02)


# --- a hitch in the undo of an escalation --------------------------------------------------------


def test_an_escalation_leads_where_its_own_step_says(world: World) -> None:
    """Wherever it stands in its book."""
    run = world.begin(msgspec.structs.replace(ESCALATION, steps=(END, step("wait"))))
    assert world.work(run) is RunState.ESCALATED
    assert world.run(run).step == ESCALATED


def escalating(world: World) -> str:
    """At its escalation, with a block on; the server is silent once."""
    run = world.begin(ESCALATION)
    world.owe(run, MOVE_NOW, False, True)
    world.access.readings = [GONE]
    return run


def test_an_undo_that_failed_once_is_tried_again_and_the_run_escalates(world: World) -> None:
    run = escalating(world)
    world.script(say(Choice.GO), say(Choice.AGAIN))
    assert world.work(run) is RunState.ESCALATED
    assert world.open_keys(run) == []
    assert world.access.values[MOVE_NOW] is False
    assert [q.step for q in world.journal.asked] == ["escalate", f"undo:{MOVE_NOW}"]


def test_a_question_in_the_undo_does_not_move_the_run(world: World) -> None:
    run = escalating(world)
    world.script(say(Choice.GO))
    with pytest.raises(Parked):
        world.work(run)
    assert world.journal.asked[-1].step == f"undo:{MOVE_NOW}"
    assert world.run(run).step == "escalate"


@pytest.mark.parametrize("answered", [False, True])
def test_a_run_parked_at_the_undo_of_its_escalation_can_be_taken_up(world: World, answered: bool) -> None:
    run = escalating(world)
    world.script(say(Choice.GO))
    with pytest.raises(Parked):
        world.work(run)
    if answered:
        with world.journal.write(None) as writer:
            writer.answer(world.journal.asked[-1].id, say(Choice.AGAIN))
    world.script(say(Choice.GO))
    assert world.work(run) is RunState.ESCALATED
    assert world.open_keys(run) == []


def test_a_worker_killed_at_the_undo_of_an_escalation_leaves_a_run_that_can_be_taken_up(
    world: World,
) -> None:
    run = escalating(world)

    def dies(_: Any) -> Any:
        raise Killed

    world.script(say(Choice.GO), dies)
    with pytest.raises(Killed):
        world.work(run)
    world.script(say(Choice.GO))
    assert world.work(run) is RunState.ESCALATED
    assert world.open_keys(run) == []


def test_a_row_of_an_older_program_that_stands_at_the_undo_goes_on_with_the_escalation(world: World) -> None:
    run = world.begin(ESCALATION)
    world.owe(run, MOVE_NOW, False, True)
    with world.journal.write(None) as writer:
        writer.state(run, RunState.WAITING, f"undo:{MOVE_NOW}")
    world.script(say(Choice.GO))
    assert world.work(run) is RunState.ESCALATED


def test_an_aborting_run_stays_so_through_its_questions(world: World) -> None:
    run = escalating(world)
    world.wish(run)
    states: list[RunState] = []
    world.phase = lambda name, phase: (
        states.append(world.run(run).state) if phase == "before intent" else None
    )
    world.script(say(Choice.AGAIN))
    assert world.work(run) is RunState.ABORTED
    assert states == [RunState.ABORTING]


# --- answers to a question that nobody waits at --------------------------------------------------


def left_at(world: World, *, skip: str = "") -> tuple[str, int]:
    """Parked, because its undo was accepted and ignored; the run and its question."""
    run = world.begin(book(step("restore_policy", closes=POLICY, skip=skip)))
    world.owe(run, POLICY, "Unrestricted", "Blocked")
    world.access.ignores = True
    with pytest.raises(Parked):
        world.work(run)
    assert len(world.access.sent) == 1
    return run, world.journal.asked[-1].id


def answered(world: World, question: int, choice: Choice) -> None:
    with world.journal.write(None) as writer:
        writer.answer(question, say(choice))


@pytest.mark.parametrize("hours", [0, 8])
def test_a_hand_over_is_taken_before_anything_is_tried_again(
    world: World, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    run, question = left_at(world)
    answered(world, question, Choice.HAND_OVER)
    true_now = world.journal.now
    monkeypatch.setattr(world.journal, "now", lambda: true_now() + hours * 3_600.0)
    assert world.work(run) is RunState.ESCALATED
    assert len(world.access.sent) == 1
    assert [o.handed_to for o in world.journal.obligations(run=run)] == ["bob"]
    assert world.tries(run)[1:] == [("it", "not applied"), ("escalate", "done")]


@pytest.mark.parametrize("hours", [0, 8])
def test_an_abort_is_taken_before_anything_is_tried_again(
    world: World, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    run, question = left_at(world)
    answered(world, question, Choice.ABORT)
    world.access.ignores = False
    true_now = world.journal.now
    monkeypatch.setattr(world.journal, "now", lambda: true_now() + hours * 3_600.0)
    assert world.work(run) is RunState.ABORTED
    assert world.tries(run)[1:] == [("it", "not applied"), (f"undo:{POLICY}", "done")]


@pytest.mark.parametrize(("hours", "tries"), [(0, 1), (8, 2)])
def test_a_skip_is_taken_before_anything_is_tried_again_while_it_is_fresh(
    world: World, monkeypatch: pytest.MonkeyPatch, hours: int, tries: int
) -> None:
    run, question = left_at(world, skip="escalate")
    answered(world, question, Choice.SKIP)
    true_now = world.journal.now
    monkeypatch.setattr(world.journal, "now", lambda: true_now() + hours * 3_600.0)
    with pytest.raises(Parked):
        world.work(run)
    assert len(world.access.sent) == tries


def test_a_hand_over_of_a_run_that_is_being_aborted_is_taken(world: World) -> None:
    run = world.begin(book(step("monitor")))
    world.owe(run, POLICY, "Unrestricted", "Blocked")
    world.access.ignores = True
    world.wish(run)
    with pytest.raises(Parked):
        world.work(run)
    answered(world, world.journal.asked[-1].id, Choice.HAND_OVER)
    assert world.work(run) is RunState.ESCALATED
    assert len(world.access.sent) == 1


def test_a_decision_is_taken_once(world: World) -> None:
    """After the hand-over the escalation asks on its own account."""
    run, question = left_at(world)
    answered(world, question, Choice.HAND_OVER)
    assert world.work(run) is RunState.ESCALATED
    events = [line.body for line in world.journal.lines(run=run) if "run.handed over" in line.body]
    assert len(events) == 1


# --- runs that this program cannot read ----------------------------------------------------------


def newer(world: World) -> str:
    """A run of a newer program, whose steps have a field that this one does not know."""
    text, _ = freeze(book(step("monitor")))
    text = text.replace('"action":"monitor"', '"action":"monitor","newer":1')
    return world.begin(book(step("monitor")), book=text, digest=hashlib.sha256(text.encode()).hexdigest())


@pytest.mark.parametrize("doubt", [False, True])
def test_a_run_that_cannot_be_read_can_be_aborted(world: World, doubt: bool) -> None:
    run = newer(world)
    world.owe(run, MOVE_NOW, False, True)
    if doubt:
        world.intend(NewAttempt(run, "it", "Newer-Cmdlet", {}, 0.0))
    world.wish(run)
    assert world.work(run) is RunState.ABORTED
    assert world.open_keys(run) == []
    assert world.access.values[MOVE_NOW] is False


def test_a_run_whose_book_was_changed_can_be_aborted(world: World) -> None:
    run = world.begin(book(step("monitor")), digest="0" * 64)
    world.owe(run, LOGGING, False, True)
    world.wish(run)
    assert world.work(run) is RunState.ABORTED
    assert world.open_keys(run) == []


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (step("defragment"), "the action defragment"),
        (step("monitor", guards=("moon.full", "role.known")), "the guard moon.full"),
    ],
)
def test_a_step_of_a_newer_program_is_asked_about(world: World, made: Step, words: str) -> None:
    run = world.begin(book(made))
    world.script(say(Choice.HAND_OVER))
    assert world.work(run) is RunState.ESCALATED
    assert words in world.prompts[0]
    assert "Upgrade it" in world.prompts[0]


# --- parents and children ------------------------------------------------------------------------


def child_of(world: World, parent: str, **more: Any) -> str:
    return world.begin(ESCALATION, parent=parent, server=EX02, scope=SCOPE, **more)


def test_a_parent_whose_child_handed_something_over_can_be_aborted(world: World) -> None:
    parent = world.begin(book(step("monitor")))
    child = child_of(world, parent)
    number = world.owe(child, POLICY, "Unrestricted", "Blocked", EX02)
    with world.journal.write(None) as writer:
        writer.hand_over(number, "bob", REASON)
        writer.end(child, RunState.ESCALATED, "handed over")
    world.wish(parent)
    assert world.work(parent) is RunState.ESCALATED
    assert world.obligation(number).open
    assert "Aborted by ann" in world.run(parent).ending


def test_a_parent_whose_child_handed_something_over_does_not_end_recovered(world: World) -> None:
    parent = world.begin(book(step("wait")))
    child = child_of(world, parent)
    number = world.owe(child, POLICY, "Unrestricted", "Blocked", EX02)
    with world.journal.write(None) as writer:
        writer.hand_over(number, "bob", REASON)
        writer.end(child, RunState.ESCALATED, "handed over")
    assert world.work(parent) is RunState.ESCALATED


def waiting_parent(world: World) -> tuple[str, str]:
    """A parent that waits for its child, which has a block on and waits itself."""
    parent = world.begin(book(step("child", name="behind", args={"runbook": "PopDeepTest"})))
    child = world.begin(book(step("wait", "back"), step("restore_move_now", name="back", closes=MOVE_NOW)),
                        parent=parent)  # fmt: skip
    world.owe(child, MOVE_NOW, False, True)
    world.intend(NewAttempt(parent, "behind", "x", {"child": child}, 0.0))
    return parent, child


def once(world: World, run: str) -> None:
    """An abort is wished of ``run`` while the wait goes on."""
    wished: list[str] = []

    def press(name: str, phase: str) -> None:
        if (name, phase) == ("it", "after intent") and not wished:
            wished.append(run)
            world.wish(run)

    world.phase = press


def test_an_abort_of_the_parent_aborts_the_child_that_works(world: World) -> None:
    parent, child = waiting_parent(world)
    once(world, parent)
    assert world.work(parent) is RunState.ABORTED
    assert world.run(child).state is RunState.ABORTED
    assert world.open_keys(child) == []
    assert world.journal.wishes(parent) == ()


def test_an_abort_of_the_child_alone_leaves_the_parent(world: World) -> None:
    parent, child = waiting_parent(world)
    once(world, child)
    assert world.work(parent) is RunState.RECOVERED
    assert world.run(child).state is RunState.ABORTED
    assert world.tries(parent) == [("behind", "aborted")]


def killed_in(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str) -> Callable[[], None]:
    """The worker dies as it gets there; what is given back revives it."""

    def dies(*_: Any, **__: Any) -> Any:
        raise Killed

    former = getattr(owner, name)
    monkeypatch.setattr(owner, name, dies)
    return lambda: monkeypatch.setattr(owner, name, former)


def test_a_worker_killed_in_the_childs_abort_has_recorded_the_parents(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    parent, child = waiting_parent(world)
    once(world, parent)
    revive = killed_in(monkeypatch, Ender, "abort")
    with pytest.raises(Killed):
        world.work(parent)
    assert world.run(parent).facts["aborting"]["by"] == "ann"
    assert world.run(child).facts["aborting"]["by"] == "ann"
    assert {world.run(r).state for r in (parent, child)} == {RunState.ABORTING}
    revive()
    assert world.work(parent) is RunState.ABORTED
    assert world.run(child).state is RunState.ABORTED


def test_an_abort_is_not_heeded_before_it_is_recorded(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    run = world.begin(book(step("wait", "again"), step("wait", name="again")))
    world.wish(run)
    revive = killed_in(monkeypatch, engine.Engine, "_record")
    with pytest.raises(Killed):
        world.work(run)
    assert [w.reason for w in world.journal.wishes(run)] == [REASON]
    revive()
    assert world.work(run) is RunState.ABORTED


@pytest.mark.parametrize("state", [RunState.RUNNING, RunState.WAITING])
def test_a_question_is_withdrawn_with_the_abort(world: World, state: RunState) -> None:
    run = world.begin(book(step("monitor")))
    with world.journal.write(None) as writer:
        asked = writer.ask(run, "it", "Go on?", (Choice.AGAIN,))
        writer.state(run, state)
    world.wish(run)
    assert world.work(run) is RunState.ABORTED
    found = next(q for q in world.journal.questions(run) if q.id == asked.id)
    assert not found.open
    assert found.answer is None
    # In the abort's own transaction, not only at the end: meanwhile nobody is to answer it in vain.
    events = [json.loads(line.body) for line in world.journal.lines(run=run)]
    withdrawn = next(e for e in events if e["event"] == "question.withdrawn")
    assert withdrawn["why"] == "the run is aborted"


def test_an_abort_wished_in_the_midst_of_a_hand_over_is_heeded(world: World) -> None:
    """The child's DAG is another's: while that is asked about, the operator changes their mind."""
    parent = world.begin(book(step("monitor")))
    child = world.begin(ESCALATION, parent=parent, scope="dag:DAG2")
    world.intend(NewAttempt(parent, "behind", "x", {"child": child}, 0.0))
    eve = Actor("eve", "there", "elsewhere/9/z", "tests")
    other = open_journal(sqlite_url(world.folder / "journal.db"), eve, keys=world.folder, checkpoints=CHECKS)
    hold = other.acquire("dag:DAG2", "eves", 60.0)

    def wishes(question: Question) -> None:
        assert "held by eve" in question.prompt
        world.wish(parent)

    def lets_go(_: Question) -> Answer:
        other.release(hold)
        return say(Choice.AGAIN)

    world.script(say(Choice.HAND_OVER), wishes, lets_go)
    assert world.work(parent) is RunState.ABORTED
    assert world.run(child).state is RunState.ABORTED
    other.close()


# --- what is open goes to a name -----------------------------------------------------------------


def test_a_hand_over_in_an_abort_ends_escalated(world: World) -> None:
    run = world.begin(book(step("monitor")))
    number = world.owe(run, POLICY, "Unrestricted", "Blocked")
    world.access.readings = [GONE] * 3
    world.wish(run)
    world.script(say(Choice.HAND_OVER))
    assert world.work(run) is RunState.ESCALATED
    found = world.obligation(number)
    assert found.open
    assert found.handed_to == "bob"


# --- the bundle ----------------------------------------------------------------------------------

FAILURES = [OSError(28, "No space left on device"), ValueError("Set-X: Identity must not be empty")]


@pytest.mark.parametrize("failure", FAILURES)
def test_a_bundle_that_cannot_be_made_does_not_keep_the_run_open(
    world: World, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    def fails(*_: Any, **__: Any) -> Path:
        raise failure

    monkeypatch.setattr(engine, "build", fails)
    run = world.begin(ESCALATION)
    with pytest.raises(Parked):
        world.work(run)
    assert "could not be made" in world.prompts[0]
    assert Choice.GO in world.journal.asked[0].choices
    world.script(say(Choice.GO))
    assert world.work(run) is RunState.ESCALATED
    assert "Ended without it by ann" in world.run(run).ending


def test_a_bundle_is_tried_again_on_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    failures = [OSError(28, "No space left on device")]

    def once_full(*args: Any, **more: Any) -> Path:
        if failures:
            raise failures.pop()
        return bundle.build(*args, **more)

    monkeypatch.setattr(engine, "build", once_full)
    run = world.begin(ESCALATION)
    world.script(say(Choice.AGAIN))
    assert world.work(run) is RunState.ESCALATED
    assert world.tries(run) == [("escalate", "error"), ("escalate", "done")]
    assert list((world.folder / "bundles").glob("*.zip"))


def test_a_bundle_has_no_password_of_its_worker(world: World) -> None:
    """The worker's variables hold none, so it has to be told what to cut."""
    world.secrets = ("hunter2-Zurich",)
    run = world.begin(ESCALATION, facts={"said": "the password is hunter2-Zurich"})
    assert world.work(run) is RunState.ESCALATED
    (made,) = (world.folder / "bundles").glob("*.zip")
    with zipfile.ZipFile(made) as archive:
        whole = b"".join(archive.read(name) for name in archive.namelist())
    assert b"the password is" in whole
    assert b"hunter2-Zurich" not in whole

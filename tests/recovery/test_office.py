"""Recovery as screens use it: who works on a run, what is refused, and what a bad row may not take down."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from cockpit.exchange.model import Reading
from cockpit.journal.errors import LeaseHeldError
from cockpit.journal.records import Answer, Choice, Lease, NewAttempt, Run, RunState, WishKind
from cockpit.recovery import launch, starting
from cockpit.recovery.actions.settings import LOGGING, MOVE_NOW
from cockpit.recovery.client import RefusedError
from cockpit.recovery.launch import works
from cockpit.recovery.office import Office
from cockpit.recovery.picture import life_of
from cockpit.recovery.sweep import Mark, Problem
from cockpit.recovery.sweeper import Marks
from cockpit.recovery.view import Life
from tests.recovery.builders import EX01, EX02, MONITOR, host
from tests.recovery.desks import Desk, another, office_world, parked
from tests.recovery.fakes import REASON, SCOPE, World, book, say, step


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with office_world(tmp_path, monkeypatch) as found:
        yield found


@pytest.fixture
def desk(world: World) -> Desk:
    return Desk(world.environment, world.journal, world.access)


# --- an obligation that was handed over ----------------------------------------------------------


def handed(world: World, *, ended: bool = True) -> tuple[str, int]:
    run = world.begin(book(step("monitor")))
    number = world.owe(run, MOVE_NOW, False, True)
    with world.journal.write(None) as writer:
        writer.hand_over(number, "bob", REASON)
        if ended:
            writer.end(run, RunState.ESCALATED, "handed over")
    return run, number


def test_a_value_that_is_back_closes_its_obligation(world: World, desk: Desk) -> None:
    _, number = handed(world)
    world.access.values[MOVE_NOW] = False
    assert [o.id for o in desk.standing().obligations] == [number]
    desk.settle(number, REASON)
    assert desk.standing().obligations == ()
    assert REASON in world.obligation(number).closed_by
    assert world.access.sent == []


def test_a_value_that_is_not_back_keeps_it_open_and_says_what_to_type(world: World, desk: Desk) -> None:
    _, number = handed(world)
    with pytest.raises(RefusedError) as refused:
        desk.settle(number, REASON)
    assert "it was False" in refused.value.why
    assert "Set-MailboxServer" in refused.value.helps
    assert world.obligation(number).open
    desk.settle(number, REASON, accept=True)
    assert not world.obligation(number).open
    assert "it is True, was False" in world.obligation(number).closed_by


def test_closing_wants_a_reason_an_ended_run_and_an_answer(world: World, desk: Desk) -> None:
    run, number = handed(world, ended=False)
    world.access.values[MOVE_NOW] = False
    for reason in ("", "x" * 9, "   short   "):
        with pytest.raises(RefusedError, match="reason"):
            desk.settle(number, reason, accept=True)
    with pytest.raises(RefusedError, match="has not ended"):
        desk.settle(number, REASON, accept=True)
    with world.journal.write(None) as writer:
        writer.end(run, RunState.ESCALATED, "x")
    world.access.exchange["get_mailbox_server"] = Reading(())
    with pytest.raises(RefusedError, match="was not read"):
        desk.settle(number, REASON, accept=True)
    with pytest.raises(RefusedError, match="not open"):
        desk.settle(number + 1, REASON)
    assert world.obligation(number).open


# --- who works on a run --------------------------------------------------------------------------


def lease_of(process: str, *, expired: bool = False, run: str = "r") -> Lease:
    return Lease(SCOPE, process, "bob", "there", run, 1, 1.0, 61.0, expired)


def test_a_dead_holder_does_not_work() -> None:
    here = os.uname().nodename
    dead = os.posix_spawn("/bin/true", ["true"], {})
    # Not waited for yet: it has ended or soon will, and its number is still taken.
    os.waitid(os.P_PID, dead, os.WEXITED | os.WNOWAIT)
    assert not works(lease_of(f"{here}/{dead}/a"))
    os.waitpid(dead, 0)
    assert not works(lease_of(f"{here}/{dead}/a"))
    assert works(lease_of(f"{here}/{os.getpid()}/a"))
    assert not works(lease_of(f"{here}/{os.getpid()}/a", expired=True))
    assert works(lease_of("elsewhere/1/a"))
    assert works(lease_of("odd"))
    assert not works(None)


@pytest.mark.parametrize("what", ["answer", "abort"])
def test_an_answer_while_a_dead_workers_lease_runs_starts_a_worker(
    world: World, desk: Desk, what: str
) -> None:
    run, question = parked(world)
    dead = os.posix_spawn("/bin/true", ["true"], {})
    os.waitpid(dead, 0)
    other = another(world, process=f"{os.uname().nodename}/{dead}/bob")
    other.acquire(SCOPE, run, 60.0)
    if what == "answer":
        desk.answer(run, question, say(Choice.HAND_OVER))
    else:
        desk.abort(run, REASON)
    assert desk.started == [run]
    other.close()


def test_an_answer_to_a_living_worker_starts_no_second_one(world: World, desk: Desk) -> None:
    run, question = parked(world)
    other = another(world, process=f"{os.uname().nodename}/{os.getpid()}/bob")
    other.acquire(SCOPE, run, 60.0)
    desk.answer(run, question, say(Choice.HAND_OVER))
    assert desk.started == []
    other.close()


# --- how it looks --------------------------------------------------------------------------------


def test_an_answered_question_waits_for_nobody(world: World, desk: Desk) -> None:
    run, question = parked(world)
    assert desk.view(run).life is Life.WAITING
    with world.journal.write(None) as writer:
        writer.answer(question, say(Choice.HAND_OVER))
    assert world.run(run).state is RunState.WAITING
    assert desk.view(run).life is Life.LEFT
    (line,) = desk.runs()
    assert line.life is Life.LEFT
    desk.resume(run)
    assert desk.started == [run]


def test_a_lease_of_another_run_does_not_make_this_one_live(world: World, desk: Desk) -> None:
    run = world.begin(book(step("wait")))
    world.journal.acquire(SCOPE, "another-run", 60.0)
    assert desk.view(run).life is Life.LEFT
    assert desk.runs()[0].life is Life.LEFT


def test_a_child_lives_by_its_parents_lease(world: World, desk: Desk) -> None:
    parent = world.begin(book(step("wait")))
    child = world.begin(book(step("wait")), parent=parent)
    world.journal.acquire(SCOPE, parent, 60.0)
    assert desk.view(child).life is Life.LIVE
    assert {line.life for line in desk.runs()} == {Life.LIVE}


@pytest.mark.parametrize(
    ("lease", "asks", "life"),
    [
        (lease_of("h/1/a"), False, Life.LIVE),
        (lease_of("h/1/a"), True, Life.WAITING),
        (lease_of("h/1/a", expired=True), False, Life.LEFT),
        (lease_of("h/1/a", run="x"), False, Life.LEFT),
        (None, True, Life.WAITING),
        (None, False, Life.LEFT),
    ],
)
def test_the_life_of_a_waiting_run(world: World, lease: Lease | None, asks: bool, life: Life) -> None:
    run = replace(world.run(world.begin(book(step("wait")))), state=RunState.WAITING)
    mine = lease if lease is None or lease.run == "x" else replace(lease, run=run.id)
    assert life_of(run, (run.id,), mine, asks=asks) is life


# --- one bad row ---------------------------------------------------------------------------------


def test_a_run_that_cannot_be_read_takes_no_list_down(world: World, desk: Desk) -> None:
    good = world.begin(book(step("wait")))
    bad = world.begin(book(step("wait")), digest="0" * 64)
    world.owe(bad, LOGGING, False, True)
    assert {line.run.id for line in desk.runs()} == {good, bad}
    assert {line.run.id for line in desk.standing().runs} == {good, bad}
    assert len(desk.standing().obligations) == 1
    with pytest.raises(RefusedError) as refused:
        desk.view(bad)
    assert "cannot read its runbook" in refused.value.why
    assert "abort" in refused.value.helps
    desk.abort(bad, REASON)
    assert desk.started == [bad]


# --- starts --------------------------------------------------------------------------------------


def test_a_start_takes_the_name_that_exchange_writes(world: World, desk: Desk) -> None:
    run = desk.start("ex01.contoso.com", MONITOR)
    assert world.run(run).server == EX01
    assert world.run(run).scope == SCOPE
    assert desk.started == [run]


def test_a_start_on_a_partial_answer_is_refused(world: World, desk: Desk) -> None:
    world.access.exchange["get_mailbox_server"] = Reading((), ("The domain controller did not answer",))
    with pytest.raises(RefusedError, match="Get-MailboxServer"):
        desk.start(EX01, MONITOR)
    assert world.journal.runs() == ()


def test_of_two_starts_on_one_dag_one_is_refused(
    world: World, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both had found it free; the second looks again under the lease."""
    other = another(world)
    bob = Desk(world.environment, other, world.access)
    world.access.exchange["get_mailbox_server"] = Reading((host(EX01), host(EX02)))
    real = desk._journal.acquire
    begun: list[str] = []

    def after_bob(*args: Any) -> Any:
        if not begun:
            begun.append(bob.start(EX02, MONITOR))
        return real(*args)

    monkeypatch.setattr(desk._journal, "acquire", after_bob)
    with pytest.raises(RefusedError, match="has not ended"):
        desk.start(EX01, MONITOR)
    assert [r.id for r in world.journal.runs()] == begun
    assert world.journal.lease(SCOPE) is None
    assert desk.started == []
    other.close()


def test_of_two_starts_at_one_moment_one_is_refused(
    world: World, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = another(world)
    hold = other.acquire(SCOPE, "bobs", 60.0)
    monkeypatch.setattr(starting, "free", lambda journal, scope, what: None)
    with pytest.raises(RefusedError) as refused:
        desk.start(EX01, MONITOR)
    assert isinstance(refused.value.__cause__, LeaseHeldError)
    other.release(hold)
    other.close()


@pytest.mark.parametrize("when", ["before", "at the same moment"])
def test_who_only_looks_under_the_lease_is_not_named_as_its_holder(
    world: World, desk: Desk, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    """Bob was refused for ann's run too, and has not let go of the lease yet."""
    other = another(world)
    run = world.begin(book(step("wait")))
    real = desk._journal.acquire

    def late(*args: Any) -> Any:
        if when != "before":
            other.acquire(SCOPE, "bobs", 60.0)
        return real(*args)

    if when == "before":
        other.acquire(SCOPE, "bobs", 60.0)
    else:
        looks = iter((lambda *_: None, starting.free))
        monkeypatch.setattr(starting, "free", lambda *args: next(looks)(*args))
    monkeypatch.setattr(desk._journal, "acquire", late)
    with pytest.raises(RefusedError, match=f"run {run[:8]} of ann on {EX01}, begun .* has not ended"):
        desk.start(EX01, MONITOR)
    other.close()


def test_a_lease_whose_run_is_about_to_be_created_is_named(world: World, desk: Desk) -> None:
    other = another(world)
    other.acquire(SCOPE, "bobs-run", 60.0)
    with pytest.raises(RefusedError, match=f"{SCOPE} is held by bob .* for run bobs-run"):
        desk.start(EX01, MONITOR)
    other.close()


def test_who_holds_a_scope_is_looked_up_alone(
    world: World, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many runs the journal has: those that have ended are not read for it."""
    run = world.begin(book(step("wait")))
    other = another(world)
    other.acquire(SCOPE, run, 60.0)
    real = desk._journal.runs

    def runs(*, limit: int = 100, open_only: bool = False) -> tuple[Run, ...]:
        assert open_only, "runs that have ended are in nobody's way"
        return real(limit=limit, open_only=open_only)

    monkeypatch.setattr(desk._journal, "runs", runs)
    with pytest.raises(RefusedError, match=f"{SCOPE} is held by bob .* for run {run[:8]}"):
        desk.start(EX01, MONITOR)
    other.close()


# --- what is refused -----------------------------------------------------------------------------


def test_an_answer_to_a_question_of_another_run_is_refused(world: World, desk: Desk) -> None:
    mine, question = parked(world)
    yours = world.begin(book(step("wait")), scope="dag:DAG2")
    with pytest.raises(RefusedError, match="is not of run"):
        desk.answer(yours, question, say(Choice.HAND_OVER))
    assert world.journal.open_question(mine) is not None
    assert desk.started == []


def test_an_answer_is_the_operators_own(world: World, desk: Desk) -> None:
    run, question = parked(world)
    desk.answer(run, question, Answer(Choice.HAND_OVER, "somebody else", REASON, to="bob"))
    (asked,) = world.journal.questions(run)
    assert asked.answer is not None
    assert asked.answer.by == "ann"


def test_the_end_of_a_wait_is_wished_only_in_a_wait(world: World, desk: Desk) -> None:
    run = world.begin(book(step("wait")))
    with pytest.raises(RefusedError, match="at no wait"):
        desk.wish(run, WishKind.END_WAIT, REASON)
    assert world.journal.wishes(run) == ()
    world.intend(NewAttempt(run, "it", "", {}, 60.0, due_in=60.0))
    desk.wish(run, WishKind.END_WAIT, REASON)
    assert [w.kind for w in world.journal.wishes(run)] == [WishKind.END_WAIT]


def test_a_worker_that_cannot_be_started_is_a_refusal(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    office = Office(world.environment, None, world.journal, read_only=False)
    run, question = parked(world)

    def full(*_: Any) -> Any:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(launch.Launcher, "start", full)
    with pytest.raises(RefusedError) as refused:
        office.answer(run, question, say(Choice.HAND_OVER))
    assert "No space left" in refused.value.why
    assert "resume" in refused.value.helps


def test_no_sweep_is_begun_by_an_office_that_closes(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    office = Office(world.environment, None, world.journal, read_only=False)
    monkeypatch.setattr(launch.Launcher, "_spawn", lambda *_: pytest.fail("a process was started"))
    office._launcher.close()
    with pytest.raises(RefusedError, match="the process that looks has ended"):
        office.sweep()


def test_an_office_that_closes_while_a_sweep_is_started_refuses_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = Office(world.environment, None, world.journal, read_only=False)
    launcher = office._launcher
    task = launcher._task

    def closes(places: Any, run: str) -> Any:
        launcher.close()
        return task(places, run)

    monkeypatch.setattr(launcher, "_task", closes)
    with pytest.raises(RefusedError, match="the process that looks has ended"):
        office.sweep()
    assert launcher._looking is not None
    assert launcher._looking.returncode is not None, "it is gone, and reaped"


MARK = Mark(EX01, True, "Unrestricted", False, ())


def test_a_sweep_reads_the_obligations_after_the_servers(
    world: World, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that begins while the servers are asked is not blamed."""
    run = world.begin(book(step("wait")))

    def slow(_: Any) -> Marks:
        world.owe(run, MOVE_NOW, False, True)
        return Marks((MARK,), ())

    monkeypatch.setattr(desk._launcher, "look", slow)
    assert desk.sweep().orphans == ()


def _received(sent: bytes, _: Any) -> Marks:
    return msgspec.msgpack.decode(sent, type=Marks)


def test_a_standing_says_which_servers_were_not_read(
    world: World, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    for problem, unread in ((Problem("EX02 is gone", "EX02"), ("EX02",)), (Problem("who is there?"), None)):
        answer = Marks((MARK,), (problem,))
        sent = msgspec.msgpack.encode(answer)
        monkeypatch.setattr(desk._launcher, "look", partial(_received, sent))
        assert desk.sweep().unread == unread
        assert desk.standing().unread == unread
        assert desk.standing().problem == problem.words


def test_a_standing_says_that_the_sweep_was_refused(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    refused = Marks((), (Problem("EX01 did not accept the sign-in"),), refused=True)
    monkeypatch.setattr(desk._launcher, "look", partial(_received, msgspec.msgpack.encode(refused)))
    assert desk.sweep().refused
    assert desk.standing().refused
    monkeypatch.setattr(desk._launcher, "look", lambda _: Marks((MARK,), ()))
    assert not desk.sweep().refused


def test_a_sweep_tells_what_nobody_owes(world: World, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk._launcher, "look", lambda _: Marks((MARK,), ()))
    assert [(o.key, o.severe) for o in desk.sweep().orphans] == [(MOVE_NOW, True)]

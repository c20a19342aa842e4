"""A worker's turn at a run: whose lease it waits for, what it takes up, when it goes."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cockpit.exchange.model import Reading
from cockpit.journal.records import Choice, RunState, WishKind
from cockpit.journal.store import sqlite_url
from cockpit.recovery import worker
from cockpit.recovery.actions.settings import LOGGING, MOVE_NOW, POLICY
from cockpit.recovery.asking import Parked
from cockpit.recovery.engine import Engine
from cockpit.recovery.work import Work
from cockpit.recovery.worker import EXIT_ENDED, EXIT_HELD, EXIT_PARKED, Task
from tests.recovery.builders import EX01, server
from tests.recovery.desks import another, office_world, parked
from tests.recovery.fakes import REASON, SCOPE, World, book, quick, say, step


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with office_world(tmp_path, monkeypatch) as found:
        yield found


def task(world: World, run: str, password: str | None = None) -> Task:
    url, bundles = sqlite_url(world.folder / "journal.db"), str(world.folder / "bundles")
    return Task(run, world.environment, password, url, "", "", bundles, "ann", "here", "tests")


def worked(world: World, run: str, monkeypatch: pytest.MonkeyPatch) -> int:
    """A worker process's main part, in this thread."""
    monkeypatch.setattr(worker, "Sessions", lambda *_: world.access)
    return worker.work(world.journal, task(world, run))


def test_a_worker_waits_for_a_dead_ones_lease_of_its_own_run(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, question = parked(world)
    world.settings = quick(lease=2.0)
    other = another(world)
    other.acquire(SCOPE, run, 0.3)
    with world.journal.write(None) as writer:
        writer.answer(question, say(Choice.HAND_OVER))
    assert worked(world, run, monkeypatch) == EXIT_ENDED
    assert world.run(run).state is RunState.ESCALATED
    other.close()


def test_a_worker_does_not_wait_for_another_runs_lease(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    run, _ = parked(world)
    other = another(world)
    other.acquire(SCOPE, "another-run", 60.0)
    assert worked(world, run, monkeypatch) == EXIT_HELD
    other.close()


def test_a_worker_does_not_wait_for_one_that_lives(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    run, _ = parked(world)
    other = another(world)
    hold = other.acquire(SCOPE, run, 0.5)
    stop = threading.Event()

    def beats() -> None:
        while not stop.wait(0.05):
            other.renew(hold)

    living = threading.Thread(target=beats)
    living.start()
    try:
        assert worked(world, run, monkeypatch) == EXIT_HELD
    finally:
        stop.set()
        living.join()
        other.close()


def test_an_answer_between_the_last_look_and_the_release_is_taken_up(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = world.begin(book(step("monitor")))
    real = Engine.drive

    def late(self: Any, run_id: str) -> RunState:
        try:
            return real(self, run_id)
        except Parked:
            if world.journal.open_question(run) and not late_answers:
                late_answers.append(1)
                with world.journal.write(None) as writer:
                    writer.answer(world.journal.asked[-1].id, say(Choice.HAND_OVER))
            raise

    late_answers: list[int] = []
    monkeypatch.setattr(Engine, "drive", late)
    assert worked(world, run, monkeypatch) == EXIT_ENDED
    assert world.run(run).state is RunState.ESCALATED


def test_a_wish_between_the_last_look_at_a_hold_and_the_release_is_taken_up(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever wishes it then sees a worker's lease, and starts none."""
    run = world.begin(book(step("hold")))
    real, parked_at = Engine.drive, []

    def late(self: Any, run_id: str) -> RunState:
        try:
            return real(self, run_id)
        except Parked:
            parked_at.append(run_id)
            if len(parked_at) == 1:
                world.wish(run, WishKind.END_WAIT)
            raise

    monkeypatch.setattr(Engine, "drive", late)
    assert worked(world, run, monkeypatch) == EXIT_ENDED
    assert world.run(run).state is RunState.RECOVERED
    assert parked_at == [run]


def test_a_worker_parks_where_nobody_answers(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    run = world.begin(book(step("monitor")))
    assert worked(world, run, monkeypatch) == EXIT_PARKED
    assert world.journal.lease(SCOPE) is None


@pytest.mark.parametrize("case", ["end of a wait", "a second abort", "of a run that has ended"])
def test_a_wish_that_nobody_can_heed_keeps_no_worker_busy(
    world: World, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    run = world.begin(book(step("monitor")))
    child = world.begin(book(), parent=run)
    with world.journal.write(None) as writer:
        if case == "end of a wait":
            writer.wish(run, WishKind.END_WAIT, REASON, "ann")
        elif case == "of a run that has ended":
            writer.wish(child, WishKind.ABORT, REASON, "ann")
            writer.end(child, RunState.ABORTED, "x")
        else:
            writer.facts(run, {"aborting": {"by": "ann", "reason": REASON}})
            writer.wish(run, WishKind.ABORT, REASON, "ann")
    if case == "a second abort":
        world.owe(run, POLICY, "Unrestricted", "Blocked")
        world.access.ignores = True
    real, taken_up = Engine.drive, []

    def counted(self: Any, run_id: str) -> RunState:
        taken_up.append(run_id)
        assert len(taken_up) < 3, "taken up for ever"
        return real(self, run_id)

    monkeypatch.setattr(Engine, "drive", counted)
    assert worked(world, run, monkeypatch) == EXIT_PARKED
    assert len(taken_up) == 1


def test_a_worker_tells_the_bundle_its_password(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    run = world.begin(book(), facts={"said": "the password is hunter2-Zurich"})
    seen: list[tuple[str, ...]] = []
    real = Work

    def noted(*args: Any, **more: Any) -> Any:
        seen.append(more["secrets"])
        return real(*args, **more)

    monkeypatch.setattr(worker, "Work", noted)
    monkeypatch.setattr(worker, "Sessions", lambda *_: world.access)
    assert worker.work(world.journal, task(world, run, "hunter2-Zurich")) == EXIT_ENDED
    assert seen == [("hunter2-Zurich",)]


def test_the_last_look_of_a_worker_does_not_blame_a_run_that_began_meanwhile(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = world.begin(book(), facts={})
    other = world.begin(book(step("wait")), scope="dag:DAG2")
    world.access.values.update({MOVE_NOW: True, POLICY: "Unrestricted", LOGGING: False})
    world.access.exchange["get_exchange_server"] = Reading((server(EX01),))

    def slow(_: str) -> Any:
        if world.run(run).ended and not world.journal.obligations():
            world.owe(other, MOVE_NOW, False, True)
        return Reading(())

    world.access.exchange["get_server_component_state"] = slow
    assert worked(world, run, monkeypatch) == EXIT_ENDED
    assert world.journal.obligations()
    (line,) = [json.loads(x.body) for x in world.journal.lines() if json.loads(x.body)["event"] == "sweep"]
    assert line["orphans"] == []

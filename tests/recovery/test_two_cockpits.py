"""Several operators, one DAG: one acts, the others see who, and may answer."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from cockpit.journal.records import Choice, RunState
from cockpit.recovery.client import RefusedError
from tests.recovery.crashing import World, Worlds
from tests.recovery.offices import Cockpit, LoopOffice
from tests.recovery.robot import go_on
from tests.recovery.routes import MEMBER, OTHER, ROUTES
from tests.support.waiting import eventually

MONITOR = "PopDeepTestMonitor"


@pytest.fixture
def world(worlds: Worlds) -> Iterator[World]:
    """A lab with a broken back end; the run that worlds come with is out of the way."""
    found = worlds.open(ROUTES["PopDeepTest: restart"])
    found.abort()
    assert found.work() == 0
    yield found
    worlds.close(found)


def cockpit(world: World, operator: str, at: float = 0.0, server: str = MEMBER) -> Cockpit:
    return Cockpit(
        *(operator, world.environment, world.url, world.folder, world.lab.address, server, MONITOR, at),
        world.folder / f"{operator}.said",
    )


@contextmanager
def opened(world: World, operator: str) -> Iterator[tuple[LoopOffice, list[int]]]:
    """An operator's office; the list gets the process ids of the workers it starts."""
    pids: list[int] = []

    def at_work(run: str) -> None:
        world.run = run
        pids.append(world.start(operator=operator))

    office = cockpit(world, operator).open(at_work)
    yield office, pids
    office.close()


def test_the_second_is_told_who_and_which_run(world: World) -> None:
    with opened(world, "ann") as (ann, pids), opened(world, "bob") as (bob, none):
        run = ann.start(MEMBER, MONITOR)
        eventually(lambda: ann.view(run).question, 10.0, "ann's run at a question")

        for server in (MEMBER, OTHER):
            with pytest.raises(RefusedError, match="dag:DAG01 is held by ann") as refused:
                bob.start(server, MONITOR)
            assert re.search(r"since \d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ", str(refused.value))
            assert run[:8] in str(refused.value)

        with pytest.raises(RefusedError, match="ann works on it"):
            bob.resume(run)
        assert not none
        assert [r.id for r in world.journal.runs(open_only=True)] == [run]
        bob.abort(run, "bob knows better than that")
        assert world.nursery.look(pids[0], 10.0) == 0
        assert world.row.state is RunState.ABORTED
        assert world.row.ending == "Aborted by bob: bob knows better than that"


def test_the_second_sees_and_answers(world: World) -> None:
    with opened(world, "ann") as (ann, pids), opened(world, "bob") as (bob, _):
        run = ann.start(MEMBER, MONITOR)
        while world.nursery.look(pids[0], 0.02) is None:
            question = world.journal.open_question(run)
            if question is not None:
                assert bob.view(run).question is not None
                found = world.journal.readings(run, question.step)
                rule = go_on(question, [f for f in found[-1].findings if f.blocks] if found else [])
                bob.answer(run, question.id, replace(rule, typed=MEMBER))

        assert world.nursery.ended[pids[0]] == 0
        assert bob.view(run).run.state is RunState.RECOVERED
        answers = [q.answer for q in world.journal.questions(run)]
        assert {a.choice for a in answers if a is not None} == {Choice.GO}
        assert ann.view(run).run.operator == "ann"
        world.all_undone()


def test_a_run_without_a_worker_keeps_others_out_too(world: World) -> None:
    """Its lease is over, its question is still there: nobody starts beside it, anybody may take it up."""
    with opened(world, "ann") as (ann, pids), opened(world, "bob") as (bob, taken):
        run = ann.start(MEMBER, MONITOR)
        eventually(lambda: ann.view(run).question, 10.0, "ann's run at a question")
        os.kill(pids[0], signal.SIGKILL)
        world.nursery.look(pids[0], 5.0)
        world.time_passes()

        with pytest.raises(RefusedError, match=f"run {run[:8]} of ann on {MEMBER}, begun .* has not ended"):
            bob.start(MEMBER, MONITOR)
        bob.resume(run)
        assert world.finish(taken[0]) == 0
        assert world.row.state is RunState.RECOVERED
        world.all_undone()


def test_of_eight_starts_at_once_one_wins(world: World) -> None:
    at = time.time() + 0.6
    names = [f"operator{n}" for n in range(8)]
    pids = [world.nursery.start(cockpit(world, name, at)) for name in names]
    codes = [world.nursery.look(pid, 20.0) for pid in pids]

    said = {name: (world.folder / f"{name}.said").read_text(encoding="utf-8") for name in names}
    assert sorted(code for code in codes if code is not None) == [0, 1, 1, 1, 1, 1, 1, 1], said
    (won,) = [name for name, code in zip(names, codes, strict=True) if code == 0]
    (run,) = world.journal.runs(open_only=True)
    assert (run.id, run.operator) == (said[won], won)
    for name in names:
        assert name == won or (won in said[name] and run.id[:8] in said[name]), said[name]

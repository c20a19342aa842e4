"""kill -9 of a worker in every phase of every step of every runbook, then resume, and again with abort.

What is compared is the lab's ledger and its state, not our journal.
"""

from __future__ import annotations

import pytest

from cockpit.journal.records import RunState
from cockpit.recovery.runbooks import RUNBOOKS
from tests.recovery.crashing import PHASES, Matrix, Worlds
from tests.recovery.loopback import MOVE_NOW, POLICY
from tests.recovery.nursery import Point
from tests.recovery.routes import ROUTES, kills

FRONT = ("PopCTP", "PopProxyTest")
ALWAYS = "PopDeepTest: failover"
"""Part of every run of the tests; the whole matrix has a command of its own: pytest -m matrix."""
MINE = [
    pytest.param(name, marks=() if name == ALWAYS else pytest.mark.matrix)
    for name, route in ROUTES.items()
    if kills(name) and route.runbook not in FRONT
]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", MINE)
def test_a_worker_killed_anywhere(worlds: Worlds, name: str) -> None:
    matrix = Matrix.begin(worlds, ROUTES[name])
    for step in kills(name):
        matrix.step(step)
    matrix.end()


@pytest.mark.parametrize("book", RUNBOOKS)
def test_workers_are_killed_in_every_step_of_every_runbook(book: str) -> None:
    killed = sorted(step for name, route in ROUTES.items() if route.runbook == book for step in kills(name))
    assert killed == sorted(step.id for step in RUNBOOKS[book].steps)


@pytest.mark.parametrize("key", [MOVE_NOW, POLICY])
def test_a_worker_killed_while_it_aborts(worlds: Worlds, key: str) -> None:
    begun = worlds.open(ROUTES["PopDeepTest: failover"])
    begun.die(Point("away-reboot", "before intent"))
    begun.abort()
    for phase in PHASES:
        world = worlds.fork(begun)
        world.die(Point(f"undo:{key}", phase))
        assert world.work() == 0, world.told()
        assert world.row.state is RunState.ABORTED, world.told()
        world.all_undone()
        undone = [n for what, n in world.changes().items() if f"('{key}', " in what]
        assert undone == [1, 1], world.told()
        worlds.close(world)
    worlds.close(begun)

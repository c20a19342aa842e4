"""The crash matrix of the front end's runbooks, in a file of its own so that two processes share the work.

What is compared is the lab's ledger and its state, not our journal.
"""

from __future__ import annotations

import pytest

from tests.recovery.crashing import Matrix, Worlds
from tests.recovery.routes import ROUTES, kills

MINE = [name for name, route in ROUTES.items() if kills(name) and route.runbook in ("PopCTP", "PopProxyTest")]


@pytest.mark.matrix
@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", MINE)
def test_a_worker_killed_anywhere(worlds: Worlds, name: str) -> None:
    matrix = Matrix.begin(worlds, ROUTES[name])
    for step in kills(name):
        matrix.step(step)
    matrix.end()

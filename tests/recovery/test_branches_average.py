"""AverageCommandProcessingTimeGt60sMonitor over the wire: every way through its runbook."""

from __future__ import annotations

from typing import Final

import pytest

from cockpit.journal.records import RunState
from tests.recovery.cases import (
    ACCESS,
    FRONT,
    SKIP,
    Case,
    act,
    away,
    check,
    fail_back,
    reboot,
    restart,
    unblock,
)
from tests.recovery.ways import Book, computers, landings
from tests.recovery.wire import BE, POP

_SLOW = "AverageCommandProcessingTimeGt60sMonitor"
_HEAD = "restart-front done, restart-back done, wait elapsed"
_BOOK = Book(_SLOW, FRONT, again="", rebooted="")

CASES: Final = (
    Case(
        "Average: a restart of the front end is enough",
        *("slow-commands", ACCESS, _SLOW),
        f"verify unhealthy, {_HEAD}, look healthy",
        [restart(ACCESS, POP)],
    ),
    Case(
        "Average: a DAG member is restarted after its databases have moved",
        *("reboot-cures", FRONT, _SLOW),
        f"verify unhealthy, {_HEAD}, look unhealthy, role dag_member, away-block done, away-move done, "
        "away-moved moved, away-reboot done, away-settled settled, wait-again elapsed, look-again healthy, "
        "back-unblock done, back-policy done, fail-back done",
        [
            *(restart(FRONT, POP), restart(FRONT, BE), *away(FRONT)),
            *(reboot(FRONT), *unblock(FRONT), fail_back(FRONT)),
        ],
    ),
    Case(
        "Average: a 2013 Client Access server is restarted as it is",
        *("reboot-cures", ACCESS, _SLOW),
        f"verify unhealthy, {_HEAD}, look unhealthy, role cas_2013, reboot done, cas-settled settled, "
        "wait-rebooted elapsed, look-rebooted healthy",
        [restart(ACCESS, POP), reboot(ACCESS)],
    ),
    *landings(_BOOK),
    *computers(_BOOK, whole=False),
    Case("Average: nothing is wrong", "healthy", ACCESS, _SLOW, "verify healthy", []),
    Case(
        "Average: nobody can say, both restarts are skipped, and nobody can say after",
        *("healthy", ACCESS, _SLOW),
        "verify unclear, restart-front skipped, restart-back skipped, wait elapsed, look unclear, "
        "escalate done",
        [],
        RunState.ESCALATED,
        before=[act(ACCESS, "stop-health-manager")],
        steps={"restart-front": SKIP, "restart-back": SKIP},
    ),
)


@pytest.mark.matrix
@pytest.mark.parametrize("case", CASES, ids=lambda c: c.name)
def test_every_way_leaves_what_it_says(case: Case) -> None:
    check(case)

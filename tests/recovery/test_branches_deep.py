"""PopDeepTestMonitor and PopSelfTestMonitor over the wire: every way through their runbook."""

from __future__ import annotations

from typing import Final

import pytest

from cockpit.journal.records import RunState
from tests.recovery.cases import (
    ACCESS,
    BACK,
    SKIP,
    STALE,
    Case,
    act,
    away,
    check,
    fail_back,
    persist,
    reboot,
    restart,
    taken_up,
    unblock,
)
from tests.recovery.ways import Book, tails
from tests.recovery.wire import BE

_DEEP, _SELF = "PopDeepTestMonitor", "PopSelfTestMonitor"
_HEAD = "verify unhealthy, verify-probe failed, restart done, probe failed"
_BLIND = "verify-probe not_runnable, restart done, probe not_runnable, watch-wait elapsed"
_BACK = "back-unblock done, back-policy done, fail-back done"

REBOOTED: Final = Case(
    "PopDeepTestMonitor: the whole way, and the restart of the computer cures",
    *("reboot-cures", BACK, _DEEP),
    f"{_HEAD}, role dag_member, away-block done, away-move done, away-moved moved, away-reboot done, "
    f"away-settled settled, probe-again succeeded, {_BACK}",
    [restart(BACK, BE), *away(BACK), reboot(BACK), *unblock(BACK), fail_back(BACK)],
)
BLIND: Final = Case(
    "PopDeepTestMonitor: its probe cannot be run by hand, and it is still Unhealthy",
    *("no-probe", BACK, _DEEP),
    f"verify unhealthy, {_BLIND}, watch-look unhealthy, escalate done",
    [restart(BACK, BE)],
    RunState.ESCALATED,
)

CASES: Final = (
    REBOOTED,
    BLIND,
    *tails(Book(_DEEP, BACK)),
    Case(
        "PopSelfTestMonitor: the service does not stop at first",
        *("restart-hangs", BACK, _SELF),
        "verify unhealthy, verify-probe failed, restart not applied, restart done, probe succeeded",
        [restart(BACK, BE), restart(BACK, BE)],
        steps={"restart": persist},
    ),
    Case(
        "PopDeepTestMonitor: the failover cures, and the restart is skipped",
        *("failover-cures", BACK, _DEEP),
        f"{_HEAD}, role dag_member, away-block done, away-move done, away-moved moved, away-reboot skipped, "
        f"probe-again succeeded, {_BACK}",
        [restart(BACK, BE), *away(BACK), *unblock(BACK), fail_back(BACK)],
        steps={"away-reboot": SKIP},
    ),
    Case("PopDeepTestMonitor: nothing is wrong", "healthy", BACK, _DEEP, "verify healthy", []),
    Case(
        "PopDeepTestMonitor: the fault has gone, the monitor does not know yet",
        *("reboot-cures", BACK, _DEEP),
        "verify unhealthy, verify-probe succeeded",
        [],
        before=[{"name": BACK, **STALE}, act(BACK, "cure")],
    ),
    Case(
        "PopDeepTestMonitor: nobody can say at first, then it is Healthy",
        *("healthy", BACK, _DEEP),
        "verify unclear, verify-probe not_runnable, restart skipped, probe not_runnable, "
        "watch-wait elapsed, watch-look healthy",
        [],
        before=[act(BACK, "stop-health-manager")],
        steps={"restart": SKIP},
        at={"watch-wait": [act(BACK, "start-health-manager")]},
    ),
    Case(
        "PopDeepTestMonitor: nobody can say, then neither",
        *("no-probe", BACK, _DEEP),
        f"verify unhealthy, {_BLIND}, watch-look unclear, escalate done",
        [restart(BACK, BE)],
        RunState.ESCALATED,
        at={"watch-look": [act(BACK, "stop-health-manager")]},
    ),
    Case(
        "PopDeepTestMonitor: a server outside a DAG is escalated",
        *("standalone", BACK, _DEEP),
        f"{_HEAD}, role standalone, escalate done",
        [restart(BACK, BE)],
        RunState.ESCALATED,
    ),
    taken_up(
        Case(
            "PopDeepTestMonitor: a Client Access server has no back end to recover",
            *("reboot-cures", ACCESS, _DEEP),
            "role cas_2013, escalate done",
            [],
            RunState.ESCALATED,
        )
    ),
)


NAMED: Final = (BLIND,)
"""Run in test_runs_wire.py, where what they show has a name."""


@pytest.mark.matrix
@pytest.mark.parametrize("case", [c for c in CASES if c not in NAMED], ids=lambda c: c.name)
def test_every_way_leaves_what_it_says(case: Case) -> None:
    check(case)

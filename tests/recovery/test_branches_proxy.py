"""PopProxyTestMonitor over the wire: every way through its runbook."""

from __future__ import annotations

from typing import Final

import pytest

from cockpit.journal.records import RunState
from tests.recovery.cases import (
    ABORT,
    ACCESS,
    FRONT,
    SKIP,
    STALE,
    Case,
    act,
    active,
    away,
    check,
    fail_back,
    reboot,
    restart,
    unblock,
)
from tests.recovery.ways import Book, computers, landings
from tests.recovery.wire import POP

_PROXY = "PopProxyTestMonitor"
_HEAD = "verify unhealthy, verify-probe failed, component active, restart done, probe failed"
_BLIND = "verify-probe not_runnable, component active, restart done, probe not_runnable, watch-wait elapsed"
_BOOK = Book(_PROXY, FRONT)

MEMBER: Final = Case(
    "PopProxyTestMonitor: a DAG member is restarted after its databases have moved",
    *("reboot-cures", FRONT, _PROXY),
    f"{_HEAD}, role dag_member, away-block done, away-move done, away-moved moved, away-reboot done, "
    "away-settled settled, probe-again succeeded, back-unblock done, back-policy done, fail-back done",
    [restart(FRONT, POP), *away(FRONT), reboot(FRONT), *unblock(FRONT), fail_back(FRONT)],
)
COMPUTER: Final = Case(
    "PopProxyTestMonitor: a 2013 Client Access server is restarted as it is",
    *("reboot-cures", ACCESS, _PROXY),
    f"{_HEAD}, role cas_2013, reboot done, cas-settled settled, probe-rebooted succeeded",
    [restart(ACCESS, POP), reboot(ACCESS)],
)
BLIND: Final = Case(
    "PopProxyTestMonitor: its probe cannot be run by hand, and it is still Unhealthy",
    *("no-probe", ACCESS, _PROXY),
    f"verify unhealthy, {_BLIND}, watch-look unhealthy, escalate done",
    [restart(ACCESS, POP)],
    RunState.ESCALATED,
)

CASES: Final = (
    MEMBER,
    COMPUTER,
    BLIND,
    *landings(_BOOK),
    *computers(_BOOK),
    Case(
        "PopProxyTestMonitor: Managed Availability's vote is taken back first",
        *("proxy-broken", ACCESS, _PROXY),
        "verify unhealthy, verify-probe failed, component inactive_by_health, component-active done, "
        "restart done, probe succeeded",
        [active(ACCESS), restart(ACCESS, POP)],
    ),
    Case(
        "PopProxyTestMonitor: the vote is left, the restart too, and the run is aborted",
        *("proxy-broken", ACCESS, _PROXY),
        "verify unhealthy, verify-probe failed, component inactive_by_health, component-active skipped, "
        "restart skipped, probe failed, role cas_2013",
        [],
        RunState.ABORTED,
        steps={"component-active": SKIP, "restart": SKIP, "reboot": ABORT},
    ),
    Case(
        "PopProxyTestMonitor: PopProxy is in maintenance, which is somebody's",
        *("popproxy-maintenance", ACCESS, _PROXY),
        "verify unhealthy, verify-probe failed, component inactive_by_others, escalate done",
        [],
        RunState.ESCALATED,
    ),
    Case("PopProxyTestMonitor: nothing is wrong", "healthy", ACCESS, _PROXY, "verify healthy", []),
    Case(
        "PopProxyTestMonitor: the fault has gone, the monitor does not know yet",
        *("reboot-cures", ACCESS, _PROXY),
        "verify unhealthy, verify-probe succeeded",
        [],
        before=[{"name": ACCESS, **STALE}, act(ACCESS, "cure")],
    ),
    Case(
        "PopProxyTestMonitor: nobody can say at first, then it is Healthy",
        *("healthy", ACCESS, _PROXY),
        f"verify unclear, {_BLIND}, watch-look healthy",
        [restart(ACCESS, POP)],
        before=[act(ACCESS, "stop-health-manager")],
        at={"watch-wait": [act(ACCESS, "start-health-manager")]},
    ),
    Case(
        "PopProxyTestMonitor: nobody can say, then neither",
        *("no-probe", ACCESS, _PROXY),
        f"verify unhealthy, {_BLIND}, watch-look unclear, escalate done",
        [restart(ACCESS, POP)],
        RunState.ESCALATED,
        at={"watch-look": [act(ACCESS, "stop-health-manager")]},
    ),
)


NAMED: Final = (
    MEMBER,
    COMPUTER,
    BLIND,
)
"""Run in test_runs_wire.py, where what they show has a name."""


@pytest.mark.matrix
@pytest.mark.parametrize("case", [c for c in CASES if c not in NAMED], ids=lambda c: c.name)
def test_every_way_leaves_what_it_says(case: Case) -> None:
    check(case)

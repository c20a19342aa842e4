"""PopCTPMonitor over the wire: every way through its runbook."""

from __future__ import annotations

from typing import Final

import pytest

from cockpit.journal.records import RunState
from tests.recovery.cases import (
    ABORT,
    ACCESS,
    FRONT,
    HAND_OVER,
    SKIP,
    STALE,
    Case,
    act,
    active,
    away,
    check,
    fail_back,
    logging,
    reboot,
    restart,
    taken_up,
    unblock,
    unrunnable,
)
from tests.recovery.ways import Book, computers, landings
from tests.recovery.wire import BE, POP

_CTP = "PopCTPMonitor"
_BEHIND = "EX13-MBX01"
_WELL = {"probe": {"mailbox_server": "EX16-02", "user": ""}, "mailbox_server": "EX16-02"}
"""What a run knows that has found a mailbox server behind the probe which is well by now."""
_HEAD = "verify unhealthy, verify-probe failed, component active, restart done, probe failed"
_LOGGED = "logging-on done, restart-logged done, probe-logged failed"
_BLIND = "verify-probe not_runnable, component active, restart done, probe not_runnable, watch-wait elapsed"
_GOOD = "good-logging-off done, good-restart-quiet done"
_BAD = "bad-logging-off done, bad-restart-quiet done, escalate done"
_BOOK = Book(_CTP, FRONT, good="good-logging-off nothing", bad="bad-logging-off nothing")


def logged(server: str, *between: str) -> list[str]:
    """The service restarted, logging turned on and taken up, something, logging put back and taken up."""
    on, off = logging(server, True), logging(server, False)
    return [*(restart(server, POP), on, restart(server, POP)), *between, *(off, restart(server, POP))]


MEMBER: Final = Case(
    "PopCTPMonitor: a DAG member is restarted after its databases have moved",
    *("reboot-cures", FRONT, _CTP),
    f"{_HEAD}, {_LOGGED}, find healthy, last-look failed, role dag_member, away-block done, away-move done, "
    "away-moved moved, away-reboot done, away-settled settled, probe-again succeeded, "
    f"back-unblock done, back-policy done, fail-back done, {_GOOD}",
    logged(FRONT, *away(FRONT), reboot(FRONT), *unblock(FRONT), fail_back(FRONT)),
)
COMPUTER: Final = Case(
    "PopCTPMonitor: a 2013 Client Access server is restarted as it is",
    *("reboot-cures", ACCESS, _CTP),
    f"{_HEAD}, {_LOGGED}, find healthy, last-look failed, role cas_2013, reboot done, cas-settled settled, "
    f"probe-rebooted succeeded, {_GOOD}",
    logged(ACCESS, reboot(ACCESS)),
)
BLIND: Final = Case(
    "PopCTPMonitor: its probe cannot be run by hand, and no mailbox server is found",
    *("no-probe", ACCESS, _CTP),
    f"verify unhealthy, {_BLIND}, watch-look unhealthy, logging-on done, restart-logged done, "
    f"probe-logged not_runnable, find not_found, {_BAD}",
    logged(ACCESS),
    RunState.ESCALATED,
)
BEHIND: Final = Case(
    "PopCTPMonitor: the mailbox server behind it is recovered by its own procedure",
    *("ctp-backend", ACCESS, _CTP),
    f"{_HEAD}, {_LOGGED}, find unhealthy, behind recovered, probe-behind succeeded, {_GOOD}",
    logged(
        *(ACCESS, restart(_BEHIND, BE), *away(_BEHIND), reboot(_BEHIND)),
        *(*unblock(_BEHIND), fail_back(_BEHIND)),
    ),
    child="verify unhealthy, verify-probe failed, restart done, probe failed, role dag_member, "
    "away-block done, away-move done, away-moved moved, away-reboot done, away-settled settled, "
    "probe-again succeeded, back-unblock done, back-policy done, fail-back done",
)

_FOUND: Final = (
    BEHIND,
    Case(
        "PopCTPMonitor: the mailbox server behind it is escalated",
        *("ctp-backend", ACCESS, _CTP),
        f"{_HEAD}, {_LOGGED}, find unhealthy, behind escalated, "
        "bad-logging-off done, bad-restart-quiet skipped, escalate done",
        logged(ACCESS, restart(_BEHIND, BE))[:-1],
        RunState.ESCALATED,
        steps={"away-block": HAND_OVER, "bad-restart-quiet": SKIP},
        child="verify unhealthy, verify-probe failed, restart done, probe failed, role dag_member, "
        "escalate done",
    ),
    taken_up(
        Case(
            "PopCTPMonitor: the recovery of the mailbox server behind it is aborted",
            *("ctp-backend", ACCESS, _CTP),
            "find unhealthy, behind aborted, bad-logging-off nothing, escalate done",
            [],
            RunState.ESCALATED,
            steps={"restart": ABORT},
            child="verify unhealthy, verify-probe failed",
        ),
        "find",
        probe={"mailbox_server": _BEHIND, "user": ""},
    ),
    taken_up(
        Case(
            "PopCTPMonitor: the mailbox server behind it is left, and then it is well",
            *("ctp-backend", ACCESS, _CTP),
            "find unhealthy, behind skipped, last-look succeeded, good-logging-off nothing",
            [],
            steps={"behind": SKIP},
            at={"last-look": [act(_BEHIND, "cure")]},
        ),
        "find",
        probe={"mailbox_server": _BEHIND, "user": ""},
    ),
    taken_up(
        Case(
            "PopCTPMonitor: the last look cannot be had, so no computer is restarted",
            *("reboot-cures", ACCESS, _CTP),
            "find healthy, last-look not_runnable, bad-logging-off nothing, escalate done",
            [],
            RunState.ESCALATED,
            at={"last-look": [unrunnable(ACCESS)]},
        ),
        "find",
        **_WELL,
    ),
)


def _after(name: str, outcome: str, rest: str, state: RunState, **more: object) -> Case:
    """The child run has found its server well; what the front end says after it."""
    case = Case(
        *(f"PopCTPMonitor: {name}", "reboot-cures", ACCESS, _CTP),
        f"behind recovered, probe-behind {outcome}, {rest}",
        [],
        state,
        child="verify healthy",
        **more,  # type: ignore[arg-type]
    )
    return taken_up(case, "behind", **_WELL)


_CHILDREN: Final = (
    _after(
        *(
            "behind it all is well, and the front end still fails",
            "failed",
            "role cas_2013",
            RunState.ABORTED,
        ),
        steps={"reboot": ABORT},
    ),
    _after(
        "behind it all is well, and the front end turns Healthy",
        "not_runnable",
        "behind-wait elapsed, behind-look healthy, good-logging-off nothing",
        RunState.RECOVERED,
        at={"probe-behind": [unrunnable(ACCESS), act(ACCESS, "cure")]},
    ),
    _after(
        "behind it all is well, and the front end stays Unhealthy",
        "not_runnable",
        "behind-wait elapsed, behind-look unhealthy, bad-logging-off nothing, escalate done",
        RunState.ESCALATED,
        at={"probe-behind": [unrunnable(ACCESS)]},
    ),
    _after(
        "behind it all is well, and nobody can say of the front end",
        "not_runnable",
        "behind-wait elapsed, behind-look unclear, bad-logging-off nothing, escalate done",
        RunState.ESCALATED,
        at={"probe-behind": [unrunnable(ACCESS)], "behind-look": [act(ACCESS, "stop-health-manager")]},
    ),
)

_HEADS: Final = (
    Case(
        "PopCTPMonitor: a restart of the service is enough",
        *("ctp-frontend", ACCESS, _CTP),
        "verify unhealthy, verify-probe failed, component active, restart done, probe succeeded",
        [restart(ACCESS, POP)],
    ),
    Case(
        "PopCTPMonitor: the restart that takes up logging is the cure",
        *("two-restarts", ACCESS, _CTP),
        f"{_HEAD}, logging-on done, restart-logged done, probe-logged succeeded, {_GOOD}",
        logged(ACCESS),
    ),
    Case(
        "PopCTPMonitor: logging is on already and stays on",
        *("two-restarts", ACCESS, _CTP),
        f"{_HEAD}, logging-on already, probe-logged failed, find healthy, last-look failed, role cas_2013",
        [restart(ACCESS, POP)],
        RunState.ABORTED,
        before=[act(ACCESS, "set-logging", enabled=True)],
        steps={"reboot": ABORT},
    ),
    Case(
        "PopCTPMonitor: logging is turned on and off, but not taken up",
        *("transient", ACCESS, _CTP),
        "logging-on done, restart-logged skipped, probe-logged succeeded, good-logging-off done, "
        "good-restart-quiet skipped",
        [logging(ACCESS, True), logging(ACCESS, False)],
        steps={"restart-logged": SKIP, "good-restart-quiet": SKIP},
        start="logging-on",
    ),
    Case(
        "PopCTPMonitor: Managed Availability's vote is taken back first",
        *("proxy-broken", ACCESS, _CTP),
        "verify unhealthy, verify-probe failed, component inactive_by_health, component-active done, "
        "restart done, probe succeeded",
        [active(ACCESS), restart(ACCESS, POP)],
    ),
    Case(
        "PopCTPMonitor: the vote is left, the restart and the log too, and the run is aborted",
        *("proxy-broken", ACCESS, _CTP),
        "verify unhealthy, verify-probe failed, component inactive_by_health, component-active skipped, "
        "restart skipped, probe failed, logging-on skipped, find healthy, last-look failed, role cas_2013",
        [],
        RunState.ABORTED,
        steps={"component-active": SKIP, "restart": SKIP, "logging-on": SKIP, "reboot": ABORT},
    ),
    Case(
        "PopCTPMonitor: PopProxy is in maintenance, which is somebody's",
        *("popproxy-maintenance", ACCESS, _CTP),
        "verify unhealthy, verify-probe failed, component inactive_by_others, escalate done",
        [],
        RunState.ESCALATED,
    ),
    Case("PopCTPMonitor: nothing is wrong", "healthy", ACCESS, _CTP, "verify healthy", []),
    Case(
        "PopCTPMonitor: a transient fault has gone, the monitor does not know yet",
        *("transient", ACCESS, _CTP),
        "verify unhealthy, verify-probe succeeded",
        [],
        before=[{"name": ACCESS, **STALE}],
    ),
    Case(
        "PopCTPMonitor: nobody can say at first, then it is Healthy",
        *("healthy", ACCESS, _CTP),
        f"verify unclear, {_BLIND}, watch-look healthy",
        [restart(ACCESS, POP)],
        before=[act(ACCESS, "stop-health-manager")],
        at={"watch-wait": [act(ACCESS, "start-health-manager")]},
    ),
    Case(
        "PopCTPMonitor: nobody can say, then neither",
        *("no-probe", ACCESS, _CTP),
        f"verify unhealthy, {_BLIND}, watch-look unclear",
        [restart(ACCESS, POP)],
        RunState.ABORTED,
        at={"watch-look": [act(ACCESS, "stop-health-manager")]},
        steps={"logging-on": ABORT},
    ),
)

CASES: Final = (
    MEMBER,
    COMPUTER,
    BLIND,
    *_FOUND,
    *_CHILDREN,
    *_HEADS,
    *landings(_BOOK),
    *computers(_BOOK, whole=False),
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

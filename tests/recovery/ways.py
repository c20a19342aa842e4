"""Ways that several runbooks share, as cases.

``tails``, ``landings``, ``stays`` and ``computers`` begin at a step in the middle, as a run does that is
taken up there, and know that a probe has failed.
"""

from __future__ import annotations

from dataclasses import dataclass

from cockpit.journal.records import Choice, RunState
from tests.recovery.cases import (
    ACCESS,
    BACK,
    FRONT,
    SKIP,
    UNDO,
    Case,
    Meanwhile,
    act,
    away,
    move,
    reboot,
    start_services,
    taken_up,
    unblock,
    unrunnable,
)
from tests.recovery.wire import BE, MOVE_NOW, POP, Body, hasty


@dataclass(frozen=True)
class Book:
    """What differs between the runbooks after the restart of a computer.

    ``probe``/``wait``/``look``: of the failover path and of the plain one; a monitor without a probe waits
    and looks. ``good``, ``bad``: what comes before the end.
    """

    monitor: str
    victim: str
    again: str = "probe-again"
    after: str = "after"
    rebooted: str = "probe-rebooted"
    watched: str = "rebooted"
    good: str = ""
    bad: str = ""

    @property
    def probes(self) -> bool:
        return bool(self.again)

    def member(self, outcome: str) -> str:
        """How the run finds out what the restart has brought; a probe that cannot be run waits and looks."""
        return self._found(self.again, self.after, "again", outcome)

    def computer(self, outcome: str) -> str:
        return self._found(self.rebooted, self.watched, "rebooted", outcome)

    def _found(self, probe: str, watch: str, name: str, outcome: str) -> str:
        if not self.probes:
            return f"wait-{name} elapsed, look-{name} {outcome}"
        return f"{probe} not_runnable, {watch}-wait elapsed, {watch}-look {outcome}"

    def look(self, name: str) -> str:
        """The id of the look after the wait."""
        if not self.probes:
            return f"look-{name}"
        return f"{self.after if name == 'again' else self.watched}-look"

    def ends_well(self) -> str:
        return f", {self.good}" if self.good else ""

    def ends_badly(self, undo: str = "") -> str:
        return ", ".join(["", *(part for part in (self.bad, undo, "escalate done") if part)])


def tails(book: Book) -> list[Case]:
    """The failover path from the role on, but for its plain success: what restarts the computer, whole."""
    name, monitor, v = book.monitor, book.monitor, book.victim
    moved = "role dag_member, away-block done, away-move done, away-moved moved, away-reboot done"
    found = [
        Case(
            f"{name}: marks of others stay, services are started",
            *("services-down", v, monitor),
            "role dag_member, away-block already, away-move already, away-moved moved, away-reboot done, "
            f"away-settled services_down, away-services done, {book.member('healthy')}, "
            f"back-unblock nothing, back-policy nothing, fail-back skipped{book.ends_well()}",
            [reboot(v), *start_services(v, POP, BE)],
            before=_marks(v),
            at={"away-services": [unrunnable(v)]},
            steps={"fail-back": SKIP},
        ),
        Case(
            f"{name}: it does not settle, and the fault is back",
            *("reboot-no-help", v, monitor),
            f"{moved}, away-settled not_settled, {book.again} failed{book.ends_badly(UNDO)}",
            [*away(v), reboot(v), *unblock(v)],
            RunState.ESCALATED,
            at={"away-settled": [_failed_copy(v)]},
            settings=hasty("settle"),
        ),
        Case(
            f"{name}: the start of the services is skipped",
            *("services-down", v, monitor),
            f"{moved}, away-settled services_down, away-services skipped, "
            f"{book.again} failed{book.ends_badly(UNDO)}",
            [*away(v), reboot(v), *unblock(v)],
            RunState.ESCALATED,
            steps={"away-services": SKIP},
        ),
    ]
    return [*(taken_up(case) for case in found), *stays(book)]


def landings(book: Book) -> list[Case]:
    """The same ways for another runbook, taken up where the computer has been restarted."""
    name, monitor, v = book.monitor, book.monitor, book.victim
    stopped = [act(v, "stop-service", service=s) for s in (POP, BE)]
    seen, at = f"{book.again} failed", {"away-settled": [_failed_copy(v)]}
    if not book.probes:
        seen = book.member("unclear")
        at[book.look("again")] = [act(v, "stop-health-manager")]
    found = [
        Case(
            f"{name}: services are started, nothing is to be put back",
            *("services-down", v, monitor),
            f"away-settled services_down, away-services done, {book.member('healthy')}, "
            f"back-unblock nothing, back-policy nothing, fail-back skipped{book.ends_well()}",
            start_services(v, POP, BE),
            before=[*stopped, act(v, "cure")],
            at={"away-services": [unrunnable(v)]},
            steps={"fail-back": SKIP},
        ),
        Case(
            f"{name}: it does not settle, and the fault is back",
            *("reboot-no-help", v, monitor),
            f"away-settled not_settled, {seen}{book.ends_badly()}",
            [],
            RunState.ESCALATED,
            at=at,
            settings=hasty("settle"),
        ),
        Case(
            f"{name}: the start of the services is skipped",
            *("services-down", v, monitor),
            "away-settled services_down, away-services skipped, "
            f"{f'{book.again} failed' if book.probes else book.member('unhealthy')}{book.ends_badly()}",
            [],
            RunState.ESCALATED,
            before=stopped,
            steps={"away-services": SKIP},
        ),
    ]
    return [*(taken_up(case, "away-settled") for case in found), *stays(book)]


def stays(book: Book) -> list[Case]:
    """Where nothing is restarted."""
    name, monitor, v = book.monitor, book.monitor, book.victim
    found = [
        Case(
            f"{name}: a database is left behind, nothing is restarted",
            *("left-behind", BACK, monitor),
            "role dag_member, away-block done, away-move done, away-moved left_behind, "
            f"back-unblock-left done, back-policy-left done{book.ends_badly()}",
            [*away(BACK), *unblock(BACK)],
            RunState.ESCALATED,
            settings=hasty("move"),
        ),
        Case(
            f"{name}: all stay, marks of others too",
            *("no-room", BACK, monitor),
            "role dag_member, away-block already, away-move already, away-moved left_behind, "
            f"back-unblock-left nothing, back-policy-left nothing{book.ends_badly()}",
            [],
            RunState.ESCALATED,
            before=_marks(BACK),
            settings=hasty("move"),
        ),
        Case(
            f"{name}: block and restart are skipped, and it is still there",
            *("no-probe", v, monitor),
            "role dag_member, away-block skipped, away-move done, away-moved moved, away-reboot skipped, "
            f"{book.member('unhealthy')}{book.ends_badly(f'undo:{MOVE_NOW} done')}",
            [move(v), move(v, False)],
            RunState.ESCALATED,
            steps={"away-block": SKIP, "away-reboot": SKIP},
        ),
    ]
    cases = [taken_up(case) for case in found]
    if book.probes:
        unclear = Case(
            f"{name}: after the restart nobody can say",
            *("no-probe", v, monitor),
            f"{book.member('unclear')}{book.ends_badly()}",
            [],
            RunState.ESCALATED,
            at={book.look("again"): [act(v, "stop-health-manager")]},
        )
        cases.append(taken_up(unclear, book.again))
    return cases


def _marks(server: str) -> list[Body]:
    """What somebody else has set."""
    return [act(server, "set-policy", policy="Blocked"), act(server, "set-move-now", value=True)]


def _failed_copy(server: str) -> Body:
    """A copy that is passive on ``server`` does not come back."""
    return act(
        server, "set-copy", database={BACK: "DB003", FRONT: "DB007"}[server], status="FailedAndSuspended"
    )


def computers(book: Book, *, whole: bool = True) -> list[Case]:
    """The restart of a 2013 Client Access server, but for its plain success. Not ``whole``: taken up where
    the computer has been restarted."""
    name, monitor = book.monitor, book.monitor
    first = "role cas_2013, reboot done, " if whole else ""
    sent = [reboot(ACCESS)] if whole else []
    down: list[Body] = [] if whole else [act(ACCESS, "stop-service", service=POP)]
    start = "role" if whole else "cas-settled"
    gone, at = f"{book.rebooted} failed", {"cas-settled": [act(ACCESS, "kill")]}
    if not book.probes:
        gone = book.computer("unclear")
        at[book.look("rebooted")] = [act(ACCESS, "stop-health-manager")]
    found = [
        Case(
            f"{name}: the service of the restarted computer is started",
            *("services-down", ACCESS, monitor),
            f"{first}cas-settled services_down, cas-services done, "
            f"{book.computer('healthy')}{book.ends_well()}",
            [*sent, *start_services(ACCESS, POP)],
            before=[] if whole else [*down, act(ACCESS, "cure")],
            at={"cas-services": [unrunnable(ACCESS)]},
        ),
        Case(
            f"{name}: the restarted computer goes away again",
            *("reboot-no-help", ACCESS, monitor),
            f"{first}cas-settled not_settled, {gone}{book.ends_badly()}",
            sent,
            RunState.ESCALATED,
            at=at,
            steps={"cas-settled": Meanwhile([act(ACCESS, "start")], Choice.GO)},
            settings=hasty("settle"),
        ),
        Case(
            f"{name}: the start of the restarted computer's service is skipped",
            *("services-down", ACCESS, monitor),
            f"{first}cas-settled services_down, cas-services skipped, "
            f"{f'{book.rebooted} failed' if book.probes else book.computer('unhealthy')}{book.ends_badly()}",
            sent,
            RunState.ESCALATED,
            before=down,
            steps={"cas-services": SKIP},
        ),
    ]
    return [*(taken_up(case, start) for case in found), *_not_restarted(book)]


def _not_restarted(book: Book) -> list[Case]:
    name, monitor = book.monitor, book.monitor
    found = [
        taken_up(
            Case(
                f"{name}: the restart of the computer is skipped, and it is still there",
                *("no-probe", ACCESS, monitor),
                f"role cas_2013, reboot skipped, {book.computer('unhealthy')}{book.ends_badly()}",
                [],
                RunState.ESCALATED,
                steps={"reboot": SKIP},
            )
        ),
        taken_up(
            Case(
                f"{name}: on a server outside a DAG it is escalated",
                *("standalone", BACK, monitor),
                f"role standalone{book.ends_badly()}",
                [],
                RunState.ESCALATED,
            )
        ),
    ]
    if book.probes:
        unclear = Case(
            f"{name}: after the restart of the computer nobody can say",
            *("no-probe", ACCESS, monitor),
            f"{book.computer('unclear')}{book.ends_badly()}",
            [],
            RunState.ESCALATED,
            at={book.look("rebooted"): [act(ACCESS, "stop-health-manager")]},
        )
        found.append(taken_up(unclear, book.rebooted))
    return found

"""Runs to look at, and a scripted Recovery that plays them: no journal, no servers, no worker."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any

from cockpit.exchange.model import MonitoringProbeResult
from cockpit.journal.records import (
    Answer,
    Choice,
    Finding,
    Grade,
    Lease,
    Obligation,
    Run,
    RunState,
    Verdict,
    WishKind,
)
from cockpit.poplog.trace import Trace
from cockpit.recovery.client import NotBackError, RefusedError
from cockpit.recovery.logging_view import LoggingState
from cockpit.recovery.view import (
    HandView,
    Life,
    Orphan,
    OutputView,
    Plan,
    PlanStep,
    QuestionView,
    RunLine,
    RunView,
    Standing,
    StepMark,
    StepView,
)
from tests.ui.fleets import NOW

OPERATOR = r"CORP\svc-pop (jump01)"
BLOCK = "Set-MailboxServer -Identity 'EX01' -DatabaseCopyActivationDisabledAndMoveNow $true"

REFUSED = Finding(
    "copies.elsewhere", "DB03", Grade.HARD, Verdict.REFUSED,
    "EX02 Failed; EX03 Healthy but Blocked (policy)", "1 healthy copy elsewhere",
    r"Resume-MailboxDatabaseCopy 'DB03\EX02', or lift the block on EX03.",
)  # fmt: skip
STOPPED = Finding(
    "recovery.actions", "EX01", Grade.STOP, Verdict.REFUSED, "RestartService MSExchangePop3 at 03:09Z",
    "none within 30 minutes", "Wait until Managed Availability has finished.",
)  # fmt: skip
UNREAD = Finding(
    "copies.quorum", "DAG01", Grade.STOP, Verdict.UNREAD, "EX04 did not answer", "a majority without EX01",
    "Bring EX04 back first.",
)  # fmt: skip
WARNED = Finding(
    "clients.noted", "EX01", Grade.WARN, Verdict.REFUSED, "16 connections are cut", "none", "Tell the users."
)
ONE_COPY = tuple(
    Finding(
        "copies.elsewhere", name, Grade.WARN, Verdict.REFUSED, "only 1 fit copy elsewhere", "2 fit copies"
    )
    for name in ("DB01", "DB02")
)
PASSED = Finding("copies.elsewhere", "DB07", Grade.HARD, Verdict.PASSED, "EX02 Healthy, queues 0 and 3",
                 "1 healthy copy")  # fmt: skip
PASSED_TOO = Finding("components.active", "EX01", Grade.STOP, Verdict.PASSED, "PopProxy Active", "Active")


def ago(minutes: float) -> datetime:
    return NOW - timedelta(minutes=minutes)


def step(name: str, title: str, mark: StepMark, outcome: str = "", **more: Any) -> StepView:
    base = StepView(
        id=name, title=title, page="", why="Because the page says so.", departs="", command="", mark=mark,
        outcome=outcome, words="", attempts=1, dangerous=False, irreversible=False, skippable=False,
        started_at=None, ended_at=None, due_at=None, limit_at=None, findings=(),
    )  # fmt: skip
    return replace(base, **more)


def plan_steps() -> tuple[StepView, ...]:
    """The front end's procedure up to the block of the server."""
    done = {"started_at": ago(12), "ended_at": ago(11)}
    return (
        step("look", "Look at the monitor", StepMark.DONE, "unhealthy", page="1", **done,
             words="PopCTPMonitor is Unhealthy since 02:44Z."),
        step("probe", "Re-run the front end's probe", StepMark.DONE, "failed", page="2", attempts=2, **done,
             command=r"Invoke-MonitoringProbe -Identity 'POP\PopCTPProbe' -Server 'EX01'",
             words="Failed: the proxy connection to MBX2013-01 was refused."),
        step("logging", "Turn protocol logging on", StepMark.SKIPPED, "skipped", page="3", skippable=True),
        step("service", "Restart the POP3 service", StepMark.DONE, "restarted", page="4", dangerous=True,
             **done, words="Running again after 0:14."),
        step("wait", "Wait ten minutes", StepMark.DONE, "over", page="5", **done),
        step("block", "Move the databases away from EX01", StepMark.TO_COME, page="6", dangerous=True,
             skippable=True, command=BLOCK,
             why="A server that cannot serve POP3 should not hold active copies while it is restarted.",
             departs="The page blocks without looking at the copies; we look first, since a blocked server "
             "with the only healthy copy takes its users' mailboxes away."),
        step("reboot", "Restart the computer", StepMark.TO_COME, page="7", dangerous=True, irreversible=True,
             command="Restart-Computer -ComputerName 'EX01' -Force"),
        step("unblock", "Lift the block", StepMark.TO_COME, page="8"),
        step("support", "Hand over to Microsoft Support", StepMark.NOT_NEEDED, page="9"),
    )  # fmt: skip


def run(name: str = "4f2a", state: RunState = RunState.WAITING, at: str = "block", **more: Any) -> Run:
    base = Run(
        id=name, parent=None, runbook="ctp", digest="0" * 64, book="{}", environment="CORP",
        scope="dag:DAG01", server="EX01", monitor="PopCTPMonitor", operator=OPERATOR, state=state, step=at,
        auto=False, facts={}, ending="", created_at=ago(13).timestamp(), ended_at=None,
    )  # fmt: skip
    return replace(base, **more)


def lease(name: str = "4f2a", expired: bool = False) -> Lease:
    return Lease(
        "dag:DAG01", "jump01/4711/9c", OPERATOR, "10.0.0.7", name, 7, ago(13).timestamp(),
        ago(4 if expired else -0.5).timestamp(), expired,
    )  # fmt: skip


def obligation(name: str = "4f2a", key: str = "MoveNow", number: int = 1, **more: Any) -> Obligation:
    base = Obligation(
        number, name, "EX01", key, False, True, ago(61.7).timestamp(), None, "", "", "", None
    )  # fmt: skip
    return replace(base, **more)


def change(view: RunView, name: str, **more: Any) -> RunView:
    """``view`` with one step changed."""
    return replace(view, steps=tuple(replace(s, **more) if s.id == name else s for s in view.steps))


def asking(
    *blocking: Finding, number: int = 1, choices: tuple[Choice, ...] | None = None, typed: str = "EX01"
) -> RunView:
    """At the block's question; ``blocking`` stand in the way."""
    found = (*blocking, PASSED, PASSED_TOO)
    offered = choices or (
        (Choice.AGAIN, Choice.SKIP, Choice.OVERRIDE, Choice.HAND_OVER, Choice.ABORT)
        if blocking
        else (Choice.AGAIN, Choice.GO, Choice.SKIP, Choice.HAND_OVER, Choice.ABORT)
    )
    prompt = "The guards refuse. What now?" if blocking else "Move the databases away from EX01?"
    view = RunView(
        run=run(), title="Recover the front end", life=Life.WAITING, lease=None, steps=plan_steps(),
        current="block", output=tuple(
            OutputView(ago(11 - n / 10), "service", f"MSExchangePop3 is {word}")
            for n, word in enumerate(("Stopping", "Stopped", "Starting", "Running"))
        ), obligations=(obligation(key="ProtocolLogEnabled"),), child=None, now=NOW,
        question=QuestionView(
            number, "block", prompt, offered, "" if blocking else typed, (Choice.SKIP, Choice.ABORT),
            ago(2), blocking,
        ),
    )  # fmt: skip
    return change(view, "block", mark=StepMark.ASKING, started_at=ago(2), findings=found)


RESTART = "Restart-Service -Name 'MSExchangePop3' -Force"
HAND = HandView(
    RESTART, "on EX01 itself, in Windows PowerShell as an administrator",
    "WinRM of EX01 cannot be used: https://ex01:5986/wsman refuses connections",
)  # fmt: skip


def by_hand() -> RunView:
    """A restart of the service is offered to be run by hand."""
    offered = (Choice.AGAIN, Choice.DONE, Choice.SKIP, Choice.HAND_OVER, Choice.ABORT)
    prompt = f"Restart the POP3 service: {HAND.why}. Run this by hand {HAND.where}: {RESTART}"
    put = asking(choices=offered, typed="")
    assert put.question is not None
    question = replace(put.question, step="service", prompt=prompt, hand=HAND)
    view = replace(put, question=question, current="service", run=run(at="service"))
    view = change(view, "block", mark=StepMark.TO_COME, started_at=None, findings=())
    return change(
        view, "service", mark=StepMark.ASKING, outcome="", words="", started_at=ago(2), ended_at=None,
        command=RESTART, hand=HAND, findings=(UNREAD, PASSED_TOO),
    )  # fmt: skip


def done_by_hand() -> RunView:
    """The same, done by somebody's word, two steps later."""
    done = replace(HAND, by=OPERATOR, done_at=ago(11))
    words = f"Run by hand, by the word of {OPERATOR}; it could not be seen from here: PopProxy is Active."
    return change(asking(), "service", command=RESTART, hand=done, words=words)


def waiting() -> RunView:
    """In the ten minutes."""
    view = replace(
        asking(), question=None, life=Life.LIVE, lease=lease(), current="wait",
        run=run(state=RunState.RUNNING, at="wait"),
    )  # fmt: skip
    view = change(view, "block", mark=StepMark.TO_COME, started_at=None, findings=())
    return change(
        view, "wait", mark=StepMark.DOING, outcome="", started_at=ago(3.3), ended_at=None, due_at=ago(-6.7)
    )


def in_doubt() -> RunView:
    """The block was sent, and its process is gone."""
    view = replace(
        asking(), question=None, life=Life.LEFT, lease=lease(expired=True),
        run=run(state=RunState.RUNNING), obligations=(obligation(),),
    )  # fmt: skip
    return change(view, "block", mark=StepMark.IN_DOUBT, started_at=ago(5), limit_at=ago(3))


def warned(*blocking: Finding, irreversible: bool = False) -> RunView:
    """At the block's question, with warnings."""
    view = asking(*blocking)
    found = (*blocking, WARNED, *ONE_COPY, PASSED)
    return change(view, "block", findings=found, irreversible=irreversible)


def waits_for_run(child: str = "9c1e") -> RunView:
    """At a step whose attempt waits for another run; its own time limit is over."""
    view = replace(
        waiting(), current="block", child=child, run=run(state=RunState.RUNNING, at="block"),
    )  # fmt: skip
    return change(view, "block", mark=StepMark.DOING, started_at=ago(1), limit_at=ago(0.5))


def ended() -> RunView:
    """Recovered."""
    view = replace(
        asking(), question=None, life=Life.ENDED, lease=None, obligations=(), current="unblock",
        run=run(state=RunState.RECOVERED, at="unblock", ending="PopCTPMonitor is Healthy since 03:10Z.",
                ended_at=ago(1).timestamp()),
    )  # fmt: skip
    done = {"mark": StepMark.DONE, "started_at": ago(5), "ended_at": ago(4)}
    for name, outcome in (("block", "moved"), ("reboot", "restarted"), ("unblock", "unblocked")):
        view = change(view, name, outcome=outcome, findings=(PASSED,), **done)
    return view


def line(view: RunView, **more: Any) -> RunLine:
    """``view`` as one line of a list."""
    current = view.step(view.current)
    base = RunLine(
        view.run, view.title, view.life, view.lease.holder if view.lease else "", ago(13),
        ago(1) if view.run.ended else None, current.title if current else "",
        view.question.prompt if view.question else "", sum(o.open for o in view.obligations),
    )  # fmt: skip
    return replace(base, **more)


ORPHAN = Orphan("EX05", "MoveNow", "$true", True, "Databases are kept away; no run of this journal did it.")


def standing(view: RunView, *orphans: Orphan, more: tuple[Obligation, ...] = ()) -> Standing:
    lines = () if view.run.ended else (line(view),)
    return Standing(lines, (*view.obligations, *more), orphans, NOW - timedelta(minutes=4))


def plan() -> Plan:
    steps = plan_steps()
    blocked = replace(steps[5], findings=(REFUSED, STOPPED, PASSED, PASSED_TOO))
    steps = (*steps[:5], blocked, *steps[6:])
    fresh = (replace(s, mark=StepMark.TO_COME, outcome="", words="", attempts=0, started_at=None,
                     ended_at=None) for s in steps)  # fmt: skip
    late = {"reboot": "the boot time is read when the databases have moved"}
    return Plan(
        "ctp", "Recover the front end", "0" * 64, "CORP", "dag:DAG01", "EX01", "PopCTPMonitor",
        "ClientAccess, Mailbox", tuple(PlanStep(s, "EX01", late.get(s.id, "")) for s in fresh),
        ("Run 4f2a of CORP\\ann holds DAG01.",), NOW,
    )  # fmt: skip


LIFT = "Set-MailboxServer -Identity 'EX01' -DatabaseCopyActivationDisabledAndMoveNow $false"
NOT_BACK = NotBackError("Close obligation 9", "MoveNow of EX01 is True, it was False", f"Type: {LIFT}")


def handed(**more: Any) -> Obligation:
    """Handed over by a run that has ended."""
    return obligation(
        "7d01", number=9, handed_to="second line", handed_reason="EX01 does not boot",
        handed_at=ago(3).timestamp(), **more,
    )  # fmt: skip


@dataclass
class FakeRecovery:
    """What tests see of it: ``answers``, ``wishes``, ``calls``. ``refuse``: a method's name to its error."""

    views: dict[str, RunView] = field(default_factory=dict)
    told: Standing = field(default_factory=Standing)
    past: tuple[RunLine, ...] = ()
    seq: int = 1
    answers: list[tuple[str, int, Answer]] = field(default_factory=list)
    wishes: list[tuple[str, WishKind, str]] = field(default_factory=list)
    calls: list[tuple[str, ...]] = field(default_factory=list)
    refuse: dict[str, Exception] = field(default_factory=dict)
    logs: LoggingState = field(default_factory=lambda: LoggingState("EX01", False))
    made_plan: Plan = field(default_factory=plan)
    traces: list[Trace] = field(default_factory=list)
    """Given one after the other, the last one for ever."""
    gate: Event | None = None
    settled: list[tuple[int, str, bool]] = field(default_factory=list)
    not_back: bool = False
    closed: bool = False

    def _may(self, name: str, *values: str) -> None:
        self.calls.append((name, *values))
        if self.gate is not None and name in ("plan", "answer", "trace"):
            self.gate.wait(5)
        if name in self.refuse:
            raise self.refuse[name]

    # What tests do

    def show(self, *views: RunView, told: Standing | None = None) -> None:
        """The journal has these runs now."""
        self.views.update({view.run.id: view for view in views})
        if told is not None:
            self.told = told
        self.seq += 1

    def asked(self, name: str) -> list[tuple[str, ...]]:
        return [call for call in self.calls if call[0] == name]

    # Recovery

    def position(self) -> int:
        if "position" in self.refuse:
            raise self.refuse["position"]
        return self.seq

    def standing(self) -> Standing:
        return self.told

    def runs(self, limit: int = 100) -> tuple[RunLine, ...]:
        return self.past[:limit]

    def view(self, run: str) -> RunView:
        if run not in self.views:
            raise RefusedError(f"Run {run}", "the journal has no such run", "See the history.")
        return self.views[run]

    def plan(self, server: str, monitor: str) -> Plan:
        self._may("plan", server, monitor)
        return self.made_plan

    def trace(self, server: str, identity: str, result: MonitoringProbeResult) -> Trace:
        self._may("trace", server, identity, result.result_type)
        return self.traces.pop(0) if len(self.traces) > 1 else self.traces[0]

    def start(self, server: str, monitor: str, *, auto: bool = False) -> str:
        self._may("start", server, monitor)
        return "4f2a"

    def logging(self, server: str) -> LoggingState:
        self._may("logging", server)
        return self.logs

    def start_logging(self, server: str, services: str, seconds: int, *, auto: bool = False) -> str:
        self._may("start_logging", server, services, str(seconds))
        return "4f2a"

    def keep_logging(self, server: str, seconds: int) -> str:
        self._may("keep_logging", server, str(seconds))
        return "4f2a"

    def end_logging(self, server: str, *, auto: bool = False) -> str:
        self._may("end_logging", server)
        return "4f2a"

    def answer(self, run: str, question: int, answer: Answer) -> None:
        self._may("answer", run)
        self.answers.append((run, question, answer))

    def wish(self, run: str, kind: WishKind, reason: str) -> None:
        self._may("wish", run)
        self.wishes.append((run, kind, reason))

    def resume(self, run: str) -> None:
        self._may("resume", run)

    def abort(self, run: str, reason: str) -> None:
        self._may("abort", run, reason)

    def export(self, run: str, folder: Path) -> Path:
        self._may("export", run)
        return folder / f"{run}.zip"

    def settle(self, obligation: int, reason: str, *, accept: bool = False) -> None:
        self._may("settle", reason)
        if self.not_back and not accept:
            raise NOT_BACK
        self.settled.append((obligation, reason, accept))
        left = tuple(o for o in self.told.obligations if o.id != obligation)
        self.show(told=replace(self.told, obligations=left))

    def sweep(self) -> Standing:
        self._may("sweep")
        return self.told

    def operator(self) -> str:
        return OPERATOR

    def close(self) -> None:
        self.closed = True


def factory(recovery: FakeRecovery) -> Callable[[], FakeRecovery]:
    return lambda: recovery

"""A scripted Recovery, and the views it shows: each frame is what the journal says at one time."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

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
from cockpit.recovery.client import NotBackError, RefusedError
from cockpit.recovery.logging_view import LoggingState
from cockpit.recovery.view import (
    Life,
    OutputView,
    Plan,
    QuestionView,
    RunLine,
    RunView,
    Standing,
    StepMark,
    StepView,
)

PUT_BACK = "Set-PopSettings -Server 'EX01' -ProtocolLogEnabled $false"
NOW = datetime(2026, 3, 1, 2, 0, tzinfo=UTC)
RUN = "4f2a77aa"
HOSTILE = "\x1b]0;owned\x07[red]x[/red]\u202e\nREFUSED  fake"
"""A title for the terminal, markup, a bidirectional control and a line that looks like one of ours."""


def run(state: RunState = RunState.RUNNING, **more: Any) -> Run:
    made = Run(
        id=RUN,
        parent=None,
        runbook="SelfTest",
        digest="ab" * 32,
        book="{}",
        environment="lab",
        scope="dag:DAG1",
        server="EX01",
        monitor="PopSelfTestMonitor",
        operator="CONTOSO\\ann",
        state=state,
        step="restart",
        auto=False,
        facts={},
        ending="",
        created_at=NOW.timestamp(),
        ended_at=None,
    )
    return replace(made, **more)


def step(id: str, mark: StepMark = StepMark.TO_COME, **more: Any) -> StepView:  # noqa: A002
    made = StepView(
        id=id,
        title=f"Step {id}",
        page="1",
        why="it helps",
        departs="",
        command=f"Restart-Service -Name '{id}'",
        mark=mark,
        outcome="",
        words="",
        attempts=0,
        dangerous=False,
        irreversible=False,
        skippable=False,
        started_at=None,
        ended_at=None,
        due_at=None,
        limit_at=None,
        findings=(),
    )
    return replace(made, **more)


def done(id: str, outcome: str = "ok", **more: Any) -> StepView:  # noqa: A002
    ended = {"started_at": NOW, "ended_at": NOW + timedelta(seconds=5), "attempts": 1}
    return step(id, StepMark.DONE, **{"outcome": outcome, **ended, **more})


def finding(verdict: Verdict = Verdict.REFUSED, grade: Grade = Grade.STOP, **more: Any) -> Finding:
    made = Finding("copies.elsewhere", "DB03", grade, verdict, "EX02 Failed", "1 healthy copy", "Resume it")
    return replace(made, **more)


def question(*choices: Choice, **more: Any) -> QuestionView:
    made = QuestionView(
        id=7,
        step="restart",
        prompt="Restart POP3 on EX01?",
        choices=choices or (Choice.AGAIN, Choice.GO, Choice.ABORT),
        typed="",
        needs_reason=(Choice.ABORT,),
        asked_at=NOW,
        blocking=(),
    )
    return replace(made, **more)


def obligation(**more: Any) -> Obligation:
    made = Obligation(
        1, RUN, "EX01", "ProtocolLogEnabled", False, True, NOW.timestamp(), None, "", "", "", None
    )
    return replace(made, **more)


def view(*steps: StepView, state: RunState = RunState.RUNNING, **more: Any) -> RunView:
    made = RunView(
        run=run(state),
        title="Self test recovery",
        life=Life.ENDED if state.value in ("recovered", "escalated", "aborted") else Life.LIVE,
        lease=None,
        steps=steps,
        current="restart",
        question=None,
        output=(),
        obligations=(),
        child=None,
        now=NOW,
    )
    return replace(made, **more)


def said(text: str, second: int = 0) -> OutputView:
    return OutputView(NOW + timedelta(seconds=second), "restart", text)


def line(life: Life = Life.LIVE, **more: Any) -> RunLine:
    made = RunLine(run(), "Self test recovery", life, "jump1/77/x", NOW, None, "Restart POP3", "", 0)
    return replace(made, **more)


def lease() -> Lease:
    at = NOW.timestamp()
    return Lease("dag:DAG1", "jump1/77/x", "CONTOSO\\bob", "10.0.0.9", RUN, 3, at, at + 60, False)


BEGUN = view(step("read", StepMark.DOING, started_at=NOW), step("restart"))
ASKING = view(
    done("read", words="3 readings"),
    step("restart", StepMark.ASKING),
    state=RunState.WAITING,
    life=Life.WAITING,
    question=question(),
)
RECOVERED = view(done("read", words="3 readings"), done("restart", "applied"), state=RunState.RECOVERED)

HANDED = Standing(
    obligations=(
        obligation(
            id=5, run="0dd1", handed_to="second line", handed_reason="it does not boot", handed_at=9.0
        ),
    ),
    swept_at=NOW,
)


@dataclass
class Scripted:
    """Frames in turn: one is shown until it was seen, a question's until it is answered."""

    frames: Sequence[RunView | tuple[RunView, ...]] = (BEGUN, RECOVERED)
    planned: Plan | None = None
    logs: LoggingState | None = None
    standings: list[Standing] = field(default_factory=lambda: [Standing()])
    lines: tuple[RunLine, ...] = ()
    refuses: dict[str, RefusedError] = field(default_factory=dict)
    calls: list[tuple[Any, ...]] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    not_back: set[int] = field(default_factory=set)
    closed: bool = False
    _at: int = 0
    _viewed: bool = False

    def _frame(self) -> tuple[RunView, ...]:
        frame = self.frames[self._at]
        return frame if isinstance(frame, tuple) else (frame,)

    def _call(self, name: str, *arguments: Any) -> None:
        self.calls.append((name, *arguments))
        if name in self.refuses:
            raise self.refuses[name]

    def _next(self) -> None:
        self._at, self._viewed = min(self._at + 1, len(self.frames) - 1), False

    def position(self) -> int:
        if self._viewed and all(v.question is None for v in self._frame()):
            self._next()
        return self._at

    def view(self, run: str) -> RunView:
        if "view" in self.refuses:
            raise self.refuses["view"]
        self._viewed = True
        frames = [v for v in self._frame() if v.run.id.startswith(run)]
        if not frames:
            raise RefusedError("The run was not read", f"no run begins with {run}")
        return frames[0]

    def standing(self) -> Standing:
        return self.standings[0]

    def runs(self, limit: int = 100) -> tuple[RunLine, ...]:
        self._call("runs", limit)
        return self.lines

    def plan(self, server: str, monitor: str) -> Plan:
        self._call("plan", server, monitor)
        assert self.planned is not None
        return self.planned

    def start(self, server: str, monitor: str, *, auto: bool = False) -> str:
        self._call("start", server, monitor, auto)
        return RUN

    def start_service(self, server: str, backend: bool) -> str:
        self._call("start_service", server, backend)
        return RUN

    def logging(self, server: str) -> LoggingState:
        self._call("logging", server)
        assert self.logs is not None
        return self.logs

    def start_logging(self, server: str, services: str, seconds: int, *, auto: bool = False) -> str:
        self._call("start_logging", server, services, seconds, auto)
        return RUN

    def keep_logging(self, server: str, seconds: int) -> str:
        self._call("keep_logging", server, seconds)
        return RUN

    def end_logging(self, server: str, *, auto: bool = False) -> str:
        self._call("end_logging", server, auto)
        return RUN

    def answer(self, run: str, question: int, answer: Answer) -> None:
        self._call("answer", run, question)
        self.answers.append(answer)
        self._next()

    def wish(self, run: str, kind: WishKind, reason: str) -> None:
        self._call("wish", run, kind, reason)

    def resume(self, run: str) -> None:
        self._call("resume", run)

    def abort(self, run: str, reason: str) -> None:
        self._call("abort", run, reason)

    def export(self, run: str, folder: Path) -> Path:
        self._call("export", run, folder)
        return folder / f"{run}.zip"

    def settle(self, obligation: int, reason: str, *, accept: bool = False) -> None:
        self._call("settle", obligation, reason, accept)
        if obligation in self.not_back and not accept:
            raise NotBackError(
                f"Close obligation {obligation}",
                "ProtocolLogEnabled of EX01 is True, it was False",
                f"Type: {PUT_BACK}",
            )

    def sweep(self) -> Standing:
        self._call("sweep")
        return self.standings.pop(0) if len(self.standings) > 1 else self.standings[0]

    def operator(self) -> str:
        return "CONTOSO\\ann"

    def close(self) -> None:
        self.closed = True

    def made(self, name: str) -> list[tuple[Any, ...]]:
        """The calls of that name, without it."""
        return [call[1:] for call in self.calls if call[0] == name]


def install(
    recovery: Scripted, put: Callable[[str, ModuleType], None] | None = None, journal: object = None
) -> None:
    """Stand ``recovery`` in for the office, and ``journal`` for the one that is opened by itself."""
    office, opening = ModuleType("cockpit.recovery.office"), ModuleType("cockpit.recovery.opening")
    office.open_office = lambda environment, *, read_only: recovery  # type: ignore[attr-defined]
    opening.open_journal_of = lambda environment: journal  # type: ignore[attr-defined]
    for module in (office, opening):
        (put or sys.modules.__setitem__)(module.__name__, module)

"""A run's rows as what a screen shows. Pure: rows in, view out."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from cockpit.config.environment import RecoverySettings
from cockpit.journal.records import (
    Attempt,
    Choice,
    Finding,
    Lease,
    Obligation,
    OutputLine,
    Question,
    Reading,
    Run,
    RunState,
)
from cockpit.recovery import by_hand
from cockpit.recovery.access import NoAccess
from cockpit.recovery.actions.action import Context
from cockpit.recovery.actions.table import ACTIONS
from cockpit.recovery.consent import blocking
from cockpit.recovery.ending import undo_step
from cockpit.recovery.runbook import UNDO, Consent, Step, readable, thaw
from cockpit.recovery.runbooks import RUNBOOKS
from cockpit.recovery.view import (
    HandView,
    Life,
    OutputView,
    QuestionView,
    RunLine,
    RunView,
    StepMark,
    StepView,
)

OUTPUT_LINES: Final = 400


@dataclass(frozen=True, slots=True)
class Rows:
    """Everything the journal has of one run. ``line``: ids of the run and of those that wait for it.
    ``now``: by the journal's clock."""

    run: Run
    attempts: tuple[Attempt, ...]
    questions: tuple[Question, ...]
    readings: tuple[Reading, ...]
    output: tuple[OutputLine, ...]
    obligations: tuple[Obligation, ...]
    lease: Lease | None
    line: tuple[str, ...]
    now: float


def moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _maybe(seconds: float | None) -> datetime | None:
    return None if seconds is None else moment(seconds)


def life_of(run: Run, line: Collection[str], lease: Lease | None, *, asks: bool) -> Life:
    """Whether somebody works on it: a living lease for it, or for a run that waits for it.

    ``line``: ids of the run and of those that wait for it. ``asks``: its question is open. One that is
    answered waits for nobody: if its worker was killed before it took the answer up, the run is left.
    """
    if run.ended:
        return Life.ENDED
    living = lease is not None and not lease.expired and lease.run in line
    if run.state is RunState.WAITING and asks:
        return Life.WAITING
    return Life.LIVE if living else Life.LEFT


def run_view(rows: Rows) -> RunView:
    """Raises ValueError when the kept runbook is not the one the run was started with."""
    run = rows.run
    book = thaw(run.book, run.digest)
    open_question = next((q for q in rows.questions if q.open), None)
    life = life_of(run, rows.line, rows.lease, asks=open_question is not None)
    steps = [*book.steps, *_undo_steps(rows)]
    way = book.reachable(run.step) if run.step in {s.id for s in book.steps} else frozenset()
    shown = tuple(_step(rows, step, life, open_question, way) for step in steps)
    children = [str(a.before["child"]) for a in rows.attempts if "child" in a.before and a.in_doubt]
    return RunView(
        run=run,
        title=book.title,
        life=life,
        lease=rows.lease,
        steps=shown,
        current=open_question.step if open_question is not None else run.step,
        question=None if open_question is None else _question(rows, open_question),
        output=tuple(OutputView(moment(o.at), o.step, o.text) for o in rows.output[-OUTPUT_LINES:]),
        obligations=rows.obligations,
        child=children[-1] if children else None,
        now=moment(rows.now),
    )


def _undo_steps(rows: Rows) -> list[Step]:
    ids = dict.fromkeys(a.step for a in rows.attempts if a.step.startswith(UNDO))
    return [undo_step(i.removeprefix(UNDO)) for i in ids]


def _step(rows: Rows, step: Step, life: Life, question: Question | None, way: frozenset[str]) -> StepView:
    tries = [a for a in rows.attempts if a.step == step.id]
    last = tries[-1] if tries else None
    hand = _hand(last)
    asking = question is not None and question.step == step.id
    return StepView(
        id=step.id,
        title=step.title,
        page=step.page,
        why=step.why,
        departs=step.departs,
        command=_command(rows, step, last),
        mark=_mark(rows.run, step, last, life, asking, way),
        outcome=last.outcome if last is not None else "",
        words=str(last.detail.get("words", "")) if last is not None else "",
        attempts=len(tries),
        dangerous=step.dangerous,
        irreversible=step.consent is Consent.PERSON,
        skippable=bool(step.skip),
        started_at=moment(last.intent_at) if last is not None else None,
        ended_at=_maybe(last.result_at) if last is not None else None,
        due_at=_maybe(last.due_at) if last is not None else None,
        limit_at=moment(last.limit_at) if last is not None and last.in_doubt and hand is None else None,
        findings=_findings(rows.readings, step.id),
        hand=hand,
    )


def _hand(attempt: Attempt | None) -> HandView | None:
    """What the attempt offers, or offered, to be run by hand."""
    kept = by_hand.of(attempt) if attempt is not None else {}
    if not kept:
        return None
    return HandView(
        command=str(kept["command"]),
        where=str(kept["where"]),
        why=str(kept["why"]),
        by=str(kept.get("by", "")),
        done_at=_maybe(kept.get("done_at")),
        observed=bool(kept.get("observed", False)),
    )


def _command(rows: Rows, step: Step, last: Attempt | None) -> str:
    """As it was sent, else as it would be."""
    sent = last.command if last is not None else ""
    return sent or command_of(rows.run, step, rows.obligations)


def _mark(
    run: Run, step: Step, last: Attempt | None, life: Life, asking: bool, way: frozenset[str]
) -> StepMark:
    if asking:
        return StepMark.ASKING
    if last is not None and last.in_doubt:
        waits = last.due_at is not None
        return StepMark.DOING if life is Life.LIVE or waits else StepMark.IN_DOUBT
    if run.step == step.id and not run.ended:
        return StepMark.DOING if life is Life.LIVE else StepMark.TO_COME
    if last is not None:
        return StepMark.SKIPPED if last.outcome == "skipped" else StepMark.DONE
    return StepMark.TO_COME if step.id in way and not run.ended else StepMark.NOT_NEEDED


def _findings(readings: Sequence[Reading], step: str) -> tuple[Finding, ...]:
    found = [r for r in readings if r.step == step]
    return found[-1].findings if found else ()


def _question(rows: Rows, question: Question) -> QuestionView:
    here = [a for a in rows.attempts if a.step == question.step and a.in_doubt]
    dues = [a.due_at for a in here if a.due_at is not None]
    offers = [a for a in here if Choice.DONE in question.choices]
    return QuestionView(
        id=question.id,
        step=question.step,
        prompt=question.prompt,
        choices=question.choices,
        typed=question.typed,
        needs_reason=question.needs_reason,
        asked_at=moment(question.asked_at),
        blocking=blocking(_findings(rows.readings, question.step)),
        due=_maybe(max(dues, default=None)),
        hand=_hand(offers[-1]) if offers else None,
    )


def command_of(run: Run, step: Step, obligations: tuple[Obligation, ...]) -> str:
    """The command a step would send as things stand; empty where it sends none, or cannot know yet."""
    action = ACTIONS.get(step.action)
    if action is None:
        return ""
    return action.command(plain_context(run, step, obligations))


def plain_context(run: Run, step: Step, obligations: tuple[Obligation, ...]) -> Context:
    """A context to show commands with: there are no servers behind it."""
    return Context(
        run=run,
        step=step,
        access=NoAccess(),
        settings=RecoverySettings(),
        obligations=tuple(o for o in obligations if o.open),
        say=lambda _: None,
        pause=lambda _: None,
        now=lambda: 0.0,
    )


def run_line(
    run: Run,
    line: Collection[str],
    lease: Lease | None,
    question: Question | None,
    obligations: int,
    due: float | None = None,
) -> RunLine:
    """One line of a list. ``line``: ids of the run and of those that wait for it. ``due``: of one that
    rests."""
    book = RUNBOOKS.get(run.runbook)
    titles = titles_of(run)
    return RunLine(
        run=run,
        title=book.title if book is not None else run.runbook,
        life=life_of(run, line, lease, asks=question is not None),
        holder=lease.holder if lease is not None and not lease.expired else "",
        started=moment(run.created_at),
        ended=_maybe(run.ended_at),
        step_title=titles.get(run.step, run.step.removeprefix("@")),
        waiting_for=question.prompt if question is not None else "",
        open_obligations=obligations,
        due=_maybe(due),
    )


def titles_of(run: Run) -> dict[str, str]:
    book = readable(run.book, run.digest)
    return {s.id: s.title for s in book.steps} if book is not None else {}

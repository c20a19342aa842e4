"""How runs end before their procedure does: undo what is open, newest first; abort; hand over (rule 3)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from cockpit.config.language import N_
from cockpit.exchange.text import clean_line
from cockpit.journal.errors import LeaseHeldError
from cockpit.journal.records import Attempt, Run, RunState
from cockpit.journal.store import Writer
from cockpit.recovery.actions.action import Done
from cockpit.recovery.actions.table import ACTIONS
from cockpit.recovery.asking import HandedOver
from cockpit.recovery.doing import Doer, Finish
from cockpit.recovery.runbook import UNDO, Runbook, Step, readable
from cockpit.recovery.work import Work

UNKNOWN: Final = "unknown"

_RESTORES: Final = {
    "DatabaseCopyActivationDisabledAndMoveNow": "restore_move_now",
    "DatabaseCopyAutoActivationPolicy": "restore_policy",
    "ProtocolLogEnabled": "restore_logging",
}

_ABORT_CHILD: Final = Step(
    id=f"{UNDO}child",
    title=N_("Abort the run it started"),
    action="child",
    why=N_("A run does not end while one it started has not."),
    next={},
)
"""No step of a book: what is asked about where the child's lease cannot be had."""


class Ender:
    """``drive``: works on a child run until it has ended."""

    def __init__(self, work: Work, doer: Doer, drive: Callable[[str], RunState]) -> None:
        self._work = work
        self._journal = work.journal
        self._doer = doer
        self._drive = drive

    def abort(self, run: Run) -> None:
        """Settle what is in doubt, undo what is open, newest first, and end."""
        why = run.facts["aborting"]
        ending = N_("Aborted by {by}: {reason}").format(by=why["by"], reason=why["reason"])
        try:
            self._doer.decided(run)
            self._settle(run)
            self.undo_all(run)
        except HandedOver as decision:
            self._give(run, decision)
        handed = [o for o in self._journal.obligations(below=run.id) if o.handed_at is not None]
        with self._work.write(run) as writer:
            writer.end(run.id, RunState.ESCALATED if handed else RunState.ABORTED, ending)

    def _settle(self, run: Run) -> None:
        """Attempts without a result: children are aborted too, changes observed, reads given up."""
        for attempt in self._journal.attempts(run.id):
            if not attempt.in_doubt:
                continue
            step = _step_of(run, attempt.step)
            action = ACTIONS.get(step.action) if step is not None else None
            if "child" in attempt.before:
                self._abort_child(run, attempt)
            elif step is None or action is None:
                # Not to be read by this program: its obligations are undone all the same.
                self._unknown(run, attempt)
            elif action.changes:
                self._doer.resolve(run, step, action, attempt, self._finish_undo(run, step), ask=False)
                self._unknown(run, attempt)
            else:
                self._doer.interrupted(run, attempt)

    def _abort_child(self, run: Run, attempt: Attempt) -> None:
        child = self._journal.run(str(attempt.before["child"]))
        if not child.ended:
            self._hold(run, child)
            with self._work.write(child) as writer:
                writer.facts(child.id, {"aborting": run.facts["aborting"]})
            self._drive(child.id)
        state = self._journal.run(child.id).state
        words = N_("Run {run}: {state}.").format(run=child.id[:8], state=state.value)
        with self._work.write(run) as writer:
            writer.conclude(attempt, state.value, {"words": words})

    def _hold(self, run: Run, child: Run) -> None:
        """The child's lease, asked for until it can be had."""
        while True:
            try:
                self._work.keeper.acquire(child.scope, run.id)
            except LeaseHeldError as error:
                self._doer.trouble(run, _ABORT_CHILD, str(error))
            else:
                return

    def _unknown(self, run: Run, attempt: Attempt) -> None:
        """Still in doubt after its time limit: said so, for the undoing settles the value all the same."""
        now = next(a for a in self._journal.attempts(run.id) if (a.step, a.n) == (attempt.step, attempt.n))
        if now.in_doubt:
            with self._work.write(run) as writer:
                writer.conclude(now, UNKNOWN, {"words": N_("Nobody could say whether it took effect.")})

    def undo_all(self, run: Run) -> None:
        """Newest first, each to the value that was there before, and read back."""
        while left := self._work.obligations(run):
            obligation = left[-1]
            step = undo_step(obligation.key)
            tries = [a for a in self._journal.attempts(run.id) if a.step == step.id and a.in_doubt]
            finish = self._finish_undo(run, step)
            if tries:
                self._doer.resolve(run, step, ACTIONS[step.action], tries[-1], finish)
            else:
                self._doer.carry_out(run, step, ACTIONS[step.action], finish)

    def _finish_undo(self, run: Run, step: Step) -> Finish:
        """Recorded, with what it put back closed; it leads nowhere, for the run is leaving its procedure."""

        def finish(writer: Writer, attempt: Attempt, done: Done) -> None:
            closes = tuple(o.id for o in self._doer.own(run) if o.key == step.closes)
            detail = {"words": clean_line(done.words), "data": dict(done.data)}
            writer.conclude(attempt, done.outcome, detail, closes=closes)

        return finish

    def hand_over(self, run: Run, book: Runbook, decision: HandedOver) -> None:
        """What is open goes to a name; then the procedure's escalation."""
        self._settle(
            replace(run, facts={**run.facts, "aborting": {"reason": decision.reason, "by": decision.by}})
        )
        self._give(run, decision)
        with self._work.write(run) as writer:
            writer.state(run.id, RunState.RUNNING, book.escalate)

    def _give(self, run: Run, decision: HandedOver) -> None:
        to = clean_line(decision.to) or clean_line(decision.by)
        with self._work.write(run) as writer:
            for obligation in self._work.obligations(run):
                writer.hand_over(obligation.id, to, decision.reason)
            named = {"to": to, "reason": decision.reason, "by": decision.by}
            writer.facts(run.id, {"handed_over": named})
            writer.log("run.handed over", run=run.id, to=to, reason=decision.reason, by=decision.by)


def undo_step(key: str) -> Step:
    """The step that undoes an obligation outside the procedure: in an abort, before an escalation."""
    return Step(
        id=f"{UNDO}{key}",
        title=N_("Put {key} back").format(key=key),
        action=_RESTORES[key],
        why=N_("A run does not end while a temporary change of it is open."),
        next={},
        closes=key,
    )


def _step_of(run: Run, step_id: str) -> Step | None:
    """The step of an attempt; None where this program cannot read the run's book, or the book has no such."""
    if step_id.startswith(UNDO):
        return undo_step(step_id.removeprefix(UNDO))
    book = readable(run.book, run.digest)
    return next((s for s in book.steps if s.id == step_id), None) if book is not None else None

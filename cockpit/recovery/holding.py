"""Where a run rests: a temporary change stays on until somebody ends it, and no process waits for that.

The run is at a durable question, its attempt has a due time, its lease is given back: recoveries of the same
DAG go on meanwhile. After the due time nothing is sent by itself; it is told on every screen as overdue.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from cockpit.config.language import N_
from cockpit.journal.records import Attempt, Choice, NewAttempt, Run, RunState, Wish
from cockpit.journal.store import Journal
from cockpit.recovery.actions.action import Done
from cockpit.recovery.asking import Asker
from cockpit.recovery.doing import Finish
from cockpit.recovery.runbook import Step
from cockpit.recovery.work import Work

KEPT: Final = "kept"
"""The outcome of a time that was made longer; a new attempt has the new one."""


class Holder:
    """Rests runs at a step, and takes them up when that is decided."""

    def __init__(self, work: Work, asker: Asker) -> None:
        self._work = work
        self._asker = asker

    def hold(
        self, run: Run, step: Step, last: Attempt | None, seconds: Callable[[], float], finish: Finish
    ) -> None:
        """Rest until it is answered. ``seconds``: until it is overdue, of a new attempt.

        Raises Parked at once where nobody has answered; Aborting and HandedOver for those answers.
        """
        if last is None:
            last = self._begin(run, step, seconds())
        wish = self._asker.wants_end_of_wait(run, last.intent_at)
        done = self._answered(run, step, last) if wish is None else _ended(wish)
        if done is None:
            return
        self._work.phase(step.id, "after effect")
        with self._work.write(run) as writer:
            if wish is not None:
                writer.heed(wish.id)
                writer.withdraw_open(run.id, N_("it was ended by a wish"))
                writer.state(run.id, RunState.RUNNING)
            finish(writer, last, done)
        self._work.phase(step.id, "after result")

    def _begin(self, run: Run, step: Step, seconds: float) -> Attempt:
        self._work.phase(step.id, "before intent")
        with self._work.write(run) as writer:
            made = writer.intend(NewAttempt(run.id, step.id, "", {}, seconds, due_in=seconds))
        self._work.phase(step.id, "after intent")
        return made

    def _answered(self, run: Run, step: Step, last: Attempt) -> Done | None:
        """What was decided; None where it was kept for longer, which is recorded here."""
        prompt = N_("{server}: {step} until {clock}. Put it back now?").format(
            server=run.server, step=step.title, clock=_clock(last.due_at or 0.0)
        )
        answer = self._asker.ask(
            run, step.id, prompt, (Choice.AGAIN, Choice.GO, Choice.HAND_OVER, Choice.ABORT), linger=0.0
        )
        if answer.choice is Choice.GO:
            return Done("over", N_("Ended by {by}.").format(by=answer.by))
        with self._work.write(run) as writer:
            writer.conclude(last, KEPT, {"words": N_("Kept for longer by {by}.").format(by=answer.by)})
        return None


def _ended(wish: Wish) -> Done:
    return Done("over", N_("Ended by {by}: {reason}").format(by=wish.by, reason=wish.reason))


def due_of(journal: Journal, run: Run) -> float | None:
    """When a resting run is due (seconds, the journal's clock); None for a run that does not rest.

    It rests at the question of the step whose time runs. A question of another step is work to be gone on
    with, whatever else has a due time.
    """
    question = journal.open_question(run.id) if run.state is RunState.WAITING else None
    if question is None:
        return None
    tries = (a for a in journal.attempts(run.id) if a.step == question.step and a.in_doubt)
    return max((a.due_at for a in tries if a.due_at is not None), default=None)


def _clock(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S}Z"

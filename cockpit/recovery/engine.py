"""Runs a run: intent, effect, result; in doubt, observe; never send blindly again (design §6).

One thread. The journal is the only interface to whoever watches or decides. What a server refuses or
leaves unknown becomes a durable question; only the loss of the lease or of the journal ends a worker.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from cockpit.exchange.changes import Effect, Observation
from cockpit.exchange.errors import CmdletFailedError, ExchangeError, NotGrantedError
from cockpit.exchange.text import clean_line
from cockpit.journal.errors import LeaseHeldError
from cockpit.journal.records import (
    Attempt,
    Choice,
    NewAttempt,
    NewRun,
    Obligation,
    Run,
    RunState,
)
from cockpit.journal.store import Writer
from cockpit.recovery import consent, judging
from cockpit.recovery.actions.action import Action, Context, Done, NotDoneError, Prepared
from cockpit.recovery.actions.table import ACTIONS, Child, Escalate, Wait
from cockpit.recovery.asking import Aborting, Asker, HandedOver
from cockpit.recovery.bundle import build
from cockpit.recovery.runbook import RECOVERED, Runbook, Step, freeze, thaw
from cockpit.recovery.runbooks import RUNBOOKS
from cockpit.recovery.scope import scope_of
from cockpit.recovery.work import Work

INTERRUPTED: Final = "interrupted"
NOT_APPLIED: Final = "not applied"
UNKNOWN: Final = "unknown"
ERROR: Final = "error"
SKIPPED: Final = "skipped"

_RESTORES: Final = {
    "DatabaseCopyActivationDisabledAndMoveNow": "restore_move_now",
    "DatabaseCopyAutoActivationPolicy": "restore_policy",
    "ProtocolLogEnabled": "restore_logging",
}

Finish = Callable[[Writer, Attempt, Done], None]


class Engine:
    """Drives runs to their end, or to a question that nobody answers (Parked)."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._journal = work.journal
        self._asker = Asker(work)

    def drive(self, run_id: str) -> RunState:
        """Work on a run until it ends; its lease is taken first, and given back after.

        Raises LeaseHeldError, LeaseLostError, Parked, JournalError.
        """
        run = self._journal.run(run_id)
        self._work.keeper.acquire(run.scope, run.id)
        while not run.ended:
            self._advance(run, thaw(run.book, run.digest))
            run = self._journal.run(run_id)
        if run.parent is None:
            self._work.keeper.release(run.scope)
        return run.state

    def _advance(self, run: Run, book: Runbook) -> None:
        try:
            if run.facts.get("aborting"):
                self._abort(run)
                return
            self._asker.heed(run)
            self._step(run, book, book.step(run.step))
        except Aborting as wish:
            with self._work.write(run) as writer:
                writer.facts(run.id, {"aborting": {"reason": wish.reason, "by": wish.by}})
                writer.state(run.id, RunState.ABORTING)
            if wish.run != run.id:
                self._abort(self._journal.run(run.id))
                raise
        except HandedOver as decision:
            self._hand_over(run, book, decision)

    # --- one step ----------------------------------------------------------------------------------

    def _step(self, run: Run, book: Runbook, step: Step) -> None:
        action = ACTIONS[step.action]
        tries = [a for a in self._journal.attempts(run.id) if a.step == step.id]
        last = tries[-1] if tries else None
        if last is not None and last.in_doubt:
            self._take_up(run, book, step, action, last)
        elif last is not None and last.outcome in step.asks:
            self._decide(run, book, step, last)
        else:
            self._try(run, book, step, action)

    def _take_up(self, run: Run, book: Runbook, step: Step, action: Action, last: Attempt) -> None:
        """An attempt whose worker is gone. A wait goes on to its due time, a child run goes on; a read
        is made anew; a change is observed."""
        if isinstance(action, Wait):
            self._wait(run, book, step, last)
        elif isinstance(action, Child):
            self._follow(run, book, step, last)
        elif not action.changes:
            self._interrupted(run, last)
        else:
            self._resolve(run, step, action, last, self._finish(run, book, step))

    def _interrupted(self, run: Run, last: Attempt) -> None:
        with self._work.write(run) as writer:
            writer.conclude(last, INTERRUPTED, {"words": "Its worker ended before the answer came."})

    def _try(self, run: Run, book: Runbook, step: Step, action: Action) -> None:
        if not self._agreed(run, book, step):
            return
        if isinstance(action, Wait):
            self._wait(run, book, step, None)
        elif isinstance(action, Child):
            self._begin_child(run, book, step)
        elif isinstance(action, Escalate):
            self._escalate(run, book, step)
        else:
            self._carry_out(run, step, action, self._finish(run, book, step))

    def _agreed(self, run: Run, book: Runbook, step: Step) -> bool:
        """Whether the step may go on now. False: something was decided, look at the run again."""
        found = judging.look(self._work, run, step)
        if not consent.must_ask(step, found, auto=run.auto):
            return True
        answer = self._asker.ask(
            run,
            step.id,
            f"{step.title} on {run.server}?",
            consent.choices(step, found),
            typed=run.server if step.typed else "",
        )
        if answer.choice is Choice.SKIP:
            self._skip(run, book, step, f"Skipped by {answer.by}: {answer.reason}")
            return False
        if answer.choice is not Choice.GO:
            return False
        # Between the question and the answer hours may have gone: what is true now decides.
        return not consent.blocking(judging.look(self._work, self._journal.run(run.id), step))

    def _skip(self, run: Run, book: Runbook, step: Step, words: str) -> None:
        with self._work.write(run) as writer:
            attempt = writer.intend(NewAttempt(run.id, step.id, "", {}, 0.0))
            self._move(writer, run, book, attempt, Done(SKIPPED, words), step.skip, ())

    def _carry_out(self, run: Run, step: Step, action: Action, finish: Finish) -> None:
        """Prepare, intend, perform, conclude."""
        said: list[str] = []
        context = self._context(run, step, said.append)
        try:
            prepared = action.prepare(context)
            command = action.command(context) if prepared.instead is None else ""
        except ExchangeError as error:
            self._trouble(run, step, f"{error}. {error.cure}")
            return
        if prepared.doubt and not self._sure(run, step, prepared.doubt):
            return
        if prepared.instead is not None:
            with self._work.write(run) as writer:
                attempt = writer.intend(NewAttempt(run.id, step.id, "", prepared.before, 0.0))
                writer.say(attempt, said)
                finish(writer, attempt, prepared.instead)
            return
        self._work.phase(step.id, "before intent")
        attempt = self._intend(run, step, action, context, prepared, command, said)
        self._work.phase(step.id, "after intent")
        self._perform(run, step, action, attempt, finish)
        self._work.phase(step.id, "after result")

    def _intend(
        self,
        run: Run,
        step: Step,
        action: Action,
        context: Context,
        prepared: Prepared,
        command: str,
        said: list[str],
    ) -> Attempt:
        new = NewAttempt(
            run.id, step.id, command, prepared.before, action.limit(context), opens=prepared.opens
        )
        with self._work.write(run) as writer:
            attempt = writer.intend(new)
            writer.say(attempt, said)
        return attempt

    def _perform(self, run: Run, step: Step, action: Action, attempt: Attempt, finish: Finish) -> None:
        context = self._context(
            run, step, lambda line: self._say(run, attempt, line), heed=not action.changes
        )
        self._work.access.fence(lambda: self._work.keeper.check(run.scope))
        try:
            done = action.perform(context, attempt.before)
        except ExchangeError as error:
            self._work.phase(step.id, "after effect")
            if action.changes:
                self._resolve(run, step, action, attempt, finish, error)
            else:
                words = f"{error}. {error.cure}"
                with self._work.write(run) as writer:
                    writer.conclude(attempt, ERROR, {"words": words})
                self._trouble(run, step, words)
            return
        self._work.phase(step.id, "after effect")
        with self._work.write(run) as writer:
            finish(writer, attempt, done)

    def _finish(self, run: Run, book: Runbook, step: Step) -> Finish:
        """How a step of the runbook ends: obligations closed, the run moved, in the result's transaction."""

        def finish(writer: Writer, attempt: Attempt, done: Done) -> None:
            closes = tuple(o.id for o in self._own(run) if o.key == step.closes)
            target = None if done.outcome in step.asks else step.next[done.outcome]
            self._move(writer, run, book, attempt, done, target, closes)

        return finish

    def _move(
        self,
        writer: Writer,
        run: Run,
        book: Runbook,
        attempt: Attempt,
        done: Done,
        target: str | None,
        closes: tuple[int, ...],
    ) -> None:
        left = [o for o in self._work.obligations(run) if o.id not in closes]
        if target == RECOVERED and left:
            # Not by the runbooks as they are (a test walks every path): whatever is open is settled first.
            target = book.escalate
        if done.facts:
            writer.facts(run.id, done.facts)
        detail = {"words": clean_line(done.words), "data": dict(done.data)}
        writer.conclude(attempt, done.outcome, detail, next_step=target, closes=closes)
        if target == RECOVERED:
            writer.end(run.id, RunState.RECOVERED, clean_line(done.words))

    def _decide(self, run: Run, book: Runbook, step: Step, last: Attempt) -> None:
        """An outcome at which the operator decides: another try, or on with the procedure."""
        words = str(last.detail.get("words", last.outcome))
        choices = (Choice.AGAIN, Choice.GO, Choice.HAND_OVER, Choice.ABORT)
        answer = self._asker.ask(run, step.id, f"{step.title}: {words} Try again, or go on?", choices)
        if answer.choice is Choice.GO:
            with self._work.write(run) as writer:
                writer.state(run.id, RunState.RUNNING, step.next[last.outcome])
        else:
            self._try(run, book, step, ACTIONS[step.action])

    # --- in doubt ----------------------------------------------------------------------------------

    def _resolve(
        self,
        run: Run,
        step: Step,
        action: Action,
        attempt: Attempt,
        finish: Finish,
        error: ExchangeError | None = None,
        *,
        ask: bool = True,
    ) -> None:
        """Rule 2: look until it shows, or until its time limit is over; then say what was seen, or ask."""
        seen = self._observe(run, step, action, attempt, error)
        why = f" ({error})" if error is not None else ""
        if seen.effect is Effect.APPLIED:
            done = action.observed(
                self._context(run, step, _unsaid), attempt.before, f"Observed: {seen.words}"
            )
            with self._work.write(run) as writer:
                finish(writer, attempt, done)
        elif seen.effect is Effect.NOT_APPLIED:
            words = f"It did not take effect: {seen.words}{why}"
            with self._work.write(run) as writer:
                writer.conclude(attempt, NOT_APPLIED, {"words": words})
            if ask and error is not None:
                self._trouble(run, step, words)
        elif ask:
            self._trouble(
                run, step, f"Nobody can say whether it took effect: {seen.words}{why}", again_only=True
            )

    def _observe(
        self, run: Run, step: Step, action: Action, attempt: Attempt, error: ExchangeError | None
    ) -> Observation:
        context = self._context(run, step, lambda line: self._say(run, attempt, line), heed=False)
        ended = isinstance(error, CmdletFailedError | NotGrantedError | NotDoneError)
        said = ""
        while True:
            try:
                seen = action.observe(context, attempt.before)
            except ExchangeError as failure:
                seen = Observation(Effect.UNKNOWN, f"{failure}.")
            left = attempt.limit_at - self._journal.now()
            settled = seen.effect is Effect.APPLIED or (ended and seen.effect is Effect.NOT_APPLIED)
            if settled or left <= 0:
                return seen
            if seen.words != said:
                said = seen.words
                context.say(f"In doubt: {said}")
            self._asker.pause(run, min(self._work.settings.poll, left), heed=False)

    def _trouble(self, run: Run, step: Step, words: str, *, again_only: bool = False) -> None:
        """It did not come to a result: another try, a skip, a hand-over, or an abort."""
        undoing = step.id.startswith("undo:")
        choices = [Choice.AGAIN, Choice.HAND_OVER]
        if step.skip and not again_only:
            choices.insert(1, Choice.SKIP)
        if not undoing:
            choices.append(Choice.ABORT)
        answer = self._asker.ask(run, step.id, clean_line(f"{step.title}: {words}"), choices)
        if answer.choice is Choice.SKIP:
            book = thaw(run.book, run.digest)
            self._skip(run, book, step, f"Skipped by {answer.by}: {answer.reason}")

    def _sure(self, run: Run, step: Step, doubt: str) -> bool:
        choices = [Choice.AGAIN, Choice.GO, Choice.HAND_OVER]
        if not step.id.startswith("undo:"):
            choices.append(Choice.ABORT)
        return self._asker.ask(run, step.id, clean_line(doubt), choices).choice is Choice.GO

    # --- waits and child runs ------------------------------------------------------------------------

    def _wait(self, run: Run, book: Runbook, step: Step, last: Attempt | None) -> None:
        """A due time in the journal: whoever takes the run up waits for the rest only."""
        if last is None:
            wait = self._work.settings.wait
            self._work.phase(step.id, "before intent")
            with self._work.write(run) as writer:
                last = writer.intend(NewAttempt(run.id, step.id, "", {}, wait, due_in=wait))
            self._work.phase(step.id, "after intent")
        words = "The time is over."
        while (left := (last.due_at or 0.0) - self._journal.now()) > 0:
            wish = self._asker.wants_end_of_wait(run)
            if wish is not None:
                words = f"Ended early by {wish.by}: {wish.reason}"
                break
            self._asker.pause(run, min(left, self._work.look_every))
        self._work.phase(step.id, "after effect")
        with self._work.write(run) as writer:
            self._finish(run, book, step)(writer, last, Done("elapsed", words))
        self._work.phase(step.id, "after result")

    def _begin_child(self, run: Run, book: Runbook, step: Step) -> None:
        server = str(run.facts["mailbox_server"])
        child_book = RUNBOOKS[str(step.args["runbook"])]
        text, digest = freeze(child_book)
        try:
            scope = scope_of(self._work.access, server)
            self._work.keeper.acquire(scope, run.id)
        except (ExchangeError, LeaseHeldError) as error:
            self._trouble(run, step, str(error))
            return
        child = NewRun(
            id=uuid.uuid4().hex,
            runbook=child_book.name,
            digest=digest,
            book=text,
            environment=run.environment,
            scope=scope,
            server=server,
            monitor=str(run.facts.get("mailbox_monitor") or child_book.monitors[0]),
            step=child_book.steps[0].id,
            auto=run.auto,
            parent=run.id,
        )
        command = f"runbook {child_book.name} on {server}"
        self._work.phase(step.id, "before intent")
        with self._work.write(run) as writer:
            writer.create_run(child)
            attempt = writer.intend(NewAttempt(run.id, step.id, command, {"child": child.id}, 0.0))
        self._work.phase(step.id, "after intent")
        self._follow(run, book, step, attempt)

    def _follow(self, run: Run, book: Runbook, step: Step, attempt: Attempt) -> None:
        child = self._journal.run(str(attempt.before["child"]))
        try:
            state = self.drive(child.id)
        except LeaseHeldError as error:
            self._trouble(run, step, str(error), again_only=True)
            return
        if child.scope != run.scope:
            self._work.keeper.release(child.scope)
        self._work.phase(step.id, "after effect")
        ending = self._journal.run(child.id).ending
        words = f"Run {child.id[:8]} on {child.server}: {state.value}. {ending}"
        with self._work.write(run) as writer:
            self._finish(run, book, step)(writer, attempt, Done(state.value, words, {"evidence": {}}))
        self._work.phase(step.id, "after result")

    # --- the ends ----------------------------------------------------------------------------------

    def _escalate(self, run: Run, book: Runbook, step: Step) -> None:
        """Rule 3: what is open is undone, or handed over by name; then the bundle, then the end."""
        if left := self._work.obligations(run):
            what = ", ".join(f"{o.key} on {o.server} (was {o.prior})" for o in left)
            prompt = f"Before it is escalated: undo {what} now, or hand it over?"
            self._asker.ask(run, step.id, prompt, (Choice.GO, Choice.HAND_OVER))
            self._undo_all(run)
            return
        self._work.phase(step.id, "before intent")
        with self._work.write(run) as writer:
            attempt = writer.intend(NewAttempt(run.id, step.id, "", {}, 600.0))
        self._work.phase(step.id, "after intent")
        words = self._bundle(run, attempt)
        self._work.phase(step.id, "after effect")
        with self._work.write(run) as writer:
            writer.conclude(attempt, "done", {"words": words}, next_step=book.steps[-1].next["done"])
            writer.end(run.id, RunState.ESCALATED, words)
        self._work.phase(step.id, "after result")

    def _bundle(self, run: Run, attempt: Attempt) -> str:
        self._say(run, attempt, "Collecting evidence.")
        path = build(self._journal, run.id, self._work.bundles, self._work.access, self._work.environment)
        return f"Evidence bundle {path.name}: give it to Microsoft support."

    def _abort(self, run: Run) -> None:
        """Settle what is in doubt, undo what is open, newest first, and end."""
        why = run.facts["aborting"]
        ending = f"Aborted by {why['by']}: {why['reason']}"
        try:
            self._settle(run)
            self._undo_all(run)
        except HandedOver as decision:
            self._give(run, decision)
        handed = [o for o in self._journal.obligations(run=run.id) if o.handed_at is not None]
        with self._work.write(run) as writer:
            writer.end(run.id, RunState.ESCALATED if handed else RunState.ABORTED, ending)

    def _settle(self, run: Run) -> None:
        """Attempts without a result: children are aborted too, changes observed, reads given up."""
        book = thaw(run.book, run.digest)
        for attempt in self._journal.attempts(run.id):
            if not attempt.in_doubt:
                continue
            step = _step_of(book, attempt.step)
            action = ACTIONS[step.action]
            if "child" in attempt.before:
                self._abort_child(run, attempt)
            elif action.changes:
                finish = self._finish_undo(run) if attempt.step.startswith("undo:") else _finish_here
                self._resolve(run, step, action, attempt, finish, ask=False)
                self._unknown(run, attempt)
            else:
                self._interrupted(run, attempt)

    def _abort_child(self, run: Run, attempt: Attempt) -> None:
        child = self._journal.run(str(attempt.before["child"]))
        if not child.ended:
            self._work.keeper.acquire(child.scope, run.id)
            with self._work.write(child) as writer:
                writer.facts(child.id, {"aborting": run.facts["aborting"]})
            self.drive(child.id)
        state = self._journal.run(child.id).state
        with self._work.write(run) as writer:
            writer.conclude(attempt, state.value, {"words": f"Run {child.id[:8]}: {state.value}."})

    def _unknown(self, run: Run, attempt: Attempt) -> None:
        """Still in doubt after its time limit: said so, for the undoing settles the value all the same."""
        now = next(a for a in self._journal.attempts(run.id) if (a.step, a.n) == (attempt.step, attempt.n))
        if now.in_doubt:
            with self._work.write(run) as writer:
                writer.conclude(now, UNKNOWN, {"words": "Nobody could say whether it took effect."})

    def _undo_all(self, run: Run) -> None:
        """Newest first, each to the value that was there before, and read back."""
        while left := self._work.obligations(run):
            obligation = left[-1]
            step = undo_step(obligation.key)
            tries = [a for a in self._journal.attempts(run.id) if a.step == step.id and a.in_doubt]
            finish = self._finish_undo(run)
            if tries:
                self._resolve(run, step, ACTIONS[step.action], tries[-1], finish)
            else:
                self._carry_out(run, step, ACTIONS[step.action], finish)

    def _finish_undo(self, run: Run) -> Finish:
        def finish(writer: Writer, attempt: Attempt, done: Done) -> None:
            key = attempt.step.removeprefix("undo:")
            closes = tuple(o.id for o in self._own(run) if o.key == key)
            writer.conclude(attempt, done.outcome, {"words": clean_line(done.words)}, closes=closes)

        return finish

    def _hand_over(self, run: Run, book: Runbook, decision: HandedOver) -> None:
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
            writer.log("run.handed over", run=run.id, to=to, reason=decision.reason, by=decision.by)

    # --- small things --------------------------------------------------------------------------------

    def _own(self, run: Run) -> tuple[Obligation, ...]:
        return self._journal.obligations(run=run.id)

    def _context(self, run: Run, step: Step, say: Callable[[str], None], *, heed: bool = True) -> Context:
        now = self._journal.run(run.id)
        return Context(
            run=now,
            step=step,
            access=self._work.access,
            settings=self._work.settings,
            obligations=self._own(run),
            say=say,
            pause=lambda seconds: self._asker.pause(run, seconds, heed=heed),
            now=self._journal.now,
        )

    def _say(self, run: Run, attempt: Attempt, line: str) -> None:
        with self._work.write(run) as writer:
            writer.say(attempt, [clean_line(line)])


def _unsaid(_: str) -> None:
    return


def undo_step(key: str) -> Step:
    """The step that undoes an obligation outside the procedure: in an abort, before an escalation."""
    return Step(
        id=f"undo:{key}",
        title=f"Put {key} back",
        action=_RESTORES[key],
        why="A run does not end while a temporary change of it is open.",
        next={},
        closes=key,
    )


def _step_of(book: Runbook, step_id: str) -> Step:
    return undo_step(step_id.removeprefix("undo:")) if step_id.startswith("undo:") else book.step(step_id)


def _finish_here(writer: Writer, attempt: Attempt, done: Done) -> None:
    """A change seen to have taken effect while the run is being aborted: recorded, and it leads nowhere."""
    writer.conclude(attempt, done.outcome, {"words": clean_line(done.words)})

"""Runs a run: intent, effect, result; in doubt, observe; never send blindly again (design §6).

One thread. The journal is the only interface to whoever watches or decides. What a server refuses or
leaves unknown becomes a durable question; only the loss of the lease or of the journal ends a worker.
"""

from __future__ import annotations

import logging
import uuid
from typing import Final

from cockpit.config.language import N_
from cockpit.exchange.errors import ExchangeError
from cockpit.exchange.text import clean_line
from cockpit.journal.errors import LeaseHeldError
from cockpit.journal.records import (
    Answer,
    Attempt,
    Choice,
    NewAttempt,
    NewRun,
    Run,
    RunState,
)
from cockpit.journal.store import Writer
from cockpit.recovery import consent, judging
from cockpit.recovery.actions.action import Action, Done
from cockpit.recovery.actions.table import ACTIONS, Child, Escalate, Hold, Wait
from cockpit.recovery.asking import Aborting, Asker, HandedOver
from cockpit.recovery.bundle import build
from cockpit.recovery.doing import ERROR, Doer, Finish
from cockpit.recovery.ending import Ender
from cockpit.recovery.guards.table import GUARDS
from cockpit.recovery.holding import Holder
from cockpit.recovery.runbook import RECOVERED, UNDO, Runbook, Step, freeze, thaw
from cockpit.recovery.runbooks import RUNBOOKS
from cockpit.recovery.scope import refuse_left_out, scope_of
from cockpit.recovery.work import Work

SKIPPED: Final = "skipped"
GOES_ON: Final = "goes_on"
"""The run's fact that it goes on by itself from now, as one that was begun with ``auto`` does."""


_LOG = logging.getLogger(__name__)


class Engine:
    """Drives runs to their end, or to a question that nobody answers (Parked)."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._journal = work.journal
        self._asker = Asker(work)
        self._doer = Doer(work, self._asker)
        self._ender = Ender(work, self._doer, self.drive)
        self._holder = Holder(work, self._asker)

    def drive(self, run_id: str) -> RunState:
        """Work on a run until it ends; its lease is taken first, and given back after.

        Raises LeaseHeldError, LeaseLostError, Parked, JournalError.
        """
        run = self._journal.run(run_id)
        self._work.keeper.acquire(run.scope, run.id)
        while not run.ended:
            self._advance(run)
            run = self._journal.run(run_id)
        if run.parent is None:
            self._work.keeper.release(run.scope)
        return run.state

    def _advance(self, run: Run) -> None:
        if run.facts.get("aborting"):
            self._ender.abort(run)
            return
        try:
            # An abort needs no book: a run that this program cannot read can still be undone.
            self._asker.heed(run)
            self._go_on(run, thaw(run.book, run.digest))
        except Aborting as wish:
            self._record(run, wish)
            if wish.run != run.id:
                self._ender.abort(self._journal.run(run.id))
                raise

    def _go_on(self, run: Run, book: Runbook) -> None:
        try:
            step = self._current(run, book)
            of, answer = self._asker.decided(run) or ("", None)
            if answer is not None and answer.choice is Choice.SKIP and step.skip and of == step.id:
                self._skip_unsent(run, book, step, answer)
            else:
                self._step(run, book, step)
        except HandedOver as decision:
            self._ender.hand_over(run, book, decision)

    def _skip_unsent(self, run: Run, book: Runbook, step: Step, answer: Answer) -> None:
        """Skip the step; what was offered by hand and skipped there has its own end first."""
        tries = [a for a in self._journal.attempts(run.id) if a.step == step.id]
        if tries and tries[-1].in_doubt:
            self._step(run, book, step)
        else:
            self._skip_if(run, book, step, answer)

    def _current(self, run: Run, book: Runbook) -> Step:
        """Where the run is; a run kept at the undoing of an escalation goes on with that escalation."""
        return book.step(book.escalate if run.step.startswith(UNDO) else run.step)

    def _record(self, run: Run, wish: Aborting) -> None:
        """The abort of ``run`` and of those above it up to the one it was wished of: one transaction with
        the wish itself, so that none of them goes on after a crash."""
        fact = {"aborting": {"reason": wish.reason, "by": wish.by}}
        with self._work.write(run) as writer:
            for each in self._asker.line(run):
                if not each.facts.get("aborting"):
                    writer.withdraw_open(each.id, N_("the run is aborted"))
                    writer.facts(each.id, fact)
                    writer.state(each.id, RunState.ABORTING)
                if each.id == wish.run:
                    break
            if wish.wish is not None and any(w.id == wish.wish for w in self._journal.wishes(wish.run)):
                writer.heed(wish.wish)

    # --- one step ----------------------------------------------------------------------------------

    def _step(self, run: Run, book: Runbook, step: Step) -> None:
        action = ACTIONS.get(step.action)
        strange = [N_("the guard {guard}").format(guard=g) for g in step.guards if g not in GUARDS]
        if action is None or strange:
            what = ", ".join(
                ([] if action is not None else [N_("the action {action}").format(action=step.action)])
                + strange
            )
            words = N_("this program does not know {what}. Upgrade it, and take the run up again").format(
                what=what
            )
            self._doer.trouble(run, step, words, again_only=True)
            return
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
        elif isinstance(action, Hold):
            self._hold(run, book, step, action, last)
        elif isinstance(action, Child):
            self._follow(run, book, step, last)
        elif not action.changes:
            self._doer.interrupted(run, last)
        else:
            answer = self._doer.resolve(run, step, action, last, self._finish(run, book, step))
            self._skip_if(run, book, step, answer)

    def _try(self, run: Run, book: Runbook, step: Step, action: Action) -> None:
        if not self._agreed(run, book, step):
            return
        if isinstance(action, Wait):
            self._wait(run, book, step, None)
        elif isinstance(action, Hold):
            self._hold(run, book, step, action, None)
        elif isinstance(action, Child):
            self._begin_child(run, book, step)
        elif isinstance(action, Escalate):
            self._escalate(run, step)
        else:
            answer = self._doer.carry_out(run, step, action, self._finish(run, book, step))
            self._skip_if(run, book, step, answer)

    def _agreed(self, run: Run, book: Runbook, step: Step) -> bool:
        """Whether the step may go on now. False: something was decided, look at the run again."""
        found = judging.look(self._work, run, step)
        if not consent.must_ask(step, found, auto=run.auto or bool(run.facts.get(GOES_ON))):
            return True
        answer = self._asker.ask(
            run,
            step.id,
            f"{run.server}: {step.title}?",
            consent.choices(step, found),
            typed=run.server if step.typed else "",
        )
        if answer.choice is Choice.SKIP:
            self._skip(
                run, book, step, N_("Skipped by {by}: {reason}").format(by=answer.by, reason=answer.reason)
            )
            return False
        if answer.choice is not Choice.GO:
            return False
        # Between the question and the answer hours may have gone: what is true now decides.
        return not consent.blocking(judging.look(self._work, self._journal.run(run.id), step))

    def _skip_if(self, run: Run, book: Runbook, step: Step, answer: Answer | None) -> None:
        if answer is not None and answer.choice is Choice.SKIP:
            self._skip(
                run, book, step, N_("Skipped by {by}: {reason}").format(by=answer.by, reason=answer.reason)
            )

    def _skip(self, run: Run, book: Runbook, step: Step, words: str) -> None:
        with self._work.write(run) as writer:
            attempt = writer.intend(NewAttempt(run.id, step.id, "", {}, 0.0))
            self._move(writer, run, book, attempt, Done(SKIPPED, words), step.skip, ())

    def _finish(self, run: Run, book: Runbook, step: Step) -> Finish:
        """How a step of the runbook ends: obligations closed, the run moved, in the result's transaction."""

        def finish(writer: Writer, attempt: Attempt, done: Done) -> None:
            closes = tuple(o.id for o in self._doer.own(run) if o.key == step.closes)
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
        left = [o for o in self._journal.obligations(below=run.id) if o.id not in closes]
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
        skip = (Choice.SKIP,) if step.skip else ()
        choices = (Choice.AGAIN, Choice.GO, *skip, Choice.HAND_OVER, Choice.ABORT)
        answer = self._asker.ask(
            run,
            step.id,
            N_("{step}: {words} Try again, or go on?").format(step=step.title, words=words),
            choices,
        )
        if answer.choice is Choice.SKIP:
            self._skip(
                run, book, step, N_("Skipped by {by}: {reason}").format(by=answer.by, reason=answer.reason)
            )
        elif answer.choice is Choice.GO:
            with self._work.write(run) as writer:
                writer.state(run.id, RunState.RUNNING, step.next[last.outcome])
        else:
            self._try(run, book, step, ACTIONS[step.action])

    # --- waits and child runs ------------------------------------------------------------------------

    def _wait(self, run: Run, book: Runbook, step: Step, last: Attempt | None) -> None:
        """A due time in the journal: whoever takes the run up waits for the rest only."""
        if last is None:
            wait = self._work.settings.wait
            self._work.phase(step.id, "before intent")
            with self._work.write(run) as writer:
                last = writer.intend(NewAttempt(run.id, step.id, "", {}, wait, due_in=wait))
            self._work.phase(step.id, "after intent")
        words, wish = N_("The time is over."), None
        while (left := (last.due_at or 0.0) - self._work.patient(run, self._journal.now)) > 0:
            wish = self._asker.wants_end_of_wait(run, last.intent_at)
            if wish is not None:
                words = N_("Ended early by {by}: {reason}").format(by=wish.by, reason=wish.reason)
                break
            self._asker.pause(run, min(left, self._work.look_every))
        self._work.phase(step.id, "after effect")
        with self._work.write(run) as writer:
            if wish is not None:
                writer.heed(wish.id)
            self._finish(run, book, step)(writer, last, Done("elapsed", words))
        self._work.phase(step.id, "after result")

    def _hold(self, run: Run, book: Runbook, step: Step, action: Hold, last: Attempt | None) -> None:
        def seconds() -> float:
            return action.limit(self._doer.context(run, step, lambda _: None))

        self._holder.hold(run, step, last, seconds, self._finish(run, book, step))

    def _begin_child(self, run: Run, book: Runbook, step: Step) -> None:
        server = str(run.facts["mailbox_server"])
        child_book = RUNBOOKS[str(step.args["runbook"])]
        text, digest = freeze(child_book)
        try:
            scope = scope_of(self._work.access, server)
            refuse_left_out(self._work.environment, self._work.access, server)
            self._work.keeper.acquire(scope, run.id)
        except (ExchangeError, LeaseHeldError) as error:
            self._skip_if(run, book, step, self._doer.trouble(run, step, str(error)))
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
        command = N_("runbook {runbook} on {server}").format(runbook=child_book.name, server=server)
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
            self._doer.trouble(run, step, str(error), again_only=True)
            return
        if child.scope != run.scope:
            self._work.keeper.release(child.scope)
        self._work.phase(step.id, "after effect")
        ending = self._journal.run(child.id).ending
        words = N_("Run {run} on {server}: {state}. {ending}").format(
            run=child.id[:8], server=child.server, state=state.value, ending=ending
        )
        with self._work.write(run) as writer:
            self._finish(run, book, step)(writer, attempt, Done(state.value, words, {"evidence": {}}))
        self._work.phase(step.id, "after result")

    # --- the ends ----------------------------------------------------------------------------------

    def _escalate(self, run: Run, step: Step) -> None:
        """Rule 3: what is open is undone, or handed over by name; then the bundle, then the end."""
        if left := self._work.obligations(run):
            what = ", ".join(
                N_("{key} on {server} (was {prior})").format(key=o.key, server=o.server, prior=o.prior)
                for o in left
            )
            prompt = N_("Before it is escalated: undo {what} now, or hand it over?").format(what=what)
            self._asker.ask(run, step.id, prompt, (Choice.GO, Choice.HAND_OVER))
            self._ender.undo_all(run)
            return
        self._work.phase(step.id, "before intent")
        with self._work.write(run) as writer:
            attempt = writer.intend(NewAttempt(run.id, step.id, "", {}, 600.0))
        self._work.phase(step.id, "after intent")
        words = self._bundle(run, step, attempt)
        if not words:
            return
        self._work.phase(step.id, "after effect")
        with self._work.write(run) as writer:
            writer.conclude(attempt, "done", {"words": words}, next_step=step.next["done"])
            writer.end(run.id, RunState.ESCALATED, words)
        self._work.phase(step.id, "after result")

    def _bundle(self, run: Run, step: Step, attempt: Attempt) -> str:
        """Its words; empty where it could not be made and is to be tried again. A run must be able to end
        without it: a full disk or a defect of ours is no reason to stay open."""
        self._doer.say(run, attempt, N_("Collecting evidence."))
        work = self._work
        try:
            path = build(
                self._journal, run.id, work.bundles, work.access, work.environment, secrets=work.secrets
            )
        except Exception as error:
            _LOG.exception("the bundle of run %s", run.id)
            why = clean_line(
                N_("The evidence bundle could not be made: {name}: {error}").format(
                    name=type(error).__name__, error=error
                )
            )
        else:
            made = N_("Evidence bundle for Microsoft support: {path}").format(path=path)
            return f"{self._escalated(run)} {made}"
        choices = (Choice.AGAIN, Choice.GO, Choice.ABORT)
        asked = N_("Try again, or end without it?")
        answer = self._asker.ask(run, step.id, f"{why}. {asked}", choices)
        if answer.choice is Choice.GO:
            ended = N_("Ended without it by {by}.").format(by=answer.by)
            return f"{self._escalated(run)} {why}. {ended}"
        with work.write(run) as writer:
            writer.conclude(attempt, ERROR, {"words": why})
        return ""

    def _escalated(self, run: Run) -> str:
        """That it is escalated; who it was handed over to, and why, where not the procedure led here."""
        handed = self._journal.run(run.id).facts.get("handed_over")
        if not handed:
            return N_("Escalated.")
        return N_("Escalated, handed over to {to} by {by}: {reason}.").format(
            to=handed["to"], by=handed["by"], reason=handed["reason"]
        )

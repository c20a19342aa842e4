"""The life of one attempt: prepare, intend, perform, conclude; and what is done about doubt."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Final

from cockpit.config.language import N_
from cockpit.exchange.changes import Effect, Observation
from cockpit.exchange.errors import CmdletFailedError, ExchangeError, NotGrantedError
from cockpit.exchange.text import clean_line
from cockpit.journal.records import Answer, Attempt, Choice, NewAttempt, Obligation, Run
from cockpit.recovery import by_hand
from cockpit.recovery.access import NotSentError, NoWinRMError
from cockpit.recovery.actions.action import Action, Context, Done, NotDoneError, Prepared
from cockpit.recovery.asking import Aborting, Asker
from cockpit.recovery.by_hand import Offer
from cockpit.recovery.manual import Finish as Finish
from cockpit.recovery.manual import Manual
from cockpit.recovery.runbook import UNDO, Step
from cockpit.recovery.work import Work

INTERRUPTED: Final = "interrupted"
NOT_APPLIED: Final = "not applied"
ERROR: Final = "error"


class Doer:
    """Carries steps out. What did not come to a result is asked, and the answer returned; AGAIN needs
    nothing more, for whoever drives the run looks at it anew."""

    def __init__(self, work: Work, asker: Asker) -> None:
        self._work = work
        self._journal = work.journal
        self._asker = asker
        self._manual = Manual(work, asker, self)

    def carry_out(self, run: Run, step: Step, action: Action, finish: Finish) -> Answer | None:
        """Prepare, intend, perform, conclude. The answer to the question it ended in, if it did."""
        said: list[str] = []
        context = self.context(run, step, said.append)
        try:
            prepared = action.prepare(context)
            command = action.sent(context, prepared.before) if prepared.instead is None else ""
        except ExchangeError as error:
            made = self._offer(run, step, action, Prepared(), error)
            if made is not None:
                return self._manual.put(run, step, action, made, finish, Prepared(), said)
            return self.trouble(run, step, f"{error}. {error.cure}")
        if prepared.doubt:
            sure = self._sure(run, step, prepared.doubt)
            if sure.choice is Choice.SKIP:
                left = Done(
                    "done", N_("Left as it is by {by}: {reason}").format(by=sure.by, reason=sure.reason)
                )
                prepared = replace(prepared, instead=left)
            elif sure.choice is not Choice.GO or self._changed_since(context, action, prepared):
                return None
        if prepared.instead is not None:
            with self._work.write(run) as writer:
                attempt = writer.intend(NewAttempt(run.id, step.id, "", prepared.before, 0.0))
                writer.say(attempt, said)
                finish(writer, attempt, prepared.instead)
            return None
        self._work.phase(step.id, "before intent")
        attempt = self.intend(run, step, action, context, prepared, command, said)
        self._work.phase(step.id, "after intent")
        answer = self._perform(run, step, action, attempt, finish)
        self._work.phase(step.id, "after result")
        return answer

    def intend(
        self,
        run: Run,
        step: Step,
        action: Action,
        context: Context,
        prepared: Prepared,
        command: str,
        said: list[str],
    ) -> Attempt:
        """Write down what is about to be sent, or offered, with what was read and said before."""
        new = NewAttempt(
            run.id, step.id, command, prepared.before, action.limit(context), opens=prepared.opens
        )
        with self._work.write(run) as writer:
            attempt = writer.intend(new)
            writer.say(attempt, said)
        return attempt

    def _perform(
        self, run: Run, step: Step, action: Action, attempt: Attempt, finish: Finish
    ) -> Answer | None:
        context = self.context(run, step, lambda line: self.say(run, attempt, line), heed=not action.changes)
        self._work.access.fence(lambda: self._work.keeper.check(run.scope))
        try:
            done = action.perform(context, attempt.before)
        except ExchangeError as error:
            self._work.phase(step.id, "after effect")
            if action.changes:
                return self.resolve(run, step, action, attempt, finish, error)
            words = f"{error}. {error.cure}"
            with self._work.write(run) as writer:
                writer.conclude(attempt, ERROR, {"words": words})
            return self.trouble(run, step, words)
        self._work.phase(step.id, "after effect")
        with self._work.write(run) as writer:
            finish(writer, attempt, done)
        return None

    def resolve(
        self,
        run: Run,
        step: Step,
        action: Action,
        attempt: Attempt,
        finish: Finish,
        error: ExchangeError | None = None,
        *,
        ask: bool = True,
    ) -> Answer | None:
        """Rule 2: look until it shows, or until its time limit is over; then say what was seen, or ask.

        What was offered to be run by hand is asked about again, and without ``ask`` looked for once.
        """
        made = by_hand.offered(attempt.before)
        if made is not None:
            heard = self._manual.await_word if ask else self._manual.leave
            return heard(run, step, action, attempt, made, finish)
        seen = self._observe(run, step, action, attempt, error)
        why = f" ({error})" if error is not None else ""
        if seen.effect is Effect.APPLIED:
            done = action.observed(
                self.context(run, step, _unsaid),
                attempt.before,
                N_("Observed: {seen}").format(seen=seen.words),
            )
            with self._work.write(run) as writer:
                finish(writer, attempt, done)
        elif seen.effect is Effect.NOT_APPLIED:
            words = N_("It did not take effect: {seen}").format(seen=seen.words) + why
            with self._work.write(run) as writer:
                writer.conclude(attempt, NOT_APPLIED, {"words": words})
            if ask and error is not None:
                return self._refused(run, step, action, attempt, finish, error, words)
        elif ask:
            words = N_("Nobody can say whether it took effect: {seen}").format(seen=seen.words) + why
            return self.trouble(run, step, words, again_only=True)
        return None

    def _refused(
        self,
        run: Run,
        step: Step,
        action: Action,
        attempt: Attempt,
        finish: Finish,
        error: ExchangeError,
        words: str,
    ) -> Answer | None:
        """It was not done, and why. Where we may not or cannot send it at all, a person may."""
        prepared = Prepared(attempt.before)
        made = self._offer(run, step, action, prepared, error)
        if made is not None:
            return self._manual.put(run, step, action, made, finish, prepared, [])
        return self.trouble(run, step, words)

    def _offer(
        self, run: Run, step: Step, action: Action, prepared: Prepared, error: ExchangeError
    ) -> Offer | None:
        """The command for a person, where it is the way that is closed to us: no WinRM, or not granted."""
        closed = isinstance(error, NoWinRMError | NotGrantedError) or isinstance(
            error.__cause__, NoWinRMError
        )
        if not closed:
            return None
        try:
            hand = action.hand(self.context(run, step, _unsaid), prepared.before)
        except ExchangeError:
            # What it would be cannot be read either: the error that led here is what is told.
            return None
        return by_hand.offer(hand, str(error)) if hand is not None else None

    def _observe(
        self, run: Run, step: Step, action: Action, attempt: Attempt, error: ExchangeError | None
    ) -> Observation:
        context = self.context(run, step, lambda line: self.say(run, attempt, line), heed=False)
        ended = isinstance(error, CmdletFailedError | NotGrantedError | NotDoneError | NotSentError)
        # What is left of the time limit is counted once, and is never more than all of it: a database clock
        # set back does not lengthen it.
        whole = attempt.limit_at - attempt.intent_at
        until = time.monotonic() + max(0.0, min(whole, attempt.limit_at - self._journal.now()))
        said = ""
        while True:
            try:
                seen = action.observe(context, attempt.before)
            except ExchangeError as failure:
                seen = Observation(Effect.UNKNOWN, f"{failure}.")
            left = until - time.monotonic()
            settled = seen.effect is Effect.APPLIED or (ended and seen.effect is Effect.NOT_APPLIED)
            if settled or left <= 0:
                return seen
            if isinstance(error, NotSentError):
                # Nothing of it can still come: there is nothing to wait for, even where nobody answers.
                return Observation(Effect.NOT_APPLIED, N_("Nothing was sent. {seen}").format(seen=seen.words))
            if seen.words != said:
                said = seen.words
                context.say(N_("In doubt: {said}").format(said=said))
            self._asker.pause(run, min(self._work.settings.poll, left), heed=False)

    def trouble(self, run: Run, step: Step, words: str, *, again_only: bool = False) -> Answer:
        """It did not come to a result: another try, a skip, a hand-over, or an abort."""
        choices = [Choice.AGAIN, Choice.HAND_OVER]
        if step.skip and not again_only:
            choices.insert(1, Choice.SKIP)
        if not step.id.startswith(UNDO):
            choices.append(Choice.ABORT)
        return self._asker.ask(run, step.id, clean_line(f"{step.title}: {words}"), choices)

    def _sure(self, run: Run, step: Step, doubt: str) -> Answer:
        """GO overwrites, SKIP leaves it as it is."""
        choices = [Choice.AGAIN, Choice.GO, Choice.SKIP, Choice.HAND_OVER]
        if not step.id.startswith(UNDO):
            choices.append(Choice.ABORT)
        return self._asker.ask(run, step.id, clean_line(doubt), choices)

    def _changed_since(self, context: Context, action: Action, asked: Prepared) -> bool:
        """Whether what was asked about has changed again while the operator thought."""
        try:
            return action.prepare(context).before.get("now") != asked.before.get("now")
        except ExchangeError:
            return True

    def decided(self, run: Run) -> None:
        """Raises HandedOver where that was answered while nobody worked on a run that is being aborted."""
        with suppress(Aborting):
            self._asker.decided(run)

    def interrupted(self, run: Run, last: Attempt) -> None:
        """A read whose worker is gone: it is simply made anew."""
        with self._work.write(run) as writer:
            writer.conclude(last, INTERRUPTED, {"words": N_("Its worker ended before the answer came.")})

    def own(self, run: Run) -> tuple[Obligation, ...]:
        """The run's own open obligations, handed-over ones too."""
        return self._journal.obligations(run=run.id)

    def context(self, run: Run, step: Step, say: Callable[[str], None], *, heed: bool = True) -> Context:
        now = self._journal.run(run.id)
        return Context(
            run=now,
            step=step,
            access=self._work.access,
            settings=self._work.settings,
            obligations=self.own(run),
            say=say,
            pause=lambda seconds: self._asker.pause(run, seconds, heed=heed),
            now=lambda: self._work.patient(run, self._journal.now),
        )

    def say(self, run: Run, attempt: Attempt, line: str) -> None:
        """A line of live output."""
        self._work.patient(run, lambda: self._say(run, attempt, line))

    def _say(self, run: Run, attempt: Attempt, line: str) -> None:
        with self._work.write(run) as writer:
            writer.say(attempt, [clean_line(line)])


def _unsaid(_: str) -> None:
    return

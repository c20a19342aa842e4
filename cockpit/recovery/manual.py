"""The life of an attempt that a person makes for us: offered, ticked, looked for, concluded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final, Protocol

from cockpit.config.language import N_
from cockpit.exchange.changes import Effect, Observation
from cockpit.exchange.errors import ExchangeError
from cockpit.journal.records import Answer, Attempt, Choice, Run
from cockpit.journal.store import Writer
from cockpit.recovery import by_hand
from cockpit.recovery.actions.action import Action, Context, Done, Prepared
from cockpit.recovery.asking import Asker
from cockpit.recovery.by_hand import Offer, Word
from cockpit.recovery.runbook import UNDO, Step
from cockpit.recovery.work import Work

Finish = Callable[[Writer, Attempt, Done], None]
"""Writes a result in the transaction it is given: attempt concluded, obligations closed, run moved."""
LEFT: Final = "unknown"
"""How an attempt ends that was offered, when the run leaves before anybody says that it was run."""


class Desk(Protocol):
    """What is needed of whoever carries steps out."""

    def intend(
        self,
        run: Run,
        step: Step,
        action: Action,
        context: Context,
        prepared: Prepared,
        command: str,
        said: list[str],
    ) -> Attempt: ...

    def context(self, run: Run, step: Step, say: Callable[[str], None], *, heed: bool = True) -> Context: ...

    def say(self, run: Run, attempt: Attempt, line: str) -> None: ...


class Manual:
    """Offers commands and hears what became of them. Nothing here sends anything that changes a server."""

    def __init__(self, work: Work, asker: Asker, desk: Desk) -> None:
        self._work = work
        self._asker = asker
        self._desk = desk

    def put(
        self,
        run: Run,
        step: Step,
        action: Action,
        made: Offer,
        finish: Finish,
        prepared: Prepared,
        said: list[str],
    ) -> Answer | None:
        """Offer it. The intent first: from the question on, somebody may have run it."""
        marked = replace(prepared, before={**prepared.before, by_hand.MARK: made.kept()})
        context = self._desk.context(run, step, _unsaid)
        self._work.phase(step.id, "before intent")
        attempt = self._desk.intend(run, step, action, context, marked, made.command, said)
        self._work.phase(step.id, "after intent")
        answer = self.await_word(run, step, action, attempt, made, finish)
        self._work.phase(step.id, "after result")
        return answer

    def await_word(
        self, run: Run, step: Step, action: Action, attempt: Attempt, made: Offer, finish: Finish
    ) -> Answer | None:
        """Until it is done, or said not to have been run; then the answer that said so."""
        choices = by_hand.choices(step, undoes=step.id.startswith(UNDO))
        note = ""
        while True:
            answer = self._asker.ask(run, step.id, by_hand.prompt(step, made, note), choices)
            if answer.choice is not Choice.DONE:
                self._not_run(run, attempt, made, answer)
                return answer
            self._work.phase(step.id, "after effect")
            word = Word(answer.by, self._answered_at(run))
            seen = self._seen(run, step, action, attempt)
            if by_hand.accepted(made, seen):
                self._conclude(run, step, action, attempt, made, word, seen, finish)
                return None
            note = by_hand.contradiction(word, seen)
            self._desk.say(run, attempt, note)

    def leave(
        self, run: Run, step: Step, action: Action, attempt: Attempt, made: Offer, finish: Finish
    ) -> None:
        """The run goes elsewhere: what shows counts, and nobody is asked about the rest."""
        seen = self._seen(run, step, action, attempt)
        if seen.effect is Effect.APPLIED:
            self._conclude(run, step, action, attempt, made, None, seen, finish)
            return
        words = N_("It was offered to be run by hand, and nobody has said that it was. {seen}").format(
            seen=seen.words
        )
        with self._work.write(run) as writer:
            writer.conclude(attempt, LEFT, {"words": words, "data": {by_hand.MARK: made.kept()}})

    def _not_run(self, run: Run, attempt: Attempt, made: Offer, answer: Answer) -> None:
        words = by_hand.not_run(answer)
        with self._work.write(run) as writer:
            writer.conclude(attempt, by_hand.NOT_RUN, {"words": words, "data": {by_hand.MARK: made.kept()}})

    def _conclude(
        self,
        run: Run,
        step: Step,
        action: Action,
        attempt: Attempt,
        made: Offer,
        word: Word | None,
        seen: Observation,
        finish: Finish,
    ) -> None:
        """The result, with a line of its own in the chain that says who ran it."""
        kept = by_hand.record(made, word, seen)
        words = by_hand.result_words(word, seen)
        done = action.observed(self._desk.context(run, step, _unsaid), attempt.before, words)
        with self._work.write(run) as writer:
            writer.log("step.by hand", run=run.id, step=step.id, n=attempt.n, **kept)
            finish(writer, attempt, replace(done, data={**done.data, by_hand.MARK: kept}))

    def _seen(self, run: Run, step: Step, action: Action, attempt: Attempt) -> Observation:
        """One look for what was run by hand."""
        context = self._desk.context(run, step, lambda line: self._desk.say(run, attempt, line), heed=False)
        since = max(0.0, context.now() - attempt.intent_at)
        try:
            return action.seen(context, attempt.before, since)
        except ExchangeError as failure:
            return Observation(Effect.UNKNOWN, f"{failure}.")

    def _answered_at(self, run: Run) -> float:
        journal = self._work.journal
        past = self._work.patient(run, lambda: journal.questions(run.id))
        return past[-1].answered_at or journal.now()


def _unsaid(_: str) -> None:
    return

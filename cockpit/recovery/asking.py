"""Durable questions and wishes: how a run waits for a person, and how it is told to stop."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

from cockpit.config.language import N_
from cockpit.journal.records import Answer, Choice, Question, Run, RunState, Wish, WishKind
from cockpit.recovery.consent import REASONED
from cockpit.recovery.work import Work

FRESH: Final = 900.0
"""Seconds for which an answer that nobody worked on is still taken; after that it is asked again."""


class Interrupted(Exception):  # noqa: N818 -- a decision, not an error
    """The operator decided to leave the procedure."""


class Aborting(Interrupted):
    """Abort ``run``, which may be an ancestor of the one at work."""

    def __init__(self, run: str, reason: str, by: str, wish: int | None = None) -> None:
        """``wish``: the wish that asked for it, to be heeded in the transaction that records the abort."""
        super().__init__(reason)
        self.run = run
        self.reason = reason
        self.by = by
        self.wish = wish


class HandedOver(Interrupted):
    """Escalate now; what is open goes to ``to`` by name."""

    def __init__(self, to: str, reason: str, by: str) -> None:
        super().__init__(reason)
        self.to = to
        self.reason = reason
        self.by = by


class Parked(Exception):  # noqa: N818 -- nothing has failed
    """Nobody has answered for long: the run stays at its question, without a process."""


def _leaving(run: Run, answer: Answer) -> Interrupted:
    if answer.choice is Choice.ABORT:
        return Aborting(run.id, answer.reason, answer.by)
    return HandedOver(answer.to, answer.reason, answer.by)


class Asker:
    """Puts questions of one worker. An answer is taken once."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._taken: set[int] = set()

    def ask(
        self,
        run: Run,
        step: str,
        prompt: str,
        choices: Sequence[Choice],
        *,
        typed: str = "",
        linger: float | None = None,
    ) -> Answer:
        """The operator's decision. Raises Aborting and HandedOver for those two, Parked for none.

        ``linger``: seconds until nobody is waited for any more; None: as configured.
        """
        question = self._same(run, step, prompt, choices) or self._put(run, step, prompt, choices, typed)
        seconds = self._work.settings.linger if linger is None else linger
        answer = question.answer or self._await(run, question.id, seconds)
        self._taken.add(question.id)
        self._work.access.forgive()
        if answer.choice in (Choice.ABORT, Choice.HAND_OVER):
            raise _leaving(run, answer)
        aborting = bool(self._work.journal.run(run.id).facts.get("aborting"))
        with self._work.write(run) as writer:
            writer.state(run.id, RunState.ABORTING if aborting else RunState.RUNNING)
        return answer

    def _same(self, run: Run, step: str, prompt: str, choices: Sequence[Choice]) -> Question | None:
        """The same question put by a worker before us: still open, or answered while nobody worked."""
        journal = self._work.journal
        past = journal.questions(run.id)
        newest = past[-1] if past else None
        if newest is None or newest.id in self._taken:
            return None
        alike = (newest.step, newest.prompt, newest.choices) == (step, prompt, tuple(choices))
        if newest.open and not alike:
            with self._work.write(run) as writer:
                writer.withdraw(newest.id, N_("the run was taken up again, and asks anew"))
            return None
        if not alike or newest.open:
            return newest if newest.open else None
        if newest.answer is None or self._used(run, newest):
            return None
        return newest

    def _used(self, run: Run, question: Question) -> bool:
        old = self._work.journal.now() - (question.answered_at or 0.0) > FRESH
        return old or self._acted_upon(run, question)

    def _acted_upon(self, run: Run, question: Question) -> bool:
        answered = question.answered_at or 0.0
        return any(a.intent_at >= answered for a in self._work.journal.attempts(run.id))

    def decided(self, run: Run) -> tuple[str, Answer] | None:
        """What was answered while nobody worked: the question's step, and the answer while it is fresh.

        Asked before anything is tried: trying would ask anew, and forget it. Raises Aborting and HandedOver
        however old they are, for they are as safe as before.
        """
        past = self._work.journal.questions(run.id)
        newest = past[-1] if past else None
        answer = newest.answer if newest is not None else None
        if newest is None or answer is None or newest.id in self._taken or self._acted_upon(run, newest):
            return None
        if answer.choice in (Choice.ABORT, Choice.HAND_OVER):
            self._taken.add(newest.id)
            self._work.access.forgive()
            raise _leaving(run, answer)
        return None if self._used(run, newest) else (newest.step, answer)

    def _put(self, run: Run, step: str, prompt: str, choices: Sequence[Choice], typed: str) -> Question:
        reasoned = tuple(c for c in choices if c in REASONED)
        with self._work.write(run) as writer:
            return writer.ask(run.id, step, prompt, choices, typed=typed, needs_reason=reasoned)

    def _await(self, run: Run, question: int, seconds: float) -> Answer:
        until = time.monotonic() + seconds
        while True:
            past = self._work.patient(run, lambda: self._work.journal.questions(run.id))
            found = next(q for q in past if q.id == question)
            if found.answer is not None:
                return found.answer
            self.heed(run)
            if time.monotonic() >= until:
                raise Parked
            self._work.keeper.hold(run.scope)
            time.sleep(self._work.look_every)

    def heed(self, run: Run) -> None:
        """Raises Aborting when an operator wishes that of the run or of one it belongs to."""
        for each, wishes in self._work.patient(run, lambda: self._wishes(run)):
            if each.facts.get("aborting"):
                continue
            for wish in wishes:
                if wish.kind is WishKind.ABORT:
                    raise Aborting(each.id, wish.reason, wish.by, wish.id)

    def _wishes(self, run: Run) -> list[tuple[Run, tuple[Wish, ...]]]:
        return [(each, self._work.journal.wishes(each.id)) for each in self.line(run)]

    def wants_end_of_wait(self, run: Run, since: float) -> Wish | None:
        """The wish to end the wait that began at ``since``: whoever ends the wait heeds it in the same
        transaction, or it is lost with a worker that dies in between. Older ones were for another wait."""
        for wish in self._work.patient(run, lambda: self._work.journal.wishes(run.id)):
            if wish.kind is WishKind.END_WAIT:
                if wish.at >= since:
                    return wish
                self._heeded(run, wish)
        return None

    def pause(self, run: Run, seconds: float, *, heed: bool = True) -> None:
        """Wait, in looks short enough to heed a wish. Raises Aborting, LeaseLostError."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if heed:
                self.heed(run)
            self._work.keeper.hold(run.scope)
            time.sleep(min(left, self._work.look_every))

    def line(self, run: Run) -> list[Run]:
        """The run as it is now, and those that wait for it."""
        found = [self._work.journal.run(run.id)]
        while found[-1].parent is not None:
            found.append(self._work.journal.run(found[-1].parent))
        return found

    def _heeded(self, run: Run, wish: Wish) -> None:
        with self._work.write(run) as writer:
            writer.heed(wish.id)

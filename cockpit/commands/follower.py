"""Follows a run on the terminal until it ends, is left, or wants an answer nobody here can give.

The run does not depend on us: it is a process of its own, and we only read its journal.
"""

from __future__ import annotations

import errno
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from cockpit.commands import desk, following
from cockpit.commands.asking import ask, asked
from cockpit.commands.desk import LEFT, OK, REFUSED
from cockpit.commands.following import Turn
from cockpit.commands.keyboard import GoneError, Keyboard, LeftError, Reader
from cockpit.commands.narrator import Narrator
from cockpit.commands.output import reader_may_leave
from cockpit.commands.plain import iso, one_line
from cockpit.config.language import _
from cockpit.recovery.client import Recovery, RefusedError
from cockpit.recovery.view import QuestionView, RunView, StepView

INTERRUPTED = 130
LOOK_SECONDS = 0.5
QUIET_LOOKS = 4
"""After so many looks without a change the views are read anyway: a lease ends without one."""


def _pause(seconds: float) -> None:
    threading.Event().wait(seconds)


def _keyboard(narrator: Narrator, open_still: Callable[[], bool]) -> Reader | None:
    return Keyboard(narrator.prompt, open_still) if sys.stdin.isatty() else None


def _same_screen() -> bool:
    """Data and narration go to one terminal: the narration has said it already."""
    return sys.stdout.isatty() and sys.stderr.isatty()


@dataclass(frozen=True, slots=True)
class Terms:
    """How to follow. ``form``: ``table``, ``json``, or empty for nothing on stdout. ``asks``: whether
    questions are put to whoever sits at the terminal; ``why_not``: said where they are not.
    ``starting``: a worker was started for the run just now. ``puts_back``: following ends well where the
    run rests with a temporary change on; the command that ends the rest, empty: it is a question like any
    other."""

    program: str
    form: str = "table"
    asks: bool = True
    why_not: str = ""
    starting: bool = False
    puts_back: str = ""
    pause: Callable[[float], None] = _pause
    keyboard: Callable[[Narrator, Callable[[], bool]], Reader | None] = _keyboard


@dataclass(slots=True)
class Follower:
    """One follower of one run; ``follow`` gives its exit code."""

    recovery: Recovery
    run: str
    terms: Terms
    narrator: Narrator
    _seen: dict[str, RunView] = field(default_factory=dict)
    _answered: set[int] = field(default_factory=set)
    _left_since: datetime | None = None

    def follow(self) -> int:
        """0 recovered or at rest, 1 at a question, 2 escalated, 3 aborted or not, 130 interrupted."""
        try:
            return self._follow()
        except KeyboardInterrupt:
            self._how_to_attach()
            return INTERRUPTED
        except RefusedError as error:
            desk.refused(self.narrator, error)
            self._how_to_attach()
            return REFUSED
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            return LEFT  # the terminal is lost, and with it whom we could tell

    def _follow(self) -> int:
        while True:
            position = self.recovery.position()
            chain = self._look()
            code = self._act(*following.turn(chain, self._left(chain)))
            if code is not None:
                return code
            self._wait(position)

    def _wait(self, position: int) -> None:
        for _look in range(QUIET_LOOKS):
            if self.recovery.position() != position:
                return
            self.terms.pause(LOOK_SECONDS)

    def _look(self) -> list[RunView]:
        """Read the run and those it waits for, and tell what is new."""
        chain = [self.recovery.view(self.run)]
        self.run = chain[0].run.id
        while (child := chain[-1].child) is not None and all(v.run.id != child for v in chain):
            chain.append(self.recovery.view(child))
        current = {view.run.id for view in chain}
        ended = [n for n, view in self._seen.items() if n not in current and not view.run.ended]
        for view in (*map(self.recovery.view, ended), *chain):
            told = following.news(self._seen.get(view.run.id), view, starting=self.terms.starting)
            self._seen[view.run.id] = view
            self.narrator.tell(told.said)
            for step in told.finished:
                self._emit(view.run.id, step)
        return chain

    def _emit(self, run: str, step: StepView) -> None:
        with reader_may_leave():
            if self.terms.form == "json":
                print(one_line(following.record(run, step)), flush=True)
            elif self.terms.form and not _same_screen():
                print(following.row(run, step), flush=True)

    def _left(self, chain: list[RunView]) -> datetime | None:
        acting = following.acts(chain)
        if not following.is_left(acting):
            self._left_since = None
        elif self._left_since is None:
            self._left_since = acting.now
        return self._left_since

    def _act(self, turn: Turn, view: RunView) -> int | None:
        """Do what the turn wants; an exit code to stop with it."""
        if turn is Turn.ENDED:
            return following.EXIT_CODES[view.run.state]
        if turn is Turn.LEFT:
            self.narrator.say(_("Nobody works on this run any more."), "bold red")
            self.narrator.command(f"{self.terms.program} runs resume {view.run.id}")
            self.narrator.command(f"{self.terms.program} runs abort {view.run.id} --reason REASON")
            return REFUSED
        question = view.question
        if turn is Turn.ASK and question is not None and question.due is not None and self.terms.puts_back:
            self.narrator.say(
                _("It is on until {time}. Put it back, also before that:").format(time=iso(question.due)),
                "bold",
            )
            self.narrator.command(self.terms.puts_back)
            return OK
        if turn is Turn.ASK and question is not None and question.id not in self._answered:
            return self._question(view, question)
        return None

    def _question(self, view: RunView, question: QuestionView) -> int | None:
        self.narrator.tell(asked(view, question))
        reader = None
        if self.terms.asks:
            reader = self.terms.keyboard(self.narrator, self._still(view.run.id, question.id))
        if reader is None:
            return self._unasked(view)
        try:
            answer = ask(view, question, reader, lambda s: self.narrator.tell([s]), self.recovery.operator())
        except LeftError:
            answer = None
        except GoneError:
            self.narrator.say(_("The question is closed: it was answered elsewhere."), "yellow")
            return None
        if answer is None:
            self._how_to_attach()
            return LEFT
        try:
            self.recovery.answer(view.run.id, question.id, answer)
        except RefusedError as error:
            desk.refused(self.narrator, error)
            return None
        self._answered.add(question.id)
        self.narrator.say(_("answered: {choice}").format(choice=answer.choice.value), "bold")
        return None

    def _still(self, run: str, question: int) -> Callable[[], bool]:
        """Whether a question is open, read anew only when the journal has moved."""
        position: int | None = None  # it may be answered by now: the first look is a whole one

        def open_still() -> bool:
            nonlocal position
            if (now := self.recovery.position()) == position:
                return True
            position = now
            asked_now = self.recovery.view(run).question
            return asked_now is not None and asked_now.id == question

        return open_still

    def _unasked(self, view: RunView) -> int:
        if self.terms.why_not:
            self.narrator.hear(self.terms.why_not)
        self.narrator.say(_("Answer it with:"))
        self.narrator.command(f"{self.terms.program} runs answer {view.run.id} CHOICE")
        self._how_to_attach()
        return LEFT

    def _how_to_attach(self) -> None:
        self.narrator.say(_("The run does not end with this command. See it again with:"))
        self.narrator.command(f"{self.terms.program} runs attach {self.run}")

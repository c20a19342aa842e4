"""An operator who decides at random, and in the end wants to go home."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Final

from cockpit.journal.records import Answer, Choice, Finding, Question
from cockpit.recovery.consent import blocking

_WEIGHTS: Final = {
    Choice.GO: 70,
    Choice.OVERRIDE: 45,
    Choice.AGAIN: 6,
    Choice.SKIP: 8,
    Choice.HAND_OVER: 4,
    Choice.ABORT: 4,
}
REASON: Final = "chaos decides so"


class Operator:
    """``patience``: answers until it only wants an end."""

    def __init__(self, random: Random, name: str, patience: int = 60) -> None:
        self._random = random
        self._name = name
        self.left = patience

    def decide(self, question: Question, findings: Sequence[Finding]) -> Answer:
        self.left -= 1
        choices = [c for c in question.choices if c in _WEIGHTS]
        if self.left <= 0:
            choices = [c for c in (Choice.HAND_OVER, Choice.GO) if c in choices] or choices
        (choice,) = self._random.choices(choices, [_WEIGHTS[c] for c in choices])
        overridable = [f for f in blocking(findings) if f.overridable]
        if choice is Choice.OVERRIDE and not overridable:
            choice = Choice.AGAIN
        guard, about = (
            (overridable[0].guard, overridable[0].object) if choice is Choice.OVERRIDE else ("", "")
        )
        return Answer(choice, self._name, REASON, question.typed, guard, about, to="second line")

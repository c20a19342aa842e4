"""An operator for tests: answers every question of a run by a rule, and says what it answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from cockpit.journal.records import Answer, Choice, Finding, Question, Reading
from cockpit.recovery.consent import blocking

Decide = Callable[[Question, Sequence[Finding]], Answer]

REASON = "a test decides so"


def go_on(question: Question, in_the_way: Sequence[Finding]) -> Answer:
    """Go wherever it is offered, override what can be, skip else, and hand over where nothing helps."""
    choices = question.choices
    if Choice.GO in choices:
        return Answer(Choice.GO, "robot", typed=question.typed)
    if Choice.OVERRIDE in choices:
        finding = next(f for f in in_the_way if f.overridable)
        return Answer(Choice.OVERRIDE, "robot", REASON, guard=finding.guard, object=finding.object)
    if Choice.SKIP in choices:
        return Answer(Choice.SKIP, "robot", REASON)
    return Answer(Choice.HAND_OVER, "robot", REASON, to="second line")


@dataclass
class Robot:
    """``steps``: a decision for a step instead of ``otherwise``; each used once where it is a list."""

    steps: Mapping[str, Decide] = field(default_factory=dict)
    otherwise: Decide = go_on
    answered: list[tuple[str, Answer]] = field(default_factory=list)

    def decide(self, question: Question, readings: Sequence[Reading]) -> Answer:
        found = [r for r in readings if r.step == question.step]
        in_the_way = blocking(found[-1].findings) if found else ()
        rule = self.steps.get(question.step, self.otherwise)
        answer = rule(question, in_the_way)
        self.answered.append((question.step, answer))
        return answer


def always(choice: Choice, reason: str = REASON, to: str = "second line") -> Decide:
    """The same choice every time; GO types what is to be typed."""

    def decide(question: Question, _: Sequence[Finding]) -> Answer:
        return Answer(choice, "robot", reason, typed=question.typed, to=to)

    return decide


def first(choice: Choice, then: Decide = go_on) -> Decide:
    """That choice once (overrides first where it is not offered), then another rule."""
    used = False

    def decide(question: Question, in_the_way: Sequence[Finding]) -> Answer:
        nonlocal used
        if used or choice not in question.choices:
            return then(question, in_the_way)
        used = True
        return Answer(choice, "robot", REASON, typed=question.typed, to="second line")

    return decide

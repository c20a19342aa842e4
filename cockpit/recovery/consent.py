"""Deciding, as pure functions: what an operator may choose at a step, and which overrides hold."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from cockpit.journal.records import Answer, Attempt, Choice, Finding, Question
from cockpit.recovery.runbook import Consent, Step

REASONED: Final = (Choice.SKIP, Choice.OVERRIDE, Choice.HAND_OVER, Choice.ABORT)
"""Choices that want a reason of at least ten characters."""


def blocking(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(f for f in findings if f.blocks)


def choices(step: Step, findings: Sequence[Finding]) -> tuple[Choice, ...]:
    """What may be chosen before a dangerous step, the safe one first."""
    in_the_way = blocking(findings)
    found = [Choice.AGAIN]
    if not in_the_way:
        found.append(Choice.GO)
    if any(f.overridable for f in in_the_way):
        found.append(Choice.OVERRIDE)
    if step.skip:
        found.append(Choice.SKIP)
    return (*found, Choice.HAND_OVER, Choice.ABORT)


def trouble_choices(step: Step, *, may_go: bool = False) -> tuple[Choice, ...]:
    """What may be chosen when a step did not come to a result."""
    go = (Choice.GO,) if may_go else ()
    skip = (Choice.SKIP,) if step.skip else ()
    return (Choice.AGAIN, *go, *skip, Choice.HAND_OVER, Choice.ABORT)


def overridden(
    findings: Sequence[Finding], step: str, questions: Sequence[Question], attempts: Sequence[Attempt]
) -> tuple[Finding, ...]:
    """Findings with the overrides that were given for this step since its last result.

    An override is for one guard and one object; a hard finding never takes one.
    """
    results = [a.result_at for a in attempts if a.step == step and a.result_at is not None]
    since = max(results, default=0.0)
    given: dict[tuple[str, str], Answer] = {
        (q.answer.guard, q.answer.object): q.answer
        for q in questions
        if q.step == step
        and q.answer is not None
        and q.answer.choice is Choice.OVERRIDE
        and (q.answered_at or 0.0) >= since
    }
    return tuple(_with(finding, given.get((finding.guard, finding.object))) for finding in findings)


def _with(finding: Finding, answer: Answer | None) -> Finding:
    if answer is None or not finding.overridable:
        return finding
    return replace(finding, reason=answer.reason, by=answer.by)


def must_ask(step: Step, findings: Sequence[Finding], *, auto: bool) -> bool:
    """Whether a person decides. ``auto`` goes on where nothing is in the way, irreversible steps excepted."""
    if step.consent is Consent.NONE:
        return False
    if step.consent is Consent.PERSON or blocking(findings):
        return True
    return not auto

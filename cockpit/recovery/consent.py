"""Deciding, as pure functions: what an operator may choose at a step, and which overrides hold."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from cockpit.config.language import N_
from cockpit.journal.records import Attempt, Choice, Finding, Question, Reading
from cockpit.recovery.runbook import Consent, Step

CHANGED_MEANWHILE: Final = N_("Somebody else has changed it meanwhile.")
"""How a question about a value that is neither ours nor the prior one ends: SKIP leaves it as it is."""
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


@dataclass(frozen=True, slots=True)
class Given:
    """An override: what was read when it was given."""

    step: str
    reading: str
    reason: str
    by: str
    at: float


def given(
    questions: Sequence[Question], readings: Sequence[Reading]
) -> Mapping[tuple[str, str], tuple[Given, ...]]:
    """Every override of a run by guard and object, oldest first."""
    found: dict[tuple[str, str], tuple[Given, ...]] = {}
    for question in questions:
        answer = question.answer
        if answer is None or answer.choice is not Choice.OVERRIDE:
            continue
        key, at = (answer.guard, answer.object), question.answered_at or 0.0
        seen = Given(
            question.step, _reading_at(readings, question.step, key, at), answer.reason, answer.by, at
        )
        found[key] = (*found.get(key, ()), seen)
    return found


def _reading_at(readings: Sequence[Reading], step: str, key: tuple[str, str], at: float) -> str:
    words = [
        f.reading
        for r in readings
        if r.step == step and r.at <= at
        for f in r.findings
        if (f.guard, f.object) == key
    ]
    return words[-1] if words else ""


def overridden(
    findings: Sequence[Finding],
    step: str,
    overrides: Mapping[tuple[str, str], tuple[Given, ...]],
    attempts: Sequence[Attempt],
) -> tuple[Finding, ...]:
    """Findings with the overrides that hold.

    An override is for one guard, one object and what was read of it; never for a hard finding. It holds
    on at later steps of the run while the very same is read.
    """
    results = [a.result_at for a in attempts if a.step == step and a.result_at is not None]
    since = max(results, default=0.0)
    return tuple(_with(f, step, since, overrides.get((f.guard, f.object), ())) for f in findings)


def _with(finding: Finding, step: str, since: float, overrides: Sequence[Given]) -> Finding:
    if not finding.overridable:
        return finding
    for override in reversed(overrides):
        here = override.step == step and override.at >= since
        if _alike(override.reading, finding, here=here):
            return replace(finding, reason=override.reason, by=override.by)
    return finding


_MOVING: Final = frozenset({"copies.elsewhere"})
"""Guards whose readings carry numbers that change from second to second (queues)."""
_NUMBER: Final = re.compile(r"\d+")


def _alike(given_for: str, finding: Finding, *, here: bool) -> bool:
    """Whether a finding still says what the operator accepted. At the same step the moving numbers of
    ``_MOVING`` may move; else word for word."""
    if here and finding.guard in _MOVING:
        return _NUMBER.sub("", given_for) == _NUMBER.sub("", finding.reading)
    return given_for == finding.reading


def must_ask(step: Step, findings: Sequence[Finding], *, auto: bool) -> bool:
    """Whether a person decides. ``auto`` goes on where nothing is in the way, irreversible steps excepted."""
    if step.consent is Consent.NONE:
        return False
    if step.consent is Consent.PERSON or blocking(findings):
        return True
    return not auto

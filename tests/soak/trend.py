"""Whether a figure that was looked at again and again grows: plain arithmetic over (hours, value)."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final, TypeAlias

Points: TypeAlias = Sequence[tuple[float, float]]

FEWEST: Final = 6
"""Looks after the warm-up below which nothing is said of a trend."""


def slope(points: Points) -> float:
    """Value per hour: the median over all pairs of looks (Theil and Sen), which one odd look does not move.

    Raises ValueError for fewer than two looks.
    """
    pairs = combinations(points, 2)
    slopes = [(after[1] - before[1]) / (after[0] - before[0]) for before, after in pairs]
    if not slopes:
        raise ValueError("a slope wants two looks")
    return statistics.median(slopes)


@dataclass(frozen=True, slots=True)
class Flat:
    """What is promised of one figure: after ``warm_up`` hours it grows by at most ``per_hour``, and no two
    looks differ by more than ``spread`` (None: they may)."""

    name: str
    unit: str
    per_hour: float
    spread: float | None = None

    def judge(self, points: Points, warm_up: float) -> Finding:
        """``points``: oldest first."""
        warm = [point for point in points if point[0] > warm_up]
        if len(warm) < FEWEST:
            return Finding(self, warm_up, None, _range(warm), ok=True)
        found, width = slope(warm), _range(warm)
        too_wide = self.spread is not None and width[1] - width[0] > self.spread
        return Finding(self, warm_up, found, width, ok=found <= self.per_hour and not too_wide)


@dataclass(frozen=True, slots=True)
class Finding:
    """``slope``: per hour; None where there were too few looks to say. ``range``: least and most."""

    bound: Flat
    warm_up: float
    slope: float | None
    range: tuple[float, float]
    ok: bool

    def __str__(self) -> str:
        name, unit = self.bound.name, self.bound.unit
        between = f"between {self.range[0]:.2f} and {self.range[1]:.2f}{unit}"
        if self.slope is None:
            return f"{name}: too few looks for a trend; {between}"
        words = f"{name}: {self.slope:+.3f}{unit} an hour after {self.warm_up:g} h, {between}"
        if self.ok:
            return words
        spread = "" if self.bound.spread is None else f", {self.bound.spread:g}{unit} apart"
        return f"{words}; at most {self.bound.per_hour:g}{unit} an hour{spread} is allowed"


def _range(points: Points) -> tuple[float, float]:
    values = [value for _, value in points]
    return (min(values), max(values)) if values else (0.0, 0.0)


def verdict(findings: Iterable[Finding], violations: Iterable[str]) -> tuple[str, ...]:
    """What is wrong, in words; nothing where all is well."""
    return (*(str(finding) for finding in findings if not finding.ok), *violations)

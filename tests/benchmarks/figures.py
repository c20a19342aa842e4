"""What a benchmark returns, and the little arithmetic they share."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

AT_LEAST: Final = "≥"
AT_MOST: Final = "≤"


@dataclass(frozen=True, slots=True)
class Target:
    """What the product has promised: a bound, and on which side of it the figure must lie."""

    side: str
    bound: float

    def met(self, value: float) -> bool:
        return value >= self.bound if self.side == AT_LEAST else value <= self.bound

    def __str__(self) -> str:
        return f"{self.side} {self.bound:g}"


def at_least(bound: float) -> Target:
    return Target(AT_LEAST, bound)


def at_most(bound: float) -> Target:
    return Target(AT_MOST, bound)


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value. ``name`` is its key in the JSON, ``unit`` how it is to be read."""

    name: str
    value: float
    unit: str = ""
    target: Target | None = None

    @property
    def met(self) -> bool | None:
        return None if self.target is None else self.target.met(self.value)


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of one benchmark, with what has to be known to read them."""

    benchmark: str
    figures: tuple[Figure, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is measured; the defaults take six minutes.

    ``stock_servers``: servers stock pypsrp reads with all health sets; its seconds are scaled to ``servers``.
    """

    servers: int = 200
    growth: tuple[int, ...] = (100, 200, 400)
    rounds: int = 3
    stock_servers: int = 40
    rows: int = 1000
    reader_rounds: int = 5
    paint_pairs: int = 9
    screen_rounds: int = 3
    screen_seconds: float = 12.0
    mixed_servers: int = 24
    settle_seconds: float = 20.0
    minute_seconds: float = 60.0
    log_megabytes: int = 1000
    thousand: int = 1000
    thousand_rounds: int = 10


QUICK: Final = Sizes(
    servers=20,
    growth=(10, 20, 40),
    rounds=1,
    stock_servers=4,
    rows=100,
    reader_rounds=2,
    paint_pairs=2,
    screen_rounds=1,
    screen_seconds=4.0,
    settle_seconds=6.0,
    log_megabytes=50,
    minute_seconds=10.0,
    thousand=100,
    thousand_rounds=2,
)


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that ``share`` of ``values`` do not exceed (nearest rank)."""
    ordered = sorted(values)
    if not ordered:
        raise ValueError("no values were measured")
    return ordered[min(len(ordered) - 1, max(0, round(share * len(ordered)) - 1))]


def median(values: Sequence[float]) -> float:
    return statistics.median(values)

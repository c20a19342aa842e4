"""Simulated time: a clock that may run faster than the real one.

The core counts simulated seconds since ``start`` (a float called ``t`` everywhere); only what goes
out on the wire becomes a datetime.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta


class Clock:
    """``seconds()`` simulated seconds have passed since ``start``; real time runs ``speed`` times slower."""

    def __init__(
        self,
        start: datetime,
        speed: float = 1.0,
        *,
        elapsed: float = 0.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        if start.tzinfo is None:
            raise ValueError("the clock's start must be an aware datetime")
        if not speed > 0:
            raise ValueError("the clock's speed must be above 0")
        self.start = start
        self.speed = speed
        self._monotonic = monotonic
        self._base = elapsed
        self._origin = monotonic()
        self._frozen = False

    def seconds(self) -> float:
        """Simulated seconds since ``start``."""
        if self._frozen:
            return self._base
        return self._base + (self._monotonic() - self._origin) * self.speed

    def now(self) -> datetime:
        return self.at(self.seconds())

    def at(self, t: float) -> datetime:
        """The simulated moment ``t`` seconds after ``start``."""
        return self.start + timedelta(seconds=t)

    def real(self, simulated: float) -> float:
        """How many real seconds ``simulated`` seconds last."""
        return simulated / self.speed

    def simulated(self, real: float) -> float:
        """How many simulated seconds pass in ``real`` seconds."""
        return real * self.speed

    def freeze(self) -> None:
        """Stop; only ``advance`` moves it then."""
        self._base = self.seconds()
        self._frozen = True

    def resume(self) -> None:
        self._origin = self._monotonic()
        self._frozen = False

    def advance(self, simulated: float) -> None:
        """Jump forward; a clock never goes back."""
        if simulated < 0:
            raise ValueError("a clock does not go back")
        self._base += simulated

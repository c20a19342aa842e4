"""The clock of a replay: recorded time that runs at any speed, stands still, and can be put anywhere."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Final

SPEEDS: Final = (0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0)


class ReplayClock:
    """Recorded time from ``begin`` to ``end``. ``wall``: seconds of any monotonic clock, given each time."""

    def __init__(self, begin: datetime, end: datetime, speed: float, wall: float) -> None:
        self.begin = begin
        self.end = end
        self.speed = speed
        self.playing = True
        self._at = begin
        self._since = wall

    def at(self, wall: float) -> datetime:
        """The recorded time now; at the end it stands still."""
        if not self.playing:
            return self._at
        left = (self.end - self._at).total_seconds()
        return self._at + timedelta(seconds=min(max(wall - self._since, 0.0) * self.speed, left))

    def go(self, moment: datetime, wall: float) -> None:
        """Put it to ``moment``, within the recording."""
        self._at, self._since = min(max(moment, self.begin), self.end), wall

    def play(self, playing: bool, wall: float) -> None:
        self.go(self.at(wall), wall)
        self.playing = playing

    def run_at(self, speed: float, wall: float) -> None:
        self.go(self.at(wall), wall)
        self.speed = speed

    def until(self, moment: datetime, wall: float) -> float:
        """Seconds until it shows ``moment``; none or fewer when it does, infinitely many while it stands."""
        left = (moment - self.at(wall)).total_seconds()
        if left <= 0:
            return 0.0
        return left / self.speed if self.playing else math.inf


def next_speed(speed: float, faster: bool) -> float | None:
    """The next step of ``SPEEDS``; None at its end."""
    steps = [s for s in SPEEDS if (s > speed if faster else s < speed)]
    if not steps:
        return None
    return steps[0] if faster else steps[-1]

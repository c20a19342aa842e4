"""Whose turn it is in a survey: every server once, one after the other, and all again after a while."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

SURVEY_SECONDS: Final = 600.0
"""From the beginning of one survey to that of the next: as often as the organization itself is read."""


class Survey:
    """One server at a time, so that a survey never keeps the operator's own looks waiting. Seconds of any
    monotonic clock."""

    def __init__(self) -> None:
        self._wanted = False
        self._due = 0.0
        self._left: list[str] = []
        self._under_way = False

    def want(self, wanted: bool, now: float) -> None:
        """Begin at once, or stop; what is under way ends by itself."""
        self._wanted, self._due, self._left = wanted, now, []

    def take(self, names: Sequence[str], now: float) -> str:
        """The server to read now, which is under way until ``done``; empty for none. ``names``: those there
        are now."""
        if not self._wanted or self._under_way:
            return ""
        if now >= self._due and names:
            self._left, self._due = list(names), now + SURVEY_SECONDS
        while self._left:
            name = self._left.pop(0)
            if name in names:
                self._under_way = True
                return name
        return ""

    def done(self) -> None:
        self._under_way = False

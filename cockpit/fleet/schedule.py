"""Who is to be read when. Plain data and arithmetic, in seconds of any monotonic clock."""

from __future__ import annotations

import random
from collections.abc import Collection
from dataclasses import dataclass, field

BACK_OFF_LIMIT = 4.0
"""A server that fails is read at most this many times less often."""
JITTER = 0.1


@dataclass(slots=True)
class _Entry:
    due: float
    failures: int = 0
    in_flight: bool = False


@dataclass(slots=True)
class Schedule:
    """Reads of many servers, spread out over the interval.

    The first read of every server is due at once, so that the first picture comes quickly; after
    that they are spread evenly. A server that fails is read less often, up to BACK_OFF_LIMIT.
    """

    interval: float
    random: random.Random = field(default_factory=random.Random)
    _entries: dict[str, _Entry] = field(default_factory=dict)

    def set_servers(self, names: list[str], now: float) -> None:
        """Keep what is known of servers that stay; new ones are due now."""
        self._entries = {n: self._entries.get(n) or _Entry(now) for n in names}

    def set_interval(self, seconds: float, now: float) -> None:
        """Change the rate; reads that are due later than the new interval allows are drawn nearer."""
        self.interval = seconds
        for entry in self._entries.values():
            entry.due = min(entry.due, now + seconds * self.random.random())

    def ask_now(self, name: str, now: float) -> None:
        """Make ``name`` (or every server, when empty) due at once."""
        for known, entry in self._entries.items():
            if not name or known == name:
                entry.due = min(entry.due, now)

    def take_due(self, now: float, only: Collection[str] | None = None) -> list[str]:
        """The servers to be read now, longest overdue first; they are in flight until ``done``.

        ``only``: of these alone.
        """
        due = sorted(
            (e.due, n)
            for n, e in self._entries.items()
            if not e.in_flight and e.due <= now and (only is None or n in only)
        )
        for _, name in due:
            self._entries[name].in_flight = True
        return [name for _, name in due]

    def names(self) -> list[str]:
        return list(self._entries)

    def release_all(self) -> None:
        """Forget what is in flight: those reads were given up."""
        for entry in self._entries.values():
            entry.in_flight = False

    def done(self, name: str, now: float, *, failed: bool) -> None:
        """A read ended; the next one is set by how it went."""
        entry = self._entries.get(name)
        if entry is None:
            return
        entry.in_flight = False
        first = entry.failures == 0 and not failed
        entry.failures = entry.failures + 1 if failed else 0
        back_off = min(2.0 ** max(0, entry.failures - 1), BACK_OFF_LIMIT)
        spread = self.random.uniform(1 - JITTER, 1 + JITTER) if first else self.random.uniform(0.8, 1.2)
        entry.due = now + self.interval * back_off * spread

    def is_suspect(self, name: str) -> bool:
        """True for a server whose last read failed: it waits in a lane of its own."""
        entry = self._entries.get(name)
        return entry is not None and entry.failures > 0

    def next_due(self) -> float | None:
        """When the next read is due; None when all are in flight or there are none."""
        return min((e.due for e in self._entries.values() if not e.in_flight), default=None)

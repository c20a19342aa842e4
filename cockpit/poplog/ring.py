"""The lines of a followed log that are kept in memory up to a ceiling; the oldest go, and are counted."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Final

from cockpit.poplog.document import Entry

LINES: Final = 10_000
BYTES: Final = 32_000_000
_FIXED: Final = 1_200
"""Bytes of an entry beside its texts: the structures, their numbers and times, a dozen string heads."""


class Ring:
    """A Document of at most ``lines`` lines and about ``size`` bytes, in the order in which they came.

    An anchor is the number a line has since the first: it stays what it is when older lines go. One that
    points at lines that went stands for the oldest there is. A line is never cut: the newest is kept
    whatever its size. For one thread at a time, but ``seek`` may run beside.
    """

    def __init__(self, lines: int = LINES, size: int = BYTES) -> None:
        if lines < 1:
            raise ValueError("a ring holds at least one line")
        self.lines, self.size = lines, size
        self.weight = 0
        self._weights: list[int] = []
        # One object: a search in another thread must not see lines without their numbers.
        self._held: tuple[int, list[Entry]] = 0, []

    def __len__(self) -> int:
        return len(self._held[1])

    @property
    def dropped(self) -> int:
        """Lines that are no longer here."""
        return self._held[0]

    def append(self, entries: Iterable[Entry]) -> int:
        """Take in ``entries``; the number of lines that went for them."""
        entries = list(entries)
        weights = [weigh(entry) for entry in entries]
        self._weights += weights
        self.weight += sum(weights)
        return self._keep([*self._held[1], *entries])

    def _keep(self, entries: list[Entry]) -> int:
        """Of ``entries`` those that there is room for, the youngest; the number of the others."""
        gone = max(0, len(entries) - self.lines)
        weight = self.weight - sum(self._weights[:gone])
        while weight > self.size and gone < len(entries) - 1:
            weight -= self._weights[gone]
            gone += 1
        self._held = self._held[0] + gone, entries[gone:]
        del self._weights[:gone]
        self.weight = weight
        return gone

    def start(self) -> int:
        return self._held[0]

    def end(self) -> int:
        first, entries = self._held
        return first + len(entries)

    def _at(self, anchor: int) -> int:
        first, entries = self._held
        return max(0, min(anchor - first, len(entries)))

    def down(self, anchor: int, most: int) -> list[tuple[int, Entry]]:
        at = self._at(anchor)
        first, entries = self._held
        return [(first + at + n, entry) for n, entry in enumerate(entries[at : at + most], 1)]

    def up(self, anchor: int, most: int) -> list[tuple[int, Entry]]:
        at = self._at(anchor)
        first, entries = self._held
        return [(first + n, entries[n]) for n in range(at - 1, max(0, at - most) - 1, -1)]

    def at_time(self, moment: datetime) -> int:
        """Lines that came late may stand behind younger ones: all are looked at, from the oldest."""
        first, entries = self._held
        for n, entry in enumerate(entries):
            if entry.row.at is not None and entry.row.at >= moment:
                return first + n
        return self.end()

    def problems(self) -> tuple[str, ...]:
        return ()

    def fraction(self, anchor: int) -> float:
        return self._at(anchor) / len(self) if len(self) else 0.0

    def seek(
        self,
        anchor: int,
        wanted: Callable[[Entry], bool],
        *,
        text: str = "",
        any_case: bool = False,
        back: bool = False,
        stop: Callable[[], bool] = lambda: False,
    ) -> tuple[int, Entry] | None:
        first, entries = self._held
        at = max(0, min(anchor - first, len(entries)))
        needle = text.lower() if any_case else text
        for tries, n in enumerate(range(at - 1, -1, -1) if back else range(at, len(entries))):
            if tries % 256 == 0 and stop():
                return None
            line = entries[n].row.line
            if needle and needle not in (line.lower() if any_case else line):
                continue
            if wanted(entries[n]):
                return first + n, entries[n]
        return None


def weigh(entry: Entry) -> int:
    """About how many bytes of memory ``entry`` takes: its line, and its cells, which are a line once more."""
    return _FIXED + 2 * sys.getsizeof(entry.row.line)

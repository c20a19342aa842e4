"""Files that follow each other: those of one writer in one folder, in the order of their names."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple, TypeAlias

from cockpit.poplog.filelog import FileLog
from cockpit.poplog.needle import Needle
from cockpit.poplog.scan import RawLine, backward, forward
from cockpit.poplog.times import NEVER

Order: TypeAlias = tuple[str, int, str]


class Place(NamedTuple):
    """Between two lines: a file by its ``order``, which holds when files come and go, and an offset."""

    order: Order
    offset: int


class Line(NamedTuple):
    """A line where it stands. ``key``: the time it is ordered by, NEVER where nobody asked."""

    log: FileLog
    raw: RawLine
    key: datetime

    @property
    def before(self) -> Place:
        return Place(self.log.order, self.raw.start)

    @property
    def after(self) -> Place:
        return Place(self.log.order, self.raw.next)


class Chain:
    """``logs`` by their order; there is at least one."""

    def __init__(self, logs: Sequence[FileLog]) -> None:
        self.logs = sorted(logs, key=lambda log: log.order)

    def add(self, log: FileLog) -> None:
        self.logs.append(log)
        self.logs.sort(key=lambda log: log.order)

    def start(self) -> Place:
        return Place(self.logs[0].order, 0)

    def end(self) -> Place:
        """After the last line there is now. Raises LogError."""
        last = self.logs[-1]
        last.look()
        return Place(last.order, last.length)

    def down(self, place: Place, *, keyed: bool) -> Iterator[Line]:
        """Lines after ``place``. ``keyed``: with the times they are ordered by."""
        for log in self.logs[self._at(place) :]:
            for page, since in log.down(place.offset if log.order == place.order else 0):
                keys = log.keys(page) if keyed else [NEVER] * len(page.lines)
                for n in range(since, len(page.lines)):
                    yield Line(log, page.lines[n], keys[n])

    def up(self, place: Place, *, keyed: bool) -> Iterator[Line]:
        """Lines before ``place``, nearest first."""
        for log in reversed(self.logs):
            if log.order > place.order:
                continue
            offset = place.offset if log.order == place.order else log.known_length()
            for page, count in log.up(offset):
                keys = log.keys(page) if keyed else [NEVER] * len(page.lines)
                for n in range(count - 1, -1, -1):
                    yield Line(log, page.lines[n], keys[n])

    def bound(self, moment: datetime, *, behind: bool) -> Place:
        """Before the first line ordered at or after ``moment`` (``behind``: after it)."""
        low, high = 0, len(self.logs)
        while low < high:
            middle = (low + high) // 2
            dated, time = self._dated(middle, high)
            if time is None or time > moment or (time == moment and not behind):
                high = middle
            else:
                low = dated + 1
        n = max(0, low - 1)
        offset = self.logs[n].bound(moment, behind=behind)
        # A file may have no time to go by, and its first one is told only about: the next has the line then.
        while n + 1 < len(self.logs) and offset >= self.logs[n].known_length():
            n += 1
            offset = self.logs[n].bound(moment, behind=behind)
        return Place(self.logs[n].order, offset)

    def _dated(self, low: int, high: int) -> tuple[int, datetime | None]:
        """The first file from ``low`` to ``high`` that tells a time."""
        for n in range(low, high):
            time = self.logs[n].first_time()
            if time is not None:
                return n, time
        return high, None

    def share(self, place: Place) -> tuple[int, int]:
        """Bytes before ``place``, and bytes in all, both about."""
        sizes = [log.about() for log in self.logs]
        n = self._at(place)
        here = min(place.offset, sizes[n]) if n < len(sizes) and self.logs[n].order == place.order else 0
        return sum(sizes[:n]) + here, sum(sizes)

    def search(
        self, needle: Needle, place: Place, end: Place | None, stop: Callable[[], bool]
    ) -> Iterator[Line]:
        """Lines after ``place`` (to ``end``) that hold ``needle``; no ``key``."""
        for log in self.logs[self._at(place) :]:
            if end is not None and log.order > end.order:
                return
            since = log.whole(place.offset) if log.order == place.order else 0
            until = end.offset if end is not None and log.order == end.order else None
            for raw in forward(log.file, needle, since, until, stop):
                if log.is_row(raw):
                    yield Line(log, raw, NEVER)

    def search_up(
        self, needle: Needle, place: Place, end: Place | None, stop: Callable[[], bool]
    ) -> Iterator[Line]:
        """Lines before ``place`` (down from ``end``) that hold ``needle``, nearest first; no ``key``."""
        for log in reversed(self.logs):
            if log.order > place.order:
                continue
            if end is not None and log.order < end.order:
                return
            top = min(place.offset, log.known_length()) if log.order == place.order else log.known_length()
            low = end.offset if end is not None and log.order == end.order else 0
            for raw in backward(log.file, needle, low, top, stop):
                if log.is_row(raw):
                    yield Line(log, raw, NEVER)

    def key_of(self, line: Line) -> datetime:
        """The time ``line`` is ordered by."""
        found = next(self.down(line.before, keyed=True), None)
        return found.key if found is not None else NEVER

    def _at(self, place: Place) -> int:
        """Number of the file of ``place``, of the next where it is no more."""
        return bisect_left(self.logs, place.order, key=lambda log: log.order)

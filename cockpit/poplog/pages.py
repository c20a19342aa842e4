"""Lines of a file by pages of 64 KiB, the few looked at last kept: so any place is near, whatever the size.

A line belongs to the page in which it begins.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from cockpit.poplog.bytefile import ByteFile
from cockpit.poplog.parse import Layout, decoded, header_of, no_row
from cockpit.poplog.scan import LONGEST, RawLine, end_of_line, long_line

PAGE: Final = 1 << 16
KEPT: Final = 1 << 22
"""Bytes of pages kept, 4 MiB; one page more than that where its last line is longer."""


@dataclass(frozen=True, slots=True)
class Page:
    """``lines``: those that are rows (no headers, no empty ones). ``first``: where the first line of any
    kind begins, -1 where the page is the middle of one. ``headers``: layouts seen, by offset.
    ``end``: behind the last line that begins here."""

    lines: tuple[RawLine, ...]
    first: int
    end: int
    headers: tuple[tuple[int, Layout], ...]
    weight: int


def load(file: ByteFile, number: int) -> Page:
    """Page ``number`` as the file is now. Raises LogError."""
    start, stop = number * PAGE, (number + 1) * PAGE
    data = file.read(max(0, start - 1), stop - max(0, start - 1))
    first = 0 if not start else data.find(b"\n") + 1
    if len(data) <= first or (start and not first):
        return Page((), -1, -1, (), 0)
    base = max(0, start - 1) + first
    pieces = data[first:].split(b"\n")
    last = pieces.pop()
    lines: list[RawLine] = []
    headers: list[tuple[int, Layout]] = []
    at, weight = base, 0
    for raw in pieces:
        _sort(RawLine(at, raw, at + len(raw) + 1), lines, headers)
        at += len(raw) + 1
        weight += len(raw) + 120
    end = at
    if last:
        line = _finish(file, at, last)
        _sort(line, lines, headers)
        end, weight = line.next, weight + len(line.raw)
    return Page(tuple(lines), base, end, tuple(headers), weight)


def _finish(file: ByteFile, at: int, begun: bytes) -> RawLine:
    """The line that begins at ``at`` and goes on behind the page."""
    size = 1 << 12
    while len(begun) < LONGEST:
        more = file.read(at + len(begun), min(size, LONGEST - len(begun)))
        last = more.find(b"\n")
        if last >= 0:
            return RawLine(at, begun + more[:last], at + len(begun) + last + 1)
        if not more:
            return RawLine(at, begun, at + len(begun))
        begun += more
        size = min(size * 4, 1 << 20)
    return long_line(file, at, begun, end_of_line(file, at + len(begun)))


def _sort(line: RawLine, lines: list[RawLine], headers: list[tuple[int, Layout]]) -> None:
    if not is_no_row(line.raw):
        lines.append(line)
        return
    layout = header_of(decoded(line.raw))
    if layout is not None:
        headers.append((line.start, layout))


_MAYBE_NO_ROW: Final = frozenset((b"", b"\r", b"#", b"d", b"D", b"\xef"))


def is_no_row(raw: bytes) -> bool:
    """``parse.no_row``, at less cost for lines that are."""
    return raw[:1] in _MAYBE_NO_ROW and no_row(raw)


class PageCache:
    """Pages of many files by ``(file, number)``, those used last; for any thread."""

    def __init__(self, most: int = KEPT) -> None:
        self._most, self._weight = most, 0
        self._lock = threading.Lock()
        self._pages: OrderedDict[tuple[int, int], Page] = OrderedDict()

    def get(self, file: int, number: int, make: Callable[[], Page]) -> Page:
        with self._lock:
            found = self._pages.get((file, number))
            if found is not None:
                self._pages.move_to_end((file, number))
                return found
        page = make()
        with self._lock:
            if (file, number) not in self._pages:
                self._pages[file, number] = page
                self._weight += page.weight
            while self._weight > self._most and len(self._pages) > 1:
                self._weight -= self._pages.popitem(last=False)[1].weight
        return page

    def drop(self, file: int, since: int = -1) -> None:
        """Forget the pages of ``file`` that reach to ``since`` or behind it."""
        with self._lock:
            for key in [k for k, p in self._pages.items() if k[0] == file and (p.end >= since or p.end < 0)]:
                self._weight -= self._pages.pop(key).weight

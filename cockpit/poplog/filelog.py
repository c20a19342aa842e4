"""One log file on this machine: its rows by offset, the layout that holds there, its first time."""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from cockpit.config.language import N_
from cockpit.exchange.text import clean_line
from cockpit.poplog.bytefile import ByteFile
from cockpit.poplog.document import Entry
from cockpit.poplog.names import LogName, parse_name
from cockpit.poplog.needle import line_starts
from cockpit.poplog.pages import PAGE, Page, PageCache, is_no_row, load
from cockpit.poplog.parse import Layout, Parser, broken, decoded, header_of
from cockpit.poplog.row import LogRow
from cockpit.poplog.scan import RawLine, end_of_line, line_start
from cockpit.poplog.times import NEVER, ordering, time_of

LOOK_BACK: Final = 1 << 22
"""Bytes above a line that does not fit in which another header is looked for, 4 MiB."""
UNDATED: Final = 64
"""Pages without any time that are looked past for one, 4 MiB of rubbish."""
_AHEAD: Final = 16
"""Lines below a page that are asked for a time."""
_HEADER_BYTES: Final = 1 << 14
_HEADER_MARKS: Final = (b"#fields:", b"datetime,")


class FileLog:
    """``server``: what its entries are said to come from. ``length``: when it was last looked at."""

    def __init__(self, file: ByteFile, server: str, cache: PageCache) -> None:
        self.file = file
        self.name = clean_line(file.path.name)
        self.server = server
        self.log_name: LogName | None = parse_name(file.path.name)
        self.length = 0
        self._known = False
        self._cache = cache
        self._lock = threading.Lock()
        self._reset()

    def _reset(self) -> None:
        self._epoch = self.file.epoch
        self._headers: tuple[tuple[int, Layout], ...] = ()
        self._head_read = False
        self._looked: set[int] = set()
        self._first: datetime | None = None

    @property
    def order(self) -> tuple[str, int, str]:
        """Files of one writer follow each other by this."""
        name = self.log_name
        return (*name.order, self.name) if name is not None else ("", 0, self.name)

    def look(self) -> None:
        """Bring ``length`` up to date. Raises LogError."""
        length = self.file.length()
        self._check_epoch()
        if length != self.length:
            self._cache.drop(id(self), min(length, self.length))
        self.length, self._known = length, True

    def known_length(self) -> int:
        if not self._known:
            self.look()
        return self.length

    def about(self) -> int:
        """About how long it is, at no cost."""
        return self.length if self._known else self.file.about()

    def page(self, number: int) -> Page:
        page = self._cache.get(id(self), number, lambda: load(self.file, number))
        self._check_epoch()
        for header in page.headers:
            self._learn(header)
        return page

    def _check_epoch(self) -> None:
        """Another file stands there, or this one was cut: what is kept of it is void."""
        if self._epoch != self.file.epoch:
            self._cache.drop(id(self))
            self._reset()
            self._known = False

    def _learn(self, header: tuple[int, Layout]) -> None:
        with self._lock:
            if header not in self._headers:
                self._headers = tuple(sorted((*self._headers, header), key=lambda h: h[0]))

    def layout_at(self, offset: int) -> Layout | None:
        """Of the last header seen above ``offset``; the first page is always looked at."""
        if not self._head_read:
            self._head_read = True
            self.page(0)
        headers = self._headers
        if len(headers) == 1:
            return headers[0][1] if headers[0][0] < offset else None
        n = bisect_right(headers, offset, key=lambda h: h[0])
        return headers[n - 1][1] if n else None

    def entry(self, line: RawLine) -> Entry:
        writer = self.log_name.writer if self.log_name is not None else None
        return Entry(self.server, writer, self.name, line.start, self.row(line))

    def row(self, line: RawLine) -> LogRow:
        """``line`` taken apart. Where it does not fit its header, a nearer one is looked for above it."""
        if line.over:
            return broken(
                decoded(line.raw),
                N_("a line too long: {over} bytes more are not shown").format(over=line.over),
            )
        row = self._parse(line, self.layout_at(line.start))
        if row.problem and not row.assumed and self._look_back(line.start):
            return self._parse(line, self.layout_at(line.start))
        return row

    def _parse(self, line: RawLine, layout: Layout | None) -> LogRow:
        row = Parser(layout).line(line.raw)
        return row if row is not None else broken(decoded(line.raw), "a header")

    def is_row(self, line: RawLine) -> bool:
        """Whether it is more than a header or an empty line."""
        return not is_no_row(line.raw)

    def _look_back(self, offset: int) -> bool:
        """Whether a header was found that was not known; each stretch of the file is looked through once."""
        start = max(0, offset - LOOK_BACK)
        wanted = set(range(start // PAGE, offset // PAGE + 1)) - self._looked
        if not wanted:
            return False
        self._looked |= wanted
        low = line_start(self.file, min(wanted) * PAGE)
        known = len(self._headers)
        data = self.file.read(low, offset - low)
        for start in {start for mark in _HEADER_MARKS for start in line_starts(data.lower(), mark)}:
            layout = header_of(decoded(data[start : start + _HEADER_BYTES].split(b"\n", 1)[0]))
            if layout is not None:
                self._learn((low + start, layout))
        return len(self._headers) > known

    def down(self, offset: int) -> Iterator[tuple[Page, int]]:
        """Pages from ``offset`` on, each with the number of its first line at or after it."""
        offset = self.whole(offset)
        while offset < self.known_length():
            page = self.page(offset // PAGE)
            if page.first < 0:  # behind the end, or the file changed under us
                return
            yield page, bisect_right(page.lines, offset - 1, key=lambda line: line.start)
            if page.end <= offset:
                return
            offset = page.end

    def whole(self, offset: int) -> int:
        """``offset`` as a line's begin: the last line may have grown since the anchor was made."""
        if offset <= 0 or offset >= self.known_length() or self.file.read(offset - 1, 1) == b"\n":
            return offset
        return line_start(self.file, offset)

    def up(self, offset: int) -> Iterator[tuple[Page, int]]:
        """Pages from ``offset`` upwards, each with the number of its lines before it."""
        offset = min(offset, self.known_length())
        while offset > 0:
            number = (offset - 1) // PAGE
            page = self.page(number)
            if page.first < 0 or page.first >= offset:  # what is before belongs to a line begun further up
                number = line_start(self.file, number * PAGE) // PAGE
                page = self.page(number)
            yield page, bisect_right(page.lines, offset - 1, key=lambda line: line.start)
            offset = number * PAGE

    def time(self, line: RawLine) -> datetime | None:
        return time_of(line.raw, self.layout_at(line.start))

    def times(self, page: Page) -> list[datetime | None]:
        return [self.time(line) for line in page.lines]

    def keys(self, page: Page) -> list[datetime]:
        """The times by which the lines of ``page`` are ordered among other logs'."""
        times = self.times(page)
        keys = ordering([*times, *self._ahead(page)], self._seed(page, times))
        return keys[: len(times)]

    def _ahead(self, page: Page) -> list[datetime | None]:
        """Some times below ``page``, by which its last lines' are judged."""
        below, since = next(self.down(page.end), (None, 0))
        return [self.time(line) for line in below.lines[since : since + _AHEAD]] if below else []

    def _seed(self, page: Page, times: list[datetime | None]) -> datetime:
        """The last time above ``page``; at the file's begin, its own first."""
        if page.first < PAGE:
            return next((t for t in ordering(times, NEVER) if t > NEVER), NEVER)
        for tries, (above, count) in enumerate(self.up(page.first)):
            found = ordering(self.times(above)[:count], NEVER)
            if found and found[-1] > NEVER:
                return found[-1]
            if tries > UNDATED:
                break
        return NEVER

    def first_time(self, number: int = 0) -> datetime | None:
        """About the first time in page ``number`` or after it, the middle one of the first three: one may be
        astray. None where UNDATED pages have none."""
        if number == 0 and self._first is not None:
            return self._first
        for tries, (page, since) in enumerate(self.down(self._first_line(number))):
            found = [time for time in self.times(page)[since:] if time is not None][:3]
            if found:
                middle = sorted(found)[len(found) // 2]
                if number == 0:
                    self._first = middle
                return middle
            if tries > UNDATED:
                break
        return None

    def _first_line(self, number: int) -> int:
        """Where the first line begins in page ``number`` or after it."""
        first = self.page(number).first
        return first if first >= 0 else end_of_line(self.file, number * PAGE)

    def bound(self, moment: datetime, *, behind: bool) -> int:
        """Where the first line begins that is ordered at or after ``moment`` (``behind``: after it); the
        file's end where there is none. A binary search: lines without a time are looked past."""
        low, high = 0, -(-self.known_length() // PAGE)
        while low < high:
            middle = (low + high) // 2
            time = self.first_time(middle)
            if time is None or time > moment or (time == moment and not behind):
                high = middle
            else:
                low = middle + 1
        for page, since in self.down(self._first_line(max(0, low - 1))):
            for line, key in zip(page.lines[since:], self.keys(page)[since:], strict=True):
                if key > moment or (key == moment and not behind):
                    return line.start
        return self.length

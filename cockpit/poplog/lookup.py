"""The sessions of a stretch of time out of the logs of a folder, without reading more than is needed.

The files that hold the time, and the place in them, are found by halving, after the times that stand in the
files: a directory entry's are those of a copy, or lag behind. What lies between is read whole where it is
little, else it is searched on the far side for the words that are wanted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Final

from cockpit.config.language import N_
from cockpit.poplog.correlate import Window
from cockpit.poplog.document import Entry
from cockpit.poplog.errors import FileGoneError
from cockpit.poplog.names import Writer, parse_name
from cockpit.poplog.parse import Layout, Parser
from cockpit.poplog.sessions import Session, assemble, in_order
from cockpit.poplog.source import LogSource

LEAD: Final = timedelta(seconds=120)
"""Before and after the time that is looked at, for a session's first and last rows."""
MOST_FILES: Final = 6
MOST_SESSIONS: Final = 60
MOST_LINES: Final = 4000
"""Ceilings of one look, our own numbers; a look that reaches one says so."""
_HEAD: Final = 4096
_PIECE: Final = 16 * 1024
_LONGEST: Final = 4 * 1024 * 1024
_SPAN: Final = 8 * 1024 * 1024
_AT_ONCE: Final = 512 * 1024
"""Bytes that are read whole rather than searched."""
_ENOUGH: Final = 64 * 1024
"""Bytes between two places that halving need not come closer than."""


@dataclass(frozen=True, slots=True)
class Looked:
    """``files``: names that were read, oldest first. ``begins``, ``newest``: there are lines of these times,
    and none that is known from before or after. ``problem``: what was left out, empty where nothing was."""

    sessions: tuple[Session, ...] = ()
    files: tuple[str, ...] = ()
    begins: datetime | None = None
    newest: datetime | None = None
    problem: str = ""


def look(source: LogSource, writer: Writer, window: Window, text: str) -> Looked:
    """The sessions that have a line with ``text`` (letters in any case, not empty) around ``window``, whose
    times are by the clock of the log's server. Raises LogError."""
    start, end = window.widest
    start, end = start - LEAD, end + LEAD
    holding, following = _files(source, writer, start, end)
    problem = (
        N_("only {n} of {total} files were read").format(n=MOST_FILES, total=len(holding))
        if len(holding) > MOST_FILES
        else ""
    )
    files = [_Place(f, start, end) for f in holding[-MOST_FILES:]]
    hits = [(f, *f.lines_with(text)) for f in files]
    problem = next(
        (N_("{name} is {problem}").format(name=f.name, problem=f.problem) for f in holding if f.problem),
        problem,
    )
    problem = next(
        (N_("{file} has more such lines than were read").format(file=f.name) for f, _, more in hits if more),
        problem,
    )
    # A session may begin in one file and end in the next.
    ids = list(dict.fromkeys(e.row.session for _, found, _ in hits for e in found if e.row.session))
    if len(ids) > MOST_SESSIONS:
        problem = N_("only {n} of {total} sessions were read").format(n=MOST_SESSIONS, total=len(ids))
    entries = [e for _, found, _ in hits for e in found]
    entries += [e for f in files for e in f.lines_of(ids[:MOST_SESSIONS])]
    sessions = assemble(in_order(entries))
    begins = holding[0].first if holding else None
    newest = following if following is not None or not holding else holding[-1].last_time()
    return Looked(sessions, tuple(f.name for f in files), begins, newest, problem)


def _files(
    source: LogSource, writer: Writer, start: datetime, end: datetime
) -> tuple[list[_File], datetime | None]:
    """The files of ``writer`` that hold the time, the first of them beginning before it where there is such a
    one, and when the file behind them begins."""
    named = [(name, f.name) for f in source.files() if (name := parse_name(f.name)) and name.writer is writer]
    left = [_File(source, name, writer) for _, name in sorted(named, key=lambda pair: pair[0].order)]
    low, high = 0, len(left) - 1
    while low < high:
        middle = (low + high + 1) // 2
        first = left[middle].first
        if first is None:  # without a row, or gone meanwhile
            del left[middle]
            high -= 1
        elif first <= start:
            low = middle
        else:
            high = middle - 1
    found: list[_File] = []
    for file in left[low:]:
        if file.first is None:
            continue
        if found and file.first > end:
            return found, file.first
        found.append(file)
    return found, None


class _File:
    """One file of a source. Its head is read when it is first needed. ``problem``: as in ``Chunk``, known
    then."""

    def __init__(self, source: LogSource, name: str, writer: Writer) -> None:
        self.source, self.name, self.writer = source, name, writer
        self.problem = ""
        self._head: tuple[Layout | None, datetime | None, int] | None = None

    @property
    def first(self) -> datetime | None:
        """Time of its first row; None without one, or where the file has gone."""
        return self._read_head()[1]

    @property
    def length(self) -> int:
        return self._read_head()[2]

    def parser(self) -> Parser:
        return Parser(self._read_head()[0])

    def _read_head(self) -> tuple[Layout | None, datetime | None, int]:
        if self._head is None:
            try:
                head = self.source.read(self.name, 0, _HEAD)
            except FileGoneError:
                self._head = None, None, 0
                return self._head
            parser = Parser()
            lines = head.data.split(b"\n")
            rows = parser.rows(lines if head.length <= len(head.data) else lines[:-1])
            first = next((r.at for r in rows if r.at is not None), None)
            self._head, self.problem = (parser.layout, first, head.length), head.problem
        return self._head

    def last_time(self) -> datetime | None:
        """Of the last row that has one; None where none at the file's end has."""
        size = _PIECE
        while True:
            start = max(self.length - size, 0)
            lines = self.source.read(self.name, start, self.length - start).data.split(b"\n")
            rows = self.parser().rows(lines[start > 0 :])
            times = [r.at for r in rows if r.at is not None]
            if times or start == 0 or size >= _LONGEST:
                return times[-1] if times else None
            size *= 4

    def place(self, moment: datetime) -> int:
        """The offset of the first line at or after ``moment``. Lines are taken to stand in the order of their
        times."""
        low, high = 0, self.length
        while high - low > _ENOUGH:
            middle = (low + high) // 2
            found = self._line_after(middle, high)
            if found is None or found[1] >= moment:
                high = middle
            else:
                low = found[0]
        data = self.source.read(self.name, low, high - low + _PIECE).data
        parser, at = self.parser(), low
        for line in data.split(b"\n"):
            row = parser.line(line)
            if row is not None and row.at is not None and row.at >= moment:
                return at
            at += len(line) + 1
        return min(at, self.length)

    def _line_after(self, offset: int, before: int) -> tuple[int, datetime] | None:
        """The first line with a time that begins after ``offset`` and before ``before``."""
        size = _PIECE
        while True:
            data = self.source.read(self.name, offset, size).data
            parser, at = self.parser(), data.find(b"\n") + 1
            while at and offset + at < before and (stop := data.find(b"\n", at)) >= 0:
                row = parser.line(data[at:stop])
                if row is not None and row.at is not None:
                    return offset + at, row.at
                at = stop + 1
            if len(data) < size or size >= _LONGEST or (at and offset + at >= before):
                return None
            size *= 4


class _Place:
    """The stretch of a file that holds the time."""

    def __init__(self, file: _File, start: datetime, end: datetime) -> None:
        self._file = file
        self.name = file.name
        self._low, self._high = file.place(start), file.place(end)
        self._all = self._read_all() if self._high - self._low <= _AT_ONCE else None

    def lines_with(self, text: str) -> tuple[list[Entry], bool]:
        """Lines that hold ``text``, and whether there are more than are read."""
        if self._all is None:
            return self._find(text)
        small = text.lower()
        return [e for e in self._all if small in e.row.line.lower()], False

    def lines_of(self, ids: Sequence[str]) -> list[Entry]:
        """Lines of these sessions."""
        if self._all is not None:
            return [e for e in self._all if e.row.session in ids]
        return [e for session in ids for e in self._find(session)[0] if e.row.session == session]

    def _find(self, text: str) -> tuple[list[Entry], bool]:
        found: list[Entry] = []
        parser, at, source = self._file.parser(), self._low, self._file.source
        while at < self._high:
            if len(found) >= MOST_LINES:
                return found, True
            span = min(_SPAN, self._high - at)
            got = source.find(self.name, text, at, span, MOST_LINES - len(found), any_case=True)
            lines = ((h.offset, h.line) for h in got.hits if h.offset < self._high)
            found += self._entries(parser, lines)
            if got.next_offset is None or got.next_offset <= at:
                break
            at = got.next_offset
        return found, False

    def _read_all(self) -> list[Entry]:
        data = self._file.source.read(self.name, self._low, self._high - self._low).data
        lines = data.split(b"\n")
        starts = accumulate((len(line) + 1 for line in lines), initial=self._low)
        return self._entries(self._file.parser(), zip(starts, lines, strict=False))

    def _entries(self, parser: Parser, lines: Iterable[tuple[int, bytes]]) -> list[Entry]:
        file = self._file
        return [
            Entry(file.source.name, file.writer, self.name, offset, row)
            for offset, line in lines
            if (row := parser.line(line)) is not None
        ]

"""One writer's log on one source, followed: every line once and in order, whatever happens to its files.

No threads and no waiting: each step asks the source once or twice and changes the state at its end only,
so that a step that failed can simply be taken again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from cockpit.config.language import N_
from cockpit.poplog import beginning, lines
from cockpit.poplog.beginning import BLOCK, FromEnd
from cockpit.poplog.document import Entry
from cockpit.poplog.errors import FileGoneError
from cockpit.poplog.feed import Happened, Notice
from cockpit.poplog.lines import Line, Rest
from cockpit.poplog.names import LogName, Writer, parse_name
from cockpit.poplog.parse import Layout
from cockpit.poplog.source import Chunk, LogFile, LogSource

OVERLAP: Final = 64
"""Bytes before the place that are read again with every read: others there mean another file."""
LIST_SECONDS: Final = 60.0
"""Between two looks at the whole folder; which files are newer comes with every read anyway."""
_HEAD: Final = 4096
_DAY: Final = 8
_NONE: Final = Rest()
_FOR_EVER: Final = float("inf")


@dataclass(frozen=True, slots=True)
class Measured:
    """A look at the far side's clock: seconds it is ahead of ours, give or take half of ``took``.
    ``at``: our wall clock in the middle of the read."""

    ahead: float
    took: float
    at: float


@dataclass(frozen=True, slots=True)
class Step:
    """What one step brought. ``hungry``: there is more, step again at once. ``size``: bytes taken in.
    ``whole_at``: our wall clock when a read began that reached the end of all there was; else None."""

    entries: tuple[Entry, ...] = ()
    notices: tuple[Notice, ...] = ()
    hungry: bool = False
    size: int = 0
    whole_at: float | None = None
    clock: Measured | None = None


@dataclass(frozen=True, slots=True)
class _Place:
    """``offset``: of the next byte to read; ``tail``: the bytes before it. ``next``: files to go on with, in
    order. ``gone``: the file is not there any more, and none to go on with was. ``length``: as of the last
    read, None before the first. ``finished``: that read found the end, and its writer was known to be at
    another file before. ``left``: names of this day's files that were left. ``problem``: why the file ends
    sooner than it should, once that was told."""

    file: str
    offset: int = 0
    tail: bytes = b""
    rest: Rest = _NONE
    layout: Layout | None = None
    headed: bool = True
    length: int | None = None
    finished: bool = False
    next: tuple[str, ...] = ()
    left: frozenset[str] = frozenset()
    gone: bool = False
    problem: str = ""

    @property
    def line(self) -> int:
        """Offset of the line that is begun."""
        return self.offset - len(self.rest.data)


class Follower:
    """Follows ``writer``'s files on ``source``. ``file``: begins at this one, whatever its name; then
    ``writer`` may be None. ``chain``: goes on to newer files of the writer.

    ``wall``, ``steady``: seconds since the epoch, and of a clock that never jumps. For one thread.
    """

    def __init__(
        self,
        source: LogSource,
        server: str,
        writer: Writer | None,
        start: FromEnd = FromEnd(),  # noqa: B008 -- frozen
        *,
        file: str = "",
        chain: bool = True,
        wall: Callable[[], float] = time.time,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self.source = source
        self.server = server
        self.writer = writer
        self._start = start
        self._first = file
        self._chain = chain and writer is not None
        self._wall = wall
        self._steady = steady
        self._place: _Place | None = None
        self._listed_at = steady()
        self._clock: Measured | None = None
        self._began = 0.0

    @property
    def file(self) -> str:
        """The file that is read, "" before there is one."""
        return self._place.file if self._place else ""

    @property
    def offset(self) -> int:
        """Where its next byte is."""
        return self._place.offset if self._place else 0

    @property
    def behind(self) -> int:
        """Bytes of the file that were there at the last read and are not yet read."""
        place = self._place
        return 0 if place is None or place.length is None else max(0, place.length - place.offset)

    @property
    def waits_for_a_file(self) -> bool:
        """There is no file to read now."""
        return self._place is not None and (self._place.gone or not self._place.file)

    def step(self) -> Step:
        """The next stretch of the log, of at most BLOCK bytes. Raises LogError, with nothing changed."""
        self._clock, self._began = None, self._wall()
        place = self._place
        if place is None:
            return self._begin()
        if place.gone:
            return self._wait(place)
        if self._chain and self._steady() - self._listed_at >= LIST_SECONDS:
            self._listed_at = self._steady()
            place = replace(place, next=self._merged(place, self._listed(place, self._files())))
        return self._read_on(place)

    def finish(self) -> Step:
        """What is left once nothing more will be read: a last line without its end, as far as it is there."""
        place = self._place
        if place is None:
            return Step(whole_at=_FOR_EVER)
        self._place = replace(place, rest=_NONE)
        return Step(self._flushed(place, torn=False), whole_at=_FOR_EVER)

    # --- beginning -------------------------------------------------------------------------------

    def _begin(self) -> Step:
        listed = self._mine(self._files()) if self._chain or not self._first else []
        names = [self._first] if self._first else listed
        if not names:
            self._place = _Place("", gone=True)
            return self._done(whole=True)
        file, offset = beginning.place(self._read, names, self._start)
        self._place = _Place(file, offset, headed=offset == 0, next=tuple(_after(listed, file)))
        return self._done(hungry=True)

    def _files(self) -> tuple[LogFile, ...]:
        """No folder is as good as an empty one: it is made with the first line that is logged."""
        try:
            return self.source.files()
        except FileGoneError:
            return ()

    def _mine(self, files: Iterable[LogFile]) -> list[str]:
        return sorted((f.name for f in files if self._of_ours(f.name)), key=_order)

    def _of_ours(self, name: str) -> LogName | None:
        found = parse_name(name)
        return found if found is not None and found.writer is self.writer else None

    # --- reading ---------------------------------------------------------------------------------

    def _read(self, name: str, offset: int, most: int) -> Chunk:
        self._began = self._wall()
        chunk = self.source.read(name, offset, most)
        ended = self._wall()
        if chunk.now is not None:
            middle, took = (self._began + ended) / 2, ended - self._began
            if self._clock is None or took < self._clock.took:
                self._clock = Measured(chunk.now.timestamp() - middle, took, middle)
        return chunk

    def _read_on(self, place: _Place) -> Step:
        try:
            if not place.headed:
                head = self._read(place.file, 0, _HEAD).data
                place = replace(place, headed=True, layout=lines.layout_of(head))
            overlap = len(place.tail)
            chunk = self._read(place.file, place.offset - overlap, BLOCK)
        except FileGoneError as error:
            return self._gone(place, self._files(), error)
        if chunk.length < place.offset or not _matches(chunk.data, place.tail):
            return self._replaced(place)
        if len(chunk.data) < overlap:
            return self._done()  # shorter than it says: it is being cut just now, and the next read tells
        return self._taken(place, chunk, chunk.data[overlap:])

    def _taken(self, place: _Place, chunk: Chunk, new: bytes) -> Step:
        whole, rest = lines.split(place.rest, new, place.line)
        entries, layout = self._entries(place, whole)
        taken = replace(
            place,
            offset=place.offset + len(new),
            tail=(place.tail + new)[-OVERLAP:],
            rest=rest,
            layout=layout,
            length=chunk.length,
            next=self._merged(place, self._newer(place, chunk.newer)) if self._chain else (),
        )
        at_end = taken.offset >= chunk.length
        notices: tuple[Notice, ...] = ()
        if at_end and chunk.problem != place.problem:
            notices = self._ends_soon(place, chunk.problem)
            taken = replace(taken, problem=chunk.problem)
        if at_end and not new and place.next:
            return self._leave(taken, notices)
        self._place = replace(taken, finished=at_end and bool(place.next))
        waiting = not at_end or bool(taken.next)
        return self._done(entries, notices, hungry=waiting, size=len(new), whole=not waiting)

    def _entries(self, place: _Place, whole: Sequence[Line]) -> tuple[tuple[Entry, ...], Layout | None]:
        found, layout = lines.rows(whole, place.layout)
        server, writer, file = self.server, self.writer, place.file
        return tuple([Entry(server, writer, file, offset, row) for offset, row in found]), layout

    def _flushed(self, place: _Place, *, torn: bool) -> tuple[Entry, ...]:
        return self._entries(place, lines.flush(place.rest, place.line, torn=torn))[0]

    # --- from file to file -------------------------------------------------------------------------

    def _newer(self, place: _Place, names: Iterable[str]) -> list[str]:
        """Those of ``names``, all created no earlier than our file, that come after it."""
        return [name for name in names if self._follows(place, name, created_after=True)]

    def _listed(self, place: _Place, files: Sequence[LogFile]) -> list[str]:
        """Names in a listing of the folder that come after our file."""
        ours = next((f.created for f in files if f.name == place.file), None)
        return [f.name for f in files if self._follows(place, f.name, _later(f.created, ours))]

    def _follows(self, place: _Place, name: str, created_after: bool | None) -> bool:
        """By its name, mostly; a daily and an hourly name of one day say nothing of which came first."""
        other, ours = self._of_ours(name), self._of_ours(place.file)
        if other is None or name == place.file or name in place.left:
            return False
        if ours is None:
            return not place.file
        if len(other.stamp) != len(ours.stamp) and other.stamp[:_DAY] == ours.stamp[:_DAY]:
            return other.order > ours.order if created_after is None else created_after
        return other.order > ours.order

    def _merged(self, place: _Place, names: Iterable[str]) -> tuple[str, ...]:
        """``names`` and those known before: one that vanished before it was read is to be told of."""
        return tuple(sorted({*place.next, *names}, key=_order))

    def _replaced(self, place: _Place) -> Step:
        entries = self._flushed(place, torn=True)
        self._place = _Place(place.file, next=place.next, left=place.left)
        text = N_("{file} was replaced or cut short; it is read again from its beginning").format(
            file=place.file
        )
        return self._done(entries, self._notice(Happened.REPLACED, text), hungry=True)

    def _gone(self, place: _Place, files: Sequence[LogFile], error: FileGoneError) -> Step:
        """Our file is not there: on to the next, or wait for one."""
        names = {f.name for f in files}
        if place.file in names:
            raise error  # it was away for a moment, or is being deleted: the next step tells
        notices = self._skipped(place)
        candidates = self._merged(place, self._listed(place, files)) if self._chain else ()
        first = next((n for n, name in enumerate(candidates) if name in names), len(candidates))
        for name in candidates[:first]:
            notices += self._notice(
                Happened.SKIPPED, N_("{name} was deleted before it could be read").format(name=name)
            )
        if following := candidates[first:]:  # others of which are gone are told of in their turn
            return self._leave(replace(place, next=following), notices, torn=not place.finished)
        entries = self._flushed(place, torn=not place.finished)
        self._place = replace(place, rest=_NONE, next=(), gone=True)
        return self._done(entries, notices, whole=True)

    def _wait(self, place: _Place) -> Step:
        """There is no file to read; perhaps there is one again."""
        files = self._files() if self._chain else ()
        if place.file and self._is_back(place.file, files):
            self._place = _Place(place.file, left=place.left)
            text = N_("{file} is there again; it is read from its beginning").format(file=place.file)
            return self._done((), self._notice(Happened.REPLACED, text), hungry=True)
        there = self._merged(place, self._listed(place, files))
        return self._leave(replace(place, next=there), ()) if there else self._done(whole=True)

    def _is_back(self, name: str, files: Sequence[LogFile]) -> bool:
        if self._chain:
            return any(f.name == name for f in files)
        try:
            self._read(name, 0, 0)
        except FileGoneError:
            return False
        return True

    def _skipped(self, place: _Place) -> tuple[Notice, ...]:
        """What a file that is gone takes with it, as far as that can be known."""
        if place.finished:
            return ()
        if place.length is None:
            text = N_("{file} was deleted before it could be read").format(file=place.file)
        elif place.length > place.offset:
            missing = place.length - place.offset
            text = N_(
                "{file} was deleted before it was read to its end: {missing} bytes or more are missing"
            ).format(file=place.file, missing=missing)
        else:
            text = N_("{file} is gone; what was written to it after its last read is missing").format(
                file=place.file
            )
        return self._notice(Happened.SKIPPED, text)

    def _ends_soon(self, place: _Place, problem: str) -> tuple[Notice, ...]:
        if not problem:
            return ()
        return self._notice(
            Happened.SKIPPED,
            N_("{file} is {problem}; lines behind that are lost").format(file=place.file, problem=problem),
        )

    def _leave(self, place: _Place, notices: tuple[Notice, ...], *, torn: bool = False) -> Step:
        entries = self._flushed(place, torn=torn)
        to, *others = place.next
        left = frozenset(n for n in (*place.left, place.file) if _day(n) == _day(to))
        self._place = _Place(to, next=tuple(others), left=left)
        if place.file:
            notices += self._notice(
                Happened.ROLLED_OVER, N_("{file} ended, going on with {to}").format(file=place.file, to=to)
            )
        return self._done(entries, notices, hungry=True)

    # --- saying ------------------------------------------------------------------------------------

    def _notice(self, kind: Happened, text: str) -> tuple[Notice, ...]:
        return (Notice(self.server, self.writer, kind, text),)

    def _done(
        self,
        entries: tuple[Entry, ...] = (),
        notices: tuple[Notice, ...] = (),
        *,
        hungry: bool = False,
        size: int = 0,
        whole: bool = False,
    ) -> Step:
        return Step(entries, notices, hungry, size, self._began if whole else None, self._clock)


def _matches(data: bytes, tail: bytes) -> bool:
    return data[: len(tail)] == tail[: len(data)]


def _after(names: Sequence[str], file: str) -> Sequence[str]:
    return names[names.index(file) + 1 :] if file in names else ()


def _order(name: str) -> tuple[str, int]:
    found = parse_name(name)
    return found.order if found else ("", 0)


def _day(name: str) -> str:
    return _order(name)[0][:_DAY]


def _later(created: datetime | None, ours: datetime | None) -> bool | None:
    return None if created is None or ours is None else created >= ours

"""Looking for a text in the files of one writer, stretch by stretch, where the files are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cockpit.config.language import N_
from cockpit.poplog import lines
from cockpit.poplog.document import Entry
from cockpit.poplog.errors import FileGoneError, LogError
from cockpit.poplog.local import LocalFolder
from cockpit.poplog.names import Writer, parse_name
from cockpit.poplog.parse import Layout, Parser
from cockpit.poplog.source import Hit, LogFile, LogSource

SPAN: Final = 32 * 1024 * 1024
"""Bytes that are looked through at a time: hits stream, and no answer takes long."""
MOST: Final = 500
_HEAD: Final = 4096
_LATE: Final = timedelta(minutes=10)
"""A line tells when its command began, and is written when that is done: so much later at most, we say."""


@dataclass(frozen=True, slots=True)
class Query:
    """Lines with ``text`` whose time is from ``since`` on and before ``until``; a line without a time is
    there only where neither is given."""

    text: str
    any_case: bool = False
    since: datetime | None = None
    until: datetime | None = None

    def takes(self, at: datetime | None) -> bool:
        if self.since is None and self.until is None:
            return True
        if at is None:
            return False
        return (self.since is None or at >= self.since) and (self.until is None or at < self.until)


def search(
    source: LogSource, writer: Writer | None, file: str, query: Query
) -> Iterator[list[Entry] | LogError]:
    """Hits of ``writer``'s files in order, or of ``file`` alone; a list for each stretch that was looked
    through, also an empty one. An error where a file ends sooner than it should: the search goes on with the
    next. Raises LogError."""
    for name in [file] if file else _files(source.files(), writer, query):
        try:
            yield from _in_file(source, writer, name, query)
        except FileGoneError:
            if file:
                raise  # else it was old enough to be deleted meanwhile


def count(
    source: LogSource, writer: Writer | None, file: str, query: Query, stop: Callable[[], bool]
) -> Iterator[int | LogError]:
    """How many hits ``search`` has, in parts; its errors. On this machine no line is taken apart for it,
    unless its time has to be known. Raises LogError."""
    if not isinstance(source, LocalFolder) or query.since is not None or query.until is not None:
        for hits in search(source, writer, file, query):
            yield hits if isinstance(hits, LogError) else len(hits)
        return
    for name in [file] if file else _files(source.files(), writer, query):
        try:
            found, problem = source.count(name, query.text, any_case=query.any_case, stop=stop)
        except FileGoneError:
            if file:
                raise
            continue
        yield found
        if problem:
            yield _ends_soon(name, problem)


def _ends_soon(name: str, problem: str) -> LogError:
    return LogError(
        N_("{name} is {problem}").format(name=name, problem=problem),
        cure=N_("What comes before that was searched; copy the file again."),
    )


def _in_file(
    source: LogSource, writer: Writer | None, name: str, query: Query
) -> Iterator[list[Entry] | LogError]:
    layout = lines.layout_of(source.read(name, 0, _HEAD).data)
    at: int | None = 0
    while at is not None:
        found = source.find(name, query.text, at, SPAN, MOST, any_case=query.any_case)
        yield [
            entry for hit in found.hits if (entry := _entry(source.name, writer, name, hit, layout, query))
        ]
        if found.problem:
            yield _ends_soon(name, found.problem)
        at = found.next_offset


def _entry(
    server: str, writer: Writer | None, name: str, hit: Hit, layout: Layout | None, query: Query
) -> Entry | None:
    row = Parser(layout).line(hit.line)
    return Entry(server, writer, name, hit.offset, row) if row and query.takes(row.at) else None


def _files(files: tuple[LogFile, ...], writer: Writer | None, query: Query) -> list[str]:
    """Names in order, without those that were created after ``until``, and those whose next one was created
    before ``since``."""
    mine = sorted(
        ((name.order, f) for f in files if (name := parse_name(f.name)) and name.writer is writer),
        key=lambda pair: (pair[0], pair[1].name),
    )
    kept = []
    for n, (_, file) in enumerate(mine):
        ended = mine[n + 1][1].created if n + 1 < len(mine) else None
        if query.until is not None and file.created is not None and file.created >= query.until + _LATE:
            continue
        if query.since is not None and ended is not None and ended < query.since:
            continue
        kept.append(file.name)
    return kept

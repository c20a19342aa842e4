"""What a server's protocol log folder shows: for each writer its newest file and its newest line.

Read over the way the environment names, never written. A line's time and a
process's start are both by the server's own clock, so they can be compared without knowing ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from cockpit.exchange import catalogue
from cockpit.poplog.names import LogName, Writer, parse_name
from cockpit.poplog.parse import Parser
from cockpit.poplog.source import LogFile, LogSource
from cockpit.recovery.logging_view import Written

HEAD: Final = 4096
"""Bytes that hold a file's header."""
TAIL: Final = 65_536
"""Bytes at a file's end in which its newest line is looked for."""
WRITERS: Final[Mapping[str, Writer]] = {
    catalogue.FRONT_END_SERVICE: Writer.POP3,
    catalogue.BACK_END_SERVICE: Writer.POP3BE,
}
"""By service: the prefix of its files (exchange-facts §4.1)."""


def look(files: LogSource, writers: Iterable[Writer]) -> dict[Writer, Written]:
    """One look at the folder. Raises LogError, and what the way to it raises."""
    listed = [(name, entry) for entry in files.files() if (name := parse_name(entry.name)) is not None]
    return {writer: _newest(files, writer, listed) for writer in writers}


def _newest(files: LogSource, writer: Writer, listed: list[tuple[LogName, LogFile]]) -> Written:
    mine = [(name.order, entry.name) for name, entry in listed if name.writer is writer]
    if not mine:
        return Written()
    name = max(mine)[1]
    head = files.read(name, 0, HEAD)
    start = max(0, head.length - TAIL)
    tail = files.read(name, start, TAIL) if head.length > HEAD else head
    return Written(name, tail.length, _last(head.data, tail.data, cut=start > 0), tail.now or head.now)


def _last(head: bytes, tail: bytes, *, cut: bool) -> datetime | None:
    """``cut``: the tail may begin in the middle of a line."""
    parser = Parser()
    parser.rows(head.split(b"\n"))
    lines = tail.split(b"\n")[1 if cut else 0 :]
    times = [row.at for row in parser.rows(lines) if row.at is not None]
    return max(times, default=None)

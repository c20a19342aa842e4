"""A server's logs over a session that is somebody else's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from cockpit.exchange.logfiles import LogFileGoneError, LogFiles
from cockpit.poplog.errors import FileGoneError
from cockpit.poplog.names import parse_name
from cockpit.poplog.source import Chunk, Found, Hit, LogFile

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class OverWinRM:
    """The log files of a server as a LogSource. ``name``: the server's."""

    remote: LogFiles
    name: str

    def files(self) -> tuple[LogFile, ...]:
        found = _told(self.remote.files)
        return tuple(
            LogFile(f.name, f.length, f.created, f.modified) for f in found if parse_name(f.name) is not None
        )

    def read(self, name: str, offset: int, most: int) -> Chunk:
        found = _told(lambda: self.remote.read(name, offset, most))
        return Chunk(found.data, offset, found.length, found.now, found.newer)

    def find(self, name: str, text: str, offset: int, span: int, most: int, *, any_case: bool) -> Found:
        found = _told(lambda: self.remote.find(name, text, offset, span, most, any_case=any_case))
        return Found(tuple(Hit(at, line) for at, line in found.lines), found.next_offset, found.length)

    def close(self) -> None:
        """The session is its owner's."""


def _told(job: Callable[[], T]) -> T:
    """What ``job`` gives. A file that has gone is a LogError, which a search can live with; whatever else
    goes wrong is an ExchangeError."""
    try:
        return job()
    except LogFileGoneError as error:
        raise FileGoneError(error.what, error.cause, error.cure) from error

"""Logs as the screen gets them: what is wanted, who opens it, what is known of it. No Textual in here."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import NamedTuple, Protocol, TypeAlias

from cockpit.poplog.document import Document, Entry
from cockpit.poplog.feed import Batch, Happened, LogFeed, Notice, StreamState
from cockpit.poplog.names import Writer, parse_name

NAMES_KEPT = 64


class LogsWanted(NamedTuple):
    """Logs of ``servers`` (their names), or of files and folders here."""

    servers: tuple[str, ...] = ()
    paths: tuple[Path, ...] = ()

    @property
    def words(self) -> str:
        """Whose logs they are."""
        return ", ".join(self.servers or [str(path) for path in self.paths])


class Kept(Document, Protocol):
    """A document in memory, which a feed fills."""

    @property
    def dropped(self) -> int:
        """Lines that had to go for newer ones."""
        ...

    def append(self, entries: Iterable[Entry]) -> int:
        """Take in newer lines; how many went for them."""
        ...

    def __len__(self) -> int:
        """Lines that are kept."""
        ...


class Live(NamedTuple):
    """Lines that come from servers. ``feed``: not started yet; can be started again after it was closed, and
    then may bring lines again that it brought before."""

    document: Kept
    feed: LogFeed


Opened: TypeAlias = Live | Document
"""Files are a document that is looked at again for what has been added to it."""
OpenLogs: TypeAlias = Callable[[LogsWanted], Opened]
"""Opens logs, in a thread. Nothing is started by it. Raises LogError."""


@dataclass(slots=True)
class Known:
    """What the screen knows of the logs beside their lines."""

    streams: dict[tuple[str, Writer | None], StreamState] = field(default_factory=dict)
    notices: list[Notice] = field(default_factory=list)
    """Those not read yet, newest last."""
    skipped: int = 0
    """Times that lines were missed."""
    lost: str = ""
    """Why no lines come any more."""
    connected: bool = False
    servers: dict[str, None] = field(default_factory=dict)
    """Names that lines came with, in the order in which they were seen."""
    writers: bool = False
    """Some lines tell which end wrote them."""
    _last: dict[tuple[str, Writer | None], Entry] = field(default_factory=dict)
    _newest: dict[tuple[str, Writer | None], datetime] = field(default_factory=dict)
    """The latest time of a line of each log: a server's lines do not stand strictly by time."""
    _joining: dict[tuple[str, Writer | None], bool] = field(default_factory=dict)
    """Logs that are read again since a reconnection, and whether they overlap with what was read before."""

    def arrived(self, batch: Batch) -> None:
        self.connected = True
        self.streams.update({(s.server, s.writer): s for s in batch.streams})
        self.notices = [*self.notices, *batch.notices][-20:]
        self.skipped += sum(n.kind is Happened.SKIPPED for n in batch.notices)

    def reconnecting(self) -> None:
        """The feed begins anew: some lines before its end will come again."""
        self.lost, self.connected = "", False
        self._joining = dict.fromkeys(self._last, False)

    def fresh(self, entries: Iterable[Entry]) -> list[Entry]:
        """Those that have not been seen. Lines that came while nobody read may be more than the feed goes
        back: where what it brings does not reach back to what was there, that counts as missed."""
        kept = []
        for entry in entries:
            key = entry.server, entry.writer
            if key in self._joining:
                if self._seen(key, entry):
                    self._joining[key] = True
                    continue
                self.skipped += not self._joining.pop(key)
            self._last[key] = entry
            if entry.row.at is not None:
                self._newest[key] = max(entry.row.at, self._newest.get(key, entry.row.at))
            kept.append(entry)
        return kept

    def _seen(self, key: tuple[str, Writer | None], entry: Entry) -> bool:
        """Whether ``entry`` stands no later in its log than the last line that came; one later than all that
        came tells of another file that has taken the place of the one that was read."""
        newest = self._newest.get(key)
        if entry.row.at is not None and newest is not None and entry.row.at > newest:
            return False
        return _order(entry) <= _order(self._last[key])

    def saw(self, entries: Iterable[Entry]) -> None:
        """Lines that are on the screen: which columns there are depends on what they name."""
        for entry in entries:
            if entry.server not in self.servers and len(self.servers) < NAMES_KEPT:
                self.servers[entry.server] = None
            self.writers = self.writers or entry.writer is not None

    @property
    def behind(self) -> int:
        """Bytes that are there and not yet read."""
        return sum(s.behind for s in self.streams.values())

    def problems(self) -> dict[str, list[str]]:
        """Why logs are not read, and whose they are: ``EX01 F``, both ends of a server as ``EX01``."""
        found: dict[str, dict[str, list[str]]] = {}
        for stream in self.streams.values():
            if stream.problem:
                ends = found.setdefault(stream.problem, {}).setdefault(stream.server, [])
                ends.append("" if stream.writer is None else "B" if stream.writer.back_end else "F")
        return {
            problem: [
                server if len(ends) > 1 else f"{server} {ends[0]}".strip() for server, ends in by.items()
            ]
            for problem, by in found.items()
        }

    def clocks(self) -> dict[str, float]:
        """Seconds that each server's clock is ahead of ours, where known."""
        return {s.server: s.clock_offset for s in self.streams.values() if s.clock_offset is not None}


def _order(entry: Entry) -> tuple[tuple[str, int], str, int]:
    name = parse_name(entry.file)
    return name.order if name is not None else ("", 0), entry.file, entry.offset

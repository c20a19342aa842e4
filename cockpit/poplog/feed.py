"""What the screen and the command line need of followed logs, wherever these lie."""

from __future__ import annotations

from collections.abc import AsyncIterator
from enum import StrEnum
from typing import Protocol

from cockpit.frozen import dataclass
from cockpit.poplog.document import Entry
from cockpit.poplog.names import Writer


class Happened(StrEnum):
    """What a notice is about."""

    ROLLED_OVER = "rolled over"
    REPLACED = "replaced"
    LOST = "lost"
    BACK = "back"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Notice:
    """Something the reader of a log should know. ``text``: one harmless sentence. Only ``SKIPPED``
    means missing lines."""

    server: str
    writer: Writer | None
    kind: Happened
    text: str


@dataclass(frozen=True, slots=True)
class StreamState:
    """One writer's log on one server; ``writer`` None for a file whose name says none. ``behind``:
    bytes that are there and not yet read. ``clock_offset``: seconds the server's clock is ahead of ours,
    None unknown. ``problem``: why it is not read now, ""."""

    server: str
    writer: Writer | None
    file: str
    offset: int
    behind: int
    clock_offset: float | None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Batch:
    """What a round of reading brought: entries in order of time."""

    entries: tuple[Entry, ...] = ()
    notices: tuple[Notice, ...] = ()
    streams: tuple[StreamState, ...] = ()


class FeedEndedError(Exception):
    """The reader of the logs has ended. ``str()`` says what is known of why, in one harmless line."""


class LogFeed(Protocol):
    """Batches as they come. Nothing in it blocks the event loop."""

    async def start(self) -> None:
        """Begin. Raises FeedEndedError when that cannot be."""

    def batches(self) -> AsyncIterator[Batch]:
        """At most two a second. Raises FeedEndedError at the end."""

    async def close(self) -> None:
        """Let go of the reader, at once; it ends by itself, bounded."""

"""Where log files lie: a server over WinRM, a share, a folder here. One protocol for all of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class LogFile:
    """A file of the folder. ``length`` may lag behind for a file that is being written: Windows brings a
    directory entry up to date when the file is closed [M]; only a read tells. Times are UTC."""

    name: str
    length: int
    created: datetime | None
    modified: datetime | None


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a file. ``length``: of the whole file when it was read. ``now``: the far side's clock then
    (UTC), None where there is none. ``newer``: names in the folder, of any writer, that were created no
    earlier than this file. ``problem``: why the file ends sooner than it should, empty where it does not: the
    end of what it says is then its damage, and more was in it (``cut off: its end is missing``)."""

    data: bytes
    offset: int
    length: int
    now: datetime | None = None
    newer: tuple[str, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Hit:
    """A line with the text that was looked for; ``offset``: of its first byte. ``line`` without its end."""

    offset: int
    line: bytes


@dataclass(frozen=True, slots=True)
class Found:
    """One stretch of a search. ``next_offset``: where to go on, None at the file's end; then ``problem`` is
    as in :class:`Chunk`."""

    hits: tuple[Hit, ...]
    next_offset: int | None
    length: int
    problem: str = ""


class LogSource(Protocol):
    """Files of one folder. For one thread at a time. All methods raise LogError."""

    @property
    def name(self) -> str:
        """Whose logs they are, for people: a server's short name, or a folder."""
        ...

    def files(self) -> tuple[LogFile, ...]:
        """Every log file of the folder (names that ``names.parse_name`` knows), in any order."""
        ...

    def read(self, name: str, offset: int, most: int) -> Chunk:
        """At most ``most`` bytes from ``offset``; none past the end. Raises FileGoneError."""
        ...

    def find(self, name: str, text: str, offset: int, span: int, most: int, *, any_case: bool) -> Found:
        """Lines from ``offset`` on that hold ``text``, done after about ``span`` bytes or ``most`` hits.
        ``any_case``: ASCII letters match in either case. Raises FileGoneError."""
        ...

    def close(self) -> None:
        """Give back what is held; quiet."""
        ...

"""A log that can be looked at line by line from any place: what the Logs screen draws.

Two kinds: lines kept in memory (a ring, while following), and files on this machine, read where they are
looked at. An anchor is a place between two lines; only the document that gave it knows what is in it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Protocol, TypeAlias

from cockpit.frozen import dataclass
from cockpit.poplog.names import Writer
from cockpit.poplog.row import LogRow

Anchor: TypeAlias = Any


@dataclass(frozen=True, slots=True)
class Entry:
    """A row with where it stands. ``server``: short name, or the folder's or file's name for local logs.
    ``writer``: None where the file's name says none. ``offset``: of its first byte in ``file``."""

    server: str
    writer: Writer | None
    file: str
    offset: int
    row: LogRow


class Document(Protocol):
    """Lines in order of time. Every method is quick (no more than a few blocks are read) but ``seek``,
    which belongs into a thread. All raise LogError."""

    def start(self) -> Anchor:
        """Before the first line."""
        ...

    def end(self) -> Anchor:
        """After the last line there is now."""
        ...

    def down(self, anchor: Anchor, most: int) -> list[tuple[Anchor, Entry]]:
        """At most ``most`` lines after ``anchor``, each with the anchor after it; none at the end."""
        ...

    def up(self, anchor: Anchor, most: int) -> list[tuple[Anchor, Entry]]:
        """At most ``most`` lines before ``anchor``, nearest first, each with the anchor before it."""
        ...

    def at_time(self, moment: datetime) -> Anchor:
        """Before the first line at or after ``moment`` (aware)."""
        ...

    def fraction(self, anchor: Anchor) -> float:
        """About how far down ``anchor`` is, 0 to 1."""
        ...

    def problems(self) -> tuple[str, ...]:
        """What is wrong with the files, as far as they were read: lines that ought to be there and cannot be
        read. Clean, one line each; at no cost."""
        ...

    def seek(
        self,
        anchor: Anchor,
        wanted: Callable[[Entry], bool],
        *,
        text: str = "",
        any_case: bool = False,
        back: bool = False,
        stop: Callable[[], bool] = lambda: False,
    ) -> tuple[Anchor, Entry] | None:
        """The nearest line after (``back``: before) ``anchor`` that is ``wanted``, with the anchor before it;
        None where there is none or ``stop`` said so. ``text``: every wanted line holds it, so that lines
        without it need not be taken apart."""
        ...

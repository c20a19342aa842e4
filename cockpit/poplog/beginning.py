"""Where following begins: so many lines before the end of the newest file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import msgspec

from cockpit.config.language import N_
from cockpit.poplog.errors import FileGoneError, LogError
from cockpit.poplog.lines import is_row
from cockpit.poplog.source import Chunk

BLOCK: Final = 256 * 1024
BACK_LIMIT: Final = 32 * 1024 * 1024
"""Bytes that are looked through backwards for the last lines, over all files."""
_LOOK: Final = 16
"""Bytes of a line that tell a row from a header."""

Read: TypeAlias = Callable[[str, int, int], Chunk]


class FromEnd(msgspec.Struct, frozen=True):
    """The last ``lines`` rows, counted back over several files. ``unended``: a last line without its end
    counts too; else it counts as not yet written, but in a file that is not the newest."""

    lines: int = 0
    unended: bool = False


def place(read: Read, names: Sequence[str], start: FromEnd) -> tuple[str, int]:
    """The file and the offset to begin at. ``names``: the files there are, oldest first, at least one.
    Raises LogError."""
    if start.unended and not start.lines:
        return names[-1], read(names[-1], 0, 0).length
    return _lines_back(read, names, start.lines, unended=start.unended)


def _lines_back(read: Read, names: Sequence[str], lines: int, *, unended: bool) -> tuple[str, int]:
    budget = BACK_LIMIT
    found = names[-1], 0
    for name in reversed(names):
        try:
            back = _Back(read, name, lines, budget, unended=unended or name != names[-1])
        except FileGoneError:
            if name == names[-1]:
                raise
            break
        found = name, back.offset
        lines -= back.rows
        budget -= back.looked_at
        if lines <= 0 or budget <= 0:
            break
    return found


@dataclass(init=False, slots=True)
class _Back:
    """A look back through one file. ``offset``: where its last ``rows`` rows begin, whose last line end is
    there; a last line without one counts with ``unended``."""

    offset: int
    rows: int
    looked_at: int

    def __init__(self, read: Read, name: str, lines: int, budget: int, *, unended: bool) -> None:
        high = read(name, 0, 0).length
        self.offset, self.rows, self.looked_at = 0, 0, 0
        after, ended = b"", unended
        while high > 0:
            low = max(0, high - BLOCK)
            data = read(name, low, high - low).data
            if len(data) != high - low:
                raise LogError(N_("{name} became shorter while it was looked through").format(name=name))
            self.looked_at += len(data)
            text = data + after
            for at in _starts(data, at_zero=low == 0):
                self.offset = low + at
                if ended and is_row(text[at : at + _LOOK]):
                    self.rows += 1
                ended = ended or at > 0
                if ended and self.rows >= lines:
                    return
            after, high = data[:_LOOK], low
            if self.looked_at >= budget:
                return
        self.offset = 0


def _starts(data: bytes, *, at_zero: bool) -> list[int]:
    """Where lines begin in ``data``, last first; ``at_zero``: its first byte begins one."""
    found = []
    end = len(data)
    while (end := data.rfind(b"\n", 0, end)) >= 0:
        found.append(end + 1)
    return [*found, 0] if at_zero else found

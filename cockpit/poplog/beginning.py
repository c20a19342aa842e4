"""Where following begins: at the end of the newest file, at the start of the oldest, or at a known place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import msgspec

from cockpit.poplog.errors import FileGoneError, LogError
from cockpit.poplog.lines import is_row
from cockpit.poplog.source import Chunk

BLOCK: Final = 256 * 1024
BACK_LIMIT: Final = 32 * 1024 * 1024
"""Bytes that are looked through backwards for the last lines, over all files."""
_LOOK: Final = 16
"""Bytes of a line that tell a row from a header."""

Read: TypeAlias = Callable[[str, int, int], Chunk]


class FromEnd(msgspec.Struct, frozen=True, tag=True):
    """The last ``lines`` rows, counted back over several files; or, with ``size``, the whole lines in the
    last ``size`` bytes of the newest file. ``unended``: a last line without its end counts too; else it
    counts as not yet written, but in a file that is not the newest."""

    lines: int = 0
    size: int | None = None
    unended: bool = False


class FromStart(msgspec.Struct, frozen=True, tag=True):
    """All there is, from the oldest file on."""


class FromPlace(msgspec.Struct, frozen=True, tag=True):
    """From the line that begins at ``offset`` of ``file``."""

    file: str
    offset: int = 0


Start: TypeAlias = FromEnd | FromStart | FromPlace


def place(read: Read, names: Sequence[str], start: Start) -> tuple[str, int]:
    """The file and the offset to begin at. ``names``: the files there are, oldest first, at least one.
    Raises LogError."""
    match start:
        case FromPlace(file, offset):
            return file, offset
        case FromStart():
            return names[0], 0
        case FromEnd(_, int(size)):
            return names[-1], _bytes_back(read, names[-1], size)
        case FromEnd(0, _, True):
            return names[-1], read(names[-1], 0, 0).length
        case FromEnd(lines, _, unended):
            return _lines_back(read, names, lines, unended=unended)


def _bytes_back(read: Read, name: str, size: int) -> int:
    length = read(name, 0, 0).length
    before = length - size - 1
    if before < 0:
        return 0
    # One byte more is read: a line end just before the stretch makes its first line a whole one.
    data = read(name, before, BLOCK).data
    return before + (data.find(b"\n") + 1 or len(data))


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
                raise LogError(f"{name} became shorter while it was looked through")
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

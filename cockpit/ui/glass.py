"""What the terminal shows, cell by cell, so that only what differs from it is written.

Textual paints what was marked, whole rows and panes, whether it looks the same or not: a list that moves by
one row, a table in another order, a screen that comes back are mostly what is on the glass already. Here such
a drawing costs the cells that changed, with a move of the cursor before each run of them.

Nobody else writes where we draw; who knows better (the terminal was another's for a while, it was resized, a
drawing was lost) says ``forget``, and everything is written again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import groupby
from typing import Final, NamedTuple

from rich.cells import get_character_cell_size
from rich.segment import Segment
from rich.style import Style

JOINED: Final = 6
"""So many cells that did not change are written again rather than passed over: a move costs as much."""
STYLES: Final = 4096
"""Styles that are remembered: those of some widgets carry the place where they stand, and there is no end of
them."""
_UNKNOWN: Final = -1

Piece = tuple[int, int, Iterable[Segment]]
"""Row, column and what stands from there on."""


class _Row(NamedTuple):
    """``codes``: for each cell the number of its style, or _UNKNOWN."""

    chars: list[str]
    codes: list[int]


class Glass:
    """``rendered``: a text in a style as it is written to the terminal."""

    def __init__(self, rendered: Callable[[Style | None, str], str]) -> None:
        self._rendered = rendered
        self._size = (0, 0)
        self._rows: list[_Row] = []
        self._codes: dict[Style | None, int] = {}
        self._numbers: dict[tuple[str, str], int] = {}
        self._affixes: list[tuple[str, str]] = []
        self._single: set[str] = set()
        self._pen = _UNKNOWN

    def forget(self) -> None:
        """What is on the terminal is not known any more."""
        columns, rows = self._size
        self._rows = [_Row([""] * columns, [_UNKNOWN] * columns) for _ in range(rows)]
        self._codes.clear()

    def draw(self, columns: int, rows: int, pieces: Iterable[Piece]) -> str:
        """What is to be written so that the pieces stand where they belong; empty when they do."""
        if self._size != (columns, rows):
            self._size = (columns, rows)
            self.forget()
        written: list[str] = []
        for y, x, segments in pieces:
            if 0 <= y < rows:
                self._draw(y, x, segments, written)
        self._take(_UNKNOWN, written)
        return "".join(written)

    def _draw(self, y: int, x: int, segments: Iterable[Segment], written: list[str]) -> None:
        chars: list[str] = []
        codes: list[int] = []
        wide = False
        for text, style, control in segments:
            if control or not text:
                continue
            wide = wide or not self._is_single(text)
            chars.extend(text)
            codes.extend([self._code(style)] * len(text))
        row = self._rows[y]
        if wide:
            self._draw_wide(y, x, chars, codes, written)
            return
        room = max(len(row.chars) - x, 0)  # what is drawn may still be for a larger terminal
        del chars[room:], codes[room:]
        end = x + len(chars)
        before_chars, before_codes = row.chars[x:end], row.codes[x:end]
        if not chars or (chars == before_chars and codes == before_codes):
            return
        row.chars[x:end] = chars
        row.codes[x:end] = codes
        if before_codes[0] == before_codes[-1] == _UNKNOWN:  # as good as always all between them too
            written.append(f"\x1b[{y + 1};{x + 1}H")
            self._write(chars, codes, written)
            return
        changed = [
            at
            for at, (char, old_char, code, old_code) in enumerate(
                zip(chars, before_chars, codes, before_codes, strict=True)
            )
            if code != old_code or char != old_char
        ]
        for first, last in _runs(changed):
            written.append(f"\x1b[{y + 1};{x + first + 1}H")
            self._write(chars[first:last], codes[first:last], written)

    def _draw_wide(self, y: int, x: int, chars: list[str], codes: list[int], written: list[str]) -> None:
        """A text with characters that take two cells or none: written as it is, and not known afterwards."""
        written.append(f"\x1b[{y + 1};{x + 1}H")
        self._write(chars, codes, written)
        row = self._rows[y]
        row.codes[x:] = [_UNKNOWN] * len(row.codes[x:])

    def _write(self, chars: list[str], codes: list[int], written: list[str]) -> None:
        begin = 0
        for code, run in groupby(codes):
            end = begin + len(list(run))
            self._take(code, written)
            written.append("".join(chars[begin:end]))
            begin = end

    def _take(self, pen: int, written: list[str]) -> None:
        """Write on in another style: what is in the same one costs no more than its text."""
        if pen != self._pen:
            if self._pen != _UNKNOWN:
                written.append(self._affixes[self._pen][1])
            if pen != _UNKNOWN:
                written.append(self._affixes[pen][0])
            self._pen = pen

    def _is_single(self, text: str) -> bool:
        """Whether each of its characters takes one cell."""
        if text.isascii():
            return True
        new = set(text) - self._single
        self._single.update(char for char in new if get_character_cell_size(char) == 1)
        return new <= self._single

    def _code(self, style: Style | None) -> int:
        """Styles that look the same have one number, whatever else they carry."""
        code = self._codes.get(style)
        if code is None:
            if len(self._codes) > STYLES:
                self._codes.clear()
            before, _, after = self._rendered(style, "\0").partition("\0")
            code = self._numbers.setdefault((before, after), len(self._affixes))
            if code == len(self._affixes):
                self._affixes.append((before, after))
            self._codes[style] = code
        return code


def _runs(changed: list[int]) -> Iterable[tuple[int, int]]:
    """The changed cells in runs, from the first to behind the last; those close to each other as one."""
    first = last = changed[0]
    for at in changed[1:]:
        if at - last > JOINED:
            yield first, last + 1
            first = at
        last = at
    yield first, last + 1

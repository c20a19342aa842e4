"""A screen in every theme as one text file: what it says once, and the style of every run of it.

A file has a part for each group of themes in which the text is the same (dialogs of the sixteen-colour themes
hide what is below them, the others dim it)::

    [dark light high-contrast colour-blind]
    " CORP ·  READ-ONLY"          the lines, without the blanks at their ends
    …
    a6 b11 a63                    the same lines as runs: a style's letter and how many cells; "=3": like the
    …                             line before, three times
    a | #d0d0d0/#232830 | …       each style in each theme: text/ground and attributes, "." for a blank's
                                  text; a blank is as what stands before it where nobody sees a difference

Styles are told apart by what they are in all the themes together, so that the letters are the same in each.
"""

from __future__ import annotations

import string
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final, TypeAlias

from rich.cells import cell_len
from rich.color import Color
from rich.style import Style
from textual.strip import Strip

NAMES: Final = string.ascii_letters
_ATTRIBUTES: Final = ("bold", "dim", "italic", "underline", "reverse", "strike", "blink")


@dataclass(frozen=True, slots=True)
class Paint:
    """A cell's colours and attributes. ``text``: of what stands there; empty for a blank, unless it shows."""

    text: str
    ground: str
    attributes: str = ""

    def __str__(self) -> str:
        more = f" {self.attributes}" if self.attributes else ""
        return f"{self.text or '.'}/{self.ground}{more}"


Row: TypeAlias = tuple[tuple[str, Paint], ...]
"""A line of the screen, cell by cell: a character (empty: the second half of a wide one) and its paint."""


def painted(strips: Sequence[Strip]) -> list[Row]:
    """What is on a screen."""
    return [tuple(_cells(strip)) for strip in strips]


def _cells(strip: Strip) -> Iterator[tuple[str, Paint]]:
    paint = Paint("", "")
    for text, style, control in strip:
        if control:
            continue
        for letter in _graphemes(text):
            width = cell_len(letter)
            paint = _like(paint, _paint(letter, style or Style.null()))
            yield letter, paint
            yield from (("", paint) for _ in range(width - 1))


def _graphemes(text: str) -> Iterator[str]:
    """Characters, those without a width with the one before them."""
    held = ""
    for letter in text:
        if held and cell_len(letter):
            yield held
            held = ""
        held += letter
    if held:
        yield held


def _paint(letter: str, style: Style) -> Paint:
    words = [name for name in _ATTRIBUTES if getattr(style, name)]
    shows = letter.strip() or style.reverse or style.underline
    if not shows:
        words = []
    return Paint(_name(style.color) if shows else "", _name(style.bgcolor), " ".join(words))


def _like(before: Paint, paint: Paint) -> Paint:
    """A blank is as what stands before it where nobody can see a difference: words make one run."""
    alike = not paint.text and paint.ground == before.ground
    return (
        before if alike and not {"reverse", "underline", "strike"} & {*before.attributes.split()} else paint
    )


def _name(colour: Color | None) -> str:
    if colour is None or colour.is_default:
        return "default"
    return colour.triplet.hex if colour.triplet is not None else colour.name


# The file


def rendered(screens: Mapping[str, Sequence[Row]]) -> str:
    """The file's text, of one screen in every theme."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for theme, rows in screens.items():
        groups.setdefault(tuple(_text(row) for row in rows), []).append(theme)
    parts = [_part(text, {name: screens[name] for name in names}) for text, names in groups.items()]
    return "\n".join(parts)


def _text(row: Row) -> str:
    return "".join(letter for letter, _paint in row).rstrip()


def _part(text: Sequence[str], screens: Mapping[str, Sequence[Row]]) -> str:
    letters: dict[tuple[Paint, ...], str] = {}
    maps: list[str] = []
    for rows in zip(*screens.values(), strict=True):
        cells = zip(*rows, strict=True)
        kinds = [tuple(paint for _letter, paint in cell) for cell in cells]
        runs = [(kind, sum(1 for _each in each)) for kind, each in groupby(kinds)]
        maps.append(" ".join(f"{letters.setdefault(kind, _letter_of(len(letters)))}{n}" for kind, n in runs))
    styles = [f"{letter} | {' | '.join(map(str, kind))}" for kind, letter in letters.items()]
    quoted = [f'"{line}"' for line in text]
    return "\n".join([f"[{' '.join(screens)}]", *quoted, *_squeezed(maps), *styles, ""])


def _letter_of(number: int) -> str:
    """A name without digits, so that a length may follow: ``a`` to ``Z``, then ``'a`` and so on."""
    return "'" * (number // len(NAMES)) + NAMES[number % len(NAMES)]


def _squeezed(lines: Sequence[str]) -> Iterator[str]:
    for line, same in groupby(lines):
        more = sum(1 for _each in same) - 1
        yield line
        if more:
            yield f"={more}"

"""Bytes as they come, to lines: what has no end yet is kept, what is endless is cut. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import msgspec

from cockpit.config.language import N_
from cockpit.poplog.parse import Layout, Parser, broken, decoded, header_of
from cockpit.poplog.row import LogRow

LINE_LIMIT: Final = 1 << 20
"""Bytes of one line; what is over is passed on in pieces of this size. Where they are cut depends on the
line alone, not on how its bytes came."""
CUT: Final = N_("cut after {n} bytes").format(n=LINE_LIMIT)
CUT_REST: Final = N_("the rest of a line that was cut")
TORN: Final = N_("its end is not known: the file went away")
_PIECES: Final = frozenset({CUT, CUT_REST})


@dataclass(frozen=True, slots=True)
class Rest:
    """The beginning of a line whose end was not read yet. ``cut``: pieces of it were passed on already."""

    data: bytes = b""
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A line without its end, or a piece of one (then ``problem`` says so). ``offset``: of its first byte."""

    offset: int
    raw: bytes
    problem: str = ""


def split(rest: Rest, new: bytes, offset: int) -> tuple[list[Line], Rest]:
    """The lines that ``new`` completes, and what is left. ``offset``: of the first byte of ``rest``."""
    found: list[Line] = []
    *whole, last = (rest.data + new).split(b"\n")
    cut = rest.cut
    for raw in whole:
        found += _pieces(raw, offset, cut)
        offset += len(raw) + 1
        cut = False
    if len(last) <= LINE_LIMIT:
        return found, Rest(last, cut)
    *pieces, kept = _pieces(last, offset, cut)
    return [*found, *pieces], Rest(kept.raw, True)


def flush(rest: Rest, offset: int, *, torn: bool = False) -> list[Line]:
    """What is left of a file that is not read any more; ``torn``: it went away unread."""
    if not rest.data:
        return []
    return [Line(offset, rest.data, CUT_REST if rest.cut else TORN if torn else "")]


def _pieces(raw: bytes, offset: int, cut: bool) -> list[Line]:
    starts = range(0, max(1, len(raw)), LINE_LIMIT)
    return [Line(offset + at, raw[at : at + LINE_LIMIT], _problem(cut or at > 0, len(raw))) for at in starts]


def _problem(goes_on: bool, length: int) -> str:
    if goes_on:
        return CUT_REST
    return CUT if length > LINE_LIMIT else ""


def rows(lines: Iterable[Line], layout: Layout | None) -> tuple[list[tuple[int, LogRow]], Layout | None]:
    """The rows of ``lines`` with their offsets, and the layout after them."""
    parser = Parser(layout)
    found = []
    for line in lines:
        row = broken(decoded(line.raw), line.problem) if line.problem in _PIECES else parser.line(line.raw)
        if row is None:
            continue
        if line.problem and not row.problem:
            row = msgspec.structs.replace(row, problem=line.problem)
        found.append((line.offset, row))
    return found, parser.layout


def layout_of(head: bytes) -> Layout | None:
    """The layout that a file's first bytes tell; None where they hold no header."""
    layout = None
    for raw in head.split(b"\n")[:-1]:
        text = decoded(raw)
        found = header_of(text)
        if found is None and not text.startswith("#"):
            break
        layout = found or layout
    return layout


def is_row(raw: bytes) -> bool:
    """Whether the first bytes of a line are those of a row, not of a header or an empty line."""
    text = raw.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n")
    return bool(text) and text[:1] != b"#" and text[:9].lower() != b"datetime,"

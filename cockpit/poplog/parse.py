"""Lines of a protocol log to rows: fields by the header, never by position (exchange-facts §4.2).

Pure: bytes in, rows out. Nothing is thrown away: a line that cannot be read becomes a row with a ``problem``.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from cockpit.config.language import N_
from cockpit.exchange.text import clean_line
from cockpit.poplog.row import LogRow

CLASSIC: Final = (
    *("dateTime", "sessionId", "seqNumber", "sIp", "cIp", "user", "duration", "rqsize", "rpsize"),
    *("command", "parameters", "context"),
)
"""Columns of every build [D]."""
WITH_PUID: Final = (*CLASSIC, "puid")
"""Columns of newer builds, seen in IMAP fixtures [C]."""
_NO_LIMIT: Final = 1 << 40
csv.field_size_limit(max(csv.field_size_limit(), 1 << 24))  # lines are bounded where they are read
_MOST_COLUMNS: Final = 1000
"""Of a header; what names more is none, or it would cost every row below it that many cells."""
_KNOWN: Final = {name.lower(): n for n, name in enumerate(CLASSIC)}
_FIELDS: Final = "#fields:"


@dataclass(frozen=True, slots=True)
class Layout:
    """Which cell is which. ``places``: cell number of each column of CLASSIC, -1 where there is none."""

    names: tuple[str, ...]
    places: tuple[int, ...]
    others: tuple[tuple[int, str], ...]
    assumed: bool = False

    @classmethod
    def of(cls, names: Iterable[str], *, assumed: bool = False) -> Layout:
        """The layout of a header; names in any case, of a repeated one the first counts."""
        cleaned = tuple(clean_line(n.strip()) for n in names)
        lower = [n.lower() for n in cleaned]
        places = tuple(lower.index(n) if n in lower else -1 for n in _KNOWN)
        known = set(places)
        others = tuple((n, name) for n, name in enumerate(cleaned) if n not in known)
        return cls(cleaned, places, others, assumed)


_ASSUMED: Final = {len(c): Layout.of(c, assumed=True) for c in (CLASSIC, WITH_PUID)}


def header_of(line: str) -> Layout | None:
    """The layout where ``line`` is a header: the bare list of columns, or ``#Fields:``."""
    text = line.lstrip("\ufeff").strip()
    if text[: len(_FIELDS)].lower() == _FIELDS:
        text = text[len(_FIELDS) :].strip()
    elif text[:9].lower() != "datetime,":
        return None
    names = text.split(",", _MOST_COLUMNS)
    if len(names) > _MOST_COLUMNS:
        return None
    return Layout.of(names) if "datetime" in (n.strip().lower() for n in names) else None


_BEGINS_HEADER: Final = "#\ufeffdD"


def is_header(text: str) -> bool:
    """Whether a line belongs to a file's header: its columns, or begins with ``#``."""
    return text.lstrip("\ufeff").startswith("#") or header_of(text) is not None


def no_row(raw: bytes) -> bool:
    """Whether ``Parser.line`` makes no row of this line."""
    text = decoded(raw)
    return not text or (text[0] in _BEGINS_HEADER and is_header(text))


@dataclass(slots=True)
class Parser:
    """The lines of one file, in order. ``layout`` is known once its header was seen, or from an earlier
    look at the file's head; until then the number of cells tells (``assumed``)."""

    layout: Layout | None = None

    def line(self, raw: bytes) -> LogRow | None:
        """The row of a line without its end; None for a header, a ``#`` line or an empty one."""
        text = decoded(raw)
        if not text:
            return None
        if text[0] in _BEGINS_HEADER and is_header(text):
            self.layout = header_of(text) or self.layout
            return None
        return self._row(text)

    def rows(self, lines: Iterable[bytes]) -> list[LogRow]:
        """The rows of many lines."""
        one = self.line
        return [row for raw in lines if (row := one(raw)) is not None]

    def _row(self, text: str) -> LogRow:
        cells = cells_of(text)
        if cells is None:
            return broken(text, N_("a quoted field is not closed"))
        layout = self.layout or _ASSUMED.get(len(cells))
        if layout is None:
            return broken(text, N_("{n} fields, and no header says which").format(n=len(cells)))
        if len(cells) > len(layout.names):
            if any(cells[len(layout.names) :]):
                return broken(
                    text,
                    N_("{n} fields, the header has {total}").format(n=len(cells), total=len(layout.names)),
                )
            del cells[len(layout.names) :]
        elif len(cells) < len(layout.names):
            # A row may leave empty columns at its end out; one that stops before its command is cut off.
            if len(cells) <= layout.places[9]:
                return broken(
                    text,
                    N_("{n} fields, the header has {total}").format(n=len(cells), total=len(layout.names)),
                )
            cells += [""] * (len(layout.names) - len(cells))
        return _made(layout, cells, text)


def _made(layout: Layout, cells: list[str], text: str) -> LogRow:
    got = [cells[p] if p >= 0 else "" for p in layout.places]
    at = moment(got[0])
    line = text
    if is_plain(text):  # then its cells are, for they are parts of it
        others = tuple([(name, cells[n]) for n, name in layout.others])
    else:
        # Each by itself: what is no secret in the line, for the doubled quotes in it, may be one in its cell.
        line = harmless(text)
        got = [harmless(c) for c in got]
        others = tuple([(name, harmless(cells[n])) for n, name in layout.others])
    return LogRow(
        at,
        got[1],
        number(got[2]),
        got[3],
        got[4],
        got[5],
        number(got[6]),
        number(got[7]),
        number(got[8]),
        got[9],
        got[10],
        got[11],
        others,
        line,
        "" if at is not None else N_("no time"),
        layout.assumed,
    )


def broken(text: str, problem: str) -> LogRow:
    """A row for a line that cannot be read; its time is kept where it starts with one."""
    at = moment(text[: text.find(",")] if "," in text else "")
    line = harmless(text)
    return LogRow(at, "", None, "", "", "", None, None, None, "", "", "", (), line, problem)


def cells_of(text: str) -> list[str] | None:
    """The cells of one line; None where a quote is left open (a line cut in its quoted context)."""
    if '"' not in text:
        return text.split(",")
    if "\r" in text or "\n" in text:  # shown as spaces in the end, and no end of a row
        text = text.replace("\r", " ").replace("\n", " ")
    try:
        return next(csv.reader((text,), strict=True), [""])
    except csv.Error:
        return None


def number(cell: str) -> int | None:
    """A whole number of ASCII digits; None for anything else."""
    return int(cell) if cell.isdecimal() and cell.isascii() and len(cell) < 20 else None


def moment(cell: str) -> datetime | None:
    """``2026-01-08T08:00:00.123Z`` as an aware datetime in UTC; None for anything else."""
    try:
        found = datetime.fromisoformat(cell)
    except ValueError:
        return None
    if found.tzinfo is UTC:
        return found
    try:
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except OverflowError:
        return None


def decoded(raw: bytes) -> str:
    """A line's text: UTF-8; else Windows-1252, in which every byte is something, for the lines that are not.

    A line in UTF-16 shows its NULs: no writer of Exchange makes one, the sheet is silent.
    """
    raw = raw.rstrip(b"\r\n")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("cp1252", "backslashreplace")


def harmless(text: str) -> str:
    """``text`` with nothing in it that a terminal obeys or a reader cannot see, never cut; the same object
    where there is nothing to do."""
    return text if is_plain(text) else clean_line(text, _NO_LIMIT)


def is_plain(text: str) -> bool:
    """Whether ``harmless`` has nothing to do, told quickly; it may have nothing to do with others as well."""
    if not (text.isascii() and text.isprintable()):
        return False
    small = text.lower()
    return "assw" not in small and "pwd" not in small


def pairs(context: str) -> dict[str, str]:
    """``key=value;…`` of a context, in order (exchange-facts §4.3); a repeated key keeps its first value.
    Values may be quoted with doubled quotes. Words without ``=`` are kept under ``""``."""
    found: dict[str, str] = {}
    at, end = 0, len(context)
    while at < end:
        equals, stop = context.find("=", at), context.find(";", at)
        if equals < 0 or 0 <= stop < equals:
            stop = end if stop < 0 else stop
            if context[at:stop].strip():
                found.setdefault("", context[at:stop].strip())
            at = stop + 1
            continue
        key = context[at:equals].strip()
        value, at = _value(context, equals + 1)
        found.setdefault(key, value)
    return found


def _value(context: str, at: int) -> tuple[str, int]:
    """The value that begins at ``at``, and where the next pair begins."""
    if context[at : at + 1] != '"':
        stop = context.find(";", at)
        stop = len(context) if stop < 0 else stop
        return context[at:stop], stop + 1
    close = at + 1
    while (close := context.find('"', close)) >= 0 and context[close + 1 : close + 2] == '"':
        close += 2
    if close < 0:
        return context[at + 1 :].replace('""', '"'), len(context)
    stop = context.find(";", close)
    return context[at + 1 : close].replace('""', '"'), len(context) if stop < 0 else stop + 1

"""What CLIXML's elements without children mean, and the names that every row repeats; see ``clixml``."""

from __future__ import annotations

import re
from binascii import a2b_base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from cockpit.config.language import N_
from cockpit.exchange.text import REDACTED


class ClixmlError(ValueError):
    """The input is not CLIXML. The message never quotes a value: it may be confidential."""


class Secret:
    """A SecureString arrived here. Its content was not kept."""

    __slots__ = ()

    def __repr__(self) -> str:
        return REDACTED


SECRET: Final = Secret()


_ESCAPE: Final = re.compile("_[xX]([0-9a-fA-F]{4})_")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def _unit(match: re.Match[str]) -> str:
    return chr(int(match[1], 16))


def unescape(text: str) -> str:
    """``text`` with its ``_xHHHH_``, which are UTF-16 code units, turned back into characters."""
    if "_x" not in text and "_X" not in text:
        return text
    text = _ESCAPE.sub(_unit, text)
    if text.isascii() or not _SURROGATE.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def plain(text: str | None) -> str:
    return "" if text is None else unescape(text) if "_" in text else text


def _character(text: str) -> str:
    code = int(text)
    if not 0 <= code <= 0xFFFF:
        raise ClixmlError(N_("a character's code is out of range"))
    return "\ufffd" if 0xD800 <= code <= 0xDFFF else chr(code)


class _Booleans(dict[str, bool]):
    """Looked up rather than called: every row has several."""

    def __missing__(self, raw: str) -> bool:
        return {"true": True, "1": True, "false": False, "0": False}[raw.strip().lower()]


_boolean: Final = _Booleans({"true": True, "false": False}).__getitem__


def _time(text: str) -> datetime:
    value = datetime.fromisoformat(text)
    return value if 1 < value.year < 9999 else _edge_time(value)


def _edge_time(value: datetime) -> datetime:
    first, last = datetime.min, datetime.max
    if value.date() in (first.date(), last.date()):
        return first if value.year == 1 else last
    if value.tzinfo is not None:
        try:
            value.astimezone(UTC)
        except OverflowError:
            return first if value.year == 1 else last
    return value


_SPAN: Final = re.compile(
    r"\s*(-?)P(?:([0-9]+)Y)?(?:([0-9]+)M)?(?:([0-9]+)D)?"
    r"(?:T(?:([0-9]+)H)?(?:([0-9]+)M)?(?:([0-9]+)(?:\.([0-9]+))?S)?)?\s*"
)


def _span(text: str) -> timedelta:
    """An xs:duration; .NET takes a year for 365 days and a month for 30."""
    match = _SPAN.fullmatch(text)
    if match is None:
        raise ClixmlError(N_("not a duration"))
    years, months, days, hours, minutes, seconds = (int(part or 0) for part in match.groups()[1:7])
    span = timedelta(
        days=years * 365 + months * 30 + days,
        hours=hours,
        minutes=minutes,
        seconds=seconds,
        microseconds=int((match[8] or "")[:6].ljust(6, "0")),
    )
    return -span if match[1] else span


def _blob(text: str | None) -> bytes:
    return a2b_base64(text or "")


def _nothing(_: str | None) -> None:
    return None


def _secret(_: str | None) -> Secret:
    return SECRET


PRIMITIVES: Final[dict[str, Callable[[Any], object]]] = {
    **dict.fromkeys(("S", "URI", "XD", "SBK", "Version", "G", "ToString"), plain),
    **dict.fromkeys(("By", "SB", "U16", "I16", "U32", "I32", "U64", "I64"), int),
    **dict.fromkeys(("Sg", "Db"), float),
    "B": _boolean,
    "C": _character,
    "DT": _time,
    "TS": _span,
    "D": Decimal,
    "BA": _blob,
    "SS": _secret,
    "Nil": _nothing,
}
PROGRESS: Final[dict[str, tuple[str, Callable[[Any], object]]]] = {
    "AV": ("Activity", plain),
    "AI": ("ActivityId", int),
    "S": ("CurrentOperation", plain),
    "Nil": ("CurrentOperation", _nothing),
    "PI": ("ParentActivityId", int),
    "PC": ("PercentComplete", int),
    "T": ("RecordType", plain),
    "SR": ("SecondsRemaining", int),
    "SD": ("StatusDescription", plain),
}


# ---- names: the same few in every row, so decoded and kept once

_NAMES_KEPT: Final = 4096
_LENGTH_KEPT: Final = 200


class _Names(dict[str, str]):
    def __missing__(self, raw: str) -> str:
        name = plain(raw)
        if len(self) < _NAMES_KEPT and len(raw) <= _LENGTH_KEPT:
            self[raw] = name
        return name


class _TypeNames(dict[tuple[str, ...], tuple[str, ...]]):
    def __missing__(self, raw: tuple[str, ...]) -> tuple[str, ...]:
        names = tuple([plain(name) for name in raw if not name.isspace()])
        if len(self) < _NAMES_KEPT and sum(map(len, raw)) <= 8 * _LENGTH_KEPT:
            self[raw] = names
        return names


NAMES: Final = _Names()
TYPE_NAMES: Final = _TypeNames()

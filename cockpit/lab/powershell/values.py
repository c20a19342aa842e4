"""Values: how .NET's types are held here, and PowerShell's conversions between them [M].

``str``, ``bool``, ``float`` (Double), ``None``, ``datetime`` stand for themselves; ``int`` is Int32,
``Int64`` is Int64; a ``list`` is ``object[]``, a ``bytearray`` is ``byte[]``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from cockpit.lab.clixml import Int64
from cockpit.lab.powershell.errors import cannot_convert

INT32: Final = range(-(2**31), 2**31)
INT64: Final = range(-(2**63), 2**63)


class Char(str):
    """One UTF-16 unit."""

    __slots__ = ()


class Table:
    """A hashtable or a custom object: names in any case, in the order they came."""

    def __init__(self, *, custom: bool = False) -> None:
        self.custom = custom
        self._items: dict[object, tuple[object, object]] = {}

    def get(self, key: object) -> object:
        found = self._items.get(_folded(key))
        return None if found is None else found[1]

    def set(self, key: object, value: object) -> None:
        present = self._items.get(_folded(key))
        self._items[_folded(key)] = (key if present is None else present[0], value)

    def has(self, key: object) -> bool:
        return _folded(key) in self._items

    def items(self) -> Iterator[tuple[object, object]]:
        return iter(list(self._items.values()))

    def __len__(self) -> int:
        return len(self._items)


def _folded(key: object) -> object:
    return key.lower() if isinstance(key, str) else key


@dataclass(frozen=True, slots=True)
class NetEnum:
    """A value of a .NET enum."""

    kind: str
    number: int
    name: str


@dataclass(frozen=True, slots=True)
class NetType:
    """A .NET type, by its full name; ``element`` for arrays."""

    name: str
    element: NetType | None = None


@dataclass(slots=True)
class Ref:
    """``[ref]$name``."""

    get: Callable[[], object]
    set: Callable[[object], None]


class NetObject:
    """Base of objects with members of their own; ``properties`` and ``methods`` by lower-case name."""

    type_name = "System.Object"
    properties: dict[str, Callable[[Any], object]] = {}  # noqa: RUF012 - overridden, never changed
    methods: dict[str, Callable[..., object]] = {}  # noqa: RUF012

    def text(self) -> str:
        return self.type_name


@dataclass(slots=True)
class ScriptBlock:
    """``{ … }``: run with the ``$_`` it gets; what it puts out."""

    run: Callable[[object], list[object]] = field(repr=False)


def type_of(value: object) -> str:
    """The full name of a value's type, for messages."""
    if isinstance(value, NetObject):
        return value.type_name
    if isinstance(value, NetEnum):
        return value.kind
    if isinstance(value, Table):
        name = "System.Management.Automation.PSCustomObject"
        return name if value.custom else "System.Collections.Hashtable"
    names: tuple[tuple[type, str], ...] = (
        (bool, "System.Boolean"),
        (Int64, "System.Int64"),
        (int, "System.Int32"),
        (float, "System.Double"),
        (Char, "System.Char"),
        (str, "System.String"),
        (bytearray, "System.Byte[]"),
        (list, "System.Object[]"),
        (datetime, "System.DateTime"),
        (ScriptBlock, "System.Management.Automation.ScriptBlock"),
        (NetType, "System.RuntimeType"),
        (Ref, "System.Management.Automation.PSReference"),
    )
    return next((name for kind, name in names if isinstance(value, kind)), "null")


def truth(value: object) -> bool:
    """What ``if`` makes of it: null, 0, the empty string and an empty array are false, an array of one is
    that one."""
    if isinstance(value, list):
        return truth(value[0]) if len(value) == 1 else bool(value)
    if isinstance(value, bytearray):
        return value[0] != 0 if len(value) == 1 else bool(value)
    if isinstance(value, Char):
        return value != "\0"
    if isinstance(value, NetEnum):
        return value.number != 0
    return bool(value) if isinstance(value, str | int | float) else value is not None


def text(value: object) -> str:
    """As a string, in the invariant culture."""
    if isinstance(value, str):
        return str(value)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "True" if value else "False"
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, float):
        return repr(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value).upper()
    if isinstance(value, list | bytearray):
        return " ".join(text(v) for v in value)
    if isinstance(value, datetime):
        return value.strftime("%m/%d/%Y %H:%M:%S")
    if isinstance(value, NetEnum):
        return value.name
    if isinstance(value, NetObject):
        return value.text()
    if isinstance(value, Table):
        if not value.custom:
            return "System.Collections.Hashtable"
        return "@{" + "; ".join(f"{text(k)}={text(v)}" for k, v in value.items()) + "}"
    return value.name if isinstance(value, NetType) else type_of(value)


def number(value: object) -> int | float:
    """As a number for arithmetic. Raises the conversion's error."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int | float):
        return value
    if value is None:
        return 0
    if isinstance(value, Char):
        return ord(value)
    if isinstance(value, NetEnum):
        return value.number
    if isinstance(value, str):
        return _parsed(value, "System.Int32")
    raise cannot_convert(text(value), type_of(value), "System.Int32")


def _parsed(value: str, wanted: str) -> int | float:
    words = value.strip()
    if not words:
        return 0
    try:
        if words.lower().startswith("0x"):
            return sized(int(words, 16))
        return sized(int(words)) if words.lstrip("+-").isdecimal() else float(words)
    except ValueError:
        raise cannot_convert(value, "System.String", wanted) from None


def sized(value: int) -> int | float:
    """The smallest of Int32, Int64 and Double that holds a literal."""
    if value in INT32:
        return value
    return Int64(value) if value in INT64 else float(value)


def whole(value: object, wanted: str = "System.Int32") -> int:
    """As Int32 or Int64; a Double is rounded to even."""
    found = (
        _parsed(value, wanted) if isinstance(value, str) and not isinstance(value, Char) else number(value)
    )
    if isinstance(found, float):
        if found != found or found in (float("inf"), float("-inf")):
            raise cannot_convert(text(value), type_of(value), wanted)
        found = round(found)
    if int(found) not in (INT64 if wanted == "System.Int64" else INT32):
        raise cannot_convert(text(value), type_of(value), wanted, "too large or too small")
    return Int64(found) if wanted == "System.Int64" else int(found)


def items(value: object) -> list[object]:
    """What a pipeline makes of a value: arrays are taken apart, null stays one."""
    if isinstance(value, list):
        return value
    if isinstance(value, bytearray):
        return list(value)
    return [value]

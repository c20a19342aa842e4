"""CLIXML of lab objects, written the way Windows PowerShell writes it (MS-PSRP 2.2.5).

psrpcore's serialiser costs milliseconds per object (psrp-wire §1 [M]); rows are written here by hand.
Type names go out plain: the ``Deserialized.`` prefix is the receiver's work (exchange-facts §2.0).
"""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from uuid import UUID

_ENUM_BASES = ("System.Enum", "System.ValueType", "System.Object")
_HASHTABLE = ("System.Collections.Hashtable", "System.Object")
_ARRAY = ("System.Object[]", "System.Array", "System.Object")
_KEY, _VALUE = ' N="Key"', ' N="Value"'
_I32 = 2**31
_ZERO = timedelta(0)


@dataclass(frozen=True, slots=True)
class Enum:
    """A .NET enum value; sent as its name or as an object, by ``enum_objects``."""

    type_name: str
    name: str
    number: int


class Int64(int):
    """A number that is an Int64 however small it is."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Nested:
    """An object inside an object. ``notes``: its properties are notes, as those of a PSCustomObject are;
    ``to_string`` None: it has none."""

    type_names: tuple[str, ...]
    to_string: str | None
    properties: Mapping[str, object]
    notes: bool = False


@dataclass(frozen=True, slots=True)
class ListValue:
    """A collection; an empty one is ``<LST />`` (exchange-facts §2.0)."""

    items: Sequence[object]
    type_names: tuple[str, ...] = _ARRAY


# What PowerShell's EncodeString escapes: controls, surrogates, and an underscore that could be read as an
# escape; U+FFFE and U+FFFF besides, which no XML parser takes.
_SPECIAL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff\U00010000-\U0010ffff]|_(?=[xX])")


def _escaped(found: re.Match[str]) -> str:
    units = found.group().encode("utf-16-be", "surrogatepass")
    return "".join(f"_x{units[i]:02X}{units[i + 1]:02X}_" for i in range(0, len(units), 2))


def text(value: str) -> str:
    """Element content: ``_xHHHH_`` escapes, then XML's own."""
    if _SPECIAL.search(value):
        value = _SPECIAL.sub(_escaped, value)
    if "&" in value or "<" in value or ">" in value:
        value = value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return value


def _attribute(value: str) -> str:
    return text(value).replace('"', "&quot;")


def moment(value: datetime) -> str:
    """Seven digits of a second; ``Z`` for UTC, an offset for local time (exchange-facts §2.0 [B])."""
    iso = value.isoformat(timespec="microseconds")
    if value.tzinfo is None:
        return iso + "0"
    zone = "Z" if value.utcoffset() == _ZERO else iso[26:]
    return f"{iso[:26]}0{zone}"


def _double(value: float) -> str:
    if math.isfinite(value):
        return repr(value)
    return "NaN" if math.isnan(value) else ("INF" if value > 0 else "-INF")


class _Writer:
    """RefIds and type-name references of one top-level object."""

    __slots__ = ("enum_objects", "refs", "types")

    def __init__(self, enum_objects: bool) -> None:
        self.enum_objects = enum_objects
        self.refs = count()
        self.types: dict[tuple[str, ...], int] = {}

    def names(self, names: tuple[str, ...]) -> str:
        known = self.types.get(names)
        if known is not None:
            return f'<TNRef RefId="{known}" />'
        number = self.types[names] = len(self.types)
        return f'<TN RefId="{number}">' + "".join([f"<T>{text(n)}</T>" for n in names]) + "</TN>"

    def nested(
        self,
        attribute: str,
        names: tuple[str, ...],
        to_string: str | None,
        properties: Mapping[str, object],
        holder: str = "Props",
    ) -> str:
        head = f'<Obj{attribute} RefId="{next(self.refs)}">{self.names(names)}'
        shown = "" if to_string is None else f"<ToString>{text(to_string)}</ToString>"
        body = "".join([self.element(f' N="{_attribute(n)}"', v) for n, v in properties.items()])
        return f"{head}{shown}<{holder}>{body}</{holder}></Obj>"

    def element(self, attribute: str, value: object) -> str:
        if isinstance(value, str):
            return f"<S{attribute}>{text(value)}</S>"
        if value is None:
            return f"<Nil{attribute} />"
        if isinstance(value, bool):
            return f"<B{attribute}>true</B>" if value else f"<B{attribute}>false</B>"
        if isinstance(value, int):
            tag = "I32" if -_I32 <= value < _I32 and value.__class__ is not Int64 else "I64"
            return f"<{tag}{attribute}>{value:d}</{tag}>"
        if isinstance(value, datetime):
            return f"<DT{attribute}>{moment(value)}</DT>"
        if isinstance(value, Enum):
            return self._enum(attribute, value)
        return self._rare(attribute, value)

    def _enum(self, attribute: str, value: Enum) -> str:
        if not self.enum_objects:
            return f"<S{attribute}>{text(value.name)}</S>"
        names = self.names((value.type_name, *_ENUM_BASES))
        return (
            f'<Obj{attribute} RefId="{next(self.refs)}">{names}'
            f"<ToString>{text(value.name)}</ToString><I32>{value.number}</I32></Obj>"
        )

    def _rare(self, attribute: str, value: object) -> str:
        if isinstance(value, float):
            return f"<Db{attribute}>{_double(value)}</Db>"
        if isinstance(value, UUID):
            return f"<G{attribute}>{value}</G>"
        if isinstance(value, bytes):
            return f"<BA{attribute}>{base64.b64encode(value).decode()}</BA>"
        if isinstance(value, Nested):
            holder = "MS" if value.notes else "Props"
            return self.nested(attribute, value.type_names, value.to_string, value.properties, holder)
        if isinstance(value, dict):
            return self._dictionary(attribute, value)
        if isinstance(value, list | tuple):
            value = ListValue(value)
        if isinstance(value, ListValue):
            head = f'<Obj{attribute} RefId="{next(self.refs)}">{self.names(value.type_names)}'
            if not value.items:
                return f"{head}<LST /></Obj>"
            return f"{head}<LST>{''.join([self.element('', v) for v in value.items])}</LST></Obj>"
        raise TypeError(f"no CLIXML form for {type(value).__name__}")

    def _dictionary(self, attribute: str, value: Mapping[str, object]) -> str:
        head = f'<Obj{attribute} RefId="{next(self.refs)}">{self.names(_HASHTABLE)}'
        pairs = [
            f"<En>{self.element(_KEY, key)}{self.element(_VALUE, item)}</En>" for key, item in value.items()
        ]
        return f"{head}<DCT>{''.join(pairs)}</DCT></Obj>"


def serialise(
    type_names: tuple[str, ...],
    to_string: str | None,
    properties: Mapping[str, object],
    *,
    enum_objects: bool,
) -> bytes:
    """One object. ``enum_objects``: enums as objects with name and number, not as plain strings
    (exchange-facts §2.0: strings are the default, clients must take both)."""
    return _Writer(enum_objects).nested("", type_names, to_string, properties).encode()


def primitive(value: object, *, enum_objects: bool = False) -> bytes:
    """A bare value, such as a line of a native program's output. ``enum_objects``: as in ``serialise``."""
    return _Writer(enum_objects).element("", value).encode()

"""Type names, casts and enums [M]."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from cockpit.lab.powershell.errors import cannot_convert, not_a_boolean, not_here
from cockpit.lab.powershell.values import (
    Char,
    NetEnum,
    NetType,
    Ref,
    Table,
    items,
    number,
    text,
    truth,
    type_of,
    whole,
)

_SHORT: Final = {
    "string": "System.String",
    "int": "System.Int32",
    "long": "System.Int64",
    "bool": "System.Boolean",
    "char": "System.Char",
    "byte": "System.Byte",
    "double": "System.Double",
    "object": "System.Object",
    "void": "System.Void",
    "array": "System.Array",
    "hashtable": "System.Collections.Hashtable",
    "datetime": "System.DateTime",
    "math": "System.Math",
    "ref": "System.Management.Automation.PSReference",
    "pscustomobject": "System.Management.Automation.PSCustomObject",
    "psobject": "System.Management.Automation.PSObject",
}
_KNOWN: Final = {
    name.lower(): name
    for name in (
        *_SHORT.values(),
        "System.Environment",
        "System.Exception",
        "System.IO.Path",
        "System.IO.File",
        "System.IO.Directory",
        "System.IO.FileStream",
        "System.IO.FileMode",
        "System.IO.FileAccess",
        "System.IO.FileShare",
        "System.IO.SeekOrigin",
        "System.IO.IOException",
        "System.IO.FileNotFoundException",
        "System.IO.DirectoryNotFoundException",
        "System.UnauthorizedAccessException",
        "System.StringComparison",
        "System.Text.Encoding",
    )
}
ENUMS: Final[dict[str, dict[str, int]]] = {
    "System.IO.FileMode": {
        "CreateNew": 1,
        "Create": 2,
        "Open": 3,
        "OpenOrCreate": 4,
        "Truncate": 5,
        "Append": 6,
    },
    "System.IO.FileAccess": {"Read": 1, "Write": 2, "ReadWrite": 3},
    "System.IO.FileShare": {"None": 0, "Read": 1, "Write": 2, "ReadWrite": 3, "Delete": 4, "Inheritable": 16},
    "System.IO.SeekOrigin": {"Begin": 0, "Current": 1, "End": 2},
    "System.Management.Automation.PSLanguageMode": {
        "FullLanguage": 0,
        "RestrictedLanguage": 1,
        "NoLanguage": 2,
        "ConstrainedLanguage": 3,
    },
    "System.StringComparison": {
        "CurrentCulture": 0,
        "CurrentCultureIgnoreCase": 1,
        "InvariantCulture": 2,
        "InvariantCultureIgnoreCase": 3,
        "Ordinal": 4,
        "OrdinalIgnoreCase": 5,
    },
}
_CORE: Final = frozenset(_SHORT.values()) - {"System.Math"}
"""Types that ConstrainedLanguage calls methods of; the real list has more. Math is left out as unsure."""


def find(name: str) -> NetType:
    """The type of that name: an accelerator, a full name, or one without ``System.``."""
    bare = name.strip().lower()
    if bare.endswith("[]"):
        element = find(bare[:-2])
        return NetType(f"{element.name}[]", element)
    full = _SHORT.get(bare) or _KNOWN.get(bare) or _KNOWN.get(f"system.{bare}")
    if full is None:
        raise not_here(f"type [{name}]")
    return NetType(full)


def is_core(kind: str) -> bool:
    return kind.removesuffix("[]") in _CORE


def enum(kind: str, value: object) -> NetEnum:
    """A value of an enum out of a name, several with commas, or a number."""
    names = ENUMS[kind]
    if isinstance(value, NetEnum) and value.kind == kind:
        return value
    if isinstance(value, str):
        lower = {n.lower(): number for n, number in names.items()}
        total = 0
        for part in value.split(","):
            found = lower.get(part.strip().lower())
            if found is None:
                choices = ", ".join(names)
                raise cannot_convert(value, "System.String", kind, f"The possible values are {choices}.")
            total |= found
    else:
        total = whole(value)
    return NetEnum(kind, total, next((n for n, v in names.items() if v == total), text(value)))


def _char(value: object) -> Char:
    if isinstance(value, str):
        if len(value) != 1:
            raise cannot_convert(
                value, "System.String", "System.Char", "String must be exactly one character."
            )
        return Char(value)
    return Char(chr(whole(value)))


def _table(value: object) -> Table:
    if isinstance(value, Table):
        made = Table(custom=True)
        for key, inner in value.items():
            made.set(text(key), inner)
        return made
    raise not_here(f"[pscustomobject] of a {type_of(value)}")


_CASTS: Final[dict[str, Callable[[object], object]]] = {
    "System.String": text,
    "System.Int32": whole,
    "System.Int64": lambda v: whole(v, "System.Int64"),
    "System.Boolean": truth,
    "System.Char": _char,
    "System.Double": lambda v: float(number(v)),
    "System.Object": lambda v: v,
    "System.Management.Automation.PSObject": lambda v: v,
    "System.Array": items,
    "System.Management.Automation.PSCustomObject": _table,
    "System.Void": lambda _: None,
}


def cast(kind: NetType, value: object) -> object:
    """``[type]value``. Raises the conversion's error."""
    if kind.element is not None:
        return _array(kind.element, value)
    if kind.name in ENUMS:
        return enum(kind.name, value)
    if kind.name == "System.Collections.Hashtable" and isinstance(value, Table) and not value.custom:
        return value
    if isinstance(value, Ref):
        raise not_here(f"cast of a reference to [{kind.name}]")
    act = _CASTS.get(kind.name)
    if act is None:
        if type_of(value) == kind.name:
            return value
        raise not_here(f"cast of a {type_of(value)} to [{kind.name}]")
    return act(value)


def _array(element: NetType, value: object) -> object:
    if element.name == "System.Byte":
        found = [whole(v) for v in items(value)]
        if any(not 0 <= n <= 255 for n in found):
            raise cannot_convert(text(value), type_of(value), "System.Byte", "too large or too small")
        return value if isinstance(value, bytearray) else bytearray(found)
    return [cast(element, v) for v in items(value)]


def as_parameter(kind: NetType, value: object) -> object:
    """As a parameter is converted: a Boolean takes no text."""
    if kind.name == "System.Boolean" and not isinstance(value, bool | int | float):
        raise not_a_boolean(type_of(value))
    return cast(kind, value)


def default(kind: NetType | None) -> object:
    """Of a parameter that was not given."""
    if kind is None or kind.element is not None:
        return None
    if kind.name == "System.String":
        return ""
    if kind.name == "System.Boolean":
        return False
    return cast(kind, 0) if kind.name in ("System.Int32", "System.Int64", "System.Double") else None

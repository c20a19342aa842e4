"""Static and instance members of .NET's types, as far as the lab has them [M]."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from cockpit.lab.clixml import Int64
from cockpit.lab.powershell import files
from cockpit.lab.powershell.errors import NetError, no_method, not_here, null_method
from cockpit.lab.powershell.files import Machine
from cockpit.lab.powershell.types import ENUMS, enum
from cockpit.lab.powershell.values import (
    Char,
    NetEnum,
    NetObject,
    NetType,
    Ref,
    Table,
    items,
    number,
    text,
    type_of,
    whole,
)

Static: TypeAlias = Callable[..., object]
Member: TypeAlias = Callable[..., object]

_RANGE: Final = "System.ArgumentOutOfRangeException"
_ASCII: Final = re.compile(r"[\x20-\x7e]*")


# -- strings ------------------------------------------------------------------------------------------------


class _Folded:
    """The last long text in upper case, for a search that asks for the same one again and again."""

    def __init__(self) -> None:
        self._text = ""
        self._upper = ""

    def of(self, value: str) -> str:
        if len(value) < 4096:
            return _upper(value)
        if value is not self._text:
            self._text, self._upper = value, _upper(value)
        return self._upper


def _upper(value: str) -> str:
    """Ordinal upper case: character by character, of one length."""
    if value.isascii():
        return value.upper()
    upper = value.upper()
    return (
        upper if len(upper) == len(value) else "".join(c.upper() if len(c.upper()) == 1 else c for c in value)
    )


def _comparison(value: object) -> bool:
    """Whether case counts. Only ordinal ones are known."""
    name = enum("System.StringComparison", value).name
    if not name.startswith("Ordinal"):
        raise not_here(f"StringComparison.{name}")
    return name == "Ordinal"


def _span(value: str, start: int, count: int) -> int:
    if not 0 <= start <= len(value):
        raise NetError(
            _RANGE, "Index was out of range. Must be non-negative and less than the size of the collection."
        )
    if count < 0 or start + count > len(value):
        raise NetError(_RANGE, "Count must be positive and count must refer to a location within the string.")
    return start + count


def _index_of(folded: _Folded) -> Member:
    def run(value: str, wanted: object, *rest: object) -> int:
        numbers = [whole(r) for r in rest if not isinstance(r, NetEnum)]
        ordinal, case = isinstance(wanted, Char), True
        if rest and isinstance(rest[-1], NetEnum):
            ordinal, case = True, _comparison(rest[-1])
        start = numbers[0] if numbers else 0
        end = _span(value, start, numbers[1] if len(numbers) > 1 else len(value) - start)
        needle = text(wanted)
        if not ordinal and not (_ASCII.fullmatch(needle) and value.isascii()):
            raise not_here("IndexOf by culture, of other than plain text")
        if case:
            return value.find(needle, start, end)
        return folded.of(value).find(_upper(needle), start, end)

    return run


def _last_index_of(value: str, wanted: object, *rest: object) -> int:
    if not isinstance(wanted, Char):
        if rest or not (_ASCII.fullmatch(text(wanted)) and value.isascii()):
            raise not_here("LastIndexOf by culture")
        return value.rfind(text(wanted))
    if not rest:
        return value.rfind(wanted)
    if len(rest) > 1:
        raise not_here("LastIndexOf with a count")
    start = whole(rest[0])
    if not value:
        return -1
    if not 0 <= start < len(value):
        raise NetError(
            _RANGE, "Index was out of range. Must be non-negative and less than the size of the collection."
        )
    return value.rfind(wanted, 0, start + 1)


def _substring(value: str, start: object, count: object | None = None) -> str:
    first = whole(start)
    if not 0 <= first <= len(value):
        raise NetError(_RANGE, "startIndex cannot be larger than length of string.")
    if count is None:
        return value[first:]
    length = whole(count)
    if length < 0 or first + length > len(value):
        raise NetError(_RANGE, "Index and length must refer to a location within the string.")
    return value[first : first + length]


def _string_methods() -> dict[str, Member]:
    return {
        "indexof": _index_of(_Folded()),
        "lastindexof": _last_index_of,
        "substring": _substring,
    }


class Encoding(NetObject):
    """A text encoding that the lab has: Latin-1 or ASCII."""

    type_name = "System.Text.Encoding"

    def __init__(self, name: str) -> None:
        self.name = name

    def get_string(self, data: object, start: object = 0, count: object | None = None) -> str:
        if not isinstance(data, bytearray):
            raise not_here("Encoding.GetString of something that is no byte[]")
        first = whole(start)
        length = len(data) - first if count is None else whole(count)
        if first < 0 or length < 0 or first + length > len(data):
            raise NetError(_RANGE, "Index and count must refer to a location within the buffer.")
        return bytes(memoryview(data)[first : first + length]).decode(self.name, "replace")

    def get_bytes(self, value: object) -> bytearray:
        return bytearray(text(value).encode(self.name, "replace"))

    methods = {"getstring": get_string, "getbytes": get_bytes}  # noqa: RUF012


_ENCODINGS: Final = {"28591": "latin-1"}


def _encoding(_: Machine, name: object) -> Encoding:
    found = _ENCODINGS.get(text(name).lower())
    if found is None:
        raise not_here(f"encoding {text(name)}")
    return Encoding(found)


# -- the engine ---------------------------------------------------------------------------------------------


class SessionState(NetObject):
    """What ``$ExecutionContext.SessionState`` tells of the session: its language mode."""

    type_name = "System.Management.Automation.SessionState"

    def __init__(self, constrained: bool) -> None:
        self._mode = "ConstrainedLanguage" if constrained else "FullLanguage"

    def language_mode(self) -> NetEnum:
        return enum("System.Management.Automation.PSLanguageMode", self._mode)

    properties = {"languagemode": language_mode}  # noqa: RUF012


class ExecutionContext(NetObject):
    """``$ExecutionContext``; both language modes let its properties be read."""

    type_name = "System.Management.Automation.EngineIntrinsics"

    def __init__(self, constrained: bool) -> None:
        self.state = SessionState(constrained)

    properties = {"sessionstate": lambda self: self.state}  # noqa: RUF012


# -- arrays, numbers ----------------------------------------------------------------------------------------


def _resize(_: Machine, reference: object, size: object) -> None:
    if not isinstance(reference, Ref):
        raise not_here("Array.Resize without [ref]")
    value, length = reference.get(), whole(size)
    if isinstance(value, bytearray):
        reference.set(bytearray(value[:length].ljust(length, b"\0")))
    elif isinstance(value, list):
        reference.set([*value[:length], *[None] * (length - len(value))])
    else:
        raise not_here(f"Array.Resize of a {type_of(value)}")


def _extreme(choose: Callable[[Any, Any], Any]) -> Static:
    def run(_: Machine, left: object, right: object) -> object:
        a, b = number(left), number(right)
        found = choose(a, b)
        if isinstance(a, float) or isinstance(b, float):
            return float(found)
        return Int64(found) if isinstance(a, Int64) or isinstance(b, Int64) else int(found)

    return run


def _join(_: Machine, separator: object, *values: object) -> str:
    parts = items(values[0]) if len(values) == 1 else list(values)
    return text(separator).join(text(p) for p in parts)


STATICS: Final[Mapping[tuple[str, str], Static]] = {
    ("System.Environment", "expandenvironmentvariables"): lambda m, value: m.disk.expand(text(value)),
    ("System.IO.Path", "combine"): lambda _, *parts: files.combine(*parts),
    ("System.IO.File", "open"): files.open_file,
    ("System.IO.File", "getcreationtimeutc"): files.created,
    ("System.IO.FileStream", "new"): files.open_file,
    ("System.Text.Encoding", "getencoding"): _encoding,
    ("System.Math", "max"): _extreme(max),
    ("System.Math", "min"): _extreme(min),
    ("System.Array", "resize"): _resize,
    ("System.String", "join"): _join,
}
PROPERTIES: Final[Mapping[tuple[str, str], Callable[[Machine], object]]] = {
    ("System.DateTime", "utcnow"): lambda m: m.now,
    ("System.Text.Encoding", "ascii"): lambda _: Encoding("ascii"),
}


def static(machine: Machine, kind: NetType, name: str, arguments: list[object]) -> object:
    """``[type]::name(arguments)``. Raises NetError for what the method throws."""
    found = STATICS.get((kind.name, name.lower()))
    if found is None:
        raise not_here(f"method [{kind.name}]::{name}")
    return _called(found, f"[{kind.name}]::{name}", machine, *arguments)


def static_property(machine: Machine, kind: NetType, name: str) -> object:
    if kind.name in ENUMS:
        return enum(kind.name, name)
    found = PROPERTIES.get((kind.name, name.lower()))
    if found is None:
        raise not_here(f"property [{kind.name}]::{name}")
    return found(machine)


def _called(function: Callable[..., object], shown: str, *arguments: object) -> object:
    try:
        return function(*arguments)
    except TypeError as error:
        if "positional argument" not in str(error):
            raise
        raise not_here(f"{shown} with {len(arguments) - 1} arguments") from error


class Members:
    """Instance members; of one run of a script, for a cache it keeps."""

    def __init__(self) -> None:
        self._strings = _string_methods()

    def call(self, value: object, name: str, arguments: list[object]) -> object:
        """``value.name(arguments)``. Raises NetError for what the method throws."""
        if value is None:
            raise null_method()
        wanted = name.lower()
        if wanted == "tostring" and not arguments:
            return text(value)
        method: Member | None = None
        if isinstance(value, NetObject):
            method = value.methods.get(wanted)
        elif isinstance(value, str):
            method = self._strings.get(wanted)
        if method is not None:
            return _called(method, f"{type_of(value)}.{name}", value, *arguments)
        if isinstance(value, Table):
            raise no_method(type_of(value), name)
        raise not_here(f"method {type_of(value)}.{name}")


def member(value: object, name: str) -> object:
    """``value.name``; null where there is nothing of that name."""
    wanted = name.lower()
    if value is None:
        return 0 if wanted in ("count", "length") else None
    if isinstance(value, Table):
        found = value.get(name)
        if found is not None or value.has(name):
            return found
        if wanted == "count":
            return 1 if value.custom else len(value)
        return [k for k, _ in value.items()] if wanted == "keys" and not value.custom else None
    if isinstance(value, NetObject):
        read = value.properties.get(wanted)
        if read is not None:
            return read(value)
        if wanted == "count":
            return 1
        raise not_here(f"property {type_of(value)}.{name}")
    if wanted in ("length", "count"):
        if isinstance(value, list | bytearray) or (isinstance(value, str) and wanted == "length"):
            return len(value)
        return 1
    if isinstance(value, list):
        return [found for item in value if (found := member(item, name)) is not None] or None
    raise not_here(f"property {type_of(value)}.{name}")

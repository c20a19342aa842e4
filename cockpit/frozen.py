"""``dataclass``, where nearly all of ours are of one kind, without the time that making one takes.

The standard library writes and compiles the source of five methods for each frozen class, half a millisecond
of it: with eighty of them that was a tenth of the time to the first paint. Here a class with ``frozen=True,
slots=True`` (and at most ``eq=False``) shares its methods with all others, and its ``__init__``, which must
be fast, is the standard library's, made when the first instance is. It is a dataclass in every other respect:
``fields``, ``replace``, ``asdict``, patterns, copies and pickles. All other kinds are the standard library's.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from operator import attrgetter
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:

    def dataclass(cls: type | None = None, **options: bool) -> Any:
        """As ``dataclasses.dataclass``."""
        equal = options.get("eq", True)
        if cls is not None or options != {"frozen": True, "slots": True} | ({} if equal else {"eq": False}):
            return dataclasses.dataclass(cls, **options)
        return _compared if equal else _made


def _made(cls: type) -> type:
    if cls.__doc__ is None:
        cls.__doc__ = cls.__name__  # else the standard library writes the signature there, which takes long
    made: Any = dataclasses.dataclass(init=False, repr=False, eq=False, slots=True)(cls)
    for name, method in _SHARED.items():
        if name not in cls.__dict__:
            setattr(made, name, method)
    if "__init__" not in cls.__dict__:
        made.__init__ = _first_init(made)
    return made  # type: ignore[no-any-return]


def _compared(cls: type) -> type:
    made: Any = _made(cls)
    fields = dataclasses.fields(made)
    values = _values([f.name for f in fields if f.compare])
    hashes = _values([f.name for f in fields if (f.compare if f.hash is None else f.hash)])

    def equal(self: object, other: object) -> bool:
        return values(self) == values(other) if other.__class__ is self.__class__ else NotImplemented

    def hashed(self: object) -> int:
        return hash(hashes(self))

    for name, method in (("__eq__", equal), ("__hash__", hashed)):
        if name not in cls.__dict__ or cls.__dict__[name] is None:
            setattr(made, name, method)
    return made  # type: ignore[no-any-return]


def _values(names: list[str]) -> Callable[[Any], Any]:
    return attrgetter(*names) if names else lambda _: ()


def _first_init(made: Any) -> Callable[..., None]:
    """An ``__init__`` that puts the real one in its place."""

    def init(self: Any, *values: Any, **named: Any) -> None:
        made.__init__ = _init_of(made)
        made.__init__(self, *values, **named)

    return init


def _init_of(made: Any) -> Callable[..., None]:
    """The standard library's, from a class with the same fields."""
    fields = dataclasses.fields(made)
    body: dict[str, Any] = {f.name: _copied(f) for f in fields}
    body["__annotations__"] = {f.name: f.type for f in fields}
    body["__module__"] = made.__module__
    body["__doc__"] = made.__doc__
    if hasattr(made, "__post_init__"):
        body["__post_init__"] = made.__post_init__
    donor = dataclasses.dataclass(frozen=True, repr=False, eq=False, match_args=False)
    return donor(type(made.__name__, (), body)).__init__  # type: ignore[misc,no-any-return]


def _copied(field: dataclasses.Field[Any]) -> Any:
    default: dict[str, Any] = {}
    if field.default is not dataclasses.MISSING:
        default["default"] = field.default
    if field.default_factory is not dataclasses.MISSING:
        default["default_factory"] = field.default_factory
    return dataclasses.field(init=field.init, kw_only=field.kw_only, **default)


@recursive_repr()
def _repr(self: Any) -> str:
    shown = ", ".join(f"{f.name}={getattr(self, f.name)!r}" for f in dataclasses.fields(self) if f.repr)
    return f"{self.__class__.__qualname__}({shown})"


def _no_setting(self: object, name: str, value: object) -> None:  # noqa: ARG001
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _no_deleting(self: object, name: str) -> None:  # noqa: ARG001
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")


def _state(self: Any) -> list[Any]:
    return [getattr(self, f.name) for f in dataclasses.fields(self)]


def _with_state(self: Any, state: list[Any]) -> None:
    for field, value in zip(dataclasses.fields(self), state, strict=True):
        object.__setattr__(self, field.name, value)


_SHARED: Final = {
    "__repr__": _repr,
    "__setattr__": _no_setting,
    "__delattr__": _no_deleting,
    "__getstate__": _state,
    "__setstate__": _with_state,
}

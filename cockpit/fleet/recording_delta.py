"""Pictures as plain data, and what changed between two of them, down to the single value.

A poll of a healthy server changes a few times among hundreds of values: only those are kept. ``patched(old,
patch(old, new)) == new`` for everything that msgpack can hold.
"""

from __future__ import annotations

from typing import Any, Final

from cockpit.exchange.text import clean_block, clean_line

UNCHANGED: Final = None
"""The patch between equals. Any other is a list, so that None in the data is not mistaken for it."""
_WHOLE, _MAPPING, _SEQUENCE = 0, 1, 2
_BLOCKS: Final = frozenset(
    {"error", "exception", "execution_context", "failure_context", "extension_xml"}
    | {"state_attributes", "warnings"}
)
"""Names of values that may have several lines (``exchange.rows``); all others have one."""


class BadPatchError(Exception):
    """The patch does not fit what it is laid on."""


def patch(old: Any, new: Any) -> list[Any] | None:
    """What turns ``old`` into ``new``: ``[0, new]``, or for two mappings of the same keys or two sequences of
    the same length ``[1, {key: patch}]`` or ``[2, {index: patch}]``; UNCHANGED for equals."""
    if old is new:
        return UNCHANGED
    if isinstance(old, dict) and isinstance(new, dict) and old.keys() == new.keys():
        return _parts(_MAPPING, {k: patch(old[k], new[k]) for k in new})
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        return _parts(_SEQUENCE, {n: patch(a, b) for n, (a, b) in enumerate(zip(old, new, strict=True))})
    same = type(old) is type(new) and old == new
    return UNCHANGED if same else [_WHOLE, new]


def _parts(kind: int, found: dict[Any, list[Any] | None]) -> list[Any] | None:
    changed = {key: part for key, part in found.items() if part is not UNCHANGED}
    return [kind, changed] if changed else UNCHANGED


def patched(old: Any, change: Any) -> Any:
    """``old`` with ``change`` laid on it; ``old`` itself is left as it is. Raises BadPatchError."""
    if change is UNCHANGED:
        return old
    match change:
        case [0, new]:
            return new
        case [1, dict() as parts] if isinstance(old, dict) and parts.keys() <= old.keys():
            return {**old, **{key: patched(old[key], part) for key, part in parts.items()}}
        case [2, dict() as parts] if isinstance(old, list) and all(_is_place(n, old) for n in parts):
            whole = list(old)
            for place, part in parts.items():
                whole[place] = patched(old[place], part)
            return whole
    raise BadPatchError


def _is_place(number: object, among: list[Any]) -> bool:
    return isinstance(number, int) and 0 <= number < len(among)


def cleaned(value: Any, name: str = "") -> Any:
    """``value``, plain data or a patch of it, with every text made harmless again: a file may have been
    changed since it was written.

    ``name``: of the field it is in, which says whether it may have several lines.
    """
    match value:
        case str():
            if value.isprintable():
                return value
            return clean_block(value) if name in _BLOCKS else clean_line(value)
        case dict():
            return {cleaned(k): cleaned(v, name if _is_inside(name, k) else k) for k, v in value.items()}
        case list():
            return [cleaned(each, name) for each in value]
        case _:
            return value


def _is_inside(name: str, key: object) -> bool:
    """Whether ``key`` is a place in the field ``name`` rather than a field of its own."""
    return name in _BLOCKS or not isinstance(key, str)

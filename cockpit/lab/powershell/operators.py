"""Operators. The left operand's type decides what the right one is turned into [M]."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, TypeAlias

from cockpit.lab.clixml import Int64
from cockpit.lab.powershell.errors import divided_by_zero, no_operator, not_here
from cockpit.lab.powershell.values import (
    INT32,
    INT64,
    Char,
    NetEnum,
    NetType,
    Table,
    items,
    number,
    text,
    truth,
    type_of,
)

Operator: TypeAlias = Callable[[Any, Any], object]


def _result(value: int | float, left: object, right: object) -> object:
    """Int32 as long as it fits and neither operand was larger; what overflows becomes a Double."""
    if isinstance(value, float):
        return value
    if isinstance(left, Int64) or isinstance(right, Int64):
        return Int64(value) if value in INT64 else float(value)
    return value if value in INT32 else float(value)


def add(left: object, right: object) -> object:
    if left is None:
        return right
    if isinstance(left, list | bytearray):
        return [*items(left), *items(right)]
    if isinstance(left, Table) and isinstance(right, Table) and not left.custom:
        merged = Table()
        for key, value in (*left.items(), *right.items()):
            merged.set(key, value)
        return merged
    if isinstance(left, str) and not (isinstance(left, Char) and isinstance(right, int | float)):
        return text(left) + text(right)
    if isinstance(left, int | float | Char | NetEnum):
        a, b = number(left), number(right)
        return _result(a + b, a, b)
    raise no_operator("+", type_of(left))


def _arithmetic(sign: str, act: Callable[[Any, Any], int | float]) -> Operator:
    def run(left: object, right: object) -> object:
        if isinstance(left, list | Table | datetime):
            raise no_operator(sign, type_of(left))
        a, b = number(left), number(right)
        return _result(act(a, b), a, b)

    return run


def _times(left: object, right: object) -> object:
    if isinstance(left, str) and not isinstance(left, Char):
        return left * int(number(right))
    if isinstance(left, list):
        return left * int(number(right))
    return _arithmetic("*", lambda a, b: a * b)(left, right)


def _quotient(a: int | float, b: int | float) -> int | float:
    if isinstance(a, int) and isinstance(b, int):
        if b == 0:
            raise divided_by_zero()
        return a // b if a % b == 0 else a / b
    return a / b if b else float("nan") if a == 0 else float("inf") * (1 if a > 0 else -1)


def _remainder(a: int | float, b: int | float) -> int | float:
    if b == 0:
        raise divided_by_zero()
    rest = abs(a) % abs(b)
    return rest if a >= 0 else -rest


ARITHMETIC: Final[dict[str, Operator]] = {
    "+": add,
    "-": _arithmetic("-", lambda a, b: a - b),
    "*": _times,
    "/": _arithmetic("/", _quotient),
    "%": _arithmetic("%", _remainder),
}


def _order(left: object, right: object, *, case: bool) -> int | None:
    """-1, 0, 1, or None where they cannot be equal."""
    if left is None or right is None:
        if left is right:
            return 0
        return -1 if left is None else 1
    if isinstance(left, str):
        a, b = text(left), text(right)
        if not case:
            a, b = a.lower(), b.lower()
        return (a > b) - (a < b)
    if isinstance(left, bool):
        return (left > truth(right)) - (left < truth(right))
    if isinstance(left, datetime) and isinstance(right, datetime):
        return (left > right) - (left < right)
    if isinstance(left, NetEnum) and isinstance(right, str):
        return 0 if left.name.lower() == right.lower() else None
    if isinstance(left, int | float | NetEnum):
        x, y = number(left), number(right)
        return (x > y) - (x < y)
    return 0 if left is right or left == right else None


def _equality(wanted: bool, *, case: bool) -> Callable[[object, object], bool]:
    return lambda left, right: (_order(left, right, case=case) == 0) is wanted


def _ordering(fits: Callable[[int], bool], *, case: bool) -> Callable[[object, object], bool]:
    def run(left: object, right: object) -> bool:
        found = _order(left, right, case=case)
        if found is None:
            raise not_here(f"order of a {type_of(left)}")
        return fits(found)

    return run


def _like(wanted: bool, *, case: bool) -> Callable[[object, object], bool]:
    def run(left: object, right: object) -> bool:
        pattern = fnmatch.translate(text(right))
        found = re.match(pattern, text(left), 0 if case else re.IGNORECASE) is not None
        return found is wanted

    return run


def _match(wanted: bool, *, case: bool) -> Callable[[object, object], bool]:
    def run(left: object, right: object) -> bool:
        found = re.search(text(right), text(left), 0 if case else re.IGNORECASE) is not None
        return found is wanted

    return run


def _filtering(test: Callable[[object, object], bool]) -> Operator:
    """With an array on the left: those that fit."""

    def run(left: object, right: object) -> object:
        if isinstance(left, list | bytearray):
            return [item for item in items(left) if test(item, right)]
        return test(left, right)

    return run


def _contains(left: object, right: object) -> bool:
    return any(_order(item, right, case=False) == 0 for item in items(left))


def _replace(left: object, right: object) -> object:
    given = items(right)
    new = re.sub(r"\$(\d)", r"\\\1", text(given[1])) if len(given) > 1 else ""
    return re.sub(text(given[0]), new, text(left), flags=re.IGNORECASE)


def _is(left: object, right: object) -> bool:
    if not isinstance(right, NetType):
        raise not_here("-is with something that is no type")
    return right.name in (type_of(left), "System.Object")


def _bits(act: Callable[[int, int], int]) -> Operator:
    def run(left: object, right: object) -> object:
        a, b = number(left), number(right)
        return _result(act(int(a), int(b)), a, b)

    return run


def _comparisons() -> dict[str, Operator]:
    found: dict[str, Operator] = {}
    for prefix, case in (("", False), ("i", False), ("c", True)):
        found[f"-{prefix}eq"] = _filtering(_equality(True, case=case))
        found[f"-{prefix}ne"] = _filtering(_equality(False, case=case))
        found[f"-{prefix}gt"] = _filtering(_ordering(lambda n: n > 0, case=case))
        found[f"-{prefix}ge"] = _filtering(_ordering(lambda n: n >= 0, case=case))
        found[f"-{prefix}lt"] = _filtering(_ordering(lambda n: n < 0, case=case))
        found[f"-{prefix}le"] = _filtering(_ordering(lambda n: n <= 0, case=case))
        found[f"-{prefix}like"] = _filtering(_like(True, case=case))
        found[f"-{prefix}notlike"] = _filtering(_like(False, case=case))
        found[f"-{prefix}match"] = _filtering(_match(True, case=case))
        found[f"-{prefix}notmatch"] = _filtering(_match(False, case=case))
    return found


COMPARISONS: Final[dict[str, Operator]] = {
    **_comparisons(),
    "-contains": _contains,
    "-notcontains": lambda left, right: not _contains(left, right),
    "-in": lambda left, right: _contains(right, left),
    "-notin": lambda left, right: not _contains(right, left),
    "-replace": _replace,
    "-is": _is,
    "-isnot": lambda left, right: not _is(left, right),
    "-join": lambda left, right: text(right).join(text(v) for v in items(left)),
    "-split": lambda left, right: re.split(text(right), text(left), flags=re.IGNORECASE),
    "-band": _bits(lambda a, b: a & b),
    "-bor": _bits(lambda a, b: a | b),
    "-bxor": _bits(lambda a, b: a ^ b),
}


def spread(left: object, right: object) -> object:
    """``a..b``, in either direction."""
    first, last = int(number(left)), int(number(right))
    return list(range(first, last + 1)) if first <= last else list(range(first, last - 1, -1))

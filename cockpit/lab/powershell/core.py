"""What all expressions are compiled with: the table of their kinds, and values that never change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from cockpit.lab.powershell import types
from cockpit.lab.powershell.errors import not_here
from cockpit.lab.powershell.run import Expression, Run
from cockpit.lab.powershell.tree import Node, child, parts, source
from cockpit.lab.powershell.values import NetType


class _Nothing:
    """What a method without a result gives: no output, not even null."""


NOTHING: Final = _Nothing()


@dataclass(frozen=True, slots=True)
class Blocks:
    """Statements within expressions, which ``compiler`` knows: a pipeline's value, all output of a list."""

    value: Callable[[Node], Expression]
    collected: Callable[[Node | None], Callable[[Run], list[object]]]


Compile: TypeAlias = Callable[[Node, Blocks], Expression]
TABLE: Final[dict[str, Compile]] = {}
"""By kind of node; ``expressions`` fills it."""
_LADDER: Final = frozenset(
    {
        *("logical_expression", "bitwise_expression", "comparison_expression", "additive_expression"),
        *("multiplicative_expression", "format_expression", "range_expression", "array_literal_expression"),
        *("unary_expression", "integer_literal", "path_command_name"),
    }
)
"""Levels of precedence: with one child they are that child."""


def expression(node: Node, blocks: Blocks) -> Expression:
    """Its value; NOTHING for a call without a result."""
    kind = node.type.replace("_argument_expression", "_expression")
    inner = parts(node)
    if len(inner) == 1 and kind in _LADDER and node.child_count == 1:
        return expression(inner[0], blocks)
    act = TABLE.get(kind)
    if act is None:
        raise not_here(f"syntax: {node.type}: {source(node)[:40]}")
    return act(node, blocks)


def operand(node: Node, blocks: Blocks) -> Expression:
    """The same with null for NOTHING."""
    value = expression(node, blocks)

    def run(run: Run) -> Any:
        found = value(run)
        return None if found is NOTHING else found

    return run


def type_of_literal(node: Node) -> NetType:
    """``[name]``."""
    spec = child(node, "type_spec")
    if any(p.type == "generic_type_name" for p in parts(spec)):
        raise not_here(f"type {source(node)}")
    return types.find(source(spec))


def variable_name(node: Node) -> str:
    words = source(node)[1:].lower()
    name = words[1:-1] if words.startswith("{") else words
    scope, _, rest = name.partition(":")
    return rest if rest and scope in ("script", "local", "global", "private", "variable") else name


_ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}


def fixed(raw: str) -> Expression:
    out: list[str] = []
    place = 0
    while place < len(raw):
        c = raw[place]
        if c == "`" and place + 1 < len(raw):
            place += 1
            out.append(_ESCAPES.get(raw[place], raw[place]))
        elif c == '"':
            place += 1
            out.append('"')
        else:
            out.append(c)
        place += 1
    value = "".join(out)
    return lambda _run: value

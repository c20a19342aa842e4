"""Expressions to closures: operators here, the rest by their kind in ``literals`` and ``access``."""

from __future__ import annotations

from cockpit.lab.powershell import access, literals, types
from cockpit.lab.powershell.access import target
from cockpit.lab.powershell.core import NOTHING, TABLE, Blocks, expression, operand, type_of_literal
from cockpit.lab.powershell.errors import not_here
from cockpit.lab.powershell.operators import ARITHMETIC, COMPARISONS, spread
from cockpit.lab.powershell.run import Expression, Run
from cockpit.lab.powershell.tree import Node, child, parts, source, tokens
from cockpit.lab.powershell.values import Ref, items, number, text, truth

__all__ = ["expression"]


def _binary(node: Node, blocks: Blocks) -> Expression:
    """``a op b op c``, from the left."""
    kids = [c for c in tokens(node) if c.type != "file_redirection"]
    found = operand(kids[0], blocks)
    for place in range(1, len(kids), 2):
        found = _joined(source(kids[place]).lower(), found, operand(kids[place + 1], blocks))
    return found


def _joined(sign: str, left: Expression, right: Expression) -> Expression:
    if sign == "-and":
        return lambda run: truth(left(run)) and truth(right(run))
    if sign == "-or":
        return lambda run: truth(left(run)) or truth(right(run))
    if sign == "-xor":
        return lambda run: truth(left(run)) is not truth(right(run))
    act = ARITHMETIC.get(sign) or COMPARISONS.get(sign) or (spread if sign == ".." else None)
    if act is None:
        raise not_here(f"operator {sign}")
    return lambda run: act(left(run), right(run))


def _array_literal(node: Node, blocks: Blocks) -> Expression:
    members = [operand(p, blocks) for p in parts(node)]
    return lambda run: [member(run) for member in members]


def _unary(node: Node, blocks: Blocks) -> Expression:
    kids = list(tokens(node))
    if kids[0].type == "cast_expression":
        return _cast(kids[0], blocks)
    sign = source(kids[0]).lower()
    inner = operand(kids[-1], blocks)
    match sign:
        case "-not" | "!":
            return lambda run: not truth(inner(run))
        case "-":
            return lambda run: ARITHMETIC["-"](0, inner(run))
        case "+":
            return lambda run: ARITHMETIC["+"](0, inner(run))
        case ",":
            return lambda run: [inner(run)]
        case "-join":
            return lambda run: "".join(text(v) for v in items(inner(run)))
        case "-bnot":
            return lambda run: ~int(number(inner(run)))
        case "++" | "--":
            return _stepped(kids[-1], blocks, sign)
    raise not_here(f"operator {sign}")


def _stepped(node: Node, blocks: Blocks, sign: str) -> Expression:
    """``$i++`` and ``++$i``, as statements: neither puts anything out."""
    read, write = target(node, blocks)

    def step(run: Run) -> object:
        before = read(run)
        write(run, ARITHMETIC[sign[0]](0 if before is None else before, 1))
        return NOTHING

    return step


def _post(node: Node, blocks: Blocks) -> Expression:
    return _stepped(parts(node)[0], blocks, next(source(c) for c in tokens(node) if not c.is_named))


def _cast(node: Node, blocks: Blocks) -> Expression:
    kind = type_of_literal(child(node, "type_literal"))
    inner = next(p for p in parts(node) if p.type != "type_literal")
    if kind.name == "System.Management.Automation.PSReference":
        read, write = target(inner, blocks)
        return lambda run: Ref(lambda: read(run), lambda value: write(run, value))
    value = operand(inner, blocks)
    if kind.name == "System.Void":

        def swallow(run: Run) -> object:
            value(run)
            return NOTHING

        return swallow
    return lambda run: types.cast(kind, value(run))


TABLE.update(
    {
        **dict.fromkeys(
            (
                *("logical_expression", "bitwise_expression", "comparison_expression"),
                *("additive_expression", "multiplicative_expression", "range_expression"),
            ),
            _binary,
        ),
        "array_literal_expression": _array_literal,
        "expression_with_unary_operator": _unary,
        "cast_expression": _cast,
        "post_increment_expression": _post,
        "post_decrement_expression": _post,
        "variable": literals.variable,
        "decimal_integer_literal": literals.integer,
        "hexadecimal_integer_literal": literals.integer,
        "real_literal": literals.real,
        "string_literal": literals.string,
        "hash_literal_expression": literals.hash_,
        "array_expression": literals.array,
        "sub_expression": literals.sub,
        "parenthesized_expression": literals.parenthesized,
        "script_block_expression": literals.script_block,
        "type_literal": literals.type_,
        "member_access": access.member,
        "invokation_expression": access.call,
        "element_access": access.element,
    }
)

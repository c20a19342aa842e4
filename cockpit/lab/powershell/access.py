"""Members, elements, calls, and the places that can be assigned to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from cockpit.lab.powershell import library, types
from cockpit.lab.powershell.core import NOTHING, Blocks, fixed, operand, type_of_literal, variable_name
from cockpit.lab.powershell.errors import NetError, from_method, no_method_calls, not_here, null_index
from cockpit.lab.powershell.run import Expression, Run
from cockpit.lab.powershell.tree import Node, child, parts, source, tokens
from cockpit.lab.powershell.values import Table, text, type_of, whole


def _member_name(node: Node, blocks: Blocks) -> Expression:
    named = child(node, "member_name")
    inner = parts(named)[0]
    if inner.type == "simple_name":
        return fixed(source(inner))
    value = operand(inner, blocks)
    return lambda run: text(value(run))


def _is_static(node: Node) -> bool:
    return any(c.type == "::" for c in tokens(node))


def member(node: Node, blocks: Blocks) -> Expression:
    name = _member_name(node, blocks)
    holder = parts(node)[0]
    if _is_static(node):
        kind = type_of_literal(holder)
        return lambda run: library.static_property(run.machine, kind, name(run))
    value = operand(holder, blocks)

    def read(run: Run) -> object:
        try:
            return library.member(value(run), name(run))
        except NetError as error:  # a property that throws is shown like a method
            raise from_method(name(run), 0, error) from error

    return read


def arguments(node: Node, blocks: Blocks) -> list[Expression]:
    """Of an ``argument_list``."""
    found = [p for p in parts(node) if p.type == "argument_expression_list"]
    return [operand(parts(a)[0], blocks) for a in parts(found[0])] if found else []


def call(node: Node, blocks: Blocks) -> Expression:
    name = _member_name(node, blocks)
    given = arguments(child(node, "argument_list"), blocks)
    holder = parts(node)[0]
    kind = type_of_literal(holder) if _is_static(node) else None
    value = None if kind is not None else operand(holder, blocks)

    def call(run: Run) -> object:
        called = name(run)
        on = None if value is None else value(run)
        if run.constrained and not types.is_core(kind.name if kind is not None else type_of(on)):
            raise no_method_calls()
        values = [argument(run) for argument in given]
        try:
            if kind is not None:
                found = library.static(run.machine, kind, called, values)
            else:
                found = run.members.call(on, called, values)
        except NetError as error:
            raise from_method(called, len(values), error) from error
        return NOTHING if found is None else found

    return call


def element(node: Node, blocks: Blocks) -> Expression:
    holder, place = (operand(p, blocks) for p in parts(node))
    return lambda run: _item(holder(run), place(run))


def _item(value: object, place: object) -> object:
    if value is None:
        raise null_index()
    if isinstance(place, list):
        return [_item(value, one) for one in place]
    if isinstance(value, Table):
        return value.get(place)
    if isinstance(value, list | bytearray | str):
        number_of = whole(place)
        return value[number_of] if -len(value) <= number_of < len(value) else None
    raise not_here(f"index into a {type_of(value)}")


# -- targets ------------------------------------------------------------------------------------------------

_Reader: TypeAlias = Callable[[Run], object]
_Writer: TypeAlias = Callable[[Run, object], None]


def target(node: Node, blocks: Blocks) -> tuple[_Reader, _Writer]:
    """How a place is read and written: a variable, with a type before it perhaps, an element, a member."""
    while node.type not in _TARGETS:
        inner = parts(node)
        if len(inner) != 1:
            raise not_here(f"assignment to {source(node)[:40]}")
        node = inner[0]
    return _TARGETS[node.type](node, blocks)


def _to_variable(node: Node, _: Blocks) -> tuple[_Reader, _Writer]:
    name = variable_name(node)
    return lambda run: run.get(name), lambda run, value: run.set(name, value)


def _to_cast(node: Node, _: Blocks) -> tuple[_Reader, _Writer]:
    kind = type_of_literal(child(node, "type_literal"))
    inner = next(p for p in parts(node) if p.type != "type_literal")
    while inner.type != "variable":
        inner = parts(inner)[0]
    name = variable_name(inner)
    return lambda run: run.get(name), lambda run, value: run.set(name, value, kind)


def _to_element(node: Node, blocks: Blocks) -> tuple[_Reader, _Writer]:
    holder, place = (operand(p, blocks) for p in parts(node))

    def write(run: Run, value: object) -> None:
        into, at = holder(run), place(run)
        if isinstance(into, Table):
            into.set(at, value)
        elif isinstance(into, list):
            into[whole(at)] = value
        elif isinstance(into, bytearray):
            into[whole(at)] = whole(value)
        else:
            raise null_index() if into is None else not_here(f"assignment into a {type_of(into)}")

    return lambda run: _item(holder(run), place(run)), write


def _to_member(node: Node, blocks: Blocks) -> tuple[_Reader, _Writer]:
    name = _member_name(node, blocks)
    holder = operand(parts(node)[0], blocks)

    def write(run: Run, value: object) -> None:
        into = holder(run)
        if not isinstance(into, Table):
            raise not_here(f"assignment to {type_of(into)}.{name(run)}")
        into.set(name(run), value)

    return lambda run: library.member(holder(run), name(run)), write


_TARGETS: Final[Mapping[str, Callable[[Node, Blocks], tuple[_Reader, _Writer]]]] = {
    "variable": _to_variable,
    "cast_expression": _to_cast,
    "element_access": _to_element,
    "member_access": _to_member,
}

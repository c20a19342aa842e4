"""Literals, and what stands in brackets."""

from __future__ import annotations

from cockpit.lab.powershell.core import NOTHING, Blocks, fixed, operand, type_of_literal, variable_name
from cockpit.lab.powershell.errors import not_here
from cockpit.lab.powershell.run import Expression, Run
from cockpit.lab.powershell.tree import Node, child, parts, source
from cockpit.lab.powershell.values import ScriptBlock, Table, sized, text


def variable(node: Node, _: Blocks) -> Expression:
    name = variable_name(node)
    return lambda run: run.get(name)


def integer(node: Node, _: Blocks) -> Expression:
    words = source(node).lower()
    try:
        value = sized(int(words, 16) if words.startswith("0x") else int(words))
    except ValueError:
        raise not_here(f"number {words}") from None
    return lambda _run: value


def real(node: Node, _: Blocks) -> Expression:
    value = float(source(node))
    return lambda _run: value


def string(node: Node, blocks: Blocks) -> Expression:
    inner = parts(node)[0]
    words = source(inner)
    if inner.type == "verbatim_string_characters":
        value = words[1:-1].replace("''", "'")
        return lambda _run: value
    if inner.type == "verbatim_here_string_characters":
        here = words[2:-2].removeprefix("\r").removeprefix("\n").removesuffix("\n").removesuffix("\r")
        return lambda _run: here
    if inner.type == "expandable_string_literal":
        return expandable(inner, blocks)
    raise not_here(f"syntax: {inner.type}")


def expandable(node: Node, blocks: Blocks) -> Expression:
    """``"…"``: text with escapes, variables and ``$( )`` in it."""
    whole_text = (node.text or b"")[1:-1]
    begin = node.start_byte + 1
    pieces: list[Expression] = []
    at = begin
    for part in parts(node):
        pieces.append(fixed(whole_text[at - begin : part.start_byte - begin].decode()))
        pieces.append(operand(part, blocks))
        at = part.end_byte
    pieces.append(fixed(whole_text[at - begin :].decode()))
    return lambda run: "".join(text(piece(run)) for piece in pieces)


def hash_(node: Node, blocks: Blocks) -> Expression:
    entries: list[tuple[Expression, Expression]] = []
    for body in parts(node):
        for entry in parts(body):
            key_node, value_node = parts(entry)
            name = parts(key_node)[0]
            if name.type == "simple_name":
                entries.append((fixed(source(name)), blocks.value(value_node)))
            else:
                entries.append((operand(name, blocks), blocks.value(value_node)))

    def make(run: Run) -> Table:
        made = Table()
        for key, value in entries:
            found = value(run)
            made.set(key(run), None if found is NOTHING else found)
        return made

    return make


def array(node: Node, blocks: Blocks) -> Expression:
    """``@( … )``: always an array."""
    inner = parts(node)
    return blocks.collected(inner[0] if inner else None)


def sub(node: Node, blocks: Blocks) -> Expression:
    """``$( … )``."""
    inner = parts(node)
    collect = blocks.collected(inner[0] if inner else None)

    def value(run: Run) -> object:
        out = collect(run)
        return None if not out else out[0] if len(out) == 1 else out

    return value


def parenthesized(node: Node, blocks: Blocks) -> Expression:
    return blocks.value(parts(node)[0])


def script_block(node: Node, blocks: Blocks) -> Expression:
    body: Node | None = child(node, "script_block")
    while body is not None and body.type != "statement_list":
        inner = parts(body)
        if any(p.type == "param_block" for p in inner):
            raise not_here("script blocks with parameters")
        body = inner[0] if inner else None
    collect = blocks.collected(body)

    def make(run: Run) -> ScriptBlock:
        def call(item: object) -> list[object]:
            before = run.get("_")
            run.set("_", item)
            out = collect(run)
            run.set("_", before)
            return out

        return ScriptBlock(call)

    return make


def type_(node: Node, _: Blocks) -> Expression:
    kind = type_of_literal(node)
    return lambda _run: kind

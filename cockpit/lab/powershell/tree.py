"""Script text to a syntax tree, by the grammar ``tree-sitter-powershell``."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import tree_sitter_powershell
from tree_sitter import Language, Node, Parser

from cockpit.lab.powershell.errors import not_here, syntax_error

__all__ = ["Node", "child", "parse", "parts", "source"]


@cache
def _language() -> Language:
    return Language(tree_sitter_powershell.language())


def parse(script: str) -> Node:
    """The ``program`` node. Raises the ParseException for a text with an error in it."""
    root = Parser(_language()).parse(script.encode()).root_node
    if root.has_error:
        raise syntax_error(script)
    return root


def parts(node: Node) -> list[Node]:
    """Its children with a name, without comments."""
    return [c for c in node.named_children if c.type != "comment"]


def child(node: Node, kind: str) -> Node:
    """The one child of that kind."""
    for found in node.named_children:
        if found.type == kind:
            return found
    raise not_here(f"{node.type} without {kind}")


def source(node: Node) -> str:
    text = node.text
    return "" if text is None else text.decode()


def tokens(node: Node) -> Iterator[Node]:
    """All children, also signs and words, without comments."""
    return (c for c in node.children if c.type != "comment")

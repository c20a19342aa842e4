"""Every sentence that the program can say, from its source: texts with ``…`` where something is put in.

An f-string and a text with named places (``{server}``) come to the same, so that a sentence keeps its form
when it is marked for translation.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from typing import Final

from tests.support.processes import ROOT

PLACE: Final = "…"
_NAMED: Final = re.compile(r"\{[^{}]*\}")
_ENDLESS: Final = re.compile(rf"{PLACE}(?:\s*{PLACE})+")


@cache
def sentences() -> frozenset[str]:
    """All of the package, without its docstrings."""
    return frozenset(
        text
        for path in (ROOT / "cockpit").rglob("*.py")
        for text in _of(ast.parse(path.read_text(encoding="utf-8")))
        if len(text) > len(PLACE)
    )


def said(quoted: str) -> bool:
    """Whether the program says so: ``quoted`` is a sentence of it, or a whole part of one."""
    return re.search(rf"(?<!\w){re.escape(plain(quoted))}(?!\w)", _all()) is not None


@cache
def _all() -> str:
    return "\n".join(sorted(sentences()))


def plain(text: str) -> str:
    """One form for all: blanks once, places as ``…``."""
    return _ENDLESS.sub(PLACE, " ".join(_NAMED.sub(PLACE, text).split()))


def _of(tree: ast.Module) -> Iterator[str]:
    passed = _docstrings(tree)
    for node in ast.walk(tree):
        match node:
            case ast.JoinedStr(values=values):
                yield plain("".join(_part(value) for value in values))
                passed |= {id(value) for value in values}
            case ast.Constant(value=str(text)) if id(node) not in passed:
                yield plain(text)


def _part(value: ast.expr) -> str:
    return value.value if isinstance(value, ast.Constant) and isinstance(value.value, str) else PLACE


def _docstrings(tree: ast.Module) -> set[int]:
    """Texts that stand by themselves: docstrings, and what is written under a constant."""
    return {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }

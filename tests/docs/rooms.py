"""The import picture of ``docs/architecture.md``, measured from the code's own import statements."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

from tests.docs.parts import cell, code, table
from tests.support.processes import ROOT

PACKAGE: Final = ROOT / "cockpit"
ORDER: Final = (
    *("cli", "commands", "doctor", "ui", "recovery", "journal", "fleet", "poplog", "exchange", "config"),
    *("lab", "frozen"),
)
"""From above to below; the lab stands beside."""
_IMPORT: Final = re.compile(r"^ *(?:from|import) (cockpit\b[\w.]*)(?: import ([\w, ]*))?", re.MULTILINE)


def parts() -> Mapping[str, Callable[[], str]]:
    return {"picture": picture, "rooms": rooms}


def measured() -> Mapping[str, frozenset[str]]:
    """Each room with those it imports. Raises KeyError for a room that has no place in the order."""
    found: dict[str, set[str]] = defaultdict(set)
    for path in sorted(PACKAGE.rglob("*.py")):
        room = _room(path)
        if room:
            found[room] |= {to for to in _imported(path) if to != room}
    unknown = (set(found) | {to for tos in found.values() for to in tos}) - set(ORDER)
    if unknown:
        raise KeyError(f"rooms without a place: {', '.join(sorted(unknown))}")
    return {room: frozenset(found[room]) for room in ORDER}


def _room(path: Path) -> str:
    """The room of a file; empty for the package's own two."""
    first = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    return "" if first.startswith("__") else first


def _imported(path: Path) -> Iterator[str]:
    """Rooms that a file imports, at its top or later."""
    for module, names in _IMPORT.findall(path.read_text(encoding="utf-8")):
        below = module.split(".")[1:]
        yield from below[:1] or (name for name in re.findall(r"\w+", names) if name in ORDER)


def arrows() -> Mapping[str, tuple[str, ...]]:
    """Only what no longer way says already: an import of a room that another import of the same room's
    leads to is left out."""
    rooms = measured()
    below = {room: _reached(rooms, room) for room in rooms}
    return {
        room: tuple(
            to for to in ORDER if to in tos and not any(to in below[other] for other in tos if other != to)
        )
        for room, tos in rooms.items()
    }


def _reached(rooms: Mapping[str, frozenset[str]], room: str) -> frozenset[str]:
    found: set[str] = set()
    waiting = [*rooms[room]]
    while waiting:
        at = waiting.pop()
        if at not in found:
            found.add(at)
            waiting.extend(rooms[at])
    return frozenset(found)


def picture() -> str:
    """Mermaid: rooms as boxes, arrows from who imports to what is imported."""
    lines = [f"  {room} --> {to}" for room, tos in arrows().items() for to in tos]
    return "\n".join(["```mermaid", "flowchart TD", *lines, "```"])


def rooms() -> str:
    """Every room: what it says of itself, and all that it imports of the others."""
    return table(
        ("Room", "Is", "Imports"),
        (
            (code(room), cell(_says(room)), ", ".join(code(to) for to in ORDER if to in tos) or "–")
            for room, tos in measured().items()
        ),
    )


def _says(room: str) -> str:
    """The first sentence of its own docstring."""
    place = PACKAGE / room / "__init__.py"
    source = place if place.exists() else PACKAGE / f"{room}.py"
    words = ast.get_docstring(ast.parse(source.read_text(encoding="utf-8"))) or ""
    return words.split("\n\n")[0].replace("``", "`")

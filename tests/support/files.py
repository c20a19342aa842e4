"""The table of docs/files.md, and what does not keep to it."""

from __future__ import annotations

import re
import stat
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

from tests.support.processes import ROOT

_ROW = re.compile(r"^\| `([^`]+)` \|[^|]*\| ([0-7]{4}) \|")
_PLACES = {".config/pop-cockpit": "CONFIG", ".local/state/pop-cockpit": "STATE", "state/pop-cockpit": "STATE"}
_INSIDE_ANOTHERS = ("READY.d/", "STATE/lab-", "STATE/rehearsal-")
"""Nobody else gets into the folder: what is below it may have any mode."""


class Row(NamedTuple):
    """``path``: a pattern."""

    path: str
    mode: int


def stated() -> list[Row]:
    """The rows, in their order."""
    text = (ROOT / "docs" / "files.md").read_text(encoding="utf-8")
    found = (_ROW.match(line) for line in text.splitlines())
    return [Row(row[1], int(row[2], 8)) for row in found if row is not None]


def named(path: str) -> str:
    """A path below somebody's home, as the table names it."""
    for place, name in _PLACES.items():
        if path == place or path.startswith(place + "/"):
            return name + path.removeprefix(place)
    return path.rpartition("/")[2]


def wrong_modes(home: Path, below: Path | None = None) -> list[str]:
    """Every file and folder below ``home``, or only those in and below ``below``, that the table does not
    state, or states otherwise."""
    rows = stated()
    wrong = []
    looked_at = [below, *below.rglob("*")] if below is not None else home.rglob("*")
    for path in sorted(looked_at):
        name = named(str(path.relative_to(home)))
        mode = stat.S_IMODE(path.lstat().st_mode)
        found = [row for row in rows if _matches(name, row.path)]
        if name.startswith(_INSIDE_ANOTHERS) and not found:
            continue
        if not found and path.is_dir():
            # Above the places of the table.
            if mode != 0o700:
                wrong.append(f"{name}: {mode:o}, not stated")
        elif not found or mode != found[0].mode:
            wrong.append(f"{name}: {mode:o}, stated is {f'{found[0].mode:o}' if found else 'nothing'}")
    return wrong


def _matches(name: str, pattern: str) -> bool:
    """A star is for one name only."""
    return name.count("/") == pattern.count("/") and fnmatchcase(name, pattern)

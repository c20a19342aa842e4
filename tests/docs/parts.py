"""Generated parts of a page: what stands between two marks, which no reader sees.

``<!-- generated: NAME -->`` begins one, ``<!-- end -->`` ends it. All around is written by hand.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Final

BEGIN: Final = "<!-- generated: {name} -->"
END: Final = "<!-- end -->"
_PART: Final = re.compile(r"<!-- generated: ([\w-]+) -->\n.*?<!-- end -->", re.DOTALL)


def filled(page: str, parts: Mapping[str, Callable[[], str]]) -> str:
    """``page`` with every generated part made anew.

    Raises KeyError for a part that nobody makes, and ValueError for one that the page does not show or that
    has no end.
    """
    shown = [found.group(1) for found in _PART.finditer(page)]
    if page.count("<!-- generated: ") != len(shown):
        raise ValueError("a generated part has no end")
    missing = set(parts) - set(shown)
    if missing:
        raise ValueError(f"the page does not show {', '.join(sorted(missing))}")
    return _PART.sub(lambda found: _whole(found.group(1), parts[found.group(1)]()), page)


def _whole(name: str, text: str) -> str:
    return f"{BEGIN.format(name=name)}\n{text.strip()}\n{END}"


def cell(text: str) -> str:
    """``text`` as a cell of a table."""
    return " ".join(text.replace("|", "\\|").split()) or "–"


def code(text: str) -> str:
    """``text`` as code in a cell; a dash where there is none."""
    return f"`{cell(text)}`" if text else "–"


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    columns = list(head)
    lines = [columns, ["---"] * len(columns), *(list(row) for row in rows)]
    return (
        "\n".join(f"| {' | '.join(line)} |" for line in lines)
        .replace("| --- ", "|---")
        .replace("--- |", "---|")
    )


def anchor(heading: str) -> str:
    """The name that a heading can be linked by, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")

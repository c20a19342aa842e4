"""A plain table on stdout: aligned for eyes on a terminal, one row a line in a pipe."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence

from cockpit.commands.narrator import PIPE_WIDTH
from cockpit.config.spoken import spoken
from cockpit.exchange.text import clean_line


def show(
    columns: Sequence[str], rows: Iterable[Sequence[str]], styles: Mapping[str, str] | None = None
) -> None:
    """Print ``rows``, in the operator's language where they are ours, under ``columns``, which are in it.
    ``styles``: of rich, by a cell's English text."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(no_color=bool(os.environ.get("NO_COLOR")), highlight=False)
    if not console.is_terminal:
        console.width = PIPE_WIDTH  # Rich takes no width for one print above the console's own
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column, no_wrap=True, overflow="ellipsis")
    for row in rows:
        table.add_row(*(Text(clean_line(spoken(cell)), style=(styles or {}).get(cell, "")) for cell in row))
    console.print(table, crop=False)

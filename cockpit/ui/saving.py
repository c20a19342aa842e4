"""Keeping a view: as text, as CSV where it has rows, and the whole screen as a picture. Private files."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from cockpit.config.language import _
from cockpit.exchange.text import inert_cell
from cockpit.ui.clipboard import save_text
from cockpit.ui.view import FleetView, Leaf

FLEET_COLUMNS: Final = (
    *("server", "health_set", "monitor", "target", "alert_value", "state", "since", "last_run", "stale"),
)
"""As of ``status --format csv``, so that both can be put together."""
_FONTS: Final = re.compile(r"@font-face \{[^}]*\}")


def as_csv(rows: Iterable[Sequence[str]]) -> str:
    """CSV of ``rows``, the first of which are the names. No cell is a formula for a spreadsheet."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([inert_cell(cell) for cell in row] for row in rows)
    return out.getvalue()


def fleet_rows(view: FleetView) -> list[tuple[str, ...]]:
    """A row for each leaf that the filter leaves, under ``FLEET_COLUMNS``. Times are ISO 8601 in UTC."""
    leaves = (leaf for group in view.groups for server in group.servers for leaf in server.leaves)
    return [FLEET_COLUMNS, *(_row(leaf) for leaf in leaves)]


def _row(leaf: Leaf) -> tuple[str, ...]:
    entry = leaf.entry
    if entry is None:
        return (leaf.server, leaf.health_set, "", "", "", leaf.state.word, "", "", "")
    return (
        *(leaf.server, entry.health_set_name, entry.name, entry.target_resource, entry.alert_value),
        leaf.state.word,
        *(_time(entry.last_transition_time), _time(entry.last_execution_time)),
        "yes" if entry.is_stale else "no",
    )


def _time(moment: datetime | None) -> str:
    return "" if moment is None else moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def save_view(
    directory: Path, kind: str, text: str, rows: Sequence[Sequence[str]], now: datetime
) -> tuple[Path, ...]:
    """Write ``text``, and ``rows`` as CSV where there are any below the names. Raises OSError."""
    files = [save_text(directory, kind, text, now)]
    if len(rows) > 1:
        files.append(save_text(directory, kind, as_csv(rows), now, ".csv"))
    return tuple(files)


def saved(files: Sequence[Path]) -> str:
    """Where a view went, in a sentence."""
    names = ", ".join([str(files[0]), *(file.name for file in files[1:])])
    return _("View saved to {files}").format(files=names)


def not_saved(directory: Path, error: OSError) -> str:
    return _("Could not be saved in {folder}: {why}").format(folder=directory, why=error.strerror)


def picture(svg: str) -> str:
    """Textual's SVG of a screen without its links to fonts on the network: whoever opens it dials nobody."""
    return _FONTS.sub("", svg)

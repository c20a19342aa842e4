"""The line that says where one is: the way down the tree to the cursor, and through what one looks."""

from __future__ import annotations

from typing import Final

from cockpit.config.language import N_, _
from cockpit.fleet.grouping import GroupBy
from cockpit.frozen import dataclass
from cockpit.ui.look import Glyphs, Line, width
from cockpit.ui.trail import Trail
from cockpit.ui.view import FleetView
from cockpit.ui.widgets.rows import Key

_BY: Final = {
    GroupBy.DAG: "",
    GroupBy.SITE: N_("by site"),
    GroupBy.VERSION: N_("by version"),
    GroupBy.STATE: N_("by state"),
}


@dataclass(frozen=True, slots=True)
class Lens:
    """Through what the fleet is looked at. ``alone``: what brings the other panes back, where one is
    maximised, else empty."""

    text: str
    faults_only: bool
    by: GroupBy
    trail: Trail
    alone: str = ""


def crumbs(title: str, key: Key, view: FleetView, lens: Lens, glyphs: Glyphs, cells: int) -> Line:
    """The way to ``key`` and what ``lens`` does, the most needed first: what does not fit is left out, the
    way itself from its beginning."""
    line = [(" ", ""), *_fitting(_way(title, key, view), glyphs, cells - 1)]
    for text, role in _notes(view, lens):
        note = ((f" {glyphs.dot} ", "text-dim"), (text, role))
        if width((*line, *note)) <= cells:
            line += note
    return tuple(line)


def _way(title: str, key: Key, view: FleetView) -> list[str]:
    """The names on the way from the root to ``key``."""
    group = next((g.title for g in view.groups if g.key == key[:2]), "")
    return [title, *([group] if group else []), *key[2:5]]


def _fitting(way: list[str], glyphs: Glyphs, cells: int) -> Line:
    """As much of the end of the way as there is room for; its last name always."""
    mark = (f" {glyphs.collapsed} ", "text-dim")
    line: Line = ()
    for dropped in range(len(way)):
        names = [glyphs.ellipsis, *way[dropped:]] if dropped else way
        before = tuple(part for name in names[:-1] for part in ((name, "text-label"), mark))
        line = (*before, (names[-1], "text-strong"))
        if width(line) <= cells:
            return line
    return line[-1:]


def _notes(view: FleetView, lens: Lens) -> list[tuple[str, str]]:
    notes: list[tuple[str, str]] = []
    if lens.alone:
        notes.append((_("one pane alone, {key} shows all").format(key=lens.alone), "text-key"))
    if lens.text:
        notes.append((lens.text, "text-key"))
    if lens.faults_only:
        notes.append((_("faults only"), "text-key"))
    if lens.text or lens.faults_only:
        notes.append((_("{shown} of {total}").format(shown=view.shown, total=view.total), ""))
    if _BY[lens.by]:
        notes.append((_(_BY[lens.by]), "text-key"))
    if len(lens.trail.sights) > 1:
        where = _("view {at} of {views}").format(at=lens.trail.at + 1, views=len(lens.trail.sights))
        notes.append((where, "text-dim"))
    return notes

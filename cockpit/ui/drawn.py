"""Rows that were drawn already, kept while what they show is the same object.

A diff changes a few servers of hundreds; the rows of the others are not made again, and the panes see
at a glance (``is``) that they need no painting.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import TypeAlias

from cockpit.fleet.bookmarks import NO_BOOKMARKS, Booked, Bookmarks
from cockpit.fleet.rollup import State
from cockpit.frozen import dataclass
from cockpit.ui import render
from cockpit.ui.look import Glyphs
from cockpit.ui.standing import NO_MARKS, NOTHING, Marks, ServerMarks
from cockpit.ui.view import FleetView, Leaf, ServerView
from cockpit.ui.widgets.rows import Key, Row

IsOpen: TypeAlias = Callable[[Key, State], bool]


@dataclass(slots=True)
class _Server:
    """The rows of a server in the tree. ``opened``: of its health sets; None: the server is closed."""

    marks: ServerMarks
    booked: Booked
    sets: tuple[tuple[Key, State], ...]
    opened: dict[Key, bool] | None
    rows: list[Row]


class TreeRows:
    """The rows of the tree."""

    def __init__(self, glyphs: Glyphs) -> None:
        self._glyphs = glyphs
        self._known: dict[ServerView, _Server] = {}

    def rows(
        self,
        view: FleetView,
        title: str,
        is_open: IsOpen,
        marks: Marks = NOTHING,
        bookmarks: Bookmarks = NO_BOOKMARKS,
    ) -> list[Row]:
        """``is_open`` says whether a key shows its children; ``marks``: what recoveries have to tell."""
        booked = bookmarks.by_server()
        before, self._known = self._known, {}
        if not view.servers:
            return []
        rows = [render.fleet_row(view, title, self._glyphs)]
        for group in view.groups:
            opened = is_open(group.key, group.state)
            rows.append(render.group_row(group, opened, self._glyphs))
            for server in group.servers if opened else ():
                known = self._known[server] = self._server(
                    server,
                    before.get(server),
                    is_open,
                    marks.of(server.name),
                    booked.get(server.name.lower(), ()),
                )
                rows += known.rows
        return rows

    def _server(
        self,
        server: ServerView,
        known: _Server | None,
        is_open: IsOpen,
        marks: ServerMarks,
        booked: Booked,
    ) -> _Server:
        sets = known.sets if known is not None else render.openable_sets(server)
        opened = None
        if is_open((*server.group, server.name), server.state):
            opened = {key: is_open(key, state) for key, state in sets}
        if known is not None and (known.opened, known.marks, known.booked) == (opened, marks, booked):
            return known
        rows = render.server_rows(server, opened, self._glyphs, marks, booked)
        return _Server(marks, booked, sets, opened, rows)


@dataclass(frozen=True, slots=True, eq=False)
class Monitor:
    """A leaf and its row in the table of monitors; ``order``: the worst come first."""

    order: int
    leaf: Leaf
    row: Row


_by_state = attrgetter("order")


class MonitorRows:
    """The rows of the table of monitors, one set with the server's name and one without."""

    def __init__(self, glyphs: Glyphs) -> None:
        self._glyphs = glyphs
        self._known: dict[bool, dict[ServerView, tuple[ServerMarks, list[Monitor]]]] = {True: {}, False: {}}

    def of(self, server: ServerView, with_server: bool, marks: ServerMarks = NO_MARKS) -> list[Monitor]:
        known = self._known[with_server].get(server)
        if known is not None and known[0] == marks:
            return known[1]
        made = [
            Monitor(leaf.state.value, leaf, render.monitor_row(leaf, with_server, self._glyphs, marks))
            for leaf in server.leaves
        ]
        self._known[with_server][server] = (marks, made)
        return made

    def keep(self, view: FleetView) -> None:
        """Forget the servers as they no longer are, once they outnumber those that are there."""
        for with_server, known in self._known.items():
            if len(known) > 2 * len(view.servers):
                alive = [server for group in view.groups for server in group.servers]
                self._known[with_server] = {s: known[s] for s in alive if s in known}


def worst_first(monitors: Iterable[Monitor]) -> list[Monitor]:
    return sorted(monitors, key=_by_state)

"""``status --filter`` and ``--group-by``: a report of a part of the fleet, in groups.

In the words of the Fleet screen's filter; what is left out is left out of rows, document and exit code alike.
Pure, but for the options.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from cockpit.commands.saying import SaidError
from cockpit.config.environment import ConfigError
from cockpit.config.language import _
from cockpit.config.paths import paths
from cockpit.config.spoken import spoken
from cockpit.exchange import catalogue
from cockpit.fleet.bookmarks import NO_BOOKMARKS, Bookmarks, BookmarksError, bookmarks_file, read_bookmarks
from cockpit.fleet.filtering import FilterError, Query, parse
from cockpit.fleet.grouping import GroupBy, group_of, rank
from cockpit.fleet.matching import matcher
from cockpit.fleet.rollup import exit_code, server_state
from cockpit.fleet.snapshot import ServerSnapshot
from cockpit.fleet.states import State
from cockpit.ui.view import Leaf, group_state, view_server

Row: TypeAlias = tuple[str, ...]
"""A row of the report: server, health set, monitor and target come first."""


@dataclass(frozen=True, slots=True)
class Narrowing:
    """What is asked for. ``by`` None: no groups. The default asks for all."""

    query: Query = field(default_factory=Query)
    by: GroupBy | None = None
    bookmarks: Bookmarks = NO_BOOKMARKS


ALL: Final = Narrowing()


def from_options(text: str, by: str | None, environment: str) -> Narrowing:
    """What the options say. Raises ConfigError for a filter that means nothing."""
    try:
        query = parse(text)
    except FilterError as error:
        raise SaidError(f"--filter {error.sentence}") from error
    bookmarks = NO_BOOKMARKS
    if query.asks_for_marks:
        try:
            bookmarks = read_bookmarks(bookmarks_file(paths().bookmarks, environment))
        except BookmarksError as error:
            raise ConfigError(str(error)) from error
    return Narrowing(query, GroupBy(by) if by else None, bookmarks)


@dataclass(frozen=True, slots=True)
class Group:
    """``servers``: names, in the organization's order; ``faulty``: how many of them are not well."""

    title: str
    state: State
    faulty: int
    servers: tuple[str, ...]

    @property
    def heading(self) -> str:
        words = _("{title}: {state}, {faulty} faulty of {total}")
        return words.format(
            title=spoken(self.title),
            state=spoken(self.state.word),
            faulty=self.faulty,
            total=len(self.servers),
        )


@dataclass(frozen=True, slots=True)
class Narrowed:
    """What a :class:`Narrowing` leaves of one picture. ``kept``: of each server its health sets (small
    letters), monitors and targets; None: everything of everything. ``groups`` None: there are none."""

    kept: Mapping[str, frozenset[tuple[str, str, str]]] | None
    groups: tuple[Group, ...] | None
    states: tuple[State, ...]
    """Of what is kept of each server."""

    @property
    def exit_code(self) -> int:
        """Of what is kept; nothing at all is unknown, as ever."""
        return exit_code(self.states)

    def keeps(self, server: str) -> bool:
        return self.kept is None or server in self.kept

    def rows(self, rows: Iterable[Row]) -> list[Row]:
        """Those of the report's rows that are kept."""
        kept = self.kept
        if kept is None:
            return list(rows)
        return [r for r in rows if (r[1].lower(), r[2], r[3]) in kept.get(r[0], ())]

    def grouped(self, rows: Iterable[Row]) -> list[tuple[Group, list[Row]]]:
        """The rows of each group, in the groups' order."""
        every = list(rows)
        return [(g, [r for r in every if r[0] in g.servers]) for g in self.groups or ()]

    def document(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """The report as data, of what is kept; with ``groups`` where there are some."""
        servers = [self._server(s) for s in document["servers"] if self.keeps(s["name"])]
        found = {**document, "servers": servers}
        if self.groups is not None:
            found["groups"] = [
                {"title": g.title, "state": g.state.word, "faulty": g.faulty, "servers": list(g.servers)}
                for g in self.groups
            ]
        return found

    def _server(self, server: Mapping[str, Any]) -> dict[str, Any]:
        if self.kept is None:
            return dict(server)
        kept, sets = self.kept[server["name"]], []
        for health_set in server["health_sets"]:
            name, monitors = health_set["name"].lower(), health_set["monitors"]
            left = [m for m in monitors if (name, m["name"], m["target_resource"]) in kept]
            if left or (not monitors and (name, "", "") in kept):
                sets.append({**health_set, "monitors": left})
        return {**server, "health_sets": sets}


def narrowed(servers: Iterable[ServerSnapshot], wanted: Narrowing) -> Narrowed:
    """What ``wanted`` leaves of ``servers``, those that the report is about."""
    matching = matcher(wanted.query, wanted.bookmarks)
    kept: dict[str, frozenset[tuple[str, str, str]]] = {}
    told: list[tuple[ServerSnapshot, State]] = []
    for server in servers:
        expected = {name.lower() for name in _expected(server)}
        leaves = [leaf for leaf in view_server(server).leaves if leaf.health_set.lower() in expected]
        found = matching.kept(server, leaves)
        if not found:
            continue
        kept[server.name] = frozenset(map(_identity, found))
        whole = len(found) == len(leaves)
        told.append((server, server_state(server) if whole else group_state(x.state for x in found)))
    groups = _groups(told, wanted.by) if wanted.by is not None else None
    return Narrowed(kept if wanted.query.terms else None, groups, tuple(state for _server, state in told))


def _expected(server: ServerSnapshot) -> tuple[str, ...]:
    """The health sets that a report is about."""
    return catalogue.expected_health_sets(server.server.version, server.server.roles)


def _identity(leaf: Leaf) -> tuple[str, str, str]:
    entry = leaf.entry
    return (leaf.health_set.lower(), entry.name if entry else "", entry.target_resource if entry else "")


def _groups(told: Iterable[tuple[ServerSnapshot, State]], by: GroupBy) -> tuple[Group, ...]:
    titles: dict[str, str] = {}
    members: dict[str, list[tuple[str, State]]] = {}
    for server, state in told:
        held, title = group_of(server, server_state(server), by)
        titles[held] = title
        members.setdefault(held, []).append((server.name, state))
    return tuple(
        Group(
            titles[held],
            group_state(state for _name, state in members[held]),
            sum(state.is_fault for _name, state in members[held]),
            tuple(name for name, _state in members[held]),
        )
        for held in sorted(members, key=rank)
    )

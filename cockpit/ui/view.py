"""The fleet as the screen sees it: groups, servers, leaves, each with a state, filtered and counted.

A leaf is a monitor's row, or the place where a health set should have had rows. Everything is
computed once per snapshot and kept while the snapshot is the same object.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from cockpit.exchange import catalogue
from cockpit.exchange.model import MonitorHealthEntry
from cockpit.fleet.rollup import (
    State,
    health_set_state,
    monitor_state,
    reach_at,
    server_clock,
    server_state,
    worst,
)
from cockpit.fleet.snapshot import FleetSnapshot, Reach, ServerSnapshot

_WORSE = (Reach.LIVE, Reach.STALE, Reach.UNREACHABLE)


@dataclass(frozen=True, slots=True)
class Leaf:
    """A monitor of a server; ``entry`` None: a health set that gave no rows.

    ``state`` is the row's own state under what is still heard of the server. ``words``: what a
    filter looks into. ``several``: other targets of this monitor exist, so the target is shown.
    """

    key: tuple[str, ...]
    server: str
    health_set: str
    entry: MonitorHealthEntry | None
    state: State
    words: str
    clock: datetime | None
    several: bool = False


@dataclass(frozen=True, slots=True)
class ServerView:
    """One server: ``sets`` are its POP health sets, expected or reported, with their states."""

    snapshot: ServerSnapshot
    state: State
    sets: tuple[tuple[str, State], ...]
    leaves: tuple[Leaf, ...]

    @property
    def name(self) -> str:
        return self.snapshot.name


@dataclass(frozen=True, slots=True)
class GroupView:
    """A DAG, or the servers outside one at a site. ``servers``: those that the filter leaves."""

    key: tuple[str, ...]
    title: str
    state: State
    servers: tuple[ServerView, ...]
    total: int
    faulty: int


@dataclass(frozen=True, slots=True)
class FleetView:
    """The whole picture, filtered. ``shown`` and ``total`` count leaves."""

    groups: tuple[GroupView, ...]
    state: State
    servers: dict[str, ServerView]
    shown: int
    total: int
    up: int
    faulty: int
    oldest: datetime | None
    """When the longest unheard of the servers that are up was last heard."""


@dataclass(frozen=True, slots=True)
class Filter:
    """``text``: a substring of server, health set, monitor or target, or the start of a state.

    A leading ``!`` turns it round. The start, because "healthy" must not find "Unhealthy".
    """

    text: str = ""
    faults_only: bool = False

    @property
    def active(self) -> bool:
        return self.faults_only or bool(self.text.lstrip("!").strip())

    def keeps(self, leaf: Leaf, server: State) -> bool:
        if self.faults_only and not (leaf.state.is_fault or (server.is_fault and leaf.entry is None)):
            return False
        inverse = self.text.startswith("!")
        needle = self.text.lstrip("!").strip().lower()
        if not needle:
            return True
        words = (leaf.state.word, leaf.entry.alert_value if leaf.entry else "")
        found = needle in leaf.words or any(w.lower().startswith(needle) for w in words)
        return found is not inverse


def aged(server: ServerSnapshot, now: datetime, feed_lost: bool) -> ServerSnapshot:
    """``server`` as it is at ``now``: what nobody refreshes any more goes stale, then unreachable.

    The collector judges too; the worse of the two counts, since it may itself be late, paused or dead.
    """
    if server.reach not in _WORSE:
        return server
    reach = reach_at(
        server.last_success, server.last_attempt, server.poll_interval, server.problem is not None, now
    )
    if feed_lost and reach is Reach.UNREACHABLE:
        reach = Reach.STALE
    if reach not in _WORSE or _WORSE.index(reach) <= _WORSE.index(server.reach):
        return server
    return replace(server, reach=reach)


def group_of(server: ServerSnapshot) -> tuple[tuple[str, ...], str]:
    """The key and the title of the group a server stands under."""
    if server.dag:
        return ("fleet", f"dag:{server.dag}"), f"{server.dag} (DAG)"
    return ("fleet", f"site:{server.server.site}"), f"{server.server.site or 'unknown'} (site)"


def leaf_state(server: ServerSnapshot, state: State) -> State:
    """A row's state under what is heard of its server: an old Healthy is no longer Healthy."""
    if server.reach is Reach.UNREACHABLE:
        return State.UNREACHABLE
    if server.reach is Reach.UNKNOWN:
        return State.UNKNOWN
    if server.reach is Reach.STALE and state.value > State.UNKNOWN.value:
        return State.STALE
    return state


def view_server(server: ServerSnapshot) -> ServerView:
    """All that is shown of one server."""
    group, title = group_of(server)
    expected = catalogue.expected_health_sets(server.server.version, server.server.roles)
    known = {name.lower(): name for name in expected}
    for entry in server.monitors:
        known.setdefault(entry.health_set_name.lower(), entry.health_set_name)
    clock = server_clock(server)
    sets: list[tuple[str, State]] = []
    leaves: list[Leaf] = []
    for lower, name in known.items():
        base = (*group, server.name, name)
        where = f"{title} {server.server.site} {server.name} {name} "
        rows = [e for e in server.monitors if e.health_set_name.lower() == lower]
        set_state = leaf_state(server, health_set_state(server, name))
        sets.append((name, set_state))
        if not rows:
            words = (where + "no rows").lower()
            leaves.append(Leaf((*base, "-"), server.name, name, None, set_state, words, clock))
        names = [e.name for e in rows]
        seen: dict[tuple[str, ...], int] = {}
        for e in rows:
            key = (*base, e.name, e.target_resource)
            seen[key] = seen.get(key, 0) + 1
            if seen[key] > 1:
                key = (*key, str(seen[key]))
            words = f"{where}{e.name} {e.target_resource}".lower()
            state = leaf_state(server, monitor_state(e))
            leaves.append(Leaf(key, server.name, name, e, state, words, clock, names.count(e.name) > 1))
    if not known:
        state = leaf_state(server, State.NOT_MONITORED)
        words = f"{title} {server.name} no pop".lower()
        leaves.append(Leaf((*group, server.name, "-"), server.name, "", None, state, words, clock))
    return ServerView(server, server_state(server), tuple(sets), tuple(leaves))


def group_state(states: Iterable[State]) -> State:
    """The worst; chosen states (not monitored, disabled) do not hide the healthy ones."""
    found = set(states)
    return worst(found - {State.NOT_MONITORED, State.DISABLED} or found)


class Viewer:
    """Keeps the views of servers that did not change: only what a diff touched is computed again."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[ServerSnapshot, Reach, ServerView]] = {}

    def server(self, snapshot: ServerSnapshot, now: datetime, feed_lost: bool) -> ServerView:
        current = aged(snapshot, now, feed_lost)
        known = self._known.get(snapshot.name)
        if known is not None and known[0] is snapshot and known[1] is current.reach:
            return known[2]
        view = view_server(current)
        self._known[snapshot.name] = (snapshot, current.reach, view)
        return view

    def fleet(
        self, fleet: FleetSnapshot, now: datetime, wanted: Filter, feed_lost: bool = False
    ) -> FleetView:
        self._known = {name: known for name, known in self._known.items() if name in fleet.servers}
        servers = {name: self.server(s, now, feed_lost) for name, s in fleet.servers.items()}
        members: dict[tuple[str, ...], list[ServerView]] = {}
        titles: dict[tuple[str, ...], str] = {}
        for view in servers.values():
            key, title = group_of(view.snapshot)
            members.setdefault(key, []).append(view)
            titles[key] = title
        groups = tuple(
            group
            for key in sorted(members)
            if (group := _group(key, titles[key], members[key], wanted)).servers or not wanted.active
        )
        heard = [
            v.snapshot.last_success
            for v in servers.values()
            if v.snapshot.last_success is not None and v.snapshot.reach in (Reach.LIVE, Reach.STALE)
        ]
        return FleetView(
            groups=groups,
            state=group_state(v.state for v in servers.values()),
            servers=servers,
            shown=sum(len(v.leaves) for g in groups for v in g.servers),
            total=sum(len(v.leaves) for v in servers.values()),
            up=sum(v.snapshot.reach in (Reach.LIVE, Reach.STALE) for v in servers.values()),
            faulty=sum(v.state.is_fault for v in servers.values()),
            oldest=min(heard, default=None),
        )


def _group(key: tuple[str, ...], title: str, servers: list[ServerView], wanted: Filter) -> GroupView:
    kept: list[ServerView] = []
    for view in servers:
        leaves = view.leaves
        if wanted.active:
            leaves = tuple(leaf for leaf in leaves if wanted.keeps(leaf, view.state))
        if leaves is view.leaves or len(leaves) == len(view.leaves):
            kept.append(view)
        elif leaves:
            held = {leaf.health_set for leaf in leaves}
            kept.append(replace(view, leaves=leaves, sets=tuple(s for s in view.sets if s[0] in held)))
    return GroupView(
        key=key,
        title=title,
        state=group_state(v.state for v in servers),
        servers=tuple(kept),
        total=len(servers),
        faulty=sum(v.state.is_fault for v in servers),
    )

"""The fleet as the screen sees it: groups, servers, leaves, each with a state, filtered and counted.

A leaf is a monitor's row, or the place where a health set should have had rows. Everything is
computed once per snapshot and kept while the snapshot is the same object.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field, replace
from datetime import UTC, datetime, timedelta

from cockpit.config.spoken import spoken
from cockpit.exchange import catalogue
from cockpit.exchange.model import MonitorHealthEntry
from cockpit.fleet.bookmarks import NO_BOOKMARKS, Bookmarks
from cockpit.fleet.filtering import Query, parse
from cockpit.fleet.grouping import GroupBy, group_of, rank
from cockpit.fleet.matching import Matcher, matcher
from cockpit.fleet.rollup import (
    STALE_AFTER_POLLS,
    UNREACHABLE_AFTER_POLLS,
    State,
    health_set_state,
    monitor_state,
    reach_at,
    server_clock,
    server_state,
    worst,
)
from cockpit.fleet.snapshot import FleetSnapshot, Reach, ServerSnapshot
from cockpit.frozen import dataclass

_WORSE = {Reach.LIVE: 0, Reach.STALE: 1, Reach.UNREACHABLE: 2, Reach.NOT_GRANTED: 2}
_LOST = {Reach.UNREACHABLE: State.UNREACHABLE, Reach.NOT_GRANTED: State.NOT_GRANTED}
_NEVER = datetime.max.replace(tzinfo=UTC)


# Leaves and views of servers are compared by identity: they stay the same objects while nothing changed,
# and comparing their contents would cost more than drawing them.


@dataclass(frozen=True, slots=True, eq=False)
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


@dataclass(frozen=True, slots=True, eq=False)
class ServerView:
    """One server: ``sets`` are its POP health sets, expected or reported, with their states.

    ``group``: the key of its group, with ``title``.
    """

    group: tuple[str, ...]
    title: str
    snapshot: ServerSnapshot
    state: State
    sets: tuple[tuple[str, State], ...]
    leaves: tuple[Leaf, ...]

    @property
    def awaited(self) -> bool:
        """Not read yet, which is no fault."""
        return self.snapshot.reach is Reach.UNKNOWN

    @property
    def name(self) -> str:
        return self.snapshot.name


@dataclass(frozen=True, slots=True)
class GroupView:
    """What a :class:`GroupBy` puts together. ``servers``: those that the filter leaves."""

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
    awaited: int
    faulty: int
    oldest: datetime | None
    """When the longest unheard of the servers that are up was last heard."""


@dataclass(frozen=True, slots=True)
class Filter:
    """``text``: in the filter's language (:mod:`cockpit.fleet.filtering`). Raises FilterError for a text
    that means nothing."""

    text: str = ""
    faults_only: bool = False
    query: Query = field(init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "query", parse(self.text))

    @property
    def active(self) -> bool:
        return self.faults_only or bool(self.query.terms)


def aged(server: ServerSnapshot, now: datetime, feed_lost: bool) -> ServerSnapshot:
    """``server`` as it is at ``now``: what nobody refreshes any more goes stale, then unreachable.

    The collector judges too; the worse of the two counts, since it may itself be late, paused or dead.
    """
    if server.reach not in _WORSE:
        return server
    problem = server.problem
    reach = reach_at(
        server.last_success,
        server.last_attempt,
        server.poll_interval,
        problem is not None,
        now,
        denied=problem is not None and problem.denied,
    )
    if feed_lost and reach in _LOST:
        reach = Reach.STALE
    if reach not in _WORSE or _WORSE[reach] <= _WORSE[server.reach]:
        return server
    return replace(server, reach=reach)


def holds_until(server: ServerSnapshot, now: datetime) -> datetime:
    """The last moment at which ``aged(server, …)`` still says what it says at ``now``."""
    if server.last_success is None:
        return _NEVER
    polls = (STALE_AFTER_POLLS, UNREACHABLE_AFTER_POLLS)
    turns = (server.last_success + timedelta(seconds=server.poll_interval * n) for n in polls)
    return next((turn for turn in turns if now <= turn), _NEVER)


def leaf_state(server: ServerSnapshot, state: State) -> State:
    """A row's state under what is heard of its server: an old Healthy is no longer Healthy."""
    if server.reach in _LOST:
        return _LOST[server.reach]
    if server.reach is Reach.UNKNOWN:
        return State.UNKNOWN
    if server.reach is Reach.STALE and state.value > State.UNKNOWN.value:
        return State.STALE
    return state


def view_server(server: ServerSnapshot, by: GroupBy = GroupBy.DAG) -> ServerView:
    """All that is shown of one server."""
    whole = server_state(server)
    held, title = group_of(server, whole, by)
    group: tuple[str, ...] = ("fleet", held)
    named = spoken(title if by is GroupBy.DAG else group_of(server, whole, GroupBy.DAG)[1])
    expected = catalogue.expected_health_sets(server.server.version, server.server.roles)
    known = {name.lower(): name for name in expected}
    for entry in server.monitors:
        known.setdefault(entry.health_set_name.lower(), entry.health_set_name)
    clock = server_clock(server)
    sets: list[tuple[str, State]] = []
    leaves: list[Leaf] = []
    for lower, name in known.items():
        base: tuple[str, ...] = (*group, server.name, name)
        where = f"{named} {server.server.site} {server.name} {name} "
        rows = [e for e in server.monitors if e.health_set_name.lower() == lower]
        set_state = leaf_state(server, health_set_state(server, name))
        sets.append((name, set_state))
        if not rows:
            words = f"{where}no rows".lower()
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
        words = f"{named} {server.name} no pop".lower()
        leaves.append(Leaf((*group, server.name, "-"), server.name, "", None, state, words, clock))
    return ServerView(group, spoken(title), server, whole, tuple(sets), tuple(leaves))


def group_state(states: Iterable[State]) -> State:
    """The worst; chosen states (not monitored, disabled) do not hide the healthy ones."""
    found = set(states)
    return worst(found - {State.NOT_MONITORED, State.DISABLED} or found)


@dataclass(frozen=True, slots=True)
class _Known:
    """A view, and for how long it is right: as long as the snapshot is this one and the time in between."""

    snapshot: ServerSnapshot
    feed_lost: bool
    since: datetime
    until: datetime
    view: ServerView


class Viewer:
    """Keeps the views of what did not change: only what a diff or the clock touched is computed again."""

    def __init__(self) -> None:
        self._known: dict[str, _Known] = {}
        self._by = GroupBy.DAG
        self._wanted = _Wanted(Filter(), NO_BOOKMARKS)
        self._groups: dict[tuple[str, ...], _KnownGroup] = {}

    def server(self, snapshot: ServerSnapshot, now: datetime, feed_lost: bool) -> ServerView:
        known = self._known.get(snapshot.name)
        if known is not None and known.snapshot is snapshot and known.feed_lost is feed_lost:
            if known.since <= now <= known.until:
                return known.view
        else:
            known = None
        current = aged(snapshot, now, feed_lost)
        if known is not None and known.view.snapshot.reach is current.reach:
            view = known.view
        else:
            view = view_server(current, self._by)
        self._known[snapshot.name] = _Known(snapshot, feed_lost, now, holds_until(snapshot, now), view)
        return view

    def fleet(
        self,
        fleet: FleetSnapshot,
        now: datetime,
        wanted: Filter,
        feed_lost: bool = False,
        by: GroupBy = GroupBy.DAG,
        bookmarks: Bookmarks = NO_BOOKMARKS,
    ) -> FleetView:
        """``bookmarks``: what the filter's ``mark:`` looks into."""
        self._regroup(by)
        if len(self._known) > len(fleet.servers):
            self._known = {name: known for name, known in self._known.items() if name in fleet.servers}
        servers = {name: self.server(s, now, feed_lost) for name, s in fleet.servers.items()}
        members: dict[tuple[str, ...], list[ServerView]] = {}
        for view in servers.values():
            members.setdefault(view.group, []).append(view)
        every = self._all_groups(
            members, _Wanted(wanted, bookmarks if wanted.query.asks_for_marks else NO_BOOKMARKS)
        )
        groups = tuple(group for group in every if group.servers or not wanted.active)
        up = [v.snapshot for v in servers.values() if v.snapshot.reach in (Reach.LIVE, Reach.STALE)]
        heard = [s.last_success for s in up if s.last_success is not None]
        return FleetView(
            groups=groups,
            state=group_state(v.state for v in servers.values()),
            servers=servers,
            shown=sum(len(v.leaves) for g in groups for v in g.servers),
            total=sum(len(v.leaves) for v in servers.values()),
            up=len(up),
            awaited=sum(v.awaited for v in servers.values()),
            faulty=sum(g.faulty for g in every),
            oldest=min(heard, default=None),
        )

    def _regroup(self, by: GroupBy) -> None:
        """Keys name the group: under other groups every view is another."""
        if by is not self._by:
            self._by = by
            self._known = {}
            self._groups = {}

    def _all_groups(
        self, members: dict[tuple[str, ...], list[ServerView]], wanted: _Wanted
    ) -> list[GroupView]:
        """The groups in order; one whose servers are all the same objects stays the same object too."""
        before = self._groups if wanted == self._wanted else {}
        self._wanted = wanted
        self._groups = {}
        matching = matcher(wanted.filter.query, wanted.bookmarks)
        for key in sorted(members, key=lambda key: rank(key[1])):
            known, views = before.get(key), members[key]
            if known is None or known.views != views:
                kept = known.filtered if known is not None else {}
                filtered = _filtered(views, wanted.filter, matching, kept)
                known = _KnownGroup(views, filtered, _group(views, filtered))
            self._groups[key] = known
        return [known.group for known in self._groups.values()]


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What groups were filtered with."""

    filter: Filter
    bookmarks: Bookmarks


@dataclass(frozen=True, slots=True)
class _KnownGroup:
    """A group, the views it was made of, and what the filter left of each."""

    views: list[ServerView]
    filtered: dict[ServerView, ServerView | None]
    group: GroupView


def _filtered(
    views: list[ServerView],
    wanted: Filter,
    matching: Matcher,
    known: Mapping[ServerView, ServerView | None],
) -> dict[ServerView, ServerView | None]:
    """What the filter leaves of each view: the view itself, a smaller one, nothing."""
    if not wanted.active:
        return {view: view for view in views}
    faults = wanted.faults_only
    return {view: known[view] if view in known else _fewer(view, faults, matching) for view in views}


def _fewer(view: ServerView, faults_only: bool, matching: Matcher) -> ServerView | None:
    leaves = matching.kept(view.snapshot, view.leaves)
    if faults_only:
        leaves = [leaf for leaf in leaves if _is_fault(leaf, view.state)]
    if len(leaves) == len(view.leaves):
        return view
    if not leaves:
        return None
    held = {leaf.health_set for leaf in leaves}
    return replace(view, leaves=tuple(leaves), sets=tuple(s for s in view.sets if s[0] in held))


def _is_fault(leaf: Leaf, server: State) -> bool:
    """A fault of its own; where there is no monitor, one of its server."""
    return leaf.state.is_fault or (server.is_fault and leaf.entry is None)


def _group(views: list[ServerView], filtered: Mapping[ServerView, ServerView | None]) -> GroupView:
    return GroupView(
        key=views[0].group,
        title=views[-1].title,
        state=group_state(v.state for v in views),
        servers=tuple(kept for kept in filtered.values() if kept is not None),
        total=len(views),
        faulty=sum(v.state.is_fault and not v.awaited for v in views),
    )

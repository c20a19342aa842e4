"""From the view to lines: the tree, the table of monitors, the context bar. Pure functions.

A remote string only ever becomes the text of a fragment; nothing here can be read as markup.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from cockpit.config.language import N_, _, ngettext
from cockpit.config.spoken import spoken
from cockpit.exchange.model import MonitorHealthEntry, Version
from cockpit.fleet.bookmarks import Booked
from cockpit.fleet.rollup import State, monitor_state
from cockpit.fleet.snapshot import CollectorStatus, FleetSnapshot, ProbePhase, Reach
from cockpit.ui.environment import EnvironmentBadge
from cockpit.ui.look import STATE_ROLES, Glyphs, Line, width
from cockpit.ui.standing import NO_MARKS, ServerMarks
from cockpit.ui.view import Filter, FleetView, GroupView, Leaf, ServerView
from cockpit.ui.widgets.rows import Column, Key, Row

TREE_COLUMNS = (Column(N_("State"), least=13), Column(N_("Name"), least=12))
MONITOR_COLUMNS = (
    Column(N_("State"), least=13),
    Column(N_("Monitor"), least=23),
    Column(N_("Server"), least=10, drop=6),
    Column(N_("Health set"), least=9, drop=5),
    Column("AlertValue", least=9, drop=2),
    Column(N_("Since"), least=5),
    Column(N_("Last run"), least=8, drop=3),
    Column(N_("Target"), least=8, drop=1),
    Column(N_("Note"), least=10, drop=4),
)


def age(since: datetime | None, now: datetime | None) -> str:
    """An age in at most five characters: ``40s``, ``12m``, ``3h05``, ``2d03h``; empty when unknown."""
    if since is None or now is None:
        return ""
    seconds = max(int((now - since) / timedelta(seconds=1)), 0)
    if seconds < 60:
        return f"{seconds}s"
    if seconds < 3600:
        return f"{seconds // 60}m"
    if seconds < 86400:
        return f"{seconds // 3600}h{seconds // 60 % 60:02}"
    return f"{seconds // 86400}d{seconds // 3600 % 24:02}h" if seconds < 864000 else f"{seconds // 86400}d"


def coarse_age(since: datetime | None, now: datetime) -> str:
    """An age in steps of five seconds below a minute, so that the label seldom changes."""
    if since is None:
        return ""
    seconds = max(int((now - since) / timedelta(seconds=1)), 0)
    return f"{seconds // 5 * 5}s" if seconds < 60 else age(since, now)


def state(value: State, glyphs: Glyphs) -> Line:
    """Glyph, word and colour: never colour alone."""
    return ((f"{glyphs.states[value]} {_(value.word)}", STATE_ROLES[value]),)


def server_note(view: ServerView, glyphs: Glyphs) -> Line:
    """What stands behind a server's name in the tree."""
    server = view.snapshot.server
    version = "" if server.version is Version.OTHER else server.version.value
    if server.version is Version.E2013:
        version += " " + "+".join(
            {"ClientAccess": "CAS", "Mailbox": "MBX"}.get(r, r) for r in sorted(server.roles)
        )
    parts = [version]
    if view.snapshot.reach in (Reach.STALE, Reach.UNKNOWN):
        parts.append(spoken(view.snapshot.reach.value))
    if any(r.phase is ProbePhase.RUNNING and r.waiting for r in view.snapshot.probe_runs):
        parts.append(_("probe running"))
    text = f" {glyphs.dot} ".join(p for p in parts if p)
    return ((f"  {text}", "text-dim"),) if text else ()


def fleet_row(view: FleetView, title: str, glyphs: Glyphs) -> Row:
    """The root of the tree."""
    count = _servers(len(view.servers))
    return Row(("fleet",), (state(view.state, glyphs), ((title, "text-strong"), (f"  {count}", "text-dim"))))


def group_row(group: GroupView, opened: bool, glyphs: Glyphs) -> Row:
    return _tree_row(group.key, group.state, 0, opened, spoken(group.title), _group_note(group), glyphs)


def _servers(count: int) -> str:
    return ngettext("{n} server", "{n} servers", count).format(n=count)


def _faulty(count: int) -> str:
    return ngettext("{n} faulty", "{n} faulty", count).format(n=count)


def _group_note(group: GroupView) -> Line:
    kept, total = len(group.servers), group.total
    some = ngettext("{kept} of {n} server", "{kept} of {n} servers", total).format(kept=kept, n=total)
    shown = _servers(total) if kept == total else some
    faults: Line = ((f"  {_faulty(group.faulty)}", STATE_ROLES[group.state]),) if group.faulty else ()
    return (*faults, (f"  {shown}", "text-dim"))


def openable_sets(server: ServerView) -> tuple[tuple[Key, State], ...]:
    """The health sets of a server that have rows to show, with their keys in the tree."""
    held = {leaf.health_set for leaf in server.leaves if leaf.entry is not None}
    return tuple(((*server.group, server.name, name), of) for name, of in server.sets if name in held)


def _booked(booked: Booked, health_set: str) -> Line:
    """The keys of the bookmarks on a health set, or with an empty name on the whole server."""
    keys = "".join(key for name, key in booked if name == health_set.lower())
    return ((f" '{keys}", "text-key"),) if keys else ()


def server_rows(
    server: ServerView,
    opened: Mapping[Key, bool] | None,
    glyphs: Glyphs,
    marks: ServerMarks = NO_MARKS,
    booked: Booked = (),
) -> list[Row]:
    """A server in the tree; below it, when it is open, its health sets (``opened``: which of them are)."""
    key = (*server.group, server.name)
    alarm: Line = ((f"  {glyphs.alarm} {marks.words}", "state-unhealthy"),) if marks.words else ()
    note = (*_booked(booked, ""), *alarm, *server_note(server, glyphs))
    rows = [_tree_row(key, server.state, 1, opened is not None, server.name, note, glyphs)]
    for name, set_state in server.sets if opened is not None else ():
        set_key = (*key, name)
        has_rows = opened is not None and set_key in opened
        shown = opened[set_key] if opened is not None and has_rows else None
        no_rows: Line = () if has_rows else ((_("  no rows"), "text-dim"),)
        set_note = (*_booked(booked, name), *no_rows)
        rows.append(_tree_row(set_key, set_state, 2, shown, name, set_note, glyphs))
        if shown:
            rows += [
                _leaf_row(leaf, leaf.entry, glyphs, marks)
                for leaf in server.leaves
                if leaf.health_set == name and leaf.entry is not None
            ]
    return rows


def _leaf_row(leaf: Leaf, entry: MonitorHealthEntry, glyphs: Glyphs, marks: ServerMarks) -> Row:
    run = marks.of(entry.name)
    note: Line = ((f"  {run}", "state-repairing"),) if run else ()
    target: Line = ((f"  {entry.target_resource}", "text-dim"),) if leaf.several else ()
    return _tree_row(leaf.key, leaf.state, 3, None, entry.name, (*note, *target), glyphs)


def _tree_row(
    key: Key, value: State, depth: int, opened: bool | None, name: str, note: Line, glyphs: Glyphs
) -> Row:
    mark = " " if opened is None else glyphs.expanded if opened else glyphs.collapsed
    return Row(key, (state(value, glyphs), ((f"{'  ' * depth}{mark} ", "text-label"), (name, ""), *note)))


def monitor_row(leaf: Leaf, with_server: bool, glyphs: Glyphs, marks: ServerMarks = NO_MARKS) -> Row:
    """One row of the table of monitors.

    The AlertValue is the server's word, last known if it is silent; since when that held is not said
    beside a state that is ours.
    """
    e = leaf.entry
    server: Line = ((leaf.server, ""),) if with_server else ()
    if e is None:
        words = (
            _("no rows for {health_set}").format(health_set=leaf.health_set)
            if leaf.health_set
            else _("no POP health sets here")
        )
        cells: tuple[Line, ...] = (
            ((words, "text-dim"),),
            server,
            ((leaf.health_set, ""),),
            (),
            (),
            (),
            (),
            (),
        )
        return Row(leaf.key, (state(leaf.state, glyphs), *cells))
    own = monitor_state(e)
    silent = leaf.state is not own
    since = "" if silent else age(e.last_transition_time, leaf.clock)
    notes = [note for note, on in ((_("stale"), e.is_stale), (_("last known"), silent)) if on]
    return Row(
        leaf.key,
        (
            state(leaf.state, glyphs),
            ((e.name, ""),),
            server,
            ((e.health_set_name, ""),),
            ((e.alert_value or _("(empty)"), "text-dim" if silent else ""),),
            ((since, ""),),
            ((age(e.last_execution_time, leaf.clock), ""),),
            ((e.target_resource, "text-dim"),),
            (
                *((f"{run} ", "state-repairing") for run in (marks.of(e.name),) if run),
                (", ".join(notes), "state-stale"),
            ),
        ),
    )


def nothing(view: FleetView, wanted: Filter) -> str:
    """Why the table of monitors is empty. "No faults" only where every server was read and is well."""
    if not wanted.active:
        return _("Nothing to show yet.")
    well = bool(view.servers) and not view.faulty and not view.awaited
    return (
        _("No faults.") if wanted == Filter(faults_only=True) and well else _("Nothing matches the filter.")
    )


def context(
    badge: EnvironmentBadge, fleet: FleetSnapshot, view: FleetView, now: datetime, glyphs: Glyphs, cells: int
) -> Line:
    """The bar on top, the most needed first: what does not fit is left out from the end, not cut."""
    word, role = (_("READ-ONLY"), "mode-read-only") if badge.read_only else (_("WRITE"), "mode-write")
    mode = (f" {word} ", role)
    parts: list[Line] = [((badge.name, "text-strong"),), (mode,)]
    if view.servers:
        down = len(view.servers) - view.up - view.awaited
        role = "state-unreachable" if down else ""
        up = _("{n}/{servers} up").format(n=view.up, servers=len(view.servers))
        parts.append(((up, role),))
        if fleet.status.left_out:
            whole = len(view.servers) + fleet.status.left_out
            parts.append(
                ((_("{count} of {whole} servers").format(count=len(view.servers), whole=whole), "text-key"),)
            )
        if view.awaited:
            parts.append(((_("{awaited} not read yet").format(awaited=view.awaited), "text-dim"),))
        healthy = view.state is State.HEALTHY
        faults = (
            (_faulty(view.faulty), STATE_ROLES[view.state])
            if view.faulty
            else (_("no faults"), "state-healthy" if healthy else "")
        )
        parts.append((faults,))
        data = coarse_age(view.oldest, now)
        parts.append(
            (
                (
                    _("data up to {data} old").format(data=data) if data else _("no data"),
                    "" if data else "text-problem",
                ),
            )
        )
    parts.append((_rate(fleet.status),))
    if badge.account:
        parts.append(((badge.account, "text-dim"),))
    line: list[tuple[str, str]] = []
    for part in parts:
        gap = ((f" {glyphs.dot} ", "text-dim"),) if line else ((" ", ""),)
        if width((*line, *gap, *part)) > cells and line:
            continue
        line += [*gap, *part]
    return tuple(line)


def _rate(status: CollectorStatus) -> tuple[str, str]:
    if status.paused:
        return (_("PAUSED"), "state-degraded")
    return (_("every {seconds:g}s").format(seconds=status.interval), "text-dim")


def collector_problem(fleet: FleetSnapshot) -> Line:
    """The collector's own trouble, one line; empty when it has none."""
    problem = fleet.status.problem or fleet.status.shortage
    if problem is None:
        return ()
    cure = f"  {spoken(problem.cure)}" if problem.cure else ""
    return ((f" {spoken(str(problem))}", "text-problem"), (cure, ""))

"""What the cockpit knows and has asked for: the one owner of the live picture. No Textual in here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from uuid import uuid4

from cockpit.fleet.bookmarks import NO_BOOKMARKS, Bookmarks, Place, read_bookmarks, toggle_bookmark
from cockpit.fleet.feed import Feed
from cockpit.fleet.latency import Latencies
from cockpit.fleet.messages import AbandonProbe, Command, Pause, Refresh, RunProbe, SetInterval, Watch
from cockpit.fleet.snapshot import (
    FleetDiff,
    FleetSnapshot,
    ProbePhase,
    ProbeRun,
    ServerSnapshot,
    apply,
    carried,
)
from cockpit.ui.actions import Registry
from cockpit.ui.environment import EnvironmentBadge
from cockpit.ui.granted import refusals
from cockpit.ui.panels import Asked

INTERVALS = (5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0)


def _turned(old: ServerSnapshot | None, new: ServerSnapshot) -> bool:
    if old is None or old.reach is not new.reach or len(old.monitors) != len(new.monitors):
        return True
    both = zip(old.monitors, new.monitors, strict=True)
    return any(a.alert_value != b.alert_value or a.name != b.name for a, b in both)


@dataclass(slots=True)
class Desk:
    """State beside the screens. Changed only by the app's message handlers and the operator's actions."""

    feed: Feed
    badge: EnvironmentBadge
    registry: Registry
    now: Callable[[], datetime]
    save_dir: Path
    snapshot: FleetSnapshot = field(default_factory=FleetSnapshot)
    lost: str | None = None
    """Why no diffs come any more; None while they may."""
    restarting: bool = False
    asked: dict[str, Asked] = field(default_factory=dict)
    watched: str = ""
    wished_interval: float | None = None
    bookmarks: Bookmarks = NO_BOOKMARKS
    bookmarks_file: Path | None = None
    """None: bookmarks last as long as this cockpit."""
    latencies: Latencies = field(default_factory=Latencies)
    _base: FleetSnapshot = field(default_factory=FleetSnapshot)

    def turned(self, diff: FleetDiff) -> bool:
        """Whether ``diff``, which has not arrived yet, tells of another state of a server or a monitor; else
        it is but the same read again."""
        return any(_turned(self.snapshot.servers.get(server.name), server) for server in diff.changed)

    def arrived(self, diff: FleetDiff, first: bool) -> None:
        """A diff. After a restart the old picture stays until the new collector has found servers."""
        if first:
            self._base = FleetSnapshot()
        self._base = apply(self._base, diff)
        self.snapshot = carried(self.snapshot, self._base)
        self.latencies.saw(diff.changed)
        for server in diff.changed:
            for run in server.probe_runs:
                self.asked.pop(run.id, None)

    def ended(self, reason: str) -> None:
        self.lost = reason
        self.restarting = False
        self.asked.clear()

    def started(self) -> None:
        """The collector runs; a new one is told what the operator had chosen."""
        self.lost = None
        self.restarting = False
        if self.watched:
            self._send(Watch(self.watched))
        if self.wished_interval is not None:
            self._send(SetInterval(self.wished_interval))
        if self.snapshot.status.paused:
            self._send(Pause(True))

    def _send(self, command: Command) -> None:
        if self.lost is None:
            self.feed.send(command)

    @property
    def refusals(self) -> dict[str, str]:
        """Actions that RBAC keeps this account from, with the reason."""
        return refusals(self.snapshot.status.grants)

    # Bookmarks

    def load_bookmarks(self) -> None:
        """Those that were kept. Raises BookmarksError."""
        if self.bookmarks_file is not None:
            self.bookmarks = read_bookmarks(self.bookmarks_file)

    def toggle_bookmark(self, key: str, place: Place) -> Bookmarks:
        """Put ``key`` on ``place``, or take it off. Raises BookmarksError: then nothing has changed."""
        file = self.bookmarks_file
        kept = self.bookmarks.toggled(key, place) if file is None else toggle_bookmark(file, key, place)
        self.bookmarks = kept
        return kept

    # What the operator asks for

    def watch(self, server: str) -> None:
        if server and server != self.watched:
            self.watched = server
            self._send(Watch(server))

    def refresh(self) -> None:
        self._send(Refresh())

    def toggle_pause(self) -> bool:
        """True when it pauses."""
        paused = not self.snapshot.status.paused
        self._send(Pause(paused))
        return paused

    def next_interval(self, slower: bool) -> float | None:
        """The next step of the ladder, None at its end."""
        current = self.wished_interval or self.snapshot.status.interval
        steps = [i for i in INTERVALS if (i > current if slower else i < current)]
        if not steps:
            return None
        return steps[0] if slower else steps[-1]

    def change_interval(self, slower: bool) -> float | None:
        """Take the next step; None where there is none."""
        found = self.next_interval(slower)
        if found is not None:
            self.wished_interval = found
            self._send(SetInterval(found))
        return found

    def run_probe(self, server: str, identity: str) -> None:
        run_id = uuid4().hex
        self.asked[run_id] = Asked(run_id, identity, server, self.now())
        self._send(RunProbe(run_id, server, identity))

    def waiting_run(self, server: str) -> ProbeRun | None:
        """The newest probe on ``server`` that runs and is waited for."""
        found = self.snapshot.servers.get(server)
        runs = found.probe_runs if found is not None else ()
        return next((r for r in runs if r.phase is ProbePhase.RUNNING and r.waiting), None)

    def stop_waiting(self, server: str) -> ProbeRun | None:
        run = self.waiting_run(server)
        if run is not None:
            self._send(AbandonProbe(run.id))
        return run

"""``status --format jsonl``: one JSON object a line, for a pipe (docs/telling.md).

First the whole picture, then each change, and a heartbeat, so that silence is never taken for health.
"""

from __future__ import annotations

import io
import json
import os
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from cockpit import __version__
from cockpit.commands import report
from cockpit.commands.status_shown import Asked, PerServer
from cockpit.fleet.once import complete
from cockpit.fleet.rollup import server_state
from cockpit.fleet.snapshot import FleetSnapshot
from cockpit.fleet.states import State
from cockpit.fleet.subjects import ORGANIZATION, Subject
from cockpit.fleet.told import READABLE

SCHEMA: Final = "pop-cockpit.status.v1"
_ORDER: Final = {state.word: state.value for state in State}


@dataclass(frozen=True, slots=True)
class Entry:
    """What a line is written about when it changes. None: there is no such thing for this subject."""

    state: str
    alert_value: str | None = None
    since: str | None = None
    reason: str | None = None

    @property
    def news(self) -> tuple[str | None, ...]:
        """A reason alone is no news: it may have a duration in it."""
        return self.state, self.alert_value, self.since


Entries = Mapping[Subject, Entry]


def entries(server: Mapping[str, Any]) -> dict[Subject, Entry]:
    """Everything of ``server`` (``report.server_dict``) that has a state; of two rows that name the same
    monitor the worse."""
    name = server["name"]
    made = {Subject(name): Entry(server["state"], reason=server["problem"])}
    for health_set in server["health_sets"]:
        made[Subject(name, health_set["name"])] = Entry(health_set["state"])
        for row in health_set["monitors"]:
            subject = Subject(name, health_set["name"], row["name"], row["target_resource"])
            entry = Entry(row["state"], row["alert_value"], row["last_transition_time"], row["error"] or None)
            if subject not in made or _ORDER[entry.state] < _ORDER[made[subject].state]:
                made[subject] = entry
    return made


def _organization(fleet: FleetSnapshot) -> Entry:
    problem = fleet.status.problem
    if problem is None:
        return Entry(READABLE)
    return Entry((State.NOT_GRANTED if problem.denied else State.UNREACHABLE).word, reason=str(problem))


def changes(before: Entries, after: Entries) -> Iterator[dict[str, Any]]:
    """What is told of each subject that is another one, came or went. The organization first, a server before
    its monitors."""
    for subject in sorted(before.keys() | after.keys()):
        old, new = before.get(subject), after.get(subject)
        if old is not None and new is not None and old.news == new.news:
            continue
        yield {
            "kind": subject.kind,
            "server": subject.server or None,
            "health_set": subject.health_set or None,
            "monitor": subject.monitor or None,
            "target": subject.target or None,
            "before": None if old is None else old.state,
            "after": None if new is None else new.state,
            "worse": _is_worse(old, new),
            "alert_value": None if new is None else new.alert_value,
            "since": None if new is None else new.since,
            "reason": None if new is None else new.reason,
        }


def _is_worse(old: Entry | None, new: Entry | None) -> bool:
    """Whatever came or went is no worse by itself."""
    if old is None or new is None:
        return False
    healthy = State.HEALTHY.value
    return _ORDER.get(new.state, healthy) < _ORDER.get(old.state, healthy)


class Lines:
    """Writes the lines of one watch. ``heartbeat``: seconds between two; None: there is one only."""

    def __init__(self, asked: Asked, heartbeat: float | None) -> None:
        self._asked = asked
        self._heartbeat = heartbeat
        self._started = False
        self._shown: Entries | None = None
        self._fleet = FleetSnapshot()
        self._entries = PerServer(lambda server: entries(report.server_dict(server, self._fleet)))

    def show(self, fleet: FleetSnapshot, at: datetime, code: int, *, beat: bool) -> None:
        """What is to be said of ``fleet`` now. ``beat``: a heartbeat is due."""
        if not self._started:
            self._started = True
            interval = self._asked.environment.polling.interval
            self._line("start", at, version=__version__, poll_interval=interval, heartbeat=self._heartbeat)
        if complete(fleet, self._asked.only) or self._heartbeat is None:
            beat = self._picture(fleet, at) or beat
        if beat:
            self._line("heartbeat", at, **self._state(fleet, code))

    def _picture(self, fleet: FleetSnapshot, at: datetime) -> bool:
        """What has changed; of the first one all, which is then to be ended by a heartbeat."""
        self._fleet = fleet
        servers, new = report.chosen(fleet, self._asked.only), {ORGANIZATION: _organization(fleet)}
        for found in self._entries.of(servers):
            new |= found
        first = self._shown is None
        if self._shown is None:
            for server in servers:
                self._line("server", at, server=report.server_dict(server, fleet))
        else:
            for change in changes(self._shown, new):
                self._line("change", at, **change)
        self._shown = new
        return first

    def _state(self, fleet: FleetSnapshot, code: int) -> dict[str, Any]:
        servers = report.chosen(fleet, self._asked.only)
        counts = Counter(server_state(server).word for server in servers)
        heard = [server.last_success for server in servers]
        known = [moment for moment in heard if moment is not None]
        return {
            "complete": complete(fleet, self._asked.only),
            "exit_code": code,
            "problem": None if fleet.status.problem is None else str(fleet.status.problem),
            "read_at": report.iso(fleet.status.organization_read_at),
            "oldest_answer": report.iso(min(known)) if known and len(known) == len(heard) else None,
            "servers": dict(sorted(counts.items(), key=lambda item: _ORDER[item[0]])),
        }

    def _line(self, event: str, at: datetime, **more: Any) -> None:
        head = {"schema": SCHEMA, "event": event, "at": report.iso(at)}
        head["environment"] = self._asked.environment.name
        write_line(json.dumps(head | more))  # ASCII: some readers take U+2028 for a line end


def write_line(text: str) -> None:
    """One line, of ASCII, on stdout, at once. Raises BrokenPipeError.

    Not through the buffer where it is a file: what stays in there when a reader has stalled would be waited
    for once more at the end of the program.
    """
    try:
        descriptor = sys.stdout.fileno()
    except io.UnsupportedOperation:
        print(text, flush=True)
        return
    data = f"{text}\n".encode("ascii")
    while data:
        data = data[os.write(descriptor, data) :]

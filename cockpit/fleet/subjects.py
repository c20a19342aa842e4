"""What has a state that can change: a server, a monitor, the organization as a whole.

What is not known yet has no state: a server that was not asked so far, and one that could not be asked
because nobody could, is as it was before, so that neither a start nor a lost entry server looks like a
change of all of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from cockpit.exchange.model import MonitorHealthEntry
from cockpit.fleet.rollup import UNREACHABLE_AFTER_POLLS, monitor_state, server_state
from cockpit.fleet.snapshot import FleetSnapshot, Problem, Reach, ServerSnapshot
from cockpit.fleet.states import State

NAMED: Final = 3
"""Monitors that are named as the reason for a server's state."""


@dataclass(frozen=True, slots=True, order=True)
class Subject:
    """What has a state; by the empty names the organization, or a server, or a health set, as a whole."""

    server: str = ""
    health_set: str = ""
    monitor: str = ""
    target: str = ""

    @property
    def kind(self) -> str:
        """``organization``, ``server``, ``health_set`` or ``monitor``: a word of our data."""
        if not self.server:
            return "organization"
        if not self.health_set:
            return "server"
        return "monitor" if self.monitor else "health_set"


ORGANIZATION: Final = Subject()
States: TypeAlias = Mapping[Subject, State]


def subject_of(server: str, entry: MonitorHealthEntry) -> Subject:
    return Subject(server, entry.health_set_name, entry.name, entry.target_resource)


def server_states(server: ServerSnapshot, *, monitors: bool) -> dict[Subject, State]:
    """The state of ``server``, and of its ``monitors`` as they were last read; of two rows that name the same
    one the worse. Nothing for a server that was not asked yet."""
    if server.reach is Reach.UNKNOWN:
        return {}
    found = {Subject(server.name): server_state(server)}
    for entry in server.monitors if monitors else ():
        subject, state = subject_of(server.name, entry), monitor_state(entry)
        if subject not in found or state.value < found[subject].value:
            found[subject] = state
    return found


def why(fleet: FleetSnapshot, subject: Subject) -> str:
    """The reason for the state of ``subject`` in a few words, cleaned; empty where there is none."""
    if subject == ORGANIZATION:
        return str(fleet.status.problem or "")
    server = fleet.servers.get(subject.server)
    if server is None:
        return ""
    if subject.monitor:
        rows = (m for m in server.monitors if subject_of(server.name, m) == subject)
        return next((m.error for m in rows if m.error), "")
    if server.problem is not None:
        return str(server.problem)
    worst_first = sorted(server.monitors, key=lambda m: monitor_state(m).value)
    faulty = list(dict.fromkeys(m.name for m in worst_first if monitor_state(m).is_fault))
    more = f" +{len(faulty) - NAMED}" if len(faulty) > NAMED else ""
    return ", ".join(faulty[:NAMED]) + more


_Seen: TypeAlias = tuple[ServerSnapshot | None, dict[Subject, State]]
"""The picture that states were made from, and the states."""


@dataclass(slots=True)
class Sight:
    """Follows pictures and keeps what was known of those that cannot be seen now.

    ``monitors``: whether monitors are subjects of their own.
    """

    monitors: bool = False
    _known: dict[str, _Seen] = field(default_factory=dict)
    _unseen: frozenset[str] = frozenset()
    """Servers that could not be asked while nobody could, and were not asked since."""
    _back_at: datetime | None = None
    _lost_at: datetime | None = None

    def look(self, fleet: FleetSnapshot, now: datetime, lost: Problem | None = None) -> States:
        """The states in ``fleet`` at ``now``. ``lost``: why there are no pictures any more at all."""
        problem = lost or fleet.status.problem
        if problem is not None:
            self._lost_at, self._back_at = self._lost_at or now, None
            self._unseen |= fleet.servers.keys()
        elif fleet.status.organization_read_at is not None:
            self._lost_at, self._back_at = None, self._back_at or now
            self._unseen = frozenset(n for n in self._unseen if self._waits(fleet.servers.get(n), now))
        self._known = {name: self._states(name, server) for name, server in fleet.servers.items()}
        whole = self._organization(fleet, now, lost)
        for _, states in self._known.values():
            whole.update(states)
        return whole

    def _organization(
        self, fleet: FleetSnapshot, now: datetime, lost: Problem | None
    ) -> dict[Subject, State]:
        """Stale before it is called unreachable, as a server is; nothing before anybody was asked."""
        if self._lost_at is None:
            return {ORGANIZATION: State.HEALTHY} if self._back_at is not None else {}
        limit = timedelta(seconds=fleet.status.interval * UNREACHABLE_AFTER_POLLS)
        if lost is None and fleet.status.problem is not None and fleet.status.problem.denied:
            return {ORGANIZATION: State.NOT_GRANTED}
        gone = lost is not None or now - self._lost_at > limit
        return {ORGANIZATION: State.UNREACHABLE if gone else State.STALE}

    def _waits(self, server: ServerSnapshot | None, now: datetime) -> bool:
        """Whether ``server`` is still to be asked since everybody can be asked again; not for ever."""
        back = self._back_at
        if server is None or back is None:
            return False
        limit = timedelta(seconds=server.poll_interval * UNREACHABLE_AFTER_POLLS)
        asked = server.last_attempt is not None and server.last_attempt >= back
        return not asked and now - back <= limit

    def _states(self, name: str, server: ServerSnapshot) -> _Seen:
        """Made anew only where the server's picture is another one."""
        before, states = self._known.get(name, (None, {}))
        if name in self._unseen:
            return before, states
        if before is server and states:
            return server, states
        return server, server_states(server, monitors=self.monitors) or states

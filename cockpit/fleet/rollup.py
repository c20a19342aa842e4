"""From snapshots to one word: the state of a monitor, a health set, a server, a fleet.

"No data" is never healthy: a server that does not answer, a health manager that does not answer
and a server where POP is not monitored each have a word of their own.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from cockpit.exchange import catalogue
from cockpit.exchange.model import AlertValue, MonitorHealthEntry, MonitorState, Outcome
from cockpit.fleet.snapshot import HealthSetReading, Reach, ServerSnapshot
from cockpit.fleet.states import State as State
from cockpit.frozen import dataclass

_BY_ALERT = {
    AlertValue.HEALTHY.lower(): State.HEALTHY,
    AlertValue.DEGRADED.lower(): State.DEGRADED,
    AlertValue.UNHEALTHY.lower(): State.UNHEALTHY,
    AlertValue.REPAIRING.lower(): State.REPAIRING,
    AlertValue.DISABLED.lower(): State.DISABLED,
}

STALE_AFTER_POLLS = 2.0
"""An answer older than this many poll intervals is stale (terminal-ui §1.2, Staleness)."""
UNREACHABLE_AFTER_POLLS = 4.0
"""After this many intervals without an answer a server is called unreachable."""


def alert_state(alert_value: str) -> State:
    """The state an AlertValue stands for; a value of a later build is Unknown, never Healthy."""
    return _BY_ALERT.get(alert_value.lower(), State.UNKNOWN)


def monitor_state(entry: MonitorHealthEntry | MonitorState) -> State:
    """A healthy row that Managed Availability calls stale is stale, not healthy (exchange-facts §8)."""
    state = alert_state(entry.alert_value)
    return State.STALE if entry.is_stale and state is State.HEALTHY else state


def worst(states: Iterable[State], default: State = State.UNKNOWN) -> State:
    """The worst of ``states``."""
    return min(states, key=lambda s: s.value, default=default)


def consolidated(entries: Iterable[MonitorHealthEntry | MonitorState]) -> State:
    """Exchange's own roll-up order (§2.3), with staleness: disabled monitors do not hide healthy ones."""
    states = {monitor_state(e) for e in entries}
    if states == {State.DISABLED}:
        return State.DISABLED
    return worst(states - {State.DISABLED})


def health_set_state(server: ServerSnapshot, health_set: str) -> State:
    """The state of one POP health set of a server, from the last answer about it."""
    rows = [m for m in server.monitors if m.health_set_name.lower() == health_set.lower()]
    if rows:
        return consolidated(rows)
    reading = next((r for r in server.readings if r.health_set.lower() == health_set.lower()), None)
    if reading is None or reading.outcome is None or reading.problem is not None:
        return State.UNKNOWN
    return State.NOT_MONITORED if reading.outcome is Outcome.EMPTY else State.UNKNOWN


def reach_at(
    last_success: datetime | None,
    last_attempt: datetime | None,
    interval: float,
    failing: bool,
    now: datetime,
    *,
    denied: bool = False,
) -> Reach:
    """How well a server is heard at ``now``, from when it last answered.

    A server that fails goes stale first, so that one lost poll is not called an outage. ``denied``: it fails
    because RBAC does not let us ask.
    """
    lost = Reach.NOT_GRANTED if denied else Reach.UNREACHABLE
    if last_success is None:
        return lost if failing and last_attempt is not None else Reach.UNKNOWN
    age = now - last_success
    if failing and age > timedelta(seconds=interval * UNREACHABLE_AFTER_POLLS):
        return lost
    if age > timedelta(seconds=interval * STALE_AFTER_POLLS):
        return Reach.STALE
    return Reach.LIVE


def server_clock(server: ServerSnapshot) -> datetime | None:
    """The newest time the server itself has told: ages of its rows are counted from here.

    Its clock and ours may differ, so "since" is never the difference of two machines' clocks.
    """
    return max((m.last_execution_time for m in server.monitors if m.last_execution_time), default=None)


def server_state(server: ServerSnapshot) -> State:
    """The worst of a server's POP health sets, under what we can still hear of it."""
    if server.reach is Reach.UNREACHABLE:
        return State.UNREACHABLE
    if server.reach is Reach.NOT_GRANTED:
        return State.NOT_GRANTED
    if server.reach is Reach.UNKNOWN:
        return State.UNKNOWN
    expected = catalogue.expected_health_sets(server.server.version, server.server.roles)
    if not expected:
        return State.NOT_MONITORED
    states = {health_set_state(server, s) for s in expected}
    known = states - {State.NOT_MONITORED, State.DISABLED}
    state = worst(known or states)
    if state is State.HEALTHY and State.NOT_MONITORED in states:
        # Half of POP is watched here: what is watched is well, and that is all that is known.
        state = State.NOT_MONITORED
    return State.STALE if server.reach is Reach.STALE and not state.value <= State.UNKNOWN.value else state


def reading_of(server: ServerSnapshot, health_set: str) -> HealthSetReading | None:
    """The last answer about ``health_set``, if any."""
    return next((r for r in server.readings if r.health_set.lower() == health_set.lower()), None)


@dataclass(frozen=True, slots=True)
class Tally:
    """How many servers are in each state."""

    counts: tuple[tuple[State, int], ...]

    @property
    def worst(self) -> State:
        return worst(state for state, count in self.counts if count)

    def __getitem__(self, state: State) -> int:
        return dict(self.counts).get(state, 0)


def tally(servers: Iterable[ServerSnapshot]) -> Tally:
    """Servers by state, worst first."""
    found: dict[State, int] = {}
    for server in servers:
        state = server_state(server)
        found[state] = found.get(state, 0) + 1
    return Tally(tuple(sorted(found.items(), key=lambda item: item[0].value)))


_NOTHING_KNOWN = {
    State.UNKNOWN,
    State.UNREACHABLE,
    State.NOT_GRANTED,
    State.NOT_MONITORED,
    State.DISABLED,
}


def exit_code(states: Iterable[State]) -> int:
    """Exit code of ``status``: 0 healthy, 1 degraded or stale, 2 unhealthy, 3 unknown, unreachable or not
    granted.

    The worst in the order of monitoring plug-ins: critical, unknown, warning, ok. Nothing at all,
    and POP that is not monitored or disabled everywhere, are unknown, never healthy.
    """
    found = set(states)
    if State.UNHEALTHY in found:
        return 2
    if not found or found & _NOTHING_KNOWN:
        return 3
    return 1 if found & {State.DEGRADED, State.STALE, State.REPAIRING} else 0

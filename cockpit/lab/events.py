"""Event log channels of the servers, bounded (exchange-facts §6.4)."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from cockpit.exchange.model import RESULT_TYPES, AlertValue, ResultType
from cockpit.lab.faults import Outcome

_AVAILABILITY: Final = "Microsoft-Exchange-ManagedAvailability/"
_ACTIVE: Final = "Microsoft-Exchange-ActiveMonitoring/"
ACTION_RESULTS: Final = f"{_AVAILABILITY}RecoveryActionResults"
ACTION_LOGS: Final = f"{_AVAILABILITY}RecoveryActionLogs"
MONITORING: Final = f"{_AVAILABILITY}Monitoring"
PROBE_RESULTS: Final = f"{_ACTIVE}ProbeResult"
MONITOR_RESULTS: Final = f"{_ACTIVE}MonitorResult"
EMPTY: Final = (f"{_AVAILABILITY}InvokeNowRequest", f"{_AVAILABILITY}InvokeNowResult")
"""Channels that exist and in which the lab writes nothing."""
CHANNELS: Final = (ACTION_RESULTS, ACTION_LOGS, MONITORING, PROBE_RESULTS, MONITOR_RESULTS, *EMPTY)
_KEPT: Final = 200
_NUMBERS: Final = {name: str(number) for number, name in RESULT_TYPES.items()}


@dataclass(frozen=True, slots=True)
class Event:
    """One event; ``begun`` and ``t`` in simulated seconds. Event 4 of Monitoring is an alert, 5 its end;
    the ids of the other channels are the lab's own."""

    record: int
    channel: str
    id: int
    begun: float
    t: float
    fields: Mapping[str, str]


@dataclass(slots=True)
class EventLog:
    """The newest events of every server and channel. MonitorResult holds changes only: the real one has a
    line for every run of a monitor."""

    _kept: dict[tuple[str, str], deque[Event]] = field(default_factory=dict)
    _records: int = 0

    def add(
        self, server: str, channel: str, number: int, begun: float, t: float, fields: Mapping[str, str]
    ) -> None:
        self._records += 1
        kept = self._kept.setdefault((server, channel), deque(maxlen=_KEPT))
        kept.append(Event(self._records, channel, number, begun, t, fields))

    def of(self, server: str, channel: str) -> list[Event]:
        """Oldest first."""
        return list(self._kept.get((server, channel), ()))

    def probe_ran(self, server: str, probe: str, outcome: Outcome, begun: float, t: float) -> None:
        """A ProbeResult; the real one has more fields. It leaks what the real one leaks (§2.4). ResultType is
        a number, as Microsoft's troubleshooter maps it (§2.1 [B])."""
        if not probe:
            return
        failed = ResultType.TIMED_OUT if outcome.timed_out else ResultType.FAILED
        kind = _NUMBERS[ResultType.SUCCEEDED if outcome.ok else failed]
        fields = {
            "ResultName": f"{probe}/{outcome.database}" if outcome.database else probe,
            "ResultType": kind,
            "Error": "" if outcome.ok else outcome.reason,
            "StateAttribute1": outcome.component,
            "StateAttribute2": outcome.reason,
            "StateAttribute3": outcome.answered_by,
            "StateAttribute4": outcome.mailbox_server,
        }
        self.add(server, PROBE_RESULTS, 2, begun, t, fields)

    def monitor_changed(
        self, server: str, monitor: str, health_set: str, alert: str, t: float, why: str
    ) -> None:
        """A MonitorResult, and an event 4 or 5 of Monitoring where the monitor alerts or is healthy again."""
        words = {"Monitor": monitor, "HealthSet": health_set, "Subject": f"{monitor} is {alert}"}
        self.add(server, MONITOR_RESULTS, 3, t, t, words | {"HealthState": alert})
        if alert in (AlertValue.UNHEALTHY, AlertValue.HEALTHY):
            number = 4 if alert == AlertValue.UNHEALTHY else 5
            self.add(server, MONITORING, number, t, t, words | {"Message": why})

    def action_started(self, server: str, action: str, resource: str, requestor: str, t: float) -> None:
        """A RecoveryActionLogs entry; the result follows in the other channel at the action's end."""
        fields = {"Id": action, "ResourceName": resource, "RequestorName": requestor, "State": "Started"}
        self.add(server, ACTION_LOGS, 1, t, t, fields)

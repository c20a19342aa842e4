"""Rows of Exchange as records of a blueprint: numbers and words of enumerations, no free texts."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from cockpit.commands.blueprint_names import Names
from cockpit.exchange.model import (
    DatabaseCopyStatus,
    MonitorHealthEntry,
    ServerComponentState,
    Service,
)
from cockpit.lab.rehearsal import CopyRecord, MonitorRecord, ServiceRecord, VoteRecord

REQUESTERS: Final = ("healthapi", "maintenance", "sidelined", "functional", "deployment")
"""Who can have a vote on a component (exchange-facts §2.10), in lower case."""
_SPAN: Final = re.compile(r"(-)?(?:(\d{1,5})\.)?(\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.\d+)?")
_LAG: Final = re.compile(r"Configured:\s*([\d.:]+)")
LAG_SECONDS: Final = 7 * 86_400.0
"""Of a lagged copy that does not say how far."""


def build_of(text: str) -> tuple[int, int, int, int]:
    """``15.2.986.5`` as numbers; what is not there is 0."""
    numbers = [int(part) if part.isascii() and part.isdecimal() else 0 for part in text.split(".")]
    major, minor, build, revision, *_ = (*numbers[:4], 0, 0, 0, 0)
    return major, minor, build, revision


def seconds_of(span: str) -> float | None:
    """A span as Exchange prints it; None for an empty one, a negative one (off) and what is none."""
    found = _SPAN.fullmatch(span.strip())
    if found is None or found[1]:
        return None
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups()[1:])
    total = float(((days * 24 + hours) * 60 + minutes) * 60 + seconds)
    return total or None


def copy_record(copy: DatabaseCopyStatus, names: Names) -> CopyRecord:
    lag = _LAG.search(copy.replay_lag_status)
    lagged = LAG_SECONDS if copy.replay_lag_status else 0.0
    return CopyRecord(
        database=names.database(copy.database),
        server=names.server(copy.server),
        status=copy.status,
        active=copy.is_active_state,
        preference=copy.activation_preference,
        suspended=copy.activation_suspended,
        copy_queue=copy.copy_queue_length or 0,
        replay_queue=copy.replay_queue_length or 0,
        lag=(seconds_of(lag[1]) or 0.0) if lag else lagged,
    )


def votes_of(components: Iterable[ServerComponentState]) -> tuple[VoteRecord, ...]:
    """Those that are not for Active. A component that is not Active and has no vote of its own gets one: what
    it is must be seen."""
    found: list[VoteRecord] = []
    offline = any(c.component == "ServerWideOffline" and c.state != "Active" for c in components)
    for each in components:
        against = {v.requester: v.state for v in each.votes if v.state != "Active"}
        for requester, state in against.items():
            who = requester if requester.lower() in REQUESTERS else "Functional"
            found.append(VoteRecord(each.component, who, state))
        if each.state != "Active" and not against and not offline and each.component not in _BORN_INACTIVE:
            found.append(VoteRecord(each.component, "Functional", each.state))
    return tuple(found)


_BORN_INACTIVE: Final = ("ForwardSyncDaemon", "ProvisioningRps")
"""Inactive on a healthy server (exchange-facts §2.10 [B])."""


def service_records(services: Iterable[Service]) -> tuple[ServiceRecord, ...]:
    return tuple(ServiceRecord(s.name, s.status == "Running", s.start_type) for s in services)


def monitor_records(monitors: Iterable[MonitorHealthEntry], clock: datetime) -> tuple[MonitorRecord, ...]:
    """By the server's own clock, so that it does not matter how far it is off."""
    return tuple(
        MonitorRecord(
            m.name,
            m.alert_value,
            0.0
            if m.last_transition_time is None
            else max((clock - m.last_transition_time).total_seconds(), 0.0),
        )
        for m in monitors
    )

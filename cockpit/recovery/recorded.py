"""Runs of a probe that its server has recorded in its event log: what failed before anybody asked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from cockpit.exchange.events import MOST_EVENTS
from cockpit.exchange.model import RESULT_TYPES, ResultType
from cockpit.exchange.recovery_model import Channel, Event
from cockpit.poplog.evidence import ProbeRun
from cockpit.poplog.trace import probe_name
from cockpit.recovery.access import Access
from cockpit.recovery.tracing import user_in

LOOK_BACK: Final = timedelta(hours=6)
"""How far back is looked, by the server's own clock. Our own number: the channel is a very busy one."""
_ZONED: Final = re.compile(r"(?:Z|[+-]\d\d:\d\d)$")
_NAMES: Final = {str(number): name for number, name in RESULT_TYPES.items()} | {
    name.lower(): name for name in RESULT_TYPES.values()
}
"""ResultType by what an event may hold: the number, which is what Microsoft's troubleshooter finds there and
maps (§2.1 [B]), or the name. That no event holds anything else is from memory [M]: the sheet is silent."""


def last_failed(access: Access, identity: str, server: str) -> ProbeRun | None:
    """The newest run of the probe that is known not to have succeeded, of the newest 1000 results of all
    probes; None where there is none. Raises ExchangeError.

    Names of the fields are those of the probe result (§6.4 [A][B]); that times without a zone are UTC is from
    memory [M].
    """
    now = access.look(server, lambda w: w.now())
    found = access.look(server, lambda w: w.events(Channel.PROBE_RESULT, now - LOOK_BACK, MOST_EVENTS))
    wanted = probe_name(identity).lower()
    runs = (e for e in found.rows if probe_name(e.fields.get("ResultName", "")).lower() == wanted)
    failed = next((e for e in runs if _result(e) not in ("", ResultType.SUCCEEDED)), None)
    return None if failed is None else _run(failed, identity, server)


def _result(event: Event) -> str:
    """The name of the event's ResultType; empty where it has none that is known."""
    return _NAMES.get(event.fields.get("ResultType", "").strip().lower(), "")


def _run(event: Event, identity: str, server: str) -> ProbeRun:
    fields: Mapping[str, str] = event.fields
    return ProbeRun(
        identity,
        server,
        _moment(fields.get("ExecutionStartTime", "")),
        _moment(fields.get("ExecutionEndTime", "")),
        _result(event),
        fields.get("StateAttribute4", ""),
        user_in(fields.get("ExecutionContext", "")),
    )


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found.astimezone(UTC) if _ZONED.search(text) else found.replace(tzinfo=UTC)

"""Runs of a probe that its server has recorded in its event log: what failed before anybody asked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from cockpit.config.language import N_
from cockpit.exchange.events import MOST_EVENTS
from cockpit.exchange.model import RESULT_TYPES, ResultType
from cockpit.exchange.recovery_model import Channel, Event
from cockpit.poplog.evidence import ProbeRun
from cockpit.poplog.trace import probe_name
from cockpit.recovery.access import Access
from cockpit.recovery.tracing import user_in
from cockpit.recovery.whole import whole

LOOK_BACK: Final = timedelta(hours=6)
"""How far back is looked, by the server's own clock. Our own number: the channel is a very busy one."""
_NOT_SUCCEEDED: Final = (
    "ResultType",
    next(str(number) for number, name in RESULT_TYPES.items() if name == ResultType.SUCCEEDED),
)
_FULL: Final = N_("the newest {most} failures of all probes go no further back").format(most=MOST_EVENTS)
_ZONED: Final = re.compile(r"(?:Z|[+-]\d\d:\d\d)$")
_NAMES: Final = {str(number): name for number, name in RESULT_TYPES.items()} | {
    name.lower(): name for name in RESULT_TYPES.values()
}
"""ResultType by what an event may hold: the number, which is what Microsoft's troubleshooter finds there and
maps (§2.1 [B]), or the name. That no event holds anything else is from memory [M]: the sheet is silent."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """``run``: the newest that failed, None where there is none. ``since``: how far back was really read, by
    the server's own clock; ``short``: why not as far as LOOK_BACK, empty where it was, or did not matter."""

    run: ProbeRun | None
    since: datetime
    short: str = ""


def last_failed(access: Access, identity: str, server: str) -> Recorded:
    """The newest run of the probe that is known not to have succeeded. Raises ExchangeError.

    The server passes over what succeeded, so that a busy channel does not hide a failure behind successes.
    Names of the fields are those of the probe result (§6.4 [A][B]); that times without a zone are UTC is
    from memory [M].
    """
    since = access.look(server, lambda w: w.now()) - LOOK_BACK
    found = access.look(
        server, lambda w: w.events(Channel.PROBE_RESULT, since, MOST_EVENTS, but=_NOT_SUCCEEDED)
    )
    failures = whole(found, N_("The event log of probe results"))
    wanted = probe_name(identity).lower()
    runs = (e for e in failures if probe_name(e.fields.get("ResultName", "")).lower() == wanted)
    failed = next((e for e in runs if _result(e) not in ("", ResultType.SUCCEEDED)), None)
    if failed is not None:
        return Recorded(_run(failed, identity, server), since)
    if len(failures) >= MOST_EVENTS:
        times = [e.time for e in failures if e.time is not None]
        return Recorded(None, min(times, default=since), _FULL)
    return _without(access, server, since)


def _without(access: Access, server: str, since: datetime) -> Recorded:
    """That none has failed is known only as far back as the event log goes: it is a ring of some size."""
    held = whole(
        access.look(server, lambda w: w.oldest_event(Channel.PROBE_RESULT)),
        N_("The event log of probe results"),
    )
    begins = held[0].time if held else None
    if begins is None:
        return Recorded(None, since, N_("its event log holds no result of any probe"))
    return Recorded(None, max(begins, since), N_("its event log begins then") if begins > since else "")


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
        return found.astimezone(UTC) if _ZONED.search(text) else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None

"""What changed on the servers, read off two pictures: the raw material of the timeline. Pure.

An AlertValue's own time is ``LastTransitionTime`` (exchange-facts §2.2: only its type is told there; that it
is when the AlertValue last changed is from memory [M]). So a change is known by its value *or* by that time:
a monitor that is Healthy again since five minutes was something else before, though nobody looked.
Recovery actions are Managed Availability's own, from its channel RecoveryActionResults (§6.4 [B]).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field, replace
from datetime import datetime
from enum import StrEnum
from typing import Final, TypeAlias

from cockpit.config.language import N_
from cockpit.exchange.model import AlertValue, MonitorHealthEntry, RecoveryAction
from cockpit.exchange.text import clean_line
from cockpit.fleet.snapshot import HealthSetReading, ProbePhase, ProbeRun, Reach, ServerSnapshot
from cockpit.frozen import dataclass

TEXT_LIMIT: Final = 300
"""Characters kept of a name or an error: a row is a line, not a report."""
AGAIN_SECONDS: Final = 86_400.0
"""After so long everything is told once more, so that whoever keeps it knows what is still there."""
STALE, RUNS = N_("stale"), N_("runs again")


class Kind(StrEnum):
    ALERT = "alert"
    """AlertValue of a monitor."""
    STALE = "stale"
    """Whether Managed Availability still runs a monitor (IsStale)."""
    ROWS = "rows"
    """Whether a POP health set gives rows."""
    REACH = "reach"
    """Whether the server answers us."""
    ACTION = "action"
    """A recovery action of Managed Availability."""
    PROBE = "probe"
    """A probe that was run by hand from a cockpit."""


FACTS: Final = frozenset({Kind.ACTION, Kind.PROBE})
"""Kinds that happened once; of the others a value holds until the next."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """One value as it was seen, or one thing that happened. Texts are cleaned and cut.

    ``what``: the monitor, the probe's identity, the action's id; empty for a health set or a server.
    ``at``: when it became so by the server's own clock, None where the server does not tell.
    ``seen``: when we read it, by this host's clock; both in seconds since the epoch.
    ``quiet``: nothing to tell when it is the first value ever seen. ``first``: this process had not seen any
    before, so that it knows of no change. ``by``: who did it.
    ``number``: a probe's latency in ms. ``mark``: what tells two facts apart that are alike otherwise.
    """

    kind: Kind
    server: str
    health_set: str
    what: str
    target: str
    value: str
    at: float | None
    seen: float
    quiet: bool = False
    by: str = ""
    detail: str = ""
    number: float | None = None
    mark: str = ""
    first: bool = False

    @property
    def subject(self) -> tuple[str, ...]:
        """What the value is of; letters' case does not matter to Exchange."""
        parts = (self.server, self.health_set, self.what, self.target)
        return (self.kind.value, *(part.casefold() for part in parts))


_Told: TypeAlias = tuple[str, float | None]


@dataclass(slots=True)
class _Known:
    """What was told of one server. ``since``: when all of it was told last."""

    snapshot: ServerSnapshot | None = None
    since: float = 0.0
    values: dict[tuple[str, ...], _Told] = field(default_factory=dict)
    facts: frozenset[tuple[object, ...]] = frozenset()


class Tracker:
    """Remembers what was told of each server, so that only news is told again."""

    def __init__(self) -> None:
        self._servers: dict[str, _Known] = {}

    def look(self, server: ServerSnapshot) -> list[Sighting]:
        """What is new about ``server``; the first time, and once a day, all of it."""
        known = self._servers.setdefault(server.name, _Known())
        if known.snapshot is server:
            return []
        known.snapshot = server
        seen = _seconds(server.last_success) or _seconds(server.last_attempt) or 0.0
        if seen - known.since > AGAIN_SECONDS:
            known.since, known.values, known.facts = seen, {}, frozenset()
        found = []
        for each in _values(server):
            before = known.values.get(each.subject)
            if before != _told(each):
                known.values[each.subject] = _told(each)
                found.append(each if before is not None else replace(each, first=True))
        facts = {(*each.subject, each.value, each.at, each.mark): each for each in _facts(server)}
        found += [each for key, each in facts.items() if key not in known.facts]
        known.facts = frozenset(facts)
        return found


def _told(sighting: Sighting) -> _Told:
    return sighting.value, sighting.at


def _seconds(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()


def _short(text: str) -> str:
    return clean_line(text, TEXT_LIMIT) if len(text) > TEXT_LIMIT else clean_line(text)


def _values(server: ServerSnapshot) -> Iterator[Sighting]:
    if (reach := _reach(server)) is not None:
        yield reach
    read = _seconds(server.last_success)
    if read is None:
        return
    for entry in server.monitors:
        yield _alert(server.name, entry, read)
        yield _stale(server.name, entry, read)
    for reading in server.readings:
        if (rows := _rows(server.name, reading)) is not None:
            yield rows


def _reach(server: ServerSnapshot) -> Sighting | None:
    """Stale is not told: it is the way to unreachable, and often back."""
    seen = _seconds(server.last_success if server.reach is Reach.LIVE else server.last_attempt)
    if seen is None or server.reach not in (Reach.LIVE, Reach.UNREACHABLE, Reach.NOT_GRANTED):
        return None
    live = server.reach is Reach.LIVE
    detail = "" if live or server.problem is None else _short(str(server.problem))
    name = _short(server.name)
    return Sighting(Kind.REACH, name, "", "", "", server.reach.value, None, seen, live, detail=detail)


def _alert(server: str, entry: MonitorHealthEntry, read: float) -> Sighting:
    well = entry.alert_value.casefold() == AlertValue.HEALTHY.casefold()
    return Sighting(
        Kind.ALERT,
        _short(server),
        _short(entry.health_set_name),
        _short(entry.name),
        _short(entry.target_resource),
        _short(entry.alert_value),
        _seconds(entry.last_transition_time),
        read,
        quiet=well,
        detail="" if well else _short(entry.error),
    )


def _stale(server: str, entry: MonitorHealthEntry, read: float) -> Sighting:
    return Sighting(
        Kind.STALE,
        _short(server),
        _short(entry.health_set_name),
        _short(entry.name),
        _short(entry.target_resource),
        STALE if entry.is_stale else RUNS,
        None,
        read,
        quiet=not entry.is_stale,
    )


def _rows(server: str, reading: HealthSetReading) -> Sighting | None:
    if reading.outcome is None or reading.problem is not None or reading.read_at is None:
        return None
    return Sighting(
        Kind.ROWS,
        _short(server),
        _short(reading.health_set),
        "",
        "",
        reading.outcome.value,
        None,
        reading.read_at.timestamp(),
        quiet=True,
        detail=_short(reading.warnings[0]) if reading.warnings else "",
    )


def _facts(server: ServerSnapshot) -> Iterator[Sighting]:
    read = _seconds(server.winrm.read_at)
    if read is not None:
        for action in server.winrm.recovery_actions or ():
            if (made := _action(server.name, action, read)) is not None:
                yield made
    for run in server.probe_runs:
        if (made := _probe(server.name, run)) is not None:
            yield made


def _action(server: str, action: RecoveryAction, read: float) -> Sighting | None:
    """None for an action without a time: it belongs nowhere."""
    at = _seconds(action.start_time) or _seconds(action.end_time)
    if at is None:
        return None
    return Sighting(
        Kind.ACTION,
        _short(server),
        "",
        _short(action.id),
        _short(action.resource_name),
        _short(action.result or action.state),
        at,
        read,
        by=_short(action.requestor_name),
        detail=_short(action.exception_message),
    )


def _probe(server: str, run: ProbeRun) -> Sighting | None:
    """None while it runs. Its time is ours: when the cmdlet came back."""
    if run.phase is ProbePhase.RUNNING or run.finished_at is None:
        return None
    result = run.result
    detail = str(run.problem or "") if result is None else result.error
    if result is None and run.phase is ProbePhase.FINISHED:
        detail = run.warnings[0] if run.warnings else ""
    value = N_("no result") if result is None else result.result_type
    return Sighting(
        Kind.PROBE,
        _short(server),
        "",
        _short(run.identity),
        "",
        _short(value),
        None,
        run.finished_at.timestamp(),
        detail=_short(detail),
        number=result.sample_value if result is not None and result.sample_value else None,
        mark=run.id,
    )

"""The timeline as frozen rows, and what follows from them without a database: order, gaps, the time away.

Times are seconds since the epoch; ``at`` by the clock of whoever tells it, all others by the database's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Final

from cockpit.fleet.sightings import Kind
from cockpit.fleet.watching import Span, gaps, merged
from cockpit.frozen import dataclass

KEPT_DAYS: Final = 30.0
KEPT_ROWS: Final = 100_000
LIVING_SECONDS: Final = 120.0
"""A watch that did not say that it ended, and was written so lately, goes on."""
MANAGED_AVAILABILITY: Final = "Managed Availability"


class Deed(StrEnum):
    """What stands in the timeline beside sightings: our own runs, from the journal, and nobody's watch."""

    RUN = "run"
    STEP = "step"
    UNWATCHED = "unwatched"


CHANGES: Final = frozenset({Kind.ALERT, Kind.STALE, Kind.ROWS, Kind.REACH})


@dataclass(frozen=True, slots=True)
class Retention:
    """How much is kept of each environment: whichever is less."""

    days: float = KEPT_DAYS
    rows: int = KEPT_ROWS


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the timeline.

    ``kind``: of :class:`~cockpit.fleet.sightings.Kind` or :class:`Deed`. ``told``: ``at`` is the server's own
    time, else when it was seen. ``former``: empty where nobody knows. ``by``: who did it; empty for a change
    that was only seen. ``run``: of the journal, else empty. ``until``: of what lasts. ``seen_at`` None: it
    was not seen but done.
    """

    at: float
    kind: str
    server: str
    health_set: str = ""
    what: str = ""
    target: str = ""
    former: str = ""
    value: str = ""
    by: str = ""
    detail: str = ""
    seen_at: float | None = None
    told: bool = False
    number: float | None = None
    run: str = ""
    until: float | None = None


@dataclass(frozen=True, slots=True)
class Watch:
    """A span in which ``operator``'s cockpit heard servers. ``ended``: it said so itself."""

    since: float
    until: float
    operator: str
    origin: str
    process: str
    ended: bool

    @property
    def span(self) -> Span:
        return Span(self.since, self.until)


@dataclass(frozen=True, slots=True)
class Past:
    """The timeline of a time: entries newest first, with the gaps among them. ``cut``: there is more."""

    since: float
    until: float
    entries: tuple[Entry, ...]
    watched: tuple[Span, ...]
    unwatched: tuple[Span, ...]
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Away:
    """What happened since this operator looked last. ``since``: the end of that watch."""

    since: float
    changes: int
    actions: int
    runs: int
    servers: int
    unwatched: tuple[Span, ...]


def past(
    entries: Iterable[Entry], watches: Iterable[Watch], since: float, until: float, cut: bool = False
) -> Past:
    """Entries and the time nobody watched, in one order: newest first. Where entries were cut off, gaps
    before the oldest one that is left are too."""
    kept = list(entries)
    start = min((e.at for e in kept), default=since) if cut else since
    spans = merged(w.span for w in watches)
    holes = gaps(spans, max(start, since), until)
    lines = [*kept, *(_gap(hole) for hole in holes)]
    lines.sort(key=lambda e: e.until or e.at, reverse=True)
    return Past(since, until, tuple(lines), spans, holes, cut)


def _gap(span: Span) -> Entry:
    return Entry(span.since, Deed.UNWATCHED.value, "", until=span.until)


def away_since(watches: Sequence[Watch], operator: str, process: str, now: float) -> float | None:
    """When ``operator`` looked last. None: never, or another cockpit of theirs looks now."""
    own = [w for w in watches if w.operator == operator and w.process != process]
    if not own or any(not w.ended and w.until > now - LIVING_SECONDS for w in own):
        return None
    return max(w.until for w in own)


def away(since: float, now: float, entries: Iterable[Entry], watches: Iterable[Watch], operator: str) -> Away:
    """What is new since then: changes by when they were seen, since nobody has seen them earlier; what was
    done by when it was done. Runs and probes of the operator's own are no news."""
    changes, actions, runs = [], [], []
    for entry in entries:
        if entry.kind in CHANGES and entry.seen_at is not None and entry.seen_at > since:
            changes.append(entry)
        elif entry.kind == Kind.ACTION and entry.at > since:
            actions.append(entry)
        elif entry.kind == Deed.RUN and entry.at > since and entry.by != operator:
            runs.append(entry)
    servers = {e.server.casefold() for e in (*changes, *actions, *runs)}
    holes = gaps((w.span for w in watches), since, now)
    return Away(since, len(changes), len(actions), len({e.run for e in runs}), len(servers), holes)

"""When somebody looked: spans of watching, and the gaps between them. Pure; seconds since the epoch.

A cockpit watches while servers answer it, not while it is open: polling may be paused, the network gone, the
laptop asleep. So a span lasts from answer to answer.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from cockpit.fleet.snapshot import FleetSnapshot
from cockpit.frozen import dataclass

PATIENCE_POLLS: Final = 3.0
PATIENCE_SECONDS: Final = 30.0
"""Without an answer for so many polls and seconds nobody watches any more."""
LEAST_GAP: Final = 60.0
"""A shorter one, as when a cockpit is opened again, is not told: a poll is hardly longer."""


@dataclass(frozen=True, slots=True)
class Span:
    """``since`` before ``until``, or the same moment."""

    since: float
    until: float


def heard(fleet: FleetSnapshot) -> float | None:
    """When any server answered last; None before the first answer."""
    answers = (s.last_success for s in fleet.servers.values() if s.last_success is not None)
    newest = max(answers, default=None)
    return None if newest is None else newest.timestamp()


def patience(fleet: FleetSnapshot) -> float:
    """Seconds between two answers that are still one watch."""
    return fleet.status.interval * PATIENCE_POLLS + PATIENCE_SECONDS


def lengthened(span: Span | None, moment: float, patient: float) -> Span:
    """``span`` up to an answer at ``moment``, or a new span that begins there."""
    if span is None or moment - span.until > patient:
        return Span(moment, moment)
    return Span(span.since, max(span.until, moment))


def merged(spans: Iterable[Span]) -> tuple[Span, ...]:
    """The same time in as few spans as hold it, in order."""
    found: list[Span] = []
    for span in sorted(spans, key=lambda s: (s.since, s.until)):
        if found and span.since <= found[-1].until:
            found[-1] = Span(found[-1].since, max(found[-1].until, span.until))
        else:
            found.append(span)
    return tuple(found)


def gaps(spans: Iterable[Span], since: float, until: float, least: float = LEAST_GAP) -> tuple[Span, ...]:
    """The time from ``since`` to ``until`` that no span covers, in order; without gaps under ``least``."""
    found: list[Span] = []
    end = since
    for span in (*merged(spans), Span(until, until)):
        start = min(span.since, until)
        if start - end >= least:
            found.append(Span(end, start))
        end = max(end, span.until)
    return tuple(found)

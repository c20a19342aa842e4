"""The time of a line, and the times by which the lines of a log are ordered among those of others."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, TypeAlias

from cockpit.poplog.parse import Layout, cells_of, decoded, moment

NEVER: Final = datetime.min.replace(tzinfo=UTC)
ASTRAY: Final = timedelta(hours=1)
"""What a time may be off from those around it and still be gone by."""

Times: TypeAlias = Sequence[datetime | None]


def time_of(raw: bytes, layout: Layout | None) -> datetime | None:
    """The time of a line, without taking it apart where the time comes first."""
    place = layout.places[0] if layout is not None else 0
    if place == 0 and raw[:1] != b'"':
        comma = raw.find(b",", 0, 64)
        if comma < 0:
            return None
        return moment(raw[:comma].decode("ascii", "replace"))
    if place < 0:
        return None
    cells = cells_of(decoded(raw))
    return moment(cells[place]) if cells is not None and place < len(cells) else None


def ordering(times: Times, seed: datetime) -> list[datetime]:
    """For lines with ``times`` the times they are ordered by, which never fall: those of a writer's threads
    may, by some milliseconds. A line without a time has that of the one above it, the first ``seed``; so
    has one whose time is ASTRAY, which else would hold back all that follow."""
    kept = credible(times)
    first = next((time for time in kept if time is not None), None)
    now = NEVER if first is not None and seed - first > ASTRAY else seed
    found = []
    for time in kept:
        if time is not None and time > now:
            now = time
        found.append(now)
    return found


def credible(times: Times) -> Times:
    """``times`` without those that do not fit between the ones around them, as the most of them have it."""
    steady = _longest_rise(times)
    if steady is None:
        return times
    found: list[datetime | None] = list(times)
    for n, time in enumerate(times):
        if time is None:
            continue
        next_one = bisect_right(steady, n)
        above = times[steady[next_one - 1]] if next_one else None
        below = times[steady[next_one]] if next_one < len(steady) else None
        if (above is not None and above - time > ASTRAY) or (below is not None and time - below > ASTRAY):
            found[n] = None
    return found


def _longest_rise(times: Times) -> list[int] | None:
    """Numbers of a longest row of times that never fall; None where they all are."""
    ends: list[datetime] = []
    numbers: list[int] = []
    before: dict[int, int] = {}
    falls = False
    for n, time in enumerate(times):
        if time is None:
            continue
        place = len(ends) if not ends or ends[-1] <= time else bisect_right(ends, time)
        falls = falls or place < len(ends)
        ends[place : place + 1] = [time]
        numbers[place : place + 1] = [n]
        before[n] = numbers[place - 1] if place else -1
    if not falls:
        return None
    found, at = [], numbers[-1]
    while at >= 0:
        found.append(at)
        at = before[at]
    return found[::-1]

"""Which sightings are news, though several cockpits see the same. Pure.

Several cockpits see one change at different moments, and tell it in any order. What a server itself says of
the time is the same for all of them; where it says nothing, the value that was seen last decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from cockpit.fleet.sightings import FACTS, Sighting
from cockpit.journal.chain import canonical, sha256

REFRESH_SECONDS: Final = 43_200.0
"""A value that stays the same is marked as seen again so often, so that it is not forgotten as gone."""


@dataclass(frozen=True, slots=True)
class State:
    """A subject's value as it was seen last. ``at``: since when, by the server; None: it does not tell."""

    value: str
    at: float | None
    seen_at: float


@dataclass(frozen=True, slots=True)
class Judged:
    """``new``: a row to write, with ``former``. ``state``: what is known from now on; None: as before."""

    new: bool
    former: str = ""
    state: State | None = None


def judge(sighting: Sighting, seen_at: float, known: State | None) -> Judged:
    """What ``sighting`` adds to what is known. ``seen_at``: when, by the clock that all share."""
    if sighting.kind in FACTS:
        return Judged(True)
    now = State(sighting.value, sighting.at, seen_at)
    if known is None:
        return Judged(not sighting.quiet, "", now)
    if (known.value, known.at) == (now.value, now.at):
        return Judged(False, "", now if seen_at - known.seen_at > REFRESH_SECONDS else None)
    newer = seen_at > known.seen_at
    if now.at is None or known.at is None:
        # Without the server's word an older view tells nothing, and a time that is learnt is no change.
        changed = newer and now.value != known.value
        return Judged(changed, known.value if changed else "", now if newer else None)
    if sighting.first and not newer:
        return Judged(False)  # somebody began to look just before the change, and is told of later
    return Judged(True, known.value if newer else "", now if newer else None)


def subject_key(environment: str, sighting: Sighting) -> str:
    """The key of what the sighting is of."""
    return sha256(canonical([environment, *sighting.subject]))


def row_key(environment: str, sighting: Sighting, seen_at: float) -> str:
    """The key under which the same sighting of two cockpits is one row. Where the server tells no time, that
    is when it was seen: :func:`judge` has seen to it that only one of them is new."""
    at = seen_at if sighting.at is None else sighting.at
    what: tuple[object, ...] = (*sighting.subject, sighting.value, sighting.mark)
    return sha256(canonical([environment, *what, None if sighting.mark else round(at, 6)]))

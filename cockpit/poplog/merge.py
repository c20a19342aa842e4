"""Many logs put together by time, each by its own server's clock. Pure.

Two clocks of ours are asked: the wall's, in seconds since the epoch, for what the rows' times mean, and one
that never jumps for how long they are held.

A row waits until every healthy stream was read up to its time, and at most ``HOLD_SECONDS``, so that a server
that says nothing does not hold up the others. One stream's own order is never changed; a row that comes too
late for its place is passed on at once.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from cockpit.poplog.document import Entry
from cockpit.poplog.follow import Measured
from cockpit.poplog.ring import weigh

HOLD_SECONDS: Final = 2.0
CLOCK_SECONDS: Final = 60.0
"""How long the best look at a server's clock counts: the quicker the answer, the better the look."""
_TICK: Final = 0.02
"""Seconds by which the clock of a Windows server goes on at a time, and a little more [M]."""
_NEVER: Final = float("-inf")
_ANY: Final = float("inf")


@dataclass(slots=True)
class ServerClock:
    """How far a server's clock is ahead of ours, by the best of the latest looks at it."""

    best: Measured | None = None

    def saw(self, look: Measured) -> None:
        """Take a look into account: a quicker one counts more, and an old one not for ever."""
        if self.best is None or look.took <= self.best.took or abs(look.at - self.best.at) > CLOCK_SECONDS:
            self.best = look

    @property
    def ahead(self) -> float | None:
        """Seconds; none where the look is too coarse to tell it from none: clocks that are right then agree
        to the millisecond, as their rows do."""
        if self.best is None:
            return None
        return self.best.ahead if abs(self.best.ahead) > max(self.best.took / 2, _TICK) else 0.0


@dataclass(frozen=True, slots=True)
class _Held:
    """``at``: as the server has it; ``wall``, ``steady``: ours when it came. ``weight``: bytes of memory."""

    at: float
    wall: float
    steady: float
    entry: Entry
    weight: int


@dataclass(slots=True)
class _Stream:
    """``whole_to``: it was read to its end then. ``newest``: the row that came last. ``ahead``: what is known
    of its clock by now."""

    held: deque[_Held] = field(default_factory=deque)
    whole_to: float = _NEVER
    newest: _Held | None = None
    ahead: float = 0.0
    healthy: bool = True

    def time(self, held: _Held) -> float:
        """By our clock. No row is from the future."""
        return min(held.at - self.ahead, held.wall)

    @property
    def read_to(self) -> float:
        """Every row up to then has come."""
        return max(self.whole_to, self.time(self.newest)) if self.newest else self.whole_to


class Merger:
    """Rows in, per stream; rows out, in order of time. Streams are numbers from 0 on.

    ``held``, ``weight``: rows that are held, and about how many bytes of memory they take. ``cut``: the last
    time more rows could have gone out than were let."""

    def __init__(self, streams: int, hold: float = HOLD_SECONDS) -> None:
        self._streams = [_Stream() for _ in range(streams)]
        self._hold = hold
        self.held = self.weight = 0
        self.cut = False

    def add(self, stream: int, entries: Iterable[Entry], wall: float, steady: float) -> None:
        """Rows of a stream, in its order, read just now. A row without a time has that of the row before."""
        to = self._streams[stream]
        for entry in entries:
            before = to.newest.at if to.newest else _NEVER
            at = before if entry.row.at is None else entry.row.at.timestamp()
            to.newest = _Held(at, wall, steady, entry, weigh(entry))
            to.held.append(to.newest)
            self.held += 1
            self.weight += to.newest.weight

    def clock(self, stream: int, ahead: float | None) -> None:
        """How far the clock of the stream's server is ahead of ours; also for the rows that are held."""
        self._streams[stream].ahead = ahead or 0.0

    def whole(self, stream: int, at: float) -> None:
        """The stream was read to its end by a read that began at ``at`` (wall)."""
        self._streams[stream].whole_to = max(self._streams[stream].whole_to, at)

    def health(self, stream: int, healthy: bool) -> None:
        """Nobody waits for a stream that cannot be read."""
        self._streams[stream].healthy = healthy

    def due(self, steady: float) -> float | None:
        """Seconds until something must go out, whatever the others do; None where nothing is held."""
        came = [s.held[0].steady for s in self._streams if s.held]
        return max(0.0, min(came) + self._hold - steady) if came else None

    def release(self, steady: float, most: int, size: float = _ANY) -> list[Entry]:
        """At most ``most`` rows whose time has come, and of more than one about ``size`` bytes of memory."""
        return self._out(max(self._safe(), self._overdue(steady)), most, size)

    def safe(self, most: int, size: float = _ANY) -> list[Entry]:
        """Of the rows before which none can come any more as many as ``release``."""
        return self._out(self._safe(), most, size)

    def holds(self, stream: int) -> bool:
        """Whether rows of the stream are held."""
        return bool(self._streams[stream].held)

    def rest(self, most: int, size: float = _ANY) -> list[Entry]:
        """Of all that is held as many as ``release``: nothing more will come."""
        return self._out(float("inf"), most, size)

    def _safe(self) -> float:
        return min((s.read_to for s in self._streams if s.healthy), default=float("inf"))

    def _overdue(self, steady: float) -> float:
        """The latest time of a row that was held long enough."""
        latest = _NEVER
        for stream in self._streams:
            for held in stream.held:
                if steady - held.steady < self._hold:
                    break
                latest = max(latest, stream.time(held))
        return latest

    def _out(self, limit: float, most: int, size: float) -> list[Entry]:
        """By the streams' first rows: one that must wait lets those behind it wait as well."""
        heads = [(s.time(s.held[0]), n) for n, s in enumerate(self._streams) if s.held]
        heapq.heapify(heads)
        found: list[Entry] = []
        weight = 0
        self.cut = False
        while heads and heads[0][0] <= limit:
            _, n = heads[0]
            stream = self._streams[n]
            if found and (len(found) >= most or weight + stream.held[0].weight > size):
                self.cut = True
                break
            out = stream.held.popleft()
            found.append(out.entry)
            weight += out.weight
            if stream.held:
                heapq.heapreplace(heads, (stream.time(stream.held[0]), n))
            else:
                heapq.heappop(heads)
        self.held -= len(found)
        self.weight -= weight
        return found

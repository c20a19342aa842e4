"""A recording as a feed: the screens that show it know nothing of it. It dials nobody."""

from __future__ import annotations

import asyncio
import math
import time
from bisect import bisect_right
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cockpit.fleet.feed import FeedLostError
from cockpit.fleet.messages import Command
from cockpit.fleet.recording import RecordingError
from cockpit.fleet.recording_reader import Moment, Recording
from cockpit.fleet.replay_clock import ReplayClock, next_speed
from cockpit.fleet.snapshot import FleetDiff, FleetSnapshot, apply, diff

PACE_SECONDS: Final = 0.25
"""The least time between two diffs, as the collector's: a fast replay shows every so many pictures."""
NOTE_SECONDS: Final = 60.0
"""Recorded time for which a note is told."""


@dataclass(frozen=True, slots=True)
class ReplayState:
    """Where a replay stands. ``note``: what the recording says happened just before ``at``, else empty."""

    at: datetime
    begin: datetime
    end: datetime
    speed: float
    playing: bool
    note: str = ""

    @property
    def ended(self) -> bool:
        return self.at >= self.end


class ReplayFeed:
    """A :class:`~cockpit.fleet.feed.Feed` of what was recorded, and the keys that move it.

    Commands of the screen are for a collector, which is not here: they are left alone. All methods belong to
    the event loop; blocks are read in threads.
    """

    def __init__(
        self,
        recording: Recording,
        *,
        speed: float = 1.0,
        at: datetime | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """``at``: where to begin; None: at the beginning."""
        self._recording = recording
        self._monotonic = monotonic
        self._clock = ReplayClock(recording.begin, recording.end, speed, monotonic())
        self._block = 0
        self._moments: list[Moment] = []
        self._next = 0
        self._shown = FleetSnapshot()
        self._note: Moment | None = None
        self._jumped = True
        self._steps = 0
        self._paced = 0.0
        """When the next picture may be shown, where the clock brings it."""
        self._moved = asyncio.Event()
        if at is not None:
            self._clock.go(at, monotonic())

    # --- the feed ----------------------------------------------------------------------------------

    async def start(self) -> None:
        """The clock begins to run where it was put."""
        self._clock.go(self.now(), self._monotonic())
        self._jumped = True

    async def diffs(self) -> AsyncIterator[FleetDiff]:
        """The first from an empty picture; ends never. Raises FeedLostError where the file cannot be read."""
        self._shown = FleetSnapshot()
        first = True
        try:
            while True:
                picture = await self._due()
                if picture is None:
                    continue
                change = diff(self._shown, picture)
                if first or change != FleetDiff(self._shown.seq):
                    self._shown = apply(self._shown, change)
                    first = False
                    yield change
        except RecordingError as error:
            raise FeedLostError(str(error)) from error

    def send(self, command: Command) -> None:
        """Nobody is there to take it."""

    async def close(self) -> None:
        return

    # --- what the operator does ----------------------------------------------------------------------

    def now(self) -> datetime:
        """The recorded time."""
        return self._clock.at(self._monotonic())

    def state(self) -> ReplayState:
        clock, at, note = self._clock, self.now(), self._note
        fresh = note is not None and timedelta() <= at - note.at <= timedelta(seconds=NOTE_SECONDS)
        words = note.note if note is not None and fresh else ""
        return ReplayState(at, clock.begin, clock.end, clock.speed, clock.playing, words)

    def toggle_pause(self) -> bool:
        """True when it stands still from now on."""
        self._clock.play(not self._clock.playing, self._monotonic())
        self._moved.set()
        return not self._clock.playing

    def change_speed(self, faster: bool) -> float | None:
        """The next step of the ladder, None at its end."""
        speed = next_speed(self._clock.speed, faster)
        if speed is not None:
            self._clock.run_at(speed, self._monotonic())
            self._moved.set()
        return speed

    def jump(self, to: datetime) -> None:
        """Go to a recorded time, or as near to it as there is."""
        self._clock.go(to, self._monotonic())
        self._jumped, self._steps = True, 0
        self._moved.set()

    def step(self, count: int) -> None:
        """Stand still at the next thing recorded, or with -1 at the one before."""
        self._clock.play(False, self._monotonic())
        self._steps += count
        self._moved.set()

    # --- how it moves ---------------------------------------------------------------------------------

    async def _due(self) -> FleetSnapshot | None:
        """What to show now, once something is due or wanted; None where nothing is new."""
        self._moved.clear()
        if self._jumped:
            self._jumped = False
            return await self._seek(self.now())
        if self._steps:
            count = 1 if self._steps > 0 else -1
            self._steps -= count
            return await self._step(count)
        coming = await self._coming()
        now = self._monotonic()
        wait = math.inf if coming is None else max(self._clock.until(coming.at, now), self._paced - now)
        if wait > 0:
            await self._rest(wait)
            return None
        self._paced = now + PACE_SECONDS
        return await self._catch_up(self.now())

    async def _rest(self, seconds: float) -> None:
        """Until then, or until the operator does something."""
        with suppress(TimeoutError):
            async with asyncio.timeout(None if math.isinf(seconds) else seconds):
                await self._moved.wait()

    async def _load(self, block: int) -> None:
        if block != self._block or not self._moments:
            self._moments = await asyncio.to_thread(self._recording.moments, block)
            self._block = block

    async def _seek(self, moment: datetime) -> FleetSnapshot:
        await self._load(self._recording.block_at(moment))
        self._next = max(bisect_right(self._moments, moment, key=lambda m: m.at), 1)
        return self._arrived()

    async def _catch_up(self, moment: datetime) -> FleetSnapshot:
        """Everything until ``moment`` in one picture."""
        await self._coming()
        if self._recording.block_at(moment) > self._block:
            return await self._seek(moment)
        self._next = max(bisect_right(self._moments, moment, key=lambda m: m.at), self._next)
        return self._arrived()

    async def _coming(self) -> Moment | None:
        """The next thing recorded, None at the end."""
        if self._next >= len(self._moments) and self._block + 1 < len(self._recording.blocks):
            await self._load(self._block + 1)
            self._next = 0
        return self._moments[self._next] if self._next < len(self._moments) else None

    async def _step(self, count: int) -> FleetSnapshot | None:
        moved = await self._forth() if count > 0 else await self._back()
        if not moved:
            return None
        self._clock.go(self._moments[self._next - 1].at, self._monotonic())
        return self._arrived()

    async def _forth(self) -> bool:
        if await self._coming() is None:
            return False
        self._next += 1
        return True

    async def _back(self) -> bool:
        """The place between two blocks is the end of the one and the beginning of the other."""
        if self._next == 0:
            await self._load_before()
        if self._next == 1 and self._block == 0:
            return False
        self._next -= 1
        if self._next == 0:
            await self._load_before()
        return True

    async def _load_before(self) -> None:
        await self._load(self._block - 1)
        self._next = len(self._moments)

    def _arrived(self) -> FleetSnapshot:
        """The picture of the last thing that has happened; the last note of this block is kept."""
        passed = self._moments[: self._next]
        self._note = next((m for m in reversed(passed) if m.note), None)
        return passed[-1].picture

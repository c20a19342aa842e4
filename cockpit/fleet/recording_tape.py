"""Recording beside whoever shows the pictures: they know nothing of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from cockpit.config.language import N_
from cockpit.fleet.feed import Feed, FeedLostError
from cockpit.fleet.messages import Command, Survey
from cockpit.fleet.snapshot import FleetDiff, FleetSnapshot, apply, carried

if TYPE_CHECKING:
    from cockpit.fleet.recording_writer import Recorder


def _utc_now() -> datetime:
    return datetime.now(UTC)


def _nobody(_: str) -> None:
    return


class Tape:
    """What is shown, and the recorder that takes it while there is one. ``environment``: whose pictures they
    are; ``now``: the present time.

    ``told``: called with a sentence when a recording ends early, on the writer's thread.
    """

    def __init__(self, environment: str, now: Callable[[], datetime] = _utc_now) -> None:
        self.environment = environment
        self.told: Callable[[str], None] = _nobody
        self._now = now
        self._recorder: Recorder | None = None
        self._base = self._shown = FleetSnapshot()

    @property
    def path(self) -> Path | None:
        """Where it is recorded to; None while nothing is written."""
        recorder = self._recorder
        return recorder.path if recorder is not None and not recorder.problem else None

    def begin(self, path: Path) -> None:
        """Record from now on, beginning with what is shown. Raises RecordingError."""
        from cockpit.fleet.recording_writer import Recorder  # not needed for the first paint

        self.stop()
        self._recorder = Recorder(path, self.environment, now=self._now, tell=lambda words: self.told(words))
        self._recorder.take(self._shown)

    def stop(self) -> None:
        """Record no more; what waits is still written. Never waits."""
        recorder, self._recorder = self._recorder, None
        if recorder is not None:
            recorder.finish()

    def end(self) -> None:
        """``stop``, and wait until all is written; bounded."""
        recorder, self._recorder = self._recorder, None
        if recorder is not None:
            recorder.close()

    def take(self, change: FleetDiff, first: bool) -> None:
        """A diff came; ``first``: from an empty picture."""
        self._base = apply(FleetSnapshot() if first else self._base, change)
        self._shown = carried(self._shown, self._base)
        if self._recorder is not None:
            self._recorder.take(self._shown)

    def note(self, words: str) -> None:
        if self._recorder is not None:
            self._recorder.note(words)


class TapedFeed:
    """A :class:`~cockpit.fleet.feed.Feed` whose diffs pass a tape. While it records, the collector is asked
    for a survey too, so that the recording holds all that a lab of it needs."""

    def __init__(self, feed: Feed, tape: Tape) -> None:
        self._feed = feed
        self.tape = tape

    async def start(self) -> None:
        await self._feed.start()
        if self.tape.path is not None:
            self._feed.send(Survey(True))

    async def diffs(self) -> AsyncIterator[FleetDiff]:
        first = True
        try:
            async for change in self._feed.diffs():
                self.tape.take(change, first)
                first = False
                yield change
        except FeedLostError as lost:
            self.tape.note(N_("No live data from here on: {lost}").format(lost=lost))
            raise

    def send(self, command: Command) -> None:
        self._feed.send(command)

    def record(self, path: Path) -> None:
        """Begin a recording. Raises RecordingError."""
        self.tape.begin(path)
        self._feed.send(Survey(True))

    def stop_recording(self) -> None:
        """End it; the survey ends too."""
        self._feed.send(Survey(False))
        self.tape.stop()

    async def close(self) -> None:
        await self._feed.close()

"""The live picture for a command line: read every server once, or follow the changes.

The same collector as the screen's, on a thread of this process.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from types import TracebackType

from cockpit.config.environment import Environment
from cockpit.config.secrets import Secret
from cockpit.exchange import catalogue
from cockpit.fleet.collector import Collector
from cockpit.fleet.messages import Survey
from cockpit.fleet.recording_tape import Tape
from cockpit.fleet.snapshot import FleetDiff, FleetSnapshot, ServerSnapshot, apply


class Follower:
    """A collector on a thread; ``pictures`` yields each new picture.

    ``only``: short names of the servers to read; empty: all. ``tape``: records what comes; then a survey is
    made too.
    """

    def __init__(
        self,
        environment: Environment,
        secret: Secret | None,
        only: frozenset[str] = frozenset(),
        tape: Tape | None = None,
    ) -> None:
        self._fleet = FleetSnapshot()
        self._left = False
        self._broken: Exception | None = None
        self._changed = threading.Condition()
        self._tape = tape
        self._first = True
        self._collector = Collector(environment, secret, self._take, only=only)
        self._thread = threading.Thread(target=self._collect, name="collector", daemon=True)

    def __enter__(self) -> Follower:
        if self._tape is not None:
            self._collector.tell(Survey(True))
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._collector.stop()
        self._thread.join()

    def _collect(self) -> None:
        try:
            self._collector.run()
        except Exception as error:
            with self._changed:
                self._broken = error
                self._changed.notify()

    def _take(self, change: FleetDiff) -> None:
        """On the collector's thread. Only the newest picture is kept: a slow reader costs no memory."""
        if self._tape is not None:
            self._tape.take(change, self._first)
            self._first = False
        with self._changed:
            self._fleet = apply(self._fleet, change)
            self._changed.notify()

    def leave(self) -> None:
        """From any thread: whoever waits for a picture need wait no longer."""
        with self._changed:
            self._left = True
            self._changed.notify()

    @property
    def left(self) -> bool:
        return self._left

    def newer(self, seen: FleetSnapshot, seconds: float | None = None) -> FleetSnapshot | None:
        """The newest picture once it is another one than ``seen``; None after ``seconds`` (None: never), and
        once ``leave`` was called. Raises what the collector broke on."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._fleet.seq != seen.seq or self._left or self._broken is not None, seconds
            )
            if self._broken is not None:
                raise self._broken
            return self._fleet if self._fleet.seq != seen.seq and not self._left else None

    def pictures(self, seconds: float | None = None) -> Iterator[FleetSnapshot]:
        """The newest picture whenever it is new, for at most ``seconds``."""
        seen = FleetSnapshot()
        deadline = None if seconds is None else time.monotonic() + seconds
        while True:
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            found = self.newer(seen, left)
            if found is None:
                return
            seen = found
            yield seen


def has_pop(server: ServerSnapshot) -> bool:
    """False for a server without a POP tier (Edge): nobody asks it."""
    return bool(catalogue.tiers(server.server.version, server.server.roles))


def complete(fleet: FleetSnapshot, only: frozenset[str] = frozenset()) -> bool:
    """Every server has been asked once, or nobody could be asked at all."""
    if fleet.status.problem is not None:
        return True
    wanted = [s for s in fleet.servers.values() if not only or s.name.lower() in only]
    asked = all(s.last_attempt is not None or not has_pop(s) for s in wanted)
    return fleet.status.organization_read_at is not None and asked


def read_once(
    environment: Environment, secret: Secret | None, only: frozenset[str], seconds: float
) -> FleetSnapshot:
    """The first complete picture, or as much as could be had in ``seconds``."""
    fleet = FleetSnapshot()
    with Follower(environment, secret, only) as follower:
        for fleet in follower.pictures(seconds):
            if complete(fleet, only):
                break
    return fleet

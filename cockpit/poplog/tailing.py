"""Logs of many servers followed at the same time, and what they bring as batches, in order of time.

A thread for each server reads (``polling``); the thread that calls ``run`` merges and hands out.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from cockpit.poplog.beginning import FromEnd
from cockpit.poplog.document import Entry
from cockpit.poplog.feed import Batch, Happened, Notice, StreamState
from cockpit.poplog.follow import Follower, Step
from cockpit.poplog.merge import HOLD_SECONDS, Merger, ServerClock
from cockpit.poplog.names import Writer
from cockpit.poplog.polling import Log, Poller
from cockpit.poplog.source import LogSource

BATCH_SECONDS: Final = 0.5
BATCH_ROWS: Final = 5_000
BATCH_BYTES: Final = 16_000_000
"""Of memory; a row that is more goes alone."""
HELD_ROWS: Final = 20_000
HELD_BYTES: Final = 64_000_000
"""Rows in memory, and about what they take of it, waiting to be handed out, above which nothing more is read:
some 20,000 of the usual length, and far fewer of the longest."""
_END_SECONDS: Final = 1.0
"""What a reader may take to close its session at the end; one that waits for an answer is left behind."""


@dataclass(frozen=True, slots=True)
class Followed:
    """The logs of one source: ``writers``, or with ``file`` that file first. For ``start`` and ``chain`` see
    :class:`~cockpit.poplog.follow.Follower`. ``server``: its name in the rows."""

    source: LogSource
    server: str
    writers: tuple[Writer | None, ...]
    start: FromEnd = FromEnd()  # noqa: RUF009 -- frozen
    file: str = ""
    chain: bool = True


class Tailing:
    """Follows until told to stop; ``once``: hands out what there is now, in order of time, and ends.

    ``emit`` gets each batch on the thread of :meth:`run`, at most two a second; while it does not return,
    reading stops by itself. ``once``: rows come when every log was read, or when more are held than may be:
    then up to where all logs were read.
    """

    def __init__(
        self,
        followed: Iterable[Followed],
        emit: Callable[[Batch], None],
        *,
        once: bool = False,
        hold: float = HOLD_SECONDS,
    ) -> None:
        self._emit = emit
        self._once = once
        self._stop = threading.Event()
        self._changed = threading.Condition()
        self._logs: list[Log] = []
        self._pollers: list[Poller] = []
        self._clocks: list[ServerClock] = []
        for one in followed:
            self._add(one)
        self._merger = Merger(len(self._logs), hold)
        self._notices: list[Notice] = []
        self._states: list[StreamState] = []
        self._problems = [""] * len(self._logs)
        self._news = False
        self._running = 0
        self._waiting: set[int] = set()
        """Logs whose reader waits for room."""

    def _add(self, one: Followed) -> None:
        clock = ServerClock()
        logs: list[Log] = []
        for writer in one.writers:
            follower = Follower(one.source, one.server, writer, one.start, file=one.file, chain=one.chain)
            logs.append(Log(len(self._logs) + len(logs), follower))
            self._clocks.append(clock)
        self._logs += logs
        self._pollers.append(Poller(one.source, logs, self, self._stop, once=self._once))

    # --- the threads that read ---------------------------------------------------------------------

    def take(self, log: int, step: Step) -> None:
        """See :class:`~cockpit.poplog.polling.Hub`."""
        with self._changed:
            if step.clock is not None:
                self._clocks[log].saw(step.clock)
                for n, clock in enumerate(self._clocks):
                    if clock is self._clocks[log]:
                        self._merger.clock(n, clock.ahead)
            self._merger.add(log, step.entries, time.time(), time.monotonic())
            if step.whole_at is not None:
                self._merger.whole(log, step.whole_at)
            self._notices += step.notices
            self._news = True
            self._changed.notify_all()
            self._waiting.add(log)
            self._changed.wait_for(lambda: self._has_room(log) or self._stop.is_set())
            self._waiting.discard(log)

    def _has_room(self, log: int) -> bool:
        """Of a log of which nothing is held the next rows are what the others' wait for."""
        return not self._full or (self._once and not self._merger.holds(log))

    @property
    def _full(self) -> bool:
        return self._merger.held >= HELD_ROWS or self._merger.weight >= HELD_BYTES

    def trouble(self, log: int, problem: str, kind: Happened | None, text: str) -> None:
        """See :class:`~cockpit.poplog.polling.Hub`."""
        follower = self._logs[log].follower
        with self._changed:
            self._problems[log] = problem
            self._merger.health(log, kind is not Happened.LOST)
            if kind is not None:
                self._notices.append(Notice(follower.server, follower.writer, kind, text))
            self._news = True
            self._changed.notify_all()

    def _read(self, poller: Poller) -> None:
        try:
            poller.run()
        finally:
            with self._changed:
                self._running -= 1
                self._news = True
                self._changed.notify_all()

    # --- the thread that hands out -----------------------------------------------------------------

    def run(self) -> None:
        """Hand out batches until :meth:`stop`, or until no log is left to be read."""
        threads = [
            threading.Thread(target=self._read, args=(poller,), name="logs", daemon=True)
            for poller in self._pollers
        ]
        self._running = len(threads)
        for thread in threads:
            thread.start()
        try:
            while not self._stop.is_set():
                batch, more = self._next()
                if batch is not None:
                    self._emit(batch)
                if not more:
                    return
                if batch is not None and not self._once:
                    self._stop.wait(BATCH_SECONDS)
        finally:
            self.stop()
            deadline = time.monotonic() + _END_SECONDS
            for thread in threads:
                thread.join(max(0.0, deadline - time.monotonic()))

    def stop(self) -> None:
        """End; from any thread."""
        self._stop.set()
        with self._changed:
            self._changed.notify_all()

    def _next(self) -> tuple[Batch | None, bool]:
        """The next batch, None when there is nothing to say, and whether there will be more."""
        with self._changed:
            due = None if self._once else self._merger.due(time.monotonic())
            self._changed.wait_for(lambda: self._news or self._stop.is_set(), due)
            over = self._running == 0
            entries = self._released(over)
            self._news = self._merger.cut or (self._once and bool(entries))
            notices, self._notices = tuple(self._notices), []
            states = self._changed_states()
            self._changed.notify_all()
            more = not over or self._merger.held > 0
        said = bool(entries or notices or states)
        return (Batch(tuple(entries), notices, states) if said else None), more

    def _released(self, over: bool) -> list[Entry]:
        merger, most = self._merger, (BATCH_ROWS, BATCH_BYTES)
        if over:
            return merger.rest(*most)
        if not self._once:
            return merger.release(time.monotonic(), *most)
        if not self._full:
            return []
        # Nobody reads on, and nothing is sure of its place: the order of time cannot be had in this room.
        return merger.safe(*most) or (merger.rest(*most) if self._stuck() else [])

    def _stuck(self) -> bool:
        return len(self._waiting) >= self._running and not any(map(self._has_room, self._waiting))

    def _changed_states(self) -> tuple[StreamState, ...]:
        states = [self._state(n) for n in range(len(self._logs))]
        if states == self._states:
            return ()
        self._states = states
        return tuple(states)

    def _state(self, n: int) -> StreamState:
        at = self._logs[n].follower
        return StreamState(
            at.server, at.writer, at.file, at.offset, at.behind, self._clocks[n].ahead, self._problems[n]
        )

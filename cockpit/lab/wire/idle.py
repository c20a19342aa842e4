"""Idle time-outs that cost nothing while nothing happens: one lazily re-armed timer each."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class IdleWatch:
    """Calls ``expired`` once, after ``seconds`` without a :meth:`busy` span.

    Work only notes the time; the timer, when it fires early, re-arms itself for the rest.
    """

    __slots__ = ("_busy", "_expired", "_loop", "_seconds", "_timer", "_touched")

    def __init__(self, seconds: float, expired: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._seconds = seconds
        self._expired = expired
        self._busy = 0
        self._touched = self._loop.time()
        self._timer: asyncio.TimerHandle | None = self._loop.call_later(seconds, self._look)

    @property
    def idle_seconds(self) -> float:
        return 0.0 if self._busy else self._loop.time() - self._touched

    @contextmanager
    def busy(self) -> Iterator[None]:
        """Never idle inside."""
        self._busy += 1
        try:
            yield
        finally:
            self._busy -= 1
            self._touched = self._loop.time()

    def cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        left = self._seconds - self.idle_seconds
        if left <= 0:
            self._timer = None
            self._expired()
        else:
            self._timer = self._loop.call_later(left, self._look)

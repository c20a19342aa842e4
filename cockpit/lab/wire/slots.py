"""Runspaces of a pool: pipelines beyond their number wait their turn."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Slots:
    """A semaphore whose size can change (SET_MAX_RUNSPACES)."""

    __slots__ = ("_busy", "_size", "_waiting")

    def __init__(self, size: int) -> None:
        self._size = size
        self._busy = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    @property
    def free(self) -> int:
        return max(0, self._size - self._busy)

    def resize(self, size: int) -> None:
        self._size = size
        self._admit()

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        self._admit()
        try:
            await turn
            yield
        finally:
            if turn.done() and not turn.cancelled():
                self._busy -= 1
            else:
                self._waiting.remove(turn)
            self._admit()

    def _admit(self) -> None:
        while self._waiting and self._busy < self._size:
            turn = self._waiting.popleft()
            if not turn.cancelled():
                self._busy += 1
                turn.set_result(None)

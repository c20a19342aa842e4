"""Feeds of followed logs for a screen: over the reader process, or over a thread of this one."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Final

from cockpit.config.child import CLOSE_SECONDS, Child, ChildEndedError
from cockpit.config.environment import Environment
from cockpit.config.secrets import Secret, environ_of
from cockpit.exchange.text import clean_line
from cockpit.poplog.feed import Batch, FeedEndedError
from cockpit.poplog.messages import Ask, Hello, decode_batch, encode
from cockpit.poplog.tailing import Followed, Tailing

_WAITING: Final = 4
"""Batches kept for a screen that is busy; more are not read meanwhile."""


class ProcessFeed:
    """A :class:`~cockpit.poplog.feed.LogFeed` over a process that reads the servers' logs. ``log``: where its
    stderr goes."""

    def __init__(self, environment: Environment, secret: Secret | None, ask: Ask, log: Path) -> None:
        self._hello = Hello(environment, secret.value if secret else None, ask)
        self._child = Child("cockpit.poplog.reader", "The reader of the logs", log, environ_of(environment))

    @property
    def pid(self) -> int | None:
        return self._child.pid

    async def start(self) -> None:
        """Start the process. Raises FeedEndedError when that fails."""
        try:
            await self._child.start()
        except ChildEndedError as error:
            raise FeedEndedError(clean_line(str(error))) from error
        self._child.write(encode(self._hello))

    async def batches(self) -> AsyncIterator[Batch]:
        """Batches as they come; FeedEndedError when the reader ends."""
        try:
            async for body in self._child.bodies():
                yield decode_batch(body)
        except ChildEndedError as error:
            raise FeedEndedError(clean_line(str(error))) from error

    async def close(self) -> None:
        """End it, bounded."""
        await self._child.close()


class ThreadFeed:
    """A :class:`~cockpit.poplog.feed.LogFeed` in this process: for logs on this machine."""

    def __init__(self, followed: Iterable[Followed]) -> None:
        self._tailing = Tailing(followed, self._take)
        self._thread = threading.Thread(target=self._run, name="log feed", daemon=True)
        self._waiting: deque[Batch | None] = deque()
        self._room = threading.Semaphore(_WAITING)
        self._ready = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False
        self._why = "The reader of the logs is not running"

    async def start(self) -> None:
        """Begin to read."""
        self._loop = asyncio.get_running_loop()
        self._thread.start()

    async def batches(self) -> AsyncIterator[Batch]:
        """Batches as they come; FeedEndedError when no log is left that can be read."""
        while self._loop is not None:
            await self._ready.wait()
            self._ready.clear()
            while self._waiting:
                batch = self._waiting.popleft()
                if batch is None:
                    raise FeedEndedError(self._why)
                self._room.release()
                yield batch
        raise FeedEndedError(self._why)

    async def close(self) -> None:
        """End the thread and wait for it, bounded."""
        self._closed = True
        self._tailing.stop()
        self._room.release(_WAITING)
        if self._loop is not None:
            await asyncio.to_thread(self._thread.join, CLOSE_SECONDS)

    def _run(self) -> None:
        try:
            self._tailing.run()
            self._why = "No log is left that can be read"
        except Exception as error:
            self._why = clean_line(f"The reader of the logs failed: {type(error).__name__}: {error}")
            raise
        finally:
            self._put(None)

    def _take(self, batch: Batch) -> None:
        self._room.acquire()
        self._put(batch)

    def _put(self, batch: Batch | None) -> None:
        self._waiting.append(batch)
        if self._loop is not None and not self._closed:
            self._loop.call_soon_threadsafe(self._ready.set)

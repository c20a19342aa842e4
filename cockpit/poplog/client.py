"""Feeds of followed logs for a screen: over the reader process, or over a thread of this one."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import threading
from collections import deque
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Final

from cockpit.config.environment import Environment, Secret
from cockpit.config.paths import private_dir
from cockpit.exchange.text import clean_line
from cockpit.poplog.feed import Batch, FeedEndedError
from cockpit.poplog.messages import HEADER, Ask, Hello, decode_batch, frame
from cockpit.poplog.tailing import Followed, Tailing

CLOSE_SECONDS: Final = 4.5
_WAITING: Final = 4
"""Batches kept for a screen that is busy; more are not read meanwhile."""


class ProcessFeed:
    """A :class:`~cockpit.poplog.feed.LogFeed` over a process that reads the servers' logs. ``log``: where its
    stderr goes."""

    def __init__(self, environment: Environment, secret: Secret | None, ask: Ask, log: Path) -> None:
        self._hello = Hello(environment, secret.value if secret else None, ask)
        self._log = log
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    async def start(self) -> None:
        """Start the process. Raises FeedEndedError when that fails."""
        private_dir(self._log.parent)
        try:
            log = os.open(self._log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            try:
                self._process = await asyncio.create_subprocess_exec(
                    sys.executable,
                    "-m",
                    "cockpit.poplog.reader",
                    stdin=asyncio.subprocess.PIPE,
                    stdout=asyncio.subprocess.PIPE,
                    stderr=log,
                    # A Ctrl+C in the terminal is for the screen, which ends the reader in order.
                    start_new_session=True,
                )
            finally:
                os.close(log)
        except OSError as error:
            raise FeedEndedError(
                clean_line(f"The reader of the logs could not be started: {error}")
            ) from error
        assert self._process.stdin is not None  # noqa: S101 -- a pipe was asked for
        self._process.stdin.write(frame(self._hello))

    async def batches(self) -> AsyncIterator[Batch]:
        """Batches as they come; FeedEndedError when the reader ends."""
        process = self._process
        if process is None or process.stdout is None:
            raise FeedEndedError("The reader of the logs is not running")
        try:
            while True:
                (length,) = HEADER.unpack(await process.stdout.readexactly(HEADER.size))
                yield decode_batch(await process.stdout.readexactly(length))
        except asyncio.IncompleteReadError:
            code = await process.wait()
            raise FeedEndedError(
                f"The reader of the logs ended (exit code {code}); its log: {self._log}"
            ) from None

    async def close(self) -> None:
        """Close the reader's stdin, which ends it; kill it if it does not end in time."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()
        with contextlib.suppress(ProcessLookupError):
            try:
                await asyncio.wait_for(process.wait(), CLOSE_SECONDS)
            except TimeoutError:
                process.kill()
                await process.wait()


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

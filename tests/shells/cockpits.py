"""Cockpits as their users have them: collectors in processes of their own, all of one user, on one lab."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from cockpit.config import secrets
from cockpit.config.environment import Environment
from cockpit.fleet.client import CollectorFeed
from cockpit.fleet.readers import now
from cockpit.fleet.snapshot import FleetSnapshot, apply

LOOK_SECONDS = 0.25


@dataclass
class Cockpit:
    """One collector and what came of it. Times in seconds since it was started.

    ``first``: when every server had been read; ``oldest``: how old any answer ever was after that.
    ``without``: the longest time without any shell after that; ``most``: shells it ever had.
    """

    number: int
    fleet: FleetSnapshot = field(default_factory=FleetSnapshot)
    began: float = field(default_factory=time.monotonic)
    first: float | None = None
    oldest: float = 0.0
    without: float = 0.0
    most: int = 0
    problems: list[str] = field(default_factory=list)
    _since: float | None = None

    async def follow(self, feed: CollectorFeed) -> None:
        async for change in feed.diffs():
            self.fleet = apply(self.fleet, change)
            self.look()

    def look(self) -> None:
        """Note how it stands."""
        status, servers = self.fleet.status, self.fleet.servers.values()
        if status.problem is not None and str(status.problem) not in self.problems:
            self.problems.append(str(status.problem))
        self.most = max(self.most, status.sessions)
        read = [server.last_success for server in servers if server.last_success is not None]
        if self.first is None:
            if servers and len(read) == len(servers):
                self.first = time.monotonic() - self.began
            return
        self.oldest = max(self.oldest, (now() - min(read)).total_seconds())
        if status.sessions:
            self._since = None
            return
        self._since = self._since or time.monotonic()
        self.without = max(self.without, time.monotonic() - self._since)


@asynccontextmanager
async def running(environment: Environment, folder: Path, count: int) -> AsyncIterator[list[Cockpit]]:
    """``count`` cockpits, started together."""
    password = secrets.password(environment)
    cockpits = []
    async with AsyncExitStack() as stack:
        for number in range(count):
            feed = CollectorFeed(environment, password, folder / f"cockpit-{number}.log")
            stack.push_async_callback(feed.close)
            await feed.start()
            cockpit = Cockpit(number)
            cockpits.append(cockpit)
            await stack.enter_async_context(_task(cockpit.follow(feed)))
        await stack.enter_async_context(_task(_looking(cockpits)))
        yield cockpits


async def _looking(cockpits: list[Cockpit]) -> None:
    """Answers grow old while nothing is told."""
    while True:
        for cockpit in cockpits:
            cockpit.look()
        await asyncio.sleep(LOOK_SECONDS)


@asynccontextmanager
async def _task(work: object) -> AsyncIterator[None]:
    task = asyncio.ensure_future(work)  # type: ignore[call-overload]  # a coroutine
    try:
        yield
        assert not task.done(), f"it ended: {task.exception()!r}"
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

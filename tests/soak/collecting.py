"""A collector in a process of its own, as a screen has it, and a count of what it brings home."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from pathlib import Path

import msgspec
import psutil

from cockpit.config import secrets
from cockpit.config.environment import Environment
from cockpit.fleet.client import CollectorFeed
from cockpit.fleet.messages import Command
from cockpit.fleet.once import has_pop
from cockpit.fleet.readers import now
from cockpit.fleet.snapshot import FleetSnapshot, ServerSnapshot, apply


class Collecting:
    """``answers``: reads of one server that were answered, at most one for each time it was told of (an
    answer that the next one overtakes within a quarter of a second is not counted)."""

    def __init__(self, feed: CollectorFeed) -> None:
        assert feed.pid is not None
        self._feed = feed
        self.process = psutil.Process(feed.pid)
        self.fleet = FleetSnapshot()
        self.answers = 0
        self.winrm_answers = 0
        self._known: dict[str, datetime | None] = {}
        self._winrm_known: dict[str, datetime | None] = {}
        self._news = asyncio.Condition()

    async def follow(self) -> None:
        """Take what it tells, to its end. Raises FeedLostError."""
        async for change in self._feed.diffs():
            async with self._news:
                self.fleet = apply(self.fleet, change)
                for server in change.changed:
                    self.answers += _is_new(self._known, server.name, server.last_success)
                    self.winrm_answers += _is_new(self._winrm_known, server.name, server.winrm.read_at)
                self._news.notify_all()

    def send(self, command: Command) -> None:
        self._feed.send(command)

    async def until(self, done: Callable[[], object], seconds: float) -> bool:
        """Wait for news until ``done``; False when it was not within ``seconds``."""
        deadline = time.monotonic() + seconds
        async with self._news:
            while not done():
                left = deadline - time.monotonic()
                try:
                    async with asyncio.timeout(max(0.0, left)):
                        await self._news.wait()
                except TimeoutError:
                    return bool(done())
        return True

    async def have_answered(self, answers: int, seconds: float) -> bool:
        """Wait until there were so many of them; False when it was not within ``seconds``."""
        return await self.until(lambda: self.answers >= answers, seconds)

    def polled(self) -> list[ServerSnapshot]:
        return [server for server in self.fleet.servers.values() if has_pop(server)]

    def well(self, since: datetime) -> bool:
        """Every server has answered after ``since``, and nothing is wrong with anybody."""
        status, servers = self.fleet.status, self.polled()
        return (
            bool(servers)
            and status.problem is None
            and status.shortage is None
            and not any(server.problem for server in servers)
            and all(server.last_success and server.last_success > since for server in servers)
        )

    def ills(self, since: datetime) -> str:
        """Why it is not :meth:`well`."""
        late = [s.name for s in self.polled() if s.last_success is None or s.last_success <= since]
        told = {f"{s.name}: {s.problem}" for s in self.polled() if s.problem}
        return f"{self.fleet.status.problem}, {self.fleet.status.shortage}; {sorted(told)}; unread: {late}"


def _is_new(known: dict[str, datetime | None], name: str, at: datetime | None) -> bool:
    new = at is not None and at != known.get(name)
    known[name] = at
    return new


@asynccontextmanager
async def collecting(environment: Environment, log: Path, **polling: object) -> AsyncIterator[Collecting]:
    """A collector of ``environment``, with that polling; ended after the block, and its end awaited."""
    changed = msgspec.structs.replace(
        environment, polling=msgspec.structs.replace(environment.polling, **polling)
    )
    feed = CollectorFeed(changed, secrets.password(changed), log)
    await feed.start()
    found = Collecting(feed)
    following = asyncio.create_task(found.follow())
    try:
        began = now()
        assert await found.until(lambda: following.done() or found.well(began), 60.0), found.ills(began)
        yield found
        assert not following.done(), f"the collector ended: {following.exception()}"
    finally:
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following
        await feed.close()

"""The feed of followed logs for a screen: over the reader process."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

from cockpit.config.child import Child, ChildEndedError
from cockpit.config.environment import Environment
from cockpit.config.language import N_
from cockpit.config.secrets import Secret, environ_of
from cockpit.exchange.text import clean_line
from cockpit.poplog.feed import Batch, FeedEndedError
from cockpit.poplog.messages import Ask, Hello, decode_batch, encode


class ProcessFeed:
    """A :class:`~cockpit.poplog.feed.LogFeed` over a process that reads the servers' logs. ``log``: where its
    stderr goes."""

    def __init__(self, environment: Environment, secret: Secret | None, ask: Ask, log: Path) -> None:
        self._hello = Hello(environment, secret.value if secret else None, ask)
        self._child = Child(
            "cockpit.poplog.reader", N_("The reader of the logs"), log, environ_of(environment)
        )

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
        """Let go of it: it ends alone."""
        await self._child.close()

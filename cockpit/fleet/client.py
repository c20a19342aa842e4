"""The screen's end of the collector: starts the process, yields its diffs, sends it commands."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec

from cockpit.config.child import Child, ChildEndedError
from cockpit.config.environment import Environment
from cockpit.config.language import N_
from cockpit.config.secrets import Secret, environ_of
from cockpit.exchange.text import clean_line
from cockpit.fleet.feed import FeedLostError
from cockpit.fleet.messages import Command, decode_diff, encode
from cockpit.fleet.snapshot import FleetDiff


class CollectorFeed:
    """A :class:`~cockpit.fleet.feed.Feed` over a collector process. ``log``: where its stderr goes."""

    def __init__(self, environment: Environment, secret: Secret | None, log: Path) -> None:
        self._environment = environment
        self._secret = secret
        self._child = Child("cockpit.fleet.process", N_("The collector"), log, environ_of(environment))

    @property
    def pid(self) -> int | None:
        return self._child.pid

    async def start(self) -> None:
        """Start the process. Raises FeedLostError when that fails."""
        try:
            await self._child.start()
        except ChildEndedError as error:
            raise FeedLostError(clean_line(str(error))) from error
        self._child.write(_hello(self._environment, self._secret))

    async def diffs(self) -> AsyncIterator[FleetDiff]:
        """Diffs as they come; FeedLostError when the collector ends."""
        try:
            async for body in self._child.bodies():
                yield decode_diff(body)
        except ChildEndedError as error:
            raise FeedLostError(clean_line(str(error))) from error

    def send(self, command: Command) -> None:
        self._child.write(encode(command))

    async def close(self) -> None:
        """Let go of it: it deletes its shells and ends, alone."""
        await self._child.close()


def _hello(environment: Environment, secret: Secret | None) -> bytes:
    """The first frame; :class:`cockpit.fleet.process.Hello` reads it (not imported: it pulls pypsrp in)."""
    return msgspec.msgpack.encode({"environment": environment, "password": secret.value if secret else None})

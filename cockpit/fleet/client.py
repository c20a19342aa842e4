"""The screen's end of the collector: starts the process, yields its diffs, sends it commands."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec

from cockpit.config.environment import Environment, Secret
from cockpit.config.paths import private_dir
from cockpit.exchange.text import clean_line
from cockpit.fleet.feed import FeedLostError
from cockpit.fleet.messages import HEADER, Command, decode_diff, frame
from cockpit.fleet.snapshot import FleetDiff

CLOSE_SECONDS = 4.5


class CollectorFeed:
    """A :class:`~cockpit.fleet.feed.Feed` over a collector process. ``log``: where its stderr goes."""

    def __init__(self, environment: Environment, secret: Secret | None, log: Path) -> None:
        self._environment = environment
        self._secret = secret
        self._log = log
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    async def start(self) -> None:
        """Start the process. Raises FeedLostError when that fails."""
        private_dir(self._log.parent)
        try:
            log = os.open(self._log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            try:
                self._process = await asyncio.create_subprocess_exec(
                    sys.executable,
                    "-m",
                    "cockpit.fleet.process",
                    stdin=asyncio.subprocess.PIPE,
                    stdout=asyncio.subprocess.PIPE,
                    stderr=log,
                    # A Ctrl+C in the terminal is for the screen, which ends the collector in order.
                    start_new_session=True,
                )
            finally:
                os.close(log)
        except OSError as error:
            raise FeedLostError(clean_line(f"The collector could not be started: {error}")) from error
        self._write(_hello(self._environment, self._secret))

    async def diffs(self) -> AsyncIterator[FleetDiff]:
        """Diffs as they come; FeedLostError when the collector ends."""
        process = self._process
        if process is None or process.stdout is None:
            raise FeedLostError("The collector is not running")
        try:
            while True:
                (length,) = HEADER.unpack(await process.stdout.readexactly(HEADER.size))
                yield decode_diff(await process.stdout.readexactly(length))
        except asyncio.IncompleteReadError:
            code = await process.wait()
            raise FeedLostError(f"The collector ended (exit code {code}); its log: {self._log}") from None

    def send(self, command: Command) -> None:
        self._write(frame(command))

    def _write(self, data: bytes) -> None:
        if (
            self._process is not None
            and self._process.stdin is not None
            and not self._process.stdin.is_closing()
        ):
            self._process.stdin.write(data)

    async def close(self) -> None:
        """Close the collector's stdin, which ends it; kill it if it does not end in time."""
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


def _hello(environment: Environment, secret: Secret | None) -> bytes:
    """The first frame; :class:`cockpit.fleet.process.Hello` reads it (not imported: it pulls pypsrp in)."""
    body = msgspec.msgpack.encode({"environment": environment, "password": secret.value if secret else None})
    return HEADER.pack(len(body)) + body

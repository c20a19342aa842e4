"""A process of ours that a screen talks to over its stdin and stdout, in frames: a big-endian length of four
bytes, then that many.

It ends when its stdin does, however its parent went; see ``fleet.process`` and ``poplog.reader``.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import struct
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import BinaryIO, Final

from cockpit.config.paths import private_dir

CLOSE_SECONDS: Final = 4.5
_HEADER: Final = struct.Struct(">I")


class ChildEndedError(Exception):
    """It could not be started, or has ended. ``str()``: what is known of why, not cleaned."""


class Child:
    """``python -m module`` as a child. ``what``: its name for people; ``log``: where its stderr goes;
    ``environ``: its variables, without those that hold passwords (``secrets.environ_of``)."""

    def __init__(self, module: str, what: str, log: Path, environ: Mapping[str, str]) -> None:
        self._module = module
        self._what = what
        self._log = log
        self._environ = dict(environ)
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    async def start(self) -> None:
        """Start it. Raises ChildEndedError when that fails."""
        private_dir(self._log.parent)
        try:
            log = os.open(self._log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            try:
                self._process = await asyncio.create_subprocess_exec(
                    sys.executable,
                    "-m",
                    self._module,
                    stdin=asyncio.subprocess.PIPE,
                    stdout=asyncio.subprocess.PIPE,
                    stderr=log,
                    env=self._environ,
                    # A Ctrl+C in the terminal is for the screen, which ends its children in order.
                    start_new_session=True,
                )
            finally:
                os.close(log)
        except OSError as error:
            raise ChildEndedError(f"{self._what} could not be started: {error}") from error

    async def bodies(self) -> AsyncIterator[bytes]:
        """The bodies of its frames as they come; ChildEndedError when it ends."""
        process = self._process
        if process is None or process.stdout is None:
            raise ChildEndedError(f"{self._what} is not running")
        try:
            while True:
                (length,) = _HEADER.unpack(await process.stdout.readexactly(_HEADER.size))
                yield await process.stdout.readexactly(length)
        except asyncio.IncompleteReadError:
            code = await process.wait()
            raise ChildEndedError(f"{self._what} ended (exit code {code}); its log: {self._log}") from None

    def write(self, body: bytes) -> None:
        """Send a frame; lost silently only when it is already gone."""
        stdin = self._process.stdin if self._process is not None else None
        if stdin is not None and not stdin.is_closing():
            stdin.write(framed(body))

    async def close(self) -> None:
        """Close its stdin, which ends it; kill it if it does not end in time."""
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


def framed(body: bytes) -> bytes:
    """``body`` as it travels."""
    return _HEADER.pack(len(body)) + body


def read_frame(stream: BinaryIO) -> bytes | None:
    """The next frame's body; None at the end of the stream, also in the middle of a frame."""
    head = stream.read(_HEADER.size)
    if len(head) < _HEADER.size:
        return None
    (length,) = _HEADER.unpack(head)
    body = stream.read(length)
    return body if len(body) == length else None

"""A process of ours that a screen talks to over its stdin and stdout, in frames: a big-endian length of four
bytes, then that many.

It ends when its stdin does, however its parent went, and sees to that itself; see ``fleet.process`` and
``poplog.reader``. So nobody has to wait for it: what it still has to put in order, it does alone.
"""

from __future__ import annotations

import asyncio
import os
import struct
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from cockpit.config.language import N_
from cockpit.config.paths import private_dir

_HEADER: Final = struct.Struct(">I")


class ChildEndedError(Exception):
    """It could not be started, or has ended. ``str()``: what is known of why, not cleaned."""


@dataclass(frozen=True, slots=True)
class _Running:
    """``ended``: its exit code, once it has one."""

    process: subprocess.Popen[bytes]
    output: asyncio.StreamReader
    reading: asyncio.ReadTransport
    writing: asyncio.WriteTransport
    ended: asyncio.Future[int]


class Child:
    """``python -m module`` as a child. ``what``: its name for people; ``log``: where its stderr goes;
    ``environ``: its variables, without those that hold passwords (``secrets.environ_of``)."""

    def __init__(self, module: str, what: str, log: Path, environ: Mapping[str, str]) -> None:
        self._module = module
        self._what = what
        self._log = log
        self._environ = dict(environ)
        self._running: _Running | None = None

    @property
    def pid(self) -> int | None:
        return self._running.process.pid if self._running else None

    async def start(self) -> None:
        """Start it. Raises ChildEndedError when that fails."""
        private_dir(self._log.parent)
        try:
            # Appended to: the one before may still be putting things in order.
            log = os.open(self._log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
            try:
                # Not asyncio's own subprocess: it kills what still runs when the loop ends.
                process = subprocess.Popen(  # noqa: S603 -- our own modules
                    [sys.executable, "-m", self._module],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    env=self._environ,
                    bufsize=0,
                    # A Ctrl+C in the terminal is for the screen, which ends its children in order.
                    start_new_session=True,
                )
            finally:
                os.close(log)
        except OSError as error:
            raise ChildEndedError(
                N_("{what} could not be started: {error}").format(what=self._what, error=error)
            ) from error
        self._running = await _connected(process)

    async def bodies(self) -> AsyncIterator[bytes]:
        """The bodies of its frames as they come; ChildEndedError when it ends."""
        running = self._running
        if running is None:
            raise ChildEndedError(N_("{what} is not running").format(what=self._what))
        try:
            while True:
                (length,) = _HEADER.unpack(await running.output.readexactly(_HEADER.size))
                yield await running.output.readexactly(length)
        except asyncio.IncompleteReadError:
            code = await asyncio.shield(running.ended)
            raise ChildEndedError(
                N_("{what} ended (exit code {code}); its log: {log}").format(
                    what=self._what, code=code, log=self._log
                )
            ) from None

    def write(self, body: bytes) -> None:
        """Send a frame; lost silently only when it is already gone."""
        if self._running is not None and not self._running.writing.is_closing():
            self._running.writing.write(framed(body))

    async def close(self) -> None:
        """Let go of it, at once: both pipes are closed, which ends it, by itself and alone."""
        running, self._running = self._running, None
        if running is None:
            return
        running.reading.close()
        if not running.writing.is_closing():
            running.writing.abort()


async def _connected(process: subprocess.Popen[bytes]) -> _Running:
    """Its pipes on the loop, and a thread that waits for its end, so that none is left unreaped."""
    loop = asyncio.get_running_loop()
    output = asyncio.StreamReader()
    reading, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(output), process.stdout)
    writing, _ = await loop.connect_write_pipe(asyncio.Protocol, process.stdin)
    ended: asyncio.Future[int] = loop.create_future()

    def wait() -> None:
        code = process.wait()
        with suppress(RuntimeError):  # the loop has ended: nobody asks any more
            loop.call_soon_threadsafe(ended.set_result, code)

    threading.Thread(target=wait, name=f"child-{process.pid}", daemon=True).start()
    return _Running(process, output, reading, writing, ended)


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

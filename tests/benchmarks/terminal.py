"""A program on a pty of 200x50 that only we hold: what it writes is counted, and when."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final

from tests.benchmarks.processes import ROOT, child_environ

COLUMNS, ROWS = 200, 50
KEPT_BYTES: Final = 4_000_000
END_SECONDS: Final = 8.0


class Terminal:
    """``command`` with the pty as its controlling terminal. Closing it ends the program (SIGHUP)."""

    def __init__(self, command: Sequence[str], state: Path, environ: Mapping[str, str] | None = None) -> None:
        self._command = list(command)
        colours = {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
        self._environ = child_environ(state) | colours | dict(environ or {})
        self.output = bytearray()
        self.written = 0

    def __enter__(self) -> Terminal:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        self.started = time.monotonic()
        try:
            self.process = subprocess.Popen(
                self._command,
                stdin=slave,
                stdout=slave,
                stderr=slave,
                env=self._environ,
                cwd=ROOT,
                start_new_session=True,
                preexec_fn=_control_terminal,  # one ioctl: safe beside threads too
            )
        except BaseException:
            os.close(self._master)
            raise
        finally:
            os.close(slave)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + END_SECONDS
        while self.process.poll() is None and time.monotonic() < deadline:
            self.read(0.1)  # a program that restores its terminal needs somebody to read it
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self._master)

    def read(self, seconds: float) -> bool:
        """Take what the program writes within ``seconds``, one piece at most; whether there was any."""
        ready, _, _ = select.select([self._master], [], [], seconds)
        if not ready:
            return False
        try:
            piece = os.read(self._master, 65536)
        except OSError:  # the program has gone
            time.sleep(min(seconds, 0.05))
            return False
        self.written += len(piece)
        self.output += piece
        if len(self.output) > KEPT_BYTES:
            del self.output[: -KEPT_BYTES // 2]
        return True

    def until(self, words: Sequence[bytes], seconds: float) -> float:
        """Read until every word was written; seconds since the program was started."""
        deadline = time.monotonic() + seconds
        while not all(word in self.output for word in words):
            if time.monotonic() > deadline or self.process.poll() is not None:
                tail = bytes(self.output[-300:])
                raise RuntimeError(f"{self._command} did not write {words} in time; its last bytes: {tail!r}")
            self.read(0.05)
        return time.monotonic() - self.started

    def watch(self, seconds: float) -> int:
        """Read for ``seconds``; the number of bytes written meanwhile."""
        before, deadline = self.written, time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            self.read(min(left, 0.25))
        return self.written - before

    def press(self, keys: bytes) -> None:
        os.write(self._master, keys)

    def quiet(self, seconds: float, at_most: float) -> int:
        """Read until nothing was written for ``seconds``; the number of bytes written meanwhile."""
        before, deadline = self.written, time.monotonic() + at_most
        while self.read(seconds) and time.monotonic() < deadline:
            pass
        return self.written - before

    def finish(self, seconds: float) -> int:
        """Read until the program ends by itself; its exit code."""
        deadline = time.monotonic() + seconds
        while self.process.poll() is None:
            if time.monotonic() > deadline:
                raise RuntimeError(f"{self._command} did not end in {seconds:.0f} s")
            self.read(0.1)
        return self.process.returncode


def _control_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)

"""A program on a real pseudo-terminal: its bytes as they come, and the screen a terminal would show."""

from __future__ import annotations

import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress

import psutil
import pyte

from tests.support.processes import ROOT

KEYS = {
    "ctrl+l": "\x0c",
    "ctrl+s": "\x13",
    "down": "\x1b[B",
    "up": "\x1b[A",
    "right": "\x1b[C",
    "left": "\x1b[D",
    "tab": "\t",
    "enter": "\r",
}

_AS_FOREGROUND = (
    "import fcntl,os,signal,sys,termios;fcntl.ioctl(0,termios.TIOCSCTTY,0);"
    # A test run in the background, or under nohup, hands its ignored signals down; a login does not.
    "[signal.signal(s,signal.SIG_DFL) for s in (signal.SIGINT,signal.SIGHUP,signal.SIGQUIT)];"
    "os.execv(sys.argv[1],sys.argv[1:])"
)
"""Makes the terminal on stdin the controlling one, as a login does: only then does closing it hang up."""

_UNFINISHED = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*|[P\]^_][^\x07\x1b]*\x1b?)?\Z")
_BEYOND_PYTE = re.compile(rb"\x1b\[[<=>][0-9;]*[ -/]*[@-~]|\x1b\[[0-9;?]*\$[a-z]|\x1bP.*?\x1b\\", re.DOTALL)
"""Sequences that pyte would print: the keyboard protocol, requests of modes, device control strings."""

_HANG_UP = b"!"
_END = b"\x1b[?7777h"
_MODES = re.compile(rb"\x1b\[\?([0-9;]+)([hl])")


class Terminal:
    """One program on one terminal. A thread reads; ``screen`` and ``raw`` may be asked at any time."""

    def __init__(
        self, command: Sequence[str], environ: Mapping[str, str], columns: int = 120, rows: int = 40
    ) -> None:
        self._master, slave = os.openpty()
        self._size(columns, rows)
        self.cooked = termios.tcgetattr(slave)
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self._pending = b""
        self._raw = bytearray()
        self._news = threading.Condition()
        self._ended = False
        self._slave = slave
        self._waking, self._wake = os.pipe()
        self._hung_up = False
        self._stalled = False
        self.process = subprocess.Popen(
            [sys.executable, "-S", "-c", _AS_FOREGROUND, *command],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=dict(environ),
            cwd=ROOT,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, name="terminal", daemon=True)
        self._reader.start()

    # --- what it shows -----------------------------------------------------------------------------

    def _read(self) -> None:
        while True:
            data = self._next()
            with self._news:
                self._raw += data
                self._feed(data)
                self._ended = not data
                self._news.notify_all()
            if not data:
                return

    def _next(self) -> bytes:
        """The bytes that come next; none at the end, and once we hang up."""
        while True:
            wanted = [self._waking] if self._stalled else [self._master, self._waking]
            ready, _, _ = select.select(wanted, [], [])
            if self._waking in ready:
                if os.read(self._waking, 1) == _HANG_UP:
                    return b""
            elif self._master in ready:
                try:
                    return os.read(self._master, 65536)
                except OSError:
                    return b""

    def _feed(self, data: bytes) -> None:
        whole = self._pending + data
        tail = _UNFINISHED.search(whole)
        cut = tail.start() if tail is not None and data else len(whole)
        self._pending = whole[cut:]
        self._stream.feed(_BEYOND_PYTE.sub(b"", whole[:cut]))

    @property
    def raw(self) -> bytes:
        """Every byte the program has written so far."""
        with self._news:
            return bytes(self._raw)

    @property
    def written(self) -> int:
        """How many bytes that is."""
        with self._news:
            return len(self._raw)

    @property
    def screen(self) -> list[str]:
        """The lines as a terminal shows them."""
        with self._news:
            return [line.rstrip() for line in self._screen.display]

    @property
    def text(self) -> str:
        return "\n".join(self.screen)

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows."""
        with self._news:
            return self._screen.columns, self._screen.lines

    def wait(self, what: str | Callable[[str], object], seconds: float = 10.0) -> str:
        """Wait until the screen shows ``what`` (a text, or a question about the text); the screen then."""
        ask = (lambda text: what in text) if isinstance(what, str) else what
        deadline = time.monotonic() + seconds
        with self._news:
            while True:
                text = "\n".join(line.rstrip() for line in self._screen.display)
                if ask(text):
                    return text
                left = deadline - time.monotonic()
                if left <= 0 or self._ended:
                    raise AssertionError(f"not on the screen within {seconds:g} s: {what}\n{text}")
                self._news.wait(left)

    def settle(self, quiet: float = 0.15, seconds: float = 3.0) -> str:
        """The screen once nothing has been written for ``quiet`` seconds, at the latest after ``seconds``."""
        deadline = time.monotonic() + seconds
        with self._news:
            while self._news.wait(min(quiet, max(0.0, deadline - time.monotonic()))):
                pass
            return "\n".join(line.rstrip() for line in self._screen.display)

    def modes(self) -> dict[int, bool]:
        """The private modes as they were left: 1049 the alternate screen, 25 the cursor, and so on."""
        found: dict[int, bool] = {}
        for numbers, switch in _MODES.findall(self.raw):
            found.update({int(n): switch == b"h" for n in numbers.split(b";")})
        return found

    def is_cooked(self) -> bool:
        """The line discipline is as it was before: echo, line editing, signals."""
        return termios.tcgetattr(self._slave)[:4] == self.cooked[:4]

    # --- what is done to it ------------------------------------------------------------------------

    def press(self, *keys: str) -> None:
        """Names of ``KEYS``, or characters."""
        os.write(self._master, "".join(KEYS.get(key, key) for key in keys).encode())

    def resize(self, columns: int, rows: int) -> None:
        with self._news:
            self._screen.resize(rows, columns)
        self._size(columns, rows)

    def _size(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    @contextmanager
    def stalled(self) -> Iterator[None]:
        """A link that has stopped: nothing the program writes is read while the block lasts."""
        self._stall(True)
        try:
            yield
        finally:
            self._stall(False)

    def _stall(self, stalled: bool) -> None:
        self._stalled = stalled
        os.write(self._wake, b".")

    def scribble(self, data: bytes) -> None:
        """Another program writes to the terminal."""
        os.write(self._slave, data)

    def wiped(self) -> None:
        """The picture is gone from the glass: only what is written from now on is on it."""
        with self._news:
            self._screen.reset()

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def exit_code(self, seconds: float = 8.0) -> int:
        """Wait for the end, and for all that it wrote."""
        code = self.process.wait(seconds)
        with self._news:
            # The slave stays open here to be asked for its settings, so no end of file comes: a mark does.
            os.write(self._slave, _END)
            self._news.wait_for(lambda: self._raw.endswith(_END), 2.0)
        return code

    def said(self) -> bytes:
        """What it wrote in all, once it has ended."""
        return self.raw.removesuffix(_END)

    def hang_up(self) -> None:
        """The window is closed: both ends of ours go, once. The reader goes before them: it must not come
        back to a number that is another file's by then."""
        if self._hung_up:
            return
        self._hung_up = True
        os.write(self._wake, _HANG_UP)
        self._reader.join()
        for end in (self._slave, self._master, self._waking, self._wake):
            os.close(end)

    def children(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def close(self) -> None:
        if self.process.poll() is None:
            for child in self.children():
                with suppress(psutil.Error):
                    child.kill()
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(5)
        self.hang_up()


@contextmanager
def terminal(
    command: Sequence[str], environ: Mapping[str, str], columns: int = 120, rows: int = 40
) -> Iterator[Terminal]:
    """A program on a terminal for as long as the block lasts."""
    opened = Terminal(command, environ, columns, rows)
    try:
        yield opened
    finally:
        opened.close()

"""What goes to the terminal, written by a thread: a terminal that does not read never holds up the program.

Textual's own writer has room for 30 writes and then blocks whoever writes, which is the event loop: with a
stalled SSH link polling and timers stood still (terminal-ui fact 8). Here nobody waits. Once more than
``BEHIND`` bytes wait, drawings are dropped, those that wait too; what switches the terminal's modes, or is
meant for the clipboard, is kept and keeps its order. When the terminal has taken all that was left, ``whole``
is called, and the screen is to be drawn as it is then: one drawing for all that were missed.

It writes to the descriptor, not through a file's buffer: a thread that hangs in a write holds no lock that
the interpreter would want at its end.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Final

BEHIND: Final = 32_768
"""Bytes that may wait: more than a whole screen of 200x50 has. A single drawing may be larger."""
PATIENCE: Final = 1.0
"""Seconds without one byte taken after which the end of the program waits for the terminal no longer."""
_PIECE: Final = 4096


class TerminalOutput(threading.Thread):
    """``lost``: the terminal is gone, said once. ``whole``: draw everything again. Both are called on this
    thread. After an error, and after ``stop``, everything is swallowed."""

    def __init__(self, descriptor: int, lost: Callable[[], None], whole: Callable[[], None]) -> None:
        super().__init__(name="terminal-output", daemon=True)
        self._descriptor = descriptor
        self._lost = lost
        self._whole = whole
        # Reentrant: a signal's handler may write while its thread is in here already.
        self._changed = threading.Condition(threading.RLock())
        self._waiting: deque[tuple[bytes, bool]] = deque()
        self._size = 0
        self._missed = False
        self._ended = False
        self._moved_at = time.monotonic()

    def write(self, data: bytes, *, drawing: bool = False) -> None:
        """Have ``data`` written, in order. ``drawing``: of the content, which a whole one replaces."""
        with self._changed:
            if self._ended or not data:
                return
            if not self._waiting:
                self._moved_at = time.monotonic()
            self._waiting.append((data, drawing))
            self._size += len(data)
            self._changed.notify_all()

    def is_behind(self) -> bool:
        """Whether a drawing would only wait. Then it is missed: ``whole`` will be called."""
        with self._changed:
            if self._size <= BEHIND:
                return False
            self._missed = True
            self._forget_drawings()
            return True

    def _forget_drawings(self) -> None:
        first, *rest = self._waiting  # the first may be half on its way
        self._waiting = deque([first, *(each for each in rest if not each[1])])
        self._size = sum(len(data) for data, _ in self._waiting)

    def run(self) -> None:
        while (data := self._next()) is not None:
            try:
                self._put(data)
            except OSError:
                self._end()
                self._lost()
                return
            self._taken(data)

    def _next(self) -> bytes | None:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._ended)
            return self._waiting[0][0] if self._waiting else None

    def _put(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self._descriptor, view[:_PIECE]) :]
            self._moved_at = time.monotonic()

    def _taken(self, data: bytes) -> None:
        with self._changed:
            self._waiting.popleft()
            self._size -= len(data)
            caught_up = self._missed and not self._waiting
            if caught_up:
                self._missed = False
            self._changed.notify_all()
        if caught_up:
            self._whole()

    def _end(self) -> None:
        with self._changed:
            self._ended = True
            self._waiting.clear()
            self._size = 0
            self._changed.notify_all()

    def stop(self) -> None:
        """Write what waits, but no drawings, for as long as the terminal takes any of it; then be over."""
        with self._changed:
            if self._waiting:
                self._forget_drawings()
            self._ended = True
            self._moved_at = time.monotonic()
            self._changed.notify_all()
            while self._waiting and (left := self._moved_at + PATIENCE - time.monotonic()) > 0:
                self._changed.wait(left)
            if self._waiting:
                return
        self.join()

"""Lines from the terminal, read so that the wait for them can end when the question is gone."""

from __future__ import annotations

import errno
import os
import select
import sys
import termios
from collections.abc import Callable
from typing import Protocol

LOOK_SECONDS = 0.5
"""So often the question is looked at while nobody types."""


class LeftError(Exception):
    """The operator has gone: end of input, or the terminal is lost."""


class GoneError(Exception):
    """The question is not open any more: someone else answered it."""


class Reader(Protocol):
    def line(self, prompt: str) -> str:
        """One line without its end. Raises LeftError and GoneError."""


class Keyboard:
    """The controlling terminal's lines. ``open_still``: whether the question is still to be answered."""

    def __init__(
        self, show: Callable[[str], None], open_still: Callable[[], bool], descriptor: int | None = None
    ) -> None:
        self._show = show
        self._open_still = open_still
        self._descriptor = sys.stdin.fileno() if descriptor is None else descriptor
        self._pending = b""
        if os.isatty(self._descriptor):
            # What was typed before the question was on the screen is no answer to it.
            termios.tcflush(self._descriptor, termios.TCIFLUSH)

    def line(self, prompt: str) -> str:
        self._show(prompt)
        while b"\n" not in self._pending:
            if not select.select([self._descriptor], [], [], LOOK_SECONDS)[0]:
                if not self._open_still():
                    raise GoneError
                continue
            data = self._read()
            if not data:
                raise LeftError
            self._pending += data
        first, _, self._pending = self._pending.partition(b"\n")
        return first.decode("utf-8", "replace").strip()

    def _read(self) -> bytes:
        try:
            return os.read(self._descriptor, 4096)
        except OSError as error:
            if error.errno == errno.EIO:
                return b""
            raise

"""Asking for a password on the terminal, so that nobody sees it typed."""

from __future__ import annotations

import errno
import os
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from cockpit.config.plain import printable
from cockpit.config.spoken import spoken

TERMINAL: Final = "/dev/tty"
_LOCAL_MODES, _CHARACTERS = 3, 6
"""Places in what tcgetattr gives (termios(3))."""
_NO_CHARACTER: Final = b"\0"


class NoTerminalError(Exception):
    """There is no terminal to ask on."""


def ask_password(prompt: str) -> str:
    """What was typed, without its line end; not shown. Empty: nothing was.

    The terminal itself is asked, whatever stdin and stdout are. Raises NoTerminalError, UnicodeDecodeError.
    """
    try:
        descriptor = os.open(TERMINAL, os.O_RDWR | os.O_NOCTTY)
    except OSError as error:
        raise NoTerminalError(error.strerror) from error
    try:
        with _unseen(descriptor):
            os.write(descriptor, f"{printable(spoken(prompt))} ".encode())
            typed = _line(descriptor)
            os.write(descriptor, b"\n")
    finally:
        os.close(descriptor)
    return typed.decode("utf-8")


@contextmanager
def _unseen(descriptor: int) -> Iterator[None]:
    """No echo, and no stopping by Ctrl+Z: a shell would turn the echo on again meanwhile."""
    before = termios.tcgetattr(descriptor)
    quiet = termios.tcgetattr(descriptor)
    quiet[_LOCAL_MODES] &= ~termios.ECHO
    quiet[_CHARACTERS][termios.VSUSP] = _NO_CHARACTER
    # What was typed before the question is no answer to it.
    termios.tcsetattr(descriptor, termios.TCSAFLUSH, quiet)
    try:
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def _line(descriptor: int) -> bytes:
    typed = b""
    while not typed.endswith(b"\n"):
        try:
            more = os.read(descriptor, 1024)
        except OSError as error:
            # The terminal was closed meanwhile: nobody types any more.
            if error.errno != errno.EIO:
                raise
            more = b""
        if not more:
            break
        typed += more
    return typed.rstrip(b"\r\n")

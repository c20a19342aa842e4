"""Looks at every server for a cockpit, as a process of its own: ``python -m cockpit.recovery.sweeper``.

A cockpit may be killed at any time; the shells it would have open then stay on the servers. This process
has them instead: told by one frame on stdin, it notices at once when its parent is gone, deletes what it
has, and ends. It answers with one frame on stdout: the marks, and what could not be read.

Two things are wanted of the end, and they do not go together: no process may stay behind, and no shell may
(Exchange allows a user 18). So the shell is deleted over a connection of its own, without waiting for the
call that is under way, and the process ends as soon as that is answered, at the latest after EXIT_SECONDS.
A server that does not answer in that time keeps the shell until its idle time is over (SHELL_IDLE_SECONDS),
as it would after a kill of this process: one shell for minutes is the smaller harm. Nothing else can be
left half done: a sweep only reads, and its parent writes the journal.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from typing import Final

import msgspec

from cockpit.config.environment import Environment
from cockpit.config.language import N_
from cockpit.config.secrets import Secret
from cockpit.exchange.errors import ExchangeError
from cockpit.exchange.session import Session
from cockpit.recovery.access import Sessions
from cockpit.recovery.sweep import Mark, Problem, read_marks
from cockpit.recovery.worker import read_task, write_frame

EXIT_SECONDS: Final = 2.0
"""After the parent is gone, this process is too, whatever a server keeps it waiting for. Long enough for a
sign-in and one request over a slow line. A cockpit that closes does not wait for it."""


class Marks(msgspec.Struct, frozen=True):
    """The answer: one mark a server, and what could not be read. ``refused``: so was the sign-in."""

    marks: tuple[Mark, ...]
    problems: tuple[Problem, ...]
    refused: bool = False


class _Stoppable(Sessions):
    """Sessions that open and read nothing more once ``ending`` is set."""

    def __init__(self, environment: Environment, secret: Secret | None, ending: threading.Event) -> None:
        super().__init__(environment, secret)
        self._ending = ending

    def _open(self, session: Session) -> None:
        if self._ending.is_set():
            raise ExchangeError(N_("The cockpit has gone"))
        super()._open(session)


def main() -> int:
    """Read the frame, look, answer."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
    logging.getLogger("pypsrp").setLevel(logging.CRITICAL)
    task = read_task(sys.stdin.buffer)
    ending = threading.Event()
    access = _Stoppable(task.environment, None if task.password is None else Secret(task.password), ending)
    threading.Thread(target=_watch, args=(access, ending), name="parent", daemon=True).start()
    try:
        marks, problems = read_marks(access, None, task.environment)
    finally:
        access.close()
    if not ending.is_set():
        write_frame(sys.stdout.buffer, Marks(marks, problems, access.holds))
    return 0


def _watch(access: _Stoppable, ending: threading.Event) -> None:
    # Not through sys.stdin: its lock in this thread's hand would crash the interpreter's own end.
    while os.read(sys.stdin.fileno(), 4096):
        pass
    ending.set()
    threading.Timer(EXIT_SECONDS, os._exit, (0,)).start()
    if access.cut():
        os._exit(0)
    # Nothing was open, or it was being opened: then the main thread closes it, and ends.


if __name__ == "__main__":
    sys.exit(main())

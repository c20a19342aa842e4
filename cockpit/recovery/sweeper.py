"""Looks at every server for a cockpit, as a process of its own: ``python -m cockpit.recovery.sweeper``.

A cockpit may be killed at any time; the shells it would have open then stay on the servers. This process
has them instead: told by one frame on stdin, it notices at once when its parent is gone, closes what it
has, and ends. It answers with one frame on stdout: the marks, and what could not be read.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Callable
from typing import Final, TypeVar

import msgspec

from cockpit.config.environment import Environment, Secret
from cockpit.exchange.cmdlets import ExchangeCmdlets
from cockpit.exchange.errors import ExchangeError
from cockpit.recovery.access import Sessions
from cockpit.recovery.sweep import Mark, read_marks
from cockpit.recovery.worker import read_task, write_frame

_T = TypeVar("_T")

EXIT_SECONDS: Final = 4.0
"""After the parent is gone, this process is too, whatever a server keeps it waiting for."""


class Marks(msgspec.Struct, frozen=True):
    """The answer: one mark a server, and each problem as a sentence."""

    marks: tuple[Mark, ...]
    problems: tuple[str, ...]


class _Stoppable(Sessions):
    """Sessions that read nothing more once ``ending`` is set."""

    def __init__(self, environment: Environment, secret: Secret | None, ending: threading.Event) -> None:
        super().__init__(environment, secret)
        self._ending = ending

    def read(self, job: Callable[[ExchangeCmdlets], _T]) -> _T:
        if self._ending.is_set():
            raise ExchangeError("The cockpit has gone")
        return super().read(job)


def main() -> int:
    """Read the frame, look, answer."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
    logging.getLogger("pypsrp").setLevel(logging.CRITICAL)
    task = read_task(sys.stdin.buffer)
    ending = threading.Event()
    threading.Thread(target=_watch, args=(ending,), name="parent", daemon=True).start()
    access = _Stoppable(task.environment, None if task.password is None else Secret(task.password), ending)
    try:
        marks, problems = read_marks(access, None)
    finally:
        access.close()
    if not ending.is_set():
        write_frame(sys.stdout.buffer, Marks(marks, problems))
    return 0


def _watch(ending: threading.Event) -> None:
    sys.stdin.buffer.read()
    ending.set()
    # The main thread closes its shells and ends; where a server keeps it waiting, we do not wait with it.
    threading.Timer(EXIT_SECONDS, os._exit, (0,)).start()


if __name__ == "__main__":
    sys.exit(main())

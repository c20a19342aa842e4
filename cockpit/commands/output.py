"""What every command's printing has in common."""

from __future__ import annotations

import codecs
import io
import os
import select
import signal
import stat
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

_ESCAPED: Final = "cockpit.escaped"


def write_what_can_be_written() -> None:
    """A stdout that is not UTF-8 (``LANG=C``, Latin-1) gets ``\\u017c`` for the letters that it has not, as
    JSON writes them, so that JSON stays JSON; by itself it would raise UnicodeEncodeError."""
    codecs.register_error(_ESCAPED, _escaped)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=_ESCAPED)


def _escaped(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    units = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass")
    pairs = (units[at : at + 2].hex() for at in range(0, len(units), 2))
    return "".join(f"\\u{pair}" for pair in pairs), error.end


@contextmanager
def reader_may_leave() -> Iterator[None]:
    """Whoever reads our stdout may stop reading (``| head``): the exit code stays what it is."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def when_nobody_reads(then: Callable[[], None]) -> None:
    """Call ``then``, on a thread, once the reader of our stdout is gone: a command that waits for lines would
    not notice before the next one. Only where stdout is a pipe."""
    try:
        descriptor = sys.stdout.fileno()
    except io.UnsupportedOperation:  # a stdout that is no file
        return
    if not stat.S_ISFIFO(os.fstat(descriptor).st_mode):
        return
    watched = select.poll()
    watched.register(descriptor, 0)  # of itself it tells of an end and of an error only

    def watch() -> None:
        watched.poll()
        then()

    threading.Thread(target=watch, name="stdout", daemon=True).start()


def end_in_order() -> None:
    """SIGTERM unwinds like an interrupt, so that the servers' shells are deleted. In the main thread."""
    signal.signal(signal.SIGTERM, _end)


def _end(number: int, _: object) -> None:
    raise SystemExit(128 + number)


def let_go_of_a_dead_terminal() -> None:
    """What is still buffered for a terminal that is gone would make the interpreter exit with 120."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())

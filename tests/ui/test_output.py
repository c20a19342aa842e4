"""The thread that writes to the terminal: what waits, what is dropped, and how it ends."""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest

from cockpit.ui.output import BEHIND, TerminalOutput
from tests.support.waiting import eventually

SET_PIPE_SIZE = 1031
"""F_SETPIPE_SZ of Linux, which fcntl has a name for on some builds only."""
LARGE = b"d" * (BEHIND + 1)


class Pipe:
    """A terminal that takes a page and no more until it is read."""

    def __init__(self) -> None:
        self.reading, self.writing = os.pipe()
        fcntl.fcntl(self.writing, SET_PIPE_SIZE, 4096)
        self.lost: list[int] = []
        self.whole = threading.Event()
        self.wholes = 0
        self.output = TerminalOutput(self.writing, lambda: self.lost.append(1), self._whole)
        self.output.start()

    def _whole(self) -> None:
        self.wholes += 1
        self.whole.set()

    def read(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            data += os.read(self.reading, size - len(data))
        return data

    def close(self) -> None:
        for end in (self.reading, self.writing):
            with suppress(OSError):
                os.close(end)


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    made = Pipe()
    yield made
    made.close()


def test_in_order(pipe: Pipe) -> None:
    for n in range(100):
        pipe.output.write(b"%02d" % n, drawing=n % 2 == 0)
    assert pipe.read(200) == b"".join(b"%02d" % n for n in range(100))
    assert not pipe.output.is_behind()
    assert pipe.wholes == 0


def test_drawings_are_dropped_while_it_is_behind_and_one_whole_one_follows(pipe: Pipe) -> None:
    pipe.output.write(LARGE, drawing=True)
    assert pipe.output.is_behind()
    pipe.output.write(b"<modes>")
    pipe.output.write(b"never seen", drawing=True)
    pipe.output.write(b"<clipboard>")
    for _ in range(3):
        assert pipe.output.is_behind(), "one is enough to be told once"
    assert pipe.read(len(LARGE) + 18) == LARGE + b"<modes><clipboard>"
    assert pipe.whole.wait(5)
    pipe.output.write(b"again", drawing=True)
    assert pipe.read(5) == b"again"
    assert pipe.wholes == 1


def test_who_writes_never_waits(pipe: Pipe) -> None:
    """Textual's queue blocks at the thirty-first."""
    for _ in range(1000):
        pipe.output.write(b"x" * 100)
    assert pipe.read(100_000) == b"x" * 100_000


def test_stopping_writes_what_waits_but_no_drawing(pipe: Pipe) -> None:
    pipe.output.write(LARGE)
    pipe.output.write(b"a drawing", drawing=True)
    pipe.output.write(b"<restored>")
    got: list[bytes] = []
    stopping = threading.Thread(target=pipe.output.stop)
    stopping.start()
    eventually(lambda: pipe.output._ended, 5.0, "it is told to stop")
    got.append(pipe.read(len(LARGE) + 10))
    stopping.join(5)
    assert got == [LARGE + b"<restored>"]
    assert not pipe.output.is_alive()
    pipe.output.write(b"swallowed")
    pipe.output.stop()


def test_stopping_does_not_wait_for_a_terminal_that_takes_nothing(pipe: Pipe) -> None:
    pipe.output.write(LARGE)
    pipe.output.stop()
    assert pipe.output.is_alive(), "it hangs in its write, and nobody waits for it"
    assert pipe.lost == []


def test_a_lost_terminal_is_said_once_and_then_swallows(pipe: Pipe) -> None:
    os.close(pipe.reading)
    for _ in range(3):
        pipe.output.write(b"x")
    eventually(lambda: pipe.lost, 5.0, "the loss is told")
    pipe.output.write(LARGE)
    assert not pipe.output.is_behind()
    pipe.output.stop()
    assert pipe.lost == [1]
    assert not pipe.output.is_alive()

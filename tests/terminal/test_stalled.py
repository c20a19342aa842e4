"""A link that stops and comes back: the program goes on, the screen is whole again (terminal-ui fact 8)."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from tests.support.terminal import Terminal
from tests.support.waiting import eventually
from tests.terminal.small import is_drawn_whole, small_screen

WHOLE = 40_000
"""More bytes than a drawing of the whole screen of 120x40 has."""


def _saves(term: Terminal, folder: Path, count: int) -> None:
    """The loop takes keys: the view is saved to a file, which needs no terminal."""
    term.press("ctrl+s")
    eventually(lambda: len(list(folder.glob("*.txt"))) >= count, 5.0, f"{count} saved views")


def _is_whole(term: Terminal) -> None:
    term.wait(lambda text: "saved to" in text)
    term.wait(lambda text: "saved to" not in text, 20.0)
    is_drawn_whole(term)


def _draws_a_lot(term: Terminal) -> None:
    for _ in range(40):
        term.press("2", "down", "1", "down", "f")


def test_the_loop_goes_on_and_the_screen_is_whole_again(tmp_path: Path) -> None:
    with small_screen(tmp_path) as term:
        before = len(term.raw)
        with term.stalled():
            _draws_a_lot(term)
            _saves(term, tmp_path, 1)
        term.wait("saved to")
        assert len(term.raw) - before < 3 * WHOLE, "what nobody saw is not sent afterwards"
        _is_whole(term)
        term.press("q")
        assert term.exit_code() == 0


def test_a_signal_ends_it_while_nothing_is_read(tmp_path: Path) -> None:
    with small_screen(tmp_path) as term, term.stalled():
        _draws_a_lot(term)
        _saves(term, tmp_path, 1)
        term.signal(signal.SIGTERM)
        assert term.process.wait(8) == 143


@pytest.mark.endurance
def test_eight_seconds_of_it(tmp_path: Path) -> None:
    """Of which Textual's own writer lets the loop run for three."""
    with small_screen(tmp_path, 200, 50) as term:
        with term.stalled():
            end = time.monotonic() + 8.0
            count = 0
            while time.monotonic() < end:
                _draws_a_lot(term)
                count += 1
                _saves(term, tmp_path, count)
        _is_whole(term)


@pytest.mark.endurance
@pytest.mark.timeout(180)
def test_again_and_again(tmp_path: Path) -> None:
    with small_screen(tmp_path) as term:
        for count in range(1, 6):
            with term.stalled():
                _draws_a_lot(term)
                _saves(term, tmp_path, count)
            _is_whole(term)

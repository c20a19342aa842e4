"""A link that stops and comes back: the program goes on, the screen is whole again (terminal-ui fact 8)."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from tests.support.terminal import Terminal
from tests.support.waiting import eventually
from tests.terminal.small import is_drawn_whole, small_screen


def _saves(term: Terminal, folder: Path, count: int) -> None:
    """The loop takes keys: the view is saved to a file, which needs no terminal."""
    term.press("ctrl+s")
    eventually(lambda: len(list(folder.glob("*.txt"))) >= count, 5.0, f"{count} saved views")


def _is_whole(term: Terminal) -> None:
    term.wait(lambda text: "saved to" in text)
    term.wait(lambda text: "saved to" not in text, 20.0)
    is_drawn_whole(term)


def _lasts(term: Terminal, folder: Path, seconds: float, saved: int = 0) -> int:
    """The stall goes on for so long, and the program with it; the number of saved views then."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        saved += 1
        _saves(term, folder, saved)
        time.sleep(0.3)  # how long the stall lasts is what is tested
    return saved


def test_the_loop_goes_on_and_the_screen_is_whole_again(tmp_path: Path) -> None:
    """It draws twenty times a second: Textual's own writer stops the loop after a second and a half."""
    with small_screen(tmp_path, "busy") as term:
        with term.stalled():
            before = len(term.raw)
            _lasts(term, tmp_path, 3.0)
            assert len(term.raw) == before
        _is_whole(term)


def test_a_signal_ends_it_while_nothing_is_read(tmp_path: Path) -> None:
    with small_screen(tmp_path, "busy") as term, term.stalled():
        _lasts(term, tmp_path, 2.0)
        term.signal(signal.SIGTERM)
        assert term.process.wait(8) == 143


@pytest.mark.endurance
def test_eight_seconds_of_it(tmp_path: Path) -> None:
    """Of which Textual's own writer lets the loop run for three."""
    with small_screen(tmp_path, columns=200, rows=50) as term:
        with term.stalled():
            _lasts(term, tmp_path, 8.0)
        _is_whole(term)
        term.press("q")
        assert term.exit_code() == 0


@pytest.mark.endurance
@pytest.mark.timeout(180)
def test_again_and_again(tmp_path: Path) -> None:
    saved = 0
    with small_screen(tmp_path, "busy") as term:
        for _ in range(5):
            with term.stalled():
                saved = _lasts(term, tmp_path, 2.0, saved)
            _is_whole(term)

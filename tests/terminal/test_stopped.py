"""Stopped and continued: the shell in between has the terminal as it was, and the screen comes back whole."""

from __future__ import annotations

import signal
from pathlib import Path

import psutil
import pytest

from tests.support.terminal import Terminal
from tests.support.waiting import eventually
from tests.terminal.small import FIRST, is_drawn_whole, small_screen
from tests.terminal.test_ends import ALTERNATE, restored

ENTER_MODE = b"\x1b[?%dh"


def _is_stopped(term: Terminal) -> None:
    process = psutil.Process(term.process.pid)
    eventually(lambda: process.status() == psutil.STATUS_STOPPED, 5.0, "it is stopped")


def _is_back(term: Terminal, times: int = 1) -> None:
    """``times``: so often it has come back by now."""
    entered = ENTER_MODE % ALTERNATE
    eventually(
        lambda: term.raw.count(entered) == 1 + times and not term.is_cooked(),
        5.0,
        "it has the terminal again",
    )
    term.wait(FIRST)


def _takes_each_key_once(term: Terminal) -> None:
    """Two readers of the keyboard would share what is typed."""
    term.press("/")
    term.wait("or just text")
    term.press("ex0102")
    term.wait("ex0102")
    term.press("\x1b")
    term.wait(lambda text: "ex0102" not in text)


@pytest.mark.parametrize("number", [signal.SIGTSTP, signal.SIGSTOP], ids=["TSTP", "STOP"])
def test_stopped_and_continued(tmp_path: Path, number: int) -> None:
    with small_screen(tmp_path) as term:
        for times in (1, 2):
            term.signal(number)
            _is_stopped(term)
            if number == signal.SIGTSTP:
                term.settle()
                restored(term)
            term.wiped()
            term.signal(signal.SIGCONT)
            _is_back(term, times)
            is_drawn_whole(term)
            _takes_each_key_once(term)
        term.signal(signal.SIGTERM)
        assert term.exit_code() == 143
        restored(term)


@pytest.mark.endurance
def test_continued_without_a_stop(tmp_path: Path) -> None:
    """A supervisor may send SIGCONT to be sure."""
    with small_screen(tmp_path) as term:
        for times in (1, 2, 3):
            term.signal(signal.SIGCONT)
            _is_back(term, times)
        _takes_each_key_once(term)
        is_drawn_whole(term)
        term.press("q")
        assert term.exit_code() == 0
        restored(term)


@pytest.mark.endurance
def test_resized_while_stopped(tmp_path: Path) -> None:
    with small_screen(tmp_path) as term:
        term.signal(signal.SIGTSTP)
        _is_stopped(term)
        term.resize(90, 30)
        term.signal(signal.SIGCONT)
        _is_back(term)
        is_drawn_whole(term)

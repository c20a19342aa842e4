"""However the screen ends, the terminal is as it was and no process is left (terminal-ui §4.9, §5.5)."""

from __future__ import annotations

import re
import signal

import pytest

from tests.support.at_length import at_length
from tests.support.processes import Home, LabProcess
from tests.support.sweeping import swept
from tests.support.terminal import Terminal
from tests.support.waiting import eventually
from tests.terminal.conftest import Open

ALTERNATE, CURSOR = 1049, 25
SIGNALS = [
    (signal.SIGTERM, 143),
    (signal.SIGHUP, 129),
    at_length(signal.SIGINT, 130),
    at_length(signal.SIGQUIT, 131),
]
ASKED = {
    ALTERNATE: "alternate screen",
    **dict.fromkeys((1000, 1002, 1003, 1006, 1015), "mouse"),
    1004: "focus",
    2004: "bracketed paste",
}


def restored(term: Terminal) -> None:
    """Every mode that was switched on is off again, the cursor is back, the keyboard is as it was."""
    modes = term.modes()
    assert modes[ALTERNATE] is False
    assert {name for mode, name in ASKED.items() if modes.get(mode, False)} == set()
    assert modes[CURSOR] is True
    raw = term.raw
    assert len(re.findall(rb"\x1b\[>\d+u", raw)) == len(re.findall(rb"\x1b\[<\d*u", raw))
    assert term.is_cooked()


@pytest.mark.parametrize(("number", "code"), SIGNALS)
def test_signals(open_screen: Open, home: Home, number: int, code: int) -> None:
    term = open_screen()
    modes = term.modes()
    assert modes[ALTERNATE]
    assert modes[2004]
    assert modes[1003]
    assert not term.is_cooked()
    assert home.processes("cockpit.fleet.process")
    term.signal(number)
    assert term.exit_code() == code
    restored(term)
    home.nothing_left()


def test_quit(open_screen: Open, home: Home, selftest_hung: LabProcess) -> None:
    """q leaves nothing: no process, no mode of the terminal, no shell on the servers."""
    term = open_screen()
    assert selftest_hung.shells()
    term.press("q")
    assert term.exit_code() == 0
    restored(term)
    home.nothing_left()
    eventually(lambda: not selftest_hung.shells(), 5.0, "every shell deleted")


def test_a_closed_window_ends_everything(open_screen: Open, home: Home, selftest_hung: LabProcess) -> None:
    """A dropped SSH connection: the screen, its collector and their CPU time go with the terminal."""
    term = open_screen()
    swept(selftest_hung.home.folder, term.process.pid)
    assert len(home.processes()) == 2
    term.hang_up()
    assert term.process.wait(5) == 129
    home.nothing_left()


def test_interrupt_key_does_not_end_it(open_screen: Open) -> None:
    term = open_screen()
    term.press("\x03")
    term.wait("q quits")
    assert term.process.poll() is None


@pytest.mark.matrix
def test_no_mouse(open_screen: Open) -> None:
    modes = open_screen("--no-mouse").modes()
    assert not any(modes.get(mode) for mode, name in ASKED.items() if name == "mouse")

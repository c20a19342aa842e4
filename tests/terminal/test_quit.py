"""q while every server hangs: the screen is gone at once, and its collector puts things in order alone.

How fast: ``python -m tests.benchmarks --only quitting``. Here only the order of events is looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from cockpit.fleet.process import EXIT_SECONDS
from tests.support.processes import COCKPIT, Home, LabProcess, lab
from tests.support.sweeping import SWEEPER
from tests.support.terminal import Terminal, terminal
from tests.support.waiting import eventually

COLLECTOR = "cockpit.fleet.process"
READER = "cockpit.poplog.reader"
DELETION_SECONDS = 1.0


@pytest.fixture
def served(tmp_path: Path) -> Iterator[LabProcess]:
    with lab(tmp_path / "lab", "selftest-hung") as up:
        yield up


def open_hung(served: LabProcess, term: Terminal) -> None:
    """Every read of every server hangs, on shells that were opened before."""
    served.knobs(rpc_delay=600.0)
    term.wait("0/8 up", 15.0)
    eventually(lambda: _busy(served) >= 3, 10.0, "reads that hang")


def _busy(served: LabProcess) -> int:
    return sum(bool(shell["open_commands"]) for shell in served.exchange_shells())


def quit_and_leave(term: Terminal, home: Home) -> list[psutil.Process]:
    """The collector as it is once the screen has ended."""
    term.press("q")
    assert term.exit_code() == 0
    return home.processes(COLLECTOR)


def test_shells_are_deleted_by_the_collector_after_the_screen_has_gone(
    served: LabProcess, home: Home
) -> None:
    with terminal([*COCKPIT, "--env-file", str(served.env_file)], home.environ()) as term:
        open_hung(served, term)
        late = {"effect": "DELAY", "action": "Delete", "count": None, "seconds": DELETION_SECONDS}
        served.knobs(wire={"endpoint": "exchange", "troubles": [late]})
        (collector,) = quit_and_leave(term, home)
        assert served.exchange_shells(), "it did not wait for that"
        _, alive = psutil.wait_procs([collector], EXIT_SECONDS)
        assert alive == []
    home.nothing_left(EXIT_SECONDS)  # its sweep, too, deletes its shell alone
    assert served.shells() == []


def test_a_collector_that_no_server_answers_ends_all_the_same(served: LabProcess, home: Home) -> None:
    with terminal([*COCKPIT, "--env-file", str(served.env_file)], home.environ()) as term:
        open_hung(served, term)
        served.knobs(wire={"troubles": [{"effect": "HANG", "count": None}]})
        (collector,) = quit_and_leave(term, home)
        assert served.exchange_shells(), "nobody could delete them: they end by their idle time"
        _, alive = psutil.wait_procs([collector], EXIT_SECONDS + 2.0)
        assert alive == []
    home.nothing_left()


def test_while_logs_are_read_too(served: LabProcess, home: Home) -> None:
    """Their reader is another process that nobody waits for."""
    with terminal([*COCKPIT, "--env-file", str(served.env_file)], home.environ()) as term:
        term.wait("8/8 up", 15.0)
        eventually(lambda: not home.processes(SWEEPER), 15.0, "the end of the sweep")
        served.knobs(wire={"endpoint": "winrm", "troubles": [{"effect": "HANG", "count": None}]})
        term.press("t")
        (reader,) = eventually(lambda: home.processes(READER), 10.0, "the reader")
        eventually(reader.net_connections, 10.0, "the reader at a server")
        term.wait("Connecting to")
        term.press("\x1b")
        term.wait("8/8 up")
        term.press("q")
        assert term.exit_code() == 0
    home.nothing_left()

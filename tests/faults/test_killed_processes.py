"""Kill -9 of the screen or of its collector: nothing is orphaned, nothing is lost for good."""

from __future__ import annotations

import re
import signal
import subprocess
import time
from pathlib import Path

import psutil
import pytest

from cockpit.exchange.session import SHELL_IDLE_SECONDS
from cockpit.recovery.sweeper import EXIT_SECONDS
from tests.faults.conftest import OpenLab
from tests.support.at_length import at_length
from tests.support.processes import COCKPIT, ROOT, Home, LabProcess
from tests.support.sweeping import sweeping, swept
from tests.support.terminal import terminal
from tests.support.waiting import eventually

COLLECTOR = "cockpit.fleet.process"


def test_screen_killed(open_lab: OpenLab, home: Home) -> None:
    """Its collector goes within 5 s, and takes its shells with it."""
    served = open_lab("selftest-hung")
    with terminal([*COCKPIT, "--env-file", str(served.env_file)], home.environ()) as term:
        term.wait("8/8 up", 15.0)
        swept(served.home.folder, term.process.pid)
        family = [psutil.Process(term.process.pid), *term.children()]
        assert any(COLLECTOR in p.cmdline() for p in family)
        assert served.shells()
        term.signal(signal.SIGKILL)
        _, alive = psutil.wait_procs(family, 5.0)
        assert alive == []
        home.nothing_left(0.5)
    eventually(lambda: not served.shells(), 5.0, "every shell deleted")


@pytest.mark.matrix
def test_screen_killed_in_the_middle_of_a_read(open_lab: OpenLab, home: Home) -> None:
    """A call that hangs in the collector keeps nothing alive, and its shell is deleted under it."""
    served = open_lab("selftest-hung")
    served.knobs(rpc_delay=60.0)
    with terminal([*COCKPIT, "--env-file", str(served.env_file)], home.environ()) as term:
        term.wait("0/8 up", 15.0)
        eventually(
            lambda: any(s["open_commands"] for s in served.exchange_shells()), 10.0, "a running command"
        )
        term.signal(signal.SIGKILL)
        home.nothing_left(5.0)
    assert served.shells() == []


def test_collector_terminated_in_the_middle_of_a_read(open_lab: OpenLab, home: Home) -> None:
    """As when the host goes down: it deletes its shells first."""
    served = open_lab("selftest-hung")
    with terminal([*COCKPIT, "--env-file", str(served.env_file)], home.environ()) as term:
        term.wait("8/8 up", 15.0)
        swept(served.home.folder, term.process.pid)
        (collector,) = home.processes(COLLECTOR)
        served.knobs(rpc_delay=60.0)
        eventually(lambda: _hangs(served), 10.0, "a read that hangs")
        collector.terminate()
        text = term.wait("No live data")
        assert "exit code 0" in " ".join(text.split())
    assert served.shells() == []


def test_screen_quit_in_the_middle_of_its_sweep(open_lab: OpenLab, home: Home) -> None:
    """The sweep deletes its shell and goes, alone, which no slow server holds up."""
    served = open_lab()
    served.knobs(rpc_delay=60.0)
    with terminal([*COCKPIT, "--env-file", str(served.env_file)], home.environ()) as term:
        term.wait("0/8 up", 15.0)
        sweep = sweeping(home)
        eventually(sweep.net_connections, 10.0, "the sweep at a server")
        term.press("q")
        assert term.exit_code() == 0
        home.nothing_left(EXIT_SECONDS + 0.5)
    assert served.shells() == []


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGKILL, -signal.SIGKILL), at_length(signal.SIGINT, 130)]
)
def test_left_in_the_middle_of_a_sweep(open_lab: OpenLab, home: Home, number: int, code: int) -> None:
    """A read hangs: the sweep deletes its shell all the same, and is gone within the time it documents."""
    served = open_lab()
    served.knobs(rpc_delay=60.0)
    command = [*COCKPIT, "--env-file", str(served.env_file), "obligations"]
    with subprocess.Popen(command, env=home.environ(), cwd=ROOT, stderr=subprocess.PIPE) as cockpit:
        sweep = sweeping(home)
        eventually(lambda: _hangs(served), 10.0, "a read that hangs")
        cockpit.send_signal(number)
        sweep.wait(EXIT_SECONDS)
        assert served.shells() == []
        assert cockpit.wait(5.0) == code
    home.nothing_left(0.5)


@pytest.mark.parametrize(
    "command",
    [
        ["status", "--watch"],
        *(
            at_length(command)
            for command in (
                ["logs", "trace", "--probe", "POP\\PopCTPProbe", "--server", "EX19-01"],
                ["probe", "POP\\PopCTPProbe", "--server", "EX19-01"],
                ["status"],
            )
        ),
    ],
)
def test_terminated_in_the_middle_of_a_call(open_lab: OpenLab, home: Home, command: list[str]) -> None:
    """A SIGTERM is an end in order: no shell is left on a server, of which a user may have 18."""
    served = open_lab()
    served.knobs(rpc_delay=60.0)
    words = [*COCKPIT, "--env-file", str(served.env_file), *command]
    with subprocess.Popen(words, env=home.environ(), cwd=ROOT, stdout=subprocess.DEVNULL) as cockpit:
        eventually(lambda: any(s["open_commands"] for s in served.shells()), 15.0, "a running command")
        cockpit.terminate()
        assert cockpit.wait(15.0) == 128 + signal.SIGTERM
    assert served.shells() == []


def _hangs(served: LabProcess) -> bool:
    """One command is still under way after a while."""
    before = _busy(served)
    time.sleep(0.3)
    return bool(before) and _busy(served) == before


def _busy(served: LabProcess) -> list[str]:
    return [shell["id"] for shell in served.exchange_shells() if shell["open_commands"]]


@pytest.mark.matrix
def test_screen_and_collector_killed_together(open_lab: OpenLab, home: Home) -> None:
    """Nobody is left to delete the shells: they asked for an idle time well under the server's own."""
    served = open_lab()
    with terminal([*COCKPIT, "--env-file", str(served.env_file)], home.environ()) as term:
        term.wait("8/8 up", 15.0)
        for process in home.processes():
            process.suspend()
        for process in home.processes():
            process.kill()
        home.nothing_left(5.0)
    left = served.exchange_shells()
    assert len(left) <= served.environment.polling.sessions
    _no_shell_older_than_its_idle_time(left)
    assert SHELL_IDLE_SECONDS < 900


def _no_shell_older_than_its_idle_time(shells: list[dict[str, float]]) -> None:
    assert [s for s in shells if s["idle_seconds"] > SHELL_IDLE_SECONDS] == []


@pytest.mark.matrix
def test_demo_killed(home: Home) -> None:
    """The demo's lab goes too: it watches a pipe that only the demo holds."""
    with terminal([*COCKPIT, "demo", "--scenario", "healthy"], home.environ()) as term:
        term.wait("8/8 up", 20.0)
        swept(home.state, term.process.pid)
        family = [psutil.Process(term.process.pid), *term.children()]
        assert len(family) == 3
        assert home.processes("serve")
        assert home.processes(COLLECTOR)
        term.signal(signal.SIGKILL)
        _, alive = psutil.wait_procs(family, 5.0)
        assert alive == []
        home.nothing_left(0.5)
    left = [p for p in Path(home.state).glob("lab-*") if p.is_dir()]
    assert left == [], "the lab cleaned its folder, with the password in it"


def test_demo_opens_in_time(home: Home) -> None:
    """The first of README's two commands: a live cockpit in under 5 s, also on a machine that is busy."""
    began = time.monotonic()
    with terminal([*COCKPIT, "demo"], home.environ(), 200, 50) as term:
        term.wait(lambda text: re.search(r"\d+/24 up", text) and "Unhealthy" in text, 12.0)
        took = time.monotonic() - began
        term.press("q")
        assert term.exit_code(10.0) == 0
    home.nothing_left(EXIT_SECONDS + 0.5)  # its sweep ends alone
    assert took < 10.0, "twice what it may take where nothing else runs"


def test_collector_killed(open_lab: OpenLab, home: Home) -> None:
    """The screen says so and keeps the last picture; R starts another collector."""
    served = open_lab("selftest-hung")
    with terminal([*COCKPIT, "--env-file", str(served.env_file)], home.environ(), 160, 45) as term:
        term.wait("8/8 up", 15.0)
        (collector,) = home.processes(COLLECTOR)
        collector.kill()
        text = term.wait("No live data")
        term.wait(lambda text: "R starts the collector again" in " ".join(text.split()), 2.0)
        assert "PopSelfTestMonitor" in text, "what was known stays on the screen"
        assert term.process.poll() is None
        term.press("R")
        term.wait(lambda text: "No live data" not in text and "8/8 up" in text)
        (another,) = home.processes(COLLECTOR)
        assert another.pid != collector.pid
        seq = served.ledger()[-1]["seq"]
        term.press("R")
        eventually(lambda: served.ledger(seq), 10.0, "reads of the new collector")
        term.press("q")
        assert term.exit_code() == 0
    home.nothing_left()

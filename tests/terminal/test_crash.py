"""A defect of ours: one line, a private report without secrets, exit code 70, a sound terminal."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from tests.support.at_length import at_length
from tests.support.processes import Home
from tests.terminal.conftest import Open
from tests.terminal.crashing import CANARY, HOW
from tests.terminal.test_ends import restored

_SEQUENCE = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[@-Z\\-_]")


@pytest.mark.parametrize("how", [how if how == "worker" else at_length(how) for how in HOW])
def test_crash(open_screen: Open, home: Home, how: str) -> None:
    term = open_screen(start=(sys.executable, "-m", "tests.terminal.crashing", how))
    term.press("P")
    assert term.exit_code() == 70
    restored(term)
    home.nothing_left()

    left = term.said().decode().rpartition("\x1b[?1049l")[2]
    lines = [line for line in _SEQUENCE.sub("", left).splitlines() if line.strip()]
    assert len(lines) == 1, lines
    path = re.search(r"Report: (\S+)$", lines[0])
    assert path is not None
    (report,) = (home.state / "crashes").iterdir()
    assert path.group(1) == str(report)

    assert report.stat().st_mode & 0o777 == 0o600
    text = report.read_text()
    assert "Traceback" in text
    assert "crashing.py" in text
    assert CANARY not in text
    assert CANARY.encode() not in term.raw
    assert "Traceback" not in term.raw.decode()


def test_crash_of_a_command(home: Home) -> None:
    """The command line's own net: a command that breaks says so in a line too."""
    code = (
        "import sys, cockpit.commands.info as i\n"
        f"def run(*a):\n password = {CANARY!r}; raise RuntimeError('Password: ' + password)\n"
        "i.run = run\n"
        "from cockpit.cli import main\n"
        "sys.exit(main(['info']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=home.environ(),
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert done.returncode == 70
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    (report,) = (home.state / "crashes").iterdir()
    assert str(report) in done.stderr
    assert report.stat().st_mode & 0o777 == 0o600
    assert CANARY not in report.read_text() + done.stderr

"""What Pilot cannot see: a real terminal, signals, its closing, bytes on the wire."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.at_length import at_length

ROOT = Path(__file__).resolve().parents[2]
RESTORED = (b"\x1b[?1049l", b"\x1b[?25h", b"\x1b[?1003l", b"\x1b[?2004l")


class Terminal:
    """A child on a pseudo-terminal."""

    def __init__(self, directory: Path, *arguments: str, **environ: str) -> None:
        self.master, slave = pty.openpty()
        env = {k: v for k, v in os.environ.items() if k not in ("COLORTERM", "TMUX", "NO_COLOR")}
        env.update(
            {"TERM": "xterm-256color", "COLUMNS": "120", "LINES": "36", "PYTHONPATH": str(ROOT), **environ}
        )
        self.child = subprocess.Popen(
            [sys.executable, "-m", "tests.ui.in_a_pty", str(directory), *arguments],
            stdin=slave, stdout=slave, stderr=slave, cwd=ROOT, env=env, start_new_session=True,
            preexec_fn=_control_terminal,
        )  # fmt: skip
        os.close(slave)

    def read(self, seconds: float, until: bytes | None = None) -> bytes:
        data, end = b"", time.monotonic() + seconds
        while time.monotonic() < end and (until is None or until not in data):
            if not select.select([self.master], [], [], 0.05)[0]:
                continue
            try:
                chunk = os.read(self.master, 65536)
            except OSError:
                break
            if not chunk:
                break
            data += chunk
        return data


def _control_terminal() -> None:
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


@contextmanager
def terminal(directory: Path, *arguments: str, **environ: str) -> Iterator[Terminal]:
    made = Terminal(directory, *arguments, **environ)
    try:
        yield made
    finally:
        if made.child.poll() is None:
            made.child.kill()
        made.child.wait()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), at_length(signal.SIGHUP, 129)])
def test_signals_restore_the_terminal(tmp_path: Path, number: int, code: int) -> None:
    with terminal(tmp_path) as tty:
        assert b"EX01" in tty.read(10, until=b"EX01")
        tty.read(0.3)
        tty.child.send_signal(number)
        after = tty.read(2)
        assert tty.child.wait(5) == code
        assert all(mode in after for mode in RESTORED)
        os.close(tty.master)


@pytest.mark.parametrize("signals", [at_length(True), False])
def test_a_closed_terminal_ends_it(tmp_path: Path, signals: bool) -> None:
    """Also without SIGHUP (nohup, a multiplexer's child): writing fails, and that is enough."""
    with terminal(tmp_path, *([] if signals else ["deaf"])) as tty:
        assert b"EX01" in tty.read(10, until=b"EX01")
        os.close(tty.master)
        assert tty.child.wait(10) == 129


@pytest.mark.matrix
def test_a_crash_is_one_line_without_secrets(tmp_path: Path) -> None:
    with terminal(tmp_path, "crash") as tty:
        seen = tty.read(10, until=b"Report: ") + tty.read(0.5)
        assert tty.child.wait(5) == 70
        tail = seen[seen.rindex(RESTORED[0]) :]
        assert b"hunter2" not in seen
        assert b"Traceback" not in tail
        (report,) = tmp_path.glob("crash-*.txt")
        assert str(report).encode() in tail
        assert tail.count(b"\n") == 1
        assert "hunter2" not in report.read_text()
        os.close(tty.master)


def test_a_run_that_waits_costs_few_bytes(tmp_path: Path) -> None:
    """Once a second the clock, the time left and nothing else: each on the line where it stands."""
    with terminal(tmp_path, "run") as tty:
        assert b"only to be watched" in tty.read(10, until=b"only to be watched")
        tty.read(1.5)
        seconds = 5
        written = tty.read(seconds)
        assert len(set(re.findall(rb"\x1b\[\d+;\d+H", written))) > 1, "it counts: clock and time left"
        assert len(written) / seconds < 400
        assert b"Look at the monitor" not in written, "the plan is not painted again"
        os.close(tty.master)


@pytest.mark.parametrize("journal", [at_length(False), True])
def test_at_rest_it_writes_nothing(tmp_path: Path, journal: bool) -> None:
    with terminal(tmp_path, *(["journal"] if journal else [])) as tty:
        assert b"EX01" in tty.read(10, until=b"EX01")
        tty.read(2.5)
        assert tty.read(6) == b"", "no cursor blinks, no clock runs; the age tick finds nothing new"
        os.close(tty.master)


def test_what_is_no_terminal_is_refused(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.ui.in_a_pty", str(tmp_path)]
    found = subprocess.run(
        command, capture_output=True, text=True, stdin=subprocess.DEVNULL, cwd=ROOT, timeout=20
    )
    assert found.returncode == 64
    assert "ssh -t" in found.stderr
    with terminal(tmp_path, TERM="dumb") as tty:
        assert b"dumb" in tty.read(10, until=b"dumb")
        assert tty.child.wait(5) == 64
        os.close(tty.master)

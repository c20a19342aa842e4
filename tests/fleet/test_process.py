"""The collector's process ends, whatever keeps it."""

from __future__ import annotations

import signal
import subprocess
import sys

from tests.support.processes import ROOT

STUCK = """
import re, sys
from cockpit.fleet import process

class Stuck:
    def stop(self):
        re.match("(a+)+$", "a" * 64 + "b")

process.EXIT_SECONDS = 0.2
process._listen(sys.stdin.buffer, Stuck())
"""
"""The expression is matched in C, for years, and no other thread runs meanwhile."""


def test_the_kernel_ends_one_in_which_no_thread_runs_any_more() -> None:
    ended = subprocess.run([sys.executable, "-c", STUCK], stdin=subprocess.DEVNULL, cwd=ROOT, timeout=30)
    assert ended.returncode == -signal.SIGALRM

"""What was once needed is given back."""

from __future__ import annotations

import subprocess
import sys

from cockpit.fleet.memory import trimmer
from tests.support.processes import ROOT

FRAGMENTED = """
import psutil
from cockpit.fleet.memory import trimmer

own = psutil.Process().memory_full_info
pieces = [bytearray(16_000) for _ in range(4_000)]
full = own().uss
pieces[:] = pieces[::40]
kept = own().uss
trimmer()()
print(full, kept, own().uss)
"""
"""Of 64 MB one piece of forty stays, so that none of the others lies at the end."""


def test_what_lies_free_between_what_is_used_is_given_back() -> None:
    assert trimmer() is not None, "this is glibc"
    ended = subprocess.run(
        [sys.executable, "-c", FRAGMENTED], capture_output=True, text=True, cwd=ROOT, timeout=30, check=True
    )
    full, kept, now = map(int, ended.stdout.split())
    assert kept > 0.9 * full, "else there is nothing to show"
    assert full - now > 40_000_000

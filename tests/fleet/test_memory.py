"""What was once needed is given back."""

from __future__ import annotations

import subprocess
import sys

import pytest

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


LEARNS = """
import ctypes
import sys
from cockpit.fleet.memory import settle

class Info(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in "a b c d mapped e f g h i".split()]

info = ctypes.CDLL(None).mallinfo2
info.restype = Info
if "settled" in sys.argv:
    assert settle()
before = info().mapped
large = bytearray(1_000_000)
apart = info().mapped - before
del large
again = bytearray(1_000_000)
print(apart, info().mapped - before)
"""
"""Where a large block lies, and where one of its size lies after it was given back."""


@pytest.mark.parametrize(("words", "apart_again"), [([], False), (["settled"], True)])
def test_large_blocks_lie_apart_also_the_second_time(words: list[str], apart_again: bool) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", LEARNS, *words],
        capture_output=True, text=True, cwd=ROOT, timeout=30, check=True,
    )  # fmt: skip
    first, second = map(int, ended.stdout.split())
    assert first >= 1_000_000
    assert (second >= 1_000_000) is apart_again


def test_what_lies_free_between_what_is_used_is_given_back() -> None:
    assert trimmer() is not None, "this is glibc"
    ended = subprocess.run(
        [sys.executable, "-c", FRAGMENTED], capture_output=True, text=True, cwd=ROOT, timeout=30, check=True
    )
    full, kept, now = map(int, ended.stdout.split())
    assert kept > 0.9 * full, "else there is nothing to show"
    assert full - now > 40_000_000

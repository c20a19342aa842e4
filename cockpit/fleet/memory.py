"""Memory that is free is given back to the system.

glibc keeps for each thread what lies free between what is used, however much that is: a few answers of the
largest size on each lane, and a collector stays twice as large for the rest of its life.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable
from typing import Final

TRIM_SECONDS: Final = 10.0
"""A trim takes some milliseconds."""


def trimmer() -> Callable[[], None] | None:
    """What gives back all that is free; None where the C library has nothing for that."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is None:
        return None
    trim.argtypes, trim.restype = [ctypes.c_size_t], ctypes.c_int

    def give_back() -> None:
        trim(0)

    return give_back


def keep_small() -> None:
    """From now on give back what is free, every so often, on a thread of its own."""
    give_back = trimmer()
    if give_back is not None:
        threading.Thread(target=_again_and_again, args=(give_back,), name="memory", daemon=True).start()


def _again_and_again(give_back: Callable[[], None]) -> None:
    never = threading.Event()
    while not never.wait(TRIM_SECONDS):
        give_back()

"""Memory that is free is given back to the system. The collector wants all of this, the screen ``settle``.

glibc keeps for each thread what lies free between what is used, however much that is: a few answers of the
largest size on each lane, and a collector stays twice as large for the rest of its life. It also learns: once
a large block was given back, it takes such blocks from among the small ones, whose pages they then keep apart
(mallopt(3), M_MMAP_THRESHOLD); measured here, what is in use stayed the same for hours while the pages it lay
on became a tenth more. Python looks for
lost cycles (a session that broke leaves some) among its oldest objects only when those have become a quarter
more: a collector that lives through many troubles would stay that much larger.
"""

from __future__ import annotations

import ctypes
import gc
import threading
from collections.abc import Callable
from typing import Final

LARGE_BYTES: Final = 128 * 1024
"""glibc's own first threshold: a block of this size has pages of its own, which go back when it does."""
M_MMAP_THRESHOLD, M_ARENA_MAX = -3, -8
ARENAS: Final = 2
EVERY_SECONDS: Final = 15.0
"""A look for cycles takes some ten milliseconds with two hundred servers, a trim some milliseconds."""


def trimmer() -> Callable[[], None] | None:
    """What gives back all that is free; None where the C library has nothing for that."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is None:
        return None
    trim.argtypes, trim.restype = [ctypes.c_size_t], ctypes.c_int

    def give_back() -> None:
        trim(0)

    return give_back


def settle() -> bool:
    """Have large blocks lie apart for good, and threads share their room; False where the C library has
    nothing for that."""
    option = getattr(ctypes.CDLL(None), "mallopt", None)
    if option is None:
        return False
    option.argtypes, option.restype = [ctypes.c_int, ctypes.c_int], ctypes.c_int
    return all((option(M_MMAP_THRESHOLD, LARGE_BYTES), option(M_ARENA_MAX, ARENAS)))


def keep_small() -> None:
    """From now on give back what is free, every so often, on a thread of its own. What there is now stays for
    good, and is not looked through again."""
    gc.freeze()
    settle()
    give_back = trimmer()
    threading.Thread(target=_again_and_again, args=(give_back,), name="memory", daemon=True).start()


def _again_and_again(give_back: Callable[[], None] | None) -> None:
    never = threading.Event()
    while not never.wait(EVERY_SECONDS):
        gc.collect()
        if give_back is not None:
            give_back()

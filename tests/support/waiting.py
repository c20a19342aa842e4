"""Waiting for something to become true, with a deadline and a reason to print when it does not."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

_T = TypeVar("_T")
_STEP = 0.05


def eventually(look: Callable[[], _T], seconds: float, what: str, step: float = _STEP) -> _T:
    """The first true answer of ``look``, asked every ``step`` seconds. Fails, saying ``what`` and the last
    answer, after ``seconds``."""
    deadline = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:g} s: {what}; last: {found!r}")
        time.sleep(step)

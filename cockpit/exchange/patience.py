"""Waiting for a shell when all of the user's are taken.

A user may hold 18 (exchange-facts §5.5), whoever opens them. Every cockpit of the user gives one back from
time to time when there is no room (:mod:`cockpit.fleet.share`), so whoever asks often enough gets one.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Final, TypeVar

from cockpit.exchange.errors import ThrottledError

_T = TypeVar("_T")

PATIENCE: Final = 90.0
"""Seconds after which waiting is given up: longer than any cockpit goes without asking for room."""
RETRY: Final = (2.0, 3.0)
"""Seconds between two tries of one who has none, drawn anew each time so that many do not march in step."""


def patiently(
    job: Callable[[], _T],
    seconds: float = PATIENCE,
    *,
    told: Callable[[ThrottledError], object] = lambda _error: None,
    pause: Callable[[float], object] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> _T:
    """What ``job`` gives, tried again while it is refused a shell, for ``seconds`` at most.

    Only for a job that does nothing before it has its shell, or that may be done twice. ``told`` of each
    refusal. Raises what ``job`` raises; in the end its ThrottledError.
    """
    deadline = clock() + seconds
    while True:
        try:
            return job()
        except ThrottledError as error:
            wait = random.uniform(*RETRY)  # noqa: S311 -- jitter
            if clock() + wait > deadline:
                raise
            told(error)
            pause(wait)

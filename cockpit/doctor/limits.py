"""Time limits of an examination."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from cockpit.config.language import N_

_T = TypeVar("_T")


class Time:
    """How much is left of a whole; ``most``: of it at once, never less than a second, so that what has begun
    may say why it failed."""

    def __init__(self, seconds: float) -> None:
        self._ends = time.monotonic() + seconds

    @property
    def over(self) -> bool:
        return time.monotonic() >= self._ends

    def most(self, seconds: float) -> float:
        return max(1.0, min(seconds, self._ends - time.monotonic()))


def within(seconds: float, job: Callable[[], _T]) -> _T:
    """``job``, which takes no time limit of its own: on a thread that is left behind when its time is up.

    Raises TimeoutError, and what ``job`` raises.
    """
    results: list[_T] = []
    errors: list[BaseException] = []

    def work() -> None:
        try:
            results.append(job())
        except BaseException as error:  # handed on to whoever waits
            errors.append(error)

    thread = threading.Thread(target=work, name="within", daemon=True)
    thread.start()
    thread.join(seconds)
    if errors:
        raise errors[0]
    if not results:
        raise TimeoutError(N_("not within {seconds:.0f} s").format(seconds=seconds))
    return results[0]

"""Work that takes no time limit of its own, and what it is given all the same."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import TypeVar, cast

_T = TypeVar("_T")


def bounded(work: Callable[[], _T], seconds: float, late: Callable[[], Exception], name: str) -> _T:
    """``work``'s result; raises what it raises, and after ``seconds`` what ``late`` makes.

    What it goes on doing then, on its thread called ``name``, is nobody's, and ends by itself.
    """
    done: queue.SimpleQueue[tuple[_T | None, BaseException | None]] = queue.SimpleQueue()

    def run() -> None:
        try:
            done.put((work(), None))
        except BaseException as error:  # handed over, whatever it is
            done.put((None, error))

    threading.Thread(target=run, name=name, daemon=True).start()
    try:
        result, error = done.get(timeout=seconds)
    except queue.Empty:
        raise late() from None
    if error is not None:
        raise error
    return cast("_T", result)

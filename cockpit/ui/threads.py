"""A blocking call in a thread that never holds up the end of the program.

Textual's thread workers share the loop's executor, and quitting waits for them (terminal-ui §4.1): a
plan that reads a slow server would keep a closed cockpit alive.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from threading import Thread
from typing import TypeVar

T = TypeVar("T")


async def in_thread(call: Callable[[], T], name: str = "recovery") -> T:
    """The result of ``call``, or what it raised. Cancelled: its result is dropped, the call goes on."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: BaseException | None) -> None:
        if future.done():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)  # type: ignore[arg-type]

    def work() -> None:
        result: T | None = None
        error: BaseException | None = None
        try:
            result = call()
        except BaseException as raised:
            error = raised
        with suppress(RuntimeError):  # the loop has ended: nobody waits for it any more
            loop.call_soon_threadsafe(settle, result, error)

    Thread(target=work, name=name, daemon=True).start()
    return await future

"""Every touch of Textual's private names, for 8.2.8. Each has a test in tests/ui/test_hacks.py."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from functools import partial
from typing import IO, Any

from textual.app import App
from textual.binding import Binding, BindingsMap
from textual.dom import DOMNode
from textual.driver import Driver
from textual.events import Resize
from textual.geometry import Size

TERMINAL_GONE = 129
"""The code of SIGHUP, which says the same."""


def replace_bindings(node: DOMNode, bindings: Iterable[Binding]) -> None:
    """The bindings of ``node`` are these and no others. BINDINGS is per class, and ours depend on the
    mode and the user's keymap, which are known when the node is made."""
    node._bindings = BindingsMap(bindings)


def write_to_terminal(app: App[Any], data: str) -> None:
    """``data`` as it is, in order with what Textual writes (``copy_to_clipboard`` knows no tmux)."""
    if app._driver is not None:
        app._driver.write(data)


class LostTerminalFile:
    """What Textual writes to. After the first error it swallows everything and says so once.

    Textual's writer thread dies of such an error; then its queue of 30 writes fills, ``put`` blocks the
    event loop for ever, and neither SIGHUP nor anything else ends the program: an orphan.
    """

    def __init__(self, file: IO[str], lost: Callable[[], None]) -> None:
        self._file = file
        self._lost = lost
        self._dead = False

    def _try(self, call: Callable[[], object]) -> None:
        if self._dead:
            return
        try:
            call()
        except (OSError, ValueError):
            self._dead = True
            self._lost()

    def write(self, text: str) -> None:
        self._try(lambda: self._file.write(text))

    def flush(self) -> None:
        self._try(self._file.flush)

    def fileno(self) -> int:
        return self._file.fileno()

    def isatty(self) -> bool:
        return self._file.isatty()


def driver_class() -> type[Driver] | None:
    """Textual's driver, ending the app when the terminal is gone; None: the platform's own."""
    if sys.platform == "win32":
        return None
    from textual.drivers.linux_driver import LinuxDriver

    class CockpitDriver(LinuxDriver):
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            self._file: Any = LostTerminalFile(self._file, self._terminal_lost)

        def _terminal_lost(self) -> None:
            leave = partial(self._app.exit, return_code=TERMINAL_GONE)
            try:
                self._loop.call_soon_threadsafe(leave)
            except RuntimeError:
                return  # the loop has ended already

    return CockpitDriver


def catch_up_with_size(app: App[int]) -> None:
    """Take the terminal's size where it is not the app's. After a storm of resizes Textual 8.2.8 may keep an
    older one: seen under load in about one storm of twelve."""
    ask = getattr(app._driver, "_get_terminal_size", None)
    if ask is None:
        return
    size = Size(*ask())
    if size != app.size:
        app.post_message(Resize(size, size))

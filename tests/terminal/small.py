"""The screen on a fake feed: no lab and no collector, for what is about the terminal alone."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.processes import Home
from tests.support.terminal import Terminal, terminal

FIRST = "EX01"
"""A server that the screen shows."""


def command(folder: Path, *words: str) -> list[str]:
    """``folder``: where crash reports and saved views go. ``words``: see ``tests.ui.in_a_pty``."""
    return [sys.executable, "-m", "tests.ui.in_a_pty", str(folder), *words]


@contextmanager
def small_screen(
    folder: Path, *words: str, columns: int = 120, rows: int = 40, **environ: str
) -> Iterator[Terminal]:
    home = Home(folder / "home")
    with terminal(command(folder, *words), home.environ(**environ), columns, rows) as term:
        term.wait(FIRST)
        if "busy" not in words:
            term.settle()
        yield term
    home.nothing_left()


def is_drawn_whole(term: Terminal) -> None:
    """What is on the glass is what a drawing of the whole screen brings."""
    shown = term.settle(0.3, 1.0)
    term.wiped()
    term.press("ctrl+l")
    term.wait(lambda text: text == shown, 5.0)

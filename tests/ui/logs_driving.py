"""Helpers for tests that drive the Logs screen by its keys."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from textual.pilot import Pilot
from textual.widgets import Input

from cockpit.ui import log_window
from cockpit.ui.logs import Live, LogsWanted
from cockpit.ui.logs_app import LogsApp
from cockpit.ui.look import plain
from cockpit.ui.screens.logs import LogsScreen
from cockpit.ui.widgets.bars import Bar
from cockpit.ui.widgets.panes import LinesPane
from cockpit.ui.widgets.prompt import Prompt
from tests.ui.driving import until
from tests.ui.log_fakes import FakeLogFeed, ListDocument, entries, sessions

FILES = LogsWanted(paths=(Path("POP32026010808-1.LOG"),))
SERVER = LogsWanted(servers=("EX01",))
Make = Callable[..., LogsApp]


def screen(app: LogsApp) -> LogsScreen:
    return app.logs_screen


def body(app: LogsApp) -> list[str]:
    return [plain(line).rstrip() for line, _ in screen(app).lines_pane.rows]


def here(app: LogsApp) -> str:
    """The line under the cursor."""
    place = screen(app).window and cast(log_window.Window, screen(app).window).current
    return place.entry.row.line if place else ""


def bar(app: LogsApp, name: str) -> str:
    found = screen(app).query_one(f"#{name}", Bar)
    return "\n".join(plain(line) for line in found.source) if found.display else ""


def session_text(app: LogsApp) -> str:
    return "\n".join(plain(line) for line in screen(app).query_one("#session", LinesPane).source)


async def opened(pilot: Pilot[int], app: LogsApp) -> None:
    await until(pilot, lambda: screen(app).window is not None and screen(app).lines_pane.rows)


async def quiet(pilot: Pilot[int], app: LogsApp) -> None:
    await until(pilot, lambda: not screen(app).hunting)


async def typed(pilot: Pilot[int], app: LogsApp, key: str, text: str) -> None:
    await pilot.press(key)
    await until(pilot, lambda: screen(app).query(Prompt) and isinstance(app.focused, Input))
    cast(Input, app.focused).value = text
    await pilot.pause()
    await pilot.press("enter")
    await quiet(pilot, app)
    await pilot.pause()


def files(count: int = 100, **more: Any) -> ListDocument:
    return ListDocument(entries(sessions(count)), **more)


def live(**more: Any) -> tuple[Live, ListDocument, FakeLogFeed]:
    document, feed = ListDocument(**more), FakeLogFeed()
    return Live(document, feed), document, feed

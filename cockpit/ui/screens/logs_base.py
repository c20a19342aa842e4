"""What the parts of the Logs screen share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import NamedTuple, TypeVar, cast

from textual.screen import Screen

from cockpit.config.language import _
from cockpit.config.spoken import spoken
from cockpit.poplog.document import Document
from cockpit.poplog.errors import LogError
from cockpit.ui.actions import Registry
from cockpit.ui.life import crash_line
from cockpit.ui.log_bars import Board
from cockpit.ui.log_window import Window
from cockpit.ui.logs import Known, Live, LogsWanted, OpenLogs
from cockpit.ui.look import Glyphs, Line
from cockpit.ui.terminal_app import TerminalApp
from cockpit.ui.threads import in_thread

T = TypeVar("T")


class LogsDesk(NamedTuple):
    """What the screen is given: keys, glyphs, the clock, where copies go, and who opens logs."""

    registry: Registry
    glyphs: Glyphs
    now: Callable[[], datetime]
    save_dir: Path
    open: OpenLogs


class LogsBase(Screen[None], inherit_bindings=False):
    """The state of the screen. ``window``: None until the logs are open. ``live``: None for files."""

    scope = "logs"

    def __init__(self, desk: LogsDesk, wanted: LogsWanted) -> None:
        super().__init__(id="logs")
        self.desk = desk
        self.wanted = wanted
        self.board = Board()
        self.known = Known()
        self.live: Live | None = None
        self.window: Window | None = None
        self.refused: LogError | None = None
        self.said: Line = ()

    @property
    def terminal(self) -> TerminalApp:
        return cast(TerminalApp, self.app)

    @property
    def document(self) -> Document | None:
        return self.window.document if self.window is not None else None

    def redraw(self) -> None:
        """Bring the screen to what is known now."""
        raise NotImplementedError

    def say(self, text: str, role: str = "") -> None:
        """On the line above the keys, until the next action."""
        self.said = ((f" {text}", role),) if text else ()
        self.draw_said()

    def draw_said(self) -> None:
        raise NotImplementedError

    async def in_thread(self, call: Callable[[], T], name: str) -> T:
        """The result of ``call`` in a thread. Raises LogError; what was not foreseen goes to a crash file,
        and the screen stays."""
        try:
            return await in_thread(call, name)
        except LogError:
            raise
        except Exception as error:
            line = await asyncio.to_thread(crash_line, error, self.terminal.crash_dir)
            raise LogError(_("The log could not be read on"), line) from error

    def say_error(self, error: LogError) -> None:
        cure = f" {spoken(error.cure)}" if error.cure else ""
        self.say(f"{spoken(str(error))}.{cure}".replace("..", "."), "text-problem")

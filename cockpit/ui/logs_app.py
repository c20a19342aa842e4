"""A program that is nothing but the Logs screen: files here, or one server's logs, without the fleet."""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import ClassVar

from textual.screen import Screen

from cockpit.poplog.document import Document
from cockpit.ui._textual_hacks import replace_bindings
from cockpit.ui.actions import ACTIONS, Action, Registry
from cockpit.ui.commanding import CommandingApp
from cockpit.ui.environment import EnvironmentBadge
from cockpit.ui.log_actions import only_logs
from cockpit.ui.logs import LogsWanted, OpenLogs
from cockpit.ui.look import Glyphs
from cockpit.ui.screens.logs import LogsScreen
from cockpit.ui.screens.logs_base import LogsDesk
from cockpit.ui.terminal_app import utc_now
from cockpit.ui.themed_app import NO_THEME_FILES, ThemeFiles


class LogsApp(CommandingApp, inherit_bindings=False):
    """``open``: opens ``wanted``, in a thread, while the first frame is drawn. ``ready``: it is open.
    ``environment``: whose servers' logs they are; None for files."""

    CSS_PATH = "logs.tcss"
    start_scope: ClassVar[str] = "logs"

    def __init__(
        self,
        wanted: LogsWanted,
        open: OpenLogs,  # noqa: A002
        *,
        crash_dir: Path,
        ready: Document | None = None,
        save_dir: Path | None = None,
        theme: str | None = None,
        theme_files: ThemeFiles = NO_THEME_FILES,
        keymap: Mapping[str, Sequence[str]] | None = None,
        glyphs: Glyphs | None = None,
        now: Callable[[], datetime] = utc_now,
        actions: Sequence[Action] = ACTIONS,
        environment: EnvironmentBadge | None = None,
        commands_file: Path | None = None,
    ) -> None:
        super().__init__(
            crash_dir, theme=theme, theme_files=theme_files, glyphs=glyphs, commands_file=commands_file
        )
        self.badge = environment
        self.save_dir, self.present = save_dir or crash_dir, now
        self._keys = Registry.build(True, keymap, only_logs(actions))
        desk = LogsDesk(self._keys, self.glyphs, now, self.save_dir, open)
        self.logs_screen = LogsScreen(desk, wanted, ready)
        replace_bindings(self, self._keys.bindings("app"))

    @property
    def registry(self) -> Registry:
        return self._keys

    def get_default_screen(self) -> Screen[None]:
        return self.logs_screen

    def on_mount(self) -> None:
        self.call_after_refresh(self._painted)

    def _painted(self) -> None:
        """As CockpitApp: what was imported need not be walked again, and a caller had collecting off."""
        gc.freeze()
        gc.enable()

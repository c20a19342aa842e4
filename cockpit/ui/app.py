"""The cockpit's Textual app: owns the feed, the theme and the end; the screens do the rest."""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

from rich.console import RenderableType
from textual import on, work
from textual.screen import Screen
from textual.timer import Timer

from cockpit.exchange.text import clean_line
from cockpit.fleet.feed import Feed, FeedLostError
from cockpit.recovery.client import Recovery
from cockpit.ui import theme as themes
from cockpit.ui._textual_hacks import catch_up_with_size, driver_class, replace_bindings
from cockpit.ui.actions import ACTIONS, Action, Registry
from cockpit.ui.desk import Desk
from cockpit.ui.environment import EnvironmentBadge
from cockpit.ui.life import EXIT_CRASH, crash_line, install_signals
from cockpit.ui.look import VARIABLE_DEFAULTS, Glyphs, Look, make_look, terminal_glyphs
from cockpit.ui.messages import DiffArrived, FeedEnded, FeedStarted, FeedWanted
from cockpit.ui.recoveries import Recoveries
from cockpit.ui.recovering import RecoveringApp
from cockpit.ui.recovery_actions import without_recovery
from cockpit.ui.screens.fleet import FleetScreen

RESIZE_SETTLES = 0.3
"""Seconds without another resize until the size is looked at once more."""
CLOSE_LIMIT = 6.0
"""Seconds the feed has to close; it bounds itself, this is for a feed that does not."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


class CockpitApp(RecoveringApp, inherit_bindings=False):
    """``crash_dir``: where a crash is reported. ``save_dir``: where copies and views go, else there too.

    ``keymap``: action id to keys, already checked by ``cockpit.ui.keymap.check``. ``recovery``: makes the
    recoveries; called once, in a thread, after the first paint. None: this cockpit has none.
    """

    CSS_PATH = "cockpit.tcss"
    TITLE = "POP cockpit"
    ENABLE_COMMAND_PALETTE: ClassVar[bool] = False  # ours is opened by an action of the registry

    def __init__(
        self,
        feed: Feed,
        environment: EnvironmentBadge,
        *,
        crash_dir: Path,
        save_dir: Path | None = None,
        theme: str | None = None,
        keymap: Mapping[str, Sequence[str]] | None = None,
        glyphs: Glyphs | None = None,
        now: Callable[[], datetime] = _utc_now,
        actions: Sequence[Action] = ACTIONS,
        recovery: Callable[[], Recovery] | None = None,
    ) -> None:
        super().__init__(driver_class=driver_class())
        self.animation_level = "none"
        self.crash_dir = crash_dir
        self.crash_report = ""
        self.recoveries = Recoveries(recovery)
        registry = Registry.build(
            environment.read_only, keymap, actions if recovery is not None else without_recovery(actions)
        )
        self.desk = Desk(feed, environment, registry, now, save_dir or crash_dir)
        self.glyphs = glyphs or terminal_glyphs(sys.__stderr__.encoding if sys.__stderr__ else "utf-8")
        self._look: tuple[str, Look] | None = None
        self._settling: Timer | None = None
        self._theme_warnings = self._load_themes(theme)
        self.fleet_screen = FleetScreen(self.desk, self.glyphs, self.recoveries)
        replace_bindings(self, registry.bindings("app"))

    # Looks

    def _load_themes(self, wanted: str | None) -> list[str]:
        found = themes.load()
        for each in found.loaded:
            self.register_theme(each)
        names = list(self.available_themes)
        self.theme = themes.choose(wanted, names, self.console.color_system)
        missing = [f"There is no theme {wanted!r}."] if wanted is not None and wanted not in names else []
        return [*found.warnings, *missing]

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return dict(VARIABLE_DEFAULTS)

    @property
    def look(self) -> Look:
        if self._look is None or self._look[0] != self.theme:
            made = make_look(self.theme_variables, self.current_theme.ansi, self.glyphs)
            self._look = (self.theme, made)
        return self._look[1]

    def on_resize(self) -> None:
        """Once the size has stood still for a moment it is looked at once more."""
        if self._settling is not None:
            self._settling.stop()
        self._settling = self.set_timer(RESIZE_SETTLES, lambda: catch_up_with_size(self))

    # The feed

    def get_default_screen(self) -> Screen[None]:
        return self.fleet_screen

    def on_mount(self) -> None:
        install_signals(self)
        for warning in self._theme_warnings:
            self.notify(warning, severity="warning", markup=False)
        self.call_after_refresh(self._painted)  # paint first, connect then

    def _painted(self) -> None:
        """After the first paint. What was imported stays: the garbage collector need not walk it again,
        and a caller that turned it off for a quick start (``gc.disable()``) gets it back here."""
        gc.freeze()
        gc.enable()
        self.read_feed()
        self.start_recoveries()

    @work(exclusive=True, exit_on_error=False, group="feed")
    async def read_feed(self, again: bool = False) -> None:
        """Start the collector and post what it tells. Touches no widget and no state."""
        try:
            if again:
                await self.desk.feed.close()
            await self.desk.feed.start()
            self.post_message(FeedStarted())
            first = True
            async for diff in self.desk.feed.diffs():
                self.post_message(DiffArrived(diff, first))
                first = False
            self.post_message(FeedEnded("the collector ended."))
        except FeedLostError as lost:
            self.post_message(FeedEnded(clean_line(str(lost)) or "the collector ended."))
        except Exception as error:
            line = await asyncio.to_thread(crash_line, error, self.crash_dir)
            self.post_message(FeedEnded(f"the collector could not be read. {clean_line(line)}"))

    @on(FeedStarted)
    def _feed_started(self) -> None:
        self.desk.started()
        self.fleet_screen.picture_changed()

    @on(DiffArrived)
    def _diff_arrived(self, message: DiffArrived) -> None:
        diff = message.diff
        self.desk.arrived(diff, message.first)
        news = message.first or diff.order is not None or diff.status is not None
        self.fleet_screen.picture_changed(soon=news)

    @on(FeedEnded)
    def _feed_ended(self, message: FeedEnded) -> None:
        self.desk.ended(message.reason)
        self.fleet_screen.picture_changed()

    @on(FeedWanted)
    def _feed_wanted(self) -> None:
        if not self.desk.restarting:
            self.desk.restarting = True
            self.read_feed(again=True)
        self.fleet_screen.picture_changed()

    # Actions of the registry that work on every screen

    def action_help(self) -> None:
        from cockpit.ui.screens.help import HelpScreen

        self.push_screen(HelpScreen(self.desk.registry, self.scope))

    def action_palette(self) -> None:
        from cockpit.ui.palette import ActionProvider, CockpitPalette

        self.push_screen(CockpitPalette(providers=[ActionProvider]))

    @property
    def scope(self) -> str:
        """The scope of the screen on top: whose actions help and palette speak of."""
        return str(getattr(self.screen, "scope", "fleet"))

    async def action_quit(self) -> None:
        self.exit(0)

    def action_interrupt(self) -> None:
        quits, copies = self.registry.key_of("app.quit"), self.registry.key_of("fleet.copy")
        self.notify(f"{quits} quits; {copies} copies what is selected.", markup=False)

    @property
    def registry(self) -> Registry:
        return self.desk.registry

    # The end

    async def on_unmount(self) -> None:
        with suppress(Exception):
            await asyncio.wait_for(self.desk.feed.close(), CLOSE_LIMIT)
        await self.close_recoveries()

    def _fatal_error(self) -> None:
        """In place of Rich's traceback, which prints every local variable, passwords too."""
        error = self._exception or sys.exc_info()[1] or RuntimeError("unknown")
        self._return_code = EXIT_CRASH
        self.crash_report = crash_line(error, self.crash_dir)  # life.run prints it: Rich would cut the path
        self._exit_renderables = []
        self._close_messages_no_wait()

    def panic(self, *renderables: RenderableType) -> None:  # noqa: ARG002
        self._fatal_error()

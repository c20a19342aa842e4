"""The cockpit's Textual app: owns the feed, the theme and the end; the screens do the rest."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.screen import Screen

from cockpit.config.language import N_
from cockpit.exchange.text import clean_line
from cockpit.fleet.feed import Feed, FeedLostError
from cockpit.fleet.recording_tape import TapedFeed
from cockpit.ui._textual_hacks import replace_bindings, write_to_terminal
from cockpit.ui.actions import ACTIONS, Action, Registry
from cockpit.ui.desk import Desk
from cockpit.ui.environment import EnvironmentBadge
from cockpit.ui.fleet_commanding import FleetCommandingApp
from cockpit.ui.life import crash_line
from cockpit.ui.log_actions import without_logs
from cockpit.ui.look import Glyphs
from cockpit.ui.messages import DiffArrived, FeedEnded, FeedStarted, FeedWanted, HookFailed
from cockpit.ui.recoveries import Recoveries
from cockpit.ui.recovery_actions import without_recovery
from cockpit.ui.remembering import RememberingApp
from cockpit.ui.screens.fleet import FleetScreen
from cockpit.ui.terminal_app import utc_now
from cockpit.ui.themed_app import NO_THEME_FILES, ThemeFiles
from cockpit.ui.timeline_actions import without_timeline
from cockpit.ui.timelines import Client, Timelines

if TYPE_CHECKING:
    from cockpit.recovery.client import Recovery
    from cockpit.ui.logs import LogsWanted, OpenLogs
    from cockpit.ui.telling import Telling

TELL_TICK = 5.0
"""Seconds between two looks at what is to be told without news: what is held back falls due."""
CLOSE_LIMIT = 6.0
"""Seconds the feed has to close; it bounds itself, this is for a feed that does not."""


class CockpitApp(FleetCommandingApp, RememberingApp, inherit_bindings=False):
    """``crash_dir``: where a crash is reported. ``save_dir``: where copies and views go, else there too.

    ``keymap``: action id to keys, already checked by ``cockpit.ui.keymap.check``. ``recovery``: makes the
    recoveries; called once, in a thread, after the first paint. None: this cockpit has none.
    ``logs``: opens protocol logs; None: there is no key for them. A ``feed`` that passes a tape can be
    recorded by a key, to a new file in ``record_dir``, else in ``save_dir``. ``telling``: makes who tells of
    changes, after the first paint. None: nobody does. ``bookmarks``: the file they are kept in;
    ``commands_file``: that of what is typed on the command line. None: neither is kept.
    ``timeline``: as ``recovery``, for what is seen on the servers. ``pulse``: opened on the pulse page.
    """

    CSS_PATH: ClassVar[list[str | PurePath]] = ["logs.tcss", "cockpit.tcss"]

    def __init__(
        self,
        feed: Feed,
        environment: EnvironmentBadge,
        *,
        crash_dir: Path,
        save_dir: Path | None = None,
        theme: str | None = None,
        theme_files: ThemeFiles = NO_THEME_FILES,
        keymap: Mapping[str, Sequence[str]] | None = None,
        glyphs: Glyphs | None = None,
        now: Callable[[], datetime] = utc_now,
        actions: Sequence[Action] = ACTIONS,
        recovery: Callable[[], Recovery] | None = None,
        logs: OpenLogs | None = None,
        record_dir: Path | None = None,
        telling: Callable[[], Telling] | None = None,
        bookmarks: Path | None = None,
        commands_file: Path | None = None,
        timeline: Callable[[], Client] | None = None,
        pulse: bool = False,
    ) -> None:
        super().__init__(
            crash_dir, theme=theme, theme_files=theme_files, glyphs=glyphs, commands_file=commands_file
        )
        self.save_dir, self.present = save_dir or crash_dir, now
        self.taped = feed if isinstance(feed, TapedFeed) else None
        self.record_dir = record_dir or self.save_dir
        self.recoveries = Recoveries(recovery)
        self.timelines = Timelines(timeline)
        self._pulse = pulse
        self._make_telling = telling
        self.telling: Telling | None = None
        self._open_logs = logs
        registry = Registry.build(environment.read_only, keymap, self.fitting(actions))
        self.badge = environment
        self.desk = Desk(feed, environment, registry, now, self.save_dir, bookmarks_file=bookmarks)
        self.fleet_screen = FleetScreen(self.desk, self.glyphs, self.recoveries)
        replace_bindings(self, registry.bindings("app"))

    def fitting(self, actions: Sequence[Action]) -> Sequence[Action]:
        """What of ``actions`` this cockpit can have."""
        if not self.timelines.available:
            actions = without_timeline(actions)
        if not self.recoveries.available:
            actions = without_recovery(actions)
        if self._make_telling is None:
            actions = [action for action in actions if action.id != "app.hush"]
        return actions if self._open_logs is not None else without_logs(actions)

    @property
    def registry(self) -> Registry:
        return self.desk.registry

    # The feed

    def get_default_screen(self) -> Screen[None]:
        return self.fleet_screen

    def on_mount(self) -> None:
        if self._pulse:
            self.action_pulse()
        self.call_after_refresh(self._painted)  # paint first, connect then

    def _painted(self) -> None:
        """After the first paint. What was imported stays: the garbage collector need not walk it again,
        and a caller that turned it off for a quick start (``gc.disable()``) gets it back here. Large blocks
        have pages of their own from now on: otherwise a day of large diffs costs some 5 MB an hour, measured
        with 200 servers."""
        from cockpit.fleet import memory  # not needed for the first paint

        gc.freeze()
        gc.enable()
        memory.settle()
        self.read_feed()
        self.start_recoveries()
        self.fleet_screen.read_bookmarks()
        if self._make_telling is not None:
            self.telling = self._make_telling()
            if self.telling.open(self):
                self.set_interval(TELL_TICK, self._tell)
        self.start_timeline()

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
            self.post_message(FeedEnded(N_("the collector ended.")))
        except FeedLostError as lost:
            self.post_message(FeedEnded(clean_line(str(lost)) or N_("the collector ended.")))
        except Exception as error:
            line = await asyncio.to_thread(crash_line, error, self.crash_dir)
            self.post_message(
                FeedEnded(N_("the collector could not be read. {line}").format(line=clean_line(line)))
            )

    @on(FeedStarted)
    def _feed_started(self) -> None:
        self.desk.started()
        self._picture_changed()

    @on(DiffArrived)
    def _diff_arrived(self, message: DiffArrived) -> None:
        diff = message.diff
        turned = self.desk.turned(diff)
        self.desk.arrived(diff, message.first)
        if self.telling is not None:
            self.telling.arrived(self.desk.snapshot)
        news = message.first or diff.order is not None or diff.status is not None
        self._picture_changed(news, turned)

    @on(FeedEnded)
    def _feed_ended(self, message: FeedEnded) -> None:
        self.desk.ended(message.reason)
        if self.telling is not None:
            self.telling.ended(message.reason)
        self._picture_changed()

    @on(FeedWanted)
    def _feed_wanted(self) -> None:
        if not self.desk.restarting:
            self.desk.restarting = True
            self.read_feed(again=True)
        self._picture_changed()

    def _picture_changed(self, soon: bool = True, turned: bool = False) -> None:
        """For every open screen that draws the live picture."""
        self._tell_screens("picture_changed", soon, turned)

    # Telling

    @property
    def other_mark(self) -> str:
        return self.telling.quiet if self.telling is not None else ""

    def _tell(self) -> None:
        """Every few seconds: also what is quiet comes to its end."""
        if self.telling is not None:
            self.telling.look()
            self.mark_recording()

    def write_to_terminal(self, data: str) -> None:
        write_to_terminal(self, data)

    @on(HookFailed)
    def _hook_failed(self, message: HookFailed) -> None:
        self.notify(message.sentence, severity="warning", markup=False, timeout=15)

    def action_hush(self) -> None:
        if self.telling is not None:
            self.notify(self.telling.hush(), markup=False)
            self.mark_recording()

    # Logs

    def open_logs(self, wanted: LogsWanted) -> None:
        """Look at protocol logs. Without somebody who opens them there is no key that leads here."""
        from cockpit.ui.screens.logs import LogsScreen
        from cockpit.ui.screens.logs_base import LogsDesk

        if self._open_logs is not None:
            desk = LogsDesk(self.registry, self.glyphs, self.desk.now, self.desk.save_dir, self._open_logs)
            self.push_screen(LogsScreen(desk, wanted))

    # The end

    async def on_unmount(self) -> None:
        if self.telling is not None:
            await self.telling.close()
        await self.close_timeline()
        with suppress(Exception):
            async with asyncio.timeout(CLOSE_LIMIT):
                await self.desk.feed.close()
        await self.close_recoveries()
        await self.close_recording()

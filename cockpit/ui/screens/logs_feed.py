"""Where the lines of the Logs screen come from: opened in a thread, read by a feed, drawn once a second."""

from __future__ import annotations

import asyncio
import time
from typing import Final

from textual import on
from textual.timer import Timer

from cockpit.config.language import _
from cockpit.config.spoken import spoken
from cockpit.exchange.text import clean_line
from cockpit.poplog.document import Document
from cockpit.poplog.errors import LogError
from cockpit.poplog.feed import FeedEndedError
from cockpit.ui.life import crash_line
from cockpit.ui.log_messages import LinesArrived, LogsEnded, LogsOpened, LogsRefused
from cockpit.ui.log_window import Window
from cockpit.ui.logs import Live, LogsWanted, Opened
from cockpit.ui.screens.logs_base import LogsBase, LogsDesk

DRAW_SECONDS: Final = 1.0
"""The least time between two drawings of new lines: a screen of them is some twenty kilobytes."""
COUNTED: Final = 100_000
"""New lines that are counted while the screen stands still."""


class LogsFeed(LogsBase, inherit_bindings=False):
    """Opens the logs, takes in what arrives, closes the feed when the screen goes. ``ready``: files that are
    open already, so that the first frame has their lines."""

    def __init__(self, desk: LogsDesk, wanted: LogsWanted, ready: Document | None = None) -> None:
        super().__init__(desk, wanted)
        self.ready = ready
        self._news_timer: Timer | None = None
        self._news_at = 0.0
        self._connecting = False

    def on_mount(self) -> None:
        if self.ready is None:
            self._read()
        else:
            self._take(self.ready)

    def on_unmount(self) -> None:
        """Who looks at the screen below need not wait until the reader has ended."""
        if self.live is not None:
            self.terminal.close_later(self.live.feed.close())

    def _read(self) -> None:
        self._connecting = True
        self.run_worker(self._reading(), group="logs-feed", exclusive=True, exit_on_error=False)

    async def _reading(self) -> None:
        """Open, then post what the feed brings. Touches no widget and no state."""
        try:
            live = self.live
            if live is None:
                opened = await self.in_thread(lambda: self.desk.open(self.wanted), "logs")
                self.post_message(LogsOpened(opened))
                if not isinstance(opened, Live):
                    return
                live = opened
            else:
                await live.feed.close()
            await live.feed.start()
            async for batch in live.feed.batches():
                self.post_message(LinesArrived(batch))
            self.post_message(LogsEnded(_("the reader of the logs has ended.")))
        except FeedEndedError as ended:
            self.post_message(
                LogsEnded(spoken(clean_line(str(ended))) or _("the reader of the logs has ended."))
            )
        except LogError as error:
            self.post_message(LogsRefused(error))
        except Exception as error:
            line = await asyncio.to_thread(crash_line, error, self.terminal.crash_dir)
            self.post_message(LogsEnded(clean_line(line)))

    @on(LogsOpened)
    def _opened(self, message: LogsOpened) -> None:
        self._take(message.opened)

    def _take(self, opened: Opened) -> None:
        self.live = opened if isinstance(opened, Live) else None
        try:
            self.window = Window(opened.document if isinstance(opened, Live) else opened)
            self.refused = None
            self.opened(self.window)
        except LogError as error:
            self.window, self.refused = None, error
        if self.live is None:
            self._connecting = False
            self.set_interval(DRAW_SECONDS, self.take_news)
        self.redraw()

    def opened(self, window: Window) -> None:
        """Once, when there is a window."""
        raise NotImplementedError

    @on(LogsRefused)
    def _logs_refused(self, message: LogsRefused) -> None:
        self._connecting = False
        self.refused = message.error
        self.redraw()

    @on(LinesArrived)
    def _lines_arrived(self, message: LinesArrived) -> None:
        if self.live is None:
            return
        self._connecting = False
        self.known.lost = ""
        self.known.arrived(message.batch)
        self.live.document.append(self.known.fresh(message.batch.entries))
        self._news_soon()

    @on(LogsEnded)
    def _logs_ended(self, message: LogsEnded) -> None:
        self._connecting = False
        self.known.lost = message.reason
        self.take_news()
        self.redraw()

    @property
    def connecting(self) -> bool:
        return self._connecting

    def action_reconnect(self) -> None:
        self.known.reconnecting()
        self._read()
        self.redraw()

    # News

    def _news_soon(self) -> None:
        """Draw what came, no sooner than DRAW_SECONDS after the last time."""
        if self._news_timer is None:
            wait = max(self._news_at + DRAW_SECONDS - time.monotonic(), 0.01)
            self._news_timer = self.set_timer(wait, self.take_news)

    def take_news(self) -> None:
        """Look for new lines at the end: to be shown, or counted. Nothing is drawn where nothing came."""
        if self._news_timer is not None:
            self._news_timer.stop()
            self._news_timer = None
        self._news_at = time.monotonic()
        window, board = self.window, self.board
        if window is None:
            return
        try:
            news = window.news()
            if board.follow and news.more and window.lens.open:
                window.to_end()  # it is too much to go through: the last of it is what is seen
            elif board.follow:
                window.take(news.places)
            elif not board.more_new:
                board.new += len(news.places)
                if board.new >= COUNTED:
                    board.more_new = True
            if board.more_new:
                window.skip_news()
        except LogError as error:
            self.say_error(error)
            return
        if news.more:
            self.call_later(self.take_news)
        elif news.places or self.live is not None:
            self.redraw()

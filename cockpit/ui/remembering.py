"""The part of the app that keeps the timeline: one worker that looks, writes and reads, and what arrives."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial
from typing import Any

from textual import on, work
from textual.message import Message
from textual.screen import Screen

from cockpit.config.language import _
from cockpit.config.spoken import spoken
from cockpit.exchange.text import clean_line
from cockpit.ui import timeline_reasons
from cockpit.ui.expansion import SERVER
from cockpit.ui.reasons import Reasons
from cockpit.ui.recovering import RecoveringApp
from cockpit.ui.screens.fleet import FleetScreen
from cockpit.ui.threads import in_thread
from cockpit.ui.timelines import News, Timelines

CLOSE_LIMIT = 1.0


class TimelineArrived(Message):
    """What one look at the timeline gave."""

    def __init__(self, news: News) -> None:
        self.news = news
        super().__init__()


class RememberingApp(RecoveringApp, inherit_bindings=False):
    """Tells the timeline what is seen, and the operator what happened meanwhile."""

    timelines: Timelines
    fleet_screen: FleetScreen

    def start_timeline(self) -> None:
        """After the first paint."""
        if self.timelines.available:
            self.keep_timeline()

    @work(exclusive=True, group="timeline", exit_on_error=False)
    async def keep_timeline(self) -> None:
        """Posts messages; touches no widget."""
        said = ""
        while True:
            try:
                news = await in_thread(partial(self.timelines.step, self.desk.snapshot), "timeline")
            except Exception as error:
                refused = await self._refusal(error, _("The timeline"))
                news = News() if refused.why == said else News(problem=refused.why)
                said = refused.why
            if news:
                self.post_message(TimelineArrived(news))
            await self.timelines.pause()

    @on(TimelineArrived)
    def _timeline_arrived(self, message: TimelineArrived) -> None:
        news = message.news
        for (server, identity), results in (news.latencies or {}).items():
            self.desk.latencies.remembered(server, identity, results)
        if news.away is not None:
            from cockpit.ui.timeline_words import away_words

            self.timelines.away = news.away
            key = self.registry.key_of("app.timeline")
            self.tell(((f" {away_words(news.away, self.desk.now(), key, self.glyphs)}", "text-key"),))
        if news.problem is not None:
            words = _("The timeline is not kept: {why} Watching goes on.").format(
                why=spoken(clean_line(news.problem))
            )
            self.notify(words, severity="warning", markup=False, timeout=10)
            self.tell(((f" {words}", "state-degraded"),))
        if news.past is not None and self.timelines.wanted is not None:
            self.timelines.past = news.past
            self._tell_screens("timeline_arrived")

    def why_not(self, screen: Screen[Any]) -> Reasons:
        scope = str(getattr(screen, "scope", ""))
        own = timeline_reasons.of_app(scope, available=self.timelines.available)
        return {**own, **super().why_not(screen)}

    def action_timeline(self) -> None:
        from cockpit.ui.screens.timeline import TimelineScreen

        server = self._server_here()
        self.push_screen(TimelineScreen(self.desk, self.recoveries, self.timelines, self.glyphs, server))

    def _server_here(self) -> str:
        """The server under the cursor of the screen on top; empty where it stands on none."""
        selected = getattr(self.screen, "selected_server", None)
        if selected is not None:
            return str(selected())
        key = self.fleet_screen.rows("tree").cursor_key or ()
        return key[SERVER - 1] if len(key) >= SERVER else ""

    def action_pulse(self) -> None:
        from cockpit.ui.screens.pulse import PulseScreen

        jump = self.fleet_screen.go_to_server
        self.push_screen(PulseScreen(self.desk, self.recoveries, self.glyphs, jump))

    async def close_timeline(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_LIMIT):
                await in_thread(self.timelines.close, "timeline")

"""What the Logs screen looks for in threads: lines far away, the session under the cursor."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Event
from typing import Final

from textual import on
from textual.timer import Timer

from cockpit.config.language import _
from cockpit.poplog.document import Document, Entry
from cockpit.poplog.errors import LogError
from cockpit.ui.log_hunt import Catch, Quarry, hunt
from cockpit.ui.log_messages import Caught, HuntFailed, SessionGathered
from cockpit.ui.log_window import Place, Window
from cockpit.ui.logs import LogsWanted
from cockpit.ui.screens.logs_base import LogsDesk
from cockpit.ui.screens.logs_feed import LogsFeed

TELL_AFTER: Final = 0.25
"""Seconds that a search may take without a word."""
SESSION_DELAY: Final = 0.2
"""The session is put together once the cursor rests."""


@dataclass(frozen=True, slots=True)
class _Hunt:
    """``search``: for one line to go to; else for lines that the screen has room for. ``other_way``: where
    to look on when nothing is found; ``second``: this is that look."""

    number: int
    quarry: Quarry
    search: bool
    other_way: Quarry | None = None
    second: bool = False
    stop: Event = field(default_factory=Event)


class LogsHunting(LogsFeed, inherit_bindings=False):
    """One hunt at a time; what an older one finds is not listened to."""

    def __init__(self, desk: LogsDesk, wanted: LogsWanted, ready: Document | None = None) -> None:
        super().__init__(desk, wanted, ready)
        self._hunt: _Hunt | None = None
        self._number = 0
        self._slow: Timer | None = None
        self._session_stop = Event()
        self._session_number = 0
        self._session_timer: Timer | None = None
        self._session_place: Place | None = None

    def on_unmount(self) -> None:
        self.stop_hunt()
        self._session_stop.set()

    @property
    def hunting(self) -> bool:
        return self._hunt is not None

    # Lines that the screen lacks

    def settle(self) -> None:
        """After every move: what the screen has room for, and is not found at once, is hunted for."""
        window = self.window
        if window is None:
            return
        lacks = window.lacks()
        if not lacks or self._hunts(back=lacks < 0):
            return
        lens, back = window.lens, lacks < 0
        quarry = Quarry(
            window.above if back else window.below,
            abs(lacks),
            lens.keeper(),
            back,
            lens.in_files,
            lens.any_case,
        )
        self._start(quarry, search=False)

    def _hunts(self, *, back: bool) -> bool:
        """Whether lines are hunted for that way already, for the place the screen is at now."""
        window, running = self.window, self._hunt
        if window is None or running is None or running.search or running.quarry.back is not back:
            return False
        return window.hunted_above if back else window.hunted_below

    # Search

    def search(self, *, back: bool, both_ways: bool = False) -> None:
        """Go to the next line that is searched for; ``both_ways``: or else to the next one the other way."""
        window, needle = self.window, self.board.search
        if window is None or needle is None:
            return
        place = window.current
        if place is None:
            self.say(_("There are no lines to search in."))
            return
        keeps, holds = window.lens.keeper(), needle.test()

        def wanted(entry: Entry) -> bool:
            return holds(entry.row.line) and keeps(entry)

        def quarry(back: bool) -> Quarry:
            anchor = place.before if back else place.after
            return Quarry(anchor, 1, wanted, back, needle.in_files, needle.any_case)

        self._start(quarry(back), search=True, other_way=quarry(not back) if both_ways else None)

    # Hunts

    def _start(
        self, quarry: Quarry, *, search: bool, other_way: Quarry | None = None, second: bool = False
    ) -> None:
        self.stop_hunt()
        window = self.window
        if window is None:
            return
        self._number += 1
        self._hunt = running = _Hunt(self._number, quarry, search, other_way, second)
        if not search:
            window.hunted_above, window.hunted_below = quarry.back, not quarry.back
        document, number = window.document, self._number

        def tell(catch: Catch) -> None:
            self.post_message(Caught(number, catch))

        async def hunting() -> None:
            try:
                await self.in_thread(lambda: hunt(document, quarry, running.stop, tell), "logs-hunt")
            except LogError as error:
                self.post_message(HuntFailed(number, error))

        self.run_worker(hunting(), group="logs-hunt")
        self._slow = self.set_timer(TELL_AFTER, self._tell_hunting)

    def _tell_hunting(self) -> None:
        if self._hunt is not None:
            self.say(
                _("searching{ellipsis} esc stops").format(ellipsis=self.desk.glyphs.ellipsis), "text-key"
            )

    def stop_hunt(self) -> bool:
        """Whether there was one."""
        running, self._hunt = self._hunt, None
        if self._slow is not None:
            self._slow.stop()
            self._slow = None
        if running is None:
            return False
        running.stop.set()
        if self.window is not None:
            self.window.hunted_above = self.window.hunted_below = False
        self.say("")
        return True

    @on(Caught)
    def _caught(self, message: Caught) -> None:
        running, window = self._hunt, self.window
        if running is None or window is None or running.number != message.number:
            return
        catch, back = message.catch, running.quarry.back
        if not running.search and not (window.hunted_above if back else window.hunted_below):
            self.stop_hunt()  # the screen has gone elsewhere meanwhile
            return
        if catch.over:
            self.stop_hunt()
        try:
            if running.search:
                self._found(window, running, catch)
            else:
                window.hunted(catch.places, catch.reached, back=back, ended=catch.ended)
                self.settle()
        except LogError as error:
            self.say_error(error)
        self.redraw()

    def _found(self, window: Window, running: _Hunt, catch: Catch) -> None:
        back, words = running.quarry.back, str(self.board.search)
        if catch.places:
            self.board.follow = False
            window.go_to(catch.places[0])
            self.settle()
            if running.second:
                found = _("Found further up: {words}") if back else _("Found further down: {words}")
                self.say(found.format(words=words))
        elif running.other_way is not None:
            self._start(running.other_way, search=True, second=True)
        elif running.second:
            self.say(_("Not found: {words}").format(words=words), "state-degraded")
        else:
            key = self.desk.registry.key_of("logs.next" if back else "logs.previous")
            missed = (
                _("Not found further up: {words}   {key} looks the other way.")
                if back
                else _("Not found further down: {words}   {key} looks the other way.")
            )
            self.say(missed.format(words=words, key=key), "state-degraded")

    @on(HuntFailed)
    def _hunt_failed(self, message: HuntFailed) -> None:
        if self._hunt is not None and self._hunt.number == message.number:
            self.stop_hunt()
            self.say_error(message.error)
            self.redraw()

    # The session under the cursor

    def session_soon(self) -> None:
        """Put the session together once the cursor rests on another line."""
        place = self.window.current if self.window is not None else None
        if not self.board.session or place is None:
            return
        if self._session_place is not None and self._session_place.entry is place.entry:
            return
        self._session_place = place
        if self._session_timer is None:
            self._session_timer = self.set_timer(SESSION_DELAY, self._gather)

    def forget_session(self) -> None:
        self._session_stop.set()
        self._session_place = None

    def _gather(self) -> None:
        self._session_timer = None
        place, window = self._session_place, self.window
        if place is None or window is None:
            return
        from cockpit.ui.log_session import gather

        self._session_stop.set()
        self._session_stop = stop = Event()
        self._session_number += 1
        number, document = self._session_number, window.document

        async def gathering() -> None:
            try:
                found = await self.in_thread(lambda: gather(document, place, stop.is_set), "logs-session")
            except LogError as error:
                self.post_message(SessionGathered(number, error))
            else:
                self.post_message(SessionGathered(number, found))

        self.run_worker(gathering(), group="logs-session", exclusive=True)

    def current_session(self, message: SessionGathered) -> bool:
        return message.number == self._session_number and self.board.session

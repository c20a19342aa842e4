"""The window on a log, held against the whole list of lines that pass its lens."""

from __future__ import annotations

from dataclasses import replace
from threading import Event
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from cockpit.poplog.document import Entry
from cockpit.ui import log_window
from cockpit.ui.log_hunt import Catch, Quarry, hunt
from cockpit.ui.log_lens import Lens, Mailboxes, Needle
from cockpit.ui.log_window import Window
from tests.ui.log_fakes import ListDocument, entries, sessions

LENSES = (Lens(), Lens(errors=True), Lens(mailboxes=Mailboxes.HIDE), Lens(needle=Needle("user07")),
          Lens(needle=Needle("nowhere")))  # fmt: skip


def complete(window: Window) -> None:
    """What the screen does in a thread, here at once."""
    for _ in range(50):
        lacks = window.lacks()
        if not lacks:
            return
        back, lens = lacks < 0, window.lens
        window.hunted_above, window.hunted_below = back, not back
        anchor = window.above if back else window.below
        quarry = Quarry(anchor, abs(lacks), lens.keeper(), back, lens.in_files, lens.any_case)
        caught: list[Catch] = []
        hunt(window.document, quarry, Event(), caught.append)
        for catch in caught:
            if catch.over:
                window.hunted_above = window.hunted_below = False
            window.hunted(catch.places, catch.reached, back=back, ended=catch.ended)
    raise AssertionError("it is never content")


class Walk(RuleBasedStateMachine):
    """Any moves on a log that grows, through any lens; lines of one to four screen lines."""

    def __init__(self) -> None:
        super().__init__()
        self.undo = pytest.MonkeyPatch()

    def teardown(self) -> None:
        self.undo.undo()

    @initialize(count=st.integers(0, 60), room=st.integers(1, 20), at_once=st.integers(1, 40))
    def open(self, count: int, room: int, at_once: int) -> None:
        self.undo.setattr(log_window, "AT_ONCE", at_once)
        self.undo.setattr(log_window, "BLOCK", 7)
        self.sessions = count
        self.document = ListDocument(entries(sessions(count)))
        self.window = Window(self.document, room)
        self.window.to_end()
        self.following = True
        complete(self.window)

    def passing(self) -> list[Entry]:
        keeps = self.window.lens.keeper()
        return [entry for entry in self.document.lines if keeps(entry)]

    def place(self) -> int:
        """Which of the passing lines the cursor is on."""
        current = self.window.current
        return -1 if current is None else [id(e) for e in self.passing()].index(id(current.entry))

    @rule(lines=st.integers(-40, 40), page=st.booleans())
    def move(self, lines: int, page: bool) -> None:
        before, many = self.place(), len(self.passing())
        (self.window.scroll if page else self.window.move)(lines)
        complete(self.window)
        self.following = False
        assert self.place() == (min(max(before + lines, 0), many - 1) if many else -1)

    @rule()
    def to_end(self) -> None:
        self.window.to_end()
        complete(self.window)
        self.following = True
        assert self.place() == len(self.passing()) - 1

    @rule()
    def to_start(self) -> None:
        self.window.to_start()
        complete(self.window)
        self.following = False
        assert self.place() == min(0, len(self.passing()) - 1)

    @rule(data=st.data())
    def go(self, data: Any) -> None:
        anchor = data.draw(st.integers(0, len(self.document)))
        self.window.go(anchor)
        complete(self.window)
        self.following = False
        keeps = self.window.lens.keeper()
        before = sum(map(keeps, self.document.lines[:anchor]))
        assert self.place() == min(before, len(self.passing()) - 1)

    @rule(data=st.data())
    def go_to(self, data: Any) -> None:
        passing = self.passing()
        if not passing:
            return
        number = data.draw(st.integers(0, len(passing) - 1))
        anchor = self.document.lines.index(passing[number])
        entry = self.document.down(anchor, 1)[0]
        self.window.go_to(log_window.Place(anchor, entry[1], entry[0]))
        complete(self.window)
        self.following = False
        assert self.place() == number

    @rule(lens=st.sampled_from(LENSES))
    def look_through(self, lens: Lens) -> None:
        self.window.look_through(lens)
        complete(self.window)

    @rule(room=st.integers(1, 20))
    def resize(self, room: int) -> None:
        self.window.resize(room)
        complete(self.window)

    @rule(wrapped=st.booleans())
    def wrap(self, wrapped: bool) -> None:
        self.window.height = (lambda e: 1 + e.offset % 4) if wrapped else (lambda _: 1)
        self.window.move(0)
        complete(self.window)

    @rule(more=st.integers(0, 5))
    def grow(self, more: int) -> None:
        new = entries(sessions(more, first=self.sessions + 1), offset=self.sessions * 1_000)
        self.sessions += more
        self.document.append(new)
        news = self.window.news()
        keeps = self.window.lens.keeper()
        assert not news.more
        assert [p.entry for p in news.places] == [e for e in new if keeps(e)]
        if self.following or not self.window.items:
            self.window.take(news.places)
            complete(self.window)
            assert self.place() == len(self.passing()) - 1

    @invariant()
    def no_gap_and_no_double(self) -> None:
        items, passing = [p.entry for p in self.window.items], self.passing()
        if items:
            start = [id(e) for e in passing].index(id(items[0]))
            assert items == passing[start : start + len(items)]

    @invariant()
    def the_screen_is_full_where_it_can_be(self) -> None:
        window, passing = self.window, self.passing()
        heights = [window.height(p.entry) for p in window.items]
        shown = sum(heights[window.top :])
        if passing:
            assert window.items
            assert window.top <= window.cursor < len(heights)
            before = sum(heights[window.top : window.cursor + 1])
            assert before <= window.room or window.top == window.cursor
            if window.items[-1].entry is passing[-1] and shown < window.room and window.top:
                assert shown + heights[window.top - 1] > window.room
            if shown < window.room and window.top == 0:
                assert window.items[0].entry is passing[0]

    @invariant()
    def no_more_is_kept_than_is_near(self) -> None:
        assert len(self.window.items) <= 12 * self.window.room + 120


Walk.TestCase.settings = settings(
    max_examples=60, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
TestWalk = Walk.TestCase


def test_lines_that_went_are_not_asked_for() -> None:
    """A ring drops its oldest while the screen stands still: what is on the screen stays."""
    document = ListDocument(entries(sessions(20)), most=100)
    window = Window(document, 10)
    window.to_end()
    window.move(-30)
    before = [p.entry for p in window.visible()]
    document.append(entries(sessions(19, first=21), offset=100_000))
    assert len(window.news().places) == 95
    assert [p.entry for p in window.visible()] == before
    window.move(3)
    assert window.current is not None
    window.to_start()
    assert window.visible()[0].entry is document.lines[0]


def test_more_news_than_is_looked_at_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_window, "NEWS_AT_ONCE", 12)
    document = ListDocument()
    window = Window(document, 10)
    window.to_end()
    document.append(entries(sessions(4)))
    first, second, third = window.news(), window.news(), window.news()
    assert ([len(n.places) for n in (first, second, third)], first.more) == ([12, 8, 0], True)
    assert not third.more


def test_a_line_that_was_read_half_is_replaced_by_the_whole() -> None:
    whole = entries(sessions(2))
    half = replace(whole[-1], row=entries([b"2026-01-08T08"])[0].row)
    document = ListDocument([*whole[:-1], half])
    window = Window(document, 24)
    window.to_end()
    document.lines[-1:] = [half, whole[-1]]  # as a file does it: the anchor behind it now is before the whole
    window.take(window.news().places)
    assert [p.entry for p in window.items] == whole


def test_a_hunt_tells_what_it_has_and_stops_when_told() -> None:
    document = ListDocument(entries(sessions(100)))
    keeps = Lens(errors=True).keeper()
    told: list[Catch] = []
    hunt(document, Quarry(0, 1_000, keeps), Event(), told.append)
    assert sum(len(c.places) for c in told) == 14
    assert [c.over for c in told][-1]
    assert told[-1].ended
    assert told[-1].reached == document.end()
    assert len(told[0].places) == 1, "the first at once"
    stopped = Event()
    stopped.set()
    told.clear()
    hunt(document, Quarry(0, 1_000, keeps), stopped, told.append)
    assert told == []

"""Only what differs is written, and what is written makes the picture that was drawn."""

from __future__ import annotations

import random

import pyte
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.segment import Segment
from rich.style import Style

from cockpit.ui.glass import Glass

COLUMNS, ROWS = 40, 6
STYLES = {"": None, "r": Style(color="red"), "b": Style(bold=True), "m": Style(color="red", meta={"at": 1})}


def rendered(style: Style | None, text: str) -> str:
    return style.render(text) if style is not None else text


def segments(text: str, style: str = "") -> list[Segment]:
    return [Segment(text, STYLES[style])]


class Seen:
    """A terminal behind a glass."""

    def __init__(self) -> None:
        self.glass = Glass(rendered)
        self.screen = pyte.Screen(COLUMNS, ROWS)
        self.stream = pyte.Stream(self.screen)

    def draw(self, *pieces: tuple[int, int, list[Segment]]) -> str:
        written = self.glass.draw(COLUMNS, ROWS, pieces)
        self.stream.feed(written)
        return written

    def line(self, y: int) -> str:
        return self.screen.display[y].rstrip()


def test_the_same_again_costs_nothing() -> None:
    seen = Seen()
    row = (2, 3, segments("EX01  Healthy", "r"))
    assert seen.draw(row)
    assert seen.draw(row) == ""
    assert seen.draw((2, 3, [*segments("EX01 ", "r"), *segments(" Healthy", "r")])) == "", "cut elsewhere"
    assert seen.line(2) == "   EX01  Healthy"


def test_only_the_cells_that_changed() -> None:
    seen = Seen()
    seen.draw((0, 0, segments("EX01  Healthy   12s ago")))
    assert seen.draw((0, 0, segments("EX01  Healthy   13s ago"))) == "\x1b[1;18H3"
    assert seen.draw((0, 0, segments("EX02  Healthy   14s ago"))) == "\x1b[1;4H2\x1b[1;18H4", "two runs"
    assert seen.draw((0, 0, segments("EX13  Healthy   14s ago"))) == "\x1b[1;3H13"


def test_a_style_that_changed_and_one_that_only_carries_more() -> None:
    seen = Seen()
    seen.draw((1, 0, segments("Unhealthy", "r")))
    assert seen.draw((1, 0, segments("Unhealthy", "m"))) == ""
    assert "Unhealthy" in seen.draw((1, 0, segments("Unhealthy", "b")))


def test_what_was_forgotten_is_written_again() -> None:
    seen = Seen()
    row = (0, 0, segments("EX01"))
    seen.draw(row)
    seen.glass.forget()
    assert "EX01" in seen.draw(row)


def test_another_size_forgets() -> None:
    seen = Seen()
    seen.draw((0, 0, segments("EX01")))
    assert "EX01" in seen.glass.draw(COLUMNS + 1, ROWS, [(0, 0, segments("EX01"))])


def test_wide_characters_are_written_each_time_and_leave_nothing_behind() -> None:
    seen = Seen()
    wide = (0, 0, segments("漢字 EX01"))
    assert "漢字" in seen.draw(wide)
    assert "漢字" in seen.draw(wide)
    seen.draw((0, 0, segments("plain EX02 and more")))
    assert seen.line(0) == "plain EX02 and more"


def test_nothing_is_written_beyond_the_edge() -> None:
    seen = Seen()
    assert seen.draw((ROWS, 0, segments("below"))) == ""
    assert seen.draw((0, COLUMNS + 5, segments("far beyond"))) == ""
    assert "beyond" not in seen.draw((0, COLUMNS - 3, segments("on beyond")))
    assert seen.line(0).endswith("on")


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32))
def test_any_drawings_make_the_picture(seed: int) -> None:
    """Against the same drawings written whole."""
    chance = random.Random(seed)
    seen = Seen()
    whole = pyte.Screen(COLUMNS, ROWS)
    stream = pyte.Stream(whole)
    for _ in range(30):
        y, x = chance.randrange(ROWS), chance.randrange(COLUMNS - 8)
        made: list[Segment] = []
        for _ in range(chance.randrange(1, 4)):
            text = "".join(chance.choices("ab ✓", k=chance.randrange(0, 3)))
            made += segments(text, chance.choice(list(STYLES)))
        seen.draw((y, x, made))
        stream.feed(f"\x1b[{y + 1};{x + 1}H" + "".join(rendered(s.style, s.text) for s in made))
    assert seen.screen.display == whole.display
    assert [dict(seen.screen.buffer[y]) for y in range(ROWS)] == [dict(whole.buffer[y]) for y in range(ROWS)]

"""No screen is forgotten: in a language of no ASCII letters only identifiers have such letters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pytest
from textual.widget import Widget

from tests.language import pseudo
from tests.ui.conftest import MakeApp
from tests.ui.identifiers import left_over
from tests.ui.logs_driving import Make
from tests.ui.looks_cases import CASES, SIZES

QUICK: Final = (
    *("fleet", "fleet-grouped", "help", "palette", "pulse", "timeline", "logging", "obligations"),
    *("plan", "run", "decide-override", "trace", "logs-session"),
)
"""Looked at in every run of the tests, at 200x50; all at both sizes with ``pytest -m looks``."""
ALL: Final = [
    pytest.param(
        name,
        size,
        id=f"{name}-{size}",
        marks=() if name in QUICK and size == "200x50" else pytest.mark.looks,
    )
    for name in CASES
    for size in SIZES
]
OUTSIDE: Final = "\0"


@pytest.fixture(autouse=True)
def pseudo_language() -> Iterator[None]:
    with pseudo.spoken():
        yield


@pytest.mark.usefixtures("quick_polls")
@pytest.mark.parametrize(("name", "size"), ALL)
async def test_a_screen_has_no_word_that_is_not_in_the_language(
    name: str, size: str, make_app: MakeApp, make: Make
) -> None:
    case = CASES[name]
    app = case.start(make_app, make)
    async with app.run_test(size=SIZES[size], notifications=True) as pilot:
        await case.drive(pilot, app)
        # Of a dialog only its box: what is below is looked at by itself, and cut by the box.
        inside = [w.region for w in app.screen.walk_children(Widget) if w.visible and w.region.area]
        strips = app.screen._compositor.render_strips()
    rows = [
        "".join(
            letter if any(place.contains(x, y) for place in inside) else OUTSIDE
            for x, letter in enumerate("".join(segment.text for segment in strip))
        )
        for y, strip in enumerate(strips)
    ]
    if left := left_over(name, rows):
        pytest.fail("\n".join(f"{part!r} in {row!r}" for part, row in left.items()), pytrace=False)

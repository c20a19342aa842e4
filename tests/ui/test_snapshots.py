"""Pictures of the Fleet screen. Frozen: time, theme, size, terminal."""

from __future__ import annotations

from typing import Any

import pytest
from textual.pilot import Pilot

from cockpit.ui.look import ASCII, UNICODE
from tests.ui import fleets
from tests.ui.conftest import MakeApp

CASES: dict[str, tuple[tuple[int, int], dict[str, Any], tuple[str, ...]]] = {
    "200x50": ((200, 50), {}, ("j", "j")),
    "80x24": ((80, 24), {}, ("j", "j")),
    "80x24-probe": ((80, 24), {}, ("j", "j", "3")),
    "ansi-dark": ((140, 40), {"theme": "ansi-dark"}, ("j", "j", "j")),
    "ascii": ((120, 36), {"theme": "ansi-dark", "glyphs": ASCII}, ("j", "j")),
    "light": ((140, 40), {"theme": "light"}, ("f",)),
    "high-contrast": ((140, 40), {"theme": "high-contrast"}, ("j", "j")),
    "probe-dialog": ((120, 36), {}, ("j", "j", "p")),
    "help": ((100, 40), {}, ("?",)),
    "nothing-yet": ((80, 24), {"nothing": True}, ()),
    "80x24-filter": ((80, 24), {}, ("/", *"ex0", "space", *"state", "colon", *"un")),
    "80x24-filter-refused": ((80, 24), {}, ("/", *"sever", "colon", *"ex01")),
    "200x50-groups": ((200, 50), {}, ("j", "j", "m", "a", "b", "b", "b")),
    "80x24-bookmarks": ((80, 24), {}, ("j", "j", "m", "a", "j", "m", "b", "'")),
    "80x24-alone": ((80, 24), {}, ("2", "M")),
    "78x18-tiny": ((78, 18), {}, ("j", "j")),
}


@pytest.mark.parametrize("name", CASES)
def test_fleet(name: str, make_app: MakeApp, snap_compare: Any) -> None:
    size, settings, keys = CASES[name]

    async def prepare(pilot: Pilot[int]) -> None:
        for _ in range(5):
            await pilot.pause()
        for key in keys:
            await pilot.press(key)
            await pilot.pause()

    assert snap_compare(make_app(**{"glyphs": UNICODE, **settings}), terminal_size=size, run_before=prepare)


def test_feed_lost(make_app: MakeApp, snap_compare: Any) -> None:
    app = make_app()

    async def prepare(pilot: Pilot[int]) -> None:
        for _ in range(5):
            await pilot.pause()
        feed = app.desk.feed
        assert isinstance(feed, fleets.FakeFeed)
        feed.lose("the collector was killed by signal 9.")
        for _ in range(5):
            await pilot.pause()

    assert snap_compare(app, terminal_size=(120, 30), run_before=prepare)

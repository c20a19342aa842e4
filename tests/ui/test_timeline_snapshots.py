"""Pictures of the timeline, the pulse page and the sparkline. Frozen: time, theme, size, terminal."""

from __future__ import annotations

from typing import Any

import pytest
from textual.pilot import Pilot

from cockpit.ui import timelines
from cockpit.ui.look import ASCII, UNICODE
from tests.ui import fleets
from tests.ui import recoveries as made
from tests.ui.conftest import MakeApp
from tests.ui.driving import shown, until
from tests.ui.recoveries import FakeRecovery
from tests.ui.timelines import AWAY, FakeTimeline, latencies


@pytest.fixture(autouse=True)
def quick_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timelines, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(timelines, "SCREEN_SECONDS", 0.05)


TIMELINES: dict[str, tuple[tuple[int, int], dict[str, Any], tuple[str, ...]]] = {
    "200x50": ((200, 50), {}, ("T", "j", "j")),
    "80x24": ((80, 24), {}, ("T", "j", "j")),
    "ansi-ascii": ((120, 36), {"theme": "ansi-dark", "glyphs": ASCII}, ("T", "end")),
    "away-120x30": ((120, 30), {}, ()),
    "away-80x24": ((80, 24), {"theme": "light"}, ()),
    "latencies": ((200, 50), {}, ("j", "j", "j", "j")),
}


@pytest.mark.parametrize("name", TIMELINES)
def test_timeline(name: str, make_app: MakeApp, snap_compare: Any) -> None:
    size, settings, keys = TIMELINES[name]
    past = latencies(31, 48, 44, -30000, 62, 51, 33, 120, 47, ended=3600)
    fake = FakeTimeline(since=AWAY.since, remembered=past)
    app = make_app(timeline=lambda: fake, **{"glyphs": UNICODE, **settings})

    async def prepare(pilot: Pilot[int]) -> None:
        await shown(pilot, app)
        await until(pilot, lambda: app.timelines.away is not None)
        for key in keys:
            await pilot.press(key)
            await pilot.pause()
        await until(pilot, lambda: "T" not in keys or app.timelines.past is not None)
        for _ in range(5):
            await pilot.pause()

    assert snap_compare(app, terminal_size=size, run_before=prepare)


PULSES: dict[str, tuple[int, tuple[int, int], dict[str, Any]]] = {
    "200-at-200x50": (200, (200, 50), {}),
    "200-at-80x24": (200, (80, 24), {}),
    "24-at-120x36-ascii": (24, (120, 36), {"theme": "ansi-dark", "glyphs": ASCII}),
}


@pytest.mark.parametrize("name", PULSES)
def test_pulse(name: str, make_app: MakeApp, snap_compare: Any) -> None:
    count, size, settings = PULSES[name]
    view = made.asking()
    recovery = FakeRecovery(views={view.run.id: view}, told=made.standing(view), past=(made.line(view),))
    more = {"glyphs": UNICODE, **settings, "recovery": made.factory(recovery), "read_only": False}
    app = make_app(fleets.demo_fleet(count), pulse=True, **more)

    async def prepare(pilot: Pilot[int]) -> None:
        await until(pilot, lambda: app.recoveries.standing is not None and app.desk.snapshot.servers)
        await pilot.press("right")
        for _ in range(5):
            await pilot.pause()

    assert snap_compare(app, terminal_size=size, run_before=prepare)

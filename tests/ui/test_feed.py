"""The cockpit and its feed: commands sent, a feed that dies, a crash, the end."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from cockpit.fleet.messages import Pause, Refresh, SetInterval, Watch
from cockpit.fleet.rollup import State
from cockpit.ui import life
from cockpit.ui.screens.fleet import FleetScreen
from cockpit.ui.widgets.bars import Bar
from tests.ui import fleets
from tests.ui.conftest import MakeApp
from tests.ui.driving import SIZE, feed_of, rows, said, shown, until
from tests.ui.fleets import FakeFeed, demo_fleet


async def test_feed_lost_is_a_banner_and_restarts(make_app: MakeApp) -> None:
    now = [fleets.NOW]
    app = make_app(now=lambda: now[0])
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot, app)
        feed = feed_of(app)
        await pilot.press("j", "j", "+")
        await asyncio.sleep(0.3)
        feed.lose("the collector was killed by signal 9 [bold]x")
        await until(pilot, lambda: app.desk.lost)
        await pilot.pause()
        assert "killed by signal 9 [bold]x" in said(app, "banner")
        assert "EX01" in "".join(rows(app, "tree")), "old data stays"
        now[0] += timedelta(minutes=5)
        app.fleet_screen.redraw()
        assert app.fleet_screen.view is not None
        states = {s.state for s in app.fleet_screen.view.servers.values()}
        assert State.HEALTHY not in states, "old data goes stale"
        await pilot.press("p")
        assert isinstance(app.screen, FleetScreen), "no probe without a collector"
        now[0] = fleets.NOW
        feed.first = None
        await pilot.press("R")
        await until(pilot, lambda: feed.starts == 2)
        assert "EX01" in "".join(rows(app, "tree")), "the old picture stays until the new one comes"
        assert Watch("EX01") in feed.commands[-2:]
        assert SetInterval(15.0) in feed.commands[-2:]
        smaller = demo_fleet(5)
        feed.show(smaller)
        await until(pilot, lambda: "5 servers" in rows(app, "tree")[0])
        assert not app.fleet_screen.query_one("#banner", Bar).display


async def test_feed_that_cannot_start_and_one_that_breaks(make_app: MakeApp, tmp_path: Path) -> None:
    app = make_app(feed=FakeFeed(start_error="no such program: python9"))
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: "no such program" in said(app, "banner"))

    class Broken(FakeFeed):
        async def start(self) -> None:
            raise ValueError("Password: hunter2")

    app = make_app(feed=Broken())
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: "could not be read" in said(app, "banner"))
    reports = [p.read_text() for p in tmp_path.glob("crash-*.txt")]
    assert reports
    assert not any("hunter2" in r for r in reports)


async def test_pause_rate_refresh(make_app: MakeApp) -> None:
    app = make_app()
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot, app)
        feed = feed_of(app)
        await pilot.press("P")
        assert Pause(True) in feed.commands
        feed.show(replace(feed.picture, status=replace(feed.picture.status, paused=True)))
        await until(pilot, lambda: "PAUSED" in said(app, "context"))
        await pilot.press("P", "R", "-", "+", "+")
        sent = [c for c in feed.commands if not isinstance(c, Watch)]
        assert sent[1:] == [Pause(False), Refresh(), SetInterval(60.0), SetInterval(30.0), SetInterval(15.0)]


async def test_watch_waits_until_the_cursor_rests(make_app: MakeApp) -> None:
    app = make_app()
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot, app)
        await pilot.press("C", "j")
        await asyncio.sleep(0.3)
        feed_of(app).commands.clear()
        await pilot.press("j", "j", "j", "j")
        assert feed_of(app).commands == []
        await until(pilot, lambda: feed_of(app).commands)
        assert feed_of(app).commands == [Watch("EX04")]


async def test_quitting_closes_the_feed(make_app: MakeApp) -> None:
    app = make_app()
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot, app)
        await pilot.press("q")
    assert app.return_code == 0
    assert feed_of(app).closed


async def test_a_crash_is_a_file_and_code_70(make_app: MakeApp, tmp_path: Path) -> None:
    app = make_app()
    secret = "Password: hunter2"

    def explode() -> None:
        raise RuntimeError(f"boom {secret}")

    async def run() -> None:
        async with app.run_test(size=SIZE) as pilot:
            await shown(pilot, app)
            app.call_later(explode)
            await pilot.pause(0.3)

    with pytest.raises(RuntimeError, match="boom"):
        await run()
    assert app.return_code == life.EXIT_CRASH
    (report,) = tmp_path.glob("crash-*.txt")
    assert "boom" in report.read_text()
    assert "hunter2" not in report.read_text()

"""The Timeline screen, the line about the time away, and the sparkline, under an operator's fingers."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from cockpit.fleet.snapshot import FleetSnapshot
from cockpit.journal.store import sqlite_url
from cockpit.journal.timeline import open_timeline
from cockpit.journal.timeline_records import Retention
from cockpit.ui import timelines
from cockpit.ui.app import CockpitApp
from cockpit.ui.look import plain
from cockpit.ui.screens.run import RunScreen
from cockpit.ui.screens.timeline import TimelineScreen
from cockpit.ui.widgets.bars import Bar
from tests.journal.support import actor
from tests.ui import fleets
from tests.ui import recoveries as made
from tests.ui.conftest import MakeApp
from tests.ui.driving import feed_of, go_to, on_fleet, said, shown, status_line, until
from tests.ui.operating import footer, text_of
from tests.ui.recoveries import FakeRecovery
from tests.ui.test_command_line import send
from tests.ui.timelines import AWAY, FakeTimeline, latencies


@pytest.fixture(autouse=True)
def quick_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The timeline is looked at far more often than an operator needs."""
    monkeypatch.setattr(timelines, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(timelines, "SCREEN_SECONDS", 0.05)


@asynccontextmanager
async def cockpit(
    make_app: MakeApp, fake: FakeTimeline, size: tuple[int, int] = (140, 36), **more: Any
) -> AsyncIterator[tuple[CockpitApp, Pilot[int]]]:
    app = make_app(timeline=lambda: fake, **more)
    async with app.run_test(size=size, notifications=True) as pilot:
        await shown(pilot, app)
        await until(pilot, lambda: fake.spans)
        yield app, pilot


async def opened(app: CockpitApp, pilot: Pilot[int]) -> TimelineScreen:
    await pilot.press("T")
    await until(pilot, lambda: isinstance(app.screen, TimelineScreen) and app.timelines.past is not None)
    assert isinstance(app.screen, TimelineScreen)
    await pilot.pause()
    return app.screen


def status(app: CockpitApp) -> str:
    return " ".join(plain(line) for line in app.recoveries.told)


async def test_at_start_one_line_says_what_happened_and_whether_anybody_looked(make_app: MakeApp) -> None:
    fake = FakeTimeline(since=AWAY.since)
    async with cockpit(make_app, fake) as (app, pilot):
        await until(pilot, lambda: status(app))
        assert "While you were away (since 00:12Z): 5 changes" in status(app)
        assert "nobody watched 00:12Z–01:42Z. T shows it." in status(app)
        bar = app.screen.query_one("#status", Bar)
        assert bar.display
        await opened(app, pilot)
        assert "your last look ended" in text_of(app, "events")


async def test_on_a_server_it_is_the_servers_and_a_key_shows_all(make_app: MakeApp) -> None:
    fake = FakeTimeline()
    async with cockpit(make_app, fake) as (app, pilot):
        await go_to(pilot, app, "EX04")
        await opened(app, pilot)
        assert fake.asked[-1] == "EX04"
        assert "unreachable" in text_of(app, "events")
        assert "PopCTPMonitor" not in text_of(app, "events")
        await pilot.press("a")
        await until(pilot, lambda: "PopCTPMonitor" in text_of(app, "events"))
        assert fake.asked[-1] == ""
        await pilot.press("a")
        await until(pilot, lambda: fake.asked[-1] not in ("",))
        await pilot.press("q")
        assert on_fleet(app)
        asked = len(fake.asked)
        fake.place += 1
        for _ in range(5):
            await pilot.pause(0.05)
        assert len(fake.asked) == asked, "nobody reads what no screen shows"


async def test_the_filter_and_the_way_back(make_app: MakeApp) -> None:
    async with cockpit(make_app, FakeTimeline()) as (app, pilot):
        await opened(app, pilot)
        await pilot.press("/", *"restart", "enter")
        await pilot.pause()
        events = text_of(app, "events").splitlines()
        assert all("restart" in line.lower() for line in events[1:])
        assert len(events) == 1 + 3
        await pilot.press("escape")
        await pilot.pause()
        assert len(text_of(app, "events").splitlines()) > 10
        await pilot.press("/", *"zz9", "enter")
        await pilot.pause()
        pane = app.screen.query_one("#events")
        assert "Nothing matches the filter" in plain(getattr(pane, "empty"))  # noqa: B009
        await pilot.press("escape", "escape")
        assert on_fleet(app)


async def test_the_filter_as_a_command(make_app: MakeApp) -> None:
    async with cockpit(make_app, FakeTimeline()) as (app, pilot):
        await opened(app, pilot)
        await send(app, pilot, "filter restart")
        await until(pilot, lambda: len(text_of(app, "events").splitlines()) == 1 + 3)
        await pilot.press("escape")
        await until(pilot, lambda: len(text_of(app, "events").splitlines()) > 10)


async def test_enter_opens_the_run_that_did_it_and_says_where_none_did(make_app: MakeApp) -> None:
    view = made.asking()
    recovery = FakeRecovery(views={"4f2a1b3c9d": view}, told=made.standing(view), past=(made.line(view),))
    async with cockpit(make_app, FakeTimeline(), recovery=made.factory(recovery)) as (app, pilot):
        screen = await opened(app, pilot)
        rows = screen.rows("events").rows
        screen.rows("events").go_to(next(i for i, r in enumerate(rows) if r.key[0] == "step"))
        await pilot.pause()
        assert "Restart-Service" in text_of(app, "about")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, RunScreen))
        await pilot.press("q")
        await until(pilot, lambda: app.screen is screen)
        screen.rows("events").go_to(next(i for i, r in enumerate(rows) if r.key[0] == "alert"))
        await pilot.press("enter")
        await until(pilot, lambda: "No run did this" in status(app))


async def test_copying_takes_the_entry_and_saving_all_of_it(make_app: MakeApp, tmp_path: Path) -> None:
    async with cockpit(make_app, FakeTimeline(), save_dir=tmp_path / "views") as (app, pilot):
        await opened(app, pilot)
        await pilot.press("y", "ctrl+s")
        await until(pilot, lambda: "View saved" in status(app))
        saved = {path.name.split("-")[0]: path.read_text() for path in (tmp_path / "views").iterdir()}
        assert "run 4f2a1b3c9d of front-end: recovered" in saved["copy"]
        assert "Managed Availability (PopCTPRestart)" in saved["timeline"]
        assert "nobody watched" in saved["timeline"]


async def test_a_journal_that_cannot_be_written_is_one_notice_and_watching_goes_on(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timelines, "RETRY_SECONDS", 0.0)
    fake = FakeTimeline(problem="Cannot write to the journal at x: disk full; make room.")
    app = make_app(timeline=lambda: fake)
    async with app.run_test(size=(140, 36), notifications=True) as pilot:
        await shown(pilot, app)
        await until(pilot, lambda: status(app))
        for _ in range(10):
            await pilot.pause(0.05)
        notes = [n.message for n in app._notifications]
        assert notes == [
            "The timeline is not kept: Cannot write to the journal at x: disk full; make room. "
            "Watching goes on."
        ]
        ill = {"PopCTPMonitor": ("Unhealthy", 1.0)}
        feed_of(app).change(fleets.server("EX02", dag="DAG01", alerts=ill))
        await until(pilot, lambda: app.desk.snapshot.servers["EX02"].monitors[0].alert_value)
        fake.problem = ""
        await until(pilot, lambda: any(s.server == "EX02" and s.value == "Unhealthy" for s in fake.written))


async def test_a_bug_in_the_timeline_is_one_crash_file_and_no_end(make_app: MakeApp, tmp_path: Path) -> None:
    def broken() -> FakeTimeline:
        raise ZeroDivisionError

    app = make_app(timeline=broken, crash_dir=tmp_path / "crashes")
    async with app.run_test(size=(140, 36), notifications=True) as pilot:
        await shown(pilot, app)
        await until(pilot, lambda: status(app))
        for _ in range(5):
            await pilot.pause(0.05)
        assert "The timeline is not kept" in status(app)
        assert len(list((tmp_path / "crashes").iterdir())) == 1
        assert len(app._notifications) == 1


async def test_without_a_journal_the_key_says_so(make_app: MakeApp) -> None:
    app = make_app()
    async with app.run_test(size=(140, 36)) as pilot:
        await shown(pilot, app)
        assert "timeline" not in footer(app)
        await pilot.press("T")
        await until(pilot, lambda: "opened without a journal" in status_line(app))
        assert on_fleet(app)


async def test_the_monitors_detail_has_its_latencies_also_of_earlier_days(make_app: MakeApp) -> None:
    fake = FakeTimeline(remembered=latencies(31, 48, -30000, 62, ended=3600))
    async with cockpit(make_app, fake, size=(200, 50)) as (app, pilot):
        await go_to(pilot, app, "PopCTPMonitor")
        await until(pilot, lambda: "Latencies" in said(app, "probe"))
        line = next(x for x in said(app, "probe").splitlines() if x.startswith("Latencies"))
        assert "31 to 62 ms, 5 runs" in line
        assert line.split()[1] == "▅▇✗█✗"


async def test_two_sessions_of_one_operator_on_a_real_journal(make_app: MakeApp, tmp_path: Path) -> None:
    """The first sees, and ends; the second tells what is new since then, and who did not look."""
    url = sqlite_url(tmp_path / "state" / "journal.sqlite")
    now = [datetime.fromtimestamp(time.time() - 7200, UTC)]

    def cockpit_of(number: int, *seen: Any) -> CockpitApp:
        def factory() -> Any:
            return open_timeline(url, actor("ann", number), environment="CORP", keep=Retention())

        return make_app(at(*seen), timeline=factory, now=lambda: now[0])

    def at(alert: str, since: float) -> FleetSnapshot:
        seen = fleets.server("EX01", last_success=now[0], last_attempt=now[0])
        changed = now[0] - timedelta(seconds=since)
        monitors = tuple(
            replace(m, alert_value=alert, last_transition_time=changed) if m.name == "PopCTPMonitor" else m
            for m in seen.monitors
        )
        return replace(fleets.demo_fleet(1), servers={"EX01": replace(seen, monitors=monitors)})

    first = cockpit_of(1, "Healthy", 86_400.0)
    async with first.run_test(size=(120, 30)) as pilot:
        await shown(pilot, first)
        await until(pilot, lambda: first.timelines._signed_at)
        assert "away" not in status(first)
    now[0] = datetime.fromtimestamp(time.time(), UTC)
    second = cockpit_of(2, "Unhealthy", 180.0)
    async with second.run_test(size=(120, 30)) as pilot:
        await shown(pilot, second)
        await until(pilot, lambda: "away" in status(second))
        assert "1 change on 1 server; nobody watched" in status(second)
    reader = open_timeline(url, actor("bob", 3), environment="CORP", keep=Retention())
    found = reader.past(time.time() - 3 * 3600)
    changed = [(e.server, e.what, e.former, e.value) for e in found.entries if e.kind == "alert"]
    assert changed == [("EX01", "PopCTPMonitor", "Healthy", "Unhealthy")]
    assert len(found.watched) == 2
    assert reader.away_since(actor("ann").operator, "other") == pytest.approx(time.time(), abs=60)
    reader.close()

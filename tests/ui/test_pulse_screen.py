"""The pulse page under an operator's fingers, and what it paints."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from textual.geometry import Region
from textual.pilot import Pilot

from cockpit.fleet.snapshot import FleetSnapshot, Reach
from cockpit.ui.app import CockpitApp
from cockpit.ui.look import ASCII, plain
from cockpit.ui.pulse import Form
from cockpit.ui.screens import pulse
from cockpit.ui.screens.pulse import PulseScreen
from cockpit.ui.screens.timeline import TimelineScreen
from cockpit.ui.widgets.bars import Bar
from cockpit.ui.widgets.cells import CellColumn, CellsGrid
from tests.ui import fleets
from tests.ui import recoveries as made
from tests.ui.conftest import MakeApp
from tests.ui.driving import cursor, feed_of, on_fleet, shown, until
from tests.ui.recoveries import FakeRecovery
from tests.ui.timelines import FakeTimeline


@pytest.fixture(autouse=True)
def quick_drawing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulse, "DRAW_SECONDS", 0.02)


def grid(app: CockpitApp) -> CellsGrid:
    return app.screen.query_one("#grid", CellsGrid)


def head(app: CockpitApp) -> str:
    return plain(app.screen.query_one("#head", Bar).source[0])


async def laid_out(app: CockpitApp, pilot: Pilot[int]) -> CellsGrid:
    await until(pilot, lambda: isinstance(app.screen, PulseScreen) and grid(app).arranged.cells)
    return grid(app)


async def test_all_of_200_servers_are_on_one_screen(make_app: MakeApp) -> None:
    app = make_app(fleets.demo_fleet(200), pulse=True)
    async with app.run_test(size=(200, 50)) as pilot:
        cells = await laid_out(app, pilot)
        assert (cells.arranged.form, len(cells.arranged.cells)) == (Form.FULL, 200)
        assert not cells.arranged.more
        for part in ("200 servers", "✗ 2 Unhealthy", "× 1 unreachable", "✓ 191 Healthy", "oldest read"):
            assert part in head(app)


async def test_a_small_screen_has_the_worst_first_and_counts_the_rest(make_app: MakeApp) -> None:
    app = make_app(fleets.demo_fleet(200), pulse=True)
    async with app.run_test(size=(80, 24)) as pilot:
        cells = await laid_out(app, pilot)
        assert cells.arranged.form is Form.LINE
        assert {c.name for c in cells.arranged.cells[:3]} == {"EX01", "MBX2013-01", "EX04"}
        more = cells.query_one("#more", Bar)
        assert more.display
        assert plain(more.source[0]).endswith("more, all healthy")
        await pilot.resize_terminal(200, 50)
        await until(pilot, lambda: len(cells.arranged.cells) == 200)
        assert not more.display


async def test_a_change_paints_its_cell_and_no_other(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = make_app(fleets.demo_fleet(200), pulse=True)
    async with app.run_test(size=(200, 50)) as pilot:
        cells = await laid_out(app, pilot)
        await pilot.pause()
        painted: list[tuple[int, tuple[Region, ...]]] = []
        refresh = CellColumn.refresh

        def seen(self: CellColumn, *regions: Region, **more: Any) -> CellColumn:
            painted.append((self.number, regions))
            refresh(self, *regions, **more)
            return self

        monkeypatch.setattr(CellColumn, "refresh", seen)
        place = next(i for i, c in enumerate(cells.arranged.cells) if c.name == "EX02")
        same = replace(feed_of(app).picture.servers["EX10"], last_attempt=fleets.NOW)
        feed_of(app).change(same)
        ill = {"PopCTPMonitor": ("Unhealthy", 3.0)}
        feed_of(app).change(fleets.server("EX02", dag="DAG01", alerts=ill))
        await until(pilot, lambda: painted)
        for _ in range(5):
            await pilot.pause()
        row, column = divmod(place, cells.arranged.columns)
        assert painted == [(column, (Region(0, row * 2, 20, 2),))]
        assert "3 Unhealthy" in head(app)


async def test_the_cursor_moves_stays_with_its_server_and_leads_to_it(make_app: MakeApp) -> None:
    app = make_app(pulse=False)
    async with app.run_test(size=(120, 34)) as pilot:
        await shown(pilot, app)
        await pilot.press("W")
        cells = await laid_out(app, pilot)
        names = [c.name for c in cells.arranged.cells]
        columns = cells.arranged.columns
        await pilot.press("right", "right", "left", "down")
        assert cells.selected == names[1 + columns]
        await pilot.press("end")
        assert cells.selected == names[-1]
        await pilot.press("home", "up", "left")
        assert cells.selected == names[0]
        await pilot.press("l", "l", "h")
        assert cells.selected == names[1]
        picture = feed_of(app).picture
        fewer = {n: s for n, s in picture.servers.items() if n != names[0]}
        feed_of(app).show(replace(picture, servers=fewer))
        await until(pilot, lambda: len(cells.arranged.cells) == len(names) - 1)
        assert cells.selected == names[1]
        await pilot.press("enter")
        await until(pilot, lambda: on_fleet(app))
        await until(pilot, lambda: (cursor(app) or ())[-1:] == (names[1],))


async def test_a_click_selects_and_another_opens(make_app: MakeApp) -> None:
    app = make_app(pulse=True)
    async with app.run_test(size=(120, 34)) as pilot:
        cells = await laid_out(app, pilot)
        second = cells.arranged.cells[1].name
        await pilot.click("#cells-1", offset=(1, 1))
        assert cells.selected == second
        await pilot.click("#cells-1", offset=(1, 1))
        await until(pilot, lambda: on_fleet(app))


async def test_what_is_open_is_red_on_its_server_and_below(make_app: MakeApp) -> None:
    view = made.asking()
    recovery = FakeRecovery(views={view.run.id: view}, told=made.standing(view), past=(made.line(view),))
    app = make_app(pulse=True, recovery=made.factory(recovery))
    async with app.run_test(size=(120, 34)) as pilot:
        cells = await laid_out(app, pilot)
        await until(pilot, lambda: any(c.alarm for c in cells.arranged.cells))
        assert [c.name for c in cells.arranged.cells if c.alarm] == ["EX01"]
        assert "obligation" in plain(app.screen.query_one("#standing", Bar).source[0])


async def test_nothing_looks_well_when_nobody_reads(make_app: MakeApp) -> None:
    app = make_app(pulse=True)
    async with app.run_test(size=(120, 34)) as pilot:
        await laid_out(app, pilot)
        feed_of(app).lose("the collector was killed by signal 9.")
        trouble = app.screen.query_one("#trouble", Bar)
        await until(pilot, lambda: trouble.display)
        assert "No live data: the collector was killed by signal 9." in plain(trouble.source[0])


async def test_before_the_first_answer_it_says_whom_it_waits_for(make_app: MakeApp) -> None:
    app = make_app(pulse=True, nothing=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, PulseScreen) and "0 servers" in head(app))
        strip = app.screen.query_one("#cells", CellColumn).render_line(0)
        assert "Waiting for the list of servers from ex01.corp.example." in strip.text


async def test_a_fleet_that_comes_later_fills_the_page(make_app: MakeApp) -> None:
    app = make_app(pulse=True, nothing=True)
    async with app.run_test(size=(120, 34)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, PulseScreen))
        waiting = {
            name: replace(s, reach=Reach.UNKNOWN, last_success=None)
            for name, s in fleets.demo_fleet().servers.items()
        }
        feed_of(app).show(FleetSnapshot(servers=waiting))
        await laid_out(app, pilot)
        assert "24 not read yet" in head(app)
        assert "Unknown" not in head(app)


async def test_the_timeline_opens_on_the_cell(make_app: MakeApp) -> None:
    fake = FakeTimeline()
    app = make_app(pulse=True, timeline=lambda: fake)
    async with app.run_test(size=(120, 34)) as pilot:
        cells = await laid_out(app, pilot)
        await pilot.press("right", "T")
        await until(pilot, lambda: isinstance(app.screen, TimelineScreen))
        await until(pilot, lambda: fake.asked)
        assert fake.asked[-1] == cells.arranged.cells[1].name


async def test_saving_has_every_server_also_those_without_a_cell(make_app: MakeApp, tmp_path: Any) -> None:
    app = make_app(fleets.demo_fleet(200), pulse=True, save_dir=tmp_path / "views", glyphs=ASCII)
    async with app.run_test(size=(80, 24)) as pilot:
        await laid_out(app, pilot)
        await pilot.press("ctrl+s")
        await until(pilot, lambda: (tmp_path / "views").exists() and list((tmp_path / "views").glob("*.csv")))
        (text,) = (path.read_text() for path in (tmp_path / "views").glob("*.txt"))
        (table,) = (path.read_text() for path in (tmp_path / "views").glob("*.csv"))
        for saved in (text, table):
            assert all(name in saved for name in feed_of(app).picture.servers)
            assert "PopCTPMonitor" in saved
        assert table.splitlines()[0].startswith("Server,State,Since,Worst")

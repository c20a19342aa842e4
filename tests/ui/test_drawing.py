"""What is drawn when: only what changed, not more often than can be read, and a key at once."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from textual.geometry import Region

from cockpit.fleet.snapshot import FleetSnapshot, Problem, Reach, ServerSnapshot
from cockpit.ui.drawn import MonitorRows, TreeRows
from cockpit.ui.look import UNICODE, plain
from cockpit.ui.screens import fleet as fleet_module
from cockpit.ui.screens.fleet import FleetScreen
from cockpit.ui.view import Filter, Viewer, aged
from cockpit.ui.widgets.panes import LinesPane
from cockpit.ui.widgets.rows import RowsPane
from tests.ui.conftest import MakeApp
from tests.ui.driving import SIZE, feed_of, rows, said, shown, until
from tests.ui.fleets import NOW, demo_fleet, server


def polled(snapshot: ServerSnapshot, alert: str = "Healthy", minutes: float = 1) -> ServerSnapshot:
    """The server after another poll."""
    changed = server(snapshot.name, dag=snapshot.dag, alerts={"PopCTPMonitor": (alert, minutes)})
    return replace(changed, last_success=NOW)


async def test_many_diffs_are_drawn_together_and_a_key_at_once(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fleet_module, "DRAW_SECONDS", 1.0)
    monkeypatch.setattr(fleet_module, "TURN_SECONDS", 60.0)
    app = make_app()
    drawn: list[int] = []
    redraw = FleetScreen.redraw

    def counted(self: FleetScreen) -> None:
        drawn.append(1)
        redraw(self)

    monkeypatch.setattr(FleetScreen, "redraw", counted)
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot, app)
        feed = feed_of(app)
        before = feed.picture.servers["EX02"]
        app.fleet_screen.redraw()
        drawn.clear()
        feed.change(polled(before, "Degraded", 1))
        await until(pilot, lambda: any("Degraded" in r and "EX02" in r for r in rows(app, "monitors")))
        assert len(drawn) == 1, "a state that turned does not wait"
        drawn.clear()
        for minutes in range(1, 7):
            feed.change(polled(before, "Unhealthy", minutes))
            await until(pilot, lambda: app.desk.snapshot.seq == feed.picture.seq)
        assert drawn == [], "one was drawn at once a moment ago: a storm waits"
        assert not any("Unhealthy" in r and "EX02" in r for r in rows(app, "monitors"))
        await pilot.press("f")
        assert len(drawn) == 1
        assert any("Unhealthy" in r and "EX02" in r for r in rows(app, "monitors")), (
            "a key shows all there is"
        )
        feed.change(polled(before, "Repairing"))
        await until(pilot, lambda: any("Repairing" in r and "EX02" in r for r in rows(app, "monitors")))
        assert len(drawn) == 2
        await asyncio.sleep(0.1)
        feed.show(replace(feed.picture, status=replace(feed.picture.status, paused=True)))
        await until(pilot, lambda: "PAUSED" in said(app, "context"))
        assert len(drawn) == 3, "what the collector says of itself does not wait"


async def test_the_more_a_drawing_wrote_the_longer_the_next_waits(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that a fleet in which everything changes fits through a slow link."""
    app = make_app()
    written = 0
    monkeypatch.setattr(fleet_module, "written_bytes", lambda _: written)
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot, app)
        screen = app.fleet_screen
        screen.redraw()
        assert screen._rest(0.5) == 0.5
        written += 2 * int(fleet_module.NEWS_BYTES)
        assert screen._rest(0.5) == 2.0
        written += 1_000_000
        assert screen._rest(0.5) == fleet_module.DRAW_MOST
        screen.redraw()
        assert screen._rest(0.5) == 0.5, "what was written before is paid for"


async def test_the_first_frame_says_something(make_app: MakeApp, monkeypatch: pytest.MonkeyPatch) -> None:
    app = make_app(nothing=True)
    first: list[str] = []
    render = RowsPane.render_lines

    def note(self: RowsPane, crop: Region) -> object:
        if not first and self.id == "tree":
            first.extend((plain(self.empty), said(app, "context"), said(app, "keys")))
        return render(self, crop)

    monkeypatch.setattr(RowsPane, "render_lines", note)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
    assert "Connecting to ex01.corp.example" in first[0]
    assert "READ-ONLY" in first[1]
    assert "svc-pop" in first[1], "the whole width is known"
    assert "quit" in first[2]


async def test_rows_that_come_with_the_cursor_low_are_scrolled_to_it(make_app: MakeApp) -> None:
    """A pane that had nothing to scroll has no scrollbar yet, and is not scrolled before it has."""
    app = make_app()
    async with app.run_test(size=(100, 16)) as pilot:
        await shown(pilot, app)
        pane = app.fleet_screen.query_one("#tree", RowsPane)
        many = pane.rows
        pane.set_rows(())
        await until(pilot, lambda: not pane.show_vertical_scrollbar)
        pane.set_rows(many)
        pane.move_end(last=True)
        assert not pane.show_vertical_scrollbar
        await until(pilot, lambda: pane.scroll_offset.y == pane.max_scroll_y > 0)


async def test_a_new_theme_reaches_every_pane(make_app: MakeApp) -> None:
    app = make_app()
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot, app)
        panes = [app.fleet_screen.query_one(f"#{name}", RowsPane) for name in ("tree", "monitors")]
        lines = [app.fleet_screen.query_one("#side", LinesPane), *panes]
        before = [pane.render_lines(pane.size.region) for pane in lines]
        app.theme = "light"
        await pilot.pause()
        for pane, old in zip(lines, before, strict=True):
            new = pane.render_lines(pane.size.region)
            assert [s.text for s in new] == [s.text for s in old]
            base = pane.rich_style
            assert any(seg.style and seg.style.bgcolor == base.bgcolor for strip in new for seg in strip)
            assert new != old


def test_rows_of_servers_that_did_not_change_are_the_same_objects() -> None:
    fleet, viewer = demo_fleet(), Viewer()
    tree, table = TreeRows(UNICODE), MonitorRows(UNICODE)

    def draw(snapshot: FleetSnapshot) -> tuple[dict[object, object], dict[object, object]]:
        view = viewer.fleet(snapshot, NOW, Filter())
        found = tree.rows(view, "CORP", lambda key, _: len(key) < 3 or key[2] == "EX01")
        table.keep(view)
        monitors = [m for g in view.groups for s in g.servers for m in table.of(s, True)]
        return {r.key: r for r in found}, {m.row.key: m.row for m in monitors}

    trees, tables = draw(fleet)
    changed = polled(fleet.servers["EX02"], "Unhealthy")
    later, later_table = draw(replace(fleet, servers={**fleet.servers, "EX02": changed}))
    assert {k[2] for k, r in later_table.items() if r is not tables[k]} == {"EX02"}  # type: ignore[index]
    moved = {k for k, r in later.items() if r is not trees[k] and len(k) > 2}  # type: ignore[arg-type]
    assert moved == {("fleet", "dag:DAG01", "EX02")}
    assert any(len(k) > 3 for k in later), "EX01 is open"  # type: ignore[arg-type]


def test_a_kept_view_is_what_the_clock_says() -> None:
    """Every second, forwards and backwards: as if it were judged anew."""
    live = server("EX01", last_success=NOW, poll_interval=5.0)
    failing = replace(live, problem=Problem("No answer"))
    silent = replace(live, last_success=None)
    for snapshot in (live, failing, silent):
        for lost in (False, True):
            viewer = Viewer()
            for seconds in (*range(40), *range(40, -3, -1)):
                now = NOW + timedelta(seconds=seconds)
                found = viewer.server(snapshot, now, lost)
                assert found.snapshot.reach is aged(snapshot, now, lost).reach
                assert viewer.server(snapshot, now, lost) is found


@pytest.mark.parametrize("wanted", [Filter("popctp"), Filter(faults_only=True), Filter("!EX0"), Filter("zz")])
def test_a_filter_over_kept_groups_is_what_a_new_one_says(wanted: Filter) -> None:
    fleet, viewer = demo_fleet(), Viewer()
    for name, alert in (
        ("EX01", "Healthy"),
        ("EX02", "Unhealthy"),
        ("EX02", "Healthy"),
        ("EX03", "Degraded"),
    ):
        for each in (wanted, Filter(), wanted):
            fleet = replace(fleet, servers={**fleet.servers, name: polled(fleet.servers[name], alert)})
            kept, new = viewer.fleet(fleet, NOW, each), Viewer().fleet(fleet, NOW, each)
            for one, other in zip(kept.groups, new.groups, strict=True):
                assert (one.key, one.title, one.state, one.total, one.faulty) == (
                    other.key, other.title, other.state, other.total, other.faulty,
                )  # fmt: skip
                assert [[x.key for x in s.leaves] for s in one.servers] == [
                    [x.key for x in s.leaves] for s in other.servers
                ]
            assert (kept.shown, kept.total, kept.up, kept.faulty) == (
                new.shown,
                new.total,
                new.up,
                new.faulty,
            )


async def test_what_is_only_read_again_waits(make_app: MakeApp, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ages and times of servers whose states are the same are not worth a drawing of their own."""
    monkeypatch.setattr(fleet_module, "DRAW_SECONDS", 60.0)
    monkeypatch.setattr(fleet_module, "TURN_SECONDS", 60.0)
    app = make_app()
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot, app)
        feed = feed_of(app)
        app.fleet_screen.redraw()
        before = app.fleet_screen._drawn_at
        for minutes in range(1, 4):
            feed.change(polled(feed.picture.servers["EX02"], "Healthy", minutes))
            await until(pilot, lambda: app.desk.snapshot.seq == feed.picture.seq)
        assert app.fleet_screen._drawn_at == before
        silent = replace(feed.picture.servers["EX02"], reach=Reach.UNREACHABLE)
        feed.change(silent)
        await until(pilot, lambda: any("unreachable" in r and "EX02" in r for r in rows(app, "tree")))
        after = app.fleet_screen._drawn_at
        assert after > before, "at once"
        feed.change(polled(feed.picture.servers["EX03"], "Unhealthy"))
        await until(pilot, lambda: app.desk.snapshot.seq == feed.picture.seq)
        assert app.fleet_screen._drawn_at == after, "a second one waits"

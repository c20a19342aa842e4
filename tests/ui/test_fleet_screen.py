"""The Fleet screen under an operator's fingers."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from textual.widgets import Button, Input

from cockpit.fleet import memory
from cockpit.fleet.messages import AbandonProbe, RunProbe
from cockpit.fleet.snapshot import CollectorStatus, ProbePhase, Problem
from cockpit.ui.actions import ACTIONS, Action
from cockpit.ui.look import plain
from cockpit.ui.screens.fleet import FleetScreen
from cockpit.ui.screens.help import HelpScreen
from cockpit.ui.screens.probe import ProbeDialog
from cockpit.ui.widgets.bars import Bar
from cockpit.ui.widgets.panes import LinesPane
from cockpit.ui.widgets.rows import RowsPane
from tests.ui import fleets
from tests.ui.conftest import MakeApp
from tests.ui.driving import (
    SIZE,
    cursor,
    feed_of,
    go_to,
    on_fleet,
    rows,
    said,
    shown,
    status_line,
    ticking,
    until,
)
from tests.ui.fleets import probe_run, server


async def test_nothing_yet_says_what_it_waits_for(make_app: MakeApp) -> None:
    app = make_app(nothing=True)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        tree = app.fleet_screen.query_one("#tree", RowsPane)
        assert "Connecting to ex01.corp.example" in plain(tree.empty)
        assert "waiting for the list of servers" in plain(tree.empty)
        status = CollectorStatus(
            problem=Problem("No server answers", "connection refused", "Check the entry servers.")
        )
        feed_of(app).show(replace(app.desk.snapshot, status=status))
        await until(pilot, lambda: "No server answers: connection refused" in said(app, "banner"))
        assert "Check the entry servers." in said(app, "banner")
        assert "no answer yet" in plain(tree.empty)


async def test_tree_opens_what_is_faulty_and_moves(make_app: MakeApp) -> None:
    app = make_app()
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot, app)
        assert rows(app, "tree")[:5] == [
            "✗ Unhealthy  CORP  24 servers",
            "✗ Unhealthy  ▾ DAG01 (DAG)  3 faulty  4 servers",
            "✗ Unhealthy  ▾ EX01  2019",
            "✗ Unhealthy  ▾ POP",
            "✗ Unhealthy  PopCTPMonitor",
        ]
        await pilot.press("j", "j")
        assert cursor(app) == ("fleet", "dag:DAG01", "EX01")
        assert all("EX01" not in r for r in rows(app, "monitors")), "no server column for one server"
        assert len(rows(app, "monitors")) == 5
        await pilot.press("left")
        assert "✗ Unhealthy  ▸ EX01  2019" in rows(app, "tree")
        await pilot.press("right", "right")
        assert cursor(app) == ("fleet", "dag:DAG01", "EX01", "POP")
        await pilot.press("h", "h")
        assert cursor(app) == ("fleet", "dag:DAG01", "EX01")
        await pilot.press("space", "enter", "G")
        assert cursor(app)[-2:] != ("DAG01", "EX01")  # type: ignore[index]
        await pilot.press("g")
        assert cursor(app) == ("fleet",)
        await pilot.press("E")
        assert len(rows(app, "tree")) > 100
        await pilot.press("C")
        assert len(rows(app, "tree")) == 1 + 4 + 24
        await pilot.press("tab")
        await pilot.pause()
        assert app.screen.focused is not None
        assert app.screen.focused.id == "monitors"
        await pilot.press("4")
        await pilot.pause()
        assert app.screen.focused.id == "side"
        await pilot.press("escape")
        await pilot.pause()
        assert app.screen.focused.id == "tree"


async def test_selection_follows_to_the_right(make_app: MakeApp) -> None:
    app = make_app()
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot, app)
        await go_to(pilot, app, "EX01")
        assert said(app, "verdict").startswith("REAL")
        assert "Mailbox server MBX2013-01" in said(app, "probe")
        assert "Information Store" in said(app, "side")
        assert "MSExchangePop3 Running" in said(app, "side")
        assert "PopCTPRestart" in said(app, "side")
        await pilot.press("2", "j")
        await pilot.pause()
        assert "PopProxyTestProbe" in said(app, "probe")
        assert said(app, "verdict").startswith("TRANSIENT")
        await go_to(pilot, app, "EX06")
        assert said(app, "verdict").startswith("NOT MONITORED")
        await go_to(pilot, app, "EX04")
        assert "does not answer" in said(app, "verdict")
        assert "connection timed out" in said(app, "side")


async def test_filter_faults_and_counts(make_app: MakeApp) -> None:
    app = make_app()
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot, app)
        tree = app.fleet_screen.query_one("#tree", RowsPane)
        everything = len(rows(app, "monitors"))
        await pilot.press("/", *"popctp")
        await pilot.pause()
        assert not app.screen.query_one("#filter", Input).cursor_blink
        assert f"of {everything}" in plain(tree._title)
        assert all("PopCTPMonitor" in r for r in rows(app, "monitors"))
        await pilot.press("enter")
        assert tree.has_focus
        assert '"popctp"' in plain(tree._title)
        await pilot.press("/", "home", "!")
        await pilot.pause()
        assert all("PopCTPMonitor" not in r for r in rows(app, "monitors"))
        await pilot.press("escape")
        await pilot.pause()
        assert len(rows(app, "monitors")) == everything
        assert tree.has_focus
        await pilot.press("f")
        assert not any("Healthy  " in r and r.startswith("✓") for r in rows(app, "monitors"))
        assert "faults only" in plain(tree._title)
        await pilot.press("f")
        assert len(rows(app, "monitors")) == everything
        await pilot.press("/", *"nothing-like-that")
        await pilot.pause()
        assert rows(app, "monitors") == []
        assert "Nothing matches" in plain(app.fleet_screen.query_one("#monitors", RowsPane).empty)


async def test_probe_asks_first_and_the_safe_choice_has_the_focus(make_app: MakeApp) -> None:
    app = make_app()
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot, app)
        await go_to(pilot, app, "PopCTPMonitor")
        await pilot.press("p")
        await pilot.pause()
        assert isinstance(app.screen, ProbeDialog)
        text = "\n".join(plain(line) for line in app.screen.lines())
        assert r"Invoke-MonitoringProbe -Identity 'POP\PopCTPProbe' -Server 'EX01'" in text
        assert "May take minutes" in text
        assert app.screen.query_one("#cancel", Button).has_focus
        await pilot.press("p")
        assert isinstance(app.screen, ProbeDialog), "the key that opens does not confirm"
        await pilot.press("enter")
        await pilot.pause()
        assert on_fleet(app)
        assert not [c for c in feed_of(app).commands if isinstance(c, RunProbe)], "focus was on Cancel"
        await pilot.press("p", "tab", "tab", "tab", "enter")
        await pilot.pause()
        (run,) = [c for c in feed_of(app).commands if isinstance(c, RunProbe)]
        assert (run.server, run.identity) == ("EX01", r"POP\PopCTPProbe"), "focus was on Run"


async def test_probe_runs_shows_a_clock_and_stops_waiting(make_app: MakeApp) -> None:
    now = [fleets.NOW]
    app = make_app(now=lambda: now[0])
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot, app)
        feed = feed_of(app)
        await go_to(pilot, app, "PopCTPMonitor")
        await pilot.press("p", "y")
        await pilot.pause()
        (run,) = [c for c in feed.commands if isinstance(c, RunProbe)]
        assert "asked for" in said(app, "probe")
        running = replace(probe_run("EX01", run.identity, ProbePhase.RUNNING, at=0), id=run.run_id)
        before = feed.picture.servers["EX01"]
        feed.change(replace(before, probe_runs=(running, *before.probe_runs)))
        await until(pilot, lambda: "running 0:00" in said(app, "probe"))
        assert ticking(app)
        assert said(app, "verdict").startswith("RUNNING")
        now[0] += timedelta(seconds=65)
        await until(pilot, lambda: "running 1:05" in said(app, "probe"))
        assert app.screen.focused is not None
        assert app.screen.focused.id == "probe"
        await pilot.press("escape")
        assert feed.commands[-1] == AbandonProbe(run.run_id)
        feed.change(replace(before, probe_runs=(replace(running, waiting=False),)))
        await until(pilot, lambda: "cannot be recalled" in said(app, "probe"))
        done = replace(probe_run("EX01", run.identity, ProbePhase.FINISHED, "Succeeded", at=0), id=run.run_id)
        feed.change(replace(before, probe_runs=(done,)))
        await until(pilot, lambda: said(app, "verdict").startswith("TRANSIENT"))
        assert not ticking(app)
        assert app.desk.asked == {}


async def test_no_probe_behind_a_counter(make_app: MakeApp) -> None:
    app = make_app()
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await shown(pilot, app)
        await go_to(pilot, app, "PopCTPMonitor")
        await pilot.press("down", "p")
        await pilot.pause()
        assert on_fleet(app)
        assert "performance counter" in status_line(app)


async def test_read_only_unbinds_dangerous_actions(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    exploded: list[int] = []
    monkeypatch.setattr(FleetScreen, "action_explode", lambda _: exploded.append(1), raising=False)
    danger = Action("fleet.explode", ("z",), "explode", "fleet", "Act", "Boom.", dangerous=True, shown=True)
    for read_only in (True, False):
        app = make_app(read_only=read_only, actions=(*ACTIONS, danger))
        async with app.run_test(size=SIZE) as pilot:
            await shown(pilot, app)
            assert ("z" in app.screen.active_bindings) is not read_only
            assert ("explode" in said(app, "keys")) is not read_only
            await pilot.press("z")
            await app.screen.run_action("explode")
            await pilot.press("?")
            await pilot.pause()
            assert isinstance(app.screen, HelpScreen)
            text = "\n".join(plain(li) for li in app.screen.query_one("#help-lines", LinesPane).source)
            assert "explode: Boom." in text
            assert ("Boom.\n" + " " * 21 + "read-only: start with --write" in text) is read_only
    assert len(exploded) == 2, "only with --write: the key, and the action by name"


async def test_bindings_are_the_registry_and_nothing_else(make_app: MakeApp) -> None:
    app = make_app()
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot, app)
        wanted = {b.key for s in ("fleet", "app") for b in app.registry.bindings(s)}
        normal = {k.binding.key for k in app.screen.active_bindings.values()}
        assert normal == {next(iter(_normal(k))) for k in wanted}
        assert not {"l", "t"} & normal


def _normal(key: str) -> set[str]:
    from cockpit.ui.keymap import normalised

    return {normalised(key) or key}


async def test_a_users_key_is_used_and_shown(make_app: MakeApp) -> None:
    app = make_app(keymap={"fleet.faults-only": ("F",)})
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot, app)
        assert "F faults" in said(app, "keys")
        await pilot.press("f")
        assert not app.fleet_screen.filter.faults_only
        await pilot.press("F")
        assert app.fleet_screen.filter.faults_only


async def test_palette_runs_actions(make_app: MakeApp) -> None:
    app = make_app()
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot, app)
        await pilot.press("ctrl+p")
        await pilot.pause()
        assert not app.screen.query_one(Input).cursor_blink
        await pilot.press(*"faults")
        await asyncio.sleep(0.3)
        await pilot.press("enter")
        await until(
            pilot, lambda: isinstance(app.screen, FleetScreen) and app.fleet_screen.filter.faults_only
        )


async def test_cursor_stays_when_servers_come_and_go(make_app: MakeApp) -> None:
    app = make_app()
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot, app)
        feed = feed_of(app)
        await go_to(pilot, app, "EX05")
        servers = dict(feed.picture.servers)
        del servers["EX02"]
        feed.show(replace(feed.picture, servers={"EX00": server("EX00", dag="DAG01"), **servers}))
        await until(pilot, lambda: "EX00" in "".join(rows(app, "tree")))
        assert cursor(app) == ("fleet", "dag:DAG02", "EX05")
        del servers["EX05"]
        feed.show(replace(feed.picture, servers=servers))
        await until(pilot, lambda: "EX05" not in "".join(rows(app, "tree")))
        assert cursor(app) == ("fleet", "dag:DAG02"), "the nearest living parent"


async def test_identical_data_repaints_nothing(make_app: MakeApp, monkeypatch: pytest.MonkeyPatch) -> None:
    app = make_app()
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot, app)
        await pilot.pause(0.3)
        painted: list[object] = []
        for kind in (RowsPane, LinesPane, Bar):
            monkeypatch.setattr(kind, "refresh", lambda self, *a, **k: painted.append((self.id, a)))
        later = {n: replace(s) for n, s in feed_of(app).picture.servers.items()}
        feed_of(app).show(replace(feed_of(app).picture, servers=later))
        app.fleet_screen.redraw()
        await pilot.pause(0.1)
        assert painted == []
        changed = server("EX02", dag="DAG01", alerts={"PopCTPMonitor": ("Degraded", 1)})
        feed_of(app).change(changed)
        await until(pilot, lambda: painted)


async def test_hostile_strings_are_shown_literally(make_app: MakeApp) -> None:
    bad = r"[red]x[/] [bold \x1b]52;c;ZWNobw==\x07 $error [link=http://e]"
    snapshot = server("EX01", dag=bad, site=bad)
    row = fleets.entry("EX01", "PopCTPMonitor", "Unhealthy", 5, target_resource=bad, error=bad, exception=bad)
    hurt = replace(
        snapshot,
        server=replace(snapshot.server, name=bad, fqdn=bad),
        monitors=(row, replace(row, target_resource="other")),
        problem=Problem(bad, bad, bad),
        probe_runs=(
            probe_run(bad, r"POP\PopCTPProbe", ProbePhase.FINISHED, warnings=(bad,)),
            probe_run(bad, r"POP\PopCTPProbe", ProbePhase.FAILED, problem=Problem(bad, bad, bad), at=5),
        ),
    )
    fleet = fleets.demo_fleet(1)
    fleet = replace(fleet, servers={bad: hurt}, status=replace(fleet.status, problem=Problem(bad, bad, bad)))
    app = make_app(fleet)
    async with app.run_test(size=(220, 50), notifications=True) as pilot:
        await shown(pilot, app)
        await go_to(pilot, app, bad)
        assert bad in "".join(rows(app, "tree"))
        assert bad in said(app, "banner")
        assert bad in said(app, "side")
        await pilot.press("E", "p")
        await pilot.pause()
        assert isinstance(app.screen, ProbeDialog)
        app.export_screenshot()
        await pilot.press("n", "y", "ctrl+s")
        await pilot.pause()
        assert bad in app.fleet_screen.view_text()


async def test_copy_and_save_go_to_files(
    make_app: MakeApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []
    monkeypatch.setattr(
        "cockpit.ui.screens.fleet_actions.write_to_terminal", lambda _, data: sent.append(data)
    )
    app = make_app()
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await shown(pilot, app)
        await go_to(pilot, app, "PopCTPMonitor")
        await pilot.press("y", "ctrl+s")
        await pilot.pause()
        (copied,) = tmp_path.glob("copy-*.txt")
        assert "PopCTPMonitor" in copied.read_text()
        assert "REAL" in copied.read_text()
        assert sent[0].startswith("\x1b]52;c;")
        (saved,) = tmp_path.glob("fleet-*.txt")
        for part in ("READ-ONLY", "EX21", "PopCTPMonitor", "Information Store", "MSExchangePop3 Running"):
            assert part in saved.read_text()
        assert any(str(copied) in n.message for n in app._notifications)


@pytest.mark.parametrize("size", [(80, 24), (100, 30), (120, 30), (60, 16), (30, 8)])
async def test_every_size_works(make_app: MakeApp, size: tuple[int, int]) -> None:
    app = make_app()
    async with app.run_test(size=size) as pilot:
        await shown(pilot, app)
        await pilot.press("j", "j", "2", "j", "3", "4", "1", "?", "escape", "p", "n", "f", "f")
        await pilot.resize_terminal(200, 50)
        await pilot.pause()
        assert app.fleet_screen.query_one("#probe", LinesPane).size.width > 40


async def test_narrow_screen_shows_one_pane_below_the_tree(make_app: MakeApp) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await shown(pilot, app)
        for key, name in (("2", "monitors"), ("3", "probe"), ("4", "side")):
            await pilot.press(key)
            await pilot.pause()
            visible = {
                n for n in ("monitors", "probe", "side") if app.fleet_screen.query_one(f"#{n}").size.height
            }
            assert visible == {name}
            assert app.fleet_screen.query_one(f"#{name}").has_focus


async def test_two_hundred_servers_stay_light(make_app: MakeApp) -> None:
    app = make_app(fleets.demo_fleet(200))
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot, app)
        assert len(rows(app, "monitors")) == 990
        assert len(rows(app, "tree")) < 250, "health sets and monitors only where something is wrong"
        started = time.perf_counter()
        for index in range(50):
            changed = server(f"EX{20 + index}", dag="DAG03", last_success=fleets.NOW)
            feed_of(app).change(changed)
        await until(pilot, lambda: app.desk.snapshot.seq == feed_of(app).picture.seq)
        await pilot.press("j")
        assert time.perf_counter() - started < 5, "fifty diffs cost a few drawings, not fifty"


async def test_large_blocks_lie_apart_once_it_is_painted(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    settled: list[bool] = []
    monkeypatch.setattr(memory, "settle", lambda: settled.append(True))
    app = make_app()
    async with app.run_test(size=(100, 30)) as pilot:
        await shown(pilot, app)
        assert settled == [True]

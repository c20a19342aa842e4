"""The Logs screen on servers, and from the Fleet screen, driven by its keys."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, cast

import pytest

from cockpit.poplog.feed import Batch, Happened, Notice, StreamState
from cockpit.poplog.names import Writer
from cockpit.ui.logs import LogsWanted, Opened
from cockpit.ui.screens.logs import LogsScreen
from tests.ui.conftest import MakeApp
from tests.ui.driving import go_to, on_fleet, shown, until
from tests.ui.log_fakes import FakeLogFeed, entries, sessions
from tests.ui.logs_driving import SERVER, Make, bar, body, files, here, live, screen

pytestmark = pytest.mark.usefixtures("quick_logs")


def state(problem: str = "", behind: int = 0, server: str = "EX01") -> StreamState:
    return StreamState(server, Writer.POP3, "POP32026010808-1.LOG", 0, behind, 0.0, problem)


async def test_lines_of_a_server_arrive(make: Make) -> None:
    opened_, document, feed = live(most=60)
    app = make(opened_, SERVER)
    async with app.run_test(size=(120, 30)) as pilot:
        await until(pilot, lambda: "Connecting to EX01" in "\n".join(body(app)))
        assert "connecting" in bar(app, "head")
        feed.lines(())
        await until(pilot, lambda: "No line has come yet" in "\n".join(body(app)))
        assert "live" in bar(app, "head")
        feed.lines(entries(sessions(20)), streams=(state(behind=2_500_000),))
        await until(pilot, lambda: "60 lines" in bar(app, "head"))
        assert "40 dropped" in bar(app, "head")
        assert "2.5 MB behind" in bar(app, "head")
        assert here(app) == document.lines[-1].row.line
        await pilot.press("k")
        where = body(app)
        feed.lines(entries(sessions(5, first=21), offset=100_000), streams=(state(),))
        await until(pilot, lambda: "25 new" in bar(app, "head"))
        assert body(app) == where
        assert "behind" not in bar(app, "head")
        await pilot.press("end")
        assert here(app) == document.lines[-1].row.line


async def test_problems_and_notices_are_said(make: Make) -> None:
    opened_, _, feed = live()
    app = make(opened_, LogsWanted(servers=("EX01", "EX02")))
    async with app.run_test(size=(120, 30)) as pilot:
        await until(pilot, lambda: feed.starts)
        feed.lines((), streams=(state("there is no log file: protocol logging is off"), state(server="EX02")))
        await until(pilot, lambda: "EX01 F: there is no log file" in bar(app, "notices"))
        assert "No lines: see above" in "\n".join(body(app))
        assert "pop-cockpit logging status" in "\n".join(body(app))
        rolled = Notice("EX02", Writer.POP3, Happened.ROLLED_OVER, "EX02 goes on in POP32026010809-1.LOG")
        missed = Notice("EX02", Writer.POP3, Happened.SKIPPED, "EX02: lines between 1 and 2 are gone")
        feed.bring(Batch(tuple(entries(sessions(3), server="EX02")), (rolled, missed), (state(),)))
        await until(pilot, lambda: "lines between 1 and 2 are gone" in bar(app, "notices"))
        assert "goes on in" in bar(app, "notices")
        assert "lines missed 1x" in bar(app, "head")
        assert "there is no log file" not in bar(app, "notices")
        assert any("EX02" in line for line in body(app)), "of several servers each line says its own"
        await pilot.press("e")
        assert "goes on in" not in bar(app, "notices"), "until the next action"
        assert "lines missed 1x" in bar(app, "head")


async def test_a_lost_feed_says_so_and_is_started_again(make: Make) -> None:
    opened_, document, feed = live()
    app = make(opened_, SERVER)
    async with app.run_test(size=(120, 30)) as pilot:
        await until(pilot, lambda: feed.starts)
        feed.lines(entries(sessions(10)))
        await until(pilot, lambda: len(document) == 50)
        await pilot.press("R")
        assert "The connection is there" in bar(app, "said")
        feed.end("The reader was killed by signal 9.")
        await until(pilot, lambda: "LOST" in bar(app, "head"))
        assert "killed by signal 9. R reconnects." in bar(app, "notices")
        assert len(body(app)) == screen(app).lines_pane.room, "what was there stays"
        await pilot.press("R")
        await until(pilot, lambda: feed.starts == 2)
        assert feed.closes == 1
        lines = sessions(14)
        feed.lines(entries(lines)[20:])  # what was there comes again, then what is new
        await until(pilot, lambda: len(document) == 70)
        assert [e.row.line for e in document.lines] == [line.decode() for line in lines]
        assert "LOST" not in bar(app, "head")
        assert "missed" not in bar(app, "head")


async def test_a_reconnection_that_does_not_reach_back_counts_as_missed(make: Make) -> None:
    opened_, document, feed = live()
    app = make(opened_, SERVER)
    async with app.run_test(size=(120, 30)) as pilot:
        await until(pilot, lambda: feed.starts)
        lines = entries(sessions(30))
        feed.lines(lines[:50])
        await until(pilot, lambda: len(document) == 50)
        feed.end("gone")
        await until(pilot, lambda: "LOST" in bar(app, "head"))
        await pilot.press("R")
        await until(pilot, lambda: feed.starts == 2)
        feed.lines(lines[100:])
        await until(pilot, lambda: "lines missed 1x" in bar(app, "head"))
        assert len(document) == 100


async def test_leaving_does_not_wait_for_the_feed_and_the_end_does_for_a_while(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cockpit.ui.terminal_app.FAREWELL_SECONDS", 0.2)
    opened_, _, feed = live()
    feed.close_waits = asyncio.Event()
    app = make(opened_, SERVER)
    async with app.run_test(size=(120, 30)) as pilot:
        await until(pilot, lambda: feed.starts)
        await pilot.press("q")
    assert feed.closes == 0
    again, _, quick = live()
    app = make(again, SERVER)
    async with app.run_test(size=(120, 30)) as pilot:
        await until(pilot, lambda: quick.starts)
    assert quick.closes == 1


def logs(opened: Callable[[], Opened], asked: list[LogsWanted]) -> Callable[[LogsWanted], Opened]:
    def open_logs(wanted: LogsWanted) -> Opened:
        asked.append(wanted)
        return opened()

    return open_logs


async def test_t_opens_the_server_under_the_cursor(make_app: MakeApp) -> None:
    feeds: list[FakeLogFeed] = []
    asked: list[LogsWanted] = []

    def fresh() -> Opened:
        made, _, feed = live()
        feeds.append(feed)
        return made

    app = make_app(logs=logs(fresh, asked))
    async with app.run_test(size=(120, 40)) as pilot:
        await shown(pilot, app)
        await go_to(pilot, app, "PopCTPMonitor")
        server = cast(Sequence[str], app.fleet_screen.rows("tree").cursor_key)[2]
        await pilot.press("t")
        await until(pilot, lambda: isinstance(app.screen, LogsScreen) and feeds and feeds[0].starts)
        assert asked == [LogsWanted(servers=(server,))]
        feeds[0].lines(entries(sessions(5), server=server))
        found = cast(LogsScreen, app.screen)
        await until(pilot, lambda: len(found.lines_pane.rows) > 10)
        await pilot.press("question_mark")
        await pilot.pause()
        await pilot.press("escape", "q")
        await until(pilot, lambda: on_fleet(app))
        await until(pilot, lambda: feeds[0].closes == 1)


async def test_t_on_a_group_opens_its_servers(make_app: MakeApp) -> None:
    asked: list[LogsWanted] = []
    app = make_app(logs=logs(lambda: files(1), asked))
    async with app.run_test(size=(120, 40)) as pilot:
        await shown(pilot, app)
        tree = app.fleet_screen.rows("tree")
        group = next(g for g in cast(Any, app.fleet_screen.view).groups if 1 < len(g.servers) <= 8)
        tree.go_to_key(group.key)
        await pilot.press("t")
        await until(pilot, lambda: asked)
        assert asked[0].servers == tuple(s.name for s in group.servers)


async def test_without_logs_there_is_no_key(make_app: MakeApp) -> None:
    app = make_app()
    async with app.run_test(size=(120, 40)) as pilot:
        await shown(pilot, app)
        assert not app.registry.allows("fleet.logs")
        await pilot.press("t")
        await pilot.pause()
        assert on_fleet(app)


async def test_a_cockpit_that_ends_closes_the_feed(make_app: MakeApp) -> None:
    opened_, _, feed = live()
    app = make_app(logs=logs(lambda: opened_, []))
    async with app.run_test(size=(120, 40)) as pilot:
        await shown(pilot, app)
        await go_to(pilot, app, "PopCTPMonitor")
        await pilot.press("t")
        await until(pilot, lambda: feed.starts)
    assert feed.closes == 1

"""The Logs screen, driven by its keys."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import Any, cast

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from cockpit.poplog.errors import LogError, RefusedError
from cockpit.poplog.feed import Batch, Happened, Notice, StreamState
from cockpit.poplog.names import Writer
from cockpit.ui import log_window
from cockpit.ui.logs import Live, LogsWanted, Opened
from cockpit.ui.logs_app import LogsApp
from cockpit.ui.look import UNICODE, plain
from cockpit.ui.screens import logs_feed, logs_hunting
from cockpit.ui.screens.logs import LogsScreen
from cockpit.ui.widgets.bars import Bar
from cockpit.ui.widgets.panes import LinesPane
from cockpit.ui.widgets.prompt import Prompt
from tests.ui.conftest import MakeApp
from tests.ui.driving import go_to, on_fleet, shown, until
from tests.ui.log_fakes import NOW, START, FakeLogFeed, ListDocument, entries, raw, sessions

FILES = LogsWanted(paths=(Path("POP32026010808-1.LOG"),))
SERVER = LogsWanted(servers=("EX01",))
Make = Callable[..., LogsApp]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs_feed, "DRAW_SECONDS", 0.02)
    monkeypatch.setattr(logs_hunting, "TELL_AFTER", 0.01)
    monkeypatch.setattr(logs_hunting, "SESSION_DELAY", 0.01)


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """A program of nothing but logs; ``opened``: what is opened, or what opening it raises."""

    def made(opened: Opened | Exception, wanted: LogsWanted = FILES, **more: Any) -> LogsApp:
        def open_logs(_: LogsWanted) -> Opened:
            if isinstance(opened, Exception):
                raise opened
            return opened

        settings: dict[str, Any] = {"glyphs": UNICODE, "theme": "dark", "now": lambda: NOW, **more}
        return LogsApp(wanted, open_logs, crash_dir=tmp_path, **settings)

    return made


def screen(app: LogsApp) -> LogsScreen:
    return app.logs_screen


def body(app: LogsApp) -> list[str]:
    return [plain(line).rstrip() for line, _ in screen(app).lines_pane.rows]


def here(app: LogsApp) -> str:
    """The line under the cursor."""
    place = screen(app).window and cast(log_window.Window, screen(app).window).current
    return place.entry.row.line if place else ""


def bar(app: LogsApp, name: str) -> str:
    found = screen(app).query_one(f"#{name}", Bar)
    return "\n".join(plain(line) for line in found.source) if found.display else ""


def session_text(app: LogsApp) -> str:
    return "\n".join(plain(line) for line in screen(app).query_one("#session", LinesPane).source)


async def opened(pilot: Pilot[int], app: LogsApp) -> None:
    await until(pilot, lambda: screen(app).window is not None and screen(app).lines_pane.rows)


async def quiet(pilot: Pilot[int], app: LogsApp) -> None:
    await until(pilot, lambda: not screen(app).hunting)


async def typed(pilot: Pilot[int], app: LogsApp, key: str, text: str) -> None:
    await pilot.press(key)
    await until(pilot, lambda: screen(app).query(Prompt) and isinstance(app.focused, Input))
    cast(Input, app.focused).value = text
    await pilot.pause()
    await pilot.press("enter")
    await quiet(pilot, app)
    await pilot.pause()


def files(count: int = 100, **more: Any) -> ListDocument:
    return ListDocument(entries(sessions(count)), **more)


def live(**more: Any) -> tuple[Live, ListDocument, FakeLogFeed]:
    document, feed = ListDocument(**more), FakeLogFeed()
    return Live(document, feed), document, feed


# Files


async def test_files_open_at_their_end_and_scroll(make: Make) -> None:
    document = files()
    app = make(document)
    async with app.run_test(size=(120, 30)) as pilot:
        await opened(pilot, app)
        assert len(body(app)) == screen(app).lines_pane.room
        assert here(app) == document.lines[-1].row.line
        assert "Follow:On" in bar(app, "toggles")
        await pilot.press("k", "up")
        assert here(app) == document.lines[-3].row.line
        assert "Follow:Off" in bar(app, "toggles")
        await pilot.press("g")
        assert here(app) == document.lines[0].row.line
        await pilot.press("j", "pagedown")
        room = screen(app).lines_pane.room
        assert here(app) == document.lines[room].row.line
        await pilot.press("pageup", "home")
        assert here(app) == document.lines[0].row.line
        assert "0%" in bar(app, "head")
        await pilot.press("end")
        assert "Follow:On" in bar(app, "toggles")
        assert here(app) == document.lines[-1].row.line


async def test_a_file_that_grows_is_followed_and_counted_while_it_stands_still(make: Make) -> None:
    document = files(30)
    app = make(document)
    async with app.run_test(size=(120, 30)) as pilot:
        await opened(pilot, app)
        document.append(entries(sessions(3, first=31), offset=100_000))
        await until(pilot, lambda: here(app) == document.lines[-1].row.line)
        await pilot.press("k")
        where = here(app)
        document.append(entries(sessions(4, first=34), offset=200_000))
        await until(pilot, lambda: "20 new" in bar(app, "head"))
        assert here(app) == where
        await pilot.press("G")
        assert here(app) == document.lines[-1].row.line
        assert "new" not in bar(app, "head")
        await pilot.press("k", "j", "j")
        assert "Follow:On" in bar(app, "toggles"), "down past the last line follows"


async def test_nothing_is_drawn_where_nothing_came(make: Make) -> None:
    app = make(files(30))
    async with app.run_test(size=(120, 30)) as pilot:
        await opened(pilot, app)
        drawn = 0

        def count(*_: object) -> None:
            nonlocal drawn
            drawn += 1

        screen(app).redraw = count  # type: ignore[method-assign]
        asked = 0
        window = cast(log_window.Window, screen(app).window)
        news = window.news

        def asking() -> log_window.News:
            nonlocal asked
            asked += 1
            return news()

        window.news = asking  # type: ignore[method-assign]
        await until(pilot, lambda: asked > 5)
        assert drawn == 0


async def test_what_cannot_be_opened_says_why_and_what_helps(make: Make) -> None:
    app = make(RefusedError("POP3.LOG may not be read", "Permission denied", "Ask its owner."))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "may not be read" in "\n".join(body(app)))
        said = "\n".join(body(app))
        assert "Permission denied" in said
        assert "What helps: Ask its owner." in said
        assert "not opened" in bar(app, "head")
        await pilot.press("k", "j", "G", "s", "n", "e", "R")  # nothing of it fails without a log


async def test_an_unforeseen_error_has_a_crash_file_and_no_secret_on_the_screen(
    make: Make, tmp_path: Path
) -> None:
    app = make(ValueError("Password: hunter2"))
    async with app.run_test(size=(120, 24)) as pilot:
        await until(pilot, lambda: "crash-" in "\n".join(body(app)).replace(" ", ""))
        assert "hunter2" not in "\n".join(body(app))
        assert list(tmp_path.glob("crash-*.txt"))


async def test_an_empty_file_is_said_to_be_empty(make: Make) -> None:
    app = make(ListDocument())
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "There is no line in POP32026010808-1.LOG" in "\n".join(body(app)))


async def test_a_file_that_goes_away_while_it_is_looked_at(make: Make) -> None:
    document = files()
    app = make(document)
    async with app.run_test(size=(120, 30)) as pilot:
        await opened(pilot, app)
        document.trouble = LogError("POP3.LOG cannot be read", "Input/output error", "Look at the disk.")
        await pilot.press("g")
        await until(pilot, lambda: "Input/output error" in bar(app, "said"))
        assert "Look at the disk." in bar(app, "said")
        await pilot.press("n", "s", "slash")
        document.trouble = None
        await pilot.press("escape", "g")
        assert here(app) == document.lines[0].row.line


# Find


async def test_search_finds_up_and_down_and_says_where_there_is_no_more(make: Make) -> None:
    document = files(100)
    lines = [e.row.line for e in document.lines]
    wanted = [line for line in lines if "Logon failure" in line]
    app = make(document)
    async with app.run_test(size=(120, 30)) as pilot:
        await opened(pilot, app)
        await typed(pilot, app, "slash", "LOGON failure")
        assert here(app) == wanted[-1]
        assert "/LOGON failure" in bar(app, "head")
        assert "Follow:Off" in bar(app, "toggles")
        await pilot.press("N")
        await quiet(pilot, app)
        assert here(app) == wanted[-2]
        await pilot.press("n")
        await quiet(pilot, app)
        assert here(app) == wanted[-1]
        await pilot.press("n")
        await until(pilot, lambda: "Not found further down" in bar(app, "said"))
        await pilot.press("g")
        await typed(pilot, app, "slash", "!user")
        assert here(app) == next(line for line in lines[1:] if "user" not in line.lower())
        await pilot.press("i")
        assert "Case:On" in bar(app, "toggles")
        await typed(pilot, app, "slash", "LOGON")
        assert "Not found: LOGON" in bar(app, "said")
        await pilot.press("escape")
        assert "/LOGON" not in bar(app, "head")


async def test_a_slow_search_is_said_and_stops(make: Make) -> None:
    document = files()
    document.gate = Event()
    app = make(document)
    async with app.run_test(size=(120, 30)) as pilot:
        await opened(pilot, app)
        await pilot.press("slash")
        await until(pilot, lambda: isinstance(app.focused, Input))
        cast(Input, app.focused).value = "pass"
        await pilot.press("enter")
        await until(pilot, lambda: "searching… esc stops" in bar(app, "said"))
        await pilot.press("k", "k")
        assert here(app) == document.lines[-3].row.line, "the screen goes on meanwhile"
        (search,) = (w for w in app.workers if w.group == "logs-hunt")
        document.deaf = True
        await pilot.press("escape")
        await until(pilot, lambda: "Stopped searching" in bar(app, "said"))
        document.gate.set()
        await search.wait()
        await pilot.pause()
        assert document.found == 1
        assert here(app) == document.lines[-3].row.line, "a search that was stopped goes nowhere"


async def test_quitting_does_not_wait_for_a_search(make: Make) -> None:
    document = files()
    document.gate = Event()
    app = make(document)
    async with app.run_test(size=(120, 30)) as pilot:
        await opened(pilot, app)
        await pilot.press("slash")
        await until(pilot, lambda: isinstance(app.focused, Input))
        cast(Input, app.focused).value = "pass"
        await pilot.press("enter")
        await until(pilot, lambda: document.seeks)
        await pilot.press("q")
    assert app.return_code == 0


async def test_filters_together_and_one_by_one(make: Make) -> None:
    document = files(100)
    app = make(document)
    async with app.run_test(size=(120, 30)) as pilot:
        await opened(pilot, app)
        await pilot.press("e")
        assert "Errors:On" in bar(app, "toggles")
        assert all(line.startswith("✗") for line in body(app))
        await typed(pilot, app, "ampersand", "!HealthMailbox")
        assert 'filter "!HealthMailbox"' in bar(app, "head")
        assert "Filter:On" in bar(app, "toggles")
        await pilot.press("m", "m")
        assert "Probes:hide" in bar(app, "toggles")
        await quiet(pilot, app)
        said = "\n".join(body(app))
        assert "Logon failure" in said
        await pilot.press("b", "b")
        await until(pilot, lambda: "No line passes" in "\n".join(body(app)))
        assert "back end only" in "\n".join(body(app))
        await pilot.press("escape")
        assert "Errors:Off" in bar(app, "toggles")
        assert here(app) == document.lines[-1].row.line


async def test_a_filter_is_tried_while_it_is_typed_and_cleared_by_escape(make: Make) -> None:
    app = make(files(100))
    async with app.run_test(size=(120, 30)) as pilot:
        await opened(pilot, app)
        await pilot.press("ampersand")
        await until(pilot, lambda: isinstance(app.focused, Input))
        await pilot.press(*"quit")
        await until(pilot, lambda: all("quit" in line for line in body(app)))
        await pilot.press("escape")
        await until(pilot, lambda: "Filter:Off" in bar(app, "toggles"))
        assert not screen(app).query(Prompt)
        assert not all("quit" in line for line in body(app))


async def test_lines_that_are_far_apart_are_hunted_for(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_window, "AT_ONCE", 10)
    document = files(200)
    wanted = [e.row.line for e in document.lines if "Logon failure" in e.row.line]
    app = make(document)
    async with app.run_test(size=(120, 20)) as pilot:
        await opened(pilot, app)
        await pilot.press("e")
        await until(pilot, lambda: len(body(app)) == screen(app).lines_pane.room)
        await quiet(pilot, app)
        assert here(app) == wanted[-1]
        for _ in range(3):
            await pilot.press("pageup")
            await quiet(pilot, app)
        assert here(app) == wanted[0]
        await pilot.press("pagedown")
        await quiet(pilot, app)
        assert here(app) == wanted[screen(app).lines_pane.room - 1]


async def test_going_to_a_time(make: Make) -> None:
    document = files(100)
    app = make(document)
    async with app.run_test(size=(120, 30)) as pilot:
        await opened(pilot, app)
        await typed(pilot, app, "at", "08:00:10")
        assert here(app).startswith("2026-01-08T08:00:10.000Z")
        assert "Follow:Off" in bar(app, "toggles")
        await typed(pilot, app, "at", "-10s")
        assert here(app).startswith("2026-01-08T08:00:39.900Z")
        await typed(pilot, app, "at", "2027-01-01")
        assert "after the last line" in bar(app, "said")
        await pilot.press("at")
        await until(pilot, lambda: isinstance(app.focused, Input))
        cast(Input, app.focused).value = "noon"
        await pilot.press("enter")
        await until(pilot, lambda: "Not a time: noon" in bar(app, "said"))
        assert screen(app).query(Prompt), "it can be typed anew"
        await pilot.press("escape")
        await until(pilot, lambda: not screen(app).query(Prompt))


# View


async def test_wrap_times_and_scrolling_sideways(make: Make) -> None:
    document = files(20)
    app = make(document)
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot, app)
        assert not any("ProxySuccess" in line for line in body(app))
        await pilot.press("w")
        assert any("ProxySuccess" in line for line in body(app))
        assert "Wrap:On" in bar(app, "toggles")
        assert len(body(app)) <= screen(app).lines_pane.room
        await pilot.press("right")
        assert "w cuts them" in bar(app, "said")
        await pilot.press("w", "right", "right", "right")
        assert any("ProxySuccess" in line for line in body(app))
        await pilot.press("left", "left", "left", "u", "u")
        assert any("-59m5" in line for line in body(app))
        assert plain(screen(app).lines_pane._head).strip().startswith("Age")


async def test_the_session_under_the_cursor(make: Make) -> None:
    document = ListDocument(entries(sessions(21)[:-2]))
    app = make(document)
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot, app)
        await pilot.press("s")
        await until(pilot, lambda: "its end is missing" in session_text(app) or "failed" in session_text(app))
        assert "3 lines" in plain(screen(app).session_pane._title)
        await typed(pilot, app, "slash", "user14@")
        await until(pilot, lambda: "closed" in session_text(app))
        said = session_text(app)
        assert "failed: -ERR Logon failure" in said
        assert said.count("OpenSession") == 1
        assert "from 10.1.1.14:50002" in said
        assert document.lines[66].row.line in said, "the whole line"
        await pilot.press("tab")
        assert screen(app).session_pane.has_focus
        await pilot.press("j", "tab", "s")
        assert not screen(app).session_pane.display
        assert screen(app).lines_pane.has_focus


async def test_a_line_without_a_session_is_shown_alone(make: Make) -> None:
    app = make(ListDocument(entries([b"half a li"])))
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot, app)
        await pilot.press("s")
        await until(pilot, lambda: "half a li" in session_text(app))
        assert "cannot be read as a row" in session_text(app)
        assert "State" not in session_text(app)


async def test_a_megabyte_line_is_cut_on_the_screen_and_whole_in_the_file(make: Make, tmp_path: Path) -> None:
    huge = raw(START, 1, 0, "frank", "retr", "x" * 1_000_000)
    app = make(ListDocument(entries([*sessions(3), huge])))
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot, app)
        await pilot.press("s", "w")
        await until(pilot, lambda: "more characters" in session_text(app))
        await pilot.press("y")
        await until(pilot, lambda: "Too long for the terminal's clipboard" in bar(app, "said"))
        (path,) = tmp_path.glob("copy-*.txt")
        assert path.read_text() == huge.decode() + "\n"


async def test_copy_and_save(make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str] = []
    monkeypatch.setattr("cockpit.ui.screens.logs.write_to_terminal", lambda app, data: sent.append(data))
    document = files(10)
    app = make(document)
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot, app)
        await pilot.press("y")
        line = document.lines[-1].row.line + "\n"
        assert base64.b64decode(sent[0][7:-1]).decode() == line
        (path,) = tmp_path.glob("copy-*.txt")
        assert path.read_text() == line
        assert str(path) in bar(app, "said").replace("\n", "")
        await pilot.press("ctrl+s")
        (view,) = tmp_path.glob("logs-*.txt")
        text = view.read_text()
        assert "Follow:On" in text
        room = screen(app).lines_pane.room
        assert all(e.row.line in text for e in document.lines[-room:])
        assert document.lines[-room - 1].row.line not in text


async def test_the_mouse_points_and_its_wheel_scrolls(make: Make) -> None:
    document = files(50)
    app = make(document)
    async with app.run_test(size=(120, 30)) as pilot:
        await opened(pilot, app)
        await pilot.click("#lines", offset=(5, 3))
        room = screen(app).lines_pane.room
        assert here(app) == document.lines[-room + 2].row.line
        assert "Follow:Off" in bar(app, "toggles")
        screen(app).lines_pane.post_message(screen(app).lines_pane.Turned(-3))
        await pilot.pause()
        assert here(app) == document.lines[-room - 1].row.line


async def test_sizes(make: Make) -> None:
    document = files(50)
    app = make(document)
    async with app.run_test(size=(200, 50)) as pilot:
        await opened(pilot, app)
        await pilot.press("k", "k", "s")
        where = here(app)
        for size in ((80, 24), (20, 6), (40, 3), (200, 50), (80, 24)):
            await pilot.resize_terminal(*size)
            await pilot.pause(0.05)
            assert here(app) == where
            assert len(body(app)) <= max(screen(app).lines_pane.room, 0)
        assert any(marked for _, marked in screen(app).lines_pane.rows)


# Live


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


async def test_files_that_end_too_soon_are_told_of_as_soon_as_that_is_known(make: Make) -> None:
    document = files()
    app = make(document)
    async with app.run_test(size=(120, 30)) as pilot:
        await opened(pilot, app)
        assert bar(app, "notices") == ""
        document.damaged = tuple(
            f"POP3202601080{n}-1.LOG.gz is cut off: its end is missing" for n in range(4)
        )
        await pilot.press("up")
        await until(pilot, lambda: bar(app, "notices"))
        first, second, more = bar(app, "notices").splitlines()
        assert first == (
            " POP32026010800-1.LOG.gz is cut off: its end is missing; lines behind that are lost."
        )
        assert "POP32026010801" in second
        assert more == " and 2 more files end too soon."


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


# From the Fleet screen


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


async def test_ages_are_drawn_anew(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cockpit.ui.screens.logs.AGE_TICK", 0.02)
    now = NOW
    app = make(files(5), now=lambda: now)
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot, app)
        await pilot.press("u", "u")
        before = body(app)
        now = NOW + timedelta(minutes=1)
        await until(pilot, lambda: body(app) != before)

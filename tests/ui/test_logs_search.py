"""The Logs screen's search, filters and times to go to, driven by its keys."""

from __future__ import annotations

from threading import Event
from typing import cast

import pytest
from textual.widgets import Input

from cockpit.ui import log_window
from cockpit.ui.widgets.prompt import Prompt
from tests.ui.driving import until
from tests.ui.logs_driving import Make, bar, body, files, here, opened, quiet, screen, typed


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

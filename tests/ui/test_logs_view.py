"""What the Logs screen shows of lines and sessions, copies and saves, driven by its keys."""

from __future__ import annotations

import base64
from datetime import timedelta
from pathlib import Path

import pytest

from cockpit.ui.look import plain
from tests.ui.driving import until
from tests.ui.log_fakes import NOW, START, ListDocument, entries, raw, sessions
from tests.ui.logs_driving import Make, bar, body, files, here, opened, screen, session_text, typed


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

"""The Logs screen on files, driven by its keys."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from cockpit.poplog.errors import LogError, RefusedError
from cockpit.ui import log_window
from tests.ui.driving import until
from tests.ui.log_fakes import ListDocument, entries, sessions
from tests.ui.logs_driving import Make, bar, body, files, here, opened, screen


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

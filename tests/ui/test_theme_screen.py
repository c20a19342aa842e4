"""The theme screen: what is under the cursor is seen at once, enter keeps it, escape brings the old back."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from rich.style import Style
from textual.pilot import Pilot
from textual.widgets import Input, OptionList

from cockpit.ui.app import CockpitApp
from cockpit.ui.logs_app import LogsApp
from cockpit.ui.look import plain
from cockpit.ui.screens import theme as theme_screen
from cockpit.ui.screens.theme import ThemeScreen
from cockpit.ui.theme_choice import Terminal, keep, kept
from cockpit.ui.themed_app import TOLD, ThemeFiles
from cockpit.ui.widgets.panes import LinesPane
from cockpit.ui.widgets.rows import RowsPane
from tests.ui import fleets
from tests.ui.conftest import MakeApp
from tests.ui.driving import shown, until
from tests.ui.logs_driving import Make, files

MINE = 'primary = "#5f87af"\n[variables]\nstate-unhealthy = "{}"\n'
RED, BLUE = "#ff1111", "#6699ff"


@pytest.fixture
def places(tmp_path: Path) -> ThemeFiles:
    (tmp_path / "themes").mkdir()
    return ThemeFiles(tmp_path / "themes", tmp_path / "state" / "theme.toml")


def own(places: ThemeFiles, name: str, text: str) -> Path:
    assert places.own is not None
    path = places.own / f"{name}.toml"
    path.write_text(text)
    return path


@asynccontextmanager
async def cockpit(
    make_app: MakeApp, places: ThemeFiles, size: tuple[int, int] = (100, 30), **more: Any
) -> AsyncIterator[tuple[CockpitApp, Pilot[int]]]:
    app = make_app(fleets.demo_fleet(2), theme_files=places, **{"theme": None, **more})
    async with app.run_test(size=size, notifications=True) as pilot:
        await shown(pilot, app)
        yield app, pilot


async def opened(app: CockpitApp | LogsApp, pilot: Pilot[int]) -> ThemeScreen:
    await pilot.press("ctrl+t")
    await until(pilot, lambda: isinstance(app.screen, ThemeScreen) and listed(app.screen))
    assert isinstance(app.screen, ThemeScreen)
    return app.screen


def listed(screen: ThemeScreen) -> list[str]:
    return [row.key[0] for row in screen.query_one("#theme-list", RowsPane).rows]


def said(screen: ThemeScreen) -> str:
    return "\n".join(plain(line) for line in screen.query_one("#theme-about", LinesPane).source)


def colours_of(app: CockpitApp, text: str) -> set[str]:
    """Of the text, wherever it stands on the painted fleet screen."""
    strips = app.fleet_screen._compositor.render_strips()
    styles = [segment.style for strip in strips for segment in strip if text in segment.text]
    assert styles
    return {style.color.name for style in styles if style and style.color}


async def test_what_is_under_the_cursor_is_seen_at_once(make_app: MakeApp, places: ThemeFiles) -> None:
    async with cockpit(make_app, places) as (app, pilot):
        screen = await opened(app, pilot)
        assert listed(screen) == [
            "ansi-dark", "ansi-light", "colour-blind", "dark", "high-contrast", "light"
        ]  # fmt: skip
        assert app.theme == "dark"
        assert colours_of(app, "Unhealthy") == {"#ff6b6b"}
        await pilot.press("down")
        await until(pilot, lambda: colours_of(app, "Unhealthy") == {"#ff9090"})
        await pilot.press("down")
        await until(pilot, lambda: colours_of(app, "Unhealthy") == {"#a8141a"})
        assert app.theme == "light"
        await pilot.press("escape")
        await until(pilot, lambda: colours_of(app, "Unhealthy") == {"#ff6b6b"})
        assert app.theme == "dark"
        assert app.screen is app.fleet_screen
        assert places.chosen is not None
        assert not places.chosen.exists()


async def test_enter_keeps_it_for_the_next_start(make_app: MakeApp, places: ThemeFiles) -> None:
    async with cockpit(make_app, places) as (app, pilot):
        await opened(app, pilot)
        await pilot.press("G", "enter")
        await until(pilot, lambda: kept(places.chosen, Terminal()) == "light")
        assert app.screen is app.fleet_screen
        assert app.theme == "light"
    assert make_app(theme=None, theme_files=places).theme == "light"
    assert make_app(theme="high-contrast", theme_files=places).theme == "high-contrast"


async def test_through_the_palette_by_name(make_app: MakeApp, places: ThemeFiles) -> None:
    async with cockpit(make_app, places) as (app, pilot):
        await pilot.press("ctrl+p")
        await until(pilot, lambda: app.screen.query(Input))
        app.screen.query_one(Input).value = "theme"
        found = app.screen.query_one(OptionList)
        await until(pilot, lambda: found.option_count == 1)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, ThemeScreen))


async def test_a_theme_is_read_again_while_it_is_edited(
    make_app: MakeApp, places: ThemeFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one role that changes is none of Textual's own colours: every pane is drawn anew all the same."""
    monkeypatch.setattr(theme_screen, "LOOK_SECONDS", 0.05)
    path = own(places, "mine", MINE.format(RED))
    async with cockpit(make_app, places, theme="mine") as (app, pilot):
        assert colours_of(app, "Unhealthy") == {RED}
        screen = await opened(app, pilot)
        await until(pilot, lambda: screen._traces is not None)
        path.write_text(MINE.format(BLUE) + "# longer\n")
        await until(pilot, lambda: colours_of(app, "Unhealthy") == {BLUE})
        assert str(path) in said(screen)

        path.write_text(MINE.format("blueish"))
        await until(pilot, lambda: '"blueish" is not a colour' in said(screen))
        assert "line 3: variables.state-unhealthy" in said(screen)
        assert colours_of(app, "Unhealthy") == {BLUE}
        assert "mine" in listed(screen)

        own(places, "second", MINE.format(RED))
        await until(pilot, lambda: "second" in listed(screen))
        path.unlink()
        await until(pilot, lambda: "blueish" not in said(screen))
        assert app.theme == "mine"
        assert colours_of(app, "Unhealthy") == {BLUE}


async def test_nobody_looks_at_the_folder_once_it_is_closed(
    make_app: MakeApp, places: ThemeFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[object] = []

    def look(folder: Path | None) -> tuple[()]:
        looks.append(folder)
        return ()

    monkeypatch.setattr(theme_screen, "LOOK_SECONDS", 0.02)
    monkeypatch.setattr(theme_screen, "traces", look)
    async with cockpit(make_app, places) as (app, pilot):
        await pilot.pause(0.1)
        assert looks == []
        await opened(app, pilot)
        await until(pilot, lambda: len(looks) > 3)
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.fleet_screen)
        await pilot.pause()
        before = len(looks)
        await pilot.pause(0.1)
        assert len(looks) == before


async def test_read_again_by_its_key(make_app: MakeApp, places: ThemeFiles) -> None:
    async with cockpit(make_app, places) as (app, pilot):
        screen = await opened(app, pilot)
        own(places, "mine", MINE.format(RED))
        await pilot.press("R")
        await until(pilot, lambda: "mine" in listed(screen))
        assert app.theme == "dark"


async def test_what_cannot_be_remembered_is_used_and_said(make_app: MakeApp, places: ThemeFiles) -> None:
    assert places.chosen is not None
    places.chosen.mkdir(parents=True)
    async with cockpit(make_app, places) as (app, pilot):
        await opened(app, pilot)
        await pilot.press("G", "enter")
        await until(pilot, lambda: app._notifications)
        (told,) = app._notifications
        assert told.message == (
            f"The theme is used, but cannot be remembered: {places.chosen}: Is a directory."
        )
        assert app.theme == "light"


async def test_warnings_at_the_start_are_few_and_all_are_on_the_screen(
    make_app: MakeApp, places: ThemeFiles
) -> None:
    for number in range(TOLD + 2):
        own(places, f"bad{number}", "primary = 1")
    assert places.chosen is not None
    keep(places.chosen, Terminal(), "gone")
    async with cockpit(make_app, places) as (app, pilot):
        told = [each.message for each in app._notifications]
        assert len(told) == TOLD + 1
        assert "3 more" in told[-1]
        screen = await opened(app, pilot)
        assert said(screen).count("1 is not a colour") == TOLD + 2
        assert app.theme == "dark"


async def test_a_theme_that_is_hard_to_read_says_so(make_app: MakeApp, places: ThemeFiles) -> None:
    own(places, "mine", MINE.format("#303030"))
    async with cockpit(make_app, places, theme="mine") as (app, pilot):
        screen = await opened(app, pilot)
        assert "Contrast 1.0: state-unhealthy / cursor-background is hard to read" in said(screen)


async def test_a_theme_of_textuals_own_can_still_be_asked_for(make_app: MakeApp, places: ThemeFiles) -> None:
    async with cockpit(make_app, places, theme="nord") as (app, pilot):
        screen = await opened(app, pilot)
        assert listed(screen)[-1] == "nord"
        await pilot.press("g", "home", "escape")
        await until(pilot, lambda: app.screen is app.fleet_screen)
        assert app.theme == "nord"


@pytest.mark.parametrize("size", [(80, 24), (200, 50), (60, 15)])
async def test_everything_fits(size: tuple[int, int], make_app: MakeApp, places: ThemeFiles) -> None:
    """The way out is on the screen, and so is the theme that is looked at."""
    async with cockpit(make_app, places, size, colour="red") as (app, pilot):
        await opened(app, pilot)
        await pilot.press("G")
        await pilot.pause()
        text = "\n".join(strip.text for strip in app.screen._compositor.render_strips())
        assert "esc cancel" in text
        assert " light " in text
        if size[1] >= 24:
            assert "Healthy" in text
            assert "warning" in text


async def test_the_logs_have_it_too(make: Make, places: ThemeFiles) -> None:
    app = make(files(20), theme_files=places, theme=None)
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: app.logs_screen.lines_pane.rows)
        await opened(app, pilot)
        await pilot.press("G", "enter")
        await until(pilot, lambda: kept(places.chosen, Terminal()) == "light")
        assert app.theme == "light"


# NO_COLOR


def all_styles(app: CockpitApp) -> list[Style]:
    found = [
        s.style for strip in app.screen._compositor.render_strips() for s in strip if s.style is not None
    ]
    assert found
    return found


async def test_no_color_means_none(
    make_app: MakeApp, places: ThemeFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with cockpit(make_app, places, theme="light", colour="red") as (app, pilot):
        for keys in ((), ("question_mark",), ("escape", "ctrl+p", "t", "down"), ("escape", "p")):
            await pilot.press(*keys)
            await pilot.pause(0.1)
            assert {(s.color, s.bgcolor) for s in all_styles(app)} == {(None, None)}
            assert any(s.reverse for s in all_styles(app))
            if "ctrl+p" in keys:
                assert any(s.underline for s in all_styles(app))  # the chosen command
        await pilot.press("escape")
        screen = await opened(app, pilot)
        await pilot.press("G")
        await pilot.pause()
        assert {(s.color, s.bgcolor) for s in all_styles(app)} == {(None, None)}
        assert said(screen).startswith("NO_COLOR is set: no theme shows colours here.")


async def test_an_empty_no_color_is_none(
    make_app: MakeApp, places: ThemeFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "")
    async with cockpit(make_app, places) as (app, _pilot):
        assert colours_of(app, "Unhealthy") == {"#ff6b6b"}
        assert os.environ["NO_COLOR"] == ""

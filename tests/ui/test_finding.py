"""Finding things on the Fleet screen: the filter's language, groups, bookmarks, views, one pane alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual import events
from textual.pilot import Pilot
from textual.widgets import Input

from cockpit.fleet.bookmarks import Place, read_bookmarks
from cockpit.fleet.grouping import GroupBy
from cockpit.ui.app import CockpitApp
from cockpit.ui.look import plain
from cockpit.ui.widgets.bars import Banner
from cockpit.ui.widgets.filterbox import FilterPane
from cockpit.ui.widgets.keyprompt import KeyPrompt
from cockpit.ui.widgets.rows import RowsPane
from tests.ui.conftest import MakeApp
from tests.ui.driving import cursor, feed_of, go_to, rows, said, shown, status_line, until
from tests.ui.fleets import server

SIZE = (120, 30)
TYPED = {
    " ": "space",
    ":": "colon",
    "*": "asterisk",
    "!": "exclamation_mark",
    "/": "slash",
    "?": "question_mark",
    '"': "quotation_mark",
}


async def write(pilot: Pilot[int], text: str) -> None:
    """Type ``text`` all at once."""
    box = pilot.app.focused
    assert isinstance(box, Input)
    box.insert_text_at_cursor(text)
    await pilot.pause()


def border(app: CockpitApp) -> str:
    return "\n".join(plain(x) for x in app.screen.query_one("#filter-border", Banner).source)


def typed(app: CockpitApp) -> str:
    return app.screen.query_one("#filter", Input).value


def told(app: CockpitApp) -> list[str]:
    return [n.message for n in app._notifications]


async def test_terms_are_counted_while_they_are_typed(make_app: MakeApp) -> None:
    app = make_app()
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot, app)
        await pilot.press("/")
        await write(pilot, "server:ex0* !state:healt")
        await pilot.press("h", "y")
        assert app.fleet_screen.view is not None
        assert f"{app.fleet_screen.view.shown} of 110" in border(app)
        assert 0 < len(rows(app, "monitors")) == app.fleet_screen.view.shown
        assert all("EX0" in r and not r.startswith("✓") for r in rows(app, "monitors"))
        await pilot.press("enter")
        assert not app.screen.query(FilterPane)
        assert "server:ex0* !state:healthy" in said(app, "crumbs")


async def test_a_text_that_means_nothing_says_so_and_changes_nothing(make_app: MakeApp) -> None:
    app = make_app()
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot, app)
        await pilot.press("/")
        await write(pilot, "set:POP ")
        before = rows(app, "monitors")
        app.screen.query_one("#filter", Input).value = "set:POP sever:"
        await pilot.pause()
        assert '"sever:": there is no such key; is server: meant?' in border(app)
        assert "set:" in border(app), "what is possible"
        assert rows(app, "monitors") == before
        await pilot.press("enter")
        assert app.screen.query(FilterPane), "it is not taken"
        assert typed(app) == "set:POP sever:"
        await pilot.press("end", *["backspace"] * 6)
        await write(pilot, "state:")
        assert "state: behind it belongs a state or its start" in border(app), "a hint, not a refusal"
        assert rows(app, "monitors") == before
        await pilot.press("enter")
        assert '"state:": behind it' in border(app)
        assert app.screen.query(FilterPane)
        await pilot.press("escape")
        await pilot.pause()
        assert not app.screen.query(FilterPane)
        assert not app.fleet_screen.filter.active


async def test_tab_completes_keys_and_values(make_app: MakeApp) -> None:
    app = make_app()
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot, app)
        await pilot.press("/")
        assert "tab server: dag: site:" in border(app)
        await write(pilot, "!st")
        await pilot.press("tab")
        assert typed(app) == "!state:"
        assert "tab unhealthy unreachable not-granted" in border(app)
        assert f"{app.fleet_screen.view.shown} of 110" in border(app)  # type: ignore[union-attr]
        await pilot.press("tab")
        assert typed(app) == "!state:unhealthy"
        await pilot.press("tab", "tab")
        assert typed(app) == "!state:not-granted"
        await pilot.press("shift+tab")
        assert typed(app) == "!state:unreachable"
        await write(pilot, " dag:")
        await pilot.press("tab")
        assert typed(app) == "!state:unreachable dag:DAG0", "as far as all agree"
        await pilot.press("tab", "shift+tab")
        assert typed(app).endswith("dag:DAG03"), "round about"
        assert isinstance(app.focused, Input)


async def test_regrouping_keeps_cursor_and_open_rows(make_app: MakeApp) -> None:
    app = make_app()
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot, app)
        await go_to(pilot, app, "EX01")
        await pilot.press("down", "down")
        assert cursor(app) == ("fleet", "dag:DAG01", "EX01", "POP", "PopCTPMonitor", "POP")
        opened = [r for r in rows(app, "tree") if "Monitor" in r]
        for by in ("site:Milano", "version:2019", "state:Unhealthy", "dag:DAG01"):
            await pilot.press("b")
            await pilot.pause()
            assert cursor(app) == ("fleet", by, "EX01", "POP", "PopCTPMonitor", "POP")
            assert sorted(r for r in rows(app, "tree") if "Monitor" in r) == sorted(opened)
            assert cursor(app, "monitors") == cursor(app), "the table too"
        assert said(app, "verdict").startswith("REAL")


async def test_a_group_that_was_closed_opens_for_the_cursor_alone(make_app: MakeApp) -> None:
    app = make_app()
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot, app)
        await pilot.press("B", "s")
        await pilot.pause()
        tree = app.fleet_screen.query_one("#tree", RowsPane)
        tree.go_to_key(("fleet", "site:Milano"))
        await pilot.press("left")
        await go_to(pilot, app, "EX05")
        await pilot.press("B", "d")
        await go_to(pilot, app, "EX02")
        await pilot.press("B", "s")
        await pilot.pause()
        assert cursor(app) == ("fleet", "site:Milano", "EX02")


async def test_grouping_by_name_and_an_unknown_one(make_app: MakeApp) -> None:
    app = make_app()
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await shown(pilot, app)
        await pilot.press("B", "x")
        await pilot.pause()
        assert not app.screen.query(KeyPrompt)
        assert "no such grouping" in told(app)[-1]
        for by in GroupBy:
            await pilot.press("B")
            await pilot.pause()
            asked = plain(app.screen.query_one(KeyPrompt).source[0]).split()
            await pilot.press(asked[asked.index(by.value) - 1])
            await pilot.pause()
            assert app.fleet_screen.by is by, "the key that is told"
        await pilot.press("B", "v")
        await pilot.pause()
        assert any("2013 (version)" in r for r in rows(app, "tree"))
        assert "by version" in said(app, "crumbs")
        await pilot.press("B", "escape")
        await pilot.pause()
        assert not app.screen.query(KeyPrompt)
        assert app.fleet_screen.query_one("#tree").has_focus


async def test_a_server_whose_state_changes_takes_the_cursor_to_its_new_group(make_app: MakeApp) -> None:
    app = make_app()
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot, app)
        await pilot.press("b", "b", "b")
        await go_to(pilot, app, "EX02")
        assert cursor(app) == ("fleet", "state:Healthy", "EX02")
        feed_of(app).change(server("EX02", dag="DAG01", alerts={"PopCTPMonitor": ("Unhealthy", 1)}))
        await until(pilot, lambda: cursor(app) == ("fleet", "state:Unhealthy", "EX02"))
        (group,) = [r for r in rows(app, "tree") if "Unhealthy (state)" in r]
        assert "3 faulty  3 servers" in group


async def test_bookmarks_are_put_kept_found_and_taken_off(make_app: MakeApp, tmp_path: Path) -> None:
    file = tmp_path / "marks" / "corp.json"
    app = make_app(bookmarks=file)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await shown(pilot, app)
        await pilot.press("'")
        await pilot.pause()
        assert "no bookmarks yet" in status_line(app)
        await pilot.press("m")
        await pilot.pause()
        assert not app.screen.query(KeyPrompt), "the whole fleet is no place"
        await go_to(pilot, app, "EX05")
        await pilot.press("m", "a")
        await go_to(pilot, app, "EX03")
        await pilot.press("right", "down", "down", "m", "B")
        await pilot.pause()
        assert read_bookmarks(file).places == {"B": Place("EX03", "POP.Protocol"), "a": Place("EX05")}
        assert file.stat().st_mode & 0o777 == 0o600
        assert any("EX05 'a" in r for r in rows(app, "tree"))
        assert not any("is now" in text for text in told(app)), "the row says so"
        await pilot.press("2", "M", "m", "c")
        await pilot.pause()
        assert "c is now EX03 POP.Protocol." in told(app)[-1], "no row to be seen"
        await pilot.press("m", "c", "m", "%")
        await pilot.pause()
        assert "c is no bookmark any more." in told(app)
        assert "neither a letter nor a digit" in told(app)[-1]
    again = make_app(bookmarks=file)
    async with again.run_test(size=SIZE, notifications=True) as pilot:
        await shown(pilot, again)
        await pilot.press("/")
        await write(pilot, "marked")
        await pilot.press("enter")
        assert {w for r in rows(again, "monitors") for w in r.split() if w[:2] == "EX"} == {"EX05", "EX03"}
        await pilot.press("escape", "/")
        await write(pilot, "ex01")
        await pilot.press("enter", "'")
        await pilot.pause()
        asked = plain(again.screen.query_one(KeyPrompt).source[0])
        assert "a EX05" in asked
        assert "B EX03 POP.Protocol" in asked
        await pilot.press("B")
        await pilot.pause()
        assert cursor(again) == ("fleet", "dag:DAG01", "EX03", "POP.Protocol"), "also through a filter"
        assert not again.fleet_screen.filter.active
        await pilot.press("m", "B")
        await pilot.pause()
        assert read_bookmarks(file).places == {"a": Place("EX05")}
        assert not any("'B" in r for r in rows(again, "tree"))


async def test_a_letter_in_a_prompt_does_nothing_else(make_app: MakeApp) -> None:
    app = make_app()
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot, app)
        await go_to(pilot, app, "EX05")
        await pilot.press("m", "f", "m", "q")
        await pilot.pause()
        assert not app.fleet_screen.filter.faults_only
        assert app.is_running
        assert set(app.desk.bookmarks.places) == {"f", "q"}


async def test_bookmarks_that_cannot_be_read_are_told_of(make_app: MakeApp, tmp_path: Path) -> None:
    file = tmp_path / "corp.json"
    file.write_text("{")
    app = make_app(bookmarks=file)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await shown(pilot, app)
        await until(pilot, lambda: any("move the file away" in t for t in told(app)))
        await go_to(pilot, app, "EX05")
        await pilot.press("m", "a")
        await pilot.pause()
        assert app.desk.bookmarks.places == {}
        assert file.read_text() == "{"


async def test_views_back_forward_and_there_and_back_again(make_app: MakeApp) -> None:
    app = make_app()
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await shown(pilot, app)
        screen = app.fleet_screen
        await pilot.press("[")
        await pilot.pause()
        assert "no view before" in status_line(app)
        await go_to(pilot, app, "EX02")
        await pilot.press("f", "b", "/")
        await write(pilot, "torino")
        await pilot.press("enter")
        await pilot.pause()
        assert "view 4 of 4" in said(app, "crumbs")
        await pilot.press("[", "[")
        await pilot.pause()
        assert (screen.filter.text, screen.filter.faults_only, screen.by.value) == ("", True, "dag")
        await pilot.press("[")
        await pilot.pause()
        assert not screen.filter.active
        assert cursor(app) == ("fleet", "dag:DAG01", "EX02"), "where the cursor was"
        await pilot.press("backspace")
        await pilot.pause()
        assert screen.filter.faults_only
        await pilot.press("backspace")
        await pilot.pause()
        assert not screen.filter.active
        await pilot.press("]", "]", "]", "]")
        await pilot.pause()
        assert screen.filter.text == "torino"
        assert "no view after" in status_line(app)
        await pilot.press("[", "f")
        await pilot.pause()
        assert "view 4 of 4" in said(app, "crumbs"), "a new view drops what lay ahead"


@pytest.mark.parametrize("size", [(200, 50), (120, 30), (80, 24), (79, 24), (60, 16)])
async def test_one_pane_alone_and_escape_restores(make_app: MakeApp, size: tuple[int, int]) -> None:
    app = make_app()
    async with app.run_test(size=size) as pilot:
        await shown(pilot, app)
        panes = {
            name: app.fleet_screen.query_one(f"#{name}") for name in ("tree", "monitors", "probe", "side")
        }

        def seen() -> set[str]:
            return {name for name, pane in panes.items() if pane.size.area}

        before = seen()
        await pilot.press("M")
        for key, name in (("1", "tree"), ("2", "monitors"), ("3", "probe"), ("4", "side"), ("tab", "tree")):
            await pilot.press(key)
            await pilot.pause()
            assert seen() == {name}
            assert panes[name].has_focus
            assert panes[name].size.width == size[0]
        await pilot.press("escape")
        await pilot.pause()
        assert len(seen()) == len(before)
        assert "tree" in seen()
        assert panes["tree"].has_focus


@pytest.mark.parametrize("size", [(79, 24), (140, 19), (40, 10)])
async def test_a_tiny_screen_shows_one_pane_at_a_time(make_app: MakeApp, size: tuple[int, int]) -> None:
    app = make_app()
    async with app.run_test(size=size) as pilot:
        await shown(pilot, app)
        screen = app.fleet_screen
        assert screen.query_one("#tree").size.width == size[0]
        assert not screen.query_one("#right").size.area
        await pilot.press("2")
        await pilot.pause()
        assert not screen.query_one("#tree").size.area
        assert screen.query_one("#monitors").has_focus
        await pilot.press("escape")
        await pilot.pause()
        assert screen.query_one("#tree").has_focus
        await pilot.resize_terminal(200, 50)
        await until(pilot, lambda: screen.query_one("#right").size.area)
        assert screen.query_one("#tree").size.area


async def test_enter_on_a_tiny_screen_goes_on_from_a_monitor(make_app: MakeApp) -> None:
    app = make_app()
    async with app.run_test(size=(60, 18)) as pilot:
        await shown(pilot, app)
        await go_to(pilot, app, "PopCTPMonitor")
        await pilot.press("enter")
        await pilot.pause()
        assert app.fleet_screen.query_one("#monitors").has_focus
        await pilot.press("enter")
        await pilot.pause()
        assert app.fleet_screen.query_one("#probe").has_focus
        assert app.fleet_screen.query_one("#probe").size.area


@pytest.mark.parametrize("prompt", ["/", "m", "B"])
async def test_keys_that_come_all_at_once_are_no_commands(make_app: MakeApp, prompt: str) -> None:
    """Pasted, or typed on a line that lags: whatever follows the key that asks is the answer."""
    app = make_app()
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot, app)
        await go_to(pilot, app, "EX05")
        answer = {"/": "f:q?", "m": "f", "B": "v"}[prompt]
        for character in prompt + answer:
            app.post_message(events.Key(TYPED.get(character, character), character))
        await until(pilot, lambda: app.desk.bookmarks.places or app.fleet_screen.by.value == "version"
                    or (app.screen.query(FilterPane) and typed(app) == answer))  # fmt: skip
        assert app.screen is app.fleet_screen
        assert not app.fleet_screen.filter.faults_only


async def test_hostile_text_in_the_filter_is_cleaned(make_app: MakeApp) -> None:
    app = make_app()
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot, app)
        await pilot.press("/")
        app.screen.query_one("#filter", Input).value = 'x\x1b]52;c;x\x07[red]"'
        await pilot.pause()
        assert "\x1b" not in border(app) + said(app, "crumbs")
        assert "\x1b" not in app.fleet_screen.filter.text

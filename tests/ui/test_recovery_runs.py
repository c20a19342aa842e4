"""The Run screen: aborts, waits, take-overs, and what it shows of a run."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Button

from cockpit.journal.records import Finding, RunState, WishKind
from cockpit.recovery.client import RefusedError
from cockpit.recovery.view import StepMark
from cockpit.ui.screens.decide import DecideDialog
from cockpit.ui.screens.history import HistoryScreen
from cockpit.ui.screens.obligations import ObligationsScreen
from cockpit.ui.screens.plan import PlanScreen
from cockpit.ui.screens.reason import ReasonDialog
from cockpit.ui.screens.run import RunScreen
from cockpit.ui.widgets.panes import LinesPane
from cockpit.ui.widgets.rows import RowsPane
from tests.ui import fleets
from tests.ui import recoveries as made
from tests.ui.conftest import MakeApp
from tests.ui.driving import go_to, on_fleet, until
from tests.ui.operating import REASON, cockpit, fake, footer, look_at, text_of
from tests.ui.recoveries import ORPHAN, REFUSED, STOPPED, UNREAD, FakeRecovery, asking

pytestmark = pytest.mark.usefixtures("quick_polls")


# Abort, end of a wait, take-over


async def test_abort_says_what_is_undone_and_wants_a_reason(make_app: MakeApp) -> None:
    recovery = fake(made.waiting())
    async with cockpit(make_app, recovery) as (app, pilot):
        await look_at(app, pilot)
        for _ in range(20):
            await pilot.press("a")
        assert recovery.asked("abort") == []
        dialog = app.screen
        assert isinstance(dialog, ReasonDialog)
        assert "EX01 ProtocolLogEnabled" in text_of(app)
        assert "back to $false" in text_of(app)
        assert dialog.button("go").disabled
        await pilot.press("enter")
        await pilot.pause()
        assert isinstance(app.screen, RunScreen), "the focus was on Not now"
        await pilot.press("a", "shift+tab")
        await until(pilot, lambda: isinstance(app.screen, ReasonDialog))
        assert isinstance(app.screen, ReasonDialog)
        app.screen.field("reason").value = REASON
        await until(pilot, lambda: not app.screen.query_one("#go", Button).disabled)
        await pilot.click("#go")
        await until(pilot, lambda: recovery.asked("abort"))
        assert recovery.asked("abort") == [("abort", "4f2a", REASON)]


async def test_the_wait_is_ended_only_during_a_wait(make_app: MakeApp) -> None:
    recovery = fake(asking())
    async with cockpit(make_app, recovery) as (app, pilot):
        await look_at(app, pilot)
        assert "end wait" not in footer(app)
        await pilot.press("e")
        assert "waits for no time" in text_of(app, "status")
        recovery.show(made.waiting())
        await until(pilot, lambda: "end wait" in footer(app))
        await pilot.press("e")
        await until(pilot, lambda: isinstance(app.screen, ReasonDialog))
        dialog = app.screen
        assert isinstance(dialog, ReasonDialog)
        dialog.field("reason").value = REASON
        await until(pilot, lambda: not dialog.button("go").disabled)
        recovery.show(asking())
        await until(pilot, lambda: dialog.button("go").disabled)
        assert "The wait is over already." in text_of(app)
        recovery.show(made.waiting())
        await until(pilot, lambda: not dialog.button("go").disabled)
        dialog.button("go").press()
        await until(pilot, lambda: recovery.wishes)
        assert recovery.wishes == [("4f2a", WishKind.END_WAIT, REASON)]


async def test_a_left_run_is_taken_over_after_asking(make_app: MakeApp) -> None:
    recovery = fake(made.in_doubt())
    async with cockpit(make_app, recovery) as (app, pilot):
        await look_at(app, pilot)
        assert "nobody works on it" in text_of(app, "stands")
        assert "In doubt: Move the databases" in text_of(app, "stands")
        await pilot.press("R")
        await until(pilot, lambda: isinstance(app.screen, ReasonDialog))
        assert "jump01/4711/9c, until 03:08:40Z" in text_of(app)
        await pilot.press("enter")
        await pilot.pause()
        assert recovery.asked("resume") == []
        await pilot.press("R", "tab", "enter")
        await until(pilot, lambda: recovery.asked("resume"))
        assert recovery.asked("resume") == [("resume", "4f2a")]


async def test_leaving_says_once_that_the_run_goes_on(make_app: MakeApp) -> None:
    recovery = fake(made.waiting())
    async with cockpit(make_app, recovery) as (app, pilot):
        await look_at(app, pilot)
        await pilot.press("q")
        await until(pilot, lambda: on_fleet(app))
        assert "goes on without this screen" in text_of(app, "status")
        await look_at(app, pilot)
        await pilot.press("escape")
        await until(pilot, lambda: on_fleet(app))
        assert "goes on" not in text_of(app, "status")


# Looking


async def test_the_cursor_follows_the_current_step_until_it_is_moved(make_app: MakeApp) -> None:
    recovery = fake(made.waiting())
    async with cockpit(make_app, recovery) as (app, pilot):
        screen = await look_at(app, pilot)
        plan = screen.rows("plan")
        assert plan.cursor_key == ("step", "wait")
        recovery.show(asking())
        await until(pilot, lambda: plan.cursor_key == ("step", "block"))
        await pilot.press("k", "k")
        assert "Restart the POP3 service" in text_of(app, "step")
        recovery.show(made.waiting())
        await until(pilot, lambda: screen.view is not None and screen.view.question is None)
        assert plan.cursor_key == ("step", "service")
        await pilot.press("g")
        assert plan.cursor_key == ("step", "wait")
        recovery.show(asking())
        await until(pilot, lambda: plan.cursor_key == ("step", "block"))


async def test_the_clock_counts_by_the_journals_time_and_repaints_little(make_app: MakeApp) -> None:
    now = [fleets.NOW]
    recovery = fake(made.waiting())
    async with cockpit(make_app, recovery, now=lambda: now[0]) as (app, pilot):
        screen = await look_at(app, pilot)
        assert "6:42 left" in text_of(app, "stands")
        painted: list[tuple[int, ...]] = []
        screen.lines("step").refresh_body = lambda *indexes: painted.append(indexes)  # type: ignore[method-assign]
        now[0] += timedelta(seconds=61)
        await until(pilot, lambda: "5:41 left" in text_of(app, "stands"))
        assert "4:19 since 03:09:22Z" in text_of(app, "step")
        assert max(len(indexes) for indexes in painted) == 2, "the clock and the due time"
        recovery.show(made.ended())
        await until(pilot, lambda: screen._tick is None)


async def test_child_and_parent_are_links(make_app: MakeApp) -> None:
    parent = replace(made.waiting(), child="9c1e")
    child = replace(asking(), run=made.run("9c1e", parent="4f2a"))
    recovery = fake(parent)
    recovery.show(child)
    async with cockpit(make_app, recovery) as (app, pilot):
        await look_at(app, pilot)
        await pilot.press("j", "enter")
        await until(pilot, lambda: isinstance(app.screen, RunScreen) and app.screen.run_id == "9c1e")
        await until(pilot, lambda: "started by run 4f2a" in text_of(app, "plan"))
        await pilot.press("q")
        await until(pilot, lambda: isinstance(app.screen, RunScreen) and app.screen.run_id == "4f2a")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, RunScreen) and app.screen.run_id == "9c1e")
        await until(pilot, lambda: "started by" in text_of(app, "plan"))
        app.screen.query_one("#plan", RowsPane).go_to(0)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, RunScreen) and app.screen.run_id == "4f2a")
        assert len(app.screen_stack) == 2, "back to the parent that is there already"


async def test_enter_on_the_step_that_waits_opens_its_run(make_app: MakeApp) -> None:
    recovery = fake(made.waits_for_run())
    recovery.show(replace(asking(), run=made.run("9c1e", parent="4f2a")))
    async with cockpit(make_app, recovery) as (app, pilot):
        screen = await look_at(app, pilot)
        assert "Waits for run 9c1e; enter on its step opens it." in text_of(app, "stands")
        assert "Time limit" not in text_of(app, "step")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, RunScreen) and app.screen.run_id == "9c1e")
        await pilot.press("q")
        await until(pilot, lambda: app.screen is screen)
        screen.rows("plan").go_to(0)
        await pilot.press("enter")
        await until(pilot, lambda: screen.lines("step").has_focus)
        assert app.screen is screen, "another step waits for no run"
        await pilot.press("g")
        await until(pilot, lambda: screen.rows("plan").has_focus)
        assert screen.rows("plan").cursor_key == ("step", "block")


@pytest.mark.parametrize("size", [(120, 34), (80, 24)])
async def test_how_a_run_has_ended_is_wrapped_and_not_cut(make_app: MakeApp, size: tuple[int, int]) -> None:
    path = "/home/ops/.local/state/pop-cockpit/bundles/" + "0123456789" * 25 + ".zip"
    ending = f"Evidence bundle {path}: give it to Microsoft support."
    view = made.ended()
    view = replace(view, run=replace(view.run, state=RunState.ESCALATED, ending=ending))
    view = made.change(view, "unblock", words=ending)
    async with cockpit(make_app, fake(view), size=size) as (app, pilot):
        screen = await look_at(app, pilot)
        await until(pilot, lambda: "Microsoft support" in text_of(app, "stands"))
        await pilot.pause()
        for name in ("stands", "step"):
            pane = screen.query_one(f"#{name}", LinesPane)
            if name == "stands":
                assert pane.size.height == pane.body_lines()
            base = app.screen.rich_style
            drawn = [
                "".join(part.text for part in pane.body_segments(index, base))
                for index in range(pane.body_lines())
            ]
            assert "".join(ending.split()) in "".join("".join(drawn).split()), name


@pytest.mark.parametrize("irreversible", [False, True])
async def test_the_question_says_what_speaks_against_it(make_app: MakeApp, irreversible: bool) -> None:
    recovery = fake(made.warned(STOPPED, irreversible=irreversible))
    async with cockpit(make_app, recovery) as (app, pilot):
        await look_at(app, pilot)
        await pilot.press("d")
        await until(pilot, lambda: isinstance(app.screen, DecideDialog))
        told = text_of(app, "dialog-text")
        assert told.index("REFUSED") < told.index("WARNED  clients.noted  EX01: 16 connections are cut")
        assert told.count("only 1 fit copy elsewhere") == 1
        assert ("Irreversible: this cannot be undone." in told) is irreversible
        worse = replace(made.WARNED, reading="400 connections are cut")
        recovery.show(made.change(made.warned(STOPPED), "block", findings=(STOPPED, worse)))
        await until(pilot, lambda: "close this and decide anew" in text_of(app, "dialog-note"))
        assert app.screen.query_one("#choice-override", Button).disabled


async def test_copy_is_the_exact_command_and_export_names_its_file(make_app: MakeApp, tmp_path: Path) -> None:
    recovery = fake(asking())
    async with cockpit(make_app, recovery) as (app, pilot):
        await look_at(app, pilot)
        await pilot.press("y")
        (copied,) = tmp_path.glob("copy-*.txt")
        assert copied.read_text() == made.BLOCK + "\n"
        await pilot.press("ctrl+s")
        (saved,) = tmp_path.glob("run-*.txt")
        assert "Restart-Computer" not in saved.read_text()
        assert made.BLOCK in saved.read_text()
        await pilot.press("x")
        await until(pilot, lambda: "4f2a.zip" in text_of(app, "status"))


async def test_a_run_the_journal_does_not_have_is_said(make_app: MakeApp) -> None:
    recovery = fake(asking())
    async with cockpit(make_app, recovery) as (app, pilot):
        app.open_run("gone")
        await until(pilot, lambda: "no such run" in text_of(app, "status"))
        await pilot.press("q")
        await until(pilot, lambda: on_fleet(app))


def poisoned(view: Any) -> Any:
    """``view`` with markup and control sequences' letters in every string of it, ids apart."""
    evil = "[red]x[/] [bold [link=http://e]y[/ $error"
    changes: dict[str, Any] = {}
    for each in fields(view):
        value = getattr(view, each.name)
        if (
            isinstance(value, str)
            and type(value) is str
            and each.name
            not in ("id", "step", "current", "run", "object", "guard", "book", "digest", "state")
        ):
            changes[each.name] = evil
        elif isinstance(value, tuple) and value and hasattr(value[0], "__dataclass_fields__"):
            changes[each.name] = tuple(poisoned(v) for v in value)
        elif hasattr(value, "__dataclass_fields__"):
            changes[each.name] = poisoned(value)
    return replace(view, **changes)


async def test_hostile_strings_are_shown_as_they_are(make_app: MakeApp) -> None:
    view = poisoned(asking(STOPPED, UNREAD))
    recovery = FakeRecovery(
        views={"4f2a": view}, told=poisoned(made.standing(view, ORPHAN)), past=(poisoned(made.line(view)),),
        made_plan=replace(poisoned(made.plan()), server="EX01", monitor="PopCTPMonitor"),
    )  # fmt: skip
    recovery.refuse["abort"] = RefusedError("[red]a[/", "[bold", "[/] [link=")
    async with cockpit(make_app, recovery, size=(140, 60)) as (app, pilot):
        await look_at(app, pilot)
        assert "[red]x[/] [bold [link=http://e]y[/ $error" in text_of(app, "step")
        await pilot.press("d")
        await until(pilot, lambda: isinstance(app.screen, DecideDialog))
        assert "[link=http://e]" in text_of(app)
        await pilot.press("escape", "a")
        await until(pilot, lambda: isinstance(app.screen, ReasonDialog))
        assert isinstance(app.screen, ReasonDialog)
        app.screen.field("reason").value = "[red]because[/] of it"
        await until(pilot, lambda: not app.screen.query_one("#go", Button).disabled)
        app.screen.query_one("#go", Button).press()
        await until(pilot, lambda: "[bold" in text_of(app, "status"))
        for key, kind in (("H", HistoryScreen), ("o", ObligationsScreen)):
            await pilot.press(key)
            await until(pilot, lambda: isinstance(app.screen, kind))  # noqa: B023
            await until(pilot, lambda: "[link=http://e]" in text_of(app))
        for _ in range(3):
            await pilot.press("q")
        await until(pilot, lambda: on_fleet(app))
        await go_to(pilot, app, "PopCTPMonitor")
        await pilot.press("r", "p")
        await until(pilot, lambda: isinstance(app.screen, PlanScreen) and app.screen.plan is not None)
        assert "[link=http://e]" in text_of(app)
        assert app.return_code != 70


def test_marks_of_steps_have_a_glyph_and_a_role_each() -> None:
    from cockpit.ui.look import ASCII, ROLES, UNICODE
    from cockpit.ui.recovery_words import MARK_ROLES

    for mark in StepMark:
        assert MARK_ROLES[mark] in ROLES
        for glyphs in (UNICODE, ASCII):
            assert len(glyphs.marks[mark]) == 1
            assert glyphs is UNICODE or glyphs.marks[mark].isascii()
    for glyphs in (UNICODE, ASCII):
        assert len(set(glyphs.marks.values())) == len(StepMark), "no glyph stands for two"
    assert isinstance(REFUSED, Finding)


# The mouse, and the narrow screen


async def test_everything_by_mouse(make_app: MakeApp) -> None:
    recovery = fake(asking())
    async with cockpit(make_app, recovery, size=(80, 24)) as (app, pilot):
        await look_at(app, pilot)
        await pilot.click("#keys", offset=(footer(app).index("decide"), 0))
        await until(pilot, lambda: isinstance(app.screen, DecideDialog))
        await pilot.click("#choice-go")
        assert isinstance(app.screen, DecideDialog)
        await pilot.click("#typed")
        await pilot.press(*"EX01")
        await pilot.click("#send")
        await until(pilot, lambda: recovery.answers)
        await pilot.click("#keys", offset=(footer(app).index("back"), 0))
        await until(pilot, lambda: on_fleet(app))


async def test_narrow_panes_take_turns(make_app: MakeApp) -> None:
    recovery = fake(asking())
    async with cockpit(make_app, recovery, size=(80, 24)) as (app, pilot):
        screen = await look_at(app, pilot)
        assert screen.lines("step").display
        assert not screen.lines("output").display
        await pilot.press("tab", "tab")
        await until(pilot, lambda: screen.lines("output").has_focus)
        assert not screen.lines("step").display
        await pilot.press("tab")
        await until(pilot, lambda: screen.rows("plan").has_focus)
        assert screen.lines("output").display, "the pane that was last looked at stays"

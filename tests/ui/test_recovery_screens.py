"""The screens of recoveries under an operator's fingers: what is sent, and above all what is not."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import fields, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Button

from cockpit.journal.records import Answer, Choice, Finding, RunState, WishKind
from cockpit.recovery.client import RefusedError
from cockpit.recovery.view import RunView, StepMark
from cockpit.ui import recoveries
from cockpit.ui.app import CockpitApp
from cockpit.ui.look import plain
from cockpit.ui.screens.decide import DecideDialog
from cockpit.ui.screens.dialog import Dialog
from cockpit.ui.screens.help import HelpScreen
from cockpit.ui.screens.history import HistoryScreen
from cockpit.ui.screens.obligations import ObligationsScreen
from cockpit.ui.screens.plan import PlanScreen
from cockpit.ui.screens.reason import ReasonDialog
from cockpit.ui.screens.recover import RecoverDialog
from cockpit.ui.screens.run import RunScreen
from cockpit.ui.screens.settle import SettleDialog
from cockpit.ui.widgets.bars import KeyBar
from cockpit.ui.widgets.panes import LinesPane
from cockpit.ui.widgets.rows import RowsPane
from tests.ui import fleets
from tests.ui import recoveries as made
from tests.ui.conftest import MakeApp
from tests.ui.driving import go_to, on_fleet, rows, shown, until
from tests.ui.recoveries import ORPHAN, REFUSED, STOPPED, UNREAD, FakeRecovery, asking


@pytest.fixture(autouse=True)
def quick_polls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recoveries, "POLL_SECONDS", 0.05)
    monkeypatch.setattr(recoveries, "IDLE_POLL_SECONDS", 0.05)


REASON = "the copies were checked by hand"


def text_of(app: CockpitApp, *names: str) -> str:
    """What the top screen's panes say, all of it, wrapped or not."""
    panes = app.screen.query(LinesPane)
    parts = [plain(line) for pane in panes if not names or pane.id in names for line in pane.source]
    for table in app.screen.query(RowsPane):
        if not names or table.id in names:
            parts += table.text_lines()
    return "\n".join(parts)


def footer(app: CockpitApp) -> str:
    return plain(next(iter(app.screen.query(KeyBar))).source[0])


@asynccontextmanager
async def cockpit(
    make_app: MakeApp, recovery: FakeRecovery, size: tuple[int, int] = (120, 34), **more: Any
) -> AsyncIterator[tuple[CockpitApp, Pilot[int]]]:
    """A cockpit in write mode, at rest, with the standing read."""
    app = make_app(recovery=made.factory(recovery), **{"read_only": False, **more})
    async with app.run_test(size=size, notifications=True) as pilot:
        await shown(pilot, app)
        await until(pilot, lambda: app.recoveries.standing is not None and recovery.asked("sweep"))
        yield app, pilot


def top(app: CockpitApp) -> Screen[Any]:
    return app.screen


async def look_at(app: CockpitApp, pilot: Pilot[int], run: str = "4f2a") -> RunScreen:
    app.open_run(run)
    await until(pilot, lambda: isinstance(app.screen, RunScreen) and app.screen.view is not None)
    assert isinstance(app.screen, RunScreen)
    return app.screen


def fake(view: RunView, *orphans: Any) -> FakeRecovery:
    return FakeRecovery(
        views={view.run.id: view}, told=made.standing(view, *orphans), past=(made.line(view),)
    )


async def choose(app: CockpitApp, pilot: Pilot[int], choice: Choice) -> DecideDialog:
    """Open the dialog with its key, go to a choice by tab, press it."""
    await pilot.press("d")
    await until(pilot, lambda: isinstance(app.screen, DecideDialog))
    dialog = app.screen
    assert isinstance(dialog, DecideDialog)
    for _ in range(dialog.choices.index(choice) + 1):
        await pilot.press("tab")
    await pilot.press("enter")
    await pilot.pause()
    return dialog


# Deciding


async def test_go_wants_the_servers_name_and_is_answered_once(make_app: MakeApp) -> None:
    recovery = fake(asking())
    async with cockpit(make_app, recovery) as (app, pilot):
        await look_at(app, pilot)
        dialog = await choose(app, pilot, Choice.GO)
        assert recovery.answers == [], "the choice only shows its fields"
        assert dialog.field("typed").has_focus
        for wrong in ("ex01", "EX0", "EX011", "EX02", " EX01"):
            dialog.field("typed").value = wrong
            await pilot.pause()
            assert dialog.button("send").disabled, wrong
            await pilot.press("enter", "enter")
            assert f"is not {'EX01'}" in text_of(app, "typed-note")
        dialog.field("typed").value = ""
        await pilot.press(*"EX01")
        await pilot.pause()
        assert not dialog.button("send").disabled
        await pilot.press("enter", "enter", "enter")
        assert top(app) is dialog, "enter in the field presses nothing"
        dialog.button("send").press()
        dialog.button("send").press()
        await until(pilot, lambda: recovery.answers)
        assert recovery.answers == [("4f2a", 1, Answer(Choice.GO, by=made.OPERATOR, typed="EX01"))]
        await until(pilot, lambda: "Answered: go." in text_of(app, "status"))
        await pilot.press("d")
        assert isinstance(app.screen, RunScreen), "the journal still shows the question: not asked twice"
        assert "Answered" in text_of(app, "status")
        assert len(recovery.answers) == 1


async def test_pasting_the_name_is_allowed(make_app: MakeApp) -> None:
    from textual import events

    recovery = fake(asking())
    async with cockpit(make_app, recovery) as (app, pilot):
        await look_at(app, pilot)
        dialog = await choose(app, pilot, Choice.GO)
        dialog.field("typed").post_message(events.Paste("EX01"))
        await until(pilot, lambda: not dialog.button("send").disabled)
        await pilot.click("#send")
        await until(pilot, lambda: recovery.answers)


@pytest.mark.parametrize("key", ["d", "enter"])
async def test_the_key_that_opens_never_confirms(make_app: MakeApp, key: str) -> None:
    """Mashed twenty times it opens and closes the question, and answers nothing."""
    for view in (asking(), asking(typed=""), asking(STOPPED)):
        recovery = fake(view)
        async with cockpit(make_app, recovery) as (app, pilot):
            await look_at(app, pilot)
            await pilot.press(key)
            await until(pilot, lambda: isinstance(app.screen, DecideDialog))
            focused = app.screen.focused
            assert isinstance(focused, Button)
            assert focused.id == "not-now"
            for _ in range(20):
                await pilot.press(key)
            await pilot.pause()
            assert recovery.answers == []
            assert recovery.asked("answer") == recovery.asked("abort") == []


async def test_a_choice_without_fields_is_sent_by_its_button(make_app: MakeApp) -> None:
    recovery = fake(asking())
    async with cockpit(make_app, recovery) as (app, pilot):
        await look_at(app, pilot)
        await choose(app, pilot, Choice.AGAIN)
        await until(pilot, lambda: recovery.answers)
        assert recovery.answers[0][2] == Answer(Choice.AGAIN, by=made.OPERATOR)


async def test_a_reason_has_ten_characters_and_is_counted(make_app: MakeApp) -> None:
    recovery = fake(asking())
    async with cockpit(make_app, recovery) as (app, pilot):
        await look_at(app, pilot)
        dialog = await choose(app, pilot, Choice.SKIP)
        assert dialog.field("reason").has_focus
        await pilot.press(*"too short"[:9])
        assert "1 more" in text_of(app, "reason-note")
        assert dialog.button("send").disabled
        dialog.field("reason").value = " " * 30
        await pilot.pause()
        assert dialog.button("send").disabled, "blanks are no reason"
        dialog.field("reason").value = REASON
        await until(pilot, lambda: f"{len(REASON)} characters" in text_of(app, "reason-note"))
        await pilot.press("tab", "tab", "enter")
        await until(pilot, lambda: recovery.answers)
        assert recovery.answers[0][2] == Answer(Choice.SKIP, by=made.OPERATOR, reason=REASON)


async def test_override_is_for_one_finding_with_name_and_reason(make_app: MakeApp) -> None:
    recovery = fake(asking(REFUSED, STOPPED, UNREAD))
    async with cockpit(make_app, recovery) as (app, pilot):
        await look_at(app, pilot)
        dialog = await choose(app, pilot, Choice.OVERRIDE)
        table = dialog.query_one("#findings", RowsPane)
        assert [row.key for row in table.rows] == [("recovery.actions", "EX01"), ("copies.quorum", "DAG01")]
        assert table.has_focus, "a hard guard is not among them"
        await pilot.press("down")
        dialog.field("reason").value = REASON
        await pilot.pause()
        assert dialog.button("send").disabled, "without the name"
        dialog.field("typed").value = "EX01"
        await until(pilot, lambda: not dialog.button("send").disabled)
        dialog.button("send").press()
        await until(pilot, lambda: recovery.answers)
        assert recovery.answers[0][2] == Answer(
            Choice.OVERRIDE, made.OPERATOR, REASON, "EX01", "copies.quorum", "DAG01"
        )


async def test_no_override_is_offered_for_a_hard_guard(make_app: MakeApp) -> None:
    recovery = fake(asking(REFUSED))
    async with cockpit(make_app, recovery) as (app, pilot):
        await look_at(app, pilot)
        await pilot.press("d")
        await until(pilot, lambda: isinstance(app.screen, DecideDialog))
        assert not app.screen.query("#choice-override")
        assert "not offered: this guard is hard" in text_of(app)


async def test_hand_over_wants_a_name_and_a_reason(make_app: MakeApp) -> None:
    recovery = fake(asking(REFUSED))
    async with cockpit(make_app, recovery) as (app, pilot):
        await look_at(app, pilot)
        dialog = await choose(app, pilot, Choice.HAND_OVER)
        dialog.field("reason").value = REASON
        await pilot.pause()
        assert dialog.button("send").disabled
        dialog.field("to").value = "second line"
        await until(pilot, lambda: not dialog.button("send").disabled)
        dialog.button("send").press()
        await until(pilot, lambda: recovery.answers)
        assert recovery.answers[0][2].to == "second line"


@pytest.mark.parametrize("how", ["answered", "another question", "ended", "other findings"])
async def test_a_question_that_closes_under_the_dialog_cannot_be_answered(
    make_app: MakeApp, how: str
) -> None:
    recovery = fake(asking(STOPPED) if how == "other findings" else asking())
    async with cockpit(make_app, recovery) as (app, pilot):
        await look_at(app, pilot)
        dialog = await choose(app, pilot, Choice.SKIP)
        dialog.field("reason").value = REASON
        await until(pilot, lambda: not dialog.button("send").disabled)
        after = {
            "answered": replace(asking(), question=None),
            "another question": asking(number=2),
            "ended": made.ended(),
            "other findings": asking(STOPPED, UNREAD),
        }[how]
        recovery.show(after)
        await until(pilot, lambda: dialog.over)
        assert dialog.button("send").disabled
        said = text_of(app, "dialog-note")
        assert ("changed" if how == "other findings" else "This question is closed") in said
        dialog.button("send").press()
        await pilot.press("enter")
        dialog._send()
        await pilot.pause()
        assert recovery.answers == []
        assert app.screen is dialog


async def test_a_refused_answer_is_told_and_stays_until_the_next_action(make_app: MakeApp) -> None:
    recovery = fake(asking())
    recovery.refuse["answer"] = RefusedError("The answer", "the lease is CORP\\ann's", "Ask them.")
    async with cockpit(make_app, recovery) as (app, pilot):
        await look_at(app, pilot)
        await choose(app, pilot, Choice.AGAIN)
        await until(pilot, lambda: "Refused" in text_of(app, "status"))
        assert "the lease is CORP\\ann's" in text_of(app, "status")
        assert "Ask them." in text_of(app, "status")
        assert any("the lease is" in str(n.message) for n in app._notifications)
        await pilot.press("j", "k", "tab")
        assert "Refused" in text_of(app, "status"), "moving about is no action"
        await pilot.press("d")
        await until(pilot, lambda: isinstance(app.screen, DecideDialog))
        assert not app.recoveries.told, "a refused answer may be given again"


async def test_one_answer_at_a_time(make_app: MakeApp) -> None:
    recovery = fake(asking())
    recovery.gate = threading.Event()
    async with cockpit(make_app, recovery) as (app, pilot):
        await look_at(app, pilot)
        await choose(app, pilot, Choice.AGAIN)
        await until(pilot, lambda: "answer" in app.recoveries.busy)
        recovery.show(asking(number=2))
        await until(pilot, lambda: not app.screen.answered)  # type: ignore[attr-defined]
        await choose(app, pilot, Choice.AGAIN)
        await until(pilot, lambda: "still under way" in text_of(app, "status"))
        recovery.gate.set()
        await until(pilot, lambda: recovery.answers)
        assert len(recovery.answers) == 1


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


async def test_recover_on_an_empty_fleet_says_why(make_app: MakeApp) -> None:
    app = make_app(read_only=False, nothing=True, recovery=made.factory(FakeRecovery()))
    async with app.run_test(size=(120, 34), notifications=True) as pilot:
        await until(pilot, lambda: app.recoveries.standing is not None)
        await pilot.press("r")
        await until(pilot, lambda: "No server has been read yet" in text_of(app, "status"))
        assert app.screen.query_one("#status").display
        assert on_fleet(app)


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


# Recover: dialog, plan, start


async def test_recover_plans_first_and_starts_only_when_told(make_app: MakeApp) -> None:
    recovery = FakeRecovery(views={"4f2a": asking()})
    async with cockpit(make_app, recovery) as (app, pilot):
        await go_to(pilot, app, "PopCTPMonitor")
        for _ in range(5):
            await pilot.press("r")
        assert isinstance(app.screen, RecoverDialog)
        assert app.screen.button("plan").has_focus
        assert "EX01" in text_of(app)
        for _ in range(20):
            await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, PlanScreen) and app.screen.plan is not None)
        assert recovery.asked("start") == []
        assert recovery.asked("plan") == [("plan", "EX01", "PopCTPMonitor")]
        assert "Nothing was sent" in text_of(app, "stands")
        assert "REFUSED  Move the databases away from EX01  guard copies.elsewhere" in text_of(app, "step")
        assert "What helps" in text_of(app, "step")
        assert "not offered: this guard is hard" in text_of(app, "step")
        assert "In the way: Run 4f2a" in text_of(app, "stands")
        await pilot.press("j")
        assert "Not known yet" in text_of(app, "step")
        await pilot.press("r")
        await until(pilot, lambda: isinstance(app.screen, RecoverDialog))
        await pilot.press("tab", "enter")
        await until(pilot, lambda: recovery.asked("start"))
        await until(pilot, lambda: isinstance(app.screen, RunScreen))
        assert recovery.asked("start") == [("start", "EX01", "PopCTPMonitor")]


async def test_a_start_that_is_refused_leaves_fleet_as_it_was(make_app: MakeApp) -> None:
    recovery = FakeRecovery()
    recovery.refuse["start"] = RefusedError("The start", "DAG01 is CORP\\ann's", "Watch run 9c1e.")
    async with cockpit(make_app, recovery) as (app, pilot):
        await go_to(pilot, app, "PopCTPMonitor")
        await pilot.press("r", "y")
        await until(pilot, lambda: "DAG01 is CORP\\ann's" in text_of(app, "status"))
        assert on_fleet(app)
        await pilot.press("f")
        assert "DAG01" not in text_of(app, "status")


async def test_a_plan_that_fails_says_so_and_may_be_read_again(make_app: MakeApp) -> None:
    recovery = FakeRecovery()
    recovery.refuse["plan"] = ValueError("secret hunter2")
    async with cockpit(make_app, recovery) as (app, pilot):
        await go_to(pilot, app, "PopCTPMonitor")
        await pilot.press("r", "p")
        await until(pilot, lambda: "No plan" in text_of(app, "stands"))
        assert "hunter2" not in text_of(app)
        del recovery.refuse["plan"]
        await pilot.press("R")
        await until(pilot, lambda: "Nothing was sent" in text_of(app, "stands"))


async def test_what_has_no_runbook_says_why(make_app: MakeApp) -> None:
    recovery = FakeRecovery()
    unknown = fleets.entry("EX01", "PopCTPMonitor")
    other = replace(unknown, name="OwaCtpMonitor")
    base = fleets.server("EX01")
    fleet = replace(fleets.demo_fleet(), servers={"EX01": replace(base, monitors=(other,))})
    async with cockpit(make_app, recovery, snapshot=fleet) as (app, pilot):
        await go_to(pilot, app, "EX01")
        await pilot.press("2", "end", "r")
        assert on_fleet(app)
        notes = " ".join(str(n.message) for n in app._notifications)
        assert "no runbook" in notes or "belongs to one" in notes


async def test_a_run_under_way_is_watched_instead_of_started(make_app: MakeApp) -> None:
    recovery = fake(asking())
    async with cockpit(make_app, recovery) as (app, pilot):
        await go_to(pilot, app, "PopCTPMonitor")
        await pilot.press("r")
        await until(pilot, lambda: isinstance(app.screen, RecoverDialog))
        assert not app.screen.query("#start")
        await pilot.press("y")
        assert recovery.asked("start") == []
        await pilot.press("tab", "enter")
        await until(pilot, lambda: isinstance(app.screen, RunScreen))


# Read-only


async def test_read_only_looks_and_never_acts(make_app: MakeApp) -> None:
    recovery = fake(asking())
    async with cockpit(make_app, recovery, read_only=True) as (app, pilot):
        await go_to(pilot, app, "PopProxyTestMonitor")
        await pilot.press("r")
        await until(pilot, lambda: isinstance(app.screen, RecoverDialog))
        assert not app.screen.query("#start")
        assert "not in read-only mode" in text_of(app)
        await pilot.press("y")
        assert isinstance(app.screen, RecoverDialog)
        await pilot.press("p")
        await until(pilot, lambda: isinstance(app.screen, PlanScreen))
        await pilot.press("r", "q")
        await look_at(app, pilot)
        await pilot.press("d", "a", "e", "R", "enter")
        await pilot.pause()
        assert not isinstance(top(app), Dialog)
        assert "decide" not in footer(app)
        assert footer(app).startswith(" read-only  ")
        await pilot.click("#keys", offset=(footer(app).index("help"), 0))
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))
        assert "Go" not in text_of(app, "help-lines").split()
        assert "Back to the step the run is at" in text_of(app, "help-lines")
        assert "decide:" not in text_of(app, "help-lines")
        await pilot.press("escape")
        assert "read-only" in text_of(app, "stands")
        for name in ("decide", "abort", "end_wait", "resume"):
            await app.screen.run_action(name)
        await pilot.pause()
        assert isinstance(top(app), RunScreen)
        assert {c[0] for c in recovery.calls} <= {"sweep", "plan"}


# Lists and the bar


async def test_the_bar_is_on_every_screen_and_gone_when_all_is_clean(make_app: MakeApp) -> None:
    recovery = fake(made.in_doubt(), ORPHAN)
    recovery.past = ()
    async with cockpit(make_app, recovery, size=(160, 40)) as (app, pilot):
        for key in ("", "?", "H", "o"):
            if key:
                await pilot.press(key)
                await pilot.pause()
            said = text_of(app, "standing")
            assert "✖ 1 obligation open" in said
            assert "1 orphan" in said
            assert "1 run left" in said
            if not isinstance(app.screen, HelpScreen):
                assert "open: EX01 MoveNow since 02:10Z (run 4f2a)" in said, key
                assert "EX05 MoveNow $true without a record" in said
                assert "1 run left: 4f2a EX01" in said
            assert said.endswith("o shows")
            if isinstance(app.screen, HelpScreen):
                await pilot.press("escape")
        assert isinstance(app.screen, ObligationsScreen)
        recovery.show(told=made.standing(made.ended()))
        await until(pilot, lambda: not app.screen.query_one("#standing").display)
        await pilot.press("q", "q")
        await until(pilot, lambda: on_fleet(app))
        assert not app.screen.query_one("#standing").display


async def test_a_journal_that_cannot_be_read_is_told_in_the_bar(make_app: MakeApp) -> None:
    recovery = fake(made.in_doubt())
    async with cockpit(make_app, recovery) as (app, pilot):
        recovery.refuse["position"] = RefusedError("The journal", "the file is gone", "Mount it.")
        await until(pilot, lambda: "What is open is not known" in text_of(app, "standing"))
        assert "the file is gone" in text_of(app, "standing")
        del recovery.refuse["position"]
        recovery.show()
        await until(pilot, lambda: "1 obligation open" in text_of(app, "standing"))


async def test_fleet_marks_servers_and_monitors(make_app: MakeApp) -> None:
    recovery = fake(made.in_doubt(), ORPHAN)
    async with cockpit(make_app, recovery, size=(200, 50)) as (app, pilot):
        await until(pilot, lambda: any("✖ MoveNow open" in r for r in rows(app, "tree")))
        assert any("EX05  ✖ MoveNow orphan" in r for r in rows(app, "tree"))
        assert any(r.startswith("✗ Unhealthy") and "run 4f2a Move the" in r for r in rows(app, "monitors"))
        recovery.show(told=made.standing(made.ended()))
        await until(pilot, lambda: not any("✖" in r for r in rows(app, "tree")))
        assert not any("run 4f2a" in r for r in rows(app, "monitors"))


async def test_obligations_open_their_run_and_sweep(make_app: MakeApp) -> None:
    recovery = fake(asking(), ORPHAN)
    handed = made.obligation(number=9, handed_to="second line", handed_reason="MBX01 does not boot",
                             handed_at=made.ago(3).timestamp())  # fmt: skip
    recovery.told = made.standing(asking(), ORPHAN, more=(handed,))
    async with cockpit(make_app, recovery) as (app, pilot):
        sweeps = len(recovery.asked("sweep"))
        await pilot.press("o")
        await until(pilot, lambda: isinstance(app.screen, ObligationsScreen))
        said = text_of(app, "open")
        for part in (
            "ProtocolLogEnabled",
            "handed to second line: MBX01",
            "orphan",
            "Databases are kept away",
        ):
            assert part in said
        await pilot.press("s")
        await until(pilot, lambda: "Swept" in text_of(app, "status"))
        assert len(recovery.asked("sweep")) == sweeps + 1
        await pilot.press("j", "j")
        assert "no known prior value" in text_of(app, "about")
        await pilot.press("enter")
        assert "nothing to open" in text_of(app, "status")
        await pilot.press("home", "enter")
        await until(pilot, lambda: isinstance(app.screen, RunScreen))


def with_handed() -> FakeRecovery:
    """One obligation of a living run, and one handed over; the cursor starts on the first."""
    recovery = fake(asking())
    recovery.told = made.standing(asking(), ORPHAN, more=(made.handed(),))
    return recovery


async def on_handed(app: CockpitApp, pilot: Pilot[int]) -> ObligationsScreen:
    await pilot.press("o")
    await until(pilot, lambda: isinstance(app.screen, ObligationsScreen))
    screen = app.screen
    assert isinstance(screen, ObligationsScreen)
    await until(pilot, lambda: len(screen.rows("open").rows) == 4)
    screen.rows("open").go_to_key(("obligation", "9", "7d01"))
    return screen


async def settling(app: CockpitApp, pilot: Pilot[int]) -> SettleDialog:
    await until(pilot, lambda: isinstance(app.screen, SettleDialog))
    assert isinstance(app.screen, SettleDialog)
    return app.screen


async def give_reason(pilot: Pilot[int], dialog: SettleDialog) -> None:
    dialog.field("reason").value = REASON
    await until(pilot, lambda: not dialog.button("go").disabled)
    dialog.button("go").press()


async def test_what_was_handed_over_and_is_back_is_closed_with_a_reason(make_app: MakeApp) -> None:
    recovery = with_handed()
    async with cockpit(make_app, recovery) as (app, pilot):
        screen = await on_handed(app, pilot)
        assert "c close" in footer(app)
        for _ in range(20):
            await pilot.press("c")
        dialog = await settling(app, pilot)
        assert dialog.button("not-now").has_focus
        assert dialog.button("go").disabled
        assert "to second line" in text_of(app)
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is screen)
        assert recovery.asked("settle") == []
        await pilot.press("c")
        await give_reason(pilot, await settling(app, pilot))
        await until(pilot, lambda: recovery.settled)
        assert recovery.settled == [(9, REASON, False)]
        await until(pilot, lambda: len(screen.rows("open").rows) == 3)
        assert "Closed: MoveNow of EX01 is back." in text_of(app, "status")


async def test_what_is_not_back_stays_as_it_is_only_with_name_and_reason(make_app: MakeApp) -> None:
    recovery = with_handed()
    recovery.not_back = True
    async with cockpit(make_app, recovery) as (app, pilot):
        screen = await on_handed(app, pilot)
        await pilot.press("c")
        first = await settling(app, pilot)
        await give_reason(pilot, first)
        await until(pilot, lambda: isinstance(app.screen, SettleDialog) and app.screen is not first)
        second = await settling(app, pilot)
        said = text_of(app)
        assert "MoveNow of EX01 is True, it was False" in said
        assert f"Type: {made.LIFT}" in said
        assert second.button("not-now").has_focus
        assert recovery.settled == []
        second.field("reason").value = REASON
        for wrong in ("", "ex01", "EX011"):
            second.field("typed").value = wrong
            await pilot.pause()
            assert second.button("go").disabled, wrong
        second.button("go").press()
        second.field("reason").value = "too short"
        second.field("typed").value = "EX01"
        await pilot.pause()
        assert second.button("go").disabled
        await give_reason(pilot, second)
        await until(pilot, lambda: recovery.settled)
        assert recovery.settled == [(9, REASON, True)]
        await until(pilot, lambda: app.screen is screen)
        await until(pilot, lambda: "stays as it is" in text_of(app, "status"))


async def test_a_value_that_nobody_could_read_is_not_offered_to_be_left(make_app: MakeApp) -> None:
    recovery = with_handed()
    recovery.refuse["settle"] = RefusedError("Close obligation 9", "EX01 did not answer", "Start it.")
    async with cockpit(make_app, recovery) as (app, pilot):
        screen = await on_handed(app, pilot)
        await pilot.press("c")
        await give_reason(pilot, await settling(app, pilot))
        await until(pilot, lambda: "EX01 did not answer" in text_of(app, "status"))
        await pilot.pause()
        assert app.screen is screen


async def test_what_is_closed_elsewhere_cannot_be_closed_again(make_app: MakeApp) -> None:
    recovery = with_handed()
    async with cockpit(make_app, recovery) as (app, pilot):
        await on_handed(app, pilot)
        await pilot.press("c")
        dialog = await settling(app, pilot)
        dialog.field("reason").value = REASON
        await until(pilot, lambda: not dialog.button("go").disabled)
        recovery.show(told=made.standing(asking(), ORPHAN))
        await until(pilot, lambda: dialog.button("go").disabled)
        assert "closed already" in text_of(app, "dialog-note")
        dialog.button("go").press()
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, ObligationsScreen))
        assert recovery.asked("settle") == []


async def test_only_what_was_handed_over_by_an_ended_run_is_closed(make_app: MakeApp) -> None:
    recovery = with_handed()
    living = replace(made.handed(), id=10, run="4f2a")
    recovery.told = made.standing(asking(), ORPHAN, more=(living, made.obligation("7d01", number=11)))
    async with cockpit(make_app, recovery) as (app, pilot):
        await pilot.press("o")
        await until(pilot, lambda: isinstance(app.screen, ObligationsScreen))
        table = app.screen.query_one("#open", RowsPane)
        for key, said in (
            (("obligation", "1", "4f2a"), "Run 4f2a has not ended (waiting)"),
            (("obligation", "10", "4f2a"), "Run 4f2a has not ended (waiting)"),
            (("obligation", "11", "7d01"), "It was not handed over"),
            (("orphan", "EX05", "MoveNow"), "Only an obligation"),
            (("run", "4f2a", "4f2a"), "Only an obligation"),
        ):
            table.go_to_key(key)
            await pilot.press("c")
            await pilot.pause()
            assert said in text_of(app, "status"), key
            assert isinstance(top(app), ObligationsScreen)


async def test_read_only_closes_no_obligation(make_app: MakeApp) -> None:
    recovery = with_handed()
    async with cockpit(make_app, recovery, read_only=True) as (app, pilot):
        screen = await on_handed(app, pilot)
        assert "c close" not in footer(app)
        await pilot.press("c")
        await screen.run_action("close")
        screen._decided(made.handed(), True, REASON)
        await pilot.pause()
        assert app.screen is screen
        assert "not in read-only mode" in text_of(app, "status")
        assert recovery.asked("settle") == []


DOUBT = (
    "DatabaseCopyAutoActivationPolicy of EX01 is Blocked: this run had set IntrasiteOnly and wants to put "
    "Unrestricted back. Somebody else has changed it meanwhile."
)


@pytest.mark.parametrize(
    ("step", "prompt", "label", "confirms"),
    [
        ("unblock", DOUBT, "Leave it", "Leave it as it is"),
        ("undo:ProtocolLogEnabled", "ProtocolLogEnabled of EX01 is other.", "Leave it", "Leave it as it is"),
        ("unblock", "Lift the block?", "Skip", "Skip the step"),
    ],
)
async def test_to_skip_an_undoing_that_is_doubted_is_to_leave_it(
    make_app: MakeApp, step: str, prompt: str, label: str, confirms: str
) -> None:
    view = asking(choices=(Choice.AGAIN, Choice.GO, Choice.SKIP, Choice.HAND_OVER), typed="")
    assert view.question is not None
    recovery = fake(replace(view, question=replace(view.question, step=step, prompt=prompt)))
    async with cockpit(make_app, recovery) as (app, pilot):
        await look_at(app, pilot)
        await pilot.press("d")
        await until(pilot, lambda: isinstance(app.screen, DecideDialog))
        assert str(app.screen.query_one("#choice-skip", Button).label) == label
        app.screen.query_one("#choice-skip", Button).press()
        await until(pilot, lambda: str(app.screen.query_one("#send", Button).label) == confirms)
        app.screen.query_one("#reason").value = REASON  # type: ignore[attr-defined]
        await until(pilot, lambda: not app.screen.query_one("#send", Button).disabled)
        app.screen.query_one("#send", Button).press()
        await until(pilot, lambda: recovery.answers)
        assert recovery.answers[0][2] == Answer(Choice.SKIP, by=made.OPERATOR, reason=REASON)


async def test_history_filters_and_attaches(make_app: MakeApp) -> None:
    recovery = fake(asking())
    old = replace(made.ended(), run=replace(made.ended().run, id="7d01", server="EX09"))
    recovery.past = (made.line(asking()), made.line(old))
    recovery.show(old)
    async with cockpit(make_app, recovery) as (app, pilot):
        await pilot.press("H")
        await until(pilot, lambda: "7d01" in text_of(app, "runs"))
        assert "✔ recovered" in text_of(app, "runs")
        await pilot.press("/", *"ex09")
        await until(pilot, lambda: "4f2a" not in text_of(app, "runs"))
        await pilot.press("enter", "enter")
        await until(pilot, lambda: isinstance(app.screen, RunScreen) and app.screen.run_id == "7d01")
        await pilot.press("q", "q")
        await until(pilot, lambda: "4f2a" in text_of(app, "runs"))
        await pilot.press("q")
        await until(pilot, lambda: on_fleet(app))


async def test_without_a_journal_the_keys_say_why(make_app: MakeApp) -> None:
    app = make_app(read_only=False)
    async with app.run_test(size=(160, 40), notifications=True) as pilot:
        await shown(pilot, app)
        assert "recover" not in footer(app)
        await go_to(pilot, app, "PopCTPMonitor")
        await pilot.press("r", "o", "H")
        await pilot.pause()
        assert on_fleet(app)
        assert len([n for n in app._notifications if "without a journal" in str(n.message)]) == 3


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


async def test_closing_lets_go_of_the_journal_and_of_a_slow_plan(make_app: MakeApp) -> None:
    recovery = FakeRecovery()
    recovery.gate = threading.Event()
    async with cockpit(make_app, recovery) as (app, pilot):
        await go_to(pilot, app, "PopCTPMonitor")
        await pilot.press("r", "p")
        await until(pilot, lambda: recovery.asked("plan"))
    assert recovery.closed
    recovery.gate.set()


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


async def test_a_covered_fleet_is_not_drawn_and_is_up_to_date_when_it_is_seen_again(
    make_app: MakeApp,
) -> None:
    from tests.ui.driving import feed_of

    recovery = fake(made.waiting())
    async with cockpit(make_app, recovery) as (app, pilot):
        await look_at(app, pilot)
        before = rows(app, "tree")
        ill = fleets.server("EX02", dag="DAG01", alerts={"PopCTPMonitor": ("Unhealthy", 1.0)})
        feed_of(app).change(ill)
        await until(pilot, lambda: app.desk.snapshot.servers["EX02"].monitors == ill.monitors)
        assert rows(app, "tree") == before
        await pilot.press("q")
        await until(pilot, lambda: any(r.startswith("✗") and "EX02" in r for r in rows(app, "tree")))

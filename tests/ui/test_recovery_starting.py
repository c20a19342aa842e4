"""From a monitor to a run: the dialog, the plan, the start, and what read-only mode refuses."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from cockpit.recovery.client import RefusedError
from cockpit.ui.screens.dialog import Dialog
from cockpit.ui.screens.help import HelpScreen
from cockpit.ui.screens.plan import PlanScreen
from cockpit.ui.screens.recover import RecoverDialog
from cockpit.ui.screens.run import RunScreen
from tests.ui import fleets
from tests.ui import recoveries as made
from tests.ui.conftest import MakeApp
from tests.ui.driving import go_to, on_fleet, status_line, until
from tests.ui.operating import cockpit, fake, footer, look_at, text_of, top
from tests.ui.recoveries import FakeRecovery, asking

pytestmark = pytest.mark.usefixtures("quick_polls")


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
        assert "there is no runbook for it" in status_line(app)


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


async def test_recover_on_an_empty_fleet_says_why(make_app: MakeApp) -> None:
    app = make_app(read_only=False, nothing=True, recovery=made.factory(FakeRecovery()))
    async with app.run_test(size=(120, 34), notifications=True) as pilot:
        await until(pilot, lambda: app.recoveries.standing is not None)
        await pilot.press("r")
        await until(pilot, lambda: "No server has been read yet" in text_of(app, "status"))
        assert app.screen.query_one("#status").display
        assert on_fleet(app)


async def test_closing_lets_go_of_the_journal_and_of_a_slow_plan(make_app: MakeApp) -> None:
    recovery = FakeRecovery()
    recovery.gate = threading.Event()
    async with cockpit(make_app, recovery) as (app, pilot):
        await go_to(pilot, app, "PopCTPMonitor")
        await pilot.press("r", "p")
        await until(pilot, lambda: recovery.asked("plan"))
    assert recovery.closed
    recovery.gate.set()


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
        assert text_of(app, "help-lines").count("read-only: start with --write") == 4
        await pilot.press("escape")
        assert "read-only" in text_of(app, "stands")
        for name in ("decide", "abort", "end_wait", "resume"):
            await app.screen.run_action(name)
        await pilot.pause()
        assert isinstance(top(app), RunScreen)
        assert {c[0] for c in recovery.calls} <= {"sweep", "plan"}

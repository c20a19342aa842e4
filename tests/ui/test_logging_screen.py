"""The key of protocol logging under an operator's fingers: what is asked, what is started, what is told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from textual.pilot import Pilot

from cockpit.exchange.recovery_model import ServiceProcess
from cockpit.journal.records import Choice
from cockpit.recovery.client import RefusedError
from cockpit.recovery.logging_view import OFF, PUT_BACK, LoggingState, ServiceLog, Written
from cockpit.recovery.view import Life, StepMark
from cockpit.ui import recoveries
from cockpit.ui.app import CockpitApp
from cockpit.ui.look import plain
from cockpit.ui.screens.decide import DecideDialog
from cockpit.ui.screens.logging import KEEP, WATCH, LoggingDialog, choices
from cockpit.ui.screens.obligations import ObligationsScreen
from cockpit.ui.screens.reason import ReasonDialog
from cockpit.ui.screens.run import RunScreen
from cockpit.ui.steps import abort_lines
from cockpit.ui.widgets.standing import StandingBar
from tests.ui import recoveries as made
from tests.ui.conftest import MakeApp
from tests.ui.driving import shown, until
from tests.ui.fleets import NOW
from tests.ui.recoveries import FakeRecovery, ago, asking

SET = "Set-PopSettings -Server 'EX01' -ProtocolLogEnabled $true"
RESTART = "Restart-Service -Name 'MSExchangePop3' -Force    (on EX01)"
FRONT = ServiceLog(
    "MSExchangePop3",
    "front",
    ServiceProcess("MSExchangePop3", "Running", "Auto", 7, ago(300)),
    Written(),
    False,
)
BACK = replace(FRONT, service="MSExchangePOP3BE", tier="back")
STATE = LoggingState(
    "EX01", False, "C:\\Logs\\Pop3", "Hourly", "0 B", ago(900), 55 * 1024**3, 23, (FRONT, BACK),
    now=NOW, period=14_400.0,
    commands={"front": (SET, RESTART), "back": (SET,), "both": (SET, RESTART), PUT_BACK: ("Set false",),
              OFF: ("Set false",)},
)  # fmt: skip
DUE = NOW + timedelta(hours=2)
RESTING = replace(STATE, enabled=True, run="4f2a", due=DUE)


@pytest.fixture(autouse=True)
def quick_polls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recoveries, "POLL_SECONDS", 0.05)
    monkeypatch.setattr(recoveries, "IDLE_POLL_SECONDS", 0.05)


@asynccontextmanager
async def cockpit(
    make_app: MakeApp, recovery: FakeRecovery, **more: Any
) -> AsyncIterator[tuple[CockpitApp, Pilot[int]]]:
    app = make_app(recovery=made.factory(recovery), **{"read_only": False, **more})
    async with app.run_test(size=(120, 34), notifications=True) as pilot:
        await shown(pilot, app)
        await until(pilot, lambda: app.recoveries.standing is not None)
        yield app, pilot


def fake(state: LoggingState, **more: Any) -> FakeRecovery:
    return FakeRecovery(views={"4f2a": asking()}, logs=state, **more)


async def dialog(app: CockpitApp, pilot: Pilot[int]) -> LoggingDialog:
    await pilot.press("2", "l")
    await until(pilot, lambda: isinstance(app.screen, LoggingDialog))
    found = app.screen
    assert isinstance(found, LoggingDialog)
    await until(pilot, lambda: found.state is not None or found.failed)
    return found


def said(found: LoggingDialog) -> str:
    return "\n".join(plain(line) for line in found.text())


def offered(found: LoggingDialog) -> list[str]:
    return [str(b.id) for b in found.query("Button") if b.display]


# --- what it says --------------------------------------------------------------------------------


async def test_it_says_how_it_stands_and_what_would_be_sent(make_app: MakeApp) -> None:
    recovery = fake(STATE)
    async with cockpit(make_app, recovery) as (app, pilot):
        server = await _server(app, pilot)
        recovery.logs = replace(STATE, server=server)
        found = await dialog(app, pilot)
        text = said(found)
        for words in ("off", "55.0 GB free", "23 connections", SET, RESTART, "4:00:00", "Hourly", "no file"):
            assert words in text
        assert recovery.asked("logging") == [("logging", server)]
        assert recovery.asked("start_logging") == []
        assert offered(found) == ["not-now", "front", "back", "both"]


async def test_of_a_run_that_rests_it_says_what_ends_it_and_how_long_it_would_be_kept(
    make_app: MakeApp,
) -> None:
    resting = replace(RESTING, period=1_800.0)
    recovery = fake(resting)
    async with cockpit(make_app, recovery) as (app, pilot):
        recovery.logs = replace(resting, server=await _server(app, pilot))
        text = said(await dialog(app, pilot))
        assert "the value that was before, then the restart" in text
        assert "30:00 from now, as long as it was for so far" in text


async def _server(app: CockpitApp, pilot: Pilot[int]) -> str:
    await until(pilot, lambda: getattr(app.screen, "subject", None) is not None)
    return str(app.screen.subject[0].name)  # type: ignore[attr-defined]


@pytest.mark.parametrize("keys", [("n",), ("escape",), ("enter",), ("q",)])
async def test_the_safe_choice_has_the_focus_and_sends_nothing(
    make_app: MakeApp, keys: tuple[str, ...]
) -> None:
    recovery = fake(STATE)
    async with cockpit(make_app, recovery) as (app, pilot):
        recovery.logs = replace(STATE, server=await _server(app, pilot))
        found = await dialog(app, pilot)
        assert found.button("not-now").has_focus
        await pilot.press(*keys)
        await until(pilot, lambda: not isinstance(app.screen, LoggingDialog))
        await pilot.pause()
        assert [c for c in recovery.calls if c[0].endswith("_logging")] == []


async def test_the_key_that_opens_never_confirms(make_app: MakeApp) -> None:
    recovery = fake(STATE)
    async with cockpit(make_app, recovery) as (app, pilot):
        recovery.logs = replace(STATE, server=await _server(app, pilot))
        found = await dialog(app, pilot)
        await pilot.press("l", "l")
        await pilot.pause()
        assert app.screen is found
        assert recovery.asked("start_logging") == []


async def test_nothing_is_started_before_it_was_read(make_app: MakeApp) -> None:
    refusal = RefusedError("Protocol logging of EX01", "EX01 cannot be reached")
    recovery = fake(STATE, refuse={"logging": refusal})
    async with cockpit(make_app, recovery) as (app, pilot):
        found = await dialog(app, pilot)
        assert found.failed
        assert "could not be read" in said(found)
        assert offered(found) == ["not-now"]
        await pilot.press("y")
        await pilot.pause()
        assert recovery.asked("start_logging") == []
        assert app.screen is found


# --- what it starts ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "tabs", "call"),
    [
        (STATE, 1, ("start_logging", "front", "0")),
        (STATE, 2, ("start_logging", "back", "0")),
        (STATE, 3, ("start_logging", "both", "0")),
        (RESTING, 1, ("end_logging",)),
        (RESTING, 2, ("keep_logging", "0")),
        (replace(STATE, enabled=True), 1, ("end_logging",)),
    ],
)
async def test_what_is_chosen_is_a_run_and_its_screen_opens(
    make_app: MakeApp, state: LoggingState, tabs: int, call: tuple[str, ...]
) -> None:
    recovery = fake(state)
    async with cockpit(make_app, recovery) as (app, pilot):
        server = await _server(app, pilot)
        recovery.logs = replace(state, server=server)
        await dialog(app, pilot)
        await pilot.press(*["tab"] * tabs, "enter")
        await until(pilot, lambda: isinstance(app.screen, RunScreen))
        assert recovery.calls[-1] == (call[0], server, *call[1:])


async def test_the_dialogs_own_key_takes_the_usual_choice(make_app: MakeApp) -> None:
    recovery = fake(RESTING)
    async with cockpit(make_app, recovery) as (app, pilot):
        server = await _server(app, pilot)
        recovery.logs = replace(RESTING, server=server)
        await dialog(app, pilot)
        await pilot.press("y")
        await until(pilot, lambda: isinstance(app.screen, RunScreen))
        assert recovery.asked("end_logging") == [("end_logging", server)]


async def test_a_run_at_work_is_only_watched(make_app: MakeApp) -> None:
    recovery = fake(STATE)
    async with cockpit(make_app, recovery) as (app, pilot):
        server = await _server(app, pilot)
        recovery.logs = replace(STATE, server=server, enabled=True, run="4f2a")
        found = await dialog(app, pilot)
        assert offered(found) == ["not-now", WATCH]
        await pilot.press("tab", "enter")
        await until(pilot, lambda: isinstance(app.screen, RunScreen))
        assert [c for c in recovery.calls if c[0].endswith("_logging")] == []


def test_the_choices_follow_from_how_it_stands() -> None:
    assert choices(STATE) == ("front", "back", "both")
    assert choices(replace(STATE, services=(BACK,))) == ("back",)
    assert choices(RESTING) == (PUT_BACK, KEEP, WATCH)
    assert choices(replace(RESTING, enabled=False)) == (PUT_BACK, KEEP, WATCH), "put back by somebody else"
    assert choices(replace(STATE, enabled=True)) == (OFF,)
    assert choices(replace(STATE, enabled=None)) == ()


async def test_read_only_has_no_such_key(make_app: MakeApp) -> None:
    recovery = fake(STATE)
    async with cockpit(make_app, recovery, read_only=True) as (app, pilot):
        await pilot.press("2", "l")
        await pilot.pause()
        assert not isinstance(app.screen, LoggingDialog)
        assert recovery.asked("logging") == []


# --- what is told while it is on -----------------------------------------------------------------


WHY = "To abort restarts nothing."


def resting(minutes: float) -> FakeRecovery:
    """A run that rests, due in so many minutes, before now if negative."""
    due = NOW + timedelta(minutes=minutes)
    view = asking()
    assert view.question is not None
    choices = (Choice.AGAIN, Choice.GO, Choice.ABORT)
    view = replace(view, question=replace(view.question, due=due, choices=choices, typed=""))
    view = made.change(view, view.current, due_at=due, mark=StepMark.ASKING, why=WHY)
    line = replace(made.line(view), life=Life.WAITING, due=due)
    told = replace(
        made.standing(view),
        runs=(line,),
        obligations=(made.obligation(key="ProtocolLogEnabled"),),
        orphans=(),
    )
    return FakeRecovery(views={"4f2a": view}, told=told, past=(line,))


@pytest.mark.parametrize(
    ("minutes", "words", "role"),
    [(30, "1 on for a time", "state-degraded"), (-30, "1 obligation open", "state-unhealthy")],
)
async def test_every_screen_tells_it_and_is_red_once_it_is_overdue(
    make_app: MakeApp, minutes: float, words: str, role: str
) -> None:
    async with cockpit(make_app, resting(minutes)) as (app, pilot):
        bar = app.screen.query_one(StandingBar)
        await until(pilot, lambda: bool(bar.source) and words in plain(bar.source[0]))
        line = bar.source[0]
        assert [r for text, r in line if words in text] == [role]
        assert ("OVERDUE since" in plain(line)) is (minutes < 0)
        assert "waiting" not in plain(line), "it waits for nobody"


@pytest.mark.parametrize(("minutes", "words"), [(30, "on until"), (-30, "on OVERDUE since")])
async def test_the_obligation_says_until_when(make_app: MakeApp, minutes: float, words: str) -> None:
    async with cockpit(make_app, resting(minutes)) as (app, pilot):
        await pilot.press("o")
        await until(pilot, lambda: isinstance(app.screen, ObligationsScreen))
        screen = app.screen
        assert isinstance(screen, ObligationsScreen)
        await until(pilot, lambda: any(words in line for line in screen.rows("open").text_lines()))
        assert any("May stay" in plain(line) for line in screen.lines("about").source)


async def test_at_rest_the_question_offers_to_put_it_back_or_to_keep_it(make_app: MakeApp) -> None:
    recovery = resting(30)
    async with cockpit(make_app, recovery) as (app, pilot):
        app.open_run("4f2a")
        await until(pilot, lambda: isinstance(app.screen, RunScreen) and app.screen.view is not None)
        await pilot.press("d")
        await until(pilot, lambda: isinstance(app.screen, DecideDialog))
        found = app.screen
        assert isinstance(found, DecideDialog)
        assert str(found.button("choice-go").label) == "Put it back"
        assert str(found.button("choice-again").label) == "Keep it on"


@pytest.mark.parametrize("way", ["decide", "abort"])
async def test_at_rest_an_abort_says_what_it_leaves_out(make_app: MakeApp, way: str) -> None:
    async with cockpit(make_app, resting(30)) as (app, pilot):
        app.open_run("4f2a")
        await until(pilot, lambda: isinstance(app.screen, RunScreen) and app.screen.view is not None)
        await pilot.press("d" if way == "decide" else "a")
        await until(pilot, lambda: isinstance(app.screen, DecideDialog | ReasonDialog))
        found = app.screen
        assert isinstance(found, DecideDialog | ReasonDialog)
        if way == "decide":
            await pilot.click("#choice-abort")
        await until(pilot, lambda: WHY in "\n".join(plain(line) for line in found.text_pane.source))


def test_an_abort_elsewhere_says_only_what_is_undone() -> None:
    assert WHY not in "\n".join(plain(line) for line in abort_lines(made.change(asking(), "block", why=WHY)))

"""Every screen and dialog, at rest and in what it may show: what the looks are taken of.

A new screen gets a row here; ``test_looks.py`` names the one that has none.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, TypeAlias

from textual.notifications import SeverityLevel as Severity
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Button, OptionList
from textual.widgets._toast import Toast

from cockpit.fleet.replay import ReplayState
from cockpit.recovery.view import RunView
from cockpit.ui.actions import ACTIONS, Registry
from cockpit.ui.app import CockpitApp
from cockpit.ui.logs import LogsWanted
from cockpit.ui.logs_app import LogsApp
from cockpit.ui.palette import CockpitPalette
from cockpit.ui.replay_actions import replayed
from cockpit.ui.screens.decide import DecideDialog
from cockpit.ui.screens.dialog import Field
from cockpit.ui.screens.fleet import FleetScreen
from cockpit.ui.screens.help import HelpScreen
from cockpit.ui.screens.history import HistoryScreen
from cockpit.ui.screens.jump import JumpDialog
from cockpit.ui.screens.logging import LoggingDialog
from cockpit.ui.screens.logs import LogsScreen
from cockpit.ui.screens.obligations import ObligationsScreen
from cockpit.ui.screens.plan import PlanScreen
from cockpit.ui.screens.probe import ProbeDialog
from cockpit.ui.screens.pulse import PulseScreen
from cockpit.ui.screens.reason import ReasonDialog
from cockpit.ui.screens.recover import RecoverDialog
from cockpit.ui.screens.run import RunScreen
from cockpit.ui.screens.settle import SettleDialog
from cockpit.ui.screens.theme import ThemeScreen
from cockpit.ui.screens.timeline import TimelineScreen
from cockpit.ui.screens.trace import TraceScreen
from tests.ui import fleets, test_logging_screen, test_logs_snapshots, test_trace
from tests.ui import recoveries as made
from tests.ui.conftest import MakeApp
from tests.ui.driving import go_to, shown, until
from tests.ui.log_fakes import ListDocument, entries, sessions
from tests.ui.logs_driving import Make
from tests.ui.recoveries import REFUSED, STOPPED, FakeRecovery, asking
from tests.ui.test_recovery_snapshots import scripted
from tests.ui.timelines import FakeTimeline

Drive: TypeAlias = Callable[[Pilot[int], Any], Awaitable[object]]
TAB: Final = "tab"


@dataclass(frozen=True, slots=True)
class Case:
    """``screen``: what is on top in the end. ``start``: makes the app; ``drive``: goes there."""

    screen: type[Screen[Any]]
    start: Callable[[MakeApp, Make], CockpitApp | LogsApp]
    drive: Drive


async def rest(pilot: Pilot[int]) -> None:
    for _ in range(4):
        await pilot.pause()


# The cockpit


@dataclass(frozen=True, slots=True)
class Cockpit:
    """Starts a cockpit in write mode on the demo's fleet, in an environment with a red strip."""

    recovery: Callable[[], FakeRecovery] | None = None
    more: Mapping[str, Any] = field(default_factory=dict)

    def __call__(self, make_app: MakeApp, _make: Make) -> CockpitApp:
        settings: dict[str, Any] = {"read_only": False, "colour": "red", **self.more}
        if self.recovery is not None:
            settings["recovery"] = made.factory(self.recovery())
        return make_app(**settings)


def keys(*pressed: str, at: str = "PopCTPMonitor") -> Drive:
    """From the monitor ``at`` by these keys."""

    async def drive(pilot: Pilot[int], app: CockpitApp) -> None:
        await shown(pilot, app)
        if app.recoveries.available:
            await until(pilot, lambda: app.recoveries.standing is not None)
        await go_to(pilot, app, at)
        for key in pressed:
            await pilot.press(key)
            await rest(pilot)

    return drive


def then(first: Drive, *met: Callable[[CockpitApp], object]) -> Drive:
    """``first``, and wait for what comes from elsewhere."""

    async def drive(pilot: Pilot[int], app: CockpitApp) -> None:
        await first(pilot, app)
        await until(pilot, lambda: all(each(app) for each in met))

    return drive


def run(view: Callable[[], RunView], screen: type[Screen[Any]], *pressed: str) -> Case:
    """The run ``view``, then ``pressed``."""

    async def drive(pilot: Pilot[int], app: CockpitApp) -> None:
        await keys()(pilot, app)
        app.open_run("4f2a")
        await until(pilot, lambda: isinstance(app.screen, RunScreen) and app.screen.view is not None)
        for key in pressed:
            await rest(pilot)
            await pilot.press(key)
        await rest(pilot)

    return Case(screen, Cockpit(lambda: scripted(view())), drive)


def standing() -> FakeRecovery:
    return scripted(asking(REFUSED, STOPPED))


def nothing_runs() -> FakeRecovery:
    recovery = standing()
    recovery.told = replace(recovery.told, runs=())
    return recovery


def handed_over() -> FakeRecovery:
    recovery = scripted(asking())
    recovery.told, recovery.not_back = made.standing(made.ended(), more=(made.handed(),)), True
    return recovery


async def settle_what_is_not_back(pilot: Pilot[int], app: CockpitApp) -> None:
    await keys("o", "c")(pilot, app)
    await until(pilot, lambda: isinstance(app.screen, SettleDialog))
    first = app.screen
    first.query_one("#reason", Field).value = "EX01 is in service again"
    await until(pilot, lambda: not first.query_one("#go", Button).disabled)
    first.query_one("#go", Button).press()
    await until(pilot, lambda: isinstance(app.screen, SettleDialog) and app.screen is not first)


async def lose_the_collector(pilot: Pilot[int], app: CockpitApp) -> None:
    await keys()(pilot, app)
    feed = app.desk.feed
    assert isinstance(feed, fleets.FakeFeed)
    feed.lose("the collector was killed by signal 9.")
    await until(pilot, lambda: app.desk.lost)


async def toasts(pilot: Pilot[int], app: CockpitApp) -> None:
    await keys()(pilot, app)
    severities: tuple[Severity, ...] = ("information", "warning", "error")
    for severity in severities:
        app.notify(f"Of severity {severity}.", severity=severity, timeout=600, markup=False)
    await until(pilot, lambda: len(app.screen.query(Toast)) == 3)


async def nothing_yet(pilot: Pilot[int], _app: CockpitApp) -> None:
    await rest(pilot)


def _palette_is_filled(app: CockpitApp) -> bool:
    lists = app.screen.query(OptionList)
    return bool(lists) and lists.first().option_count > 5


def _logging_is_read(app: CockpitApp) -> bool:
    return isinstance(app.screen, LoggingDialog) and app.screen.state is not None


def _plan_is_made(app: CockpitApp) -> bool:
    return isinstance(app.screen, PlanScreen) and app.screen.plan is not None


def _past_is_read(app: CockpitApp) -> bool:
    return isinstance(app.screen, TimelineScreen) and app.timelines.past is not None


async def trace(pilot: Pilot[int], app: CockpitApp) -> None:
    await keys()(pilot, app)
    await test_trace.traced(pilot, app)
    await pilot.press("j")
    await until(pilot, lambda: test_trace.FRONT_LINE in test_trace.piece(app))


async def ask_for_a_moment(pilot: Pilot[int], app: CockpitApp) -> None:
    """As in a replay of ten minutes that stands still in its midst."""
    await shown(pilot, app)
    await until(pilot, lambda: app.recoveries.standing is not None)
    begin, end = fleets.NOW, fleets.NOW + timedelta(minutes=10)
    state = ReplayState(begin + timedelta(minutes=4), begin, end, 1.0, playing=False)
    app.push_screen(JumpDialog(Registry(replayed(ACTIONS)), state))
    await rest(pilot)
    await pilot.press(*"25:00")


def traced() -> FakeRecovery:
    return FakeRecovery(traces=[test_trace.trace()])


# Logs


def logs(*pressed: str) -> Case:
    """A file with what is hostile in it, then ``pressed``."""

    def start(_make_app: MakeApp, make: Make) -> LogsApp:
        lines = [*sessions(12), *test_logs_snapshots.HOSTILE, *sessions(2, first=950)]
        return make(ListDocument(entries(lines)), LogsWanted(paths=(Path("POP32026010808-1.LOG"),)))

    async def drive(pilot: Pilot[int], app: LogsApp) -> None:
        await test_logs_snapshots.pressed(pilot, app, pressed)

    return Case(LogsScreen, start, drive)


FLEET: Final = Cockpit(standing)
CASES: Final[Mapping[str, Case]] = {
    "fleet": Case(FleetScreen, FLEET, keys()),
    "fleet-probe": Case(FleetScreen, FLEET, keys("3")),
    "fleet-side": Case(FleetScreen, FLEET, keys("4")),
    "fleet-faults": Case(FleetScreen, FLEET, keys("f")),
    "fleet-filter": Case(FleetScreen, FLEET, keys("slash", "e", "x")),
    "fleet-grouped": Case(FleetScreen, FLEET, keys("b")),
    "fleet-alone": Case(FleetScreen, FLEET, keys("M")),
    "fleet-read-only": Case(FleetScreen, Cockpit(more={"read_only": True, "warning": "TLS is not verified"}),
                            keys()),
    "fleet-lost": Case(FleetScreen, FLEET, lose_the_collector),
    "fleet-nothing": Case(FleetScreen, Cockpit(more={"nothing": True}), nothing_yet),
    "toasts": Case(FleetScreen, FLEET, toasts),
    "help": Case(HelpScreen, FLEET, keys("question_mark")),
    "palette": Case(CockpitPalette, FLEET, then(keys("ctrl+p", "down"), _palette_is_filled)),
    "command-line": Case(FleetScreen, FLEET, keys("colon", "f", "tab")),
    "timeline": Case(TimelineScreen, Cockpit(more={"timeline": FakeTimeline}),
                     then(keys("T"), _past_is_read)),
    "pulse": Case(PulseScreen, FLEET, keys("W")),
    "theme": Case(ThemeScreen, FLEET, keys("ctrl+t")),
    "jump": Case(JumpDialog, FLEET, ask_for_a_moment),
    "probe": Case(ProbeDialog, FLEET, keys("p")),
    "recover": Case(RecoverDialog, Cockpit(nothing_runs), keys("r")),
    "plan": Case(PlanScreen, Cockpit(nothing_runs), then(keys("r", "p"), _plan_is_made)),
    "history": Case(HistoryScreen, FLEET, then(keys("H"), lambda app: app.recoveries.runs is not None)),
    "obligations": Case(ObligationsScreen, FLEET, keys("o")),
    "settle": Case(SettleDialog, Cockpit(handed_over), keys("o", "c")),
    "settle-not-back": Case(SettleDialog, Cockpit(handed_over), settle_what_is_not_back),
    "logging": Case(LoggingDialog, Cockpit(lambda: test_logging_screen.fake(test_logging_screen.STATE)),
                    then(keys("2", "l"), _logging_is_read)),
    "trace": Case(TraceScreen, Cockpit(traced), trace),
    "run": run(lambda: asking(REFUSED, STOPPED), RunScreen),
    "run-step": run(lambda: asking(REFUSED, STOPPED), RunScreen, TAB),
    "run-output": run(lambda: asking(REFUSED, STOPPED), RunScreen, TAB, TAB),
    "run-waiting": run(made.waiting, RunScreen),
    "run-in-doubt": run(made.in_doubt, RunScreen),
    "run-ended": run(made.ended, RunScreen),
    "run-by-hand": run(made.by_hand, RunScreen),
    "decide": run(lambda: asking(REFUSED, STOPPED), DecideDialog, "d"),
    "decide-override": run(lambda: asking(REFUSED, STOPPED), DecideDialog, "d", TAB, TAB, TAB, "enter"),
    "decide-go": run(asking, DecideDialog, "d", TAB, TAB, "enter", "E", "X"),
    "decide-by-hand": run(made.by_hand, DecideDialog, "d", TAB, TAB, "enter"),
    "reason": run(made.waiting, ReasonDialog, "a"),
    "logs": logs(),
    "logs-session": logs("k", "k", "k", "s"),
    "logs-errors": logs("e"),
    "logs-wrapped": logs("w"),
    "logs-searched": logs("slash", *"pass", "enter"),
    "logs-nothing": logs("ampersand", *"nowhere", "enter"),
}  # fmt: skip
SIZES: Final[Mapping[str, tuple[int, int]]] = {"80x24": (80, 24), "200x50": (200, 50)}
QUICK: Final = (("fleet", "80x24"), ("theme", "80x24"), ("decide-go", "80x24"))
"""Looked at in every run of the tests; the others with ``pytest -m looks``."""

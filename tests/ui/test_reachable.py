"""Every action, on every screen and dialog, by keyboard alone, with every preset."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from textual import events
from textual.dom import DOMNode
from textual.pilot import Pilot
from textual.screen import Screen

from cockpit.commands import liking
from cockpit.config.preferences import NOTHING_SAID
from cockpit.ui._textual_hacks import replace_bindings
from cockpit.ui.actions import ACTIONS, Action, Registry
from cockpit.ui.app import CockpitApp
from cockpit.ui.keymap import SCREENS
from cockpit.ui.logs import LogsWanted
from cockpit.ui.look import UNICODE, plain
from cockpit.ui.presets import PRESETS
from cockpit.ui.screens.decide import DecideDialog
from cockpit.ui.screens.fleet import FleetScreen
from cockpit.ui.screens.help import HelpScreen
from cockpit.ui.screens.history import HistoryScreen
from cockpit.ui.screens.logging import LoggingDialog
from cockpit.ui.screens.logs import LogsScreen
from cockpit.ui.screens.logs_base import LogsDesk
from cockpit.ui.screens.obligations import ObligationsScreen
from cockpit.ui.screens.plan import PlanScreen
from cockpit.ui.screens.probe import ProbeDialog
from cockpit.ui.screens.pulse import PulseScreen
from cockpit.ui.screens.reason import ReasonDialog, Sentence
from cockpit.ui.screens.recover import RecoverDialog
from cockpit.ui.screens.run import RunScreen
from cockpit.ui.screens.theme import ThemeScreen
from cockpit.ui.screens.timeline import TimelineScreen
from cockpit.ui.screens.trace import TraceScreen
from cockpit.ui.widgets.bars import KeyBar
from cockpit.ui.widgets.commandline import CommandLine
from cockpit.ui.widgets.filterbox import FilterPane
from cockpit.ui.widgets.inorder import InOrder
from tests.ui import recoveries as made
from tests.ui.conftest import MakeApp
from tests.ui.driving import shown, until
from tests.ui.log_fakes import ListDocument, entries, sessions
from tests.ui.operating import fake
from tests.ui.recoveries import asking

pytestmark = pytest.mark.usefixtures("quick_polls", "quick_logs")
OWNERS: dict[str, type[Any]] = {
    "app": CockpitApp,
    "fleet": FleetScreen,
    "probe": ProbeDialog,
    "help": HelpScreen,
    "run": RunScreen,
    "plan": PlanScreen,
    "history": HistoryScreen,
    "obligations": ObligationsScreen,
    "recover": RecoverDialog,
    "decide": DecideDialog,
    "reason": ReasonDialog,
    "logging": LoggingDialog,
    "trace": TraceScreen,
    "logs": LogsScreen,
    "command": CommandLine,
    "theme": ThemeScreen,
    "timeline": TimelineScreen,
    "pulse": PulseScreen,
    "filter": FilterPane,
}
TYPED = ("command", "filter")
"""Scopes of a line on a screen."""


class Pressed:
    """What actions were carried out, in their order, instead of doing anything."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.ids: list[str] = []
        for action in ACTIONS:
            name = f"action_{action.method}"
            monkeypatch.setattr(OWNERS[action.scope], name, self._noting(action), raising=False)
        monkeypatch.setattr(CockpitApp, "why_not", lambda *_: {})

    def _noting(self, action: Action) -> Any:
        return lambda node, *_: self.ids.append(f"{_scope(node)}.{action.id.rpartition('.')[2]}")

    async def by(self, app: CockpitApp, key: str) -> list[str]:
        """What ``key`` does on the screen on top: as Textual looks for it."""
        self.ids.clear()
        focused = app.screen.focused
        if isinstance(focused, InOrder):
            await focused._on_key(events.Key(key, None))
        if not self.ids and not await app._check_bindings(key, priority=True):
            await app._check_bindings(key)
        return list(self.ids)


def _scope(node: DOMNode) -> str:
    found = (scope for scope, owner in OWNERS.items() if isinstance(node, owner))
    return next(found)


def screens(app: CockpitApp, registry: Registry, folder: Path) -> dict[str, Screen[Any]]:
    desk, known = app.desk, app.recoveries
    logs = LogsDesk(registry, UNICODE, desk.now, folder, lambda _: ListDocument(entries(sessions(2))))
    result: Any = None  # nobody looks at it: the trace itself is never made
    return {
        "run": RunScreen(desk, known, UNICODE, "4f2a"),
        "plan": PlanScreen(desk, known, UNICODE, "EX01", "PopCTPMonitor", "Recover"),
        "history": HistoryScreen(desk, known, UNICODE),
        "obligations": ObligationsScreen(desk, known, UNICODE),
        "trace": TraceScreen(desk, known, UNICODE, "EX01", r"POP\PopCTPProbe", result, lambda _: None),
        "logs": LogsScreen(logs, LogsWanted(servers=("EX01",))),
        "probe": ProbeDialog(registry, r"POP\PopCTPProbe", "EX01"),
        "help": HelpScreen(registry, "fleet", {}),
        "recover": RecoverDialog(registry, "EX01", "PopCTPMonitor", "Recover"),
        "logging": LoggingDialog(registry, "EX01", lambda: datetime(2026, 1, 1, tzinfo=UTC)),
        "decide": DecideDialog(registry, asking(), UNICODE),
        "reason": ReasonDialog(registry, asking(), Sentence("Abort?", "Abort", (), lambda _: "")),
        "theme": ThemeScreen(registry),
        "timeline": TimelineScreen(desk, known, app.timelines, UNICODE, "EX01"),
        "pulse": PulseScreen(desk, known, UNICODE, lambda _: None),
    }


@asynccontextmanager
async def opened(app: CockpitApp, pilot: Pilot[int], screen: Screen[Any]) -> AsyncIterator[None]:
    app.push_screen(screen)
    await until(pilot, lambda: app.screen is screen and screen.is_mounted and screen.focused is not None)
    yield
    app.pop_screen()
    await pilot.pause()


def wanted(registry: Registry, scope: str) -> list[tuple[str, Action]]:
    """What a screen or dialog must reach: of screens the app's own too. The name under which it is noted."""
    there = registry.on_screen(scope) if scope in SCREENS else registry.live(scope)
    return [(f"{a.scope}.{a.id.rpartition('.')[2]}", a) for a in there]


async def look(app: CockpitApp, registry: Registry, scope: str, pressed: Pressed) -> list[str]:
    wrong = []
    for name, action in wanted(registry, scope):
        for key in action.keys:
            did = await pressed.by(app, key_name(key))
            if did != [name]:
                wrong.append(f"{scope}: {key} is {did}, not {name}")
    return wrong


def key_name(key: str) -> str:
    from cockpit.ui.keymap import normalised

    name = normalised(key)
    assert name is not None
    return name


async def test_by_keyboard_alone(make_app: MakeApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = make_app(read_only=False, recovery=made.factory(fake(asking())))
    async with app.run_test(size=(100, 30)) as pilot:
        await shown(pilot, app)
        lines = await typed_lines(app, pilot)
        pressed = Pressed(monkeypatch)
        wrong: list[str] = []
        for preset in PRESETS:
            registry = Registry.build(False, liking.keymap(NOTHING_SAID, preset), ACTIONS)
            app.desk.registry = registry
            replace_bindings(app, registry.bindings("app"))
            replace_bindings(app.fleet_screen, registry.bindings("fleet"))
            app.fleet_screen.rows("tree").focus()
            await pilot.pause()
            wrong += await look(app, registry, "fleet", pressed)
            for scope, line in lines.items():
                replace_bindings(line, registry.bindings(scope))
                app.screen.set_focus(line.query_one(InOrder))
                wrong += await look(app, registry, scope, pressed)
            for scope, screen in screens(app, registry, tmp_path).items():
                async with opened(app, pilot, screen):
                    wrong += await look(app, registry, scope, pressed)
        assert wrong == []
        every = {a.scope for a in ACTIONS} - {"app"}
        assert every == {"fleet", *lines, *screens(app, registry, tmp_path)}, "every scope was looked at"


async def typed_lines(app: CockpitApp, pilot: Pilot[int]) -> dict[str, Any]:
    """The command line and the filter's, open at once, which they never are: the blur would close them."""
    await pilot.press("/")
    await app.open_command_line()
    await pilot.pause()
    return {"command": app.screen.query_one(CommandLine), "filter": app.screen.query_one(FilterPane)}


@pytest.mark.parametrize("preset", PRESETS)
def test_no_action_is_out_of_reach_where_a_screens_key_hides_it(preset: str) -> None:
    """An action of the app whose keys a screen has all taken can be typed there, and nowhere is it one that
    helps or leaves."""
    registry = Registry.build(False, liking.keymap(NOTHING_SAID, preset), ACTIONS)
    for scope in SCREENS:
        bound = {a.id for a in registry.on_screen(scope)}
        hidden = {a.id for a in registry.actions if a.scope == "app"} - bound
        assert hidden == set(), f"{preset}, {scope}: {hidden}"


def test_read_only_reaches_all_but_what_is_dangerous() -> None:
    registry = Registry.build(True)
    for scope in SCREENS:
        reached = {a.id for a in registry.on_screen(scope)}
        assert {a.id for a in registry.known(scope)} - reached == {
            a.id for a in ACTIONS if a.scope == scope and a.dangerous
        }


def test_a_user_who_takes_all_keys_away_still_has_the_command_line() -> None:
    registry = Registry.build(False, {"fleet.probe": ()})
    assert "fleet.probe" not in {a.id for a in registry.on_screen("fleet")}
    (kept,) = [a for a in registry.known("fleet") if a.id == "fleet.probe"]
    assert kept == replace(kept, keys=())


async def test_by_mouse_too(make_app: MakeApp) -> None:
    app = make_app()
    async with app.run_test(size=(100, 30)) as pilot:
        await shown(pilot, app)
        tree = app.fleet_screen.rows("tree")
        await pilot.press("E")
        await until(pilot, lambda: tree.max_scroll_y > 3)
        x, y = tree.region.x + 3, tree.region.y + 3
        wheel = events.MouseScrollDown(tree, x, y, 0, 1, 0, False, False, False, screen_x=x, screen_y=y)
        app.post_message(wheel)
        await until(pilot, lambda: tree.scroll_offset.y > 0)
        await pilot.press("g")
        await pilot.click("#tree", offset=(5, 3))
        await until(pilot, lambda: tree.cursor_row == 2)
        held = len(tree.rows)
        await pilot.click("#tree", offset=(5, 3))
        await until(pilot, lambda: len(tree.rows) < held)
        keys = app.fleet_screen.query_one("#keys", KeyBar)
        await pilot.click("#keys", offset=(plain(keys.source[0]).index("f faults"), 0))
        await until(pilot, lambda: app.fleet_screen.filter.faults_only)

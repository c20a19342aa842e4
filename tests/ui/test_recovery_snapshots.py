"""Pictures of the screens of recoveries. Frozen: time, theme, size, terminal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Button

from cockpit.recovery.view import RunView
from cockpit.ui.look import ASCII, UNICODE
from cockpit.ui.screens.dialog import Field
from cockpit.ui.screens.plan import PlanScreen
from cockpit.ui.screens.run import RunScreen
from cockpit.ui.screens.settle import SettleDialog
from tests.ui import recoveries as made
from tests.ui.conftest import MakeApp
from tests.ui.driving import go_to, shown, until
from tests.ui.recoveries import ORPHAN, REFUSED, STOPPED, FakeRecovery, asking

WIDE, NARROW = (120, 34), (80, 24)
TAB = "tab"
RUNS: dict[str, tuple[Callable[[], RunView], tuple[str, ...]]] = {
    "asking-refused": (lambda: asking(REFUSED, STOPPED), ()),
    "waiting": (made.waiting, ()),
    "in-doubt": (made.in_doubt, ()),
    "ended": (made.ended, ()),
    "decide": (lambda: asking(REFUSED, STOPPED), ("d",)),
    "decide-warned": (lambda: made.warned(irreversible=True), ("d",)),
    "decide-go": (asking, ("d", TAB, TAB, "enter", "E", "X")),
    "decide-override": (lambda: asking(REFUSED, STOPPED), ("d", TAB, TAB, TAB, "enter")),
    "abort": (made.waiting, ("a",)),
    "by-hand": (made.by_hand, ()),
    "decide-by-hand": (made.by_hand, ("d", TAB, TAB, "enter")),
    "done-by-hand": (made.done_by_hand, ("up", "up")),
}
LISTS: dict[str, tuple[str, ...]] = {
    "fleet": (),
    "obligations": ("o",),
    "history": ("H",),
    "recover": ("r",),
    "plan": ("r", "p"),
}


pytestmark = pytest.mark.usefixtures("quick_polls")


def scripted(view: RunView) -> FakeRecovery:
    old = replace(made.ended(), run=replace(made.ended().run, id="7d01"))
    told = made.standing(view, ORPHAN, more=(made.obligation(number=2),))
    return FakeRecovery(views={"4f2a": view}, told=told, past=(made.line(view), made.line(old)))


async def settled(pilot: Pilot[int]) -> None:
    for _ in range(5):
        await pilot.pause()


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["120x34", "80x24"])
@pytest.mark.parametrize("name", RUNS)
def test_run(name: str, size: tuple[int, int], make_app: MakeApp, snap_compare: Any) -> None:
    view, keys = RUNS[name]
    app = make_app(read_only=False, recovery=made.factory(scripted(view())))

    async def prepare(pilot: Pilot[int]) -> None:
        await shown(pilot, app)
        await until(pilot, lambda: app.recoveries.standing is not None)
        app.open_run("4f2a")
        await until(pilot, lambda: isinstance(app.screen, RunScreen) and app.screen.view is not None)
        for key in keys:
            await settled(pilot)
            await pilot.press(key)
        await settled(pilot)

    assert snap_compare(app, terminal_size=size, run_before=prepare)


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["120x34", "80x24"])
@pytest.mark.parametrize("name", LISTS)
def test_list(name: str, size: tuple[int, int], make_app: MakeApp, snap_compare: Any) -> None:
    recovery = scripted(asking(REFUSED, STOPPED))
    if name in ("recover", "plan"):
        recovery.told = replace(recovery.told, runs=())
    app = make_app(read_only=False, recovery=made.factory(recovery))

    async def prepare(pilot: Pilot[int]) -> None:
        await shown(pilot, app)
        await until(pilot, lambda: app.recoveries.standing is not None)
        await go_to(pilot, app, "PopCTPMonitor")
        for key in LISTS[name]:
            await pilot.press(key)
            await settled(pilot)
        if name == "plan":
            await until(pilot, lambda: isinstance(app.screen, PlanScreen) and app.screen.plan is not None)
        if name == "history":
            await until(pilot, lambda: app.recoveries.runs is not None)
        await settled(pilot)

    assert snap_compare(app, terminal_size=size, run_before=prepare)


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["120x34", "80x24"])
def test_not_back(size: tuple[int, int], make_app: MakeApp, snap_compare: Any) -> None:
    recovery = scripted(asking())
    recovery.told, recovery.not_back = made.standing(made.ended(), more=(made.handed(),)), True
    app = make_app(read_only=False, recovery=made.factory(recovery))

    async def prepare(pilot: Pilot[int]) -> None:
        await shown(pilot, app)
        await until(pilot, lambda: app.recoveries.standing is not None)
        await pilot.press("o")
        await settled(pilot)
        await pilot.press("c")
        await until(pilot, lambda: isinstance(app.screen, SettleDialog))
        first = app.screen
        first.query_one("#reason", Field).value = "EX01 is in service again"
        await until(pilot, lambda: not first.query_one("#go", Button).disabled)
        first.query_one("#go", Button).press()
        await until(pilot, lambda: isinstance(app.screen, SettleDialog) and app.screen is not first)
        await settled(pilot)

    assert snap_compare(app, terminal_size=size, run_before=prepare)


@pytest.mark.parametrize("theme", ["ansi-dark", "light", "high-contrast"])
def test_run_in_other_looks(theme: str, make_app: MakeApp, snap_compare: Any) -> None:
    glyphs = ASCII if theme == "ansi-dark" else UNICODE
    recovery = made.factory(scripted(made.in_doubt()))
    app = make_app(read_only=theme == "light", theme=theme, glyphs=glyphs, recovery=recovery)

    async def prepare(pilot: Pilot[int]) -> None:
        await shown(pilot, app)
        app.open_run("4f2a")
        await until(pilot, lambda: isinstance(app.screen, RunScreen) and app.screen.view is not None)
        await settled(pilot)

    assert snap_compare(app, terminal_size=WIDE, run_before=prepare)

"""A cockpit under an operator's fingers: what the tests of the recoveries' screens press and read."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from textual.pilot import Pilot
from textual.screen import Screen

from cockpit.journal.records import Choice
from cockpit.recovery.view import RunView
from cockpit.ui.app import CockpitApp
from cockpit.ui.look import plain
from cockpit.ui.screens.decide import DecideDialog
from cockpit.ui.screens.run import RunScreen
from cockpit.ui.widgets.bars import KeyBar
from cockpit.ui.widgets.panes import LinesPane
from cockpit.ui.widgets.rows import RowsPane
from tests.ui import recoveries as made
from tests.ui.conftest import MakeApp
from tests.ui.driving import shown, until
from tests.ui.recoveries import FakeRecovery

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

"""How the tests drive the cockpit and read what it shows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

from textual.pilot import Pilot

from cockpit.ui.app import CockpitApp
from cockpit.ui.look import plain
from cockpit.ui.widgets.panes import LinesPane
from cockpit.ui.widgets.rows import RowsPane
from tests.ui.fleets import FakeFeed

SIZE = (200, 50)


def feed_of(app: CockpitApp) -> FakeFeed:
    return cast(FakeFeed, app.desk.feed)


def rows(app: CockpitApp, name: str) -> list[str]:
    pane = app.fleet_screen.query_one(f"#{name}", RowsPane)
    return ["  ".join(plain(c).strip() for c in row.cells) for row in pane.rows]


def said(app: CockpitApp, name: str) -> str:
    return "\n".join(plain(line) for line in app.fleet_screen.query_one(f"#{name}", LinesPane).source)


def status_line(app: CockpitApp) -> str:
    """What was said on the line above the keys, until the next action."""
    return "\n".join(plain(line).strip() for line in app.recoveries.told)


def cursor(app: CockpitApp, name: str = "tree") -> tuple[str, ...] | None:
    return app.fleet_screen.query_one(f"#{name}", RowsPane).cursor_key


async def until(pilot: Pilot[int], met: Callable[[], object]) -> None:
    """Wait for a condition, bounded: background work has no fixed number of pauses."""
    for _ in range(100):
        await pilot.pause()
        if met():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("never happened")


async def shown(pilot: Pilot[int], app: CockpitApp) -> None:
    await until(pilot, lambda: rows(app, "tree"))


async def go_to(pilot: Pilot[int], app: CockpitApp, name: str) -> None:
    tree = app.fleet_screen.query_one("#tree", RowsPane)
    key = next(r.key for r in tree.rows if r.key[-1] == name or name in r.key[4:5])
    tree.go_to_key(key)
    await pilot.pause()


def on_fleet(app: CockpitApp) -> bool:
    return app.screen is app.fleet_screen


def ticking(app: CockpitApp) -> bool:
    return app.fleet_screen._clock_timer is not None

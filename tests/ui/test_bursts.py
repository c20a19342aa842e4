"""Keys that come all at once, as SSH delivers them: none is taken for a key that it was not meant for."""

from __future__ import annotations

import pytest
from textual import events
from textual.pilot import Pilot
from textual.widgets import Input

from cockpit.ui.app import CockpitApp
from cockpit.ui.logs_app import LogsApp
from cockpit.ui.screens.history import HistoryScreen
from tests.ui import recoveries as made
from tests.ui.conftest import MakeApp
from tests.ui.driving import SIZE, cursor, go_to, on_fleet, shown, until
from tests.ui.log_fakes import ListDocument, entries, sessions
from tests.ui.logs_driving import Make
from tests.ui.operating import fake
from tests.ui.recoveries import asking

pytestmark = pytest.mark.usefixtures("quick_polls")
NAMES = {"\r": "enter", "\b": "backspace", "\t": "tab", "/": "slash", "'": "apostrophe", " ": "space"}


async def burst(app: CockpitApp | LogsApp, pilot: Pilot[int], keys: str) -> None:
    """All before the first is looked at."""
    for key in keys:
        app.post_message(events.Key(NAMES.get(key, key), key if key.isprintable() else None))
    await pilot.pause()


async def test_what_is_typed_into_the_fleets_lines_stays_there(make_app: MakeApp) -> None:
    app = make_app(read_only=False, recovery=made.factory(fake(asking())))
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot, app)
        await go_to(pilot, app, "EX02")
        await burst(app, pilot, "mr")
        await until(pilot, lambda: app.desk.bookmarks.places)
        assert on_fleet(app), "r recovers, but not when it is a bookmark's letter"
        await go_to(pilot, app, "EX05")
        await burst(app, pilot, "'r")
        await until(pilot, lambda: (cursor(app) or ())[2:3] == ("EX02",))
        await burst(app, pilot, "/popx\bctp\r")
        await until(pilot, lambda: app.fleet_screen.filter.text == "popctp" and not app.screen.query(Input))
        assert on_fleet(app)
        assert app.fleet_screen.rows("tree").has_focus


async def test_of_history_and_of_logs_too(make_app: MakeApp, make: Make) -> None:
    app = make_app(recovery=made.factory(fake(asking())))
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot, app)
        await pilot.press("H")
        await until(pilot, lambda: isinstance(app.screen, HistoryScreen))
        await burst(app, pilot, "/q:oH\r")
        await until(pilot, lambda: isinstance(app.screen, HistoryScreen) and app.screen.filter == "q:oH")
    logs = make(ListDocument(entries(sessions(6))))
    async with logs.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: logs.logs_screen.lines_pane.rows)
        await burst(logs, pilot, "/qws\b\b\r")
        await until(pilot, lambda: str(logs.logs_screen.board.search) == "q" and not logs.screen.query(Input))
        assert not logs.logs_screen.board.wrap

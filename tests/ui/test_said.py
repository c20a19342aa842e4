"""In another language people see theirs, and what they type finds it; programs see what they know."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cockpit.fleet.sightings import Kind
from cockpit.journal.timeline_records import Entry
from cockpit.recovery.view import Life
from cockpit.ui import standing, timeline_words
from cockpit.ui.look import UNICODE, plain
from cockpit.ui.screens.history import HistoryScreen
from tests.language import pseudo
from tests.ui import recoveries as made
from tests.ui.conftest import MakeApp
from tests.ui.driving import until
from tests.ui.fleets import NOW
from tests.ui.operating import cockpit, fake
from tests.ui.recoveries import asking

pytestmark = pytest.mark.usefixtures("quick_polls")
NAMES = ("Run", "State", "Server", "Monitor", "Life", "Operator", "Started", "Took", "Step")


@pytest.fixture(autouse=True)
def pseudo_language() -> Iterator[None]:
    with pseudo.spoken():
        yield


def test_titles_of_columns_are_said_where_they_are_drawn() -> None:
    assert tuple(column.title for column in standing.HISTORY_COLUMNS) == NAMES
    assert [column.shown for column in standing.HISTORY_COLUMNS] == [pseudo.said(name) for name in NAMES]


async def test_a_view_is_kept_as_it_is_seen_and_as_rows_under_english_names(
    make_app: MakeApp,
) -> None:
    async with cockpit(make_app, fake(asking())) as (app, pilot):
        await pilot.press("H")
        await until(pilot, lambda: isinstance(app.screen, HistoryScreen))
        screen = app.screen
        assert isinstance(screen, HistoryScreen)
        await until(pilot, lambda: bool(screen.rows("runs").rows))
        assert screen.view_rows()[0] == NAMES
        assert pseudo.said("Operator") in screen.view_text()


@pytest.mark.parametrize("typed", [Life.WAITING.value, pseudo.said(Life.WAITING.value)])
def test_a_run_is_found_by_what_is_seen_of_it_and_by_the_journals_word(typed: str) -> None:
    line = made.line(asking())
    assert line.life is Life.WAITING
    assert standing.keeps(line, typed)
    assert not standing.keeps(line, f"!{typed}")


def test_what_exchange_calls_a_value_stays_in_the_timeline_and_our_words_do_not() -> None:
    alert = Entry(NOW.timestamp(), Kind.ALERT.value, "EX01", "POP", "PopCTPMonitor", value="Unhealthy")
    stale = Entry(NOW.timestamp(), Kind.STALE.value, "EX01", "POP", "PopCTPMonitor", value="stale")
    shown = [plain(timeline_words.value(entry, NOW, UNICODE)) for entry in (alert, stale)]
    assert [text.split(" ", 1)[1] for text in shown] == ["Unhealthy", pseudo.said("stale")]
    assert timeline_words.keeps(stale, "stale")
    assert timeline_words.keeps(stale, pseudo.said("stale"))

"""The pulse page's cells: what they say and how they are laid out. Pure."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.exchange.model import Outcome
from cockpit.fleet.snapshot import Problem, Reach
from cockpit.fleet.states import State
from cockpit.ui.look import ASCII, UNICODE, plain, width
from cockpit.ui.pulse import CODES, Cell, Form, arrange, cell_of, head, lines, more
from cockpit.ui.view import view_server
from tests.ui import fleets
from tests.ui.fleets import NOW

STATES = st.sampled_from(list(State))
NAMES = st.text("EXMB-0123456789", min_size=1, max_size=20)
CELLS = st.builds(
    Cell,
    name=NAMES,
    state=STATES,
    age=st.sampled_from(["", "5s", "21m", "17d", "3h05", "8d15h"]),
    worst=st.sampled_from(["", "PopCTPMonitor +1", "AverageCommandProcessingTimeGt60sMonitor"]),
    alarm=st.sampled_from(["", "MoveNow open"]),
    awaited=st.booleans(),
)


def cells(count: int, state: State = State.HEALTHY, name: str = "EX") -> list[Cell]:
    return [Cell(f"{name}{n:03}", state, "17d") for n in range(count)]


def test_a_faulty_server_names_its_worst_monitor_and_since_when() -> None:
    ill = {"PopCTPMonitor": ("Unhealthy", 21.0), "PopSelfTestMonitor": ("Unhealthy", 40.0)}
    found = cell_of(view_server(fleets.server("EX01", alerts=ill)), NOW, "MoveNow open")
    assert (found.state, found.age, found.alarm) == (State.UNHEALTHY, "40m", "MoveNow open")
    assert found.worst in ("PopCTPMonitor +1", "PopSelfTestMonitor +1")


def test_a_healthy_server_says_since_when_all_of_it_is() -> None:
    back = {"PopCTPMonitor": ("Healthy", 21.0)}
    found = cell_of(view_server(fleets.server("EX01", alerts=back)), NOW, "")
    assert (found.state, found.age, found.worst) == (State.HEALTHY, "21m", "")


def test_a_silent_server_says_when_it_was_heard_last() -> None:
    heard = NOW - timedelta(minutes=12)
    silent = fleets.server("EX04", reach=Reach.UNREACHABLE, last_success=heard, problem=Problem("No answer"))
    found = cell_of(view_server(silent), NOW, "")
    assert (found.age, found.worst) == ("12m", "No answer")


def test_what_has_no_since_has_no_age() -> None:
    nothing = fleets.empty("EX06", Outcome.EMPTY)
    assert cell_of(view_server(nothing), NOW, "").age == ""


def test_a_server_that_was_not_read_is_no_fault() -> None:
    waiting = fleets.server("EX01", reach=Reach.UNKNOWN, last_success=None)
    found = cell_of(view_server(waiting), NOW, "")
    assert found.awaited
    assert "not read yet" in plain(lines(found, Form.FULL, 19, UNICODE)[1])
    told = " ".join(plain(part) for part in head([found, *cells(2)], None, NOW, UNICODE, 99))
    assert told == "✓ 2 Healthy 1 not read yet"


def test_the_head_counts_in_words_or_where_there_is_no_room_in_codes() -> None:
    some = [*cells(191), *cells(2, State.UNHEALTHY), Cell("EX9", State.STALE, "")]
    words = " · ".join(plain(x) for x in head(some, NOW - timedelta(seconds=75), NOW, UNICODE, 120))
    assert words == "✗ 2 Unhealthy · ~ 1 stale · ✓ 191 Healthy · oldest read 1m ago"
    codes = " · ".join(plain(x) for x in head(some, NOW - timedelta(seconds=75), NOW, UNICODE, 50))
    assert codes == "✗Unh 2 ~Stl 1 ✓OK 191 · oldest read 1m ago"


@pytest.mark.parametrize(
    ("count", "size", "form", "shown"),
    [
        (24, (200, 46), Form.TALL, 24),
        (200, (200, 46), Form.FULL, 200),
        (230, (200, 46), Form.FULL, 230),
        (231, (200, 46), Form.LINE, 231),
        (40, (80, 20), Form.FULL, 40),
        (41, (80, 20), Form.LINE, 41),
        (80, (80, 20), Form.LINE, 80),
        (200, (80, 20), Form.LINE, 76),
        (3, (19, 5), Form.LINE, 3),
    ],
)
def test_the_roomiest_form_that_fits(count: int, size: tuple[int, int], form: Form, shown: int) -> None:
    found = arrange(cells(count), *size)
    assert (found.form, len(found.cells)) == (form, shown)
    assert bool(found.more) is (shown < count)


def test_where_not_all_fit_the_worst_come_first_and_the_rest_is_counted() -> None:
    many = [*cells(110), Cell("SICK", State.UNHEALTHY, "21m"), Cell("OWED", State.HEALTHY, "3m", "", "open")]
    found = arrange(many, 80, 20)
    assert [cell.name for cell in found.cells[:3]] == ["OWED", "SICK", "EX000"]
    assert plain(found.more) == "+36 more, all healthy"
    ill = arrange([*cells(80, State.UNHEALTHY, "IL"), *cells(20)], 80, 20)
    assert plain(ill.more) == "+24 more: 4 Unhealthy, 20 Healthy"
    assert plain(more(cells(2, State.DEGRADED) + cells(1))) == "+3 more: 2 Degraded, 1 Healthy"


def test_where_all_fit_they_keep_their_places() -> None:
    found = arrange([*cells(20), Cell("SICK", State.UNHEALTHY, "21m")], 200, 46)
    assert found.cells[-1].name == "SICK"


def test_codes_are_short_and_none_is_there_twice() -> None:
    assert set(CODES) == set(State)
    assert len(set(CODES.values())) == len(CODES)
    assert all(0 < len(code) <= 3 for code in CODES.values())


def test_every_form_says_name_state_and_age() -> None:
    cell = Cell("EX01", State.UNHEALTHY, "21m", "PopCTPMonitor", "MoveNow open")
    assert [plain(x) for x in lines(cell, Form.TALL, 27, UNICODE)] == [
        "✖ EX01",
        "✗ Unhealthy 21m",
        "PopCTPMonitor",
        "",
    ]
    assert [plain(x) for x in lines(cell, Form.FULL, 19, UNICODE)] == ["✖ EX01", "✗ Unhealthy     21m"]
    assert [plain(x) for x in lines(cell, Form.LINE, 19, UNICODE)] == ["✗Unh ✖ EX01     21m"]
    assert plain(lines(cell, Form.LINE, 19, ASCII)[0]).isascii()


@given(st.lists(CELLS, max_size=90), st.integers(17, 220), st.integers(1, 50))
def test_no_server_is_lost_and_nothing_is_wider_than_its_place(
    wanted: list[Cell], wide: int, high: int
) -> None:
    found = arrange(wanted, wide, high)
    assert found.columns * found.width <= max(wide, found.width)
    rows = -(-len(found.cells) // found.columns)
    assert rows * found.form.lines + bool(found.more) <= max(high, 1)
    for cell in found.cells:
        shown = lines(cell, found.form, found.width - 1, UNICODE)
        assert len(shown) == found.form.lines
        assert all(width(line) <= found.width - 1 for line in shown)
    if len(found.cells) < len(wanted):
        assert plain(found.more).startswith(f"+{len(wanted) - len(found.cells)} more")
        worst = max((c.state.value for c in found.cells if not c.awaited and not c.alarm), default=0)
        left = sorted(wanted, key=lambda c: (not c.alarm, c.awaited, c.state.value))[len(found.cells) :]
        assert all(c.state.value >= worst or c.awaited for c in left)
    else:
        assert sorted(c.name for c in found.cells) == sorted(c.name for c in wanted)

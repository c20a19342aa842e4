"""Streams put together by time: in order, never held for long, each stream's own order kept."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cockpit.poplog.document import Entry
from cockpit.poplog.follow import Measured
from cockpit.poplog.merge import CLOCK_SECONDS, HOLD_SECONDS, Merger, ServerClock
from cockpit.poplog.names import Writer
from cockpit.poplog.parse import Parser
from cockpit.poplog.ring import weigh
from tests.poplog.disk import line

T = datetime(2026, 1, 8, 10, tzinfo=UTC).timestamp()


def entry(number: int, at: float | None, server: str = "EX01") -> Entry:
    raw = b"no time," * 12 if at is None else line(number, datetime.fromtimestamp(at, UTC))
    row = Parser().line(raw)
    assert row is not None
    return Entry(server, Writer.POP3, "f", number, row)


def offsets(entries: list[Entry]) -> list[int]:
    return [e.offset for e in entries]


def test_rows_wait_until_every_healthy_stream_was_read_up_to_them() -> None:
    merger = Merger(2)
    merger.add(0, [entry(1, T + 1), entry(3, T + 3)], T + 4, T + 4)
    merger.whole(0, T + 4)
    assert merger.release(T + 4, 99) == []
    merger.add(1, [entry(2, T + 2)], T + 4, T + 4)
    assert offsets(merger.release(T + 4, 99)) == [1, 2]
    merger.whole(1, T + 3)
    assert offsets(merger.release(T + 4, 99)) == [3]
    assert merger.held == 0


def test_a_silent_stream_holds_the_others_up_for_two_seconds_at_most() -> None:
    merger = Merger(2)
    merger.add(0, [entry(1, T)], T, T)
    merger.whole(0, T + 1)
    merger.add(0, [entry(2, T + 1)], T + 1, T + 1)
    assert merger.release(T + 1, 99) == []
    assert merger.due(T + 1) == HOLD_SECONDS - 1
    assert offsets(merger.release(T + HOLD_SECONDS, 99)) == [1]
    assert merger.due(T + HOLD_SECONDS) == 1
    assert offsets(merger.release(T + HOLD_SECONDS + 1, 99)) == [2]
    assert merger.due(T + 9) is None


def test_nobody_waits_for_a_stream_that_cannot_be_read() -> None:
    merger = Merger(2)
    merger.add(0, [entry(1, T)], T, T)
    merger.health(1, False)
    assert offsets(merger.release(T, 99)) == [1]


def test_each_servers_clock_is_its_own() -> None:
    merger = Merger(2)
    merger.add(0, [entry(2, T + 300 + 2)], T + 5, T + 5)
    merger.clock(0, 300.0)
    merger.clock(1, -60.0)
    merger.add(1, [entry(1, T - 60 + 1)], T + 5, T + 5)
    merger.whole(0, T + 5)
    merger.whole(1, T + 5)
    assert offsets(merger.release(T + 5, 99)) == [1, 2]


def test_a_late_row_goes_out_at_once() -> None:
    merger = Merger(2)
    merger.health(1, False)
    merger.add(0, [entry(5, T + 5)], T + 5, T + 5)
    merger.whole(0, T + 6)
    assert offsets(merger.release(T + 6, 99)) == [5]
    merger.health(1, True)
    merger.whole(1, T + 6)
    merger.add(1, [entry(1, T + 1)], T + 6, T + 6)
    assert offsets(merger.release(T + 6, 99)) == [1]


def test_a_time_in_the_future_holds_its_stream_up_no_longer_than_any_other() -> None:
    merger = Merger(2)
    merger.add(0, [entry(1, T + 10**8), entry(2, T), entry(3, None)], T + 1, T + 1)
    merger.add(1, [entry(9, T + 0.5)], T + 1, T + 1)
    merger.whole(0, T + 1)
    merger.whole(1, T + 1)
    assert offsets(merger.release(T + 1, 99)) == [9, 1, 2, 3]


def test_no_more_than_asked_for_goes_out_at_a_time() -> None:
    merger = Merger(1)
    merger.add(0, [entry(n, T + n) for n in range(5)], T + 5, T + 5)
    assert offsets(merger.release(T + 5, 3)) == [0, 1, 2]
    assert offsets(merger.rest(99)) == [3, 4]


def test_the_quickest_look_at_a_clock_counts_until_it_is_old() -> None:
    clock = ServerClock()
    assert ServerClock().ahead is None
    clock.saw(Measured(ahead=9.0, took=3.0, at=T))
    clock.saw(Measured(ahead=7.1, took=0.1, at=T + 1))
    clock.saw(Measured(ahead=8.5, took=2.0, at=T + 2))
    assert clock.ahead == 7.1
    clock.saw(Measured(ahead=8.5, took=2.0, at=T + 2 + CLOCK_SECONDS))
    assert clock.ahead == 8.5


@pytest.mark.parametrize(("ahead", "took", "told"), [(0.4, 1.0, 0.0), (-0.4, 1.0, 0.0), (0.6, 1.0, 0.6)])
def test_a_difference_below_what_can_be_seen_is_none(ahead: float, took: float, told: float) -> None:
    clock = ServerClock()
    clock.saw(Measured(ahead, took, T))
    assert clock.ahead == told


Rows = list[tuple[int, int, int | None]]


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.integers(0, 5), st.one_of(st.none(), st.integers(-3, 30))),
        max_size=60,
    ),
    st.integers(1, 4),
)
def test_every_row_comes_out_once_in_its_streams_order_and_in_time(rows: Rows, most: int) -> None:
    merger, now = Merger(3), T
    out: list[Entry] = []
    came: dict[int, float] = {}
    for number, (stream, later, at) in enumerate(rows):
        now += later / 2
        merger.add(stream, [entry(number, None if at is None else T + at, f"EX{stream}")], now, now)
        if later > 3:
            merger.whole(stream, now)
        came[number] = now
        merger.health((stream + 1) % 3, later != 2)
        while found := merger.release(now, most):
            out += found
        out_now = {e.offset for e in out}
        assert all(n in out_now for n, at in came.items() if now - at >= HOLD_SECONDS)
    while found := merger.rest(most):
        out += found
    assert merger.held == 0
    assert sorted(offsets(out)) == list(range(len(rows)))
    for stream in range(3):
        mine = [e.offset for e in out if e.server == f"EX{stream}"]
        assert mine == sorted(mine)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 20)), max_size=60))
def test_rows_in_order_in_their_streams_come_out_in_order_over_all(rows: list[tuple[int, int]]) -> None:
    """Every stream keeps up: then nothing goes out before what is older."""
    merger = Merger(3)
    out: list[int] = []
    streams: list[list[int]] = [sorted(at for s, at in rows if s == n) for n in range(3)]
    for now in range(22):
        for n in range(3):
            merger.add(n, [entry(at, T + at) for at in streams[n] if at == now], T + now, T + now)
            merger.whole(n, T + now)
        out += offsets(merger.release(T + now, 10**6))
    assert out == sorted(at for _, at in rows)


def test_rows_go_out_by_number_and_by_weight_and_what_is_left_is_known() -> None:
    merger = Merger(1)
    rows = [entry(n, T + n) for n in range(6)]
    weights = [weigh(row) for row in rows]
    merger.add(0, rows, T + 9, T + 9)
    merger.whole(0, T + 9)
    assert (merger.held, merger.weight) == (6, sum(weights))
    out: list[tuple[list[int], bool]] = []
    for most, size in ((2, float("inf")), (99, sum(weights[2:4])), (99, 1), (1, float("inf"))):
        rows = merger.release(T + 9, most, size)
        out.append((offsets(rows), merger.cut))
    assert out == [([0, 1], True), ([2, 3], True), ([4], True), ([5], False)], "one goes, whatever its size"
    assert (merger.held, merger.weight) == (0, 0)

"""Who is read when: spread out, never twice at once, a failing server less often."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from cockpit.fleet.schedule import BACK_OFF_LIMIT, Schedule

NAMES = [f"EX{n:02}" for n in range(20)]


def schedule(interval: float = 30.0) -> Schedule:
    made = Schedule(interval, random.Random(7))
    made.set_servers(NAMES, 0.0)
    return made


def test_the_first_read_of_every_server_is_due_at_once() -> None:
    assert sorted(schedule().take_due(0.0)) == NAMES


def test_a_server_in_flight_is_not_asked_again() -> None:
    made = schedule()
    made.take_due(0.0)
    assert made.take_due(1_000.0) == []
    made.ask_now("", 1_000.0)
    assert made.take_due(1_000.0) == []


def test_the_second_round_is_spread_over_time() -> None:
    made = schedule()
    for name in made.take_due(0.0):
        made.done(name, 0.0, failed=False)
    times: set[tuple[str, float]] = set()
    now = 0.0
    while len(times) < len(NAMES):
        due = made.next_due()
        assert due is not None
        now = max(now, due)
        for name in made.take_due(now):
            times.add((name, round(now, 3)))
    assert len({t for _, t in times}) > len(NAMES) * 0.8
    assert max(t for _, t in times) - min(t for _, t in times) > 3.0


@given(st.integers(1, 30))
def test_a_failing_server_is_read_less_often_but_never_given_up(failures: int) -> None:
    made = Schedule(30.0, random.Random(1))
    made.set_servers(["EX01"], 0.0)
    now = 0.0
    for _ in range(failures):
        assert made.take_due(now) == ["EX01"]
        made.done("EX01", now, failed=True)
        due = made.next_due()
        assert due is not None
        assert due - now <= 30.0 * BACK_OFF_LIMIT * 1.2
        now = due
    assert made.is_suspect("EX01")
    made.take_due(now)
    made.done("EX01", now, failed=False)
    assert not made.is_suspect("EX01")


def test_asked_for_at_once() -> None:
    made = schedule()
    for name in made.take_due(0.0):
        made.done(name, 0.0, failed=False)
    made.ask_now("EX03", 1.0)
    assert made.take_due(1.0) == ["EX03"]


def test_a_shorter_interval_draws_reads_nearer() -> None:
    made = schedule(3_600.0)
    for name in made.take_due(0.0):
        made.done(name, 0.0, failed=False)
    made.set_interval(10.0, 1.0)
    assert sorted(made.take_due(11.0)) == NAMES


def test_only_some_may_be_taken() -> None:
    made = schedule()
    assert made.take_due(0.0, {"EX03", "EX05"}) == ["EX03", "EX05"]
    assert len(made.take_due(0.0)) == len(NAMES) - 2


def test_servers_come_and_go() -> None:
    made = schedule()
    for name in made.take_due(0.0):
        made.done(name, 0.0, failed=False)
    made.set_servers(["EX01", "NEW"], 5.0)
    assert made.take_due(5.0) == ["NEW"]
    made.done("EX07", 6.0, failed=True)
    assert made.names() == ["EX01", "NEW"]


def test_released_servers_may_be_read_again() -> None:
    made = schedule()
    made.take_due(0.0)
    made.release_all()
    assert sorted(made.take_due(0.0)) == NAMES

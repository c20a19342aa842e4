"""What the soaks call a leak."""

from __future__ import annotations

import random

import pytest

from tests.soak.trend import FEWEST, Flat, slope, verdict

MEMORY = Flat("memory", " MB", per_hour=0.2)
THREADS = Flat("threads", "", per_hour=0.0, spread=0.0)
HOURS = [float(hour) for hour in range(1, 25)]


def test_slope_of_a_line() -> None:
    assert slope([(h, 3.0 * h + 7.0) for h in HOURS]) == pytest.approx(3.0)


def test_one_odd_look_does_not_move_it() -> None:
    flat = [(h, 50.0) for h in HOURS]
    flat[20] = (21.0, 90.0)
    assert slope(flat) == 0.0


def test_a_slope_wants_two_looks() -> None:
    with pytest.raises(ValueError, match="two looks"):
        slope([(1.0, 1.0)])


def test_a_leak_is_found_in_noise() -> None:
    chance = random.Random(1)
    noise = [chance.uniform(-0.5, 0.5) for _ in HOURS]
    flat = [(h, 60.0 + n) for h, n in zip(HOURS, noise, strict=True)]
    leak = [(h, value + 0.4 * h) for h, value in flat]
    assert MEMORY.judge(flat, 4.0).ok
    found = MEMORY.judge(leak, 4.0)
    assert not found.ok
    assert "at most 0.2 MB an hour" in str(found)


def test_what_grows_only_while_it_warms_up_is_no_leak() -> None:
    points = [(h, 40.0 + min(h, 4.0) * 5.0) for h in HOURS]
    assert MEMORY.judge(points, 4.0).ok
    assert not MEMORY.judge(points[:8], 0.0).ok


def test_a_thread_more_is_found_though_the_slope_is_none() -> None:
    points = [(h, 14.0) for h in HOURS]
    points[-1] = (24.0, 15.0)
    found = THREADS.judge(points, 4.0)
    assert found.slope == 0.0
    assert not found.ok
    assert verdict([found], ["another"]) == (str(found), "another")


def test_too_few_looks_say_nothing() -> None:
    found = MEMORY.judge([(h, 10.0 * h) for h in HOURS[: FEWEST - 1]], 0.0)
    assert found.slope is None
    assert found.ok
    assert "too few looks" in str(found)
    assert MEMORY.judge([], 0.0).ok

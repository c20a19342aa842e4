"""No data is never healthy."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.exchange.model import AlertValue, MonitorHealthEntry, Outcome, Role, Version
from cockpit.fleet import rollup
from cockpit.fleet.rollup import State
from cockpit.fleet.snapshot import Problem, Reach, ServerSnapshot
from tests.fleet.builders import ALL_SETS, MONITORS, NOW, live, monitor, reading, server


@pytest.mark.parametrize("value", ["", "Melting", "Unknown", "Unavailable", "UnInitialized", "unknown", "7"])
def test_an_unknown_alert_value_is_unknown(value: str) -> None:
    assert rollup.alert_state(value) is State.UNKNOWN


def test_a_stale_healthy_row_is_not_healthy() -> None:
    assert rollup.monitor_state(monitor(stale=True)) is State.STALE
    assert rollup.monitor_state(monitor(alert=AlertValue.UNHEALTHY, stale=True)) is State.UNHEALTHY


@given(st.lists(MONITORS, max_size=6))
def test_a_roll_up_is_healthy_only_when_every_enabled_row_is(rows: list[MonitorHealthEntry]) -> None:
    healthy = rollup.consolidated(rows) is State.HEALTHY
    states = {rollup.monitor_state(r) for r in rows} - {State.DISABLED}
    assert healthy == (states == {State.HEALTHY})


def test_no_rows_and_no_warning_is_not_monitored_and_with_one_unknown() -> None:
    quiet = ServerSnapshot(
        server(), reach=Reach.LIVE, readings=tuple(reading(s, Outcome.EMPTY) for s in ALL_SETS)
    )
    assert rollup.server_state(quiet) is State.NOT_MONITORED
    down = replace(quiet, readings=tuple(reading(s, Outcome.EMPTY_WITH_WARNING, "down") for s in ALL_SETS))
    assert rollup.server_state(down) is State.UNKNOWN


def test_a_server_never_read_is_unknown_whatever_else() -> None:
    assert rollup.server_state(ServerSnapshot(server())) is State.UNKNOWN


def test_a_server_is_as_bad_as_its_worst_set() -> None:
    assert rollup.server_state(live()) is State.HEALTHY
    assert rollup.server_state(live(monitor(alert=AlertValue.DEGRADED))) is State.DEGRADED
    assert rollup.server_state(live(monitor(alert=AlertValue.UNHEALTHY))) is State.UNHEALTHY


def test_old_health_is_stale_and_old_sickness_is_still_sickness() -> None:
    assert rollup.server_state(replace(live(), reach=Reach.STALE)) is State.STALE
    sick = live(monitor(alert=AlertValue.UNHEALTHY))
    assert rollup.server_state(replace(sick, reach=Reach.STALE)) is State.UNHEALTHY
    assert rollup.server_state(replace(sick, reach=Reach.UNREACHABLE)) is State.UNREACHABLE


def test_one_unread_health_set_makes_the_server_unknown() -> None:
    full = live()
    partly = replace(
        full,
        monitors=tuple(m for m in full.monitors if m.health_set_name != "POP.Proxy"),
        readings=tuple(r for r in full.readings if r.health_set != "POP.Proxy"),
    )
    assert rollup.server_state(partly) is State.UNKNOWN


def test_a_server_watched_by_half_is_not_healthy() -> None:
    full = live()
    half = replace(
        full,
        monitors=tuple(m for m in full.monitors if m.health_set_name != "POP.Protocol"),
        readings=(reading("POP"), reading("POP.Protocol", Outcome.EMPTY), reading("POP.Proxy")),
    )
    assert rollup.server_state(half) is State.NOT_MONITORED


def test_a_2013_mailbox_server_needs_no_proxy_rows() -> None:
    alone = replace(
        live(),
        server=server(version=Version.E2013, roles=frozenset({Role.MAILBOX})),
        monitors=(monitor(), monitor("AverageCommandProcessingTimeGt60sMonitor", health_set="POP")),
    )
    assert rollup.server_state(alone) is State.HEALTHY


@pytest.mark.parametrize(
    ("age", "failing", "reach"),
    [
        (10, False, Reach.LIVE),
        (10, True, Reach.LIVE),
        (61, False, Reach.STALE),
        (61, True, Reach.STALE),
        (121, True, Reach.UNREACHABLE),
        (121, False, Reach.STALE),
    ],
)
def test_silence_goes_stale_then_unreachable(age: int, failing: bool, reach: Reach) -> None:
    then = NOW - timedelta(seconds=age)
    assert rollup.reach_at(then, NOW, 30.0, failing, NOW) is reach


def test_a_server_that_never_answered_is_unreachable_once_tried() -> None:
    assert rollup.reach_at(None, None, 30.0, False, NOW) is Reach.UNKNOWN
    assert rollup.reach_at(None, NOW, 30.0, True, NOW) is Reach.UNREACHABLE


@pytest.mark.parametrize(
    ("states", "code"),
    [
        ([], 3),
        ([State.HEALTHY], 0),
        ([State.HEALTHY, State.DEGRADED], 1),
        ([State.HEALTHY, State.STALE], 1),
        ([State.HEALTHY, State.REPAIRING], 1),
        ([State.HEALTHY, State.UNHEALTHY], 2),
        ([State.UNHEALTHY, State.UNREACHABLE], 2),
        ([State.DEGRADED, State.UNREACHABLE], 3),
        ([State.UNKNOWN], 3),
        ([State.NOT_MONITORED], 3),
        ([State.DISABLED], 3),
    ],
)
def test_exit_codes(states: list[State], code: int) -> None:
    assert rollup.exit_code(states) == code


@given(st.lists(st.sampled_from(list(State))))
def test_exit_0_means_everything_is_healthy(states: list[State]) -> None:
    assert (rollup.exit_code(states) == 0) == (set(states) == {State.HEALTHY})


def test_an_unreachable_server_says_so_although_its_rows_are_kept() -> None:
    gone = replace(live(), reach=Reach.UNREACHABLE, problem=Problem("refused"))
    assert gone.monitors
    assert rollup.exit_code([rollup.server_state(gone)]) == 3

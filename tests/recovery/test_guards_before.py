"""Guards before any change: the fault is real, nobody else acts, the time is right."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.config.environment import Day, RecoverySettings, Window
from cockpit.config.windows import inside
from cockpit.exchange import recovery_model as r
from cockpit.exchange.model import AlertValue, HealthReport, Role, Version
from cockpit.journal.records import Grade, Lease, Run, RunState, Verdict
from cockpit.recovery.guards.before_change import MOVE_NOW, POLICY
from tests.recovery.builders import (
    CTP,
    EX01,
    EX02,
    NAMES,
    NOW,
    action,
    case,
    component,
    healthy,
    host,
    monitor,
    obligation,
    passes,
    refusals,
    said,
    server,
)

REFUSED = Verdict.REFUSED
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


# --- role.known ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("version", "roles"),
    [
        (Version.OTHER, frozenset({Role.MAILBOX})),
        (Version.E2019, frozenset({Role.EDGE})),
        (Version.E2013, frozenset()),
    ],
)
def test_a_role_that_is_not_ours_is_refused(version: Version, roles: frozenset[Role]) -> None:
    readings = healthy(servers=(server(EX01, version, roles),))
    assert refusals("role.known", readings) == {EX01: (REFUSED, Grade.HARD)}


def test_an_unknown_server_is_refused() -> None:
    assert refusals("role.known", healthy(), case(server="EX99")) == {"EX99": (REFUSED, Grade.HARD)}


def test_a_mailbox_server_that_get_mailboxserver_does_not_name_is_refused() -> None:
    assert refusals("role.known", healthy(mailbox_servers=(host(EX02),))) == {EX01: (REFUSED, Grade.HARD)}


def test_a_client_access_server_of_2013_needs_no_mailbox_row() -> None:
    front = server(EX01, Version.E2013, frozenset({Role.CLIENT_ACCESS}))
    assert passes("role.known", healthy(servers=(front,), mailbox_servers=(host(EX02),)))


# --- alert.real ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("alert", "help_word"),
    [
        (AlertValue.DEGRADED, "Wait"),
        (AlertValue.REPAIRING, "Set-ServerMonitor"),
        (AlertValue.DISABLED, "override"),
        (AlertValue.HEALTHY, "Nothing"),
        (AlertValue.UNKNOWN, "Look"),
        ("Sulking", "Look"),
    ],
)
def test_only_unhealthy_is_an_alert(alert: str, help_word: str) -> None:
    readings = healthy(monitor=(monitor(alert),))
    (found,) = said("alert.real", readings)
    assert refusals("alert.real", readings) == {"PopDeepTestMonitor DB01": (REFUSED, Grade.STOP)}
    assert found.reading == alert
    assert help_word in found.helps


def test_a_stale_alert_is_refused() -> None:
    (found,) = said("alert.real", healthy(monitor=(monitor(is_stale=True),)))
    assert found.verdict is REFUSED
    assert "stale" in found.reading


def test_no_row_is_no_alert() -> None:
    assert refusals("alert.real", healthy(monitor=())) == {EX01: (REFUSED, Grade.STOP)}


def test_a_healthy_database_beside_an_unhealthy_one_is_no_refusal() -> None:
    assert passes("alert.real", healthy(monitor=(monitor(), monitor(AlertValue.HEALTHY, "DB02"))))


def test_databases_that_are_all_healthy_are_no_alert() -> None:
    rows = (monitor(AlertValue.HEALTHY), monitor(AlertValue.HEALTHY, "DB02"))
    assert len(refusals("alert.real", healthy(monitor=rows))) == 2


def test_a_stale_healthy_neighbour_is_not_taken_for_well() -> None:
    rows = (monitor(), monitor(AlertValue.HEALTHY, "DB02", is_stale=True))
    assert list(refusals("alert.real", healthy(monitor=rows))) == ["PopDeepTestMonitor DB02"]


alerts = st.sampled_from([AlertValue.HEALTHY, AlertValue.UNHEALTHY, AlertValue.DEGRADED])


@given(st.lists(st.tuples(alerts, st.booleans()), max_size=6))
def test_it_never_passes_without_one_fresh_unhealthy_row(rows: list[tuple[str, bool]]) -> None:
    made = tuple(monitor(alert, f"DB{n}", is_stale=stale) for n, (alert, stale) in enumerate(rows))
    if passes("alert.real", healthy(monitor=made)):
        assert (AlertValue.UNHEALTHY, False) in rows


# --- dependencies.healthy ------------------------------------------------------------------------


def test_a_sick_dependency_warns_and_blocks_nothing() -> None:
    report = (HealthReport(EX01, "Online", "Store", "", AlertValue.UNHEALTHY, None, 1, 1),)
    found = [f for f in said("dependencies.healthy", healthy(report=report)) if f.verdict is REFUSED]
    assert [f.object for f in found] == ["Information Store (Store)"]
    assert found[0].grade is Grade.WARN
    assert not found[0].blocks


def test_what_the_server_does_not_report_is_told() -> None:
    assert {f.reading for f in said("dependencies.healthy", healthy(report=()))} == {
        "not reported by this server"
    }


def test_the_monitors_own_dependencies_are_looked_at() -> None:
    network = (HealthReport(EX01, "Online", "Network", "", AlertValue.UNHEALTHY, None, 1, 1),)
    assert passes("dependencies.healthy", healthy(report=network))
    assert list(refusals("dependencies.healthy", healthy(report=network), case(monitor=CTP))) == [
        "Network (Network)"
    ]


# --- others.lease --------------------------------------------------------------------------------


def lease(*, expired: bool = False) -> Lease:
    return Lease("dag:DAG1", "jump2/7/x", r"CONTOSO\bob", "ssh", "0f" * 16, 3, 1.0, 61.0, expired)


def run() -> Run:
    return Run("ab" * 16, None, "PopDeepTest", "d", "{}", "prod", "dag:DAG1", EX02, "PopDeepTestMonitor",
               r"CONTOSO\bob", RunState.WAITING, "block", False, {}, "", 1.0, None)  # fmt: skip


def test_a_living_lease_is_hard_and_names_its_holder() -> None:
    asked = case(leases=(lease(),))
    assert refusals("others.lease", healthy(), asked) == {"dag:DAG1": (REFUSED, Grade.HARD)}
    (found,) = said("others.lease", healthy(), asked)
    assert r"CONTOSO\bob" in found.reading
    assert "0f0f0f0f" in found.helps


def test_an_expired_lease_is_nobodys() -> None:
    assert passes("others.lease", healthy(), case(leases=(lease(expired=True),)))


def test_a_run_that_was_left_is_a_stop() -> None:
    asked = case(leases=(lease(expired=True),), runs=(run(),))
    assert refusals("others.lease", healthy(), asked) == {"dag:DAG1": (REFUSED, Grade.STOP)}


# --- others.marks --------------------------------------------------------------------------------


def with_host(**changes: object) -> tuple[object, ...]:
    return tuple(host(n, **changes) if n == EX02 else host(n) for n in NAMES)


def components(state: str, *votes: tuple[str, str]) -> dict[str, object]:
    good = (component("HighAvailability"),)
    return {n: (component("HighAvailability", state, *votes),) if n == EX02 else good for n in NAMES}


@pytest.mark.parametrize(
    ("changes", "about"),
    [
        ({"mailbox_servers": with_host(activation_disabled_and_move_now=True)}, f"EX02 {MOVE_NOW}"),
        ({"mailbox_servers": with_host(activation_policy="Blocked")}, f"EX02 {POLICY}"),
        ({"components": components("Inactive", ("Maintenance", "Inactive"))}, "EX02 HighAvailability"),
        ({"components": components("Inactive", ("Deployment", "Inactive"))}, "EX02 HighAvailability"),
        ({"nodes": (r.ClusterNode(EX02, r.NodeState.PAUSED),)}, "EX02 cluster node"),
    ],
)
def test_every_mark_of_another_member_is_seen(changes: dict[str, object], about: str) -> None:
    assert refusals("others.marks", healthy(**changes)) == {about: (REFUSED, Grade.STOP)}


@pytest.mark.parametrize(
    "changes",
    [
        {"mailbox_servers": with_host(activation_policy="IntrasiteOnly")},
        {"components": components("Inactive", ("HealthApi", "Inactive"))},
        {"components": components("Active", ("Maintenance", "Active"))},
    ],
)
def test_what_is_no_mark_is_not_taken_for_one(changes: dict[str, object]) -> None:
    assert passes("others.marks", healthy(**changes))


@pytest.mark.parametrize(
    ("key", "changes"),
    [
        (MOVE_NOW, {"activation_disabled_and_move_now": True}),
        (POLICY, {"activation_policy": "Blocked"}),
    ],
)
def test_our_own_mark_is_no_one_elses(key: str, changes: dict[str, object]) -> None:
    readings = healthy(mailbox_servers=with_host(**changes))
    ours = obligation(key, False, True, server="ex02")
    assert passes("others.marks", readings, case(obligations=(ours,)))
    fqdn = replace(ours, server="ex02.contoso.com")
    assert passes("others.marks", readings, case(obligations=(fqdn,)))
    assert not passes("others.marks", readings, case(obligations=(obligation("Other", 1, 2, server=EX02),)))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"run": "f00d" * 8}, "left by run f00df00d"),
        ({"run": "f00d" * 8, "handed_to": "bob", "handed_at": 9.0}, "handed over to bob"),
        ({"handed_to": "bob", "handed_at": 9.0}, "handed over to bob"),
    ],
)
def test_what_another_run_has_left_is_no_mark_of_ours(changes: dict[str, Any], words: str) -> None:
    """Two members out at once is the very accident that the guard is for."""
    readings = healthy(mailbox_servers=with_host(activation_disabled_and_move_now=True))
    left = obligation(MOVE_NOW, False, True, server=EX02, **changes)
    asked = case(obligations=(left,))
    assert refusals("others.marks", readings, asked) == {f"EX02 {MOVE_NOW}": (REFUSED, Grade.STOP)}
    (found,) = (f for f in said("others.marks", readings, asked) if f.verdict is REFUSED)
    assert words in found.reading


@pytest.mark.parametrize("changes", [{"activation_disabled_and_move_now": None}, {"activation_policy": ""}])
def test_a_mark_that_was_not_said_is_not_off(changes: dict[str, object]) -> None:
    readings = healthy(mailbox_servers=with_host(**changes))
    assert refusals("others.marks", readings) == {EX02: (Verdict.UNREAD, Grade.STOP)}


def test_a_member_nobody_describes_is_not_clean() -> None:
    unnamed = healthy(mailbox_servers=tuple(host(n) for n in NAMES if n != EX02))
    assert refusals("others.marks", unnamed) == {EX02: (Verdict.UNREAD, Grade.STOP)}
    silent = healthy(components={n: () if n == EX02 else (component("PopProxy"),) for n in NAMES})
    assert refusals("others.marks", silent) == {EX02: (Verdict.UNREAD, Grade.STOP)}


def test_outside_a_dag_only_the_server_itself_is_looked_at() -> None:
    alone = (host(EX01, dag=""), host(EX02, dag="", activation_disabled_and_move_now=True))
    assert passes("others.marks", healthy(mailbox_servers=alone, dags=()))


# --- others.managed_availability, others.setup ---------------------------------------------------


@pytest.mark.parametrize(("minutes", "stands_in_the_way"), [(0, True), (14, True), (15, False), (600, False)])
def test_recent_actions_of_managed_availability(minutes: int, stands_in_the_way: bool) -> None:
    readings = healthy(actions=(action(timedelta(minutes=minutes)),))
    found = refusals("others.managed_availability", readings)
    assert bool(found) is stands_in_the_way
    assert all(grade is Grade.STOP for _, grade in found.values())


def test_quiet_is_the_environments_own() -> None:
    readings = healthy(actions=(action(timedelta(minutes=14)),))
    short = case(settings=RecoverySettings(quiet=600.0))
    assert passes("others.managed_availability", readings, short)


def test_an_action_without_an_end_says_so() -> None:
    found = said("others.managed_availability", healthy(actions=(action(timedelta(minutes=1), ended=False),)))
    assert "not ended" in found[0].reading
    assert found[0].object == "RestartService MSExchangePOP3BE"


def test_a_responder_about_to_act_stands_in_the_way() -> None:
    due = monitor(first_alert_observed_time=NOW - timedelta(minutes=10))
    assert refusals("others.managed_availability", healthy(monitor=(due,))) == {
        "PopDeepTestRestartServiceLate DB01": (REFUSED, Grade.STOP)
    }


def test_an_escalation_about_to_come_does_not() -> None:
    due = monitor(first_alert_observed_time=NOW - timedelta(minutes=35))
    assert passes("others.managed_availability", healthy(monitor=(due,)))


def test_an_alert_whose_beginning_was_not_said_is_told() -> None:
    """When the next responder acts cannot be reckoned then; it does not stop an operator."""
    unsaid = monitor(first_alert_observed_time=None)
    assert refusals("others.managed_availability", healthy(monitor=(unsaid,))) == {
        f"{unsaid.name} DB01": (REFUSED, Grade.WARN)
    }


def test_setup_running_is_refused() -> None:
    readings = healthy(setup=(r.Process("ExSetup", 4711),))
    assert refusals("others.setup", readings) == {EX01: (REFUSED, Grade.STOP)}
    assert "4711" in said("others.setup", readings)[0].reading


# --- window.open ---------------------------------------------------------------------------------

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
times = st.integers(0, 24 * 60 - 1).map(lambda n: f"{n // 60:02}:{n % 60:02}")
windows = st.builds(
    Window,
    days=st.lists(st.sampled_from(DAYS), min_size=1, unique=True).map(tuple),
    start=times,
    end=times,
)


def minutes_of(window: Window) -> set[int]:
    """The minutes of a week inside the window, counted out from its text."""
    start, end = (int(t[:2]) * 60 + int(t[3:]) for t in (window.start, window.end))
    length = (end - start) % (24 * 60)
    first = [DAYS.index(day) * 24 * 60 + start for day in window.days]
    return {(minute + n) % (7 * 24 * 60) for minute in first for n in range(length + 1)}


@given(windows, st.integers(0, 7 * 24 * 60 - 1), st.integers(0, 59))
def test_inside_is_the_windows_own_minutes(window: Window, minute: int, second: int) -> None:
    at = MONDAY + timedelta(minutes=minute, seconds=second)
    assert inside(window, at) is (minute in minutes_of(window))


def test_over_midnight_belongs_to_the_day_it_starts_on() -> None:
    night = Window(days=("fri",), start="22:00", end="04:00")
    friday, saturday = datetime(2026, 3, 6, tzinfo=UTC), datetime(2026, 3, 7, tzinfo=UTC)
    assert inside(night, friday.replace(hour=23))
    assert inside(night, saturday.replace(hour=3))
    assert not inside(night, friday.replace(hour=3))
    assert not inside(night, saturday.replace(hour=23))


def test_outside_every_window_wants_an_override() -> None:
    windows = (Window(days=("sat",), start="01:00", end="05:00"), Window(start="22:00", end="23:00"))
    outside = case(settings=RecoverySettings(maintenance_windows=windows))
    assert refusals("window.open", healthy(), outside) == {EX01: (REFUSED, Grade.STOP)}
    (found,) = said("window.open", healthy(), outside)
    assert found.reading == "Wed 03:00, outside"
    assert "sat 01:00-05:00" in found.helps
    one_of_them = (*windows, Window(days=("wed",), start="02:00", end="04:00"))
    assert passes("window.open", healthy(), case(settings=RecoverySettings(maintenance_windows=one_of_them)))

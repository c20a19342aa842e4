"""When Managed Availability acts by itself, from the monitor's first alert on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.exchange.catalogue import MONITORS
from cockpit.exchange.model import AlertValue, MonitorHealthEntry
from cockpit.exchange.responders import DueAction, ResponderAction, due_actions

SINCE = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
AVERAGE = "AverageCommandProcessingTimeGt60sMonitor"


def entry(name: str, alert: str = AlertValue.UNHEALTHY, since: datetime | None = SINCE) -> MonitorHealthEntry:
    return MonitorHealthEntry("EX01", name, "", "POP", alert, first_alert_observed_time=since)


def test_five_minutes_into_an_alert() -> None:
    restart = ResponderAction.RESTART_SERVICE
    assert due_actions(entry("PopCTPMonitor"), SINCE + timedelta(minutes=5)) == (
        DueAction("PopCTPRestartService", restart, SINCE + timedelta(minutes=2), past=True),
        DueAction("PopCTPRestartServiceLate", restart, SINCE + timedelta(minutes=20), past=False),
        DueAction("PopCTPEscalate", ResponderAction.ESCALATE, SINCE + timedelta(minutes=40), past=False),
    )


def test_the_proxy_test_takes_pop_offline_first() -> None:
    first, *rest = due_actions(entry("popproxytestmonitor", "degraded"), SINCE)
    assert first == DueAction("PopProxyTestCafeOffline", ResponderAction.OFFLINE, SINCE, past=True)
    assert [a.responder for a in rest] == [
        "PopProxyTestRestartService",
        "PopProxyTestRestartServiceLate",
        "PopProxyTestEscalate",
    ]
    assert not any(a.past for a in rest)


def test_the_average_time_monitor_only_escalates() -> None:
    (only,) = due_actions(entry(AVERAGE), SINCE + timedelta(days=1))
    assert only == DueAction("", ResponderAction.ESCALATE, None, past=False)


@pytest.mark.parametrize(
    "quiet",
    [
        entry("PopCTPMonitor", AlertValue.HEALTHY),
        entry("PopCTPMonitor", AlertValue.REPAIRING),
        entry("PopCTPMonitor", AlertValue.DISABLED),
        entry("PopCTPMonitor", AlertValue.UNKNOWN),
        entry("PopCTPMonitor", since=None),
        entry("OwaCtpMonitor"),
    ],
)
def test_no_chain_runs(quiet: MonitorHealthEntry) -> None:
    assert due_actions(quiet, SINCE) == ()


@given(
    st.sampled_from(sorted(MONITORS)),
    st.timedeltas(timedelta(days=-1), timedelta(days=1)),
    st.timedeltas(timedelta(), timedelta(days=1)),
)
def test_the_chain_is_in_order_and_only_moves_on(name: str, after: timedelta, later: timedelta) -> None:
    now = SINCE + after
    chain = due_actions(entry(name), now)
    times = [a.at for a in chain if a.at is not None]
    assert times == sorted(times)
    assert [a.past for a in chain if a.at is not None] == [t <= now for t in times]
    assert chain[-1].action is ResponderAction.ESCALATE
    then = due_actions(entry(name), now + later)
    assert [(a.responder, a.at) for a in then] == [(a.responder, a.at) for a in chain]
    assert all(new.past or not old.past for old, new in zip(chain, then, strict=True))

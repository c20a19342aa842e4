"""The newest failed run of a probe that a server has recorded."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from cockpit.exchange.errors import CmdletFailedError, UnreachableError
from cockpit.exchange.events import MOST_EVENTS
from cockpit.exchange.model import CmdletError
from cockpit.exchange.recovery_model import Channel, Event
from cockpit.recovery.recorded import LOOK_BACK, Recorded, last_failed
from tests.poplog.logs import USER
from tests.recovery.builders import EX01
from tests.recovery.traced import AT, Organization, organization

CTP = "POP\\PopCTPProbe"


SINCE = AT + timedelta(minutes=2) - LOOK_BACK
SUCCEEDED, FAILED, TIMED_OUT = "3", "4", "1"


def event(name: str = "PopCTPProbe/DB01", result: str = FAILED, **fields: str) -> Event:
    times = {"ExecutionStartTime": "2026-01-08T08:30:00.1234567Z", "ExecutionEndTime": "2026-01-08T08:30:01Z"}
    return Event(
        Channel.PROBE_RESULT.value, 2, AT, {"ResultName": name, "ResultType": result, **times, **fields}
    )


def recorded(*events: Event) -> Organization:
    access = organization()
    access.machines[EX01].recorded = list(events)
    return access


def test_the_newest_that_failed_of_this_probe() -> None:
    user = f"Probe executed for User: {USER}@contoso.test Password: [redacted]"
    access = recorded(
        event("PopCTPProbe/DB01", SUCCEEDED),
        event("PopDeepTestProbe/DB01"),
        event("popctpprobe/DB02", TIMED_OUT, StateAttribute4="EX02", ExecutionContext=user),
        event("PopCTPProbe/DB01", StateAttribute4="EX03"),
    )
    found = last_failed(access, f"{CTP}\\DB02", EX01).run
    assert found is not None
    assert (found.probe, found.server, found.result) == (f"{CTP}\\DB02", EX01, "TimedOut")
    assert (found.mailbox_server, found.user) == ("EX02", f"{USER}@contoso.test")
    assert found.started is not None
    assert found.ended == AT + timedelta(seconds=1)
    assert timedelta() < found.started - AT < timedelta(seconds=1)
    assert access.machines[EX01].since == SINCE


def test_there_is_none() -> None:
    for access in (recorded(event(result=SUCCEEDED)), recorded()):
        assert last_failed(access, CTP, EX01) == Recorded(None, SINCE)


def test_a_failure_behind_more_successes_than_are_read() -> None:
    busy = [event("PopSelfTestProbe", SUCCEEDED)] * (MOST_EVENTS + 1)
    found = last_failed(recorded(*busy, event(result=TIMED_OUT)), CTP, EX01).run
    assert found is not None
    assert found.result == "TimedOut"


def test_how_far_back_was_really_read_where_other_probes_fail_and_fail() -> None:
    times = [AT - timedelta(seconds=n) for n in range(MOST_EVENTS + 1)]
    others = [replace(event("PopSelfTestProbe"), time=time) for time in times]
    found = last_failed(recorded(*others, event()), CTP, EX01)
    assert (found.run, found.since) == (None, times[MOST_EVENTS - 1])
    assert found.short == "the newest 1000 failures of all probes go no further back"


@pytest.mark.parametrize(
    ("begins", "since", "short"),
    [
        (AT, AT, "its event log begins then"),
        (None, SINCE, "its event log holds no result of any probe"),
        (SINCE, SINCE, ""),
    ],
)
def test_an_event_log_that_does_not_go_back_that_far(
    begins: datetime | None, since: datetime, short: str
) -> None:
    access = recorded()
    access.machines[EX01].begins = begins
    assert last_failed(access, CTP, EX01) == Recorded(None, since, short)


def test_a_channel_that_was_read_in_part_proves_nothing() -> None:
    access = recorded(event())
    access.machines[EX01].errors = (CmdletError("The handle is invalid."),)
    with pytest.raises(CmdletFailedError, match="not read whole"):
        last_failed(access, CTP, EX01)


@pytest.mark.parametrize(
    ("said", "name"),
    [("4", "Failed"), ("1", "TimedOut"), ("2", "Poisoned"), ("Failed", "Failed"), (" timedout", "TimedOut")],
)
def test_results_that_are_known_not_to_be_successes(said: str, name: str) -> None:
    found = last_failed(recorded(event(result=said)), CTP, EX01).run
    assert found is not None
    assert found.result == name


@pytest.mark.parametrize("said", ["3", "Succeeded", "succeeded", "", "7", "-4", "Erfolgreich", "9" * 40])
def test_what_is_a_success_or_not_known_is_no_failure(said: str) -> None:
    assert last_failed(recorded(event(result=said)), CTP, EX01).run is None


@pytest.mark.parametrize("text", ["2026-01-08T08:30:00Z", "2026-01-08T08:30:00", "2026-01-08T09:30:00+01:00"])
def test_times(text: str) -> None:
    found = last_failed(recorded(event(ExecutionStartTime=text)), CTP, EX01).run
    assert found is not None
    assert found.started == AT


@pytest.mark.parametrize("text", ["soon", "0001-01-01T00:00:00+05:00", "9999-12-31T23:00:00-05:00"])
def test_what_is_no_time(text: str) -> None:
    found = last_failed(recorded(event(ExecutionStartTime=text)), CTP, EX01).run
    assert found is not None
    assert found.started is None


def test_an_event_log_that_cannot_be_read() -> None:
    access: Any = organization()
    access.machines[EX01].closed = UnreachableError("EX01 cannot be reached")
    with pytest.raises(UnreachableError):
        last_failed(access, CTP, EX01)

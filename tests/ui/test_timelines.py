"""The keeper of the timeline: what it writes and when, and what it does when it cannot."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from cockpit.fleet.sightings import Kind
from cockpit.fleet.snapshot import FleetSnapshot, Reach
from cockpit.fleet.watching import Span
from cockpit.journal.errors import JournalError
from cockpit.ui import timelines as module
from cockpit.ui.timelines import Timelines
from tests.ui import fleets
from tests.ui.timelines import AWAY, HOUR, FakeTimeline, latencies

START = (fleets.NOW - timedelta(seconds=12)).timestamp()


def fleet(*names: str, seconds: float = 0.0, alert: str = "Healthy") -> FleetSnapshot:
    read = fleets.NOW - timedelta(seconds=12) + timedelta(seconds=seconds)
    servers = {
        name: fleets.server(name, alerts={"PopCTPMonitor": (alert, 5)}, last_success=read, last_attempt=read)
        for name in names
    }
    return FleetSnapshot(status=fleets.demo_fleet().status, servers=servers)


def keeper(fake: FakeTimeline) -> Timelines:
    return Timelines(lambda: fake)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Moves the keeper's clock."""
    now = [1000.0]

    class Clock:
        @staticmethod
        def monotonic() -> float:
            return now[0]

    def move(seconds: float) -> None:
        now[0] += seconds

    monkeypatch.setattr(module, "time", Clock)
    return move


def test_what_is_seen_is_written_once_and_our_watch_with_it(clock: Callable[[float], None]) -> None:
    fake = FakeTimeline()
    kept = keeper(fake)
    assert not kept.step(FleetSnapshot()).problem
    assert (fake.written, fake.spans) == ([], [])
    kept.step(fleet("EX01"))
    first = len(fake.written)
    assert first > 5
    assert fake.spans == [(Span(START, START), False)]
    kept.step(fleet("EX01", seconds=10, alert="Unhealthy"))
    (news,) = fake.written[first:]
    assert (news.kind, news.what, news.value) == (Kind.ALERT, "PopCTPMonitor", "Unhealthy")
    assert len(fake.spans) == 1
    clock(module.SIGN_SECONDS)
    kept.step(fleet("EX01", seconds=40, alert="Unhealthy"))
    assert fake.spans[1:] == [(Span(START, START + 40), False)]


def test_silence_ends_the_watch_and_an_answer_begins_another(clock: Callable[[float], None]) -> None:
    fake = FakeTimeline()
    kept = keeper(fake)
    kept.step(fleet("EX01"))
    kept.step(fleet("EX01", seconds=20))
    kept.step(fleet("EX01", seconds=HOUR))
    assert fake.spans[1:] == [
        (Span(START, START + 20), True),
        (Span(START + HOUR, START + HOUR), False),
    ]


def test_the_time_away_is_told_once_when_every_server_was_read(clock: Callable[[float], None]) -> None:
    fake = FakeTimeline(since=AWAY.since)
    kept = keeper(fake)
    assert kept.step(FleetSnapshot()).away is None
    half = fleet("EX01", "EX02")
    silent = replace(half.servers["EX02"], reach=Reach.UNKNOWN, last_success=None, last_attempt=None)
    assert kept.step(replace(half, servers={**half.servers, "EX02": silent})).away is None
    assert kept.step(half).away == AWAY
    assert kept.step(half).away is None


def test_a_server_that_is_never_read_is_not_waited_for_for_ever(clock: Callable[[float], None]) -> None:
    fake = FakeTimeline(since=AWAY.since)
    kept = keeper(fake)
    half = fleet("EX01", "EX02")
    silent = replace(half.servers["EX02"], reach=Reach.UNKNOWN, last_success=None, last_attempt=None)
    half = replace(half, servers={**half.servers, "EX02": silent})
    assert kept.step(half).away is None
    clock(module.ROUND_SECONDS)
    assert kept.step(half).away == AWAY


def test_who_was_never_here_is_told_nothing(clock: Callable[[float], None]) -> None:
    assert keeper(FakeTimeline()).step(fleet("EX01")).away is None


def test_a_journal_that_cannot_be_written_is_said_once_and_nothing_is_lost(
    clock: Callable[[float], None],
) -> None:
    fake = FakeTimeline(problem="Cannot write to the journal at x: disk full.")
    kept = keeper(fake)
    assert kept.step(fleet("EX01")).problem == fake.problem
    assert kept.step(fleet("EX01", seconds=10)).problem is None
    clock(module.RETRY_SECONDS)
    assert kept.step(fleet("EX01", seconds=20, alert="Unhealthy")).problem is None
    fake.problem = ""
    assert not kept.step(fleet("EX01", seconds=30, alert="Unhealthy"))
    assert fake.written == [], "left alone for a while"
    clock(module.RETRY_SECONDS)
    kept.step(fleet("EX01", seconds=60, alert="Unhealthy"))
    assert [s.value for s in fake.written if s.what == "PopCTPMonitor" and s.kind is Kind.ALERT] == [
        "Healthy",
        "Unhealthy",
    ]
    assert fake.spans == [(Span(START, START + 60), False)]
    fake.problem = "again"
    clock(module.SIGN_SECONDS)
    assert kept.step(fleet("EX01", seconds=90, alert="Unhealthy")).problem == "again"


def test_what_had_to_be_forgotten_was_not_watched(
    clock: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_WAITING", 4)
    fake = FakeTimeline(problem="disk full")
    kept = keeper(fake)
    kept.step(fleet("EX01"))
    fake.problem = ""
    clock(module.RETRY_SECONDS)
    kept.step(fleet("EX01", seconds=40))
    assert len(fake.written) == 4
    assert fake.spans == [(Span(START + 40, START + 40), False)]


def test_a_journal_that_cannot_be_opened_is_tried_again(clock: Callable[[float], None]) -> None:
    fake = FakeTimeline()
    tries: list[int] = []

    def opened() -> FakeTimeline:
        tries.append(1)
        if len(tries) == 1:
            raise JournalError("no such host")
        return fake

    kept = Timelines(opened)
    assert kept.step(fleet("EX01")).problem == "no such host"
    clock(module.RETRY_SECONDS)
    kept.step(fleet("EX01"))
    assert (len(tries), len(fake.spans)) == (2, 1)


def test_pruning_goes_on_while_there_is_something_left(clock: Callable[[float], None]) -> None:
    fake = FakeTimeline(prunes=[500, 7, 0, 3])
    kept = keeper(fake)
    for _ in range(5):
        kept.step(FleetSnapshot())
    assert fake.prunes == [3]
    clock(module.PRUNE_SECONDS)
    kept.step(FleetSnapshot())
    assert fake.prunes == []


def test_the_past_is_read_for_a_screen_and_again_only_when_it_moved(clock: Callable[[float], None]) -> None:
    fake = FakeTimeline()
    kept = keeper(fake)
    kept.step(FleetSnapshot())
    assert fake.asked == []
    kept.look("EX01")
    first = kept.step(FleetSnapshot()).past
    assert first is not None
    kept.past = first
    assert kept.step(FleetSnapshot()).past is None
    fake.place += 1
    assert kept.step(FleetSnapshot()).past is not None
    kept.look("")
    emptied: object = kept.past
    assert emptied is None
    kept.step(FleetSnapshot())
    assert fake.asked == ["EX01", "EX01", ""]
    kept.look(None)
    fake.place += 1
    kept.step(FleetSnapshot())
    assert len(fake.asked) == 3


def test_latencies_of_earlier_days_come_with_the_first_look(clock: Callable[[float], None]) -> None:
    fake = FakeTimeline(remembered=latencies(40, 50))
    kept = keeper(fake)
    assert kept.step(FleetSnapshot()).latencies == fake.remembered
    assert kept.step(FleetSnapshot()).latencies is None


def test_at_the_end_the_rest_is_written_and_the_watch_ends(clock: Callable[[float], None]) -> None:
    fake = FakeTimeline(problem="busy")
    kept = keeper(fake)
    kept.step(fleet("EX01"))
    fake.problem = ""
    clock(module.RETRY_SECONDS)
    kept.step(fleet("EX01", seconds=30))
    kept._look_at(fleet("EX01", seconds=31, alert="Unhealthy"))
    kept.close()
    assert fake.written[-1].value == "Unhealthy"
    assert fake.spans[-1] == (Span(START, START + 31), True)
    assert fake.closed


def test_the_end_does_not_wait_for_a_database_that_hangs() -> None:
    fake, going = FakeTimeline(), threading.Event()
    entered = threading.Event()

    def hang() -> None:
        entered.set()
        going.wait(20)

    fake.block = hang
    kept = keeper(fake)
    thread = threading.Thread(target=lambda: kept.step(fleet("EX01")))
    thread.start()
    assert entered.wait(20)
    before = time.monotonic()
    kept.close()
    assert time.monotonic() - before < 10
    assert not fake.closed
    going.set()
    thread.join(20)


def test_the_end_says_nothing_of_a_journal_that_cannot_be_written(clock: Callable[[float], None]) -> None:
    fake = FakeTimeline()
    kept = keeper(fake)
    kept.step(fleet("EX01"))
    fake.problem = "disk full"
    kept.close()
    assert fake.closed
    kept.close()

"""What is news on a server, and what was told already."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from cockpit.exchange.model import Outcome, RecoveryAction
from cockpit.fleet.sightings import AGAIN_SECONDS, TEXT_LIMIT, Kind, Sighting, Tracker
from cockpit.fleet.snapshot import FleetSnapshot, ProbePhase, Problem, Reach, ServerSnapshot, WinRMReading
from tests.fleet.builders import NOW, fleets, live, monitor, probe_run, reading

EARLIER = NOW - timedelta(minutes=9)


def told(found: list[Sighting]) -> list[tuple[str, str, str]]:
    return [(each.kind.value, each.what or each.health_set, each.value) for each in found]


def later(server: ServerSnapshot, seconds: float = 30.0, **more: object) -> ServerSnapshot:
    moment = NOW + timedelta(seconds=seconds)
    return replace(server, last_success=moment, last_attempt=moment, **more)  # type: ignore[arg-type]


def seen(server: ServerSnapshot) -> Tracker:
    tracker = Tracker()
    assert tracker.look(server)
    return tracker


def test_the_first_look_tells_everything_and_the_second_nothing() -> None:
    server = live(monitor())
    tracker = Tracker()
    first = tracker.look(server)
    assert {each.kind for each in first} == {Kind.REACH, Kind.ALERT, Kind.STALE, Kind.ROWS}
    assert len(first) == 1 + 3 + 3 + 3
    assert all(each.quiet and each.first for each in first)
    assert tracker.look(server) == []
    assert tracker.look(later(server)) == []


def test_a_changed_value_is_told_with_the_servers_own_time_and_ours() -> None:
    tracker = seen(live(monitor(changed=EARLIER - timedelta(hours=3))))
    sick = later(live(replace(monitor(alert="Unhealthy", changed=EARLIER), error="Password: hunter2")))
    (found,) = tracker.look(sick)
    assert (found.kind, found.what, found.value, found.quiet) == (
        Kind.ALERT,
        "PopSelfTestMonitor",
        "Unhealthy",
        False,
    )
    assert found.at == EARLIER.timestamp()
    assert found.seen == (NOW + timedelta(seconds=30)).timestamp()
    assert "hunter2" not in found.detail


def test_the_same_value_with_a_newer_time_was_another_in_between() -> None:
    tracker = seen(live(monitor(changed=EARLIER)))
    (found,) = tracker.look(later(live(monitor(changed=NOW))))
    assert (found.value, found.at, found.first) == ("Healthy", NOW.timestamp(), False)


def test_a_monitor_that_does_not_run_is_told_and_that_it_runs_again() -> None:
    tracker = seen(live(monitor()))
    assert told(tracker.look(later(live(monitor(stale=True))))) == [("stale", "PopSelfTestMonitor", "stale")]
    assert told(tracker.look(later(live(monitor()), 60))) == [("stale", "PopSelfTestMonitor", "runs again")]


def test_a_health_set_without_rows_is_told_with_its_warning() -> None:
    server = live(monitor())
    tracker = seen(server)
    silent = replace(reading("POP.Protocol", Outcome.EMPTY_WITH_WARNING, "the service is down"))
    others = tuple(r for r in server.readings if r.health_set != "POP.Protocol")
    (found,) = tracker.look(later(server, readings=(silent, *others)))
    assert (found.kind, found.health_set, found.value) == (
        Kind.ROWS,
        "POP.Protocol",
        "empty, with a warning",
    )
    assert found.detail == "the service is down"


def test_reach_is_told_when_it_is_lost_and_had_again_but_not_on_the_way() -> None:
    server = live(monitor())
    tracker = seen(server)
    problem = Problem("No answer", "connection timed out")
    assert tracker.look(replace(server, reach=Reach.STALE)) == []
    (lost,) = tracker.look(replace(server, reach=Reach.UNREACHABLE, problem=problem))
    assert (lost.kind, lost.value, lost.detail) == (
        Kind.REACH,
        "unreachable",
        "No answer: connection timed out",
    )
    assert told(tracker.look(later(server))) == [("reach", "", "live")]


def test_what_managed_availability_did_is_told_once_and_not_without_a_time() -> None:
    server = live(monitor())
    tracker = seen(server)
    restart = RecoveryAction(
        EARLIER, None, "RestartService", "MSExchangePop3", "PopCTPRestart", "Failed", "Finished", "timeout"
    )
    timeless = replace(restart, start_time=None)
    winrm = WinRMReading(read_at=NOW, recovery_actions=(restart, timeless))
    (found,) = tracker.look(later(server, winrm=winrm))
    assert (found.kind, found.what, found.target, found.value) == (
        Kind.ACTION,
        "RestartService",
        "MSExchangePop3",
        "Failed",
    )
    assert (found.by, found.detail, found.at) == ("PopCTPRestart", "timeout", EARLIER.timestamp())
    assert tracker.look(later(server, 60, winrm=replace(winrm, read_at=NOW + timedelta(minutes=1)))) == []


def test_a_probe_is_told_when_it_has_ended() -> None:
    server = live(monitor())
    tracker = seen(server)
    running = replace(probe_run(r"POP\PopCTPProbe", phase=ProbePhase.RUNNING), finished_at=None)
    assert tracker.look(later(server, probe_runs=(running,))) == []
    ended = probe_run(r"POP\PopCTPProbe", "Failed")
    assert ended.result is not None
    ended = replace(ended, result=replace(ended.result, sample_value=48.0))
    (found,) = tracker.look(later(server, 60, probe_runs=(ended,)))
    assert (found.kind, found.value, found.number, found.mark) == (Kind.PROBE, "Failed", 48.0, "1")
    assert tracker.look(later(server, 90, probe_runs=(ended,))) == []


def test_everything_is_told_again_after_a_day() -> None:
    server = live(monitor())
    tracker = Tracker()
    first = tracker.look(server)
    again = tracker.look(later(server, AGAIN_SECONDS + 1))
    assert [each.subject for each in again] == [each.subject for each in first]


def test_names_are_cut_and_harmless() -> None:
    (found,) = [
        each
        for each in Tracker().look(live(monitor(name="Pop\x1b]52;c;" + "x" * 5000)))
        if each.kind is Kind.ALERT and each.health_set == "POP.Protocol"
    ]
    assert "\x1b" not in found.what
    assert len(found.what) < TEXT_LIMIT + 60


@given(st.lists(fleets(), max_size=6))
def test_told_values_are_always_those_of_the_last_picture(pictures: list[FleetSnapshot]) -> None:
    tracker = Tracker()
    latest: dict[tuple[str, ...], str] = {}
    for picture in pictures:
        for server in picture.servers.values():
            latest.update((each.subject, each.value) for each in tracker.look(server))
    if pictures:
        for server in pictures[-1].servers.values():
            fresh = Tracker().look(server)
            values = {each.subject: each.value for each in fresh}
            assert all(latest[subject] == value for subject, value in values.items())


def test_a_server_that_was_not_read_yet_has_nothing_to_tell() -> None:
    never = replace(live(monitor()), last_success=None, last_attempt=None, reach=Reach.UNKNOWN)
    assert Tracker().look(never) == []

"""What each event does to the picture, and what it leaves alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from cockpit.exchange.model import MailboxServer, MonitoringProbeResult, Outcome, Service
from cockpit.fleet import events as e
from cockpit.fleet import picture
from cockpit.fleet.snapshot import (
    PROBE_RUNS_KEPT,
    FleetSnapshot,
    HealthSetReading,
    ProbePhase,
    Problem,
    Reach,
    WinRMReading,
)
from tests.fleet.builders import NOW, live, monitor, server

PROBLEM = Problem("refused", "nobody listens", "look")


def organization(*names: str) -> e.OrganizationRead:
    members = tuple(MailboxServer(n, "DAG01", "Unrestricted", False, None) for n in names[:1])
    return e.OrganizationRead(NOW, names[0], tuple(server(n) for n in names), (), members)


def fleet(*names: str) -> FleetSnapshot:
    return picture.take(FleetSnapshot(), organization(*names))


def health(name: str, alert: str = "Healthy", at: object = NOW) -> e.HealthRead:
    readings = (HealthSetReading("POP.Protocol", Outcome.ROWS, NOW),)
    return e.HealthRead(at, name, readings, (monitor(alert=alert),), None, 0.1)  # type: ignore[arg-type]


def test_an_organization_fills_the_picture_in_its_order() -> None:
    made = fleet("EX02", "EX01")
    assert list(made.servers) == ["EX02", "EX01"]
    assert made.servers["EX02"].dag == "DAG01"
    assert made.servers["EX01"].dag == ""
    assert made.status.entry_server == "EX02"


def test_servers_keep_what_is_known_when_the_organization_is_read_again() -> None:
    made = picture.take(fleet("EX01", "EX02"), health("EX01", "Unhealthy"))
    again = picture.take(made, organization("EX01", "EX03"))
    assert again.servers["EX01"].monitors == made.servers["EX01"].monitors
    assert "EX02" not in again.servers


def test_a_failed_read_keeps_the_old_rows_and_says_why() -> None:
    made = picture.take(fleet("EX01"), health("EX01"))
    failed = picture.take(made, e.HealthFailed(NOW, "EX01", PROBLEM)).servers["EX01"]
    assert failed.monitors
    assert failed.problem == PROBLEM
    assert failed.last_success == NOW


def test_a_good_read_clears_the_problem() -> None:
    made = picture.take(fleet("EX01"), e.HealthFailed(NOW, "EX01", PROBLEM))
    assert picture.take(made, health("EX01")).servers["EX01"].problem is None


def test_when_nobody_can_be_asked_every_server_grows_old() -> None:
    made = picture.take(fleet("EX01", "EX02"), health("EX01"))
    lost = picture.take(made, e.EntryFailed(NOW, PROBLEM, retry=True, organization=True))
    assert lost.status.problem == PROBLEM
    aged = picture.aged(lost, NOW + timedelta(minutes=10))
    assert {s.reach for s in aged.servers.values()} == {Reach.UNREACHABLE}
    assert aged.servers["EX01"].monitors


def test_time_alone_makes_a_server_stale() -> None:
    made = picture.aged(picture.take(fleet("EX01"), health("EX01")), NOW)
    assert made.servers["EX01"].reach is Reach.LIVE
    assert picture.aged(made, NOW + timedelta(seconds=200)).servers["EX01"].reach is Reach.STALE
    assert picture.aged(made, NOW) is made


def test_a_slow_round_is_not_called_stale() -> None:
    """A large fleet on few shells is read at its own pace: the pace is learnt from the answers."""
    slow = NOW + timedelta(seconds=100)
    made = picture.take(picture.take(fleet("EX01"), health("EX01")), health("EX01", at=slow))
    assert picture.aged(made, slow + timedelta(seconds=150)).servers["EX01"].reach is Reach.LIVE


def test_a_pace_is_not_learnt_from_an_outage() -> None:
    later = NOW + timedelta(hours=1)
    made = picture.take(fleet("EX01"), health("EX01"))
    made = picture.take(made, e.HealthFailed(NOW, "EX01", PROBLEM))
    made = picture.take(made, health("EX01", at=later))
    assert made.servers["EX01"].poll_interval == made.status.interval


def test_an_event_about_a_server_that_is_gone_changes_nothing() -> None:
    made = fleet("EX01")
    assert picture.take(made, health("EX99")) is made


def test_a_probe_run_from_start_to_end() -> None:
    made = picture.take(fleet("EX01"), e.ProbeStarted(NOW, "r1", "EX01", "POP\\PopCTPProbe"))
    assert made.servers["EX01"].probe_runs[0].phase is ProbePhase.RUNNING
    made = picture.abandoned(made, "r1")
    assert made.servers["EX01"].probe_runs[0].waiting is False
    result = MonitoringProbeResult("EX01", "x", "r", NOW, NOW, "Succeeded")
    made = picture.take(made, e.ProbeEnded(NOW, "r1", "EX01", result, ("w",), None))
    run = made.servers["EX01"].probe_runs[0]
    assert (run.phase, run.result, run.warnings) == (ProbePhase.FINISHED, result, ("w",))


def test_probe_runs_are_bounded_newest_first() -> None:
    made = fleet("EX01")
    for n in range(PROBE_RUNS_KEPT + 5):
        made = picture.take(made, e.ProbeStarted(NOW, f"r{n}", "EX01", "POP\\PopCTPProbe"))
    runs = made.servers["EX01"].probe_runs
    assert len(runs) == PROBE_RUNS_KEPT
    assert runs[0].id == f"r{PROBE_RUNS_KEPT + 4}"


def test_a_failed_look_at_winrm_keeps_the_last_good_one() -> None:
    good = WinRMReading(NOW, (Service("MSExchangePop3", "", "Running", "Automatic"),), NOW, ())
    made = picture.take(fleet("EX01"), e.WinRMRead("EX01", good))
    made = picture.take(made, e.WinRMRead("EX01", WinRMReading(problem=PROBLEM)))
    assert made.servers["EX01"].winrm == replace(good, problem=PROBLEM)


def test_a_new_poll_rate_changes_what_counts_as_old() -> None:
    made = picture.with_interval(FleetSnapshot(servers={"EX01": live()}), 5.0)
    assert made.servers["EX01"].poll_interval == made.status.interval == 5.0

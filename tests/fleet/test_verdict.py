"""The page's first section: is the fault real?"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from cockpit.exchange.model import AlertValue, MonitorHealthEntry, Outcome, ResultType
from cockpit.fleet.snapshot import ProbePhase, ProbeRun, Problem, Reach, ServerSnapshot
from cockpit.fleet.verdict import Verdict, judge, judge_health_set
from tests.fleet.builders import ALL_SETS, NOW, live, monitor, probe_run, reading, server

SELF_TEST = "POP.Protocol\\PopSelfTestProbe"
SICK = monitor(alert=AlertValue.UNHEALTHY, changed=NOW)


def verdict_with(*runs: ProbeRun, entry: MonitorHealthEntry = SICK) -> Verdict:
    snapshot = replace(live(SICK), probe_runs=runs)
    return judge(snapshot, entry).verdict


def test_unhealthy_and_not_re_run_is_to_be_verified() -> None:
    assert verdict_with() is Verdict.VERIFY


def test_a_probe_that_succeeds_now_means_transient() -> None:
    assert verdict_with(probe_run(SELF_TEST, ResultType.SUCCEEDED)) is Verdict.TRANSIENT


@pytest.mark.parametrize("result", [ResultType.FAILED, ResultType.TIMED_OUT, "Melting", ""])
def test_any_other_result_means_real(result: str) -> None:
    assert verdict_with(probe_run(SELF_TEST, result)) is Verdict.REAL


def test_no_result_is_not_runnable_never_a_failure() -> None:
    run = probe_run(SELF_TEST, warnings=("could not find the probe",))
    assert verdict_with(run) is Verdict.NOT_RUNNABLE


def test_a_run_that_could_not_be_made_proves_nothing() -> None:
    run = replace(probe_run(SELF_TEST, phase=ProbePhase.FAILED), problem=Problem("refused", cure="look"))
    assert verdict_with(run) is Verdict.UNKNOWN


def test_a_running_probe_is_said_to_run() -> None:
    assert verdict_with(probe_run(SELF_TEST, phase=ProbePhase.RUNNING)) is Verdict.RUNNING


def test_a_run_from_before_the_alert_does_not_count() -> None:
    old = probe_run(SELF_TEST, ResultType.SUCCEEDED, ended=NOW - timedelta(minutes=1))
    assert verdict_with(old) is Verdict.VERIFY


def test_another_probes_run_does_not_count() -> None:
    assert verdict_with(probe_run("POP\\PopCTPProbe", ResultType.SUCCEEDED)) is Verdict.VERIFY


def test_success_on_one_database_says_nothing_of_the_others() -> None:
    deep = monitor("PopDeepTestMonitor", AlertValue.UNHEALTHY, changed=NOW)
    run = probe_run("POP.Protocol\\PopDeepTestProbe\\DB01", ResultType.SUCCEEDED)
    assert verdict_with(run, entry=deep) is Verdict.VERIFY


def test_a_failure_on_one_database_counts_for_its_monitor() -> None:
    deep = monitor("PopDeepTestMonitor", AlertValue.UNHEALTHY, changed=NOW)
    run = probe_run("POP.Protocol\\PopDeepTestProbe\\DB01", ResultType.FAILED)
    assert verdict_with(run, entry=deep) is Verdict.REAL


def test_the_average_time_monitor_has_no_probe() -> None:
    slow = monitor("AverageCommandProcessingTimeGt60sMonitor", AlertValue.UNHEALTHY, "POP")
    assert verdict_with(entry=slow) is Verdict.NOT_RUNNABLE


def test_stale_and_unknown_rows_prove_nothing() -> None:
    assert verdict_with(entry=monitor(stale=True)) is Verdict.UNKNOWN
    assert verdict_with(entry=monitor(alert="Unknown")) is Verdict.UNKNOWN


def test_a_server_out_of_reach_is_unknown_whatever_its_last_row_said() -> None:
    gone = replace(live(SICK), reach=Reach.UNREACHABLE)
    assert judge(gone, SICK).verdict is Verdict.UNKNOWN


def test_an_old_healthy_row_is_not_called_healthy() -> None:
    old = replace(live(), reach=Reach.STALE)
    assert judge(old, monitor()).verdict is Verdict.UNKNOWN
    assert judge_health_set(replace(old, monitors=()), "POP").verdict is Verdict.UNKNOWN


def test_a_disabled_monitor_is_not_called_healthy() -> None:
    assert verdict_with(entry=monitor(alert=AlertValue.DISABLED)) is Verdict.NOT_MONITORED


def test_not_monitored_and_silent_are_two_things() -> None:
    quiet = ServerSnapshot(
        server(), reach=Reach.LIVE, readings=tuple(reading(s, Outcome.EMPTY) for s in ALL_SETS)
    )
    assert judge_health_set(quiet, "POP").verdict is Verdict.NOT_MONITORED
    down = replace(quiet, readings=tuple(reading(s, Outcome.EMPTY_WITH_WARNING, "w") for s in ALL_SETS))
    assert judge_health_set(down, "POP").verdict is Verdict.UNKNOWN


def test_every_judgement_says_why_and_what_next() -> None:
    for entry in (SICK, monitor(), monitor(stale=True), monitor(alert="Unknown")):
        found = judge(live(entry), entry)
        assert found.why
        assert found.next

"""The ring of probe latencies."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from cockpit.fleet.latency import KEPT, Latencies, Latency
from cockpit.fleet.snapshot import ProbeRun, ServerSnapshot
from tests.fleet.builders import NOW, live, probe_run

PROBE = r"POP\PopCTPProbe"


def run(number: int, ms: float = 40.0, result: str = "Succeeded", identity: str = PROBE) -> ProbeRun:
    made = probe_run(identity, result, ended=NOW + timedelta(minutes=number))
    assert made.result is not None
    return replace(made, id=str(number), result=replace(made.result, sample_value=ms))


def with_runs(*runs: ProbeRun) -> ServerSnapshot:
    return replace(live(), probe_runs=runs)


def test_each_result_is_taken_once_in_its_order() -> None:
    ring = Latencies()
    ring.saw([with_runs(run(2, 50.0, "Failed"), run(1))])
    ring.saw([with_runs(run(3, 60.0), run(2, 50.0, "Failed"), run(1))])
    found = ring.of("ex01", PROBE.upper())
    assert [(each.ms, each.succeeded) for each in found] == [(40.0, True), (50.0, False), (60.0, True)]


def test_a_target_belongs_to_its_probe_and_what_took_no_time_is_left_out() -> None:
    ring = Latencies()
    ring.saw([with_runs(run(2, 0.0), run(1, 70.0, identity=PROBE + r"\DB01"))])
    assert [each.ms for each in ring.of("EX01", PROBE)] == [70.0]


def test_the_ring_is_bounded() -> None:
    ring = Latencies()
    for number in range(KEPT * 2):
        ring.saw([with_runs(run(number, float(number + 1)))])
    assert [each.ms for each in ring.of("EX01", PROBE)] == [float(n) for n in range(KEPT + 1, KEPT * 2 + 1)]


def test_what_is_remembered_stands_before_what_was_seen() -> None:
    ring = Latencies()
    ring.saw([with_runs(run(5))])
    old = [Latency(NOW.timestamp() + 60.0 * n, float(n), True) for n in range(1, 9)]
    ring.remembered("EX01", PROBE, old)
    assert [each.ms for each in ring.of("EX01", PROBE)] == [1.0, 2.0, 3.0, 4.0, 40.0]
    ring.remembered("EX02", PROBE, old)
    assert len(ring.of("EX02", PROBE)) == 8

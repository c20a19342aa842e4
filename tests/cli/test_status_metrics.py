"""``status --textfile``: read by the parser of Prometheus' own library, and held to promtool's rules."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from cockpit.commands import status_metrics
from cockpit.commands.status_shown import Asked
from cockpit.config.environment import ConfigError, Environment
from cockpit.exchange.model import AlertValue
from cockpit.fleet.snapshot import CollectorStatus, FleetSnapshot, Problem, Reach, ServerSnapshot
from tests.fleet.builders import NOW, live, monitor, server

SILENT = Problem("no entry server answers")


def asked(name: str = "prod") -> Asked:
    return Asked(Environment(name=name, entry_servers=("ex01",)), None, "table", False)


def fleet(*servers: ServerSnapshot, problem: Problem | None = None, read: bool = True) -> FleetSnapshot:
    status = CollectorStatus(organization_read_at=NOW if read else None, problem=problem)
    return FleetSnapshot(1, status, servers={s.name: s for s in servers})


def content(picture: FleetSnapshot, environment: str = "prod") -> str:
    one = asked(environment)
    return status_metrics.text(picture, one, one.code(picture), NOW + timedelta(seconds=7))


def families(text: str) -> dict[str, Metric]:
    """As Prometheus' client library reads it; held to what promtool and node_exporter want of a file."""
    found = list(text_string_to_metric_families(text))
    assert text.endswith("\n")
    assert "\n\n" not in text
    assert len({family.name for family in found}) == len(found), "each family in one piece"
    seen: set[tuple[str, frozenset[tuple[str, str]]]] = set()
    for family in found:
        assert re.fullmatch(r"pop_cockpit(_[a-z]+)+", family.name)
        assert family.type == "gauge"
        assert family.documentation.endswith(".")
        assert not re.search(r"_(total|count|sum|bucket|gauge|milliseconds)$", family.name)
        for sample in family.samples:
            assert sample.name == family.name
            assert sample.timestamp is None, "node_exporter refuses a file with times of its own"
            assert "environment" in sample.labels
            assert all(re.fullmatch(r"[a-z_]+", label) for label in sample.labels)
            key = (sample.name, frozenset(sample.labels.items()))
            assert key not in seen, "node_exporter refuses a file with a series twice"
            seen.add(key)
    return {family.name.removeprefix("pop_cockpit_"): family for family in found}


def value(found: dict[str, Metric], name: str, **labels: str) -> float:
    (sample,) = (s for s in found[name].samples if labels.items() <= s.labels.items())
    return float(sample.value)


def states(found: dict[str, Metric], name: str) -> set[tuple[str, str]]:
    return {(s.labels["server"], s.labels["state"]) for s in found[name].samples if s.value == 1}


def test_what_is_in_it() -> None:
    ill = live(monitor("PopCTPMonitor", AlertValue.UNHEALTHY, "POP"), name="EX01")
    found = families(content(fleet(ill, live(name="EX02"))))
    assert value(found, "organization_up") == 1
    assert value(found, "exit_code") == 2
    assert value(found, "servers", state="Unhealthy") == value(found, "servers", state="Healthy") == 1
    assert value(found, "servers", state="unreachable") == 0
    assert value(found, "server_code", server="EX01", site="North", dag="") == 2
    assert value(found, "server_code", server="EX02") == 0
    assert states(found, "server_state") == {("EX01", "Unhealthy"), ("EX02", "Healthy")}
    assert value(found, "health_set_code", server="EX01", health_set="POP") == 2
    assert value(found, "health_set_code", server="EX01", health_set="POP.Proxy") == 0
    assert value(found, "monitor_code", server="EX01", monitor="PopCTPMonitor", target="") == 2
    assert value(found, "server_last_success_timestamp_seconds", server="EX01") == NOW.timestamp()
    assert value(found, "organization_read_timestamp_seconds") == NOW.timestamp()
    assert value(found, "written_timestamp_seconds") == NOW.timestamp() + 7
    assert value(found, "build_info") == 1


def test_of_a_server_that_is_not_heard_nothing_is_healthy() -> None:
    for reach in (Reach.UNREACHABLE, Reach.STALE, Reach.NOT_GRANTED):
        found = families(content(fleet(replace(live(name="EX01"), reach=reach))))
        for name in ("server", "health_set", "monitor"):
            assert all(s.value != 0 for s in found[f"{name}_code"].samples), name
            assert "Healthy" not in {s.labels["state"] for s in found[f"{name}_state"].samples}
        assert value(found, "servers", state="Healthy") == 0


def test_no_data_is_never_healthy() -> None:
    found = families(content(fleet(ServerSnapshot(server("EX01")))))
    assert value(found, "server_code") == value(found, "exit_code") == 3
    assert {s.value for s in found["health_set_code"].samples} == {3}
    assert "monitor_code" not in found
    assert "server_last_success_timestamp_seconds" not in found
    nobody = families(content(fleet(problem=SILENT, read=False)))
    assert value(nobody, "organization_up") == 0
    assert value(nobody, "exit_code") == 3
    assert "server_code" not in nobody
    assert "organization_read_timestamp_seconds" not in nobody


def test_two_rows_of_one_monitor_are_one_series_and_no_better_one() -> None:
    twice = live(monitor("M", "Healthy", "POP"), monitor("M", "Unhealthy", "POP"), name="EX01")
    for one in (twice, replace(twice, monitors=twice.monitors[::-1])):
        assert value(families(content(fleet(one))), "monitor_code", monitor="M") == 2


HOSTILE = st.text() | st.text('\\"\n{},= #\x85\u2028é')


@given(HOSTILE.filter(bool), HOSTILE, HOSTILE)
@settings(max_examples=80, deadline=None)
def test_names_stay_what_they_are_whatever_they_are(name: str, target: str, environment: str) -> None:
    one = live(replace(monitor("M", "Unhealthy", "POP"), target_resource=target), name=name)
    found = families(content(fleet(one), environment))
    assert value(found, "server_code", server=name, environment=environment) == 2
    assert value(found, "monitor_code", server=name, monitor="M", target=target) == 2


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


@pytest.mark.parametrize("mask", [0o000, 0o077])
def test_it_takes_the_others_place_at_once_and_can_be_read_by_all(tmp_path: Path, mask: int) -> None:
    path = tmp_path / "pop.prom"
    path.write_text("old")
    with path.open() as reader, umask(mask):
        status_metrics.write(path, "new\n")
        assert reader.read() == "old", "who has it open reads all of the old one"
    assert path.read_text() == "new\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert list(tmp_path.iterdir()) == [path]


def test_where_it_cannot_be_written_nothing_is_left_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "pop.prom"
    path.mkdir()
    (path / "in the way").touch()
    with pytest.raises(ConfigError, match=r"--textfile .*pop.prom: cannot be written: .*\. Mend that\."):
        status_metrics.write_or_refuse(path, "new")
    assert list(tmp_path.iterdir()) == [path]


def test_what_can_be_seen_to_be_wrong_is_refused_before_anybody_is_asked(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"is a folder\. Name a file in it, such as .*/pop\.prom\."):
        status_metrics.refuse(tmp_path)
    with pytest.raises(ConfigError, match=r"there is no folder .*nowhere\. Make it first\."):
        status_metrics.refuse(tmp_path / "nowhere" / "pop.prom")
    status_metrics.refuse(tmp_path / "pop.prom")


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_to_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(ConfigError, match=r"may not be written to\. Choose another folder\."):
        status_metrics.refuse(tmp_path / "pop.prom")

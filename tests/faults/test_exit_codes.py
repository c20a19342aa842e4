"""``status`` against the lab's own truth: healthy is 0, and whatever is not known is never healthy."""

from __future__ import annotations

import csv
import io
import json
import signal
import time
from typing import Any

import pytest

from tests.faults.conftest import OpenLab
from tests.support.processes import LabProcess


def _status(served: LabProcess, *more: str) -> tuple[int, dict[str, Any]]:
    answer = served.run("status", "--format", "json", *more)
    report: dict[str, Any] = json.loads(answer.out)
    assert report["exit_code"] == answer.code
    return answer.code, report


def _said(report: dict[str, Any]) -> dict[tuple[str, str, str], str]:
    return {
        (server["name"], monitor["name"], monitor["target_resource"]): monitor["alert_value"]
        for server in report["servers"]
        for health_set in server["health_sets"]
        for monitor in health_set["monitors"]
    }


def _true(served: LabProcess) -> dict[tuple[str, str, str], str]:
    return {
        (server, monitor["name"], monitor["target"]): monitor["alert"]
        for server, about in served.state()["servers"].items()
        for monitor in about["monitors"]
    }


def test_healthy(open_lab: OpenLab) -> None:
    served = open_lab("healthy")
    code, report = _status(served)
    assert code == 0
    assert _said(report) == _true(served)
    assert {server["state"] for server in report["servers"]} == {"Healthy"}


def test_selftest_hung(open_lab: OpenLab) -> None:
    served = open_lab("selftest-hung")
    code, report = _status(served)
    assert code == 2
    assert _said(report) == _true(served)
    bad = [key for key, alert in _said(report).items() if alert == "Unhealthy"]
    assert [monitor for _, monitor, _ in bad] == ["PopSelfTestMonitor"]
    (fault,) = served.state()["faults"]
    assert [server for server, _, _ in bad] == [fault["server"]]


def test_only_one_server(open_lab: OpenLab) -> None:
    served = open_lab("selftest-hung")
    (fault,) = served.state()["faults"]
    well = next(name for name in served.state()["servers"] if name != fault["server"])
    assert _status(served, "--server", well)[0] == 0
    code, report = _status(served, "--server", fault["server"].lower())
    assert code == 2
    assert [server["name"] for server in report["servers"]] == [fault["server"]]
    nobody = served.run("status", "--server", "EX99-99")
    assert nobody.code == 64
    assert "EX99-99" in nobody.err
    assert "no such server" in nobody.err


def test_health_manager_down(open_lab: OpenLab) -> None:
    served = open_lab("healthmanager-down")
    answer = served.run("status", "--format", "json")
    report = json.loads(answer.out)
    assert answer.code == 3
    assert {server["state"] for server in report["servers"]} == {"Unknown"}
    assert {server["reach"] for server in report["servers"]} == {"live"}
    for name in served.state()["servers"]:
        assert f"'{name}' did not answer" in answer.err


def test_not_monitored(open_lab: OpenLab) -> None:
    served = open_lab("not-monitored")
    code, report = _status(served)
    assert code == 3
    assert {server["state"] for server in report["servers"]} == {"not monitored"}
    sets = [s for server in report["servers"] for s in server["health_sets"]]
    assert {s["outcome"] for s in sets} == {"empty"}
    for form in ("table", "csv"):
        answer = served.run("status", "--format", form)
        assert answer.code == 3
        assert "not monitored" in answer.out
        assert answer.err == "", "there is no warning to pass on"


def test_mixed(open_lab: OpenLab) -> None:
    """Whatever is wrong together, each row says what the lab says."""
    served = open_lab("mixed")
    code, report = _status(served)
    assert code == 2
    said, true = _said(report), _true(served)
    assert said == true
    assert len(set(said.values())) > 1


def test_forms_agree(open_lab: OpenLab) -> None:
    """Through a pipe a row of the table is one line with every word in it, as in CSV."""
    served = open_lab("selftest-hung")
    rows = list(csv.DictReader(io.StringIO(served.run("status", "--format", "csv").out)))
    assert {(r["server"], r["monitor"], r["target"]): r["alert_value"] for r in rows} == _true(served)
    table = served.run("status").out
    assert "\x1b" not in table
    lines = table.splitlines()
    assert len(lines) == len(rows) + 1
    for row, line in zip(rows, lines[1:], strict=True):
        for column in ("server", "health_set", "monitor", "target", "alert_value", "state"):
            assert row[column] in line.split() or not row[column], (column, line)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_lab_killed(open_lab: OpenLab, number: int) -> None:
    """Nobody to ask: 3, quickly, and why."""
    served = open_lab()
    served.process.send_signal(number)
    served.process.wait(10)
    for form in ("table", "json", "csv"):
        began = time.monotonic()
        answer = served.run("status", "--format", form)
        assert time.monotonic() - began < 8.0
        assert answer.code == 3
        assert answer.err.strip()
        assert "Traceback" not in answer.err
        assert "crash" not in answer.err.lower()
    report = json.loads(served.run("status", "--format", "json").out)
    assert report["problem"]
    assert report["exit_code"] == 3


def test_ledger_of_a_killed_lab(open_lab: OpenLab) -> None:
    served = open_lab()
    assert served.run("lab", "ledger", "--format", "json").code == 0
    served.process.kill()
    served.process.wait(10)
    answer = served.run("lab", "ledger", "--format", "json")
    assert answer.code == 3
    assert "does not answer" in answer.err
    assert answer.err.count("\n") == 1

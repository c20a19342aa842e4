"""``status --format jsonl`` as plain data: what is a change, and that the lines tell the whole picture."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cockpit.commands import report
from cockpit.commands.status_lines import SCHEMA, Lines, write_line
from cockpit.commands.status_shown import Asked, PerServer
from cockpit.config.environment import Environment
from cockpit.exchange.model import AlertValue
from cockpit.fleet.snapshot import CollectorStatus, FleetSnapshot, Problem, Reach, ServerSnapshot
from tests.fleet.builders import NOW, live, monitor, server

ASKED = Asked(Environment(name="prod", entry_servers=("ex01",)), None, "jsonl", False)
SILENT = Problem("no entry server answers", "connection refused")


def fleet(*servers: ServerSnapshot, problem: Problem | None = None) -> FleetSnapshot:
    status = CollectorStatus(interval=30, organization_read_at=NOW, problem=problem)
    return FleetSnapshot(1, status, servers={s.name: s for s in servers})


class Reader:
    """Reads the lines of a watch, and keeps what a program would know from them alone."""

    def __init__(self, capsys: pytest.CaptureFixture[str], heartbeat: float | None = 30.0) -> None:
        self._capsys = capsys
        self._lines = Lines(ASKED, heartbeat)
        self.known: dict[tuple[str | None, ...], str] = {}

    def show(self, picture: FleetSnapshot, *, beat: bool = False) -> list[dict[str, Any]]:
        self._lines.show(picture, NOW, ASKED.code(picture), beat=beat)
        found = [json.loads(line) for line in self._capsys.readouterr().out.splitlines()]
        for line in found:
            assert line["schema"] == SCHEMA
            assert line["environment"] == "prod"
            assert line["at"] == "2026-03-01T03:00:00Z"
            self._take(line)
        return found

    def _take(self, line: dict[str, Any]) -> None:
        if line["event"] == "server":
            self.known.update(states_of(line["server"]))
        elif line["event"] == "change" and line["kind"] != "organization":
            key = (line["server"], line["health_set"], line["monitor"], line["target"])
            assert self.known.get(key) == line["before"], "from what was told before"
            if line["after"] is None:
                del self.known[key]
            else:
                self.known[key] = line["after"]


def states_of(found: dict[str, Any]) -> dict[tuple[str | None, ...], str]:
    """Every state of a server of the report, by what it is of; of two for the same the first line's."""
    states: dict[tuple[str | None, ...], str] = {(found["name"], None, None, None): found["state"]}
    for health_set in found["health_sets"]:
        states[(found["name"], health_set["name"], None, None)] = health_set["state"]
        for row in health_set["monitors"]:
            key = (found["name"], health_set["name"], row["name"], row["target_resource"] or None)
            states[key] = row["state"]
    return states


def sick(name: str = "EX01", alert: str = AlertValue.UNHEALTHY, **more: Any) -> ServerSnapshot:
    return live(monitor("PopCTPMonitor", alert, "POP", **more), name=name)


def test_first_the_whole_picture_then_a_heartbeat(capsys: pytest.CaptureFixture[str]) -> None:
    reader = Reader(capsys)
    picture = fleet(sick(), live(name="EX02"))
    start, one, two, beat = reader.show(picture)
    assert (start["event"], start["poll_interval"], start["heartbeat"]) == ("start", 30.0, 30.0)
    whole = report.as_dict(picture, frozenset(), "prod", 2)
    assert [one["server"], two["server"]] == whole["servers"], "as --format json has them"
    assert beat["event"] == "heartbeat"
    assert beat["complete"]
    assert beat["exit_code"] == 2
    assert beat["servers"] == {"Unhealthy": 1, "Healthy": 1}
    assert beat["oldest_answer"] == "2026-03-01T03:00:00Z"
    assert reader.show(picture) == []


def test_a_change_is_a_line_for_each_thing_that_changed(capsys: pytest.CaptureFixture[str]) -> None:
    reader = Reader(capsys)
    reader.show(fleet(sick(alert=AlertValue.HEALTHY), live(name="EX02")))
    lines = reader.show(fleet(sick(changed=NOW), live(name="EX02")))
    assert [(x["kind"], x["before"], x["after"], x["worse"]) for x in lines] == [
        ("server", "Healthy", "Unhealthy", True),
        ("health_set", "Healthy", "Unhealthy", True),
        ("monitor", "Healthy", "Unhealthy", True),
    ]
    assert lines[2]["monitor"] == "PopCTPMonitor"
    assert lines[2]["alert_value"] == "Unhealthy"
    assert lines[2]["since"] == "2026-03-01T03:00:00Z"
    again = reader.show(fleet(sick(changed=NOW + timedelta(minutes=5)), live(name="EX02")))
    assert [(x["kind"], x["before"], x["after"], x["worse"]) for x in again] == [
        ("monitor", "Unhealthy", "Unhealthy", False)
    ], "it was well for a moment that nobody has seen"


def test_a_run_alone_is_no_change(capsys: pytest.CaptureFixture[str]) -> None:
    reader = Reader(capsys)
    one = sick()
    reader.show(fleet(one))
    later = tuple(replace(m, last_execution_time=NOW + timedelta(minutes=1)) for m in one.monitors)
    assert reader.show(fleet(replace(one, monitors=later, last_attempt=NOW + timedelta(minutes=1)))) == []


def test_old_health_is_no_health(capsys: pytest.CaptureFixture[str]) -> None:
    reader = Reader(capsys)
    reader.show(fleet(live(name="EX01")))
    gone = replace(live(name="EX01"), reach=Reach.UNREACHABLE, problem=SILENT)
    lines = reader.show(fleet(gone), beat=True)
    assert {x["after"] for x in lines[:-1]} == {"unreachable"}
    assert len(lines) == 1 + 3 + 3 + 1
    assert lines[0]["reason"] == str(SILENT)
    assert lines[-1]["exit_code"] == 3


def test_a_server_that_comes_and_one_that_goes(capsys: pytest.CaptureFixture[str]) -> None:
    reader = Reader(capsys)
    reader.show(fleet(live(name="EX01")))
    lines = reader.show(fleet(live(name="EX02")))
    assert {(x["server"], x["before"], x["after"]) for x in lines} == {
        ("EX01", "Healthy", None),
        ("EX02", None, "Healthy"),
    }
    assert not any(x["worse"] for x in lines)


def test_an_organization_that_cannot_be_read_is_a_change_of_its_own(
    capsys: pytest.CaptureFixture[str],
) -> None:
    reader = Reader(capsys)
    reader.show(fleet(live(name="EX01")))
    (line,) = reader.show(fleet(live(name="EX01"), problem=SILENT))
    assert (line["kind"], line["server"], line["before"], line["after"], line["worse"]) == (
        *("organization", None, "readable", "unreachable"),
        True,
    )
    assert line["reason"] == str(SILENT)
    (line,) = reader.show(fleet(live(name="EX01")))
    assert (line["after"], line["worse"]) == ("readable", False)
    denied = replace(SILENT, denied=True)
    assert reader.show(fleet(live(name="EX01"), problem=denied))[0]["after"] == "not granted"


def test_until_all_were_asked_there_is_only_a_heartbeat(capsys: pytest.CaptureFixture[str]) -> None:
    reader = Reader(capsys)
    waiting = fleet(live(name="EX01"), ServerSnapshot(server("EX02")))
    (start,) = reader.show(waiting)
    assert start["event"] == "start"
    (beat,) = reader.show(waiting, beat=True)
    assert not beat["complete"]
    assert beat["exit_code"] == 3
    assert beat["oldest_answer"] is None
    assert [x["event"] for x in reader.show(fleet(live(name="EX01"), live(name="EX02")))] == [
        *("server", "server", "heartbeat")
    ]


def test_one_that_ends_at_once_shows_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    lines = Reader(capsys, None).show(fleet(live(name="EX01"), ServerSnapshot(server("EX02"))), beat=True)
    assert [x["event"] for x in lines] == ["start", "server", "server", "heartbeat"]
    assert lines[0]["heartbeat"] is None
    assert not lines[-1]["complete"]


SERVERS = st.builds(
    lambda name, alerts, reach: replace(
        live(
            *(monitor(f"M{n % 3}", alert, ("POP", "POP.Protocol")[n % 2]) for n, alert in enumerate(alerts)),
            name=name,
        ),
        reach=reach,
    ),
    st.sampled_from(["EX01", "EX02", "EX03"]),
    st.lists(st.sampled_from(["Healthy", "Unhealthy", "Degraded", "Melting"]), max_size=4),
    st.sampled_from([Reach.LIVE, Reach.STALE, Reach.UNREACHABLE]),
)
PICTURES = st.lists(st.lists(SERVERS, max_size=3).map(lambda found: fleet(*found)), min_size=1, max_size=6)


@given(PICTURES)
@settings(max_examples=60, deadline=None)
def test_whoever_reads_the_lines_knows_the_whole_picture(pictures: list[FleetSnapshot]) -> None:
    """At every moment, from the lines alone, what ``--format json`` would say."""
    with pytest.MonkeyPatch.context() as patch:
        lines: list[str] = []
        patch.setattr("cockpit.commands.status_lines.write_line", lines.append)
        watch, reader = Lines(ASKED, 30.0), Reader.__new__(Reader)
        reader.known = {}
        for picture in pictures:
            watch.show(picture, NOW, 0, beat=False)
            for line in lines:
                reader._take(json.loads(line))
            lines.clear()
            found = report.as_dict(picture, frozenset(), "prod", 0)
            wanted = {key: word for one in found["servers"] for key, word in states_of(one).items()}
            assert reader.known == wanted


def test_a_line_is_one_line_whatever_is_in_it(capsys: pytest.CaptureFixture[str]) -> None:
    reader = Reader(capsys)
    name = 'EX\\x1b]0;owned\u2028"\n'
    reader.show(fleet(live(name=name)))
    lines = reader.show(fleet(sick(name=name)))
    assert {x["server"] for x in lines} == {name}
    write_line(json.dumps({"a": "b\nc"}))
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_what_is_made_of_a_server_is_made_again_only_where_its_picture_is_another() -> None:
    made: list[str] = []

    def make(one: ServerSnapshot) -> str:
        made.append(one.name)
        return one.name

    kept = PerServer(make)
    first, second = live(name="EX01"), live(name="EX02")
    assert kept.of([first, second]) == ["EX01", "EX02"]
    assert kept.of([second, replace(first, poll_interval=1.0)]) == ["EX02", "EX01"]
    assert kept.of([second]) == ["EX02"]
    assert kept.of([first, second]) == ["EX01", "EX02"]
    assert made == ["EX01", "EX02", "EX01", "EX01"]

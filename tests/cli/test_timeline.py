"""``timeline``: what it prints of a real journal, in each form; its exit codes."""

from __future__ import annotations

import csv
import io
import json
import time
from pathlib import Path

import pytest

from cockpit import cli
from cockpit.commands.plain import iso
from cockpit.commands.timeline import KINDS
from cockpit.config import environment as config
from cockpit.config.environment import Environment
from cockpit.fleet.sightings import Kind, Sighting
from cockpit.fleet.watching import Span
from cockpit.journal.timeline_records import Deed
from cockpit.recovery.opening import open_timeline_of

Capture = pytest.CaptureFixture[str]
HOUR = 3600.0


@pytest.fixture
def now(env_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> float:
    """A night: watched until two hours ago, and again for a quarter of an hour; EX01 fell ill."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    now = time.time()
    sick = Sighting(
        Kind.ALERT, "EX01", "POP", "PopCTPMonitor", "POP", "Healthy", now - 20 * HOUR, now - 4 * HOUR, True
    )
    ill = now - 3 * HOUR
    timeline = open_timeline_of(config.choose(env_file, None))
    timeline.write(
        [
            sick,
            Sighting(
                Kind.ALERT, "EX01", "POP", "PopCTPMonitor", "POP", "Unhealthy", ill, ill + 9,
                detail="=cmd|calc",
            ),
            Sighting(
                Kind.ACTION, "EX01", "", "RestartService", "MSExchangePop3", "Succeeded", ill + 60, ill + 300,
                by="PopCTPRestart",
            ),
            Sighting(
                Kind.PROBE, "EX02", "", "POP\\PopCTPProbe", "", "Failed", None, now - 600,
                number=48.5, mark="1",
            ),
        ]
    )  # fmt: skip
    timeline.watched(Span(now - 4 * HOUR, now - 2 * HOUR))
    timeline.watched(Span(now - HOUR / 4, now), ended=True)
    timeline.close()
    return now


def call(env_file: Path, *arguments: str) -> int:
    return cli.main(["--env-file", str(env_file), "timeline", *arguments])


def test_the_table_is_newest_first_with_the_gap_in_its_place(
    env_file: Path, now: float, capsys: Capture
) -> None:
    assert call(env_file, "--since", "210m") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["time", "server", "kind", "what", "change", "by", "detail"]
    kinds = [line[22:].split()[0 if line[22:24].strip() == "" else 1] for line in lines[1:]]
    assert kinds == ["probe", "unwatched", "action", "alert"]
    probe, gap, action, alert = lines[1:]
    assert "Failed 48.5 ms" in probe
    assert f"until {iso(now - HOUR / 4)}" in gap
    assert gap.startswith(str(iso(now - 2 * HOUR)))
    assert "RestartService MSExchangePop3" in action
    assert "Managed Availability (PopCTPRestart)" in action
    assert "Healthy -> Unhealthy" in alert


def test_json_tells_watching_from_nobody_watching(env_file: Path, now: float, capsys: Capture) -> None:
    assert call(env_file, "--since", "5h", "--format", "json", "--server", "EX01") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["environment"] == "lab"
    assert [each["kind"] for each in told["entries"]] == ["unwatched", "action", "alert", "unwatched"]
    alert = told["entries"][2]
    assert (alert["former"], alert["value"], alert["server_time"]) == ("Healthy", "Unhealthy", True)
    assert alert["at"] == iso(now - 3 * HOUR)
    assert alert["seen_at"] == iso(now - 3 * HOUR + 9)
    assert [set(span) for span in told["watched"]] == [{"since", "until"}] * 2
    assert len(told["unwatched"]) == 2


def test_csv_has_every_field_and_starts_no_formula(env_file: Path, now: float, capsys: Capture) -> None:
    assert call(env_file, "--format", "csv") == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    alert = next(row for row in rows if row["kind"] == "alert")
    assert alert["detail"] == "'=cmd|calc"
    probe = next(row for row in rows if row["kind"] == "probe")
    assert (probe["milliseconds"], probe["value"]) == ("48.5", "Failed")
    assert probe["by"]


def test_what_is_left_out_is_said(env_file: Path, now: float, capsys: Capture) -> None:
    assert call(env_file, "-n", "1", "--format", "json") == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["cut"] is True
    assert "Only the newest 1 entries" in captured.err


def test_nothing_at_all_is_one_gap(env_file: Path, now: float, capsys: Capture) -> None:
    assert call(env_file, "--since", "2m", "--server", "EX09", "--format", "json") == 0
    assert json.loads(capsys.readouterr().out)["entries"] == []
    assert call(env_file, "--since", "2000-01-01", "--server", "EX09", "--format", "json") == 0
    kinds = [each["kind"] for each in json.loads(capsys.readouterr().out)["entries"]]
    assert kinds == ["unwatched", "unwatched"]


def test_a_journal_that_cannot_be_opened_is_3(
    env_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    state = tmp_path / "state" / "pop-cockpit" / "journal"
    state.mkdir(parents=True)
    (state / "journal.sqlite").write_bytes(b"this is no database" * 100)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    assert call(env_file) == 3
    assert "journal" in capsys.readouterr().err


@pytest.mark.parametrize("wrong", [("--since", "soon"), ("-n", "0"), ("-n", "x"), ("--format", "xml")])
def test_a_wrong_option_is_64(env_file: Path, wrong: tuple[str, str]) -> None:
    with pytest.raises(SystemExit) as ended:
        call(env_file, *wrong)
    assert ended.value.code == 64


def test_an_age_beyond_time_is_64(env_file: Path, capsys: Capture) -> None:
    assert call(env_file, "--since", "99999w") == 64
    assert "timeline: a time must be" in capsys.readouterr().err


@pytest.mark.parametrize(("arguments", "wanted"), [((), False), (("pulse",), True)])
def test_pulse_opens_the_cockpit_on_that_page(
    env_file: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], wanted: bool
) -> None:
    opened: list[tuple[str, object]] = []

    def run(environment: Environment, **more: object) -> int:
        opened.append((environment.name, more["pulse"]))
        return 7

    monkeypatch.setattr("cockpit.commands.screen.run", run)
    assert cli.main(["--env-file", str(env_file), *arguments]) == 7
    assert opened == [("lab", wanted)]


def test_every_kind_has_a_word_for_people() -> None:
    assert {*KINDS} == {str(kind) for kind in (*Kind, *Deed)}

"""``replay``, ``rehearse`` and ``--record`` on the command line: what is refused, and what is on stdout."""

from __future__ import annotations

import json
import signal
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

from cockpit import cli
from cockpit.commands.parsing import USAGE
from cockpit.fleet.recording_reader import open_recording
from cockpit.fleet.recording_writer import Recorder
from cockpit.fleet.snapshot import FleetSnapshot
from tests.fleet.builders import NOW, live, monitor
from tests.support.processes import COCKPIT, ROOT, lab
from tests.support.waiting import eventually

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    times = iter([NOW, NOW, NOW + timedelta(minutes=5)])
    recorder = Recorder(tmp_path / "F", "corp", now=lambda: next(times))
    recorder.take(FleetSnapshot(1, servers={"EX01": live()}))
    sick = live(monitor("PopSelfTestMonitor", "Unhealthy"))
    recorder.take(FleetSnapshot(2, servers={"EX01": sick}))
    recorder.close()
    return tmp_path / "F"


def refused(capsys: Capture, *arguments: str | Path) -> str:
    assert cli.main([*map(str, arguments)]) == USAGE
    out, err = capsys.readouterr()
    assert out == ""
    assert "Traceback" not in err
    return err


def test_a_file_that_is_no_recording_is_named(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    assert "no recording" in refused(capsys, "rehearse", tmp_path / "notes.txt", "--list")
    assert "No such file" in refused(capsys, "rehearse", tmp_path / "gone", "--list")
    assert str(tmp_path / "gone") in refused(capsys, "rehearse", tmp_path / "gone", "--list")


def test_without_a_terminal_neither_is_opened(file: Path, capsys: Capture) -> None:
    for command in ("replay", "rehearse"):
        assert "not a terminal" in refused(capsys, command, file)


def test_a_time_that_is_not_in_it_is_refused_with_those_that_are(file: Path, capsys: Capture) -> None:
    for at in ("2026-03-01T02:59", "2026-03-01T05:00", "6m", "9999999999d"):
        assert "from 2026-03-01T03:00:00Z to 2026-03-01T03:05:00Z" in refused(
            capsys, "rehearse", file, "--list", "--at", at
        )


def test_what_is_made_up_depends_on_the_moment(file: Path, capsys: Capture) -> None:
    assert cli.main(["rehearse", str(file), "--list"]) == 0
    late = capsys.readouterr().out
    assert cli.main(["rehearse", str(file), "--list", "--at", "2026-03-01T03:02Z"]) == 0
    early = capsys.readouterr().out
    assert "why PopSelfTestMonitor was not healthy on EX01" in late
    assert "why PopSelfTestMonitor" not in early
    assert all(line.startswith("not recorded, made up: ") for line in late.splitlines())


def test_a_blueprint_is_private_and_has_other_names(file: Path, tmp_path: Path, capsys: Capture) -> None:
    target = tmp_path / "b.json"
    assert cli.main(["rehearse", str(file), "--anonymize", "--blueprint", str(target)]) == 0
    assert capsys.readouterr().out.strip() == str(target)
    assert target.stat().st_mode & 0o777 == 0o600
    assert json.loads(target.read_text())["source"] == "organization"
    assert "corp" not in target.read_text()


def test_a_scenario_and_a_speed_that_there_are_not(file: Path, capsys: Capture) -> None:
    assert "choose from" in refused(capsys, "rehearse", file, "--scenario", "nothing")
    with pytest.raises(SystemExit) as told:
        cli.main(["replay", str(file), "--speed", "0"])
    assert told.value.code == USAGE


def test_only_what_shows_the_fleet_can_be_recorded(tmp_path: Path, capsys: Capture) -> None:
    assert "not for doctor" in refused(capsys, "--record", tmp_path / "F", "doctor")
    assert not (tmp_path / "F").exists()


def test_status_watch_records_until_it_is_ended(tmp_path: Path) -> None:
    file = tmp_path / "F"
    with lab(tmp_path / "lab", "selftest-hung") as served:
        words = served.run("status", "--record", file)
        assert words.code == USAGE
        assert "--watch" in words.err
        command = [*COCKPIT, "--env-file", str(served.env_file), "status", "--watch", "--record", str(file)]
        watching = subprocess.Popen(
            command, env=served.home.environ(), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        try:
            eventually(lambda: _surveyed(file), 40.0, "every server is in it, and surveyed")
            again = served.run("status", "--watch", "--record", file)
            assert again.code == USAGE
            assert "another process" in again.err
        finally:
            watching.send_signal(signal.SIGTERM)
            _, err = watching.communicate(timeout=20)
        assert watching.returncode == 128 + signal.SIGTERM
        assert f"Recording to {file}" in err.decode()
    recording = open_recording(file)
    assert recording.head.environment == "lab-selftest-hung"
    assert recording.torn == 0
    assert file.stat().st_mode & 0o777 == 0o600


def _surveyed(file: Path) -> bool:
    if not file.exists() or file.stat().st_size < 1000:
        return False
    recording = open_recording(file)
    servers = recording.picture_at(recording.end).servers.values()
    return bool(servers) and all(s.surveyed_at is not None for s in servers)

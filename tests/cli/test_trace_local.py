"""``logs trace PATH``: a session in copied logs."""

from __future__ import annotations

import gzip
import json
from datetime import timedelta
from pathlib import Path

import pytest

from cockpit import cli
from tests.poplog.logs import START, USER, proxied
from tests.poplog.sources import log

AT = START + timedelta(minutes=30)
TIMES = ("--since", "2026-01-08T08:30:00", "--until", "2026-01-08T10:30:01+02:00")
NAME = "POP32026010808-1.LOG"


def quiet(minutes: int) -> list[str]:
    at = START + timedelta(minutes=minutes)
    return proxied(user="frank", at=at, session=f"{minutes:016d}")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A front end's logs of an hour, and its back end's, copied together."""
    made = tmp_path / "EX01"
    made.mkdir()
    rows = [*quiet(5), *proxied("EX02.contoso.test", at=AT, session="f" * 16), *quiet(50)]
    (made / NAME).write_bytes(log(rows))
    (made / "POP3BE2026010808-1.LOG").write_bytes(log(proxied("EX03", at=AT)))
    return made


def test_whom_the_session_was_proxied_to(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["logs", "trace", str(folder), *TIMES, "--user", f"{USER}@contoso.test"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("EX02 (likely): Only the front-end log names it")
    assert "POP\\PopCTPProbe on EX01, 2026-01-08 08:30:00.000Z to 2026-01-08 08:30:01.000Z" in out
    assert "StateAttribute4" not in out
    assert "| 2026-01-08T08:30:00.200Z" in out


@pytest.mark.parametrize("compressed", [False, True])
def test_one_file_as_json(folder: Path, compressed: bool, capsys: pytest.CaptureFixture[str]) -> None:
    file = folder / NAME
    if compressed:
        data, file = file.read_bytes(), folder / f"{NAME}.gz"
        file.write_bytes(gzip.compress(data))
    assert cli.main(["logs", "trace", str(file), *TIMES, "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["named"], found["sureness"], found["exit_code"]) == ("EX02", "likely", 0)
    assert [e["kind"] for e in found["evidence"]] == ["front-end log"]
    assert "does not say whom it logged in as" in found["reason"]


def test_a_damaged_file_is_told_of(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = gzip.compress((folder / NAME).read_bytes())
    (folder / NAME).unlink()
    (folder / f"{NAME}.gz").write_bytes(data[:-30])
    cli.main(["logs", "trace", str(folder), *TIMES])
    assert f"{NAME}.gz is cut off: its end is missing" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (("--user", "HealthMailbox99"), "No session of healthmailbox99"),
        (("--since", "2026-01-08T07:00", "--until", "2026-01-08T07:01"), "not before the probe"),
        (("--since", "2026-01-08T12:00", "--until", "2026-01-08T12:01"), "nothing was written since"),
    ],
)
def test_what_cannot_be_told_is_1(
    folder: Path, more: tuple[str, ...], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["logs", "trace", str(folder), *TIMES, *more]) == 1
    out = capsys.readouterr().out
    assert out.startswith("Cannot tell which mailbox server it was: ")
    assert words in out


@pytest.mark.parametrize("turned", [False, True])
def test_a_session_that_goes_on_in_the_next_of_the_named_files(
    folder: Path, turned: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = proxied("EX02.contoso.test", at=AT, session="f" * 16)
    named = next(n for n, row in enumerate(rows) if USER in row)
    first, second = folder / NAME, folder / "POP32026010808-2.LOG"
    first.write_bytes(log([*quiet(5), *rows[: named + 1]]))
    second.write_bytes(log([*rows[named + 1 :], *quiet(50)]))
    (folder / "POP32026010808-3.LOG").write_bytes(log(quiet(55)))
    files = [str(second), str(first)] if turned else [str(first), str(second)]
    assert cli.main(["logs", "trace", *files, *TIMES, "--user", USER]) == 0
    out = capsys.readouterr().out
    assert out.startswith("EX02 (likely): Only the front-end log names it")
    assert f"{folder}: {first.name}, {second.name}" in out
    assert cli.main(["logs", "trace", str(folder), str(first), *TIMES, "--user", USER]) == 0


def test_logs_of_two_servers(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = tmp_path / "EX09"
    other.mkdir()
    (other / NAME).write_bytes(log([*quiet(5), *quiet(50)]))
    assert cli.main(["logs", "trace", str(other), str(folder), *TIMES, "--user", USER]) == 0
    assert "on EX09 and EX01" in capsys.readouterr().out
    rows = proxied("EX03", at=AT, session="e" * 16)
    (other / NAME).write_bytes(log([*quiet(5), *rows, *quiet(50)]))
    assert cli.main(["logs", "trace", str(other), str(folder), *TIMES, "--user", USER]) == 1
    assert "Sessions to ex02 and ex03" in capsys.readouterr().out.replace("ex03 and ex02", "ex02 and ex03")


@pytest.mark.parametrize("path", ["nowhere", "EX01/POP3BE2026010808-1.LOG", "empty"])
def test_what_is_no_front_ends_log_is_3(folder: Path, path: str, capsys: pytest.CaptureFixture[str]) -> None:
    (folder.parent / "empty").mkdir()
    assert cli.main(["logs", "trace", str(folder.parent / path), *TIMES]) == 3
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert cli.main(["logs", "trace", str(folder.parent / path), *TIMES, "--format", "json"]) == 3
    assert json.loads(capsys.readouterr().out)["problem"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--probe", "POP\\PopCTPProbe"), "name a probe and its server"),
        (("--probe", "POP\\PopCTPProbe", "--server", "EX01", "--user", "x"), "go with copied logs"),
        (("x", "--server", "EX01"), "go without"),
        (("x", "--since", "2h"), "want --since and --until"),
        (("x", "--since", "2026-01-08", "--until", "2026-01-07"), "--until is before --since"),
        (("x", "--since", "2026-01-08", "--until", "9999-12-31"), "in the years 1970 to 9998"),
        (("x", "--since", "99999999d", "--until", "1m"), "in the years 1970 to 9998"),
    ],
)
def test_what_does_not_go_together_is_64(
    options: tuple[str, ...], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["logs", "trace", *options]) == 64
    assert words in capsys.readouterr().err

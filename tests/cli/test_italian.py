"""What a command prints for people is in their language; what it prints for programs is as in English."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cockpit import cli
from cockpit.journal.records import Choice, Verdict
from cockpit.journal.store import open_journal, sqlite_url
from cockpit.recovery.client import RefusedError
from cockpit.recovery.view import Life, StepMark
from tests.cli import test_logging as logging
from tests.cli import test_obligations as obligations
from tests.cli import test_recover as recover
from tests.cli.conftest import Call
from tests.cli.scripted import (
    ASKING,
    RECOVERED,
    RUN,
    Scripted,
    done,
    finding,
    line,
    obligation,
    question,
    step,
    view,
)
from tests.journal.support import actor, begun
from tests.poplog.logs import START, proxied
from tests.poplog.sources import log
from tests.support.marked import MARK, spoken_in_brackets

Capture = pytest.CaptureFixture[str]
OWING = replace(
    obligations.LEFT,
    orphans=(obligations.MILD, obligations.SEVERE),
    problem="EX02 was not read",
    unread=("EX02",),
)
SHOWN = view(
    done("read", words="3 readings"),
    step("restart", StepMark.ASKING, departs="it waits", findings=(finding(), finding(Verdict.UNREAD))),
    question=question(Choice.GO, Choice.OVERRIDE, blocking=(finding(),), typed="EX01"),
    obligations=(obligation(),),
    life=Life.WAITING,
)
PLANNED = recover.plan(finding(), finding(Verdict.PASSED), in_the_way=("a run is on EX01",))


def scripted() -> Scripted:
    return Scripted(
        frames=(SHOWN,),
        planned=PLANNED,
        logs=logging.RESTING,
        standings=[OWING],
        lines=(line(Life.LEFT), line()),
    )


def outputs(capsys: Capture, call: Callable[[], object]) -> tuple[str, str, str]:
    """On stdout in English and in brackets, and on stderr in brackets."""
    call()
    english = capsys.readouterr().out
    with spoken_in_brackets():
        call()
    out, err = capsys.readouterr()
    return english, out, err


@pytest.mark.parametrize(
    "command",
    [
        ("recover", "PopSelfTestMonitor", "--server", "EX01", "--plan"),
        ("runs", "list"),
        ("runs", "show", RUN),
        ("obligations",),
        ("logging", "status", "--server", "EX01"),
    ],
    ids=" ".join,
)
def test_a_recovery(call: Call, command: Sequence[str], capsys: Capture) -> None:
    english, data, _ = outputs(capsys, lambda: call(scripted(), *command, "--format", "json"))
    assert data == english
    assert json.loads(data)
    english, table, _ = outputs(capsys, lambda: call(scripted(), *command))
    assert MARK in table
    assert MARK not in english
    assert table.count("\n") == english.count("\n")


def test_a_run_that_is_followed(call: Call, capsys: Capture) -> None:
    frames = (ASKING, RECOVERED)
    follow = ("runs", "attach", RUN, "--format", "json")
    english, data, told = outputs(capsys, lambda: call(Scripted(frames), *follow))
    assert data == english
    assert MARK in told


def test_a_refusal_is_said_whole(call: Call, capsys: Capture) -> None:
    refuses = {"start": RefusedError("The run was not started", "nobody knows why", "Ask somebody.")}
    _, _, told = outputs(
        capsys, lambda: call(Scripted(refuses=refuses), "recover", "PopSelfTestMonitor", "--server", "EX01")
    )
    assert f"{MARK}REFUSED  " in told
    assert f"{MARK}What helps:  Ask somebody.⟧" in told


# --- without a server ----------------------------------------------------------------------------


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A journal with a run in it, and a log."""
    for name in ("CONFIG", "STATE", "CACHE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name))
    folder = tmp_path / "STATE" / "pop-cockpit" / "journal"
    folder.mkdir(parents=True, mode=0o700)
    journal = open_journal(
        sqlite_url(folder / "journal.sqlite"),
        actor("ann"),
        keys=folder,
        checkpoints=folder / "checkpoints.jsonl",
    )
    begun(journal)
    journal.close()
    (tmp_path / "EX01").mkdir()
    (tmp_path / "EX01" / "POP32026010808-1.LOG").write_bytes(log(proxied("EX02", at=START)))
    return tmp_path


def local(state: Path, command: str) -> list[str]:
    return [word.replace("LOGS", str(state / "EX01")) for word in command.split()]


@pytest.mark.parametrize(
    "command",
    [
        "info --format json",
        "env list --format json",
        "keys --format json",
        "lab scenarios --format json",
        "journal verify --format json",
        "journal export --format jsonl",
        "journal export --format ecs",
        "journal export --format ocsf",
        "timeline --format csv --since 1h",
        "logs tail LOGS --format json",
        "logs grep EX02 LOGS --format json",
        "logs trace LOGS --since 2026-01-08T08:00 --until 2026-01-08T08:10 --format json",
    ],
)
def test_data_is_as_in_english(env_file: Path, state: Path, command: str, capsys: Capture) -> None:
    words = ["--env-file", str(env_file), *local(state, command)]
    english, data, _ = outputs(capsys, lambda: cli.main(words))
    assert data
    assert MARK not in data
    assert _timeless(data) == _timeless(english)


def _timeless(text: str) -> str:
    """Without the times at which it was asked."""
    today = datetime.now(UTC).strftime("%Y-%m-%d")
    return re.sub(rf"{today}T[0-9:.]+", "", text)


def test_the_timeline_as_json(env_file: Path, state: Path, capsys: Capture) -> None:
    words = ["--env-file", str(env_file), "timeline", "--format", "json"]
    _, data, _ = outputs(capsys, lambda: cli.main(words))
    assert MARK not in data


@pytest.mark.parametrize(
    "command",
    ["info", "env list", "keys", "journal verify", "timeline", "--help", "status --help", "nothing"],
)
def test_what_people_read_is_not(env_file: Path, state: Path, command: str, capsys: Capture) -> None:
    with spoken_in_brackets(), suppress(SystemExit):
        cli.main(["--env-file", str(env_file), *command.split()])
    out, err = capsys.readouterr()
    assert MARK in out + err

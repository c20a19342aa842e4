"""``logging``: on for a time, off again, and how it stands."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from cockpit.exchange.recovery_model import ServiceProcess
from cockpit.journal.records import Choice
from cockpit.recovery.client import RefusedError
from cockpit.recovery.logging_view import LoggingState, ServiceLog, Written
from cockpit.recovery.view import Life, Standing, StepMark
from tests.cli.conftest import Call
from tests.cli.scripted import (
    BEGUN,
    HOSTILE,
    NOW,
    RECOVERED,
    RUN,
    Scripted,
    line,
    obligation,
    question,
    step,
    view,
)
from tests.cli.test_service import Capture

DUE = NOW + timedelta(hours=4)
FRONT = ServiceLog(
    "MSExchangePop3",
    "front",
    ServiceProcess("MSExchangePop3", "Running", "Auto", 4711, NOW),
    Written("POP32026030102-1.LOG", 512, NOW - timedelta(seconds=40), NOW),
    behind=True,
)
OFF = LoggingState(
    "EX01", False, "C:\\Logs\\Pop3", "Hourly", "0 B", NOW, 55 * 1024**3, 23, (FRONT,), now=NOW
)  # fmt: skip
ON = replace(OFF, enabled=True)
RESTING = replace(ON, run=RUN, due=DUE)
RESTS = view(
    step("held", StepMark.ASKING, due_at=DUE),
    life=Life.WAITING,
    question=question(
        Choice.AGAIN, Choice.GO, step="held", prompt="EX01: Logging is on. Put it back?", due=DUE
    ),
)


# --- how it stands -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "code", "words"),
    [
        (OFF, 0, "protocol logging of EX01: off"),
        (replace(ON, run=RUN), 0, "is at work with it"),
        (RESTING, 1, "for a time, until 2026-03-01T06:00:00Z"),
        (ON, 2, "no record"),
        (replace(RESTING, now=DUE), 2, "OVERDUE since 2026-03-01T06:00:00Z"),
        (replace(RESTING, enabled=None, now=DUE), 2, "OVERDUE"),
        (replace(ON, handed=7), 2, "obligation 7"),
        (replace(OFF, enabled=None), 3, "not known"),
        (replace(RESTING, enabled=False), 1, "somebody else has put it back"),
    ],
)
def test_status_is_an_exit_code(
    call: Call, capsys: Capture, state: LoggingState, code: int, words: str
) -> None:
    recovery = Scripted(logs=state)
    assert call(recovery, "--read-only", "logging", "status", "--server", "EX01") == code
    assert words in capsys.readouterr().out
    assert recovery.made("logging") == [("EX01",)]


def test_status_says_what_the_services_do_and_what_they_wrote(call: Call, capsys: Capture) -> None:
    call(Scripted(logs=RESTING), "--read-only", "logging", "status", "--server", "EX01")
    out = capsys.readouterr().out
    for words in ("C:\\Logs\\Pop3  free: 55.0 GB", "Hourly", "POP3 connections: 23",
                  "front end  MSExchangePop3  Running since 2026-03-01T02:00:00Z",
                  "it may not write yet", "POP32026030102-1.LOG  512 bytes", "40 s old",
                  "--write logging off --server EX01"):  # fmt: skip
        assert words in out


def test_status_as_json(call: Call, capsys: Capture) -> None:
    shown = replace(RESTING, problems=("The log folder: nobody answers.",))
    arguments = ("--read-only", "logging", "status", "--server", "EX01", "--format", "json")
    assert call(Scripted(logs=shown), *arguments) == 1
    out, err = capsys.readouterr()
    found = json.loads(out)
    assert (found["exit_code"], found["enabled"], found["overdue"]) == (1, True, False)
    assert (found["run"], found["due"]) == (RUN, "2026-03-01T06:00:00Z")
    assert found["services"][0]["written"]["last"] == "2026-03-01T01:59:20Z"
    assert found["services"][0]["behind"] is True
    assert "nobody answers" in err


def test_what_a_server_says_reaches_no_terminal_raw(call: Call, capsys: Capture) -> None:
    shown = replace(RESTING, location=HOSTILE, rollover=HOSTILE, problems=(HOSTILE,))
    call(Scripted(logs=shown), "--read-only", "logging", "status", "--server", "EX01")
    out, err = capsys.readouterr()
    assert "\x1b]0;" not in out + err
    assert "\nREFUSED  fake" not in out + err


def test_status_refused_is_3(call: Call, capsys: Capture) -> None:
    recovery = Scripted(refuses={"logging": RefusedError("Protocol logging", "there is no server EX09")})
    assert call(recovery, "--read-only", "logging", "status", "--server", "EX09") == 3
    assert "no server EX09" in capsys.readouterr().err


# --- on ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "started"),
    [
        ((), ("EX01", "", 0, False)),
        (("--for", "30m"), ("EX01", "", 1_800, False)),
        (("--for", "2D", "--backend", "--auto"), ("EX01", "back", 172_800, True)),
        (("--both", "--for", "90s"), ("EX01", "both", 90, False)),
    ],
)
def test_on_is_a_run_that_is_followed_until_it_rests(
    call: Call, capsys: Capture, more: tuple[str, ...], started: tuple[object, ...]
) -> None:
    recovery = Scripted((BEGUN, RESTS), logs=OFF)
    assert call(recovery, "logging", "on", "--server", "EX01", *more) == 0
    assert recovery.made("start_logging") == [started]
    err = capsys.readouterr().err
    assert "POP3 connections: 23" in err
    assert "It is on until 2026-03-01T06:00:00Z" in err
    assert "logging off --server EX01" in err
    assert recovery.answers == []


def test_on_when_it_rests_already_keeps_it_on(call: Call) -> None:
    recovery = Scripted((BEGUN, RESTS), logs=RESTING)
    assert call(recovery, "logging", "on", "--server", "EX01", "--for", "1h") == 0
    assert recovery.made("keep_logging") == [("EX01", 3_600)]
    assert recovery.made("start_logging") == []


def test_another_question_on_the_way_leaves_it_there(call: Call) -> None:
    asks = view(step("seen", StepMark.ASKING), life=Life.WAITING, question=question(step="seen"))
    assert call(Scripted((BEGUN, asks), logs=OFF), "logging", "on", "--server", "EX01") == 1


def test_on_before_ends_well_without_a_rest(call: Call) -> None:
    assert call(Scripted((BEGUN, RECOVERED), logs=ON), "logging", "on", "--server", "EX01") == 0


@pytest.mark.parametrize("bad", ["", "0m", "30", "m", "1.5h", "-3m", "99999999d", "31d"])
def test_a_time_that_is_none_is_64(call: Call, capsys: Capture, bad: str) -> None:
    recovery = Scripted(logs=OFF)
    with pytest.raises(SystemExit) as left:
        call(recovery, "logging", "on", "--server", "EX01", f"--for={bad}")
    assert left.value.code == 64
    assert "write it as 30m" in capsys.readouterr().err
    assert recovery.calls == []


def test_read_only_is_64_and_a_refusal_3(call: Call, capsys: Capture) -> None:
    recovery = Scripted(
        logs=OFF, refuses={"start_logging": RefusedError("Turn on", "it is held")}, lines=(line(),)
    )
    for command in ("on", "off"):
        assert call(recovery, "--read-only", "logging", command, "--server", "EX01") == 64
    assert recovery.calls == []
    assert call(recovery, "logging", "on", "--server", "EX01") == 3
    assert f"runs attach {RUN}" in capsys.readouterr().err


# --- off -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("more", "auto"), [((), False), (("--auto",), True)])
def test_off_is_followed_to_its_end(call: Call, more: tuple[str, ...], auto: bool) -> None:
    recovery = Scripted((BEGUN, RECOVERED))
    assert call(recovery, "logging", "off", "--server", "EX01", *more) == 0
    assert recovery.made("end_logging") == [("EX01", auto)]


def test_off_refused_is_3(call: Call) -> None:
    recovery = Scripted(refuses={"end_logging": RefusedError("Turn off", "another run has the DAG")})
    assert call(recovery, "logging", "off", "--server", "EX01") == 3


# --- beside it -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("due", "words"),
    [("2099-01-01T00:00:00Z", "to be undone by 2099"), ("2026-03-01T06:00:00Z", "OVERDUE since 2026-03")],
)
def test_obligations_say_until_when(call: Call, capsys: Capture, due: str, words: str) -> None:
    at = NOW.fromisoformat(due)
    resting = line(Life.WAITING, due=at, open_obligations=1)
    recovery = Scripted(standings=[Standing(runs=(resting,), obligations=(obligation(),), swept_at=NOW)])
    assert call(recovery, "obligations") == 2
    assert words in capsys.readouterr().out
    assert call(recovery, "obligations", "--format", "json") == 2
    (owed,) = json.loads(capsys.readouterr().out)["obligations"]
    assert owed["due_at"] == due


def test_attached_to_a_run_that_rests_its_own_words_are_offered(call: Call, capsys: Capture) -> None:
    assert call(Scripted((RESTS,)), "runs", "attach", RUN) == 1
    err = capsys.readouterr().err
    assert "put it back now" in err
    assert "keep it on for as long again" in err

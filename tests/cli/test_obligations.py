"""``obligations``: what is open, what is on without a record, and closing what was left."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from cockpit.commands.obligations import command, left_owing
from cockpit.journal.records import RunState
from cockpit.recovery.client import RefusedError
from cockpit.recovery.view import Life, Orphan, Standing
from tests.cli.conftest import Call
from tests.cli.scripted import BEGUN, NOW, RUN, Scripted, line, obligation, run, view

Capture = pytest.CaptureFixture[str]
MILD = Orphan("EX05", "ProtocolLogEnabled", "True", severe=False, words="logging is on")
SEVERE = Orphan("EX05", "DatabaseCopyActivationDisabledAndMoveNow", "True", severe=True, words="kept away")
LEFT = Standing(runs=(line(Life.LEFT, open_obligations=1),), obligations=(obligation(),), swept_at=NOW)
CLEAN = Standing(swept_at=NOW)
CLOSE = ("obligations", "--close", "--yes", "--reason", "left since midnight")


@pytest.mark.parametrize(
    ("standing", "code"),
    [
        (CLEAN, 0),
        (replace(CLEAN, orphans=(MILD,)), 1),
        (replace(CLEAN, orphans=(MILD, SEVERE)), 2),
        (replace(CLEAN, obligations=(obligation(),)), 2),
        (replace(CLEAN, problem="EX02 was not read"), 3),
        (replace(CLEAN, orphans=(MILD,), problem="EX02 was not read"), 3),
        (replace(CLEAN, obligations=(obligation(),), problem="EX02 was not read"), 2),
    ],
)
def test_the_exit_code(call: Call, standing: Standing, code: int, capsys: Capture) -> None:
    assert call(Scripted(standings=[standing]), "--read-only", "obligations", "--format", "json") == code
    out, err = capsys.readouterr()
    assert json.loads(out)["exit_code"] == code
    assert bool(standing.problem) == ("EX02 was not read" in err)


def test_a_sweep_that_cannot_be_made_is_3(call: Call) -> None:
    refused = Scripted(refuses={"sweep": RefusedError("Sweep", "no server answers")})
    assert call(refused, "obligations") == 3


def test_it_shows_the_value_before_the_run_and_the_command_for_an_orphan(call: Call, capsys: Capture) -> None:
    call(Scripted(standings=[replace(LEFT, orphans=(SEVERE,))]), "obligations")
    out = capsys.readouterr().out
    assert "EX01 ProtocolLogEnabled = True, before: False\n" in out
    assert f"since 2026-03-01T02:00:00Z by run {RUN} (left)\n" in out
    assert "Set-MailboxServer -Identity 'EX05' -DatabaseCopyActivationDisabledAndMoveNow $false\n" in out


def test_the_command_for_an_orphan_quotes_the_server_and_is_not_made_up() -> None:
    assert command(MILD) == "Set-PopSettings -Server 'EX05' -ProtocolLogEnabled $false"
    assert "'x''; del'" in command(replace(MILD, server="x'; del"))
    assert command(replace(MILD, key="PopProxy")) == ""


def test_close_aborts_what_was_left_and_sweeps_again(call: Call, capsys: Capture) -> None:
    recovery = Scripted((BEGUN, view(state=RunState.ABORTED)), standings=[LEFT, CLEAN])
    assert call(recovery, *CLOSE) == 0
    assert recovery.made("abort") == [(RUN, "left since midnight")]
    assert len(recovery.made("sweep")) == 2
    out, err = capsys.readouterr()
    assert out.startswith("obligations open: 0\n")
    assert "ABORTED" in err


def test_close_touches_neither_living_runs_nor_orphans_nor_what_waits(call: Call, capsys: Capture) -> None:
    for life in (Life.LIVE, Life.WAITING):
        standing = replace(LEFT, runs=(line(life, open_obligations=1),), orphans=(SEVERE,))
        recovery = Scripted(standings=[standing])
        assert call(recovery, *CLOSE) == 2
        assert recovery.made("abort") == []
    assert f"runs attach {RUN}" in capsys.readouterr().err


def test_a_run_that_another_waits_for_is_closed_with_it() -> None:
    child = line(Life.LEFT, run=run(id="c1", parent=RUN))
    standing = Standing(runs=(line(Life.WAITING), child), obligations=(obligation(run="c1"),))
    assert [found.run.id for found, _ in left_owing(standing)] == [RUN]


@pytest.mark.parametrize(
    "arguments",
    [
        ("--read-only", *CLOSE),
        ("obligations", "--close"),
        ("obligations", "--close", "--yes"),
    ],
)
def test_close_needs_write_mode_and_somebodys_word(call: Call, arguments: tuple[str, ...]) -> None:
    recovery = Scripted(standings=[LEFT])
    assert call(recovery, *arguments) == 64
    assert recovery.calls == []

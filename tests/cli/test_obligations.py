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
from tests.cli.scripted import BEGUN, HANDED, NOW, PUT_BACK, RUN, Scripted, line, obligation, run, view

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


@pytest.mark.parametrize(
    ("unread", "count", "says"),
    [
        ((), 0, "0"),
        (None, None, "not known, not every server was read"),
        (("EX02",), 1, "not known, 1 server unread"),
        (("EX03", "EX02"), 2, "not known, 2 servers unread"),
    ],
)
def test_what_was_not_read_is_never_none(
    call: Call, unread: tuple[str, ...] | None, count: int | None, says: str, capsys: Capture
) -> None:
    problem = "" if count == 0 else "of Get-PopSettings of EX09: and Get-MailboxServer: words say nothing"
    standing = replace(CLEAN, problem=problem, unread=unread)
    call(Scripted(standings=[standing]), "obligations")
    out = capsys.readouterr().out
    assert f"on without a record: {says}\n" in out
    assert ("\nswept at" in out) is not bool(problem)
    call(Scripted(standings=[standing]), "obligations", "--format", "json")
    found = json.loads(capsys.readouterr().out)
    assert (found["whole"], found["servers_unread"]) == (not problem, count)


def test_orphans_of_a_sweep_that_is_not_whole_are_the_known_ones(call: Call, capsys: Capture) -> None:
    problem = "Get-PopSettings of EX02: it timed out"
    standing = replace(CLEAN, orphans=(MILD,), problem=problem, unread=("EX02",))
    call(Scripted(standings=[standing]), "obligations")
    assert "on without a record: 1 known, 1 server unread\n" in capsys.readouterr().out


def test_a_run_that_was_left_is_named_with_its_cure(call: Call, capsys: Capture) -> None:
    call(Scripted(standings=[LEFT]), "--read-only", "obligations")
    assert f" --write runs resume {RUN}\n" in capsys.readouterr().out
    call(Scripted(standings=[replace(LEFT, runs=(line(Life.LIVE),))]), "obligations")
    assert "resume" not in capsys.readouterr().out


def test_an_abort_that_is_refused_is_3_and_what_was_handed_over_is_settled_all_the_same(call: Call) -> None:
    both = replace(LEFT, obligations=(*LEFT.obligations, *HANDED.obligations))
    refusal = RefusedError("Abort", "dag:DAG1 is held by CONTOSO\\bob")
    recovery = Scripted(standings=[both], refuses={"abort": refusal})
    assert call(recovery, *CLOSE) == 3
    assert [number for number, *_ in recovery.made("settle")] == [5]


def test_a_sweep_that_cannot_be_made_is_3(call: Call) -> None:
    refused = Scripted(refuses={"sweep": RefusedError("Sweep", "no server answers")})
    assert call(refused, "obligations") == 3


def test_it_shows_the_value_before_the_run_and_the_command_for_an_orphan(call: Call, capsys: Capture) -> None:
    call(Scripted(standings=[replace(LEFT, orphans=(SEVERE,))]), "obligations")
    out = capsys.readouterr().out
    assert "EX01 ProtocolLogEnabled = $true, before: $false\n" in out
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
        ("obligations", "--accept", "5"),
        ("obligations", "--accept", "5", "--close", "--yes"),
        ("--read-only", "obligations", "--accept", "5", "--reason", "it stays that way"),
    ],
)
def test_close_needs_write_mode_and_somebodys_word(call: Call, arguments: tuple[str, ...]) -> None:
    recovery = Scripted(standings=[LEFT])
    assert call(recovery, *arguments) == 64
    assert recovery.calls == []


# What was handed over


def test_close_settles_what_was_handed_over_and_is_back(call: Call, capsys: Capture) -> None:
    recovery = Scripted(standings=[HANDED, CLEAN])
    assert call(recovery, *CLOSE) == 0
    assert recovery.made("settle") == [(5, "left since midnight", False)]
    assert len(recovery.made("sweep")) == 2
    out, err = capsys.readouterr()
    assert out.startswith("obligations open: 0\n")
    assert "Obligation 5 is closed: its value is back." in err


def test_close_by_itself_never_accepts_what_is_not_back(call: Call, capsys: Capture) -> None:
    recovery = Scripted(standings=[HANDED], not_back={5})
    assert call(recovery, *CLOSE) == 3
    assert recovery.made("settle") == [(5, "left since midnight", False)]
    out, err = capsys.readouterr()
    assert "5  EX01 ProtocolLogEnabled = $true, before: $false; handed over to second line" in out
    assert "ProtocolLogEnabled of EX01 is True, it was False" in err
    assert f"Type: {PUT_BACK}" in err
    assert "obligations --accept 5 --reason REASON" in err


def test_what_is_refused_does_not_keep_the_next_one_from_being_settled(call: Call, capsys: Capture) -> None:
    (first,) = HANDED.obligations
    both = replace(HANDED, obligations=(first, replace(first, id=6)))
    recovery = Scripted(standings=[both, replace(both, obligations=(first,))], not_back={5})
    assert call(recovery, *CLOSE) == 3
    assert [number for number, *_ in recovery.made("settle")] == [5, 6]
    assert len(recovery.made("sweep")) == 2
    unread = Scripted(standings=[both], refuses={"settle": RefusedError("Close", "EX01 did not answer")})
    capsys.readouterr()
    assert call(unread, *CLOSE) == 3
    assert [number for number, *_ in unread.made("settle")] == [5, 6]
    assert "--accept" not in capsys.readouterr().err, "a value nobody has read is not offered to be left"


@pytest.mark.parametrize("life", [Life.LIVE, Life.WAITING])
def test_what_a_living_run_has_open_is_its_own(call: Call, life: Life) -> None:
    (handed,) = HANDED.obligations
    living = replace(HANDED, runs=(line(life),), obligations=(replace(handed, run=RUN),))
    recovery = Scripted(standings=[living])
    assert call(recovery, *CLOSE) == 2
    assert recovery.made("settle") == []
    kept = Scripted(standings=[replace(HANDED, obligations=(obligation(run="0dd1"),))])
    assert call(kept, *CLOSE) == 2
    assert kept.made("settle") == [], "it was not handed over"


def test_accept_closes_that_one_as_it_is_and_no_other(call: Call, capsys: Capture) -> None:
    (handed,) = HANDED.obligations
    other = replace(HANDED, obligations=(replace(handed, id=6),))
    recovery = Scripted(standings=[other], not_back={5, 6})
    assert call(recovery, "obligations", "--accept", "5", "--reason", "it is wanted so now") == 2
    assert recovery.made("settle") == [(5, "it is wanted so now", True)]
    assert "Obligation 5 is closed; its value stays as it is." in capsys.readouterr().err
    assert call(recovery, *CLOSE, "--accept", "5") == 3
    assert recovery.made("settle")[1:] == [
        (5, "left since midnight", True),
        (6, "left since midnight", False),
    ]


def test_an_accept_that_is_refused_is_3_and_sweeps_nothing(call: Call, capsys: Capture) -> None:
    recovery = Scripted(refuses={"settle": RefusedError("Close obligation 5", "it is not open")})
    assert call(recovery, "obligations", "--accept", "5", "--reason", "it is wanted so now") == 3
    assert recovery.made("sweep") == []
    out, err = capsys.readouterr()
    assert out == ""
    assert "it is not open" in err


@pytest.mark.parametrize("number", ["five", "-1", ""])
def test_accept_wants_a_number(call: Call, number: str) -> None:
    with pytest.raises(SystemExit) as left:
        call(Scripted(), "obligations", f"--accept={number}", "--reason", "it is wanted so now")
    assert left.value.code == 64

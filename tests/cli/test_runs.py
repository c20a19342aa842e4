"""``runs``: listing, showing, attaching, resuming, aborting, exporting, answering."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from cockpit.journal.records import Answer, Choice, RunState, WishKind
from cockpit.recovery.client import RefusedError
from cockpit.recovery.view import Life
from tests.cli.conftest import Call
from tests.cli.scripted import ASKING, BEGUN, RECOVERED, RUN, Scripted, line, obligation, run, said

Capture = pytest.CaptureFixture[str]
LINES = (line(), line(Life.ENDED, run=run(RunState.RECOVERED, id="old1")))


def test_a_list_is_one_row_a_run(call: Call, capsys: Capture) -> None:
    assert call(Scripted(lines=LINES), "--read-only", "runs", "list") == 0
    rows = capsys.readouterr().out.splitlines()
    assert [row.split()[0] for row in rows] == ["run", RUN, "old1"]
    assert call(Scripted(lines=LINES), "runs", "list", "--open") == 0
    assert "old1" not in capsys.readouterr().out


def test_a_list_as_json_has_no_frozen_runbook_and_times_in_utc(call: Call, capsys: Capture) -> None:
    assert call(Scripted(lines=LINES), "runs", "list", "--format", "json") == 0
    found = json.loads(capsys.readouterr().out)
    assert [f["run"]["id"] for f in found] == [RUN, "old1"]
    assert found[0]["life"] == "live"
    assert found[0]["started"] == found[0]["run"]["created_at"] == "2026-03-01T02:00:00Z"
    assert "book" not in found[0]["run"]


def test_show_tells_the_whole_run(call: Call, capsys: Capture) -> None:
    shown = replace(ASKING, obligations=(obligation(),), output=(said("stopping"),))
    assert call(Scripted((shown,)), "--read-only", "runs", "show", "4f2a") == 0
    out = capsys.readouterr().out
    assert "STILL OPEN: EX01 ProtocolLogEnabled = $true, before: $false\n" in out
    assert "| 02:00:00Z restart: stopping\n" in out
    assert "QUESTION" in out
    assert call(Scripted((shown,)), "runs", "show", "4f2a", "--format", "json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["question"]["choices"] == ["again", "go", "abort"]
    assert found["obligations"][0]["opened_at"] == "2026-03-01T02:00:00Z"


def test_an_unknown_run_is_3(call: Call, capsys: Capture) -> None:
    assert call(Scripted(), "runs", "show", "zz") == 3
    assert "no run begins with zz" in capsys.readouterr().err


def test_read_only_watches_and_does_not_ask(call: Call, capsys: Capture) -> None:
    assert call(Scripted((BEGUN, RECOVERED)), "--read-only", "runs", "attach", "4f2a") == 0
    assert call(Scripted((ASKING,)), "--read-only", "runs", "attach", "4f2a") == 1
    assert "--write" in capsys.readouterr().err


def test_a_run_that_was_left_is_shown_with_its_cure(call: Call, capsys: Capture) -> None:
    left = replace(BEGUN, life=Life.LEFT)
    for recovery, command in (
        (Scripted(lines=(line(Life.LEFT),)), ("list",)),
        (Scripted((left,)), ("show", "4f2a")),
    ):
        assert call(recovery, "--read-only", "runs", *command) == 0
        assert f" --write runs resume {RUN}\n" in capsys.readouterr().err
        assert call(recovery, "--read-only", "runs", *command, "--format", "json") == 0
        assert capsys.readouterr().err == ""
    assert call(Scripted(lines=LINES), "runs", "list") == 0
    assert "resume" not in capsys.readouterr().err


def test_attach_to_a_run_that_there_is_not_offers_no_way_back_to_it(call: Call, capsys: Capture) -> None:
    assert call(Scripted(), "runs", "attach", "zz") == 3
    err = capsys.readouterr().err
    assert "no run begins with zz" in err
    assert "runs attach" not in err


def test_an_answer_names_the_step_and_an_abort_only_asks(call: Call, capsys: Capture) -> None:
    assert call(Scripted((ASKING, RECOVERED)), "runs", "answer", "4f2a", "go") == 0
    assert f"Run {RUN}, Step restart: answered go.\n" in capsys.readouterr().err
    assert call(Scripted((ASKING,)), "runs", "abort", "4f2a", "--reason", "a planned reboot") == 0
    assert (
        f"Run {RUN} was asked to undo what is open and to end; it may ask first." in capsys.readouterr().err
    )


def test_resume_resumes_the_whole_id_and_follows(call: Call) -> None:
    recovery = Scripted((replace(BEGUN, life=Life.LEFT), RECOVERED))
    assert call(recovery, "runs", "resume", "4f2a") == 0
    assert recovery.made("resume") == [(RUN,)]


def test_abort_wants_a_reason(call: Call) -> None:
    recovery = Scripted()
    assert call(recovery, "runs", "abort", "4f2a", "--reason", "a planned reboot") == 0
    assert recovery.made("abort") == [(RUN, "a planned reboot")]
    with pytest.raises(SystemExit) as left:
        call(recovery, "runs", "abort", "4f2a", "--reason", "  short   ")
    assert left.value.code == 64


def test_a_wait_is_ended_by_wish_in_the_run_that_waits(call: Call, capsys: Capture) -> None:
    recovery = Scripted((BEGUN,))
    words = ("runs", "end-wait", "4f2a", "--reason", "Healthy already")
    assert call(recovery, *words) == 0
    assert recovery.made("wish") == [(RUN, WishKind.END_WAIT, "Healthy already")]
    parent, child = replace(BEGUN, child="c1"), replace(BEGUN, run=run(id="c1", parent=RUN))
    nested = Scripted(((parent, child),))
    assert call(nested, *words) == 0
    assert nested.made("wish") == [("c1", WishKind.END_WAIT, "Healthy already")]
    refused = Scripted((BEGUN,), refuses={"wish": RefusedError("Wish to end wait", "it is at no wait now")})
    assert call(refused, *words) == 3
    err = capsys.readouterr().err
    assert "REFUSED  No wait was ended\n" in err
    assert "it is at no wait now" in err
    with pytest.raises(SystemExit) as left:
        call(recovery, "runs", "end-wait", "4f2a", "--reason", "short")
    assert left.value.code == 64


@pytest.mark.parametrize(
    "arguments",
    [
        ("resume", "4f2a"),
        ("abort", "4f2a", "--reason", "a planned reboot"),
        ("end-wait", "4f2a", "--reason", "a planned reboot"),
        ("answer", "4f2a", "go"),
    ],
)
def test_read_only_changes_nothing(call: Call, arguments: tuple[str, ...]) -> None:
    recovery = Scripted((ASKING,))
    assert call(recovery, "--read-only", "runs", *arguments) == 64
    assert recovery.calls == []


def test_export_prints_the_path(call: Call, tmp_path: Path, capsys: Capture) -> None:
    recovery = Scripted()
    assert call(recovery, "--read-only", "runs", "export", "4f2a", "--to", str(tmp_path)) == 0
    assert capsys.readouterr().out == f"{tmp_path / RUN}.zip\n"
    assert call(recovery, "runs", "export", "4f2a", "--to", str(tmp_path / "none")) == 64


def test_an_answer_is_given_once_in_the_operators_name(call: Call) -> None:
    recovery = Scripted((ASKING, RECOVERED))
    assert call(recovery, "runs", "answer", "4f2a", "go", "--typed", "EX01") == 0
    assert recovery.made("answer") == [(RUN, 7)]
    assert recovery.answers == [Answer(Choice.GO, "CONTOSO\\ann", typed="EX01")]


def test_an_answer_reaches_the_run_that_is_waited_for(call: Call) -> None:
    child = replace(ASKING, run=run(id="c1", parent=RUN))
    recovery = Scripted(((replace(BEGUN, child="c1"), child),))
    assert call(recovery, "runs", "answer", "4f2a", "again") == 0
    assert recovery.made("answer") == [("c1", 7)]


@pytest.mark.parametrize(
    ("recovery", "choice", "code", "says"),
    [
        (Scripted((BEGUN,)), "go", 3, "at no question"),
        (Scripted((ASKING,)), "skip", 3, "the question offers: again, go, abort"),
        (Scripted((ASKING,)), "yes", 64, "hand over"),
        (Scripted((ASKING,), refuses={"answer": RefusedError("x", "it was bob's")}), "go", 3, "it was bob's"),
    ],
)
def test_an_answer_that_does_not_fit(
    call: Call, recovery: Scripted, choice: str, code: int, says: str, capsys: Capture
) -> None:
    assert call(recovery, "runs", "answer", "4f2a", choice) == code
    assert says in capsys.readouterr().err
    assert recovery.answers == []

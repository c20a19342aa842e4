"""``journal``: proof, export, checkpoint: exit codes and what is printed, on a journal that is a stand-in."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from cockpit.commands.journal import harmless
from cockpit.journal.errors import JournalError
from cockpit.journal.records import Check, Checkpoint, Line, Run
from tests.cli.conftest import Call
from tests.cli.scripted import RUN, Scripted, run

Capture = pytest.CaptureFixture[str]
MARK = Checkpoint(40, "ab", "2026-03-01T02:00:00Z", "jump1", "ann", "", "key", "sig")
BODY = json.dumps(
    {"event": "step.intent", "operator": "ann", "origin": "", "process": "h/1/x", "program": "p"}
)


SOUND = Check(42, None, "", MARK, None, 3)


@dataclass
class FakeJournal:
    check: Check = SOUND
    problem: JournalError | None = None
    asked: list[object] = field(default_factory=list)
    closed: bool = False

    def verify(self, outside: Path | None) -> Check:
        if self.problem is not None:
            raise self.problem
        self.asked.append(outside)
        return self.check

    def checkpoint(self) -> Checkpoint:
        return MARK

    def runs(self, limit: int) -> tuple[Run, ...]:
        return (run(), run(id="4f99"))

    def lines(self, *, after: int, run: str | None) -> Iterator[Line]:
        self.asked.append((after, run))
        yield Line(1, "2026-03-01T02:00:00.000000Z", BODY, "", "aa")
        yield Line(2, "2026-03-01T02:00:01.000000Z", BODY.replace("ann", "ann\u202e\x9b"), "aa", "bb")

    def close(self) -> None:
        self.closed = True


def test_a_sound_chain_is_0(call: Call, capsys: Capture) -> None:
    journal = FakeJournal()
    assert call(Scripted(), "--read-only", "journal", "verify", journal=journal) == 0
    assert capsys.readouterr().out.splitlines() == [
        "sound: 42 lines, 3 checkpoints",
        "last checkpoint that holds: line 40 of 2026-03-01T02:00:00Z by ann",
    ]
    assert journal.closed


def test_a_broken_chain_is_2_and_named(call: Call, capsys: Capture, tmp_path: Path) -> None:
    journal = FakeJournal(Check(42, 17, "its hash is another", None, MARK, 3))
    kept = tmp_path / "kept.jsonl"
    kept.touch()
    assert call(Scripted(), "journal", "verify", "--checkpoints", str(kept), journal=journal) == 2
    assert journal.asked == [kept]
    out = capsys.readouterr().out
    assert "BROKEN at line 17: its hash is another\n" in out
    assert "no checkpoint holds\n" in out
    assert "first checkpoint that does not: line 40" in out
    assert call(Scripted(), "journal", "verify", "--format", "json", journal=journal) == 2
    assert json.loads(capsys.readouterr().out)["first_bad"] == 17


def test_a_journal_that_cannot_be_opened_is_3(call: Call, capsys: Capture) -> None:
    journal = FakeJournal(problem=JournalError("Cannot open the journal: no such database. Make it."))
    assert call(Scripted(), "journal", "verify", journal=journal) == 3
    assert "no such database" in capsys.readouterr().err


def test_a_missing_file_of_checkpoints_is_64(call: Call, tmp_path: Path) -> None:
    asked = ("journal", "verify", "--checkpoints", str(tmp_path / "none"))
    assert call(Scripted(), *asked, journal=FakeJournal()) == 64


@pytest.mark.parametrize("form", ["jsonl", "ecs", "ocsf"])
def test_export_prints_one_harmless_object_a_line(call: Call, form: str, capsys: Capture) -> None:
    journal = FakeJournal()
    arguments = ("journal", "export", "--format", form, "--run", "4f2a", "--after", "7")
    assert call(Scripted(), *arguments, journal=journal) == 0
    assert journal.asked == [(7, RUN)]
    out = capsys.readouterr().out
    assert len([json.loads(text) for text in out.splitlines()]) == 2
    assert not {"\u202e", "\x9b"} & set(out)


def test_what_is_made_harmless_is_the_same_json() -> None:
    line = json.dumps({"a": "\x9b\u202e\u200bü€"}, ensure_ascii=False)
    assert harmless(line) != line
    assert json.loads(harmless(line)) == json.loads(line)


def test_an_export_of_no_one_run_is_3(call: Call, capsys: Capture) -> None:
    assert call(Scripted(), "journal", "export", "--format", "ecs", "--run", "4f", journal=FakeJournal()) == 3
    assert "2 runs begin with 4f" in capsys.readouterr().err


def test_a_checkpoint_is_printed(call: Call, capsys: Capture) -> None:
    assert call(Scripted(), "journal", "checkpoint", journal=FakeJournal()) == 0
    assert json.loads(capsys.readouterr().out)["signature"] == "sig"

"""The evidence bundle: what is in it, and in which order."""

from __future__ import annotations

import hashlib
import json
import stat
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from cockpit.journal import checkpoints
from cockpit.journal.chain import canonical, sha256
from cockpit.journal.errors import JournalError
from cockpit.journal.records import (
    Checkpoint,
    NewAttempt,
    NewObligation,
    RunState,
)
from cockpit.journal.store import Journal
from cockpit.recovery.bundle import build
from tests.recovery.builders import (
    EX01,
    EX02,
    MONITOR,
)
from tests.recovery.bundles import (
    ACTOR,
    BOOK,
    CHILD,
    DIGEST,
    OTHER,
    PROD,
    RUN,
    RUN_FILE,
    kept,
    lines,
    living,
    made,
    new_run,
    readme,
    told,
)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    yield from kept(tmp_path)


# --- the file ------------------------------------------------------------------------------------


def test_the_file_is_for_the_user_alone(journal: Journal, tmp_path: Path) -> None:
    told(journal)
    path = build(journal, RUN, tmp_path / "deep" / "bundles", None, PROD)
    assert path == tmp_path / "deep" / "bundles" / RUN_FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_an_older_bundle_is_kept(journal: Journal, tmp_path: Path) -> None:
    told(journal)
    first = build(journal, RUN, tmp_path, None, PROD)
    before = first.read_bytes()
    second = build(journal, RUN, tmp_path, None, PROD)
    assert second.name == RUN_FILE.replace(".zip", "-2.zip")
    assert first.read_bytes() == before


def test_a_folder_that_cannot_be_is_said(journal: Journal, tmp_path: Path) -> None:
    told(journal)
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        build(journal, RUN, tmp_path / "file", None, PROD)


def test_no_such_run(journal: Journal, tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="nobody"):
        build(journal, "nobody", tmp_path, None, PROD)


def test_the_order_is_always_the_same(journal: Journal, tmp_path: Path) -> None:
    told(journal)
    names = list(made(journal, tmp_path, living()))
    assert names[:4] == ["README.txt", "run.json", "journal.jsonl", "checkpoint.json"]
    assert names[4] == "output/probe.txt"
    assert names[-1] == "MANIFEST.json"
    exchange = names[5:-1]
    read = [name.removesuffix(".json") for name in exchange]
    assert read == sorted(read)
    assert list(made(journal, tmp_path, living())) == names


def test_the_manifest_names_every_other_file(journal: Journal, tmp_path: Path) -> None:
    told(journal)
    files = made(journal, tmp_path, living())
    manifest = json.loads(files["MANIFEST.json"])
    listed = {f["name"]: (f["sha256"], f["size"]) for f in manifest["files"]}
    assert listed == {
        name: (hashlib.sha256(content).hexdigest(), len(content))
        for name, content in files.items()
        if name != "MANIFEST.json"
    }
    assert manifest["program"] == ACTOR.program
    assert manifest["runbook_sha256"] == DIGEST
    assert manifest["run"] == RUN
    assert datetime.fromisoformat(manifest["made_at"]).tzinfo is not None
    assert list(manifest)[-1] == "checkpoint"
    assert manifest["checkpoint"]["signature"] == json.loads(files["checkpoint.json"])["signature"]


# --- from the journal ----------------------------------------------------------------------------


def test_the_checkpoint_is_fresh_and_genuine_and_covers_the_slice(journal: Journal, tmp_path: Path) -> None:
    told(journal)
    files = made(journal, tmp_path, None)
    checkpoint = Checkpoint(**json.loads(files["checkpoint.json"]))
    assert checkpoints.genuine(checkpoint)
    assert journal.verify().held == checkpoint
    assert max(line["seq"] for line in lines(files)) <= checkpoint.seq


def test_the_slice_is_of_the_run_and_its_children(journal: Journal, tmp_path: Path) -> None:
    with journal.write(None) as writer:
        writer.create_run(new_run(OTHER, name="EX09"))
    told(journal)
    with journal.write(None) as writer:
        writer.create_run(new_run(CHILD, parent=RUN, name=EX02))
    with journal.write(None) as writer:
        writer.create_run(new_run("aa11" * 8, parent=CHILD, name=EX02))
        writer.state(OTHER, RunState.ABORTING)
    journal.acquire("dag:DAG1", CHILD, 60.0)
    found = lines(made(journal, tmp_path, None))
    assert {line["body"]["run"] for line in found} == {RUN, CHILD, "aa11" * 8}
    assert [line["seq"] for line in found] == sorted(line["seq"] for line in found)
    assert {"lease.acquired", "run.created", "step.intent", "question.answered"} <= {
        line["body"]["event"] for line in found
    }
    kept = [line for line in journal.lines() if json.loads(line.body)["run"] != OTHER]
    assert [line["hash"] for line in found] == [line.hash for line in kept]


def test_each_line_can_be_checked_by_itself(journal: Journal, tmp_path: Path) -> None:
    told(journal)
    found = lines(made(journal, tmp_path, None))
    assert found
    for line in found:
        assert "cut" not in line
        text = f"{line['prev']}|{line['seq']}|{line['at']}|{canonical(line['body'])}"
        assert sha256(text) == line["hash"]


def test_run_json_is_all_the_journal_has(journal: Journal, tmp_path: Path) -> None:
    told(journal)
    with journal.write(None) as writer:
        writer.create_run(new_run(CHILD, parent=RUN, name=EX02))
    own, child = json.loads(made(journal, tmp_path, None)["run.json"])["runs"]
    assert (own["run"]["id"], child["run"]["id"], child["run"]["parent"]) == (RUN, CHILD, RUN)
    assert own["runbook"] == json.loads(BOOK)
    assert own["runbook_has_its_digest"] is True
    assert [a["outcome"] for a in own["attempts"]] == ["failed", "done"]
    assert own["questions"][0]["answer"]["choice"] == "hand over"
    assert own["readings"][0]["findings"][0]["reading"] == "0 fit copies: it failed"
    assert own["obligations"][0]["handed_to"] == r"CONTOSO\bob"


def test_output_is_by_step_and_by_run(journal: Journal, tmp_path: Path) -> None:
    told(journal)
    with journal.write(None) as writer:
        writer.create_run(new_run(CHILD, parent=RUN, name=EX02))
        attempt = writer.intend(NewAttempt(CHILD, "../../etc/passwd", "", {}, 1.0))
        writer.say(attempt, ["beneath"])
    files = made(journal, tmp_path, None)
    first, second = files["output/probe.txt"].decode().splitlines()
    assert first.endswith("#1 the first line it failed")
    assert second.endswith("#1 the second line")
    assert files["output/91bc91bc/_.._etc_passwd.txt"].decode().endswith("#1 beneath\n")


def test_a_runbook_that_was_tampered_with_is_shown_and_named(journal: Journal, tmp_path: Path) -> None:
    with journal.write(None) as writer:
        writer.create_run(new_run(RUN, book="{not json"))
    files = made(journal, tmp_path, None)
    (own,) = json.loads(files["run.json"])["runs"]
    assert own["runbook"] == "{not json"
    assert own["runbook_has_its_digest"] is False
    assert b"PopDeepTest" in files["README.txt"]


def test_without_a_signing_key_the_rest_is_written(journal: Journal, tmp_path: Path) -> None:
    told(journal)
    journal.checkpoint()
    (tmp_path / "keys" / checkpoints.KEY_FILE).write_text("no key")
    files = made(journal, tmp_path, None)
    assert "checkpoint.json" not in files
    assert json.loads(files["MANIFEST.json"])["checkpoint"] is None
    assert "checkpoint" in readme(files)


# --- README.txt ----------------------------------------------------------------------------------


def test_the_readme_tells_what_happened(journal: Journal, tmp_path: Path) -> None:
    told(journal)
    text = readme(made(journal, tmp_path, living()))
    for words in (
        f"{MONITOR} on EX01",
        "Re-run the probe (probe)",
        "sent    Invoke-MonitoringProbe it failed",
        "result  failed at",
        "answer  hand over to CONTOSO\\bob by CONTOSO\\ann, because: tired it failed",
        "DatabaseCopyAutoActivationPolicy was it failed, was set to Blocked",
        "Monitoring overrides of the server and of the organization: 1.",
        "handed over to CONTOSO\\bob",
        "Not ended: waiting at step",
        "build 15.2.986.5",
        "The last probe, at",
        "recovery actions since an hour before the run: 1 (RestartService)",
        "ExchangeLogCollector",
        "HealthChecker",
        "ManagedAvailabilityTroubleshooter",
        "C:\\Logs\\Pop3 (ProtocolLogEnabled is on now)",
        "Every read succeeded.",
    ):
        assert words in text, words


def test_the_readme_is_in_the_order_of_time(journal: Journal, tmp_path: Path) -> None:
    told(journal)
    text = readme(made(journal, tmp_path, None))
    steps = ["Re-run the probe (probe)", "Go on?", "sent    Set-MailboxServer EX01"]
    assert [text.index(step) for step in steps] == sorted(text.index(step) for step in steps)


def test_an_obligation_in_nobodys_name_and_none_at_all(journal: Journal, tmp_path: Path) -> None:
    with journal.write(None) as writer:
        writer.create_run(new_run(RUN))
    assert "no temporary change of this recovery is open" in readme(made(journal, tmp_path, None))
    with journal.write(None) as writer:
        opens = [NewObligation(EX01, "ProtocolLogEnabled", False, True)]
        writer.intend(NewAttempt(RUN, "logging-on", "Set-PopSettings", {}, 30.0, opens=opens))
    text = readme(made(journal, tmp_path, None))
    assert "ProtocolLogEnabled was $false, was set to $true" in text
    assert "OPEN, and in nobody's name" in text
    assert "in doubt" in text


def test_an_ended_run_says_how_it_ended(journal: Journal, tmp_path: Path) -> None:
    told(journal)
    with journal.write(None) as writer:
        writer.end(RUN, RunState.ESCALATED, "Microsoft has it")
    assert "escalated: Microsoft has it" in readme(made(journal, tmp_path, None))

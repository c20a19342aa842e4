"""The exports: every line parses, and the fields are where the two schemas have them."""

from __future__ import annotations

import json
from typing import Any

from cockpit.journal.chain import START, Head, canonical, verify
from cockpit.journal.checkpoints import genuine
from cockpit.journal.export import Format, export
from cockpit.journal.records import Line, RunState
from cockpit.journal.store import Journal
from tests.journal.support import begun, intended, new_attempt


def story(journal: Journal) -> list[Line]:
    hold = begun(journal)
    attempt = intended(journal, hold, new_attempt(opens=()))
    with journal.write(hold) as writer:
        writer.conclude(attempt, "applied", {"words": "set “it” \udc80"}, next_step="verify")
        writer.end("run-1", RunState.ESCALATED, "case opened")
    return list(journal.lines())


def exported(lines: list[Line], form: Format) -> list[dict[str, Any]]:
    texts = list(export(lines, form))
    assert not any("\n" in text for text in texts)
    return [json.loads(text.encode()) for text in texts]


def test_the_chain_can_be_proved_from_jsonl_alone(journal: Journal) -> None:
    lines = story(journal)
    again = [
        Line(r["seq"], r["at"], canonical(r["body"]), r["prev"], r["hash"])
        for r in exported(lines, Format.JSONL)
    ]
    assert again == lines
    assert verify(again, Head(len(lines), lines[-1].hash), (), (), genuine).sound
    assert again[0].prev == START


def test_ecs_has_its_fields(journal: Journal) -> None:
    lines = story(journal)
    records = exported(lines, Format.ECS)
    assert [r["event"]["sequence"] for r in records] == [line.seq for line in lines]
    intent, result, end = (
        next(r for r in records if r["event"]["action"] == action)
        for action in ("step.intent", "step.result", "run.ended")
    )
    assert intent["message"].startswith("Set-MailboxServer EX01")
    assert (intent["event"]["outcome"], intent["event"]["kind"]) == ("unknown", "event")
    assert result["event"]["outcome"] == "success"
    assert end["event"]["outcome"] == "failure"
    assert result["labels"]["run_id"] == "run-1"
    assert (result["labels"]["outcome"], result["labels"]["attempt"]) == ("applied", "1")
    assert result["user"]["name"] == r"CONTOSO\ann"
    assert (result["host"]["name"], result["process"]["pid"]) == ("jump1", 1)
    assert result["@timestamp"] == lines[3].at
    assert all(r["event"]["outcome"] in ("success", "failure", "unknown") for r in records)
    assert all(isinstance(label, str) for r in records for label in r["labels"].values())


def test_ocsf_has_what_api_activity_requires(journal: Journal) -> None:
    lines = story(journal)
    for line, record in zip(lines, exported(lines, Format.OCSF), strict=True):
        assert (record["class_uid"], record["category_uid"]) == (6003, 6)
        assert record["type_uid"] == 600300 + record["activity_id"]
        assert record["actor"]["user"]["name"] == r"CONTOSO\ann"
        assert record["api"]["operation"] == json.loads(line.body)["event"]
        assert record["src_endpoint"]["hostname"] == "jump1"
        assert isinstance(record["time"], int)
        assert abs(record["time"] / 1000 - journal.now()) < 60
        assert record["metadata"]["product"]["vendor_name"]
        assert record["metadata"]["version"]
        assert record["severity_id"] == 1
        assert record["status_id"] in (0, 1, 2)
        assert record["raw_data"] == line.body
    results = [r for r in exported(lines, Format.OCSF) if r["api"]["operation"] == "step.result"]
    assert [r["status"] for r in results] == ["Success"]
    assert {"name": "EX01", "type": "server"} in exported(lines, Format.OCSF)[1]["resources"]

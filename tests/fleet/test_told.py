"""What was told, in words and as data: true, short, and harmless whatever a server calls itself."""

from __future__ import annotations

import json
import re

import pytest

from cockpit.fleet.states import State
from cockpit.fleet.subjects import ORGANIZATION, Subject
from cockpit.fleet.telling import Change, Kind, Telling
from cockpit.fleet.told import LISTED, SCHEMA, TEXT_LIMIT, Told, document, variables
from tests.fleet.builders import NOW

EX01 = Subject("EX01")
CTP = Subject("EX01", "POP", "PopCTPMonitor", "POP")
WELL, SICK, GONE = State.HEALTHY, State.UNHEALTHY, State.UNREACHABLE
HOSTILE = "EX\x1b]52;c;aGk=\x07\u202e\x9b31m;\n$(reboot)\x00`id`"


def told(telling: Telling, **reasons: str) -> Told:
    subjects = [change.subject for change in telling.changes]
    return Told(telling, "prod", NOW, {s: reasons.get(s.server or "organization", "") for s in subjects})


def change(subject: Subject, before: State, after: State) -> Telling:
    return Telling(Kind.CHANGE, (Change(subject, before, after),))


@pytest.mark.parametrize(
    ("one", "text"),
    [
        (
            told(change(EX01, WELL, SICK), EX01="PopCTPMonitor"),
            "EX01 is Unhealthy (was Healthy): PopCTPMonitor",
        ),
        (told(change(EX01, SICK, WELL), EX01="old"), "EX01 is Healthy (was Unhealthy)"),
        (told(change(CTP, WELL, SICK)), "PopCTPMonitor on EX01 is Unhealthy (was Healthy)"),
        (
            told(change(ORGANIZATION, WELL, GONE), organization="the collector ended"),
            "The organization is unreachable (was readable): the collector ended",
        ),
        (told(change(ORGANIZATION, GONE, WELL)), "The organization is readable (was unreachable)"),
        (
            told(Telling(Kind.FLAPPING, (Change(EX01, WELL, SICK),), 6, 240.0)),
            "EX01 changes to and fro: 6 changes in 4 min, now Unhealthy",
        ),
        (
            told(Telling(Kind.STEADY, (Change(EX01, WELL, WELL),), 1, 600.0)),
            "EX01 no longer changes to and fro: Healthy for 10 min",
        ),
        (
            told(Telling(Kind.DIGEST, (Change(EX01, WELL, GONE), Change(CTP, WELL, GONE)), 12, 60.0)),
            "12 more changes in the last 60 s: now 2 unreachable",
        ),
        (
            told(Telling(Kind.DIGEST, (Change(EX01, WELL, SICK),), 1, 61.2)),
            "1 more change in the last 61 s: now 1 Unhealthy",
        ),
    ],
)
def test_in_words(one: Told, text: str) -> None:
    assert one.text == text


def test_as_data() -> None:
    facts = document(told(change(CTP, WELL, SICK), EX01="timed out"))
    assert facts == {
        "schema": SCHEMA,
        "kind": "change",
        "at": "2026-03-01T03:00:00Z",
        "environment": "prod",
        "text": "PopCTPMonitor on EX01 is Unhealthy (was Healthy): timed out",
        "count": 1,
        "seconds": 0.0,
        "changes": [
            {
                "kind": "monitor",
                "server": "EX01",
                "health_set": "POP",
                "monitor": "PopCTPMonitor",
                "target": "POP",
                "before": "Healthy",
                "after": "Unhealthy",
                "worse": True,
                "reason": "timed out",
            }
        ],
        "changes_left_out": 0,
    }
    found = variables(facts)
    assert found["POP_COCKPIT_SERVER"] == "EX01"
    assert found["POP_COCKPIT_WORSE"] == "yes"
    assert found["POP_COCKPIT_KIND"] == "change"
    assert found["POP_COCKPIT_SUBJECT"] == "monitor"


def test_a_digest_is_bounded_and_names_nobody_in_variables() -> None:
    changes = tuple(Change(Subject(f"EX{n}"), WELL, GONE) for n in range(LISTED + 5))
    facts = document(told(Telling(Kind.DIGEST, changes, 90, 60.0)))
    assert len(facts["changes"]) == LISTED
    assert facts["changes_left_out"] == 5
    found = variables(facts)
    assert found["POP_COCKPIT_SERVER"] == found["POP_COCKPIT_WORSE"] == ""
    assert found["POP_COCKPIT_COUNT"] == "90"
    assert set(found) == set(variables(document(told(change(EX01, WELL, SICK)))))


def test_hostile_names_are_harmless_everywhere() -> None:
    subject = Subject(HOSTILE, HOSTILE, HOSTILE, HOSTILE)
    one = Told(change(subject, WELL, SICK), "prod", NOW, {subject: HOSTILE * 100 + "Password: hunter2"})
    facts = document(one)
    texts = [one.text, json.dumps(facts, ensure_ascii=False), *variables(facts).values()]
    assert re.findall("[\x00-\x1f\x7f-\x9f\u202e]", "".join(texts)) == []
    assert "hunter2" not in "".join(texts)
    assert len(one.text) < TEXT_LIMIT + 60
    assert "\\x1b]52;c;aGk=" in one.text, "it can be read what was there"

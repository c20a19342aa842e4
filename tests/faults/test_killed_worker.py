"""Kill -9 of a run's worker between an answer and its being taken: nobody is told that the run goes on."""

from __future__ import annotations

import json
from pathlib import Path

from cockpit.journal.records import Answer, Choice
from tests.faults.conftest import OpenLab
from tests.support import processes
from tests.support.processes import Home
from tests.support.recovering import (
    FIRST,
    MONITOR,
    NEXT,
    SCENARIO,
    SENT,
    SERVER,
    SPEED,
    ready_to_go,
    rows_of,
    sent,
)
from tests.support.waiting import eventually

SHORT_LEASE = 4.0


def test_an_answer_that_nobody_took(open_lab: OpenLab, home: Home, tmp_path: Path) -> None:
    """The run is left, not waiting for an answer it has; who resumes it, resumes it with that answer."""
    served = open_lab(SCENARIO, *SPEED)
    env_file = ready_to_go(served, lease=SHORT_LEASE)

    def cockpit(*arguments: str) -> processes.Answer:
        return processes.run(home, "--env-file", env_file, *arguments)

    with rows_of(served, tmp_path) as rows:
        assert cockpit("recover", MONITOR, "--server", SERVER).code == 1
        question = rows.asks(FIRST)
        rows.worker().kill()
        with rows.journal.write(None) as writer:
            writer.answer(question.id, Answer(Choice.GO, "a test"))
        eventually(rows.lease_expired, 3 * SHORT_LEASE, "the end of its lease")
        (line,) = json.loads(cockpit("runs", "list", "--format", "json").out)
        assert line["life"] == "left"
        resumed = cockpit("runs", "resume", rows.run().id)
        assert resumed.code == 1, resumed.err
        assert rows.asks(NEXT).id > question.id
        assert sent(served) == [SENT[FIRST]], "once, by the answer that was given"
        rows.worker().kill()
    home.nothing_left()

"""Killed in the middle: what was one transaction is there whole or not at all."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cockpit.journal.store import Journal

ROOT = Path(__file__).parents[2]

DIES = """
import os, signal, sys
from pathlib import Path
from cockpit.journal.store import open_journal
from tests.journal.support import actor, begun, concluded, new_attempt
url, folder, point = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
journal = open_journal(url, actor("ann"), keys=folder, checkpoints=folder / "c.jsonl")
def reached(here):
    if here == point:
        os.kill(os.getpid(), signal.SIGKILL)
hold = begun(journal)
with journal.write(hold) as writer:
    attempt = writer.intend(new_attempt())
    reached("inside the intent")
reached("after the intent")
(obligation,) = journal.obligations()
with journal.write(hold) as writer:
    concluded(writer, attempt, closes=[obligation.id])
    reached("inside the result")
reached("after the result")
"""


@pytest.mark.parametrize(
    ("point", "attempts", "in_doubt", "open_obligations", "events"),
    [
        ("inside the intent", 0, 0, 0, 2),
        ("after the intent", 1, 1, 1, 3),
        ("inside the result", 1, 1, 1, 3),
        ("after the result", 1, 0, 0, 4),
    ],
)
def test_killed_at(
    journal: Journal,
    url: str,
    tmp_path: Path,
    point: str,
    attempts: int,
    in_doubt: int,
    open_obligations: int,
    events: int,
) -> None:
    killed = subprocess.run(
        [sys.executable, "-c", DIES, url, str(tmp_path), point], cwd=ROOT, timeout=50, check=False
    )
    assert killed.returncode == -signal.SIGKILL
    found = journal.attempts("run-1")
    assert len(found) == attempts
    assert sum(attempt.in_doubt for attempt in found) == in_doubt
    assert len(journal.obligations()) == open_obligations
    assert journal.run("run-1").step == ("verify" if point == "after the result" else "block")
    check = journal.verify()
    assert (check.sound, check.lines) == (True, events)

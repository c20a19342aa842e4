"""The sweep that a cockpit begins with: when it is over, and its process while it is not."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psutil

from tests.support.processes import Home
from tests.support.waiting import eventually

SWEEPER = "cockpit.recovery.sweeper"
_SWEEPS = """SELECT body FROM journal WHERE body LIKE '%"event":"sweep"%'"""


def swept(state: Path, cockpit: int, seconds: float = 15.0) -> None:
    """The cockpit with that process id has recorded its sweep, whose process had ended before that.

    ``state``: a folder with the lab's journal somewhere in it.
    """
    eventually(lambda: str(cockpit) in set(_sweepers(state)), seconds, f"a sweep of {cockpit} in {state}")


def _sweepers(state: Path) -> Iterator[str]:
    """Process ids of the cockpits that have recorded one."""
    for file in state.rglob("journal.sqlite"):
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as journal:
            try:
                found = journal.execute(_SWEEPS).fetchall()
            except sqlite3.OperationalError:  # its tables are being made
                continue
        for (body,) in found:
            yield json.loads(body)["process"].split("/")[1]


def sweeping(home: Home, seconds: float = 15.0) -> psutil.Process:
    """The process of a sweep that is under way."""
    (process,) = eventually(lambda: home.processes(SWEEPER), seconds, "a sweep's process")
    return process

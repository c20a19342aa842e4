"""Offices on loopback labs: what a cockpit does, without its screen."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cockpit.config.environment import Environment
from cockpit.journal.records import Actor
from cockpit.journal.store import Journal, open_journal
from cockpit.recovery.access import Access
from cockpit.recovery.client import RefusedError
from cockpit.recovery.office import Office
from tests.recovery.looping import Loopback


class LoopOffice(Office):
    """``at_work``: told the run that a worker is to be started for."""

    def __init__(
        self, environment: Environment, journal: Journal, lab: str, at_work: Callable[[str], object]
    ) -> None:
        super().__init__(environment, None, journal, read_only=False)
        self._lab = lab
        self._at_work = at_work

    def _work(self, run: str) -> None:
        self._at_work(run)

    @contextmanager
    def _servers(self) -> Iterator[Access]:
        access = Loopback(self._environment, self._lab)
        try:
            yield access
        finally:
            access.close()


@dataclass(frozen=True, slots=True)
class Cockpit:
    """One operator's cockpit, as a job for the nursery: at ``at`` (seconds since the epoch) it starts a
    recovery, and writes into ``answer`` the run's id, or the refusal."""

    operator: str
    environment: Environment
    url: str
    folder: Path
    lab: str
    server: str
    monitor: str
    at: float
    answer: Path

    def open(self, at_work: Callable[[str], object]) -> LoopOffice:
        actor = Actor(self.operator, "ssh", f"jump1/{os.getpid()}/{self.operator}", "tests")
        checkpoints = self.folder / f"{self.operator}.jsonl"
        journal = open_journal(self.url, actor, keys=self.folder / "keys", checkpoints=checkpoints)
        return LoopOffice(self.environment, journal, self.lab, at_work)

    def begin(self) -> int:
        """In a process of its own; 0: started, 1: refused."""
        office = self.open(lambda run: None)
        try:
            office.plan(self.server, self.monitor)
            time.sleep(max(0.0, self.at - time.time()))
            said, code = office.start(self.server, self.monitor), 0
        except RefusedError as error:
            said, code = str(error), 1
        finally:
            office.close()
        self.answer.write_text(said, encoding="utf-8")
        return code

"""What the journal's tests share: people, runs, and small worlds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cockpit.journal.records import Actor, Attempt, NewAttempt, NewObligation, NewRun
from cockpit.journal.store import Hold, Journal, open_journal
from cockpit.journal.writing import Writer

SCOPE = "dag:DAG1"


def actor(name: str, pid: int = 1) -> Actor:
    return Actor(rf"CONTOSO\{name}", f"ssh from 192.0.2.{pid}", f"jump1/{pid}/{name}", "pop-cockpit 0.1.0")


class Opener:
    """Opens one journal for several people; each gets a key folder and an outside file of their own."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self.folder = folder
        self._opened: list[Journal] = []

    def keys(self, name: str) -> Path:
        return self.folder / name / "keys"

    def outside(self, name: str) -> Path:
        return self.folder / name / "checkpoints.jsonl"

    def __call__(self, name: str, pid: int = 1) -> Journal:
        opened = open_journal(
            self.url, actor(name, pid), keys=self.keys(name), checkpoints=self.outside(name)
        )
        self._opened.append(opened)
        return opened

    def close(self) -> None:
        for journal in self._opened:
            journal.close()


def new_run(
    name: str = "run-1", *, parent: str | None = None, step: str = "block", environment: str = "prod"
) -> NewRun:
    return NewRun(
        name, "pop-deep", "d1", "{}", environment, SCOPE, "EX01", "PopDeepTestMonitor", step, parent=parent
    )


MOVE_NOW = NewObligation("EX01", "DatabaseCopyActivationDisabledAndMoveNow", prior=False, wanted=True)


def new_attempt(
    run: str = "run-1", step: str = "block", opens: Sequence[NewObligation] = (MOVE_NOW,)
) -> NewAttempt:
    command = "Set-MailboxServer EX01 -DatabaseCopyActivationDisabledAndMoveNow $true"
    return NewAttempt(run, step, command, {"MoveNow": False}, limit=30.0, opens=opens)


def begun(journal: Journal) -> Hold:
    """A run that has just begun, and its lease."""
    hold = journal.acquire(SCOPE, "run-1", 60.0)
    with journal.write(hold) as writer:
        writer.create_run(new_run())
    return hold


def intended(journal: Journal, hold: Hold, new: NewAttempt | None = None) -> Attempt:
    with journal.write(hold) as writer:
        return writer.intend(new or new_attempt())


def concluded(writer: Writer, attempt: Attempt, closes: Sequence[int] = ()) -> None:
    writer.conclude(attempt, "applied", {"words": "set"}, next_step="verify", closes=closes)

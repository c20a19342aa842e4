"""Recoveries in a lab from three sides: the keys of the wizard, the journal's rows, the lab's ledger."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import msgspec
import psutil

from cockpit.config import environment as config
from cockpit.config.environment import PasswordReference
from cockpit.journal.records import Actor, Attempt, Question, Run
from cockpit.journal.store import Journal, open_journal
from tests.support.processes import LabProcess
from tests.support.terminal import Terminal
from tests.support.waiting import eventually

SCENARIO, MONITOR, SERVER = "deep-database", "PopDeepTestMonitor", "EX19-01"
"""A restart of the service does not cure it, so a question comes after the probe that follows."""
SPEED = ("--speed", "60")
SLOW_PROBE = 180.0
"""Simulated seconds; at that speed three real ones, in which a login can be cut."""
FIRST, NEXT, LAST = "restart", "away-block", "away-move"
"""The steps at whose questions the run comes to stand, one after the other, answered with Go."""
PROMPTS = {FIRST: "Restart the POP3 back-end service?", NEXT: "Block activation", LAST: "Move the databases"}
SENT = {FIRST: ("Restart-Service", "MSExchangePOP3BE"), NEXT: ("Set-MailboxServer", SERVER)}
_READS = {"Get", "Test"}
_READING = {"wevtutil", "Invoke-MonitoringProbe"}


def ready_to_go(
    served: LabProcess, password: PasswordReference | None = None, lease: float | None = None
) -> Path:
    """An environment file in which no guard stands in the way of the first steps.

    ``password``: where the password comes from instead; ``lease``: another time-to-live, in seconds.
    """
    environment = served.environment
    usual = environment.recovery
    quiet = msgspec.structs.replace(usual, quiet=0.0, lease=lease or usual.lease)
    credential = environment.credential
    if password is not None:
        credential = msgspec.structs.replace(credential, password=password)
    path = served.env_file.with_name(f"recovering-{uuid4().hex}.toml")
    config.save(path, msgspec.structs.replace(environment, recovery=quiet, credential=credential))
    return path


# --- by keys ---------------------------------------------------------------------------------------


def start_by_keys(term: Terminal) -> None:
    """From the Fleet screen to the Run screen at its first question."""
    term.wait("8/8 up", 15.0)
    term.press("2", "f")
    term.wait(f"Verdict · {MONITOR}")
    term.press("r")
    term.wait("Recover?")
    term.press("y")
    term.wait(f"Asks: {SERVER}: {PROMPTS[FIRST]}", 15.0)


def go_by_keys(term: Terminal) -> None:
    """Answer the open question of the Run screen with Go: after "Not now" and "Again"."""
    term.press("d")
    term.wait(lambda text: f"Decide on {SERVER}" in text and "Not now" in text)
    term.press("tab", "tab", "enter")
    term.wait(lambda text: f"Decide on {SERVER}" not in text)


def attach_by_keys(term: Terminal) -> None:
    """From the Fleet screen, by the history, to the newest run."""
    term.wait("8/8 up", 15.0)
    term.press("H")
    term.wait(lambda text: "History" in text and "1 of 1" in text)
    term.press("enter")


# --- by the journal and the ledger -----------------------------------------------------------------


@dataclass(frozen=True)
class Rows:
    """The journal of a lab with one run in it, from outside."""

    journal: Journal

    def run(self) -> Run:
        (found,) = self.journal.runs()
        return found

    def asks(self, step: str, seconds: float = 15.0) -> Question:
        """The open question of ``step``, once it is asked."""

        def look() -> Question | None:
            question = self.journal.open_question(self.run().id)
            return question if question is not None and question.step == step else None

        found = eventually(look, seconds, f"a question at {step}")
        assert found is not None
        return found

    def begun(self, step: str, seconds: float = 10.0) -> Attempt:
        """The newest try of ``step``, once it is in the journal."""
        found = eventually(lambda: self.tries(step), seconds, f"a try of {step}")
        return found[-1]

    def tries(self, step: str) -> list[Attempt]:
        return [a for a in self.journal.attempts(self.run().id) if a.step == step]

    def lease_expired(self) -> bool:
        lease = self.journal.lease(self.run().scope)
        return lease is not None and lease.expired

    def worker(self) -> psutil.Process:
        """The process that holds the run's lease."""
        lease = self.journal.lease(self.run().scope)
        assert lease is not None
        assert not lease.expired
        host, pid, _ = lease.holder.split("/")
        assert host == os.uname().nodename
        process = psutil.Process(int(pid))
        assert "cockpit.recovery.worker" in process.cmdline()
        return process


@contextmanager
def rows_of(served: LabProcess, folder: Path) -> Iterator[Rows]:
    """Its journal, opened beside those that work with it; ``folder``: for a key that is never made."""
    url = served.environment.journal.url
    assert url is not None
    actor = Actor("a test", "here", f"test/{os.getpid()}/0", "tests")
    journal = open_journal(url, actor, keys=folder, checkpoints=folder / "checkpoints.jsonl")
    try:
        yield Rows(journal)
    finally:
        journal.close()


def sent(served: LabProcess) -> list[tuple[str, str]]:
    """Every command the lab has executed that may change something, in their order, with its object."""
    return [
        (entry["cmdlet"], entry["parameters"].get("Identity") or entry["parameters"].get("Name", ""))
        for entry in served.ledger()
        if entry["kind"] == "command"
        and entry["cmdlet"] not in _READING
        and entry["cmdlet"].partition("-")[0] not in _READS
    ]

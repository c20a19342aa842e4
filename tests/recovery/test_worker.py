"""The worker as it is started: told by one frame on stdin, and its exit code says how it left the run."""

from __future__ import annotations

import io
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from cockpit.config.environment import (
    Address,
    Credential,
    EndpointSettings,
    Environment,
    RecoverySettings,
    WinRMSettings,
)
from cockpit.journal.records import Actor, NewRun, RunState, WishKind
from cockpit.journal.store import Journal, open_journal, sqlite_url
from cockpit.recovery.runbook import freeze
from cockpit.recovery.runbooks.deep import DEEP
from cockpit.recovery.worker import (
    EXIT_CRASH,
    EXIT_ENDED,
    EXIT_HELD,
    EXIT_LOST,
    EXIT_PARKED,
    Task,
    read_task,
    write_frame,
)
from tests.support.waiting import eventually

ROOT = Path(__file__).parents[2]
RUN = "r" * 32
SCOPE = "server:EX01"
PASSWORD = "correct horse battery staple"


@pytest.fixture
def nobody() -> Iterator[str]:
    """An address at which nobody answers: bound, so that nobody else gets it, and not listening."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}/PowerShell"


@dataclass
class Told:
    """A journal with one run, and the task of a worker for it."""

    journal: Journal
    task: Task
    folder: Path

    @contextmanager
    def working(self) -> Iterator[subprocess.Popen[bytes]]:
        with (
            open(self.folder / "log", "wb") as log,
            subprocess.Popen(
                [sys.executable, "-m", "cockpit.recovery.worker"],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                cwd=ROOT,
            ) as process,
        ):
            assert process.stdin is not None
            with process.stdin as stream:
                write_frame(stream, self.task)
            try:
                yield process
            finally:
                process.kill()

    def asked(self) -> None:
        """The run has come to a question: its server does not answer."""
        eventually(lambda: self.journal.open_question(RUN), 15.0, f"a question; {self.log()}")

    def log(self) -> str:
        return (self.folder / "log").read_text(encoding="utf-8")


@pytest.fixture
def told(tmp_path: Path, nobody: str) -> Iterator[Told]:
    url = sqlite_url(tmp_path / "state" / "journal.db")
    actor = Actor("ann", "here", "jump1/1/aaa", "tests")
    journal = open_journal(url, actor, keys=tmp_path, checkpoints=tmp_path / "checkpoints.jsonl")
    text, digest = freeze(DEEP)
    new = NewRun(RUN, DEEP.name, digest, text, "prod", SCOPE, "EX01", "PopDeepTestMonitor", "verify")
    with journal.write(None) as writer:
        writer.create_run(new)
    dialled: dict[str, Any] = {"auth": "basic", "tls": False, "connect_seconds": 1.0}
    environment = Environment(
        entry_servers=("EX01",),
        credential=Credential("ann@example.com"),
        exchange=EndpointSettings(**dialled),
        winrm=WinRMSettings(**dialled),
        addresses={"EX01": Address(exchange=nobody, winrm=nobody)},
        recovery=RecoverySettings(lease=2.0, linger=30.0),
        name="prod",
    )
    task = Task(
        run=RUN,
        environment=environment,
        password=PASSWORD,
        journal_url=url,
        keys=str(tmp_path),
        checkpoints=str(tmp_path / "checkpoints.jsonl"),
        bundles=str(tmp_path),
        operator="ann",
        origin="here",
        program="tests",
    )
    yield Told(journal, task, tmp_path)
    journal.close()


def test_a_task_arrives_as_it_was_sent(told: Told) -> None:
    stream = io.BytesIO()
    write_frame(stream, told.task)
    stream.seek(0)
    assert read_task(stream) == told.task


@pytest.mark.parametrize("left", [0, 3, 4, 40])
def test_a_task_that_was_cut_short_is_none(told: Told, left: int) -> None:
    stream = io.BytesIO()
    write_frame(stream, told.task)
    with pytest.raises(EOFError):
        read_task(io.BytesIO(stream.getvalue()[:left]))


def test_a_hang_up_does_not_reach_it_and_an_abort_does(told: Told) -> None:
    with told.working() as process:
        told.asked()
        lease = told.journal.lease(SCOPE)
        assert lease is not None
        assert (lease.run, lease.operator) == (RUN, "ann")
        assert lease.holder.split("/")[1] == str(process.pid)
        os.kill(process.pid, signal.SIGHUP)
        with told.journal.write(None) as writer:
            writer.wish(RUN, WishKind.ABORT, "a test wants it so", "bob")

        assert process.wait(10) == EXIT_ENDED

    assert told.journal.run(RUN).state is RunState.ABORTED
    assert told.journal.lease(SCOPE) is None
    assert told.journal.verify().held is not None, "it signs how far the chain has come"
    kept = b"".join(p.read_bytes() for p in told.folder.rglob("*") if p.is_file())
    assert PASSWORD.encode() not in kept


def test_at_a_question_that_nobody_answers_it_lets_go(told: Told) -> None:
    recovery = msgspec.structs.replace(told.task.environment.recovery, linger=0.3)
    environment = msgspec.structs.replace(told.task.environment, recovery=recovery)
    told.task = msgspec.structs.replace(told.task, environment=environment)
    with told.working() as process:
        assert process.wait(15) == EXIT_PARKED

    assert told.journal.open_question(RUN) is not None
    assert told.journal.lease(SCOPE) is None, "whoever answers need not wait for it"


def test_a_scope_that_is_held_is_left_alone(told: Told) -> None:
    held = told.journal.acquire(SCOPE, "another", 60.0)
    with told.working() as process:
        assert process.wait(15) == EXIT_HELD
    assert told.journal.lease(SCOPE) is not None
    assert "ann" in told.log()
    told.journal.release(held)


def test_a_lost_lease_ends_it(told: Told) -> None:
    with told.working() as process:
        told.asked()
        engine = sa.create_engine(told.task.journal_url, poolclass=sa.NullPool)
        with engine.begin() as connection:
            connection.exec_driver_sql("UPDATE lease SET token = token + 1, holder = 'jump2/7/bbb'")

        assert process.wait(15) == EXIT_LOST

    lease = told.journal.lease(SCOPE)
    assert lease is not None
    assert lease.holder == "jump2/7/bbb", "it is not given back by whom it does not belong to"


def test_a_run_that_is_not_there_is_a_defect_and_said_so(told: Told) -> None:
    told.task = msgspec.structs.replace(told.task, run="x" * 32)
    with told.working() as process:
        assert process.wait(15) == EXIT_CRASH
    assert "x" * 32 in told.log()

"""The process that works on one run: ``python -m cockpit.recovery.worker``, told by one frame on stdin.

It is started in a session of its own, so that a closed terminal does not reach it; the credentials
come through the pipe and live in its memory only. It ends with the run, or at a question that nobody
answers for long, or when its lease is gone.
"""

from __future__ import annotations

import logging
import os
import signal
import struct
import sys
import time
from pathlib import Path
from typing import IO, Final

import msgspec
import sqlalchemy as sa

from cockpit.config.environment import Environment
from cockpit.config.secrets import Secret
from cockpit.journal.errors import JournalError, LeaseHeldError, LeaseLostError
from cockpit.journal.records import Actor, Lease, RunState, WishKind
from cockpit.journal.store import Journal, open_journal
from cockpit.recovery.access import Sessions
from cockpit.recovery.asking import Parked
from cockpit.recovery.engine import Engine
from cockpit.recovery.holding import due_of
from cockpit.recovery.keeper import Keeper
from cockpit.recovery.sweep import closed, record, still, sweep
from cockpit.recovery.work import Work

_LOG = logging.getLogger(__name__)

HEADER: Final = struct.Struct(">I")
EXIT_ENDED, EXIT_PARKED, EXIT_HELD, EXIT_LOST, EXIT_CRASH = 0, 10, 11, 12, 70


class Task(msgspec.Struct, frozen=True):
    """What a worker is told. The passwords travel here and nowhere else."""

    run: str
    environment: Environment
    password: str | None
    journal_url: str
    keys: str
    checkpoints: str
    bundles: str
    operator: str
    origin: str
    program: str

    def __repr__(self) -> str:
        return f"Task({self.run!r}, {self.environment.name!r}, …)"


def write_frame(stream: IO[bytes], body: msgspec.Struct) -> None:
    encoded = msgspec.msgpack.encode(body)
    stream.write(HEADER.pack(len(encoded)) + encoded)
    stream.flush()


def read_frame(stream: IO[bytes]) -> bytes:
    """Raises EOFError when the other side ended in the middle."""
    head = stream.read(HEADER.size)
    if len(head) < HEADER.size:
        raise EOFError
    (length,) = HEADER.unpack(head)
    body = stream.read(length)
    if len(body) < length:
        raise EOFError
    return body


def read_task(stream: IO[bytes]) -> Task:
    """Raises EOFError when the parent ended in the middle."""
    return msgspec.msgpack.decode(read_frame(stream), type=Task)


def main() -> int:
    """Work on the run that stdin names; the exit code says how it was left."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    logging.getLogger("alembic").setLevel(logging.WARNING)
    logging.getLogger("pypsrp").setLevel(logging.CRITICAL)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    task = read_task(sys.stdin.buffer)
    actor = Actor(task.operator, task.origin, process_name(), task.program)
    journal = open_journal(
        task.journal_url,
        actor,
        keys=Path(task.keys),
        checkpoints=Path(task.checkpoints),
        group=task.environment.journal.group,
    )
    try:
        return work(journal, task)
    finally:
        journal.close()


def work(journal: Journal, task: Task) -> int:
    """Drive the run; the exit code."""
    secret = None if task.password is None else Secret(task.password)
    access = Sessions(task.environment, secret)
    try:
        while (code := _once(journal, task, access)) is None:
            pass
        return code
    except LeaseLostError as error:
        _LOG.warning("run %s: %s", task.run, error)
        return EXIT_LOST
    except JournalError as error:
        _LOG.error("run %s: %s", task.run, error)
        return EXIT_CRASH
    except Exception:
        # A defect must not look like a run that is being worked on: the lease ends, the log says why.
        _LOG.exception("run %s: the worker failed in an unforeseen way", task.run)
        return EXIT_CRASH
    finally:
        access.close()


def _passwords(task: Task) -> tuple[str, ...]:
    """Those it was told, the journal's too, to be cut wherever they stand."""
    found = (task.password, sa.make_url(task.journal_url).password)
    return tuple(each for each in found if each)


def _once(journal: Journal, task: Task, access: Sessions) -> int | None:
    """One taking up of the run; its exit code, None to take it up again."""
    secrets = _passwords(task)
    try:
        with Keeper(journal, task.environment.recovery.lease) as keeper:
            bundles = Path(task.bundles)
            engine = Engine(Work(journal, keeper, access, task.environment, bundles, secrets=secrets))
            state = engine.drive(task.run)
            _LOG.info("run %s: %s", task.run, state.value)
    except Parked:
        # Somebody may have answered between our last look and the lease's release.
        if _unheard(journal, task.run):
            return None
        _LOG.info("run %s stays at its question", task.run)
        return EXIT_PARKED
    except LeaseHeldError as error:
        if error.lease.run in journal.kin(task.run) and _outlives(journal, error.lease):
            return None
        _LOG.info("run %s: %s", task.run, error)
        return EXIT_HELD
    _last_look(journal, access, task.environment)
    return EXIT_ENDED


def _unheard(journal: Journal, run: str) -> bool:
    """Whether an answer or a wish waits that nobody has taken up."""
    for each in journal.below(run):
        found, past = journal.run(each), journal.questions(each)
        if found.ended:
            continue
        # Only what taking the run up would take up too: else it would be taken up for ever.
        wished = {w.kind for w in journal.wishes(each)}
        aborts = WishKind.ABORT in wished and not found.facts.get("aborting")
        ends = WishKind.END_WAIT in wished and due_of(journal, found) is not None
        answered = past and not past[-1].open and found.state is RunState.WAITING
        if aborts or ends or answered:
            return True
    return False


def _outlives(journal: Journal, lease: Lease) -> bool:
    """Wait for the lease of a worker of this very run that may be dead; False when it turns out to live."""
    while True:
        now = journal.lease(lease.scope)
        if now is None or now.expired:
            return True
        if now.holder != lease.holder or now.expires_at > lease.expires_at:
            return False
        time.sleep(min(1.0, max(0.05, now.expires_at - journal.now())))


def _last_look(journal: Journal, access: Sessions, environment: Environment) -> None:
    """Rule 5: before we go, look at every server for what is on without a record. The run has ended: what
    fails here is only told."""
    try:
        name = environment.name
        former = closed(journal, name)
        found = sweep(access, journal.obligations(environment=name), former, environment)
        found = still(found, journal.obligations(environment=name))
        with journal.write(None) as writer:
            record(writer, found)
        journal.checkpoint()
    except (JournalError, OSError) as error:
        _LOG.warning("the last sweep and checkpoint: %s", error)
        return
    for orphan in found.orphans:
        _LOG.warning("on without a record: %s %s %s", orphan.server, orphan.key, orphan.words)


def process_name() -> str:
    """``host/pid/nonce``: the holder of leases."""
    return f"{os.uname().nodename}/{os.getpid()}/{os.urandom(3).hex()}"


if __name__ == "__main__":
    sys.exit(main())

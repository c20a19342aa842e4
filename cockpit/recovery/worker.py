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
from pathlib import Path
from typing import IO, Final

import msgspec

from cockpit.config.environment import Environment, Secret
from cockpit.journal.errors import JournalError, LeaseHeldError, LeaseLostError
from cockpit.journal.records import Actor
from cockpit.journal.store import Journal, open_journal
from cockpit.recovery.access import Sessions
from cockpit.recovery.asking import Parked
from cockpit.recovery.engine import Engine
from cockpit.recovery.keeper import Keeper
from cockpit.recovery.sweep import closed, record, sweep
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


def write_task(stream: IO[bytes], task: Task) -> None:
    body = msgspec.msgpack.encode(task)
    stream.write(HEADER.pack(len(body)) + body)
    stream.flush()


def environ_of(environment: Environment) -> dict[str, str]:
    """Our variables without those that hold passwords: a worker has them from its frame, and its own
    variables can be read in /proc for as long as the run lasts."""
    references = (environment.credential.password, environment.journal.password)
    held = {reference.env for reference in references if reference is not None}
    return {name: value for name, value in os.environ.items() if name not in held}


def read_task(stream: IO[bytes]) -> Task:
    """Raises EOFError when the parent ended in the middle."""
    head = stream.read(HEADER.size)
    if len(head) < HEADER.size:
        raise EOFError
    (length,) = HEADER.unpack(head)
    body = stream.read(length)
    if len(body) < length:
        raise EOFError
    return msgspec.msgpack.decode(body, type=Task)


def main() -> int:
    """Work on the run that stdin names; the exit code says how it was left."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    logging.getLogger("alembic").setLevel(logging.WARNING)
    logging.getLogger("pypsrp").setLevel(logging.CRITICAL)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    task = read_task(sys.stdin.buffer)
    actor = Actor(task.operator, task.origin, process_name(), task.program)
    journal = open_journal(task.journal_url, actor, keys=Path(task.keys), checkpoints=Path(task.checkpoints))
    try:
        return work(journal, task)
    finally:
        journal.close()


def work(journal: Journal, task: Task) -> int:
    """Drive the run; the exit code."""
    secret = None if task.password is None else Secret(task.password)
    access = Sessions(task.environment, secret)
    try:
        with Keeper(journal, task.environment.recovery.lease) as keeper:
            engine = Engine(Work(journal, keeper, access, task.environment, Path(task.bundles)))
            state = engine.drive(task.run)
            _LOG.info("run %s: %s", task.run, state.value)
            _sweep(journal, access, task.environment.name)
            journal.checkpoint()
            return EXIT_ENDED
    except Parked:
        _LOG.info("run %s stays at its question", task.run)
        return EXIT_PARKED
    except LeaseHeldError as error:
        _LOG.info("run %s: %s", task.run, error)
        return EXIT_HELD
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


def _sweep(journal: Journal, access: Sessions, environment: str) -> None:
    """Rule 5: before we go, look at every server for what is on without a record; into the journal."""
    found = sweep(access, journal.obligations(environment=environment), closed(journal, environment))
    with journal.write(None) as writer:
        record(writer, found)
    for orphan in found.orphans:
        _LOG.warning("on without a record: %s %s %s", orphan.server, orphan.key, orphan.words)


def process_name() -> str:
    """``host/pid/nonce``: the holder of leases."""
    return f"{os.uname().nodename}/{os.getpid()}/{os.urandom(3).hex()}"


if __name__ == "__main__":
    sys.exit(main())

"""Starts workers: processes that outlive us, with their credentials through a pipe."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from cockpit.config.environment import Environment
from cockpit.config.paths import Paths, private_dir
from cockpit.config.secrets import Secret, environ_of
from cockpit.journal.records import Lease
from cockpit.journal.store import Journal
from cockpit.recovery.sweeper import Marks
from cockpit.recovery.worker import Task, read_frame, write_frame


class Launcher:
    """Starts workers for one environment, and reaps those that have ended."""

    def __init__(self, environment: Environment, secret: Secret | None, journal: Journal, url: str) -> None:
        self._environment = environment
        self._secret = secret
        self._journal = journal
        self._url = url
        self._started: list[subprocess.Popen[bytes]] = []
        self._looking: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._closed = False

    def start(self, run: str, places: Paths) -> None:
        """A worker on ``run``: a session of its own, no terminal. Raises OSError."""
        self._started = [process for process in self._started if process.poll() is None]
        task = self._task(places, run)
        with _log(private_dir(places.runs) / f"{run[:8]}.log") as log:
            process = self._spawn("cockpit.recovery.worker", log, log)
        self._started.append(process)
        assert process.stdin is not None  # noqa: S101 -- asked for in _spawn
        with process.stdin as stream:
            write_frame(stream, task)

    def _task(self, places: Paths, run: str) -> Task:
        actor = self._journal.actor
        return Task(
            run=run,
            environment=self._environment,
            password=self._secret.value if self._secret else None,
            journal_url=self._url,
            keys=str(places.journal),
            checkpoints=str(self._journal.outside),
            bundles=str(private_dir(places.bundles)),
            operator=actor.operator,
            origin=actor.origin,
            program=actor.program,
        )

    def look(self, places: Paths) -> Marks:
        """What every server shows, read by a process that ends when we do. Raises OSError, EOFError."""
        with _log(private_dir(places.runs) / "sweep.log") as log, self._lock:
            if self._closed:
                raise EOFError
            process = self._looking = self._spawn("cockpit.recovery.sweeper", subprocess.PIPE, log)
        assert process.stdin is not None  # noqa: S101 -- asked for in _spawn
        assert process.stdout is not None  # noqa: S101
        with process, process.stdin as stream, process.stdout as answer:
            task = self._task(places, "")
            with self._lock:  # close() takes the pipe away, also between our two looks
                if self._closed:
                    raise EOFError
                write_frame(stream, task)
            return msgspec.msgpack.decode(read_frame(answer), type=Marks)

    def close(self) -> None:
        """End a sweep under way: told now, it deletes its shells and goes, alone (EXIT_SECONDS)."""
        with self._lock:
            self._closed, looking = True, self._looking
        if looking is not None and looking.poll() is None and looking.stdin is not None:
            looking.stdin.close()

    def _spawn(self, module: str, stdout: int, stderr: int) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603 -- our own modules
            [sys.executable, "-m", module],
            stdin=subprocess.PIPE,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
            cwd="/",
            env=environ_of(self._environment),
        )


@contextmanager
def _log(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def works(lease: Lease | None) -> bool:
    """Whether somebody may be at work under ``lease``: it lives, and its process is not known to be dead.

    A holder is ``host/pid/nonce``. Of another host nothing is known, so it counts as at work.
    """
    if lease is None or lease.expired:
        return False
    host, _, rest = lease.holder.partition("/")
    pid = rest.partition("/")[0]
    if host != os.uname().nodename or not pid.isdigit():
        return True
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return not _is_defunct(int(pid))


def _is_defunct(pid: int) -> bool:
    """A process that has ended and was not reaped by its parent yet still has its number."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2]
    except OSError:
        return False
    return state.split()[:1] in (["Z"], ["X"])

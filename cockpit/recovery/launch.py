"""Starts workers: processes that outlive us, with their credentials through a pipe."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from cockpit.config.environment import Environment, Secret
from cockpit.config.paths import Paths, private_dir
from cockpit.journal.records import Lease
from cockpit.journal.store import Journal
from cockpit.recovery.worker import Task, environ_of, write_task


class Launcher:
    """Starts workers for one environment, and reaps those that have ended."""

    def __init__(self, environment: Environment, secret: Secret | None, journal: Journal, url: str) -> None:
        self._environment = environment
        self._secret = secret
        self._journal = journal
        self._url = url
        self._started: list[subprocess.Popen[bytes]] = []

    def start(self, run: str, places: Paths) -> None:
        """A worker on ``run``: a session of its own, no terminal. Raises OSError."""
        self._started = [process for process in self._started if process.poll() is None]
        actor = self._journal.actor
        task = Task(
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
        process = _spawn(private_dir(places.runs) / f"{run[:8]}.log", environ_of(self._environment))
        self._started.append(process)
        assert process.stdin is not None  # noqa: S101 -- asked for in _spawn
        with process.stdin as stream:
            write_task(stream, task)


def _spawn(log: Path, variables: dict[str, str]) -> subprocess.Popen[bytes]:
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        return subprocess.Popen(
            [sys.executable, "-m", "cockpit.recovery.worker"],
            stdin=subprocess.PIPE,
            stdout=descriptor,
            stderr=descriptor,
            start_new_session=True,
            cwd="/",
            env=variables,
        )
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

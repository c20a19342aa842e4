"""Workers and labs by fork: a small single-threaded process that has everything imported.

``python -m tests.recovery.nursery FD``: takes jobs over the inherited socket, forks one process for each,
and says which ended how. Forking from a test's own process would copy its threads' locks.
"""

from __future__ import annotations

import gc
import os
import select
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from cockpit.config.environment import Environment
from cockpit.journal.errors import LeaseHeldError, LeaseLostError
from cockpit.journal.records import Actor
from cockpit.journal.store import Hold
from cockpit.lab.scenarios import Scenario
from cockpit.recovery.asking import Parked
from cockpit.recovery.engine import Engine
from cockpit.recovery.keeper import Keeper
from cockpit.recovery.runbook import Runbook, thaw
from cockpit.recovery.work import Work
from cockpit.recovery.worker import EXIT_CRASH, EXIT_ENDED, EXIT_HELD, EXIT_LOST, EXIT_PARKED, process_name
from tests.recovery.loopback import Lab, LabServer
from tests.recovery.looping import Loopback
from tests.recovery.offices import Cockpit
from tests.recovery.statements import open_shared

ROOT: Final = Path(__file__).parents[2]
WAITED: Final = 900.0
"""Simulated seconds that a wait step's real moment stands for: long enough for every monitor."""


@dataclass(frozen=True, slots=True)
class Point:
    """Where a worker is killed or frozen: the step's attempt, its phase, and which time it comes by."""

    step: str
    phase: str
    time: int = 1

    def __str__(self) -> str:
        return f"{self.step}/{self.phase}" + (f"#{self.time}" if self.time > 1 else "")


@dataclass(frozen=True, slots=True)
class Job:
    """What a worker is told.

    ``die_at``: kill -9 of itself there. ``freeze_at``: SIGSTOP of itself there. ``freeze_at_check``,
    ``freeze_at_send``: SIGSTOP just before, or just after, the lease is looked at for the send of that
    number. ``trace``: a file that gets every phase, one line each.
    ``rehearsal``: not in a process of its own but in the nursery.
    """

    run: str
    environment: Environment
    url: str
    folder: Path
    lab: str
    operator: str = "ann"
    die_at: Point | None = None
    freeze_at: Point | None = None
    freeze_at_check: int = 0
    freeze_at_send: int = 0
    deadline_check: bool = True
    trace: Path | None = None
    rehearsal: bool = False


@dataclass(frozen=True, slots=True)
class OpenLab:
    """A lab in that scenario, listening at ``address``."""

    scenario: Scenario
    servers: int | None
    address: str


_RENEWING: Final = threading.Lock()


class _Keeper(Keeper):
    """Renews under a lock: a worker that freezes with it in hand does so outside of every transaction."""

    def _renew(self, hold: Hold) -> None:
        with _RENEWING:
            super()._renew(hold)


def _freeze() -> None:
    """SIGSTOP of itself. Never with SQLite's only write lock in the lease thread's hand, which nobody would
    get until the end of the freeze: what these tests ask is what a lease is good for, not a database."""
    with _RENEWING:
        os.kill(os.getpid(), signal.SIGSTOP)


@dataclass(slots=True)
class _Phases:
    """Work.phase: counts, tells, lets a wait's time pass, kills, freezes."""

    job: Job
    book: Callable[[], Runbook]
    elapse: Callable[[float], None]
    seen: dict[tuple[str, str], int] = field(default_factory=dict)

    def __call__(self, step: str, phase: str) -> None:
        number = self.seen[step, phase] = self.seen.get((step, phase), 0) + 1
        here = Point(step, phase, number)
        if self.job.trace is not None:
            with open(self.job.trace, "a", encoding="utf-8") as trace:
                trace.write(f"{step}\t{phase}\t{number}\n")
        if phase == "after effect" and self._waits(step):
            self.elapse(WAITED)
        if here == self.job.die_at:
            os.kill(os.getpid(), signal.SIGKILL)
        if here == self.job.freeze_at:
            _freeze()

    def _waits(self, step: str) -> bool:
        return any(s.id == step and s.action == "wait" for s in self.book().steps)


class _Freezing(Loopback):
    """Freezes around the last check of the lease before a send."""

    def __init__(self, job: Job) -> None:
        super().__init__(job.environment, job.lab)
        self._job = job
        self._sends = 0

    def fence(self, check: Callable[[], None]) -> None:
        def checked() -> None:
            self._sends += 1
            if self._sends == self._job.freeze_at_check:
                _freeze()
            check()
            if self._sends == self._job.freeze_at_send:
                _freeze()

        super().fence(checked)


def work(job: Job) -> int:
    """Drive the run as ``cockpit.recovery.worker`` does; the exit code."""
    actor = Actor(job.operator, "here", process_name(), "tests")
    journal = open_shared(job.url, actor, job.folder)
    access = _Freezing(job)

    def book() -> Runbook:
        run = journal.run(job.run)
        return thaw(run.book, run.digest)

    phases = _Phases(job, book, access.elapse)
    try:
        ttl = job.environment.recovery.lease
        with _Keeper(journal, ttl, deadline_check=job.deadline_check) as keeper:
            bundles = job.folder / "bundles"
            Engine(
                Work(journal, keeper, access, job.environment, bundles, phase=phases, look_every=0.003)
            ).drive(job.run)
    except Parked:
        return EXIT_PARKED
    except LeaseHeldError:
        return EXIT_HELD
    except LeaseLostError:
        return EXIT_LOST
    finally:
        access.close()
        journal.close()
    return EXIT_ENDED


# --- the process -----------------------------------------------------------------------------------------


def main(line: Connection[Any, Any]) -> None:
    """Forks until the other end closes."""
    woken, wakes = os.pipe()
    doors: list[Any] = [line, woken]
    os.set_blocking(wakes, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wakes, warn_on_full_buffer=False)
    while True:
        ready, _, _ = select.select(doors, [], [])
        if woken in ready:
            os.read(woken, 4096)
            _reap(line)
        if line in ready:
            try:
                job = line.recv()
            except (EOFError, ConnectionResetError):
                return
            if isinstance(job, Job) and job.rehearsal:
                # In this very process: what it compiles and caches, every worker is born with.
                line.send(("started", os.getpid()))
                line.send(("ended", os.getpid(), _ended(job)))
                gc.collect()
                gc.freeze()
            else:
                line.send(("started", _fork(job, (line.fileno(), woken, wakes))))


def _reap(line: Connection[Any, Any]) -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        line.send(("ended", pid, os.waitstatus_to_exitcode(status)))


def _fork(job: Job | OpenLab | Cockpit, inherited: tuple[int, ...]) -> int:
    pid = os.fork()
    if pid:
        return pid
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for descriptor in inherited:
        os.close(descriptor)
    try:
        if isinstance(job, OpenLab):
            LabServer(job.scenario, job.servers).serve(job.address)
        os._exit(_ended(job))
    finally:
        # Nothing may unwind into the nursery's own loop.
        sys.stderr.flush()
        os._exit(EXIT_CRASH)


def _ended(job: Job | Cockpit) -> int:
    try:
        return work(job) if isinstance(job, Job) else job.begin()
    except Exception:
        # As cockpit.recovery.worker: the log says why, the exit code says that.
        traceback.print_exc()
        return EXIT_CRASH


class Nursery:
    """The other end. ``ended``: exit codes by process id, negative for a signal."""

    def __init__(self) -> None:
        self._line, theirs = Pipe()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.recovery.nursery", str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            cwd=ROOT,
        )
        theirs.close()
        self.ended: dict[int, int] = {}

    def __enter__(self) -> Nursery:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._line.close()
        self._process.wait(10)

    def open(self, lab: OpenLab) -> Lab:
        return Lab(lab.address, self.start(lab))

    def start(self, job: Job | OpenLab | Cockpit) -> int:
        """The process id of a worker, a lab, or a cockpit."""
        self._line.send(job)
        while True:
            kind, pid, *rest = self._line.recv()
            if kind == "started":
                self.ended.pop(pid, None)
                return int(pid)
            self.ended[pid] = rest[0]

    def look(self, pid: int, seconds: float) -> int | None:
        """The exit code of ``pid``, waited for at most ``seconds``; None while it lives."""
        until = time.monotonic() + seconds
        while pid not in self.ended:
            left = until - time.monotonic()
            if not self._line.poll(max(0.0, left)):
                return None
            _, ended, code = self._line.recv()
            self.ended[ended] = code
        return self.ended[pid]


if __name__ == "__main__":
    # The module that the test knows, whose classes its pickles name.
    from tests.recovery.nursery import main as serve

    serve(Connection(int(sys.argv[1])))

"""Drives the product's own collector process (``python -m cockpit.fleet.process``) over its pipes.

It is the process the screen starts, with the frames the screen sends: nothing in it is replaced.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import BinaryIO, Final, Literal, cast

import msgspec

from cockpit.config.child import framed, read_frame
from cockpit.config.environment import Environment
from cockpit.config.secrets import Secret
from cockpit.fleet import messages
from cockpit.fleet.once import complete, has_pop
from cockpit.fleet.snapshot import FleetDiff, FleetSnapshot, apply
from tests.benchmarks.processes import ROOT, Lab, child_environ, cpu_seconds, end

ROUND_SECONDS: Final = 180.0
QUIET_SECONDS: Final = 1.0
"""After a round the collector has this long to fall silent: its last diff may still be on its way."""


@dataclass(frozen=True, slots=True)
class Round:
    """One poll of every server. Seconds; ``lab_cpu`` is what the lab spent meanwhile. ``rows``: monitors
    that arrived, POP rows only (the others are rolled up in the collector)."""

    cpu: float
    wall: float
    lab_cpu: float
    rows: int


class CollectorProcess:
    """A collector on ``lab``; its first round is over when the ``with`` block begins.

    Polling by the clock is put off for an hour, so that ``round`` is the only work between two readings
    of its CPU clock. WinRM endpoints are left alone.
    """

    def __init__(self, lab: Lab, scope: Literal["pop", "all"] = "pop") -> None:
        self._lab = lab
        polling = msgspec.structs.replace(
            lab.environment.polling, interval=3600.0, winrm_interval=0.0, scope=scope
        )
        self._environment = msgspec.structs.replace(lab.environment, polling=polling)
        self._condition = threading.Condition()
        self._ended = False
        self.fleet = FleetSnapshot()

    def __enter__(self) -> CollectorProcess:
        with contextlib.ExitStack() as stack:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "cockpit.fleet.process"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=child_environ(self._lab.state),
                cwd=ROOT,
                start_new_session=True,
            )
            stack.callback(end, self._process)
            threading.Thread(target=self._read, daemon=True).start()
            self._send(_hello(self._environment, self._lab.password))
            self._wait(lambda: complete(self.fleet))
            if self.fleet.status.problem is not None:
                raise RuntimeError(f"the collector could not read the lab: {self.fleet.status.problem}")
            time.sleep(QUIET_SECONDS)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def _send(self, data: bytes) -> None:
        if self._process.stdin is None:
            raise RuntimeError("no pipe")
        self._process.stdin.write(data)
        self._process.stdin.flush()

    def _read(self) -> None:
        stdout = self._process.stdout
        with contextlib.suppress(ValueError, OSError):
            while stdout is not None and (body := read_frame(cast("BinaryIO", stdout))) is not None:
                change: FleetDiff = messages.decode_diff(body)
                with self._condition:
                    self.fleet = apply(self.fleet, change)
                    self._condition.notify_all()
        with self._condition:
            self._ended = True
            self._condition.notify_all()

    def _wait(self, done: object) -> None:
        if not callable(done):
            raise TypeError("not a condition")
        with self._condition:
            if not self._condition.wait_for(lambda: self._ended or done(), ROUND_SECONDS):
                raise RuntimeError(f"a round was not over after {ROUND_SECONDS:.0f} s")
            if self._ended:
                raise RuntimeError("the collector ended")

    def polled(self) -> list[str]:
        """Names of the servers that are polled."""
        return [s.name for s in self.fleet.servers.values() if has_pop(s)]

    def round(self) -> Round:
        """Ask for a read of every server, wait until all have answered."""
        names = self.polled()
        asked_at = datetime.now(UTC)
        cpu, lab, started = cpu_seconds(self._process.pid), self._lab.cpu(), time.monotonic()
        self._send(b"".join(framed(messages.encode(messages.Refresh(name))) for name in names))
        self._wait(lambda: all(self._answered(name, asked_at) for name in names))
        wall, lab_cpu = time.monotonic() - started, self._lab.cpu() - lab
        time.sleep(QUIET_SECONDS)
        rows = sum(len(self.fleet.servers[name].monitors) for name in names)
        return Round(cpu_seconds(self._process.pid) - cpu, wall, lab_cpu, rows)

    def _answered(self, name: str, since: datetime) -> bool:
        server = self.fleet.servers[name]
        return server.last_success is not None and server.last_success >= since


def _hello(environment: Environment, secret: Secret | None) -> bytes:
    """The first frame, as :class:`cockpit.fleet.client.CollectorFeed` sends it."""
    body = msgspec.msgpack.encode({"environment": environment, "password": secret.value if secret else None})
    return framed(body)

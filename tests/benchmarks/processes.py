"""Child processes of the benchmarks: a lab, and anything else. None outlives this process.

Every child either watches its stdin (lab, collector, stock clients) or sits on a pty that only we hold,
so that also a killed benchmark leaves nothing behind.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Final

import psutil

from cockpit.config import environment as config
from cockpit.config import secrets
from cockpit.config.environment import Environment

ROOT: Final = Path(__file__).parents[2]
READY_SECONDS: Final = 60.0
END_SECONDS: Final = 5.0


def child_environ(state: Path) -> dict[str, str]:
    """Variables of a child: our package, private state, nothing that changes how a terminal is used."""
    drop = ("NO_COLOR", "FORCE_COLOR", "TMUX", "TEXTUAL_THEME", "TEXTUAL_COLOR_SYSTEM", "TEXTUAL_ANIMATIONS")
    kept = {name: value for name, value in os.environ.items() if name not in drop}
    return kept | {"PYTHONPATH": str(ROOT), "XDG_STATE_HOME": str(state), "LC_ALL": "C.UTF-8"}


def cpu_seconds(pid: int) -> float:
    """CPU seconds (user and system) of one process so far, its children not counted."""
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


def family_cpu(pid: int) -> float:
    """CPU seconds of a process and all of its living children so far."""
    top = psutil.Process(pid)
    return sum(cpu_seconds(each.pid) for each in (top, *top.children(recursive=True)))


def end(process: subprocess.Popen[bytes]) -> None:
    """Close the child's stdin, which ends it; kill it if it does not end."""
    if process.stdin is not None:
        with contextlib.suppress(OSError):
            process.stdin.close()
    try:
        process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()


@contextlib.contextmanager
def state_folder() -> Iterator[Path]:
    """A folder for everything the children write."""
    with tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


class Lab:
    """``python -m cockpit lab serve`` as a process. ``environment`` is the one it writes when ready."""

    def __init__(self, servers: int, scenario: str = "healthy", seed: int = 1) -> None:
        self._command = [
            *(sys.executable, "-m", "cockpit", "lab", "serve", "--die-with-stdin", "--seed", str(seed)),
            *("--scenario", scenario, "--servers", str(servers)),
        ]
        self._stack = contextlib.ExitStack()
        self.servers = servers

    def __enter__(self) -> Lab:
        with contextlib.ExitStack() as stack:
            self.state = stack.enter_context(state_folder())
            self.file = self.state / "environment.toml"
            self._process = subprocess.Popen(
                [*self._command, "--ready-file", str(self.file)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=child_environ(self.state),
                cwd=ROOT,
                start_new_session=True,
            )
            stack.callback(end, self._process)
            self._wait()
            self._stack = stack.pop_all()
        self.environment = config.choose(self.file, None)
        self.password = secrets.password(self.environment)
        return self

    def _wait(self) -> None:
        watchdog = threading.Timer(READY_SECONDS, self._process.kill)
        watchdog.start()
        try:
            if self._process.stdout is None or not self._process.stdout.readline():
                raise RuntimeError(f"a lab of {self.servers} servers did not come up")
        finally:
            watchdog.cancel()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    @property
    def pid(self) -> int:
        return self._process.pid

    def cpu(self) -> float:
        return cpu_seconds(self._process.pid)


def run_module(
    module: str, job: bytes, state: Path, seconds: float, extra: Mapping[str, str] | None = None
) -> bytes:
    """Run one of our own modules: ``job`` is the first line on its stdin; what it prints is returned."""
    process = subprocess.Popen(
        [sys.executable, "-m", module],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=child_environ(state) | dict(extra or {}),
        cwd=ROOT,
        start_new_session=True,
    )
    watchdog = threading.Timer(seconds, process.kill)
    watchdog.start()
    try:
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("no pipes")
        process.stdin.write(job + b"\n")
        process.stdin.flush()
        said = process.stdout.read()
    finally:
        watchdog.cancel()
        end(process)
    if process.returncode != 0:
        raise RuntimeError(f"{module} ended with exit code {process.returncode}")
    return said


def unreachable() -> Environment:
    """An organization whose one entry server refuses connections."""
    return config.Environment(
        name="nowhere",
        entry_servers=("EX01",),
        credential=config.Credential(user="nobody@lab.example", password=None),
        exchange=config.EndpointSettings(auth="basic", tls=True, connect_seconds=5.0),
        addresses={"EX01": config.Address(exchange="https://127.0.0.1:9/PowerShell")},
    )

"""The product as its users start it: processes with folders of their own, and a lab to look behind."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import psutil

from cockpit.config import environment as config
from cockpit.config.environment import Environment
from cockpit.lab import control_client
from tests.support.waiting import eventually

ROOT = Path(__file__).parents[2]
COCKPIT = (sys.executable, "-m", "cockpit")
MARKER = "COCKPIT_TEST_RUN"
LAB_SECONDS = 20.0


@dataclass(frozen=True)
class Home:
    """Folders and environment of one run. ``mark`` is in the environment of every process started in it,
    and of their children: what is left over can be found by it."""

    folder: Path
    mark: str = field(default_factory=lambda: uuid4().hex)
    variables: Mapping[str, str] = field(default_factory=dict)

    def environ(self, **more: str) -> dict[str, str]:
        """Nothing of the caller's terminal, colours or proxies gets in."""
        kept = {
            name: os.environ[name] for name in ("PATH", "VIRTUAL_ENV", "SYSTEMROOT") if name in os.environ
        }
        own = {
            "HOME": str(self.folder),
            "LANG": "C.UTF-8",
            "TERM": "xterm-256color",
            "PYTHONPATH": str(ROOT),
            "XDG_CONFIG_HOME": str(self.folder / "config"),
            "XDG_STATE_HOME": str(self.folder / "state"),
            "XDG_CACHE_HOME": str(self.folder / "cache"),
            MARKER: self.mark,
        }
        return {**kept, **own, **self.variables, **more}

    @property
    def state(self) -> Path:
        return self.folder / "state" / "pop-cockpit"

    def processes(self, *words: str) -> list[psutil.Process]:
        """Living processes of this run whose command line has all ``words``."""
        return [p for p in psutil.process_iter() if _belongs(p, self.mark, words)]

    def nothing_left(self, seconds: float = 5.0) -> None:
        """Every process of this run ends within ``seconds``."""
        eventually(lambda: not self.processes(), seconds, f"an end of {self.processes()}")


def _belongs(process: psutil.Process, mark: str, words: tuple[str, ...]) -> bool:
    try:
        if process.environ().get(MARKER) != mark or not set(words) <= set(process.cmdline()):
            return False
        return process.status() != psutil.STATUS_ZOMBIE
    except (psutil.Error, IndexError):  # an empty stat of one that is just going
        return False


def run(home: Home, *arguments: str | Path, seconds: float = 25.0, **environ: str) -> Answer:
    """One command to its end, without a terminal."""
    done = subprocess.run(
        [*COCKPIT, *map(str, arguments)],
        env=home.environ(**environ),
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=seconds,
        check=False,
    )
    return Answer(done.returncode, done.stdout.decode("utf-8"), done.stderr.decode("utf-8"))


@dataclass(frozen=True)
class Answer:
    """What a command answered."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class LabProcess:
    """A lab in a process of its own, its environment file and its control endpoint."""

    home: Home
    process: subprocess.Popen[bytes]
    env_file: Path
    environment: Environment
    _at: tuple[str, str]

    def state(self) -> dict[str, Any]:
        return control_client.state(*self._at)

    def ledger(self, since: int = 0) -> list[dict[str, Any]]:
        return control_client.ledger(*self._at, since)

    def shells(self) -> list[dict[str, Any]]:
        """Every open shell, with its ``server`` and ``kind`` (exchange, winrm)."""
        return [
            {**shell, "server": server, "kind": kind}
            for server, both in control_client.shells(*self._at).items()
            for kind, open_ones in both.items()
            for shell in open_ones
        ]

    def exchange_shells(self) -> list[dict[str, Any]]:
        return [shell for shell in self.shells() if shell["kind"] == "exchange"]

    def knobs(self, server: str = "*", **knobs: Any) -> None:
        control_client.set_knobs(*self._at, server, **knobs)

    def knob(self, name: str) -> Any:
        """The value of a knob; the same for every server here."""
        found = control_client.set_knobs(*self._at)["servers"]
        (value,) = {about[name] for about in found.values()}
        return value

    def act(self, server: str, action: str, **more: Any) -> None:
        control_client.act(*self._at, server, action, **more)

    def advance(self, seconds: float) -> None:
        """The simulated clock jumps forward."""
        control_client.advance(*self._at, seconds)

    def with_polling(self, **polling: Any) -> Path:
        """Another environment file for this lab, polled otherwise."""
        changed = msgspec.structs.replace(self.environment.polling, **polling)
        path = self.env_file.with_name(f"polling-{uuid4().hex}.toml")
        config.save(path, msgspec.structs.replace(self.environment, polling=changed))
        return path

    def run(self, *arguments: str | Path, seconds: float = 25.0, **environ: str) -> Answer:
        return run(self.home, "--env-file", self.env_file, *arguments, seconds=seconds, **environ)


@contextmanager
def lab(
    folder: Path,
    scenario: str = "healthy",
    *options: str,
    seed: int = 7,
    variables: Mapping[str, str] | None = None,
) -> Iterator[LabProcess]:
    """A lab that has said it is ready; gone, shells and all, after the block and also with this process.

    ``variables``: more of them, for the lab and for all that is run with its home.
    """
    folder.mkdir(parents=True, exist_ok=True)
    home = Home(folder, variables=variables or {})
    ready = folder / "environment.toml"
    command = [*COCKPIT, "lab", "serve", "--die-with-stdin", "--scenario", scenario, "--seed", str(seed)]
    with (
        open(folder / "lab.log", "wb") as log,
        subprocess.Popen(
            [*command, "--ready-file", str(ready), *options],
            env=home.environ(),
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
        ) as process,
    ):
        try:
            yield LabProcess(home, process, ready, *_ready(process, ready, folder / "lab.log"))
        finally:
            process.kill()


def _ready(process: subprocess.Popen[bytes], ready: Path, log: Path) -> tuple[Environment, tuple[str, str]]:
    watchdog = threading.Timer(LAB_SECONDS, process.kill)
    watchdog.start()
    assert process.stdout is not None
    line = process.stdout.readline().decode().strip()
    watchdog.cancel()
    assert line == str(ready), f"the lab did not come up: {log.read_text()}"
    environment = config.choose(ready, None)
    assert environment.lab is not None
    token = Path(environment.lab.token_file).read_text(encoding="utf-8").strip()
    return environment, (environment.lab.control, token)

"""The cockpit's screen with a probe in its event loop: a program for a pty, started by ``screen``.

``python -m tests.benchmarks.driver JOB``: the file JOB holds a Job as JSON. The cockpit is the product's
own, started by the product's own ``commands.screen.run``; only its app class is replaced by one that
has a task more. The task sleeps 10 ms again and again and notes by how much it came late; in turns the
collector is paused (idle) and polls all servers. Then it writes a Findings and quits.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path, PurePath
from typing import ClassVar

import msgspec

from cockpit.commands import screen
from cockpit.config import environment as config
from cockpit.fleet.messages import Pause, SetInterval
from cockpit.fleet.snapshot import FleetSnapshot
from cockpit.ui import app as ui

TICK = 0.01
SETTLE = 2.0


class Job(msgspec.Struct, frozen=True):
    """``rounds`` 0: only the list of modules. ``interval``: seconds between two polls of one server."""

    environment_file: str
    environment: str
    report: str
    rounds: int
    seconds: float
    interval: float


class Findings(msgspec.Struct, frozen=True):
    """Seconds late, one list a round. ``diffs``: how many arrived while polling. ``modules``: loaded at the
    first paint."""

    idle: list[list[float]]
    polling: list[list[float]]
    diffs: int
    modules: list[str]


async def _lateness(seconds: float) -> list[float]:
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    late = []
    while (before := loop.time()) < end:
        await asyncio.sleep(TICK)
        late.append(loop.time() - before - TICK)
    return late


def _complete(fleet: FleetSnapshot) -> bool:
    """Every server was asked. Not ``once.complete``: importing that would load the client's libraries."""
    return bool(fleet.servers) and all(s.last_attempt for s in fleet.servers.values())


def _probed(job: Job) -> type[ui.CockpitApp]:
    class Probed(ui.CockpitApp):
        CSS_PATH: ClassVar[list[str | PurePath]] = [
            Path(ui.__file__).with_name(str(name)) for name in ui.CockpitApp.CSS_PATH
        ]
        measuring: asyncio.Task[None] | None = None
        modules: tuple[str, ...] = ()

        def on_mount(self) -> None:
            # Textual calls the on_mount of each base class too.
            self.measuring = asyncio.create_task(self._measure())

        def _painted(self) -> None:
            self.modules = tuple(sorted({name.split(".")[0] for name in sys.modules}))
            super()._painted()

        async def _measure(self) -> None:
            try:
                found = await self._findings()
                Path(job.report).write_bytes(msgspec.json.encode(found))
            finally:
                self.exit(0)

        async def _findings(self) -> Findings:
            idle: list[list[float]] = []
            polling: list[list[float]] = []
            await asyncio.sleep(SETTLE)
            if job.rounds:
                while not _complete(self.desk.snapshot):
                    await asyncio.sleep(0.1)
                self.desk.feed.send(SetInterval(job.interval))
            diffs = 0
            for _ in range(job.rounds):
                self.desk.feed.send(Pause(True))
                await asyncio.sleep(SETTLE)
                idle.append(await _lateness(job.seconds))
                self.desk.feed.send(Pause(False))
                await asyncio.sleep(SETTLE)
                before = self.desk.snapshot.seq
                polling.append(await _lateness(job.seconds))
                diffs += self.desk.snapshot.seq - before
            return Findings(idle, polling, diffs, list(self.modules))

    return Probed


def main() -> int:
    job = msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=Job)
    ui.CockpitApp = _probed(job)  # type: ignore[misc]
    environment = config.choose(Path(job.environment_file), job.environment)
    return screen.run(environment, mouse=True, theme=None)


if __name__ == "__main__":
    sys.exit(main())

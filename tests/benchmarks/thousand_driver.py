"""The cockpit's screen on 1,000 servers, played to it: a program for a pty, started by ``thousand``.

``python -m tests.benchmarks.thousand_driver SOCKET SERVERS``: it dials the Unix socket and does what the
lines from there say. ``open``: the first picture arrives. ``turn NAME``: the server's PopCTPMonitor turns
Unhealthy or Healthy. ``poll on|off``: four times a second a part of the servers is read again, all of them in
30 s, with nothing new but the times. The app is the product's own, drawn by the product's rules.
"""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path, PurePath
from typing import ClassVar

from cockpit.fleet.snapshot import FleetSnapshot, ServerSnapshot
from cockpit.ui import app as ui
from cockpit.ui import life
from cockpit.ui.environment import EnvironmentBadge
from tests.ui import fleets

DAGS = 25
BATCHES = 120
"""Of an interval of 30 s at four a second."""


def server(number: int, servers: int, alert: str = "Healthy") -> ServerSnapshot:
    """One in fifty is not well from the start; those of the first DAG are. None goes stale meanwhile."""
    dag = number * DAGS // servers
    ill = dag > 0 and number % 50 == 0
    alerts = {"PopCTPMonitor": ("Unhealthy" if ill else alert, 1.0)}
    now = datetime.now(UTC)
    made = fleets.server(f"EX{number:04}", dag=f"DAG{dag:02}", site=f"Site{dag % 5}", alerts=alerts)
    return replace(made, last_success=now, last_attempt=now, poll_interval=3600.0)


def fleet(servers: int) -> FleetSnapshot:
    made = [server(n, servers) for n in range(servers)]
    status = replace(fleets.demo_fleet(1).status, organization_read_at=datetime.now(UTC))
    return FleetSnapshot(seq=1, status=status, servers={s.name: s for s in made})


class Player:
    """Does what it is told, to one feed."""

    def __init__(self, servers: int) -> None:
        self.servers = servers
        self.feed = fleets.FakeFeed()
        self.polling: asyncio.Task[None] | None = None
        self._first = fleet(servers)
        self._ill: set[int] = set()

    async def follow(self, socket: str) -> None:
        reader, writer = await asyncio.open_unix_connection(socket)
        writer.write(b"ready\n")
        while line := (await reader.readline()).decode().split():
            match line:
                case ["open"]:
                    self.feed.show(self._first)
                case ["turn", name]:
                    self._turn(int(name.removeprefix("EX")))
                case ["poll", "on"]:
                    self.polling = asyncio.create_task(self._poll())
                case ["poll", "off"] if self.polling is not None:
                    self.polling.cancel()

    def _turn(self, number: int) -> None:
        self._ill ^= {number}
        self.feed.change(self._now(number))

    def _now(self, number: int) -> ServerSnapshot:
        return server(number, self.servers, "Unhealthy" if number in self._ill else "Healthy")

    async def _poll(self) -> None:
        batch = 0
        while True:
            batch = (batch + 1) % BATCHES
            self.feed.change(*(self._now(n) for n in range(batch, self.servers, BATCHES)))
            await asyncio.sleep(0.25)


def main() -> int:
    socket, servers = sys.argv[1], int(sys.argv[2])
    player = Player(servers)
    badge = EnvironmentBadge("THOUSAND", "", True, "ex0000", "", "")

    class Played(ui.CockpitApp):
        CSS_PATH: ClassVar[list[str | PurePath]] = [
            Path(ui.__file__).with_name(str(name)) for name in ui.CockpitApp.CSS_PATH
        ]
        following: asyncio.Task[None] | None = None

        def on_mount(self) -> None:
            self.following = asyncio.create_task(player.follow(socket))

    return life.run(Played(player.feed, badge, crash_dir=Path(socket).parent), mouse=True)


if __name__ == "__main__":
    sys.exit(main())

"""The cockpit on a fake feed on which a server falls ill and recovers: what test_telling.py starts.

Arguments: a folder; ``[notify]`` as JSON; the server's name. SIGUSR1 brings the next picture.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec

from cockpit.config.environment import Environment
from cockpit.config.notify import NotifySettings
from cockpit.fleet.snapshot import FleetSnapshot
from cockpit.ui import life
from cockpit.ui.app import CockpitApp
from cockpit.ui.environment import EnvironmentBadge
from cockpit.ui.telling import Telling
from tests.ui import fleets


def pictures(name: str) -> Iterator[FleetSnapshot]:
    """The server ill, then well again, and so on."""
    while True:
        for alert in ("Unhealthy", "Healthy"):
            yield fleets.fleet_of(fleets.server(name, dag="DAG01", alerts={"PopCTPMonitor": (alert, 1.0)}))


def main() -> int:
    folder, notify, name = Path(sys.argv[1]), json.loads(sys.argv[2]), sys.argv[3]
    settings = msgspec.convert(notify, NotifySettings)
    environment = Environment(name="CORP", entry_servers=("ex01",), notify=settings)
    feed = fleets.FakeFeed(fleets.fleet_of(fleets.server(name, dag="DAG01")))
    app = CockpitApp(
        feed,
        EnvironmentBadge("CORP", "me"),
        crash_dir=folder,
        now=lambda: fleets.NOW,
        telling=lambda: Telling(environment, lambda: fleets.NOW, folder / "hook.log"),
    )
    coming = pictures(name)

    def listen() -> None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, lambda: feed.show(next(coming)))

    app.call_later(listen)
    return life.run(app)


if __name__ == "__main__":
    sys.exit(main())

"""``python -m tests.pictures``: draw the README's picture from the real program on a real lab."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

from cockpit.config import environment as config
from cockpit.config.paths import paths
from cockpit.fleet.client import CollectorFeed
from cockpit.fleet.snapshot import FleetSnapshot, ProbePhase
from cockpit.ui.app import CockpitApp
from cockpit.ui.environment import EnvironmentBadge

DOCS = Path(__file__).resolve().parents[1] / "docs"
SIZE = (170, 40)
PATIENCE = 90.0
FAULTY_MONITOR = 4
"""Rows below the top of the filtered tree: site, server, health set, monitor."""


def main() -> None:
    """Serve a lab, look at it, save ``docs/fleet.svg``."""
    lab = subprocess.Popen(
        [sys.executable, "-m", "cockpit", "lab", "serve", "--die-with-stdin", "--scenario", "mixed"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert lab.stdout is not None
        asyncio.run(_draw(Path(lab.stdout.readline().strip())))
    finally:
        lab.communicate()


async def _draw(env_file: Path) -> None:
    environment = config.choose(env_file, None)
    feed = CollectorFeed(environment, config.password(environment), paths().collector_log)
    badge = EnvironmentBadge(
        environment.name, environment.credential.user, True, environment.entry_servers[0]
    )
    app = CockpitApp(feed, badge, crash_dir=paths().crashes)
    async with app.run_test(size=SIZE) as pilot:

        async def until(what: str, done: object) -> None:
            assert callable(done)
            deadline = asyncio.get_running_loop().time() + PATIENCE
            while not done(app.desk.snapshot):
                if asyncio.get_running_loop().time() > deadline:
                    raise SystemExit(f"{what} did not happen")
                await pilot.pause(0.2)

        await until(
            "the first picture", lambda f: f.servers and all(s.last_success for s in f.servers.values())
        )
        await pilot.press("f", "slash", *"CAS0", "enter")
        await pilot.press(*["down"] * FAULTY_MONITOR)
        await pilot.pause(2.0)
        await pilot.press("p", "y")
        await until("the probe", _probe_ended)
        await pilot.pause(1.0)
        (DOCS / "fleet.svg").write_text(app.export_screenshot(title="pop-cockpit demo"), encoding="utf-8")
    await feed.close()


def _all_read(fleet: FleetSnapshot) -> bool:
    return bool(fleet.servers) and all(s.last_success for s in fleet.servers.values())


def _probe_ended(fleet: FleetSnapshot) -> bool:
    return any(r.phase is ProbePhase.FINISHED for s in fleet.servers.values() for r in s.probe_runs)


if __name__ == "__main__":
    main()

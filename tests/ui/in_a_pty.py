"""The cockpit on a fake feed as a program of its own: what test_terminal.py starts."""

from __future__ import annotations

import os
import signal
import sys
import time
from datetime import timedelta
from pathlib import Path

from cockpit.ui import life
from cockpit.ui.app import CockpitApp
from cockpit.ui.environment import EnvironmentBadge
from tests.ui import fleets, recoveries


def journal() -> recoveries.FakeRecovery:
    """One run in its ten minutes, with something open."""
    view = recoveries.waiting()
    told = recoveries.standing(view, recoveries.ORPHAN)
    return recoveries.FakeRecovery(views={view.run.id: view}, told=told)


def main() -> int:
    why = life.refuse(os.environ)
    if why is not None:
        sys.stderr.write(why + "\n")
        return life.EXIT_REFUSED
    app = CockpitApp(
        fleets.FakeFeed(fleets.demo_fleet()),
        EnvironmentBadge("CORP", "me"),
        crash_dir=Path(sys.argv[1]),
        now=lambda: fleets.NOW,
        recovery=recoveries.factory(journal()) if {"journal", "run"} & set(sys.argv) else None,
    )
    if "run" in sys.argv:
        started = time.monotonic()
        app.desk.now = lambda: fleets.NOW + timedelta(seconds=time.monotonic() - started)
        app.call_later(lambda: app.set_timer(0.5, lambda: app.open_run("4f2a")))
    if "deaf" in sys.argv:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        life.SIGNALS = ("SIGTERM",)
        app.call_later(lambda: app.set_interval(0.1, lambda: app.refresh()))
    if "busy" in sys.argv:
        app.call_later(lambda: app.set_interval(0.05, lambda: app.refresh()))
    if "crash" in sys.argv:

        def explode() -> None:
            password = "hunter" + "2"
            raise RuntimeError(f"boom, Password: {password}")

        app.call_later(lambda: app.set_timer(0.5, explode))
    return life.run(app)


if __name__ == "__main__":
    sys.exit(main())

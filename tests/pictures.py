"""``python -m tests.pictures``: draw the README's pictures from the real program on real labs."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from cockpit.commands.logs_view import server_logs
from cockpit.config import environment as config
from cockpit.config import secrets
from cockpit.config.environment import Environment
from cockpit.config.paths import paths
from cockpit.fleet.client import CollectorFeed
from cockpit.fleet.snapshot import FleetSnapshot, ProbePhase
from cockpit.journal.records import Choice, Question
from cockpit.recovery.office import Office, open_office
from cockpit.recovery.view import RunView
from cockpit.ui.app import CockpitApp
from cockpit.ui.environment import EnvironmentBadge
from cockpit.ui.logs import LogsWanted
from cockpit.ui.logs_app import LogsApp
from tests.recovery.robot import Robot

DOCS = Path(__file__).resolve().parents[1] / "docs"
SIZE = (150, 42)
PATIENCE = 120.0
TERMINAL = {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
THEME = "dark"
LOGGED = "EX13-CAS01"
FAULTY_MONITOR = 4
"""Rows below the top of the filtered tree: site, server, health set, monitor."""


def main() -> None:
    """Serve labs, look at them, save ``docs/*.svg``."""
    # The same from whatever terminal they are drawn.
    os.environ.pop("NO_COLOR", None)
    os.environ |= TERMINAL
    with _lab("mixed") as environment:
        asyncio.run(_fleet(environment))
    with _lab("ctp-backend", "--speed", "60") as environment:
        asyncio.run(_recovery(environment))
    with _lab("trace-by-log") as environment:
        asyncio.run(_logs(environment))


@contextmanager
def _lab(scenario: str, *options: str) -> Iterator[Environment]:
    lab = subprocess.Popen(
        [
            *(sys.executable, "-m", "cockpit", "lab", "serve", "--die-with-stdin"),
            "--scenario",
            scenario,
            *options,
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert lab.stdout is not None
        yield config.choose(Path(lab.stdout.readline().strip()), None)
    finally:
        lab.communicate()


class Cockpit:
    """The app under a pilot, and what is waited for in it."""

    def __init__(self, environment: Environment, folder: Path, *, write: bool) -> None:
        self.feed = CollectorFeed(environment, secrets.password(environment), folder / "collector.log")
        entry = environment.entry_servers[0]
        badge = EnvironmentBadge(environment.name, environment.credential.user, not write, entry)
        self.app = CockpitApp(
            self.feed, badge, crash_dir=folder, theme=THEME, recovery=lambda: open_office(environment)
        )
        self.pilot: Any = None

    async def until(self, what: str, done: Callable[[], object]) -> None:
        deadline = asyncio.get_running_loop().time() + PATIENCE
        while not done():
            if asyncio.get_running_loop().time() > deadline:
                raise SystemExit(f"{what} did not happen")
            await self.pilot.pause(0.2)

    async def see(self, monitor_of: str) -> None:
        """Wait for the picture, filter it to a server, go to its faulty monitor."""
        await self.until("the first picture", lambda: _all_read(self.app.desk.snapshot))
        await self.pilot.press("f", "slash", *monitor_of, "enter")
        await self.pilot.press(*["down"] * FAULTY_MONITOR)
        await self.pilot.pause(2.0)

    async def save(self, name: str) -> None:
        await self.pilot.pause(1.0)
        picture = self.app.export_screenshot(title="pop-cockpit demo")
        (DOCS / f"{name}.svg").write_text(picture, encoding="utf-8")


async def _fleet(environment: Environment) -> None:
    with tempfile.TemporaryDirectory() as folder:
        cockpit = Cockpit(environment, Path(folder), write=False)
        async with cockpit.app.run_test(size=SIZE) as cockpit.pilot:
            await cockpit.see("CAS0")
            await cockpit.pilot.press("p", "y")
            await cockpit.until("the probe", lambda: _probe_ended(cockpit.app.desk.snapshot))
            await cockpit.save("fleet")
        await cockpit.feed.close()


async def _logs(environment: Environment) -> None:
    """The log of the front end that the scenario is about, and the session of a probe in it."""
    opener = server_logs(environment, secrets.password(environment), paths())
    with tempfile.TemporaryDirectory() as folder:
        app = LogsApp(LogsWanted(servers=(LOGGED,)), opener, crash_dir=Path(folder), theme=THEME)
        async with app.run_test(size=SIZE) as pilot:
            deadline = asyncio.get_running_loop().time() + PATIENCE
            while "HealthMailbox" not in app.export_screenshot():
                if asyncio.get_running_loop().time() > deadline:
                    raise SystemExit("no probe was seen in the log")
                await pilot.pause(0.5)
            await pilot.press("slash", *"HealthMailbox", "enter")
            await pilot.pause(2.0)
            await pilot.press("s")
            await pilot.pause(2.0)
            picture = app.export_screenshot(title="pop-cockpit logs view")
            (DOCS / "logs.svg").write_text(picture, encoding="utf-8")


async def _recovery(environment: Environment) -> None:
    """The README's walk: from the alert on a Client Access server to green."""
    office = open_office(environment)
    with tempfile.TemporaryDirectory() as folder:
        cockpit = Cockpit(environment, Path(folder), write=True)
        async with cockpit.app.run_test(size=SIZE) as cockpit.pilot:
            await cockpit.see("CAS01")
            await cockpit.pilot.press("r", "p")
            await cockpit.until("the plan", lambda: type(cockpit.app.screen).__name__ == "PlanScreen")
            await cockpit.pilot.pause(4.0)
            await cockpit.save("plan")
            await cockpit.pilot.press("q")
            await cockpit.pilot.press("r", "y")
            await cockpit.until("the run", office.runs)
            run = office.runs()[0].run.id
            await _answer_until(cockpit, office, run, lambda q: q.step == "restart")
            await cockpit.save("run")
            await _answer_until(cockpit, office, run, lambda q: q.step == "away-move", stop_at_go=True)
            child = office.view(run).child
            assert child is not None
            await cockpit.pilot.press("q", "H", "enter")
            await cockpit.pilot.pause(2.0)
            await cockpit.save("child")
            await cockpit.pilot.press("d", "tab", "tab", "enter", *"EX13-MBX01")
            await cockpit.save("decide")
            await cockpit.pilot.press("escape")
            await _answer_until(cockpit, office, run, lambda q: False)
            await cockpit.pilot.press("q")
            await cockpit.save("history")
        await cockpit.feed.close()
    office.close()


async def _answer_until(
    cockpit: Cockpit,
    office: Office,
    run: str,
    wanted: Callable[[Question], bool],
    *,
    stop_at_go: bool = False,
) -> None:
    """Answer as an operator would, up to a question, or to the end of the run."""
    robot = Robot()

    def step() -> bool:
        view = _deepest(office, run)
        if office.view(run).run.ended:
            return True
        question = office.open_question(view.run.id)
        if question is None:
            return False
        may_go = not (view.question.blocking if view.question else ())
        if wanted(question) and (may_go or not stop_at_go):
            return True
        answer = robot.decide(question, office.readings(view.run.id))
        reason = answer.reason and "its restart did not help"
        typed = view.run.server if answer.choice is Choice.OVERRIDE else answer.typed
        named = replace(answer, by=office.operator(), reason=reason, typed=typed)
        office.answer(view.run.id, question.id, named)
        return False

    await cockpit.until("the recovery", step)


def _deepest(office: Office, run: str) -> RunView:
    view = office.view(run)
    return _deepest(office, view.child) if view.child else view


def _all_read(fleet: FleetSnapshot) -> bool:
    return bool(fleet.servers) and all(s.last_success for s in fleet.servers.values())


def _probe_ended(fleet: FleetSnapshot) -> bool:
    return any(r.phase is ProbePhase.FINISHED for s in fleet.servers.values() for r in s.probe_runs)


if __name__ == "__main__":
    main()

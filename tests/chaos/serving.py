"""A station's process: its lab, its folders, and its share of the recoveries."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from random import Random

import msgspec

from cockpit.config import secrets
from cockpit.config.environment import JournalSettings
from cockpit.config.paths import paths
from cockpit.lab.control_client import ControlError
from cockpit.recovery.office import Office
from cockpit.recovery.opening import journal_url, open_journal_of
from tests.chaos.figures import Figures
from tests.chaos.recovering import Recovery
from tests.chaos.station import SETTINGS, SPEED, Station
from tests.support.processes import LabProcess, lab


def serve(folder: Path, seed: int, numbers: Sequence[int], database: str) -> Figures:
    """All recoveries of one station. ``folder``: its own; ``database``: a URL, or "" for SQLite in it."""
    os.environ["HOME"] = str(folder)
    for name in ("config", "state", "cache"):
        os.environ[f"XDG_{name.upper()}_HOME"] = str(folder / name)
    with lab(folder / "lab", "healthy", "--speed", str(SPEED), seed=seed) as served:
        try:
            return _recover(served, seed, numbers, database)
        except ControlError as error:
            raise RuntimeError(f"the lab in {folder} ended with {served.process.poll()}") from error


def _recover(served: LabProcess, seed: int, numbers: Sequence[int], database: str) -> Figures:
    environment = msgspec.structs.replace(
        served.environment,
        recovery=SETTINGS,
        read_only=False,
        journal=JournalSettings(url=database or None),
    )
    journal, figures = open_journal_of(environment), Figures()
    office = Office(environment, secrets.password(environment), open_journal_of(environment), read_only=False)
    station = Station(served, environment, office, journal, journal_url(environment, paths()), figures)
    for number in numbers:
        figures.counts["runs"] += 1
        Recovery(station, Random(f"{seed}/{number}"), f"run {number}").go()
    check = journal.verify()
    if not check.sound:
        figures.violation("unsound journals", check.why)
    figures.counts["takeovers"] += sum('"event":"lease.taken over"' in line.body for line in journal.lines())
    office.close()
    journal.close()
    return figures

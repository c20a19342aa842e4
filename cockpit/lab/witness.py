"""Who is told when services start and stop, and when probes run."""

from __future__ import annotations

from typing import Protocol

from cockpit.lab.faults import Outcome
from cockpit.lab.organization import Database, Server, WindowsService


class Witness(Protocol):
    """Told at the very moment, in the order of simulated time."""

    def service_changed(self, server: Server, service: WindowsService, t: float) -> None:
        """A process of ``service`` has just begun or ended."""

    def probe_ran(
        self, server: Server, probe: str, database: Database | None, outcome: Outcome, t: float, end: float
    ) -> None:
        """A run of ``probe`` begins at ``t`` and will end at ``end``. ``probe`` is empty for a monitor that
        is fed by a counter."""


class Witnesses:
    """All of them, in the order in which they came."""

    def __init__(self) -> None:
        self._all: list[Witness] = []

    def add(self, witness: Witness) -> None:
        self._all.append(witness)

    def service_changed(self, server: Server, service: WindowsService, t: float) -> None:
        for witness in self._all:
            witness.service_changed(server, service, t)

    def probe_ran(
        self, server: Server, probe: str, database: Database | None, outcome: Outcome, t: float, end: float
    ) -> None:
        for witness in self._all:
            witness.probe_ran(server, probe, database, outcome, t, end)

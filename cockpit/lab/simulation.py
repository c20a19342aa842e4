"""One lab: clock, organization, health, ledger and knobs together. No sockets, no protocol."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from pathlib import Path

from cockpit.lab.build import build
from cockpit.lab.clock import Clock
from cockpit.lab.disk import Disks
from cockpit.lab.faults import Faults
from cockpit.lab.health import HealthEngine
from cockpit.lab.hostile import Poisoner
from cockpit.lab.knobs import ServerKnobs
from cockpit.lab.ledger import Ledger
from cockpit.lab.lifecycle import Lifecycle
from cockpit.lab.organization import POP_SERVICES, Organization, Server, read_settings
from cockpit.lab.poplogs.logs import ProtocolLogs
from cockpit.lab.poplogs.record import Record

DISKS = "disks"
RECORD = "poplog-record.jsonl"
WARM_UP = 3600.0
"""Simulated seconds that have already passed when a lab opens."""


class Simulation:
    """``touch()`` brings the simulation up to the clock; everything else hangs below."""

    def __init__(
        self,
        servers: int = 8,
        seed: int = 1,
        speed: float = 1.0,
        *,
        start: datetime | None = None,
        clock: Clock | None = None,
        prepare: Callable[[Organization], None] | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        folder: Path | None = None,
        organization: Organization | None = None,
    ) -> None:
        """``start``: the moment the lab opens; the warm-up lies before it. ``prepare`` changes the
        organization before its health managers start. ``folder``: where the servers' disks are and what
        they write is recorded; without one they have no disks and write nothing. ``organization``: in place
        of one of so many servers."""
        opens = start or datetime.now(UTC).replace(microsecond=0)
        self.clock = clock or Clock(opens - timedelta(seconds=WARM_UP), speed, elapsed=WARM_UP)
        self.organization = organization or build(servers, seed)
        if prepare is not None:
            prepare(self.organization)
        for server in self.organization.servers.values():
            for name in POP_SERVICES:
                if server.runs(name):
                    read_settings(server, server.services[name.lower()])
        self.faults = Faults()
        self.ledger = Ledger(self.clock.at)
        self.engine = HealthEngine(self.organization, self.faults, self.ledger)
        self.lifecycle = Lifecycle(self.engine)
        self.knobs = {s.name: ServerKnobs() for s in self.organization.servers.values()}
        self.poisoner = Poisoner()
        self.disks: Disks | None = None
        self.logs: ProtocolLogs | None = None
        if folder is not None:
            self.disks = Disks(folder / DISKS)
            for server in self.organization.servers.values():
                self.disks.mount(server, partial(self.utc, server))
            self.logs = ProtocolLogs(self.engine, self.clock, self.disks, Record(folder / RECORD))
        self._sleep = sleep

    def touch(self) -> float:
        """Let everything happen that is due; the present simulated second."""
        t = self.clock.seconds()
        self.engine.advance_to(t)
        if self.logs is not None:
            self.logs.flush(t)
        return t

    def close(self) -> None:
        """Give the disks back; those that the lab made are gone."""
        if self.logs is not None:
            self.logs.close()
        if self.disks is not None:
            self.disks.remove()

    async def pause(self, simulated: float) -> None:
        """Wait that many simulated seconds, in real time."""
        await self._sleep(self.clock.real(simulated))

    async def until(self, t: float) -> float:
        """Wait until simulated second ``t`` and let what is due then happen; the present one."""
        while (left := t - self.clock.seconds()) > 0:
            await self.pause(left)
        return self.touch()

    async def rpc(self, server: Server) -> None:
        """The delay of a call to that server; real seconds."""
        delay = self.knobs[server.name].rpc_delay
        if delay > 0:
            await self._sleep(delay)

    def utc(self, server: Server) -> datetime:
        """The present moment by the server's own clock."""
        return self.clock.at(self.clock.seconds() + server.clock_error).astimezone(UTC)

    def local(self, server: Server, t: float) -> datetime:
        """A simulated moment as the server's own clock has it, in its local time with its offset."""
        zone = timezone(timedelta(minutes=server.utc_offset))
        return self.clock.at(t + server.clock_error).astimezone(zone)

    def set_stale(self, server: Server, stale: bool) -> None:
        if stale:
            self.engine.stale_since.setdefault(server.name, self.engine.now)
        else:
            self.engine.stale_since.pop(server.name, None)

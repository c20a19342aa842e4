"""A lab that writes protocol logs on a frozen clock, and its logs read back."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from cockpit.exchange.catalogue import FRONT_END_SERVICE
from cockpit.lab.clock import Clock
from cockpit.lab.organization import Organization
from cockpit.lab.poplogs.record import Written, read
from cockpit.lab.scenarios import SCENARIOS
from cockpit.lab.simulation import RECORD, WARM_UP, Simulation
from tests.lab.harness import OPENS

FRONT, BACK = "POP3", "POP3BE"
ACCESS, MEMBER = "EX13-CAS01", "EX19-01"
Row = dict[str, str]


def logged(organization: Organization) -> None:
    """Everybody logs, and has done so since the services started."""
    for server in organization.servers.values():
        server.pop.protocol_log_enabled = True


def opened(
    folder: Path, scenario: str = "healthy", prepare: Callable[[Organization], None] = logged
) -> Simulation:
    """A lab with disks on a frozen clock in which waiting moves the clock."""
    clock = Clock(OPENS, elapsed=WARM_UP, monotonic=lambda: 0.0)
    clock.freeze()

    async def sleep(seconds: float) -> None:
        clock.advance(seconds)

    def prepared(organization: Organization) -> None:
        SCENARIOS[scenario].prepare(organization)
        prepare(organization)

    sim = Simulation(8, 1, prepare=prepared, clock=clock, sleep=sleep, folder=folder)
    SCENARIOS[scenario].begin(sim)
    sim.engine.advance_to(WARM_UP)
    sim.touch()
    return sim


def folder_of(sim: Simulation, server: str, where: str = "") -> Path:
    assert sim.disks is not None
    disk = sim.disks.of(server)
    place = disk.place(where or sim.organization.server(server).pop.log_file_location)
    assert place is not None
    return place


def names(sim: Simulation, server: str, writer: str) -> list[str]:
    own = re.compile(rf"{writer}\d+-\d+\.LOG")
    return sorted(p.name for p in folder_of(sim, server).iterdir() if own.fullmatch(p.name))


def rows(sim: Simulation, server: str, writer: str) -> list[Row]:
    found = []
    for name in names(sim, server, writer):
        lines = (folder_of(sim, server) / name).read_text("utf-8").splitlines()
        fields = lines[0].split(",")
        found += [dict(zip(fields, cells, strict=True)) for cells in csv.reader(lines[6:])]
    return found


def record(sim: Simulation, tmp_path: Path) -> list[Written]:
    return list(read(tmp_path / RECORD))


def restart(sim: Simulation, server: str, service: str = FRONT_END_SERVICE) -> None:
    found = sim.organization.server(server)
    assert sim.engine.restart_service(found, found.services[service.lower()], sim.touch(), "test")


def moment(row: Row) -> datetime:
    return datetime.fromisoformat(row["dateTime"])


def assert_recorded(sim: Simulation, tmp_path: Path) -> None:
    """Every file is exactly what the record says of it."""
    files: dict[tuple[str, str, str], bytes] = {}
    for written in record(sim, tmp_path):
        key = written.server, written.folder, written.file
        if written.kind in ("truncated", "replaced"):
            files[key] = b""
        elif written.kind != "lost":
            assert written.offset == len(files.get(key, b""))
            files[key] = files.get(key, b"") + written.data
    assert files
    for (server, folder, name), data in files.items():
        assert (folder_of(sim, server, folder) / name).read_bytes() == data

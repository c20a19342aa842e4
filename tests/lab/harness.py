"""Opens labs without sockets and calls their cmdlets by hand."""

from __future__ import annotations

import asyncio
import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from cockpit.lab.clock import Clock
from cockpit.lab.cmdlet import CmdletTable, ErrorRecord, Invocation
from cockpit.lab.cmdlets.table import exchange_table_of, winrm_table_of
from cockpit.lab.rows import Row, server_rows
from cockpit.lab.scenarios import SCENARIOS, open_lab
from cockpit.lab.simulation import WARM_UP, Simulation

OPENS = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
USER = "operator@lab.example"


def lab(scenario: str = "healthy", servers: int | None = None, seed: int = 1) -> Simulation:
    """A warmed-up lab on a frozen clock in which waiting moves the clock."""
    clock = Clock(OPENS, elapsed=WARM_UP, monotonic=lambda: 0.0)
    clock.freeze()

    async def sleep(seconds: float) -> None:
        clock.advance(seconds)
        await asyncio.sleep(0)

    return open_lab(SCENARIOS[scenario], servers, seed, clock=clock, sleep=sleep)


def later(sim: Simulation, seconds: float) -> float:
    sim.clock.advance(seconds)
    return sim.touch()


@dataclass
class Capture:
    """An Output that keeps everything."""

    objects: list[bytes] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    errors: list[ErrorRecord] = field(default_factory=list)

    def write(self, clixml: bytes) -> None:
        self.objects.append(clixml)

    def warning(self, message: str) -> None:
        self.warnings.append(message)

    def error(self, record: ErrorRecord) -> None:
        self.errors.append(record)

    async def flush(self) -> None:
        return

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [properties(o) for o in self.objects]


def properties(clixml: bytes) -> dict[str, Any]:
    """Property names and plain values of one object; lists as lists, objects by their ToString."""
    root = ET.fromstring(clixml)
    props = root.find("Props")
    assert props is not None, clixml
    return {p.attrib["N"]: _value(p) for p in props}


def _value(element: ET.Element) -> Any:
    match element.tag:
        case "Nil":
            return None
        case "B":
            return element.text == "true"
        case "I32" | "I64":
            return int(element.text or 0)
        case "Db":
            return float(element.text or 0)
        case "Obj":
            items = element.find("LST")
            if items is not None:
                return [_value(i) for i in items]
            return element.findtext("ToString")
    return unescape(element.text or "")


def unescape(text: str) -> str:
    return re.sub(r"_x([0-9A-F]{4})_", lambda m: chr(int(m.group(1), 16)), text)


def type_names(clixml: bytes) -> list[str]:
    return [t.text or "" for t in ET.fromstring(clixml).iterfind("TN/T")]


async def call(
    sim: Simulation, name: str, parameters: Mapping[str, Any] | None = None, *, at: str = ""
) -> Capture:
    """Run a cmdlet on the Exchange endpoint of server ``at`` (the first one)."""
    return await _run(sim, exchange_table_of, name, parameters or {}, at)


async def winrm(
    sim: Simulation, name: str, parameters: Mapping[str, Any] | None = None, *, at: str = ""
) -> Capture:
    return await _run(sim, winrm_table_of, name, parameters or {}, at)


async def _run(sim: Simulation, table: Any, name: str, parameters: Mapping[str, Any], at: str) -> Capture:
    server = at or next(iter(sim.organization.servers.values())).name
    commands: CmdletTable = table(sim, server)
    cmdlet = commands.find(USER, name)
    assert cmdlet is not None, name
    bound = {cmdlet.aliases.get(k, k): v for k, v in parameters.items()}
    assert set(bound) <= cmdlet.parameters, set(bound) - cmdlet.parameters
    out = Capture()
    await cmdlet.handler(Invocation(cmdlet.name, bound, USER, server), out)
    return out


def rows(sim: Simulation, server: str, health_set: str = "") -> list[Row]:
    found = sim.organization.server(server)
    if not sim.engine.running(found):
        return []
    return server_rows(sim.engine, found, sim.clock.seconds(), health_set)


def unhealthy(sim: Simulation) -> set[tuple[str, str]]:
    """(server, monitor) of everything that is not Healthy, in all health sets."""
    return {
        (server.name, row.spec.name)
        for server in sim.organization.servers.values()
        for row in rows(sim, server.name)
        if row.alert != "Healthy"
    }

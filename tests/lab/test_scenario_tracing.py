"""What each scenario of tracing leaves as evidence: in the probe's result and in both logs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cockpit.exchange.catalogue import FRONT_END_SERVICE
from cockpit.lab.scenarios import SCENARIOS, Group
from cockpit.lab.simulation import Simulation
from tests.lab.harness import call, later, unhealthy, winrm
from tests.lab.poplogs import ACCESS, BACK, FRONT, Row, moment, opened, rows

VICTIM = "EX13-MBX01"
NAMED = f"Proxy:{VICTIM}.lab.example:1995:SSL"


async def evidence(
    sim: Simulation, off: Callable[[str], float] = lambda _: 0.0
) -> tuple[dict[str, object], list[Row], list[Row]]:
    """A touch point run at the access server: its result, its ``pass`` row there, rows of that mailbox on the
    victim's back end meanwhile. ``off``: how far each server's clock is ahead."""
    begin = sim.clock.now()
    found = await call(sim, "Invoke-MonitoringProbe", {"Identity": "POP\\PopCTPProbe", "Server": ACCESS})
    (result,) = found.rows
    end = sim.clock.now()

    def meanwhile(server: str, writer: str) -> list[Row]:
        try:
            every = rows(sim, server, writer)
        except FileNotFoundError:
            return []
        return [
            r
            for r in every
            if begin.timestamp() <= moment(r).timestamp() - off(server) <= end.timestamp()
            and r["user"].startswith("HealthMailbox")
        ]

    return result, [r for r in meanwhile(ACCESS, FRONT) if r["command"] == "pass"], meanwhile(VICTIM, BACK)


@pytest.mark.parametrize(
    ("name", "front", "back"),
    [
        ("trace-by-log", True, True),
        ("trace-front-end", True, True),
        ("trace-no-log", False, False),
        ("trace-unconfirmed", True, False),
    ],
)
async def test_the_evidence(tmp_path: Path, name: str, front: bool, back: bool) -> None:
    sim = opened(tmp_path, name, prepare=lambda _: None)
    if name == "trace-front-end":  # whichever database comes first is active on the victim
        assert sim.organization.front_end_targets(sim.organization.server(ACCESS))[0].active == VICTIM
    result, mine, there = await evidence(sim)
    assert str(result["ResultType"]) != "Succeeded"
    assert result["StateAttribute4"] == ""
    assert VICTIM not in str(result["StateAttribute12"])
    assert [NAMED in r["context"] for r in mine] == ([True] if front else [])
    assert bool(there) is back
    sim.close()


async def test_clocks_are_apart_and_zones_differ(tmp_path: Path) -> None:
    sim = opened(tmp_path, "trace-clocks", prepare=lambda _: None)
    organization = sim.organization

    def off(server: str) -> float:
        return organization.server(server).clock_error

    assert off(ACCESS) - off(VICTIM) == 670.0
    assert organization.server(ACCESS).utc_offset != organization.server(VICTIM).utc_offset
    true_time = sim.clock.now()
    result, mine, there = await evidence(sim, off)
    started = datetime.fromisoformat(str(result["ExecutionStartTime"])).astimezone(UTC)
    assert 400.0 < (started - true_time).total_seconds() < 440.0
    assert [NAMED in r["context"] for r in mine] == [True]
    assert there
    for server in (ACCESS, VICTIM):
        (system,) = (
            await winrm(sim, "Get-CimInstance", {"ClassName": "Win32_OperatingSystem"}, at=server)
        ).rows
        says = datetime.fromisoformat(str(system["LocalDateTime"])).astimezone(UTC)
        assert (says - sim.clock.now()).total_seconds() == pytest.approx(off(server), abs=0.01)
    sim.close()


async def test_a_full_disk_brings_no_line(tmp_path: Path) -> None:
    sim = opened(tmp_path, "log-disk-full", prepare=lambda _: None)
    await call(sim, "Set-PopSettings", {"Server": ACCESS, "ProtocolLogEnabled": True})
    await winrm(sim, "Restart-Service", {"Name": FRONT_END_SERVICE}, at=ACCESS)
    later(sim, 300)
    assert not list(tmp_path.rglob("POP3*.LOG"))
    sim.organization.server(ACCESS).volumes[0].free = 10**9
    later(sim, 300)
    assert [p.name[:4] for p in tmp_path.rglob("POP3*.LOG")] == ["POP3"]
    sim.close()


async def test_a_service_that_does_not_restart(tmp_path: Path) -> None:
    sim = opened(tmp_path, "logging-restart", prepare=lambda _: None)
    assert unhealthy(sim) == set()
    await call(sim, "Set-PopSettings", {"Server": ACCESS, "ProtocolLogEnabled": True})
    out = await winrm(sim, "Restart-Service", {"Name": FRONT_END_SERVICE}, at=ACCESS)
    assert [e.fully_qualified_id.partition(",")[0] for e in out.errors] == ["CouldNotStopService"]
    later(sim, 500)
    assert not list(tmp_path.rglob("POP3*.LOG"))
    await winrm(sim, "Start-Service", {"Name": FRONT_END_SERVICE}, at=ACCESS)
    later(sim, 300)
    assert list(tmp_path.rglob("POP3*.LOG"))
    sim.close()


async def test_logging_that_was_on_already_is_being_written(tmp_path: Path) -> None:
    sim = opened(tmp_path, "logging-on", prepare=lambda _: None)
    assert rows(sim, ACCESS, FRONT)
    sim.close()


def test_there_are_some() -> None:
    assert len([s for s in SCENARIOS.values() if s.group is Group.TRACING]) == 7

"""Servers that go down and come back, or do not."""

from __future__ import annotations

from typing import Any

import pytest

from cockpit.lab.actions import act
from cockpit.lab.simulation import Simulation
from tests.lab.harness import call, lab, later, winrm

HERE, THERE = "EX16-01", "EX16-02"


def _do(sim: Simulation, server: str, action: str, **fields: Any) -> None:
    act(sim, {"name": server, "action": action, **fields})


def _up(sim: Simulation) -> bool:
    return sim.organization.server(HERE).up


async def _boot(sim: Simulation) -> Any:
    out = await winrm(sim, "Get-CimInstance", {"ClassName": "Win32_OperatingSystem"}, at=HERE)
    return out.rows[0]["LastBootUpTime"]


async def test_restart_computer_answers_then_goes_down_then_comes_back() -> None:
    sim = lab()
    before = await _boot(sim)
    out = await winrm(sim, "Restart-Computer", {"Force": True}, at=HERE)
    assert (out.rows, out.errors, _up(sim)) == ([], [], True)
    later(sim, 11)
    assert not _up(sim)
    later(sim, 200)
    assert not _up(sim)
    later(sim, 60)
    assert _up(sim)
    assert await _boot(sim) != before
    entries = [(e.outcome, e.user) for e in sim.ledger.since() if e.server == HERE]
    for what in ("shutdown begun", "server down", "server up"):
        assert (what, "operator@lab.example") in entries


async def test_what_if_reboots_nothing() -> None:
    sim = lab()
    await winrm(sim, "Restart-Computer", {"WhatIf": True}, at=HERE)
    later(sim, 60)
    assert _up(sim)


@pytest.mark.parametrize(("fields", "after", "up"), [({"reboot_seconds": 900}, 600, False), ({}, 600, True)])
async def test_a_reboot_may_take_longer(fields: dict[str, Any], after: float, up: bool) -> None:
    sim = lab()
    if fields:
        _do(sim, HERE, "set-server", **fields)
    await winrm(sim, "Restart-Computer", {"Force": True}, at=HERE)
    later(sim, after)
    assert _up(sim) is up
    later(sim, 400)
    assert _up(sim)


async def test_a_reboot_may_never_end() -> None:
    sim = lab()
    _do(sim, HERE, "set-server", stays_down=True)
    await winrm(sim, "Restart-Computer", {"Force": True}, at=HERE)
    later(sim, 86_400)
    assert not _up(sim)


async def test_copies_settle_after_a_boot() -> None:
    sim = lab()
    _do(sim, HERE, "set-move-now", value=True)
    later(sim, 120)
    _do(sim, HERE, "set-preference-moves", seconds=None)
    _do(sim, HERE, "reboot")
    later(sim, 241)
    seen: list[tuple[str, int]] = []
    for _ in range(12):
        rows = (await call(sim, "Get-MailboxDatabaseCopyStatus", {"Server": HERE}, at=THERE)).rows
        seen.append((rows[0]["Status"], rows[0]["ReplayQueueLength"]))
        later(sim, 30)
    states = [s for s, _ in seen]
    assert states[:4] == ["Initializing", "Resynchronizing", "Resynchronizing", "Healthy"]
    queues = [q for _, q in seen]
    assert queues == sorted(queues, reverse=True)
    assert (queues[0] > 200, queues[-1]) == (True, 0)
    checks = (await call(sim, "Test-ReplicationHealth", {"Identity": HERE}, at=THERE)).rows
    assert {r["Result"] for r in checks} == {"Passed"}


async def test_a_copy_that_settles_is_no_target() -> None:
    sim = lab()
    _do(sim, THERE, "reboot")
    later(sim, 250)
    name = sorted(d.name for d in sim.organization.active_on(HERE))[0]
    given = {"Identity": name, "ActivateOnServer": THERE}
    out = await call(sim, "Move-ActiveMailboxDatabase", given)
    assert "not healthy" in out.errors[0].message
    later(sim, 400)
    assert (await call(sim, "Move-ActiveMailboxDatabase", given)).rows


async def test_the_active_manager_moves_and_stays_away() -> None:
    sim = lab()
    dag = sim.organization.dags["dag02"]
    assert dag.primary_active_manager == HERE
    _do(sim, HERE, "reboot")
    assert dag.primary_active_manager == THERE
    later(sim, 300)
    assert dag.primary_active_manager == THERE
    _do(sim, HERE, "move-active-manager", by="CONTOSO\\ann")
    (row,) = (await call(sim, "Get-DatabaseAvailabilityGroup", {"Identity": "DAG02", "Status": True})).rows
    assert row["PrimaryActiveManager"] == HERE


async def test_a_service_that_does_not_come_back() -> None:
    sim = lab()
    _do(sim, HERE, "set-service", service="MSExchangePop3", fails_at_boot=True)
    _do(sim, HERE, "set-service", service="MSExchangePOP3BE", start_type="Manual")
    _do(sim, HERE, "reboot")
    later(sim, 300)
    server = sim.organization.server(HERE)
    assert server.up
    assert not server.runs("MSExchangePop3")
    assert not server.runs("MSExchangePOP3BE")
    assert server.runs("MSExchangeHM")
    for name in ("MSExchangePop3", "MSExchangePOP3BE"):
        assert not (await winrm(sim, "Start-Service", {"Name": name}, at=HERE)).errors
        assert server.runs(name)


@pytest.mark.parametrize(
    ("fault", "after_reboot", "after_failover"),
    [
        ({}, True, False),
        ({"survives_reboot": True}, False, False),
        ({"survives_reboot": True, "cured_by_failover": True}, False, True),
    ],
)
async def test_what_cures_a_hung_back_end(
    fault: dict[str, Any], after_reboot: bool, after_failover: bool
) -> None:
    probe = {"Identity": "POP.Protocol\\PopSelfTestProbe", "Server": HERE}
    for act_name, fields, cured in (
        ("restart-service", {"service": "MSExchangePOP3BE"}, False),
        ("set-move-now", {"value": True}, after_failover),
        ("reboot", {}, after_reboot),
    ):
        sim = lab()
        _do(sim, HERE, "break", kind="BACK_END_HUNG", **fault)
        if act_name == "reboot":
            # Its databases fail over when it goes down, so those of the third case would be cured by that.
            for database in sim.organization.active_on(HERE):
                sim.lifecycle.move(database, THERE, sim.engine.now)
            sim.faults.on(HERE)[-1].ended = None
        _do(sim, HERE, act_name, **fields)
        later(sim, 900)
        (row,) = (await call(sim, "Invoke-MonitoringProbe", probe, at=THERE)).rows
        assert (row["ResultType"] == "Succeeded") is cured, act_name

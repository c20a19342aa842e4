"""Windows services, processes, volumes, counters on the WinRM endpoint."""

from __future__ import annotations

from typing import Any

import pytest

from cockpit.lab.actions import act
from cockpit.lab.services import restart, stop_only
from cockpit.lab.simulation import Simulation
from tests.lab.harness import USER, call, lab, later, winrm

HERE = "EX16-01"
POP = "MSExchangePop3"


def _do(sim: Simulation, server: str, action: str, **fields: Any) -> None:
    act(sim, {"name": server, "action": action, **fields})


async def _service(sim: Simulation, name: str = POP) -> dict[str, Any]:
    given = {"ClassName": "Win32_Service", "Filter": f"Name='{name}'"}
    (row,) = (await winrm(sim, "Get-CimInstance", given, at=HERE)).rows
    return row


async def test_a_restart_makes_a_new_process() -> None:
    sim = lab()
    before = await _service(sim)
    assert (before["State"], before["StartMode"]) == ("Running", "Auto")
    given = {"ClassName": "Win32_Process", "Filter": f"ProcessId={before['ProcessId']}"}
    (process,) = (await winrm(sim, "Get-CimInstance", given, at=HERE)).rows
    assert process["Name"] == "Microsoft.Exchange.Pop3Service.exe"
    assert not (await winrm(sim, "Restart-Service", {"Name": POP, "Force": True}, at=HERE)).errors
    after = await _service(sim)
    assert after["State"] == "Running"
    assert after["ProcessId"] != before["ProcessId"]
    given = {"ClassName": "Win32_Process", "Filter": f"ProcessId={after['ProcessId']}"}
    (again,) = (await winrm(sim, "Get-CimInstance", given, at=HERE)).rows
    assert again["CreationDate"] > process["CreationDate"]
    entries = [(e.outcome, e.user) for e in sim.ledger.since() if e.server == HERE][-3:]
    assert entries == [("service stopping", USER), ("service stopped", USER), ("service started", USER)]


async def test_a_service_that_does_not_stop() -> None:
    sim = lab()
    # Managed Availability would notice, fail to restart it too, and turn PopProxy Inactive.
    _do(sim, HERE, "set-component", component="RecoveryActionsEnabled", state="Inactive")
    _do(sim, HERE, "set-service", service=POP, stop_seconds=300)
    out = await winrm(sim, "Restart-Service", {"Name": POP}, at=HERE)
    assert out.warnings == [f"Waiting for service 'Microsoft Exchange POP3 ({POP})' to stop..."]
    (error,) = out.errors
    assert "cannot be stopped" in error.message
    assert error.fully_qualified_id.startswith("CouldNotStopService,")
    assert (await _service(sim))["State"] == "Stop Pending"
    (again,) = (await winrm(sim, "Restart-Service", {"Name": POP}, at=HERE)).errors
    assert "cannot be stopped" in again.message
    assert (await winrm(sim, "Start-Service", {"Name": POP}, at=HERE)).errors
    later(sim, 300)
    assert (await _service(sim))["State"] == "Stopped"
    assert not (await winrm(sim, "Start-Service", {"Name": POP}, at=HERE)).errors


async def test_responders_fail_on_a_service_that_does_not_stop() -> None:
    sim = lab()
    server = sim.organization.server(HERE)
    old = server.services[POP.lower()].process_id
    _do(sim, HERE, "set-service", service=POP, stop_seconds=3600)
    _do(sim, HERE, "managed-availability", service=POP)
    assert server.services[POP.lower()].process_id == old
    assert [a.result for a in sim.engine.actions[HERE]] == ["Failed"]
    await winrm(sim, "Stop-Service", {"Name": POP}, at=HERE)
    later(sim, 600)
    failed = [a.requestor for a in sim.engine.actions[HERE] if a.result == "Failed"]
    assert "PopProxyTestRestartService" in failed
    assert server.component("PopProxy") == 0


async def test_a_slow_stop_below_the_limit_only_takes_longer() -> None:
    sim = lab()
    _do(sim, HERE, "set-service", service=POP, stop_seconds=40)
    before = sim.clock.seconds()
    assert not (await winrm(sim, "Restart-Service", {"Name": POP}, at=HERE)).errors
    assert sim.clock.seconds() - before == pytest.approx(52)


async def test_an_order_goes_on_when_nobody_waits() -> None:
    sim = lab()
    server = sim.organization.server(HERE)
    service = server.services[POP.lower()]
    old = service.process_id
    restart(sim.engine, server, service, sim.touch(), USER)
    later(sim, 3)
    assert (await _service(sim))["State"] == "Stop Pending"
    later(sim, 6)
    assert (await _service(sim))["State"] == "Start Pending"
    later(sim, 6)
    assert service.running
    assert service.process_id != old


async def test_an_order_dies_with_the_machine() -> None:
    sim = lab()
    server = sim.organization.server(HERE)
    service = server.services[POP.lower()]
    _do(sim, HERE, "set-service", service=POP, stop_seconds=500)
    stop_only(sim.engine, server, service, sim.touch(), USER)
    _do(sim, HERE, "reboot")
    later(sim, 1000)
    assert service.running


async def test_two_starts_are_needed() -> None:
    sim = lab()
    _do(sim, HERE, "set-service", service=POP, failed_starts=1)
    (error,) = (await winrm(sim, "Restart-Service", {"Name": POP}, at=HERE)).errors
    assert "Failed to start" in error.message
    assert (await _service(sim))["State"] == "Stopped"
    assert not (await winrm(sim, "Restart-Service", {"Name": POP}, at=HERE)).errors


async def test_a_disabled_service_does_not_start() -> None:
    sim = lab()
    _do(sim, HERE, "set-service", service=POP, start_type="Disabled")
    assert (await _service(sim))["StartMode"] == "Disabled"
    assert (await winrm(sim, "Restart-Service", {"Name": POP}, at=HERE)).errors
    assert (await _service(sim))["State"] == "Stopped"


async def test_pop_proxy_active_again_needs_a_start_by_hand() -> None:
    sim = lab()
    vote = {"component": "PopProxy", "requester": "HealthAPI"}
    _do(sim, HERE, "set-component", state="Inactive", **vote)
    assert (await _service(sim))["State"] == "Stopped"
    assert (await winrm(sim, "Start-Service", {"Name": POP}, at=HERE)).errors
    _do(sim, HERE, "set-component", state="Active", **vote)
    later(sim, 60)
    assert (await _service(sim))["State"] == "Stopped"
    assert not (await winrm(sim, "Start-Service", {"Name": POP}, at=HERE)).errors


async def test_cim_knows_filters_properties_and_what_it_does_not_know() -> None:
    sim = lab()
    everything = (await winrm(sim, "Get-CimInstance", {"ClassName": "Win32_Service"}, at=HERE)).rows
    assert len(everything) == len(sim.organization.server(HERE).services)
    given = {"ClassName": "Win32_Service", "Filter": "Name='msexchangepop3' OR Name='MSExchangePOP3BE'"}
    both = (await winrm(sim, "Get-CimInstance", given | {"Property": ["Name", "State"]}, at=HERE)).rows
    assert {r["Name"] for r in both} == {"MSExchangePop3", "MSExchangePOP3BE"}
    assert {r["ProcessId"] for r in both} == {None}
    (error,) = (await winrm(sim, "Get-CimInstance", given | {"Filter": "Name LIKE 'x%'"}, at=HERE)).errors
    assert error.message == "Invalid query "
    (error,) = (await winrm(sim, "Get-CimInstance", {"ClassName": "Win32_Fan"}, at=HERE)).errors
    assert error.message == "Invalid class "


async def test_volumes() -> None:
    sim = lab()
    rows = (await winrm(sim, "Get-CimInstance", {"ClassName": "Win32_Volume"}, at=HERE)).rows
    assert [(r["Name"], r["DriveLetter"]) for r in rows] == [("C:\\", "C:"), ("D:\\", "D:")]
    assert all(0 < r["FreeSpace"] < r["Capacity"] for r in rows)
    _do(sim, HERE, "set-volume", free=1_000_000)
    rows = (await winrm(sim, "Get-CimInstance", {"ClassName": "Win32_Volume"}, at=HERE)).rows
    assert rows[0]["FreeSpace"] == 1_000_000


async def test_setup_shows_while_it_runs() -> None:
    sim = lab()
    (error,) = (await winrm(sim, "Get-Process", {"Name": ["ExSetup"]}, at=HERE)).errors
    assert error.message.startswith('Cannot find a process with the name "ExSetup".')
    kind, _, command = error.fully_qualified_id.partition(",")
    assert kind == "NoProcessFoundForGivenName"
    assert command.endswith("GetProcessCommand")
    _do(sim, HERE, "start-process", process="ExSetup", by="CONTOSO\\ann")
    out = await winrm(sim, "Get-Process", {"Name": ["exsetup", "ExSetupUI"]}, at=HERE)
    assert [r["ProcessName"] for r in out.rows] == ["ExSetup"]
    assert len(out.errors) == 1
    _do(sim, HERE, "end-process", process="ExSetup")
    assert (await winrm(sim, "Get-Process", {"Name": ["ExSetup"]}, at=HERE)).errors


async def test_counters_of_pop() -> None:
    sim = lab()
    _do(sim, HERE, "set-server", client_connections=17)
    paths = [r"\MSExchangePop3\Connections Current", r"\MSExchangePop3(*)\Nonsense"]
    out = await winrm(sim, "Get-Counter", {"Counter": paths}, at=HERE)
    assert b'<Db N="CookedValue">17.0</Db>' in out.objects[0]
    assert len(out.errors) == 1
    _do(sim, HERE, "stop-service", service=POP)
    out = await winrm(sim, "Get-Counter", {"Counter": paths[0]}, at=HERE)
    assert (out.rows, len(out.errors)) == ([], 1)


async def test_service_health_says_nothing_about_pop() -> None:
    sim = lab()
    _do(sim, HERE, "stop-service", service=POP)
    (row,) = (await call(sim, "Test-ServiceHealth", {"Server": HERE})).rows
    assert (row["Role"], row["RequiredServicesRunning"]) == ("Mailbox Server Role", True)
    assert "MSExchangeIS" in row["ServicesRunning"]
    _do(sim, HERE, "stop-service", service="MSExchangeIS")
    (row,) = (await call(sim, "Test-ServiceHealth", {"Server": HERE})).rows
    assert (row["RequiredServicesRunning"], row["ServicesNotRunning"]) == (False, ["MSExchangeIS"])

"""Commands of the WinRM endpoint, who may run what, and hostile strings."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from cockpit.lab.cmdlets.table import exchange_table_of, winrm_table_of
from cockpit.lab.hostile import LONG, MARK, PAYLOADS
from tests.lab.harness import USER, call, lab, later, properties, unescape, winrm

CHANGING = [
    ("Get-ServerHealth", {"Identity": "EX16-01"}),
    ("Get-HealthReport", {"Identity": "EX16-01"}),
    ("Get-ExchangeServer", {}),
    ("Get-MailboxServer", {}),
    ("Get-DatabaseAvailabilityGroup", {"Status": True}),
    ("Get-MailboxDatabaseCopyStatus", {"Server": "EX16-01"}),
    ("Get-ServerComponentState", {"Identity": "EX16-01"}),
    ("Get-PopSettings", {"Server": "EX16-01"}),
    ("Get-MonitoringItemIdentity", {"Identity": "POP.Protocol", "Server": "EX16-01"}),
    ("Invoke-MonitoringProbe", {"Identity": "POP.Protocol\\PopSelfTestProbe", "Server": "EX16-01"}),
]


async def test_services_over_winrm() -> None:
    sim = lab()
    out = await winrm(
        sim, "Get-Service", {"Name": ["msexchangepop3", "MSExchangePOP3BE", "nope"]}, at="EX16-01"
    )
    assert [r["Name"] for r in out.rows] == ["MSExchangePop3", "MSExchangePOP3BE"]
    assert {r["Status"] for r in out.rows} == {"Running"}
    assert out.errors[0].fully_qualified_id.startswith("NoServiceFoundForGivenName,")
    before = sim.organization.server("EX16-01").services["msexchangepop3"].process_id
    out = await winrm(sim, "Restart-Service", {"Name": "MSExchangePop3"}, at="EX16-01")
    assert not out.errors
    service = sim.organization.server("EX16-01").services["msexchangepop3"]
    assert service.process_id != before
    await winrm(sim, "Stop-Service", {"Name": "MSExchangePop3"}, at="EX16-01")
    out = await winrm(sim, "Get-Service", {"Name": "MSExchangePop3"}, at="EX16-01")
    assert out.rows[0]["Status"] == "Stopped"


async def test_boot_time_with_offset() -> None:
    sim = lab()
    parameters = {"ClassName": "Win32_OperatingSystem", "Property": ["LastBootUpTime"]}
    out = await winrm(sim, "Get-CimInstance", parameters, at="EX19-01")
    (row,) = out.rows
    assert row["LastBootUpTime"].endswith("+02:00")
    assert row["Caption"] is None
    assert (await winrm(sim, "Get-CimInstance", {"ClassName": "Win32_Nothing"})).errors


async def test_recovery_actions_from_the_event_log() -> None:
    sim = lab("ctp-frontend")
    later(sim, 1800)
    channel = "Microsoft-Exchange-ManagedAvailability/RecoveryActionResults"
    arguments = ["qe", channel, "/c:1", "/rd:true", "/f:xml"]
    out = await winrm(sim, "wevtutil", {"Arguments": arguments}, at="EX13-CAS01")
    (event,) = (unescape(ET.fromstring(o).text or "") for o in out.objects)
    fields = {e.tag.rpartition("}")[2]: e.text for e in ET.fromstring(event).iter()}
    assert fields["RequestorName"] == "PopCTPRestartServiceLate"
    assert (fields["Id"], fields["Result"], fields["ResourceName"]) == (
        "RestartService",
        "Failed",
        "MSExchangePop3",
    )
    assert fields["ExceptionMessage"]
    assert (fields["StartTime"] or "") < (fields["EndTime"] or "")
    every = await winrm(sim, "wevtutil", {"Arguments": ["qe", channel]}, at="EX13-CAS01")
    assert len(every.objects) == 2
    wrong = await winrm(sim, "wevtutil", {"Arguments": ["qe", "Nothing"]})
    assert wrong.errors[0].fully_qualified_id == "NativeCommandError"


async def test_rbac_hides_cmdlets() -> None:
    sim = lab()
    sim.knobs["EX16-01"].change({"denied": {USER: ["invoke-monitoringprobe"], "*": ["Set-PopSettings"]}})
    table = exchange_table_of(sim, "EX16-01")
    assert table.find(USER, "Invoke-MonitoringProbe") is None
    assert table.find("other", "Invoke-MonitoringProbe") is not None
    assert table.find("other", "Set-PopSettings") is None
    assert exchange_table_of(sim, "EX16-02").find(USER, "Set-PopSettings") is not None


async def test_rbac_hides_parameters_and_get_command_shows_what_is_left() -> None:
    sim = lab()
    hidden = {"*": ["Set-PopSettings -ProtocolLogEnabled", "Set-MailboxServer"]}
    sim.knobs["EX16-01"].change({"denied": hidden})
    found = exchange_table_of(sim, "EX16-01").find(USER, "set-popsettings")
    assert found is not None
    assert "ProtocolLogEnabled" not in found.parameters
    assert "Server" in found.parameters
    names = ["Set-PopSettings", "Set-MailboxServer", "Get-PopSettings"]
    out = await call(sim, "Get-Command", {"Name": names}, at="EX16-01")
    assert [properties(o)["Name"] for o in out.objects] == ["Set-PopSettings", "Get-PopSettings"]
    assert [e.fully_qualified_id.split(",")[0] for e in out.errors] == ["CommandNotFoundException"]
    assert out.errors[0].target == "Set-MailboxServer"
    shown = ET.fromstring(out.objects[0]).iterfind(".//DCT/En/S[@N='Key']")
    listed = {key.text for key in shown}
    assert "Server" in listed
    assert "ErrorAction" in listed
    assert "ProtocolLogEnabled" not in listed
    everything = await call(sim, "Get-Command", {}, at="EX16-01")
    assert not everything.errors
    assert "Get-Command" in {properties(o)["Name"] for o in everything.objects}


def test_endpoints_have_only_their_own_commands() -> None:
    sim = lab()
    exchange, windows = exchange_table_of(sim, "EX16-01"), winrm_table_of(sim, "EX16-01")
    for name in ("Restart-Service", "Where-Object", "Group-Object", "Get-WinEvent", "Restart-Computer"):
        assert exchange.find(USER, name) is None
    assert windows.find(USER, "Get-ServerHealth") is None


@pytest.mark.parametrize(("name", "parameters"), CHANGING)
async def test_hostile_strings_everywhere(name: str, parameters: dict[str, object]) -> None:
    sim = lab()
    sim.knobs["EX16-01"].hostile = "all"
    out = await call(sim, name, parameters, at="EX16-01")
    assert out.objects
    for item in out.objects[:20]:
        strings = [unescape(e.text or "") for e in ET.fromstring(item).iterfind("Props//S")]
        assert strings
        assert all(MARK in v for v in strings)
    whole = b"".join(out.objects)
    assert b"\x1b" not in whole
    assert any(len(v) > LONG for v in properties(out.objects[0]).values() if isinstance(v, str))
    assert len(PAYLOADS) == 8


async def test_hostile_append_keeps_what_rows_are_found_by() -> None:
    sim = lab()
    sim.knobs["EX16-01"].hostile = "append"
    out = await call(sim, "Get-ServerHealth", {"Identity": "EX16-01", "HealthSet": "POP"}, at="EX16-01")
    assert {r["Server"] for r in out.rows} == {"EX16-01"}
    assert {r["AlertValue"] for r in out.rows} == {"Healthy"}
    assert all(MARK in r["Description"] for r in out.rows)


async def test_hostile_warnings_and_errors() -> None:
    sim = lab("healthmanager-down")
    sim.knobs["EX16-01"].hostile = "all"
    out = await call(sim, "Get-ServerHealth", {"Identity": "EX16-01"}, at="EX16-01")
    assert all(MARK in w for w in out.warnings)
    out = await call(sim, "Get-ServerHealth", {"Identity": "nope"}, at="EX16-01")
    assert all(MARK in e.message for e in out.errors)

"""Shapes and behaviours of the cmdlets: exchange-facts §2."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from cockpit.lab import clixml
from cockpit.lab.cmdlets import health as health_cmdlets
from cockpit.lab.cmdlets import shapes
from cockpit.lab.cmdlets.pop import SET_PARAMETERS
from cockpit.lab.rows import server_rows
from tests.lab.harness import call, lab, later, type_names

HEALTH_ORDER = [
    "Server",
    "CurrentHealthSetState",
    "Name",
    "TargetResource",
    "HealthSetName",
    "HealthGroupName",
    "AlertValue",
    "FirstAlertObservedTime",
    "Description",
    "IsHaImpacting",
    "RecurranceInterval",
    "DefinitionCreatedTime",
    "HealthSetDescription",
    "ServerComponentName",
    "LastTransitionTime",
    "LastExecutionTime",
    "LastExecutionResult",
    "ResultId",
    "WorkItemId",
    "IsStale",
    "Error",
    "Exception",
    "IsNotified",
    "LastFailedProbeId",
    "LastFailedProbeResultId",
    "ServicePriority",
    "Identity",
    "IsValid",
    "ObjectState",
]


async def test_server_health_has_every_monitor_of_the_server() -> None:
    out = await call(lab(), "Get-ServerHealth", {"Identity": "EX16-01"})
    assert 180 <= len(out.rows) <= 230
    assert list(out.rows[0]) == HEALTH_ORDER
    assert type_names(out.objects[0]) == [
        "Microsoft.Office.Datacenter.ActiveMonitoring.Management.Common.MonitorHealthEntry",
        "Microsoft.Exchange.Data.ConfigurableObject",
        "System.Object",
    ]
    assert ET.fromstring(out.objects[0]).findtext("ToString") == type_names(out.objects[0])[0]
    assert len({r["HealthSetName"] for r in out.rows}) >= 60
    assert len({r["Identity"] for r in out.rows}) == len(out.rows)
    assert len({r["WorkItemId"] for r in out.rows}) == len(out.rows)
    assert {r["AlertValue"] for r in out.rows} == {"Healthy"}


async def test_pop_rows_as_the_sheet_has_them() -> None:
    out = await call(lab(), "Get-ServerHealth", {"Server": "ex16-01.lab.example"})
    rows = {r["Name"]: r for r in out.rows if r["HealthSetName"].startswith("POP")}
    assert {
        n: (r["HealthSetName"], r["HealthGroupName"], r["ServerComponentName"], r["TargetResource"])
        for n, r in rows.items()
    } == {
        "PopSelfTestMonitor": ("POP.Protocol", "ServiceComponents", "None", "MSExchangePop3BE"),
        "PopDeepTestMonitor": ("POP.Protocol", "ServiceComponents", "None", "POP.Protocol"),
        "PopProxyTestMonitor": ("POP.Proxy", "ServiceComponents", "PopProxy", "MSExchangePop3"),
        "PopCTPMonitor": ("POP", "CustomerTouchPoints", "None", "POP"),
        "AverageCommandProcessingTimeGt60sMonitor": ("POP", "CustomerTouchPoints", "None", ""),
    }
    assert rows["PopProxyTestMonitor"]["CurrentHealthSetState"] == "Online"
    assert rows["PopCTPMonitor"]["CurrentHealthSetState"] == "NotApplicable"
    assert rows["PopCTPMonitor"]["LastExecutionTime"].endswith("+01:00")
    assert rows["PopCTPMonitor"]["FirstAlertObservedTime"].startswith("0001-01-01T00:00:00")


@pytest.mark.parametrize("name", ["POP.Protocol", "pop.protocol"])
async def test_health_set_is_exact_without_regard_to_case(name: str) -> None:
    out = await call(lab(), "Get-ServerHealth", {"Identity": "EX16-01", "HealthSet": name})
    assert {r["HealthSetName"] for r in out.rows} == {"POP.Protocol"}
    for wrong in ("POP*", "PO", "Protocol"):
        out = await call(lab(), "Get-ServerHealth", {"Identity": "EX16-01", "HealthSet": wrong})
        assert (out.rows, out.warnings, out.errors) == ([], [], [])


async def test_ha_impacting_only() -> None:
    out = await call(lab(), "Get-ServerHealth", {"Identity": "EX16-01", "HaImpactingOnly": True})
    assert out.rows
    assert all(r["IsHaImpacting"] for r in out.rows)
    assert "PopSelfTestMonitor" in {r["Name"] for r in out.rows}


@pytest.mark.parametrize("enum_objects", [False, True])
async def test_quick_rows_are_the_same_bytes_as_slow_ones(enum_objects: bool) -> None:
    sim = lab("proxy-broken")
    for server in sim.organization.servers.values():
        sim.knobs[server.name].enum_objects = enum_objects
        out = await call(sim, "Get-ServerHealth", {"Identity": server.name}, at=server.name)
        slow = [
            clixml.serialise(
                shapes.HEALTH_ENTRY,
                shapes.HEALTH_ENTRY[0],
                health_cmdlets._entry(sim, server, row),
                enum_objects=enum_objects,
            )
            for row in server_rows(sim.engine, server, sim.clock.seconds())
        ]
        assert out.objects == slow


async def test_enums_as_objects_on_demand() -> None:
    sim = lab()
    sim.knobs["EX16-01"].enum_objects = True
    parameters = {"Identity": "EX16-01", "HealthSet": "POP"}
    out = await call(sim, "Get-ServerHealth", parameters, at="EX16-01")
    root = ET.fromstring(out.objects[0])
    alert = next(p for p in root.iterfind("Props/Obj") if p.attrib["N"] == "AlertValue")
    assert (alert.findtext("ToString"), alert.findtext("I32")) == ("Healthy", "1")
    plain = await call(sim, "Get-ServerHealth", parameters, at="EX16-02")
    assert plain.rows[0]["AlertValue"] == "Healthy"
    assert b"<I32>1</I32>" not in plain.objects[0]


async def test_health_manager_down_is_a_warning_and_one_unknown_row() -> None:
    sim = lab("healthmanager-down")
    out = await call(sim, "Get-ServerHealth", {"Identity": "EX16-01"})
    assert len(out.warnings) == 1
    assert not out.errors
    (row,) = out.rows
    assert list(row) == HEALTH_ORDER
    unknown = ("Name", "HealthSetName", "HealthGroupName", "ServerComponentName", "AlertValue")
    assert {row[n] for n in (*unknown, "CurrentHealthSetState")} == {"Unknown"}
    out = await call(sim, "Get-ServerHealth", {"Identity": "EX16-01", "HealthSet": "POP"})
    assert (len(out.warnings), out.rows, out.errors) == (1, [], [])
    probe = {"Identity": "POP\\PopCTPProbe", "Server": "EX16-01"}
    out = await call(sim, "Invoke-MonitoringProbe", probe)
    assert (len(out.warnings), out.rows, out.errors) == (1, [], [])


async def test_a_server_that_is_gone_answers_like_a_health_manager_that_is_down() -> None:
    sim = lab()
    sim.lifecycle.kill(sim.organization.server("EX16-01"), sim.engine.now)
    out = await call(sim, "Get-ServerHealth", {"Identity": "EX16-01"}, at="EX16-02")
    assert len(out.warnings) == 1
    out = await call(sim, "Get-MailboxDatabaseCopyStatus", {"Server": "EX16-01"}, at="EX16-02")
    assert {r["Status"] for r in out.rows} == {"ServiceDown"}


async def test_pop_not_monitored_is_nothing_without_a_warning() -> None:
    sim = lab("not-monitored")
    for name in ("POP", "POP.Protocol", "POP.Proxy"):
        out = await call(sim, "Get-ServerHealth", {"Identity": "EX16-01", "HealthSet": name})
        assert (out.rows, out.warnings, out.errors) == ([], [], [])


async def test_stale_rows_stand_still() -> None:
    sim = lab()
    sim.set_stale(sim.organization.server("EX16-01"), True)
    first = (await call(sim, "Get-ServerHealth", {"Identity": "EX16-01"})).rows
    later(sim, 3600)
    second = (await call(sim, "Get-ServerHealth", {"Identity": "EX16-01"})).rows
    assert first == second
    assert all(r["IsStale"] for r in second)


async def test_unknown_server_is_management_object_not_found() -> None:
    for name in ("Get-ExchangeServer", "Get-ServerHealth", "Get-MailboxServer", "Get-ServerComponentState"):
        out = await call(lab(), name, {"Identity": "EX99-01"})
        assert not out.rows
        (error,) = out.errors
        assert error.reason == "ManagementObjectNotFoundException"
        assert error.message == (
            "The operation couldn't be performed because object 'EX99-01' couldn't be found on "
            "'LAB-DC1.lab.example'."
        )
        assert error.fully_qualified_id.startswith("[Server=EX19-01,RequestId=")
        assert "[FailureCategory=Cmdlet-ManagementObjectNotFoundException] " in error.fully_qualified_id


async def test_health_report_rolls_up() -> None:
    sim = lab("selftest-hung")
    out = await call(sim, "Get-HealthReport", {"Identity": "EX19-01"})
    order = "Server State HealthSet HealthGroup AlertValue LastTransitionTime MonitorCount"
    assert list(out.rows[0]) == [
        *order.split(),
        *("HaImpactingMonitorCount", "Entries", "Identity", "IsValid", "ObjectState"),
    ]
    alerts = {r["HealthSet"]: r["AlertValue"] for r in out.rows}
    assert alerts.pop("POP.Protocol") == "Unhealthy"
    assert set(alerts.values()) == {"Healthy"}
    assert all(len(r["Entries"]) == r["MonitorCount"] for r in out.rows)
    assert out.rows[0]["Identity"] == f"{out.rows[0]['HealthSet']}\\EX19-01"


async def test_item_identities_name_probe_monitor_and_responders() -> None:
    out = await call(lab(), "Get-MonitoringItemIdentity", {"Identity": "POP.Protocol", "Server": "EX16-01"})
    items = {(r["ItemType"], r["Name"]) for r in out.rows}
    assert items >= {
        ("Probe", "PopSelfTestProbe"),
        ("Probe", "PopDeepTestProbe"),
        ("Monitor", "PopDeepTestMonitor"),
        ("Responder", "PopSelfTestRestartService"),
        ("Responder", "PopDeepTestEscalate"),
    }
    order = "Server HealthSetName Name TargetResource ItemType Identity IsValid ObjectState"
    assert list(out.rows[0]) == order.split()


async def test_pop_settings_order_and_log() -> None:
    sim = lab()
    out = await call(sim, "Get-PopSettings", {"Server": "EX16-01"})
    (row,) = out.rows
    names = list(row)
    assert names[:3] == ["ProtocolName", "Name", "MaxCommandSize"]
    assert names[24:27] == ["EnforceCertificateErrors", "LogFileLocation", "LogFileRollOverSettings"]
    assert names[23] == "ProtocolLogEnabled"
    assert names[-2:] == ["IsValid", "ObjectState"]
    assert row["ProtocolLogEnabled"] is False
    assert row["LogPerFileSizeQuota"] == "0 B (0 bytes)"
    assert row["Identity"] == "EX16-01\\1"
    changed = {"Server": "EX16-01", "ProtocolLogEnabled": True, "MaxConnectionsPerUser": 32}
    out = await call(sim, "Set-PopSettings", changed)
    assert (out.warnings, out.errors) == ([], [])
    (row,) = (await call(sim, "Get-PopSettings", {"Server": "EX16-01"})).rows
    assert (row["ProtocolLogEnabled"], row["MaxConnectionsPerUser"]) == (True, 32)
    out = await call(sim, "Set-PopSettings", changed)
    assert "no settings" in out.warnings[0]
    assert "ProtocolLoggingEnabled" not in SET_PARAMETERS
    assert len(SET_PARAMETERS) == 31


async def test_copy_status_rules() -> None:
    sim = lab()
    out = await call(sim, "Get-MailboxDatabaseCopyStatus", {"Identity": "DB001"})
    assert [(r["Name"], r["Status"], r["ActiveCopy"]) for r in out.rows] == [
        ("DB001\\EX19-01", "Mounted", True),
        ("DB001\\EX19-02", "Healthy", False),
    ]
    assert {r["ContentIndexState"] for r in out.rows} == {"NotApplicable"}
    names = list(out.rows[0])
    assert names[:5] == ["Identity", "Id", "Name", "DatabaseName", "Status"]
    assert names.index("CopyQueueLength") > names.index("ContentIndexState")
    one = await call(sim, "Get-MailboxDatabaseCopyStatus", {"Identity": "DB001\\EX19-02"})
    assert [r["Name"] for r in one.rows] == ["DB001\\EX19-02"]
    missing = await call(sim, "Get-MailboxDatabaseCopyStatus", {"Identity": "DB999"})
    assert missing.errors


async def test_dag_live_properties_only_with_status() -> None:
    sim = lab()
    (first, *_) = (await call(sim, "Get-DatabaseAvailabilityGroup")).rows
    assert (first["OperationalServers"], first["PrimaryActiveManager"]) == (None, None)
    (first, *_) = (await call(sim, "Get-DatabaseAvailabilityGroup", {"Status": True})).rows
    assert first["OperationalServers"] == first["Servers"] == ["EX19-01", "EX19-02"]
    assert first["WitnessShareInUse"] == "Primary"


async def test_component_states_in_the_real_order() -> None:
    sim = lab("proxy-broken")
    out = await call(sim, "Get-ServerComponentState", {"Identity": "EX16-01"})
    assert len(out.rows) == 35
    assert [r["Component"] for r in out.rows][10:14] == [
        "OabProxy",
        "OwaProxy",
        "PopProxy",
        "PushNotificationsProxy",
    ]
    order = "ServerFqdn Component State ServerWideOfflineIsOffline RemoteStates LocalStates Identity IsValid"
    assert list(out.rows[0]) == [*order.split(), "ObjectState"]
    out = await call(sim, "Get-ServerComponentState", {"Identity": "EX13-CAS01", "Component": "popproxy"})
    (row,) = out.rows
    assert row["State"] == "Inactive"
    assert row["LocalStates"][0].startswith("Requestor:HealthApi; State:Inactive; Timestamp:")


async def test_mailbox_server_move_now() -> None:
    sim = lab()
    wanted = {"Identity": "EX16-01", "DatabaseCopyActivationDisabledAndMoveNow": True}
    out = await call(sim, "Set-MailboxServer", wanted)
    assert (out.objects, out.warnings) == ([], [])
    later(sim, 120)
    copies = (await call(sim, "Get-MailboxDatabaseCopyStatus", {"Server": "EX16-01"})).rows
    assert not any(r["ActiveCopy"] for r in copies)
    (row,) = (await call(sim, "Get-MailboxServer", {"Identity": "EX16-01"})).rows
    assert row["DatabaseCopyActivationDisabledAndMoveNow"] is True
    await call(sim, "Set-MailboxServer", wanted | {"DatabaseCopyActivationDisabledAndMoveNow": False})
    later(sim, 600)
    copies = (await call(sim, "Get-MailboxDatabaseCopyStatus", {"Server": "EX16-01"})).rows
    assert not any(r["ActiveCopy"] for r in copies), "$false moves nothing back"
    probe = {"Identity": "POP.Protocol\\PopDeepTestProbe", "Server": "EX16-01"}
    (row,) = (await call(sim, "Invoke-MonitoringProbe", probe)).rows
    assert row["ResultType"] == "Succeeded"


async def test_empty_identity_means_everything() -> None:
    out = await call(lab(), "Get-ServerHealth", {"Identity": "", "HealthSet": "POP.Proxy"})
    assert len({r["Server"] for r in out.rows}) == 6

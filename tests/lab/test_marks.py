"""Marks of others: a second operator, Managed Availability, cluster nodes, event channels."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from datetime import timedelta
from typing import Any

import pytest

from cockpit.lab import actions
from cockpit.lab.actions import ACTIONS, BadRequestError, act
from cockpit.lab.events import ACTION_LOGS, ACTION_RESULTS, CHANNELS, MONITORING, PROBE_RESULTS
from cockpit.lab.hostile import MARK
from cockpit.lab.organization import Override
from cockpit.lab.simulation import Simulation
from cockpit.lab.state import describe
from tests.lab.harness import call, lab, later, unescape, winrm

HERE, THERE = "EX16-01", "EX16-02"
ANN = "CONTOSO\\ann"


def _do(sim: Simulation, server: str, action: str, **fields: Any) -> None:
    act(sim, {"name": server, "action": action, **fields})


async def _events(sim: Simulation, channel: str, *options: str, at: str = HERE) -> list[dict[str, str]]:
    out = await winrm(sim, "wevtutil", {"Arguments": ["qe", channel, "/f:xml", *options]}, at=at)
    assert not out.errors, out.errors
    events = [ET.fromstring(unescape(ET.fromstring(o).text or "")) for o in out.objects]
    return [{e.tag.rpartition("}")[2]: e.text or "" for e in event.iter()} for event in events]


@pytest.mark.parametrize(
    ("action", "fields", "path", "value"),
    [
        ("set-move-now", {"value": True}, "activation_disabled_and_move_now", True),
        ("set-policy", {"policy": "Blocked"}, "activation_policy", 2),
        ("set-logging", {"enabled": True}, "protocol_log_enabled", True),
        (
            *("set-component", {"component": "ServerWideOffline", "state": "Inactive"}, "components"),
            {"ServerWideOffline": "Inactive"},
        ),
        ("pause-node", {}, "node", "Paused"),
        ("start-process", {"process": "ExSetup"}, "processes", ["ExSetup"]),
    ],
)
async def test_a_second_operator_at_a_given_time(
    action: str, fields: dict[str, Any], path: str, value: Any
) -> None:
    sim = lab()
    before = describe(sim)["servers"][HERE][path]
    done = act(sim, {"name": HERE, "action": action, "by": ANN, "after": 90, **fields})
    assert done["simulated"] == sim.clock.at(sim.clock.seconds() + 90).isoformat()
    later(sim, 89)
    assert describe(sim)["servers"][HERE][path] == before != value
    later(sim, 2)
    seen = describe(sim)["servers"][HERE][path]
    assert seen == value or value.items() <= seen.items()
    assert ANN in {e.user for e in sim.ledger.since() if e.server == HERE}


async def test_scenarios_schedule_the_same_actions() -> None:
    sim = lab()
    body = {"name": HERE, "action": "set-move-now", "value": True, "by": ANN}
    sim.engine.at(sim.engine.now + 60, lambda t: actions.perform(sim, body, t))
    later(sim, 61)
    (row,) = (await call(sim, "Get-MailboxServer", {"Identity": HERE})).rows
    assert row["DatabaseCopyActivationDisabledAndMoveNow"] is True


async def test_what_fails_later_is_in_the_ledger() -> None:
    sim = lab()
    _do(sim, HERE, "start-service", service="MSExchangePop3", after=10, by=ANN)
    _do(sim, HERE, "set-service", service="MSExchangePop3", start_type="Disabled")
    _do(sim, HERE, "stop-service", service="MSExchangePop3")
    later(sim, 11)
    failed = [e for e in sim.ledger.since() if e.outcome == "action failed"]
    assert [(e.server, e.user) for e in failed] == [(HERE, ANN)]


@pytest.mark.parametrize(
    "body",
    [
        {"name": "EX99", "action": "kill"},
        {"name": HERE, "action": "explode"},
        {"name": HERE, "action": "kill", "after": -1},
        {"name": HERE, "action": "set-move-now"},
        {"name": HERE, "action": "set-policy", "policy": "Sometimes"},
        {"name": HERE, "action": "set-service", "service": "MSExchangePop3"},
        {"name": HERE, "action": "set-service", "service": "MSExchangePop3", "start_type": "Never"},
        {"name": HERE, "action": "set-service", "service": "nope", "failed_starts": 1},
        {"name": HERE, "action": "set-server", "client_connections": "many"},
        {"name": HERE, "action": "set-server", "stays_down": 1},
        {"name": HERE, "action": "set-volume", "free": 1, "mount": "Z:\\"},
        {"name": HERE, "action": "set-copy", "database": "DB001", "copy_queue": 1},
        {"name": HERE, "action": "set-copy", "database": "DB005", "status": "Odd"},
        {"name": HERE, "action": "seed-copy", "database": "DB005", "source": HERE},
        {"name": HERE, "action": "set-database", "database": "DB999", "mounted": False},
        {"name": HERE, "action": "set-preference-moves", "seconds": 0},
        {"name": "EX13-CAS01", "action": "set-witness", "up": False},
        {"name": HERE, "action": "end-process", "process": "ExSetup"},
        {"name": HERE, "action": "start-process"},
        {"name": HERE, "action": "break", "kind": "GREMLINS"},
        {"name": HERE, "action": "break", "kind": "STORE_SICK", "cured_by": "MSExchangeIS"},
        {"name": HERE, "action": "break", "kind": "STORE_SICK", "restarts": "two"},
    ],
)
def test_what_cannot_be_done_is_refused_at_once(body: dict[str, Any]) -> None:
    with pytest.raises(BadRequestError):
        act(lab(), body)


def test_every_action_is_in_the_page() -> None:
    assert actions.__doc__
    for name in ACTIONS:
        assert f"``{name}``" in actions.__doc__, name


async def test_cluster_nodes() -> None:
    sim = lab()

    async def nodes(at: str = HERE) -> dict[str, str]:
        return {r["Name"]: r["State"] for r in (await winrm(sim, "Get-ClusterNode", at=at)).rows}

    assert await nodes() == {HERE: "Up", THERE: "Up"}
    _do(sim, THERE, "pause-node", by=ANN)
    assert await nodes() == {HERE: "Up", THERE: "Paused"}
    (row,) = (await call(sim, "Get-DatabaseAvailabilityGroup", {"Identity": "DAG02", "Status": True})).rows
    assert row["ServersInMaintenance"] == [THERE]
    _do(sim, THERE, "resume-node")
    _do(sim, THERE, "kill")
    assert await nodes() == {HERE: "Up", THERE: "Down"}
    (row,) = (await call(sim, "Get-DatabaseAvailabilityGroup", {"Identity": "DAG02", "Status": True})).rows
    assert row["OperationalServers"] == [HERE]
    out = await winrm(sim, "Get-ClusterNode", {"Name": "EX99"}, at=HERE)
    assert (out.rows, len(out.errors)) == ([], 1)
    assert (await winrm(sim, "Get-ClusterNode", at="EX13-CAS01")).errors
    _do(sim, HERE, "set-witness", up=False)
    assert (await winrm(sim, "Get-ClusterNode", at=HERE)).errors, "no quorum, no cluster"


async def test_managed_availability_acts_at_this_very_moment() -> None:
    sim = lab()
    server = sim.organization.server(HERE)
    before = server.services["msexchangepop3be"].process_id
    _do(sim, HERE, "managed-availability", service="MSExchangePOP3BE")
    assert server.services["msexchangepop3be"].process_id != before
    (event,) = await _events(sim, ACTION_RESULTS, "/c:1", "/rd:true")
    assert (event["Id"], event["ResourceName"], event["Result"]) == (
        *("RestartService", "MSExchangePOP3BE", "Succeeded"),
    )
    assert event["StartTime"].startswith(sim.clock.now().strftime("%Y-%m-%dT%H:%M:%S"))
    (started,) = await _events(sim, ACTION_LOGS, "/c:1", "/rd:true")
    assert started["State"] == "Started"


async def test_time_bounds_of_event_queries_are_honoured() -> None:
    sim = lab()
    now = sim.clock.now()
    for channel in (PROBE_RESULTS, ACTION_RESULTS, MONITORING):
        assert channel in CHANNELS
    every = await _events(sim, PROBE_RESULTS)
    since = (now - timedelta(minutes=10)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    bound = f"/q:*[System[TimeCreated[@SystemTime>='{since}']]]"
    recent = await _events(sim, PROBE_RESULTS, bound)
    assert 0 < len(recent) < len(every)
    assert {e["ResultType"] for e in recent} == {"3"}
    upper = f"/q:*[System[TimeCreated[@SystemTime<'{since}']]]"
    assert len(recent) + len(await _events(sim, PROBE_RESULTS, upper)) == len(every)
    future = (now + timedelta(minutes=10)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    assert await _events(sim, PROBE_RESULTS, f"/q:*[System[TimeCreated[@SystemTime>='{future}']]]") == []
    newest = await _events(sim, PROBE_RESULTS, bound, "/c:3", "/rd:true")
    assert [e["EventRecordID"] for e in newest] == [e["EventRecordID"] for e in recent[:-4:-1]]


async def test_fields_of_event_queries_are_honoured() -> None:
    sim = lab("selftest-hung")
    every = await _events(sim, PROBE_RESULTS, at="EX19-01")
    for sign, wanted in (("=", {"3"}), ("!=", {"1"})):
        bound = "/q:*[System[TimeCreated[@SystemTime>='2000-01-01T00:00:00Z']]]"
        found = await _events(
            sim, PROBE_RESULTS, f"{bound}[UserData[EventXML[ResultType{sign}'3']]]", at="EX19-01"
        )
        assert found == [e for e in every if e["ResultType"] in wanted] != []
    assert await _events(sim, PROBE_RESULTS, "/q:*[UserData[EventXML[Nothing!='3']]]", at="EX19-01") == []
    _do(sim, HERE, "managed-availability", service="MSExchangePOP3BE")
    for name, count in (("RestartService", 1), ("ForceReboot", 0)):
        assert len(await _events(sim, ACTION_RESULTS, f"/q:*[UserData[EventXML[Id='{name}']]]")) == count


@pytest.mark.parametrize(
    "query",
    ["/q:*[System[Level=2]]", "/q:*[System[TimeCreated[@SystemTime>='soon']]]", "/q:Event", "/q:*[UserData]"],
)
async def test_queries_that_the_lab_cannot_read_are_refused(query: str) -> None:
    arguments = {"Arguments": ["qe", PROBE_RESULTS, query]}
    out = await winrm(lab(), "wevtutil", arguments, at=HERE)
    assert (out.objects, len(out.errors)) == ([], 1)


async def test_alerts_are_event_4_and_their_end_5() -> None:
    sim = lab("selftest-hung")
    (alert,) = await _events(sim, MONITORING, at="EX19-01")
    assert (alert["EventID"], alert["Monitor"]) == ("4", "PopSelfTestMonitor")
    _do(sim, "EX19-01", "cure")
    later(sim, 300)
    found = await _events(sim, MONITORING, "/q:*[System[(EventID=5)]]", at="EX19-01")
    assert [e["Monitor"] for e in found] == ["PopSelfTestMonitor"]
    failed = await _events(sim, PROBE_RESULTS, at="EX19-01")
    assert {e["ResultType"] for e in failed if e["ResultName"] == "PopSelfTestProbe"} == {
        *("1", "3"),
    }


@pytest.mark.parametrize(("knob", "seconds"), [("unrunnable_probes", 5), ("hanging_probes", 270)])
async def test_probes_that_cannot_be_run_by_hand(knob: str, seconds: float) -> None:
    sim = lab()
    sim.knobs[HERE].change({knob: ["PopSelfTestProbe"]})
    before = sim.clock.seconds()
    probe = {"Identity": "POP.Protocol\\PopSelfTestProbe", "Server": HERE}
    out = await call(sim, "Invoke-MonitoringProbe", probe)
    assert (out.rows, out.errors, len(out.warnings)) == ([], [], 1)
    assert sim.clock.seconds() - before == pytest.approx(seconds)
    other = {"Identity": "POP\\PopCTPProbe", "Server": HERE}
    assert (await call(sim, "Invoke-MonitoringProbe", other)).rows


@pytest.mark.parametrize(
    ("run", "name", "given"),
    [
        (call, "Get-MailboxDatabase", {"Identity": "DB005", "Status": True}),
        (call, "Get-Mailbox", {"Monitoring": True}),
        (call, "Test-ReplicationHealth", {"Identity": HERE}),
        (call, "Test-ServiceHealth", {"Server": HERE}),
        (call, "Move-ActiveMailboxDatabase", {"Identity": "DB005", "ActivateOnServer": THERE}),
        (winrm, "Get-CimInstance", {"ClassName": "Win32_Volume"}),
        (winrm, "Get-Process", {"Name": "MSExchangeHMHost"}),
        (winrm, "Get-ClusterNode", {}),
        (winrm, "Get-Counter", {"Counter": "\\MSExchangePop3\\Connections Current"}),
    ],
)
async def test_hostile_strings_in_what_is_new(run: Any, name: str, given: dict[str, Any]) -> None:
    sim = lab()
    sim.knobs[HERE].hostile = "all"
    out = await run(sim, name, given, at=HERE)
    assert out.objects
    for item in out.objects[:5]:
        strings = [unescape(e.text or "") for e in ET.fromstring(item).iterfind("Props/S")]
        assert strings
        assert all(MARK in value for value in strings)
        assert b"\x1b" not in item


async def test_global_overrides() -> None:
    sim = lab()
    assert (await call(sim, "Get-GlobalMonitoringOverride")).rows == []
    sim.organization.overrides.append(
        Override("Responder", "POP", "PopCTPEscalate", "Enabled", "0", "lab.example/Users/oncall", 0.0, 9e6)
    )
    (row,) = (await call(sim, "Get-GlobalMonitoringOverride")).rows
    assert (row["HealthSetName"], row["MonitoringItemName"]) == ("POP", "PopCTPEscalate")


async def test_the_state_tells_what_guards_read() -> None:
    sim = lab()
    _do(sim, HERE, "set-copy", database="DB005", replay_lag=3600)
    _do(sim, THERE, "kill")
    state = json.loads(json.dumps(describe(sim)))
    assert state["dags"]["DAG02"]["nodes"] == {HERE: "Up", THERE: "Down"}
    assert state["dags"]["DAG02"]["quorum"] is True
    assert state["dags"]["DAG02"]["votes"] == {"present": 2, "total": 3}
    assert state["databases"]["DB005"]["copy_details"][HERE]["replay_lag"] == 3600
    assert state["servers"][HERE]["volumes"].keys() == {"C:\\", "D:\\"}


async def test_preferred_maximum_is_kept() -> None:
    sim = lab()
    given = {"Identity": HERE, "MaximumPreferredActiveDatabases": 3}
    assert not (await call(sim, "Set-MailboxServer", given)).errors
    (row,) = (await call(sim, "Get-MailboxServer", {"Identity": HERE, "DomainController": "DC9"})).rows
    assert (row["MaximumPreferredActiveDatabases"], row["OriginatingServer"]) == (3, "DC9")
    assert "no settings" in (await call(sim, "Set-MailboxServer", given)).warnings[0]


@pytest.mark.parametrize("seed", [1, 9])
def test_the_same_acts_give_the_same_history(seed: int) -> None:
    def history() -> list[tuple[str, str, str, str]]:
        sim = lab("mixed", seed=seed)
        server = next(s for s in sim.organization.servers.values() if s.dag)
        _do(sim, server.name, "set-move-now", value=True, after=30, by=ANN)
        _do(sim, server.name, "reboot", after=400)
        later(sim, 7200)
        return [(e.server, e.outcome, e.detail, e.simulated.isoformat()) for e in sim.ledger.since()]

    first = history()
    assert first == history()
    assert any(outcome == "server up" for _, outcome, _, _ in first)

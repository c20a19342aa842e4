"""Get-ServerHealth, Get-HealthReport, Get-MonitoringItemIdentity, overrides (§2.2-2.5, §2.13).

The texts of the warnings when the health manager does not answer were not found: those here are the
lab's own plain words. The sheet is silent on what Description, HealthSetDescription, Error and Exception
hold: they are empty.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

from cockpit.lab import clixml
from cockpit.lab.clixml import Enum, ListValue, Nested
from cockpit.lab.cmdlet import Invocation, Output
from cockpit.lab.cmdlets import shapes
from cockpit.lab.healthsets import PRIORITY, MonitorSpec
from cockpit.lab.organization import Override, Server
from cockpit.lab.proberesult import result_type
from cockpit.lab.rows import Row, rolled_up, server_rows
from cockpit.lab.simulation import Simulation

_ITEM_TYPE = "Microsoft.Office.Datacenter.ActiveMonitoring.MonitorItemType"
_ITEM_TYPES = {"Unknown": 0, "Probe": 1, "Monitor": 2, "Responder": 3, "Maintenance": 4}
_SUCCEEDED = result_type("Succeeded")


def health_manager_down(server: str) -> str:
    """The lab's own words: the real text was not found (§9)."""
    return f"The Microsoft Exchange Health Manager service on server '{server}' did not answer."


def _entry(sim: Simulation, server: Server, row: Row) -> dict[str, object]:
    first = shapes.NEVER if row.first_alert is None else sim.local(server, row.first_alert)
    times = (first, *(sim.local(server, t) for t in (row.created, row.transitioned, row.executed)))
    return _describe(row, server.name, times, _result_id(row))


def _describe(row: Row, server: str, times: tuple[datetime, ...], result_id: int) -> dict[str, object]:
    """``times``: first alert, definition created, last transition, last execution."""
    spec = row.spec
    return {
        "Server": server,
        "CurrentHealthSetState": shapes.STATES[row.state],
        "Name": spec.name,
        "TargetResource": row.target,
        "HealthSetName": spec.health_set,
        "HealthGroupName": spec.group,
        "AlertValue": shapes.ALERTS[row.alert],
        "FirstAlertObservedTime": times[0],
        "Description": "",
        "IsHaImpacting": spec.ha_impacting,
        "RecurranceInterval": spec.interval,
        "DefinitionCreatedTime": times[1],
        "HealthSetDescription": "",
        "ServerComponentName": spec.component,
        "LastTransitionTime": times[2],
        "LastExecutionTime": times[3],
        "LastExecutionResult": _SUCCEEDED,
        "ResultId": result_id,
        "WorkItemId": row.work_item,
        "IsStale": row.stale,
        "Error": "",
        "Exception": "",
        "IsNotified": row.notified,
        "LastFailedProbeId": row.failed_probe,
        "LastFailedProbeResultId": row.failed_result,
        "ServicePriority": PRIORITY[spec.priority],
        **shapes.tail(row.identity),
    }


def _result_id(row: Row) -> int:
    return int(row.executed) % 10_000_000 * 200 + row.work_item % 200


_CREATED = datetime(3001, 1, 1, tzinfo=UTC)
_TRANSITIONED = datetime(3002, 1, 1, tzinfo=UTC)
_EXECUTED = datetime(3003, 1, 1, tzinfo=UTC)
_RESULT_ID, _WORK_ITEM = 2_000_000_011, 2_000_000_012
_HOLES = ("@server@", *map(clixml.moment, (_CREATED, _TRANSITIONED, _EXECUTED)), _RESULT_ID, _WORK_ITEM)


@lru_cache(maxsize=20_000)
def _template(spec: MonitorSpec, target: str, alert: str, state: str, stale: bool, enum_objects: bool) -> str:
    """The CLIXML of a monitor that has nothing to tell, with holes for what differs between servers:
    two hundred servers answer some 40,000 rows a poll, and nearly all of them are such."""
    row = Row(spec, target, alert, 0.0, 0.0, 0.0, _WORK_ITEM, stale=stale, online=state != "Offline")
    shown = _describe(row, "@server@", (shapes.NEVER, _CREATED, _TRANSITIONED, _EXECUTED), _RESULT_ID)
    text = clixml.serialise(
        shapes.HEALTH_ENTRY, shapes.HEALTH_ENTRY[0], shown, enum_objects=enum_objects
    ).decode()
    text = text.replace("%", "%%")
    for hole in _HOLES:
        text = text.replace(str(hole), "%s", 1)
    return text


def _quick(sim: Simulation, server: Server, row: Row, enum_objects: bool) -> bytes:
    local, moment = sim.local, clixml.moment
    template = _template(row.spec, row.target, row.alert, row.state, row.stale, enum_objects)
    filled = template % (
        server.name,
        moment(local(server, row.created)),
        moment(local(server, row.transitioned)),
        moment(local(server, row.executed)),
        _result_id(row),
        row.work_item,
    )
    return filled.encode()


def _placeholder(server: str) -> dict[str, object]:
    """The one Unknown row of a health manager that does not answer (§2.2)."""
    never = shapes.NEVER
    unknown = "Unknown"
    return {
        "Server": server,
        "CurrentHealthSetState": shapes.STATES[unknown],
        "Name": unknown,
        "TargetResource": "",
        "HealthSetName": unknown,
        "HealthGroupName": unknown,
        "AlertValue": shapes.ALERTS[unknown],
        "FirstAlertObservedTime": never,
        "Description": "",
        "IsHaImpacting": False,
        "RecurranceInterval": 0,
        "DefinitionCreatedTime": never,
        "HealthSetDescription": "",
        "ServerComponentName": unknown,
        "LastTransitionTime": never,
        "LastExecutionTime": never,
        "LastExecutionResult": result_type("Abandoned"),
        "ResultId": 0,
        "WorkItemId": 0,
        "IsStale": False,
        "Error": "",
        "Exception": "",
        "IsNotified": False,
        "LastFailedProbeId": 0,
        "LastFailedProbeResultId": 0,
        "ServicePriority": 0,
        **shapes.tail("Unknown\\Unknown"),
    }


async def _rows(
    sim: Simulation, server: Server, out: Output, health_set: str, ha_only: bool
) -> list[Row] | None:
    """The server's monitors; None after a warning where its health manager does not answer."""
    await sim.rpc(server)
    t = sim.touch()
    if not sim.engine.running(server):
        out.warning(health_manager_down(server.name))
        return None
    rows = server_rows(sim.engine, server, t, health_set)
    return [r for r in rows if r.spec.ha_impacting] if ha_only else rows


def _send_entry(sim: Simulation, call: Invocation, out: Output, shown: dict[str, object]) -> None:
    shapes.send(sim, call, out, shapes.HEALTH_ENTRY, shapes.HEALTH_ENTRY[0], shown)


async def get_server_health(sim: Simulation, call: Invocation, out: Output) -> None:
    health_set = shapes.text(call, "HealthSet")
    for asked in shapes.ask(sim, call, out):
        stray = sim.organization.find(sim.knobs[asked.name].answers_for)
        server = asked if stray is None else stray
        rows = await _rows(sim, server, out, health_set, shapes.switch(call, "HaImpactingOnly"))
        if rows is None:
            if not health_set:
                _send_entry(sim, call, out, _placeholder(server.name))
            continue
        knobs = shapes.knobs_of(sim, call)
        for row in rows:
            if row.ordinary and not knobs.hostile:
                out.write(_quick(sim, server, row, knobs.enum_objects))
            else:
                _send_entry(sim, call, out, _entry(sim, server, row))


async def get_health_report(sim: Simulation, call: Invocation, out: Output) -> None:
    """One object per health set; with the health manager down a warning and nothing else: the sheet says
    what Get-ServerHealth does then, and is silent on this cmdlet. ``-RollupGroup`` is taken and ignored."""
    health_set = shapes.text(call, "HealthSet")
    for server in shapes.ask(sim, call, out):
        rows = await _rows(sim, server, out, health_set, shapes.switch(call, "HaImpactingOnly"))
        sets: dict[str, list[Row]] = {}
        for row in rows or ():
            sets.setdefault(row.spec.health_set, []).append(row)
        for name, members in sets.items():
            entries = [
                Nested(shapes.HEALTH_ENTRY, shapes.HEALTH_ENTRY[0], _entry(sim, server, row))
                for row in members
            ]
            shown: dict[str, object] = {
                "Server": server.name,
                "State": shapes.STATES[members[0].state],
                "HealthSet": name,
                "HealthGroup": members[0].spec.group,
                "AlertValue": shapes.ALERTS[rolled_up(members)],
                "LastTransitionTime": sim.local(server, max(r.transitioned for r in members)),
                "MonitorCount": len(members),
                "HaImpactingMonitorCount": sum(r.spec.ha_impacting for r in members),
                "Entries": ListValue(entries, shapes.mvp(shapes.HEALTH_ENTRY[0])),
                **shapes.tail(f"{name}\\{server.name}"),
            }
            shapes.send(sim, call, out, shapes.CONSOLIDATED_HEALTH, shapes.CONSOLIDATED_HEALTH[0], shown)


def _items(sim: Simulation, server: Server, rows: list[Row]) -> list[tuple[str, str, str]]:
    """(type, name, target) of a health set: probes, monitors, responders. Names of items other than
    POP's follow the monitors' names [M]; one probe appears once per target resource (§2.5)."""
    items: list[tuple[str, str, str]] = []
    states = sim.engine.monitors.get(server.name, {})
    for row in rows:
        state = states.get(row.spec.name) if row.spec.health_set.startswith("POP") else None
        if state is None:
            items.append(("Probe", row.spec.name.replace("Monitor", "Probe"), row.target))
            items.append(("Monitor", row.spec.name, row.target))
            continue
        rule = state.rule
        if rule.per_database:
            items += [("Probe", rule.probe, d.name) for d in sim.engine.targets(server, row.spec.name)]
        elif rule.probe:
            items.append(("Probe", rule.probe, row.target))
        items.append(("Monitor", row.spec.name, row.target))
        if rule.service:
            items.append(("Responder", f"{rule.prefix}RestartService", row.target))
            items.append(("Responder", f"{rule.prefix}RestartServiceLate", row.target))
        if rule.spec.component == "PopProxy":
            items.append(("Responder", "PopProxyTestCafeOffline", row.target))
        items.append(("Responder", f"{rule.prefix}Escalate", row.target))
    return items


async def get_monitoring_item_identity(sim: Simulation, call: Invocation, out: Output) -> None:
    health_set = shapes.text(call, "Identity")
    for server in shapes.ask(sim, call, out, "Server"):
        rows = await _rows(sim, server, out, health_set.partition("\\")[0], ha_only=False)
        if rows is None:
            continue
        for kind, name, target in _items(sim, server, rows):
            shown: dict[str, object] = {
                "Server": server.name,
                "HealthSetName": rows[0].spec.health_set,
                "Name": name,
                "TargetResource": target,
                "ItemType": Enum(_ITEM_TYPE, kind, _ITEM_TYPES[kind]),
                **shapes.tail("\\".join(p for p in (rows[0].spec.health_set, name, target) if p)),
            }
            shapes.send(sim, call, out, shapes.ITEM_IDENTITY, shapes.ITEM_IDENTITY[0], shown)


async def get_server_monitoring_override(sim: Simulation, call: Invocation, out: Output) -> None:
    """All properties but IsValid are strings, as on real servers [B]."""
    for server in shapes.ask(sim, call, out, "Server"):
        await sim.rpc(server)
        for override in server.overrides:
            _send_override(sim, call, out, override)


async def get_global_monitoring_override(sim: Simulation, call: Invocation, out: Output) -> None:
    """Those of the whole organization, kept in the directory (§6.3)."""
    sim.touch()
    for override in sim.organization.overrides:
        _send_override(sim, call, out, override)


def _send_override(sim: Simulation, call: Invocation, out: Output, override: Override) -> None:
    stamp = "%Y-%m-%d %H:%M:%SZ"
    shown: dict[str, object] = {
        "ItemType": override.item_type,
        "PropertyName": override.property_name,
        "PropertyValue": override.property_value,
        "HealthSetName": override.health_set,
        "MonitoringItemName": override.item,
        "TargetResource": "",
        "ExpirationTime": sim.clock.at(override.expires_at).strftime(stamp),
        "ApplyVersion": "",
        "CreatedBy": override.created_by,
        "CreatedTime": sim.clock.at(override.created_at).strftime(stamp),
        **shapes.tail(f"{override.health_set}\\{override.item}"),
    }
    shapes.send(sim, call, out, shapes.OVERRIDE, shapes.OVERRIDE[0], shown)

"""Invoke-MonitoringProbe (§2.4) and Test-PopConnectivity (§2.11).

The texts of the warnings (no such probe, not runnable, health manager down) were not found: the words
here are the lab's own. The sheet is silent on whether a run by hand feeds the monitor: here it does not.
"""

from __future__ import annotations

import uuid

from cockpit.exchange.catalogue import PROBES, Probe
from cockpit.lab.cmdlet import ErrorRecord, Invocation, Output
from cockpit.lab.cmdlets import shapes
from cockpit.lab.cmdlets.health import health_manager_down
from cockpit.lab.faults import ON_DEMAND_LIMIT, Outcome
from cockpit.lab.organization import Database, Server
from cockpit.lab.proberesult import ProbeRun, properties
from cockpit.lab.simulation import Simulation

_PROBES = {p.identity.lower(): p for p in PROBES.values()}
_POLL = 5.0
_NO_RESULT = 270.0
"""Three phases of 90 s each (§2.4)."""
_TROUBLES = {
    "unrunnable": "The probe '{identity}' cannot be run on demand on server '{server}'.",
    "hanging": "The probe '{identity}' on server '{server}' gave no result within the time limit.",
}
_CLASS = "Microsoft.Exchange.Monitoring.InvokeMonitoringProbe"


async def invoke_monitoring_probe(sim: Simulation, call: Invocation, out: Output) -> None:
    identity = shapes.text(call, "Identity")
    parts = identity.split("\\")
    if not 2 <= len(parts) <= 3:
        out.error(_bad_identity(sim, call, identity))
        return
    found = shapes.ask(sim, call, out, "Server")
    if len(found) != 1:
        return
    server = found[0]
    await sim.rpc(server)
    if not sim.engine.running(server):
        out.warning(health_manager_down(server.name))
        return
    probe = _PROBES.get("\\".join(parts[:2]).lower())
    monitor = probe.name.replace("Probe", "Monitor") if probe else ""
    if probe is None or monitor not in sim.engine.monitors.get(server.name, {}):
        await sim.pause(_POLL)
        out.warning(f"There is no probe '{identity}' on server '{server.name}' that could be run.")
        return
    trouble = sim.knobs[server.name].probe_trouble(probe.name)
    if trouble:
        await sim.pause(_POLL if trouble == "unrunnable" else _NO_RESULT)
        out.warning(_TROUBLES[trouble].format(identity=identity, server=server.name))
        return
    database, problem = _target(sim, server, probe, monitor, parts[2] if len(parts) == 3 else "")
    if problem:
        await sim.pause(_POLL)
        out.warning(f"The probe '{identity}' could not be run on server '{server.name}': {problem}")
        return
    await _run(sim, call, out, server, probe, monitor, database)


async def _run(
    sim: Simulation,
    call: Invocation,
    out: Output,
    server: Server,
    probe: Probe,
    monitor: str,
    database: Database | None,
) -> None:
    """Picked up within one poll, run, found within another: 5 to 15 s in all (§2.4)."""
    await sim.pause(_POLL)
    t = sim.touch()
    outcome = sim.engine.judge(server, monitor, database, t)
    length = min(outcome.seconds, ON_DEMAND_LIMIT) + sim.knobs[server.name].slow_probe
    sim.engine.witnesses.probe_ran(server, probe.name, database, outcome, t, t + length)
    rounds = int(length // _POLL) + 1
    await sim.pause(rounds * _POLL)
    sim.touch()
    if not sim.engine.running(server):
        out.warning(health_manager_down(server.name))
        return
    _send(sim, call, out, server, probe, database, outcome, t, t + length)


def _send(
    sim: Simulation,
    call: Invocation,
    out: Output,
    server: Server,
    probe: Probe,
    database: Database | None,
    outcome: Outcome,
    started: float,
    ended: float,
) -> None:
    identity = shapes.text(call, "Identity")
    run = ProbeRun(
        server=server,
        health_set=probe.health_set,
        probe=probe.name,
        identity=identity,
        request=uuid.uuid4(),
        started=sim.local(server, started),
        ended=sim.local(server, ended),
        outcome=outcome,
        database=database,
        domain=sim.organization.domain,
        number=int(started) % 100_000,
        address=sim.organization.address(server),
    )
    shown = properties(run) | shapes.tail(identity)
    shapes.send(sim, call, out, shapes.PROBE_RESULT, shapes.PROBE_RESULT[0], shown)


def _target(
    sim: Simulation, server: Server, probe: Probe, monitor: str, wanted: str
) -> tuple[Database | None, str]:
    """The database a run is for: the one named, else the first; or why it cannot be run.

    A third part of the identity is taken as the database only for probes that have one.
    """
    if not probe.per_database:
        return None, ""
    databases = sim.engine.targets(server, monitor)
    copies = sim.organization.copies_on(server.name)
    if not databases and (probe.name != "PopDeepTestProbe" or not copies):
        return None, "No monitoring account could be found for this server."
    if not wanted or wanted.lower() == probe.health_set.lower():
        return (databases[0] if databases else None), ""
    for database in databases:
        if database.name.lower() == wanted.lower():
            return database, ""
    if probe.name == "PopDeepTestProbe" and wanted.lower() in {d.name.lower() for d in copies}:
        return None, ""
    return None, f"it has no item for '{wanted}'."


def _bad_identity(sim: Simulation, call: Invocation, identity: str) -> ErrorRecord:
    """ArgumentException, InvalidArgument (§2.4); its text is the lab's own."""
    return ErrorRecord(
        f"'{identity}' is not an identity of the form HealthSet\\Probe[\\Target].",
        shapes.fully_qualified(sim, call, "ArgumentException", _CLASS),
        category=5,
        reason="ArgumentException",
        exception_type="System.ArgumentException",
        target=identity,
    )


async def test_pop_connectivity(sim: Simulation, call: Invocation, out: Output) -> None:
    """Columns of §2.11; the real one needs test accounts and is superseded by Invoke-MonitoringProbe."""
    for server in shapes.ask(sim, call, out, "ClientAccessServer"):
        if not server.has_front_end:
            continue
        await sim.rpc(server)
        databases = sim.organization.front_end_targets(server)
        t = sim.touch()
        if databases:
            outcome = sim.engine.judge(server, "PopCTPMonitor", databases[0], t)
            end = t + min(outcome.seconds, 2.0)
            sim.engine.witnesses.probe_ran(server, "PopCTPProbe", databases[0], outcome, t, end)
            result = "Success" if outcome.ok else "Failure"
            error = "" if outcome.ok else outcome.reason
            latency = round(min(outcome.seconds, 120.0) * 1000, 2)
        else:
            result, error, latency = "Skipped", "No mailbox to test with.", 0.0
        await sim.pause(2.0)
        shown: dict[str, object] = {
            "CasServer": server.name,
            "LocalSite": server.site,
            "Scenario": "Test POP3 Connectivity",
            "Result": result,
            "Latency": latency,
            "Error": error,
            **shapes.tail(None),
        }
        name = "Microsoft.Exchange.Monitoring.CasTransactionOutcome"
        shapes.send(sim, call, out, (name, *shapes.CONFIGURABLE), name, shown)

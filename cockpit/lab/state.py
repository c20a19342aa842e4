"""The truth about a lab as JSON, for tests to compare with what the product says."""

from __future__ import annotations

from typing import Any

from cockpit.exchange.model import COMPONENT_STATES, COPY_STATUSES, START_TYPES
from cockpit.lab.components import ACTIVE, BORN_INACTIVE, components
from cockpit.lab.dag import copy_state, has_quorum, node_state, votes
from cockpit.lab.organization import POP_SERVICES, Dag, Database, Organization, Server
from cockpit.lab.rows import server_rows
from cockpit.lab.simulation import Simulation


def describe(simulation: Simulation, *, every_monitor: bool = False) -> dict[str, Any]:
    """``every_monitor``: those of all health sets; else only the POP ones."""
    t = simulation.touch()
    organization = simulation.organization
    return {
        "organization": organization.name,
        "now": simulation.clock.at(t).isoformat(),
        "speed": simulation.clock.speed,
        "poplog_record": "" if simulation.logs is None else str(simulation.logs.record.path.absolute()),
        "servers": {s.name: _server(simulation, s, t, every_monitor) for s in organization.servers.values()},
        "databases": {d.name: _database(organization, d, t) for d in organization.databases.values()},
        "dags": {d.name: _dag(organization, d) for d in organization.dags.values()},
        "faults": [
            {
                "kind": f.kind.name,
                "server": f.server,
                "database": f.database,
                "active": f.active(t),
                "cured_by": sorted(f.cured_by),
                "restarts": f.restarts,
                "survives_reboot": f.survives_reboot,
                "cured_by_failover": f.cured_by_failover,
            }
            for f in simulation.faults.all
        ],
    }


def _dag(organization: Organization, dag: Dag) -> dict[str, Any]:
    present, total = votes(organization, dag)
    return {
        "servers": dag.servers,
        "primary_active_manager": dag.primary_active_manager,
        "quorum": has_quorum(organization, dag),
        "votes": {"present": present, "total": total},
        "witness_up": dag.witness_up,
        "preference_moves": dag.preference_moves,
        "nodes": {n: node_state(organization.server(n)).name.title() for n in dag.servers},
    }


def _database(organization: Organization, database: Database, t: float) -> dict[str, Any]:
    states = {c.server: copy_state(organization, database, c, t) for c in database.copies}
    move = database.move
    return {
        "dag": database.dag,
        "active": database.active,
        "mounted": database.mounted,
        "replicated": database.replicated,
        "backup_in_progress": database.backup_in_progress,
        "move": None if move is None else {"source": move.source, "target": move.target, "by": move.by},
        "copies": {name: COPY_STATUSES[state.status] for name, state in states.items()},
        "copy_details": {
            c.server: {
                "preference": c.preference,
                "copy_queue": states[c.server].copy_queue,
                "replay_queue": states[c.server].replay_queue,
                "activation_suspended": c.activation_suspended,
                "replay_lag": c.replay_lag,
                "seeding_from": c.seeding_from,
            }
            for c in database.copies
        },
    }


def _server(simulation: Simulation, server: Server, t: float, every_monitor: bool) -> dict[str, Any]:
    engine = simulation.engine
    running = engine.running(server)
    rows = server_rows(engine, server, t) if running else []
    if not every_monitor:
        rows = [r for r in rows if r.spec.health_set.startswith("POP")]
    return {
        "fqdn": server.fqdn,
        "version": server.version.value,
        "site": server.site,
        "dag": server.dag,
        "up": server.up,
        "booted_at": simulation.clock.at(server.booted_at).isoformat(),
        "health_manager": running,
        "stale": server.name in engine.stale_since,
        "monitored": {"front_end": server.front_monitored, "back_end": server.back_monitored},
        "monitors": [
            {"health_set": r.spec.health_set, "name": r.spec.name, "target": r.target, "alert": r.alert}
            for r in rows
        ],
        "services": {
            s.name: {
                "running": s.running,
                "start_type": START_TYPES[s.start_type],
                "process_id": s.process_id,
                "started_at": simulation.clock.at(s.started_at).isoformat() if s.running else None,
            }
            for s in server.services.values()
        },
        "components": {
            c: COMPONENT_STATES[server.component(c)]
            for c in components(server.version)
            if c not in BORN_INACTIVE and server.component(c) != ACTIVE
        },
        "protocol_log_enabled": server.pop.protocol_log_enabled,
        "protocol_log_written": {
            name: server.runs(name) and settings is not None and settings.protocol_log_enabled
            for name, settings in (
                (s.name, s.settings) for s in server.services.values() if s.name in POP_SERVICES
            )
        },
        "clock_error": server.clock_error,
        "disk": "" if simulation.disks is None else str(simulation.disks.of(server.name).root.absolute()),
        "activation_policy": server.activation_policy,
        "maximum_active_databases": server.maximum_active_databases,
        "node": node_state(server).name.title() if server.dag else "",
        "processes": [p.name for p in server.processes],
        "volumes": {v.mount: v.free for v in server.volumes},
        "client_connections": server.client_connections,
        "activation_disabled_and_move_now": server.move_now,
    }

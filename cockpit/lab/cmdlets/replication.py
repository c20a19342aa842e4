"""Test-ReplicationHealth and Test-ServiceHealth (§2.11). Texts of failures are the lab's own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from cockpit.lab.cmdlet import ErrorRecord, Invocation, Output
from cockpit.lab.cmdlets import shapes
from cockpit.lab.dag import (
    COPY_QUEUE_LIMIT,
    REPLAY_QUEUE_LIMIT,
    CopyState,
    NodeState,
    Status,
    copy_state,
    has_quorum,
    node_state,
    votes,
)
from cockpit.lab.organization import AUTOMATIC, CLUSTER, REPLICATION, Dag, Database, Server
from cockpit.lab.simulation import Simulation

CHECKS: Final = (
    *("ClusterService", "ReplayService", "ActiveManager", "TasksRpcListener", "TcpListener"),
    *("ServerLocatorService", "DagMembersUp", "ClusterNetwork", "QuorumGroup", "FileShareQuorum"),
    *("DatabaseRedundancy", "DatabaseAvailability", "DBCopySuspended", "DBCopyFailed", "DBInitializing"),
    *("DBDisconnected", "DBLogCopyKeepingUp", "DBLogReplayKeepingUp"),
)
_ONLY_IN_A_DAG: Final = frozenset(
    {"ClusterService", "DagMembersUp", "ClusterNetwork", "QuorumGroup", "FileShareQuorum"}
)
_OUTCOME: Final = ("Microsoft.Exchange.Monitoring.ReplicationCheckOutcome", *shapes.CONFIGURABLE)
_SERVICES: Final = ("Microsoft.Exchange.Monitoring.ExchangeServicesStatus", *shapes.CONFIGURABLE)
_LISTENERS: Final = ("TasksRpcListener", "TcpListener", "ServerLocatorService")
_SOUND: Final = frozenset(
    {Status.HEALTHY, Status.MOUNTED, Status.SEEDING_SOURCE, Status.MOUNTING, Status.DISMOUNTING}
)
"""A move takes seconds: it makes no database unavailable to the checks."""
_POP: Final = ("msexchangepop3", "msexchangepop3be", "msexchangeimap4", "msexchangeimap4be")


async def test_replication_health(sim: Simulation, call: Invocation, out: Output) -> None:
    """A row per check. Without an identity the dialled server; one without a DAG has fewer checks; one that
    does not answer is an error."""
    wanted = shapes.text(call, "Identity") or call.server
    server = sim.organization.find(wanted)
    if server is None or not server.has_back_end:
        shapes.not_found(sim, call, out, wanted)
        return
    await sim.rpc(server)
    t = sim.touch()
    if not server.up:
        kind = "ReplicationCheckRpcException"
        words = f"The Microsoft Exchange Replication service on server '{server.name}' could not be reached."
        out.error(
            ErrorRecord(
                words,
                shapes.fully_qualified(
                    sim, call, kind, "Microsoft.Exchange.Monitoring.TestReplicationHealth"
                ),
                category=7,
                reason=kind,
            )
        )
        return
    failures = _failures(sim, server, t)
    for check in CHECKS:
        if check in _ONLY_IN_A_DAG and not server.dag:
            continue
        error = failures.get(check, "")
        shown: dict[str, object] = {
            "Server": server.name,
            "Check": check,
            "CheckDescription": "",
            "Result": "*FAILED*" if error else "Passed",
            "Error": error,
            **shapes.tail(None),
        }
        shapes.send(sim, call, out, _OUTCOME, check, shown)


def _failures(sim: Simulation, server: Server, t: float) -> dict[str, str]:
    found: dict[str, str] = {}
    if not server.runs(REPLICATION):
        found["ReplayService"] = f"The Replication service is not running on '{server.name}'."
        found |= dict.fromkeys(_LISTENERS, "The Replication service does not answer.")
    dag = sim.organization.dag(server.dag)
    if dag is not None:
        found |= _of_the_group(sim, server, dag)
    for check, words in _of_the_copies(sim, server, t):
        found[check] = f"{found[check]} {words}" if check in found else words
    return found


def _of_the_group(sim: Simulation, server: Server, dag: Dag) -> dict[str, str]:
    organization = sim.organization
    found = {}
    if not server.runs(CLUSTER):
        found["ClusterService"] = f"The Cluster service is not running on '{server.name}'."
    down = [n for n in dag.servers if node_state(organization.server(n)) is NodeState.DOWN]
    if down:
        found["DagMembersUp"] = f"Members that are not up: {', '.join(down)}."
    if not has_quorum(organization, dag):
        present, total = votes(organization, dag)
        found["QuorumGroup"] = f"The cluster has no quorum: {present} of {total} votes."
        found["ActiveManager"] = "Active Manager is in an unknown state."
    if len(dag.servers) % 2 == 0 and not dag.witness_up:
        found["FileShareQuorum"] = f"The witness {dag.witness_server} cannot be reached."
    return found


def _of_the_copies(sim: Simulation, server: Server, t: float) -> Iterator[tuple[str, str]]:
    organization = sim.organization
    for database in organization.copies_on(server.name):
        states = {c.server: copy_state(organization, database, c, t) for c in database.copies}
        yield from _of_one(database, states, server.name)


def _of_one(database: Database, states: dict[str, CopyState], server: str) -> Iterator[tuple[str, str]]:
    name = f"{database.name}\\{server}"
    mine = states[server]
    copy = database.copy_on(server)
    sound = [s for s in states.values() if s.status in _SOUND]
    if len(sound) < 2:
        yield (
            "DatabaseRedundancy",
            f"Database '{database.name}' has {len(sound)} healthy copies; 2 are needed.",
        )
    if not sound:
        yield "DatabaseAvailability", f"Database '{database.name}' has no healthy copy."
    if mine.status in (Status.SUSPENDED, Status.FAILED_AND_SUSPENDED):
        yield "DBCopySuspended", f"Copy '{name}' is suspended."
    if mine.status in (Status.FAILED, Status.FAILED_AND_SUSPENDED):
        yield "DBCopyFailed", f"Copy '{name}' is failed."
    if mine.status in (Status.INITIALIZING, Status.RESYNCHRONIZING):
        yield "DBInitializing", f"Copy '{name}' is {mine.status.name.title()}."
    if mine.copy_queue >= COPY_QUEUE_LIMIT:
        yield "DBLogCopyKeepingUp", f"Copy '{name}' has a copy queue of {mine.copy_queue}."
    if mine.replay_queue >= REPLAY_QUEUE_LIMIT and not (copy is not None and copy.replay_lag):
        yield "DBLogReplayKeepingUp", f"Copy '{name}' has a replay queue of {mine.replay_queue}."


async def test_service_health(sim: Simulation, call: Invocation, out: Output) -> None:
    """One row for the mailbox role; POP and IMAP are not among the required services [B]. A 2013 server with
    the ClientAccess role only gives nothing [A]."""
    server = sim.organization.find(shapes.text(call, "Server") or call.server)
    if server is None:
        shapes.not_found(sim, call, out, shapes.text(call, "Server"))
        return
    if not server.has_back_end:
        return
    await sim.rpc(server)
    sim.touch()
    required = [
        s for s in server.services.values() if s.start_type == AUTOMATIC and s.name.lower() not in _POP
    ]
    running = sorted(s.name for s in required if server.runs(s.name))
    stopped = sorted(s.name for s in required if not server.runs(s.name))
    shown: dict[str, object] = {
        "Role": "Mailbox Server Role",
        "RequiredServicesRunning": not stopped,
        "ServicesNotRunning": shapes.strings(*stopped),
        "ServicesRunning": shapes.strings(*running),
        **shapes.tail(None),
    }
    shapes.send(sim, call, out, _SERVICES, _SERVICES[0], shown)

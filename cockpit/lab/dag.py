"""What a database availability group decides: quorum, node states, copy states, who may take a database.

Pure: organization and moment in, answer out. Limits of copy selection: recovery-engine §3.1 (copy queue
below 10, replay queue below 50). Votes are counted as the pages do it, without dynamic quorum.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from cockpit.lab.organization import (
    BLOCKED,
    CLUSTER,
    INTRASITE_ONLY,
    REPLICATION,
    Copy,
    Dag,
    Database,
    Organization,
    Server,
)

COPY_QUEUE_LIMIT: Final = 10
REPLAY_QUEUE_LIMIT: Final = 50
INITIALIZING_FOR: Final = 30.0
RESYNCHRONIZING_UNTIL: Final = 90.0
SETTLED_AFTER: Final = 300.0
"""Seconds after a boot until a passive copy has gone through Initializing and Resynchronizing, and until its
queues are back to normal: the lab's own numbers."""
_BOOT_COPY_QUEUE: Final = 60
_BOOT_REPLAY_QUEUE: Final = 240
SUPPRESSED_FOR: Final = 60.0
"""Seconds after a move in which another one of the same database is refused. The sheet only names
AmDbMoveMoveSuppressedBlackoutException: the number is the lab's own."""


class Status(IntEnum):
    """CopyStatus (exchange-facts §2.1)."""

    UNKNOWN = 0
    FAILED = 3
    SEEDING = 4
    SUSPENDED = 5
    HEALTHY = 6
    SERVICE_DOWN = 7
    INITIALIZING = 8
    RESYNCHRONIZING = 9
    MOUNTED = 11
    DISMOUNTED = 12
    MOUNTING = 13
    DISMOUNTING = 14
    DISCONNECTED_AND_HEALTHY = 15
    FAILED_AND_SUSPENDED = 16
    DISCONNECTED_AND_RESYNCHRONIZING = 17
    NON_EXCHANGE_REPLICATION = 18
    SEEDING_SOURCE = 19
    MISCONFIGURED = 20


class NodeState(IntEnum):
    """ClusterNodeState; numbers from memory [M]."""

    UP = 0
    DOWN = 1
    PAUSED = 2
    JOINING = 3


@dataclass(frozen=True, slots=True)
class CopyState:
    """One copy at one moment. Queues are in logs."""

    status: Status
    copy_queue: int
    replay_queue: int


def votes(organization: Organization, dag: Dag) -> tuple[int, int]:
    """(votes that are there, votes in all). The witness votes in a DAG with an even number of members."""
    present = sum(organization.server(n).runs(CLUSTER) for n in dag.servers)
    total = len(dag.servers)
    if total % 2 == 0:
        return present + dag.witness_up, total + 1
    return present, total


def has_quorum(organization: Organization, dag: Dag) -> bool:
    present, total = votes(organization, dag)
    return present * 2 > total


def node_state(server: Server) -> NodeState:
    if not server.runs(CLUSTER):
        return NodeState.DOWN
    return NodeState.PAUSED if server.node_paused else NodeState.UP


def copy_state(organization: Organization, database: Database, copy: Copy, t: float) -> CopyState:
    """ServiceDown where the replication service does not answer; only the active copy can be Mounted,
    Mounting, Dismounted or Dismounting, and its queues are 0 (§2.7 [A])."""
    if not organization.server(copy.server).runs(REPLICATION):
        return CopyState(Status.SERVICE_DOWN, copy.copy_queue, copy.replay_queue)
    if copy.server == database.active:
        return CopyState(_active_status(database, t), 0, 0)
    status = Status(copy.status)
    if copy.seeding_from:
        status = Status.SEEDING
    elif status is Status.HEALTHY and seeds_others(database, copy.server):
        status = Status.SEEDING_SOURCE
    if copy.booted is None or t >= copy.booted + SETTLED_AFTER:
        return CopyState(status, copy.copy_queue, copy.replay_queue)
    passed = t - copy.booted
    left = 1.0 - passed / SETTLED_AFTER
    if status is Status.HEALTHY and passed < RESYNCHRONIZING_UNTIL:
        status = Status.INITIALIZING if passed < INITIALIZING_FOR else Status.RESYNCHRONIZING
    return CopyState(
        status,
        copy.copy_queue + int(_BOOT_COPY_QUEUE * left * left),
        copy.replay_queue + int(_BOOT_REPLAY_QUEUE * left),
    )


def _active_status(database: Database, t: float) -> Status:
    if database.move is not None:
        return Status.DISMOUNTING if t < database.move.mounting else Status.MOUNTING
    return Status.MOUNTED if database.mounted else Status.DISMOUNTED


def seeds_others(database: Database, server: str) -> bool:
    return any(c.seeding_from == server for c in database.copies)


def has_room(organization: Organization, server: Server) -> bool:
    """Below MaximumActiveDatabases, those on their way there counted."""
    limit = server.maximum_active_databases
    if limit is None:
        return True
    there = sum(
        (d.move.target if d.move is not None else d.active) == server.name
        for d in organization.databases.values()
        if d.mounted or d.move is not None
    )
    return there < limit


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why a copy may not take its database over. ``skip``: the Skip switch of Move-ActiveMailboxDatabase that
    overrides it, or "" where none does."""

    words: str
    skip: str = ""


def obstacles(
    organization: Organization, database: Database, copy: Copy, t: float, *, automatic: bool
) -> list[Obstacle]:
    """All that speaks against activating ``copy``; empty where it may be.

    ``automatic``: the active manager chooses, so IntrasiteOnly holds (§2.1). The sheet is silent on whether a
    move by hand may go to a Blocked server or to one with MoveNow or a paused node: here it may not.
    """
    server = organization.server(copy.server)
    state = copy_state(organization, database, copy, t)
    found = []
    if state.status is Status.SERVICE_DOWN:
        return [Obstacle(f"the replication service on server '{copy.server}' does not answer")]
    if state.status not in (Status.HEALTHY, Status.SEEDING_SOURCE):
        words = f"the copy is not healthy: its status is {state.status.name.title().replace('_', '')}"
        found.append(Obstacle(words, "SkipHealthChecks"))
    if copy.activation_suspended:
        found.append(Obstacle("the copy is suspended for activation"))
    if copy.replay_lag:
        found.append(Obstacle("the copy is lagged", "SkipLagChecks"))
    if state.copy_queue >= COPY_QUEUE_LIMIT or state.replay_queue >= REPLAY_QUEUE_LIMIT:
        words = f"copy queue {state.copy_queue}, replay queue {state.replay_queue}"
        found.append(Obstacle(f"the copy is behind: {words}", "SkipLagChecks"))
    if server.activation_policy == BLOCKED:
        found.append(Obstacle(f"server '{copy.server}' is Blocked for activation"))
    elsewhere = organization.server(database.active).site != server.site
    if automatic and elsewhere and server.activation_policy == INTRASITE_ONLY:
        found.append(Obstacle(f"server '{copy.server}' is IntrasiteOnly and in another site"))
    if server.move_now:
        found.append(Obstacle(f"activation is disabled on server '{copy.server}'"))
    if server.node_paused:
        found.append(Obstacle(f"the cluster node of server '{copy.server}' is paused"))
    if not has_room(organization, server):
        words = f"server '{copy.server}' has its maximum number of active databases"
        found.append(Obstacle(words, "SkipMaximumActiveDatabasesChecks"))
    return found


def move_targets(organization: Organization, database: Database, t: float) -> list[Copy]:
    """Passive copies that the active manager may activate, best first; none without quorum."""
    dag = organization.dag(database.dag)
    if dag is not None and not has_quorum(organization, dag):
        return []
    fit = [
        c
        for c in database.copies
        if c.server != database.active and not obstacles(organization, database, c, t, automatic=True)
    ]
    return sorted(fit, key=lambda c: (copy_state(organization, database, c, t).copy_queue, c.preference))

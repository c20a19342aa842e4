"""Get-MailboxDatabaseCopyStatus (§2.7)."""

from __future__ import annotations

from typing import Final

from cockpit.exchange.model import ACTIVATION_POLICIES, COPY_STATUSES, Version
from cockpit.lab.clixml import ListValue
from cockpit.lab.cmdlet import Invocation, Output
from cockpit.lab.cmdlets import shapes
from cockpit.lab.dag import CopyState, Status, copy_state
from cockpit.lab.organization import Copy, Database
from cockpit.lab.simulation import Simulation

_TYPE: Final = "Microsoft.Exchange.Management.SystemConfigurationTasks.CopyStatus"
_POLICY: Final = "Microsoft.Exchange.Data.Directory.SystemConfiguration.DatabaseCopyAutoActivationPolicyType"


async def get_mailbox_database_copy_status(sim: Simulation, call: Invocation, out: Output) -> None:
    """By server, by database or by ``DB\\SERVER``; the sheet's empty-identity rule applies as elsewhere."""
    found = _wanted(sim, call, out)
    for name in sorted({c.server for _, c in found}):
        await sim.rpc(sim.organization.server(name))
    active_only = shapes.switch(call, "Active")
    t = sim.touch()
    for database, copy in found:
        if active_only and copy.server != database.active:
            continue
        name = f"{database.name}\\{copy.server}"
        shapes.send(sim, call, out, shapes.COPY_STATUS, name, _status(sim, database, copy, t))


def _wanted(sim: Simulation, call: Invocation, out: Output) -> list[tuple[Database, Copy]]:
    organization = sim.organization
    if shapes.text(call, "Server"):
        servers = shapes.ask(sim, call, out, "Server")
        names = {s.name for s in servers}
        return [(d, c) for d in organization.databases.values() for c in d.copies if c.server in names]
    name, _, server = shapes.text(call, "Identity").partition("\\")
    if not name:
        return [(d, c) for d in organization.databases.values() for c in d.copies]
    database = organization.database(name)
    copies = database.copies if database is not None else []
    if server:
        copies = [c for c in copies if c.server.lower() == server.lower()]
    if database is None or not copies:
        shapes.not_found(sim, call, out, shapes.text(call, "Identity"))
        return []
    return [(database, c) for c in copies]


_SOUND: Final = (Status.HEALTHY, Status.MOUNTED, Status.SEEDING_SOURCE)


def _seeding(database: Database, copy: Copy) -> tuple[str | None, str | None]:
    """(DatabaseSeedStatus, OutgoingConnections); their text forms are from memory [M]."""
    status = None
    if copy.seeding_from:
        status = "Percentage:42; Read:18 GB (19,327,352,832 bytes); Written:18 GB (19,327,352,832 bytes)"
    fed = [c.server for c in database.copies if c.seeding_from == copy.server]
    connections = "".join(f"{{{name.lower()},MapiDagNetwork,Seeding}}" for name in fed)
    return status, connections or None


def _lag(copy: Copy) -> str | None:
    """Text form from memory [M]."""
    if not copy.replay_lag:
        return None
    lag = shapes.span(copy.replay_lag)
    fixed = "Enabled:True; PlayDownReason:None; Percentage:100"
    return f"{fixed}; Configured:{lag}; MaxDelay:1.00:00:00; Actual:{lag}"


def _status(sim: Simulation, database: Database, copy: Copy, t: float) -> dict[str, object]:
    server = sim.organization.server(copy.server)
    active = copy.server == database.active
    state: CopyState = copy_state(sim.organization, database, copy, t)
    down = state.status is Status.SERVICE_DOWN
    sound = state.status in _SOUND
    seeding, outgoing = _seeding(database, copy)
    error = copy.error_message
    if down and not error:
        error = f"The Microsoft Exchange Replication service on server '{copy.server}' does not answer."
    local = sim.local(server, t)
    name = f"{database.name}\\{copy.server}"
    log = database.last_log + max(0, int(t // 60))
    copied = log - state.copy_queue
    replayed = copied - state.replay_queue
    index = "NotApplicable" if server.version is Version.E2019 else ("Unknown" if down else "Healthy")
    never = shapes.NEVER
    shown: dict[str, object] = {
        "Identity": name,
        "Id": name,
        "Name": name,
        "DatabaseName": database.name,
        "Status": shapes.numbered(_TYPE, COPY_STATUSES, state.status),
        "InstanceStartTime": sim.local(server, server.booted_at + 200),
        "LastStatusTransitionTime": sim.local(server, copy.since),
        "MailboxServer": copy.server,
        "ActiveDatabaseCopy": database.active.lower(),
        "ActiveCopy": active,
        "ActivationPreference": copy.preference,
        "StatusRetrievedTime": local,
        "WorkerProcessId": None if down else 4000 + copy.preference * 4,
        "IsLastCopyAvailabilityChecksPassed": sound,
        "LastCopyAvailabilityChecksPassedTime": local,
        "IsLastCopyRedundancyChecksPassed": sound,
        "LastCopyRedundancyChecksPassedTime": local,
        "ActivationSuspended": copy.activation_suspended,
        "ActionInitiator": copy.action_initiator,
        "ErrorMessage": error,
        "ErrorEventId": None,
        "ExtendedErrorInfo": None,
        "SuspendComment": copy.suspend_comment,
        "RequiredLogsPresent": None,
        "SinglePageRestore": 0,
        "ContentIndexState": index,
        "ContentIndexErrorMessage": "",
        "ContentIndexErrorCode": None,
        "ContentIndexVersion": None,
        "ContentIndexBacklog": 0,
        "ContentIndexRetryQueueSize": 0,
        "ContentIndexMailboxesToCrawl": None,
        "ContentIndexSeedingPercent": None,
        "ContentIndexSeedingSource": "",
        "ContentIndexServerSource": "",
        "CopyQueueLength": None if down else state.copy_queue,
        "ReplayQueueLength": None if down else state.replay_queue,
        "ReplaySuspended": state.status in (Status.SUSPENDED, Status.FAILED_AND_SUSPENDED),
        "ResumeBlocked": False,
        "ReseedBlocked": False,
        # The sheet abbreviates these three: Minimum/Maximum/RequestedDatabaseSchemaVersion.
        "MinimumDatabaseSchemaVersion": "0.121",
        "MaximumDatabaseSchemaVersion": "0.140",
        "RequestedDatabaseSchemaVersion": "0.140",
        "LatestAvailableLogTime": None if active else local,
        "LastCopyNotificationedLogTime": None if active else local,
        "LastCopiedLogTime": None if active else local,
        "LastInspectedLogTime": None if active else local,
        "LastReplayedLogTime": None if active else local,
        "LastLogGenerated": log,
        "LastLogCopyNotified": 0 if active else log,
        "LastLogCopied": 0 if active else copied,
        "LastLogInspected": 0 if active else copied,
        "LastLogReplayed": 0 if active else replayed,
        "LowestLogPresent": max(0, log - 9000),
        "LastLogInfoIsStale": False,
        "LastLogInfoFromCopierTime": local,
        "LastLogInfoFromClusterTime": local,
        "LastLogInfoFromClusterGen": log,
        "ReplicationIsInBlockMode": not active,
        "ActivationDisabledAndMoveNow": server.move_now,
        "AutoActivationPolicy": shapes.numbered(_POLICY, ACTIVATION_POLICIES, server.activation_policy),
        "LogsReplayedSinceInstanceStart": 0 if active else 1000,
        "LogsCopiedSinceInstanceStart": 0 if active else 1000,
        "LatestFullBackupTime": sim.local(server, -30_000.0),
        "LatestIncrementalBackupTime": never,
        "LatestDifferentialBackupTime": never,
        "LatestCopyBackupTime": never,
    }
    shown |= {
        "SnapshotBackup": True,
        "SnapshotLatestFullBackup": True,
        "SnapshotLatestIncrementalBackup": None,
        "SnapshotLatestDifferentialBackup": None,
        "SnapshotLatestCopyBackup": None,
        "LogReplayQueueIncreasing": False,
        "LogCopyQueueIncreasing": False,
        "ReplayLagStatus": _lag(copy),
        "DatabaseSeedStatus": seeding,
        "OutstandingDumpsterRequests": ListValue([]),
        "OutgoingConnections": outgoing,
        "IncomingLogCopyingNetwork": None,
        "SeedingNetwork": None,
        "DiskFreeSpacePercent": 61,
        "DiskFreeSpace": "611.2 GB (656,270,950,400 bytes)",
        "DiskTotalSpace": "1000 GB (1,073,741,824,000 bytes)",
        "ExchangeVolumeMountPoint": "",
        "DatabaseVolumeMountPoint": "",
        "MaxLogToReplay": None,
        "IsValid": True,
        "ObjectState": shapes.NEW,
    }
    return shown

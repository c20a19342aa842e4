"""What a recovery's guards and observations read, beyond the live picture's model.

The rules of ``model`` hold: texts are cleaned, times are UTC or None, enum-like values stay text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final


@dataclass(frozen=True, slots=True)
class MailboxDatabase:
    """One row of Get-MailboxDatabase -Status.

    ``replication_type``: Remote, or None (the word) for a database with one copy.
    ``activation_preferences``: (server's short name, preference), 1 first.
    ``mounted``, ``backup_in_progress``: None where the server did not say. The fact sheet is silent on
    this cmdlet's rows: the names are Exchange's, the types from memory [M].
    """

    name: str
    server: str
    replication_type: str
    mounted: bool | None
    activation_preferences: tuple[tuple[str, int], ...]
    backup_in_progress: bool | None
    master_server_or_availability_group: str = ""

    @property
    def is_replicated(self) -> bool:
        return self.replication_type.lower() == "remote"


@dataclass(frozen=True, slots=True)
class MonitoringMailbox:
    """One row of Get-Mailbox -Monitoring [M]: the mailbox that the deep and CTP probes log in to (§2.4)."""

    name: str
    user_principal_name: str
    database: str
    server: str = ""


@dataclass(frozen=True, slots=True)
class ReplicationCheck:
    """One row of Test-ReplicationHealth (§2.11). ``result`` as printed: ``Passed``, ``*FAILED*`` [M]."""

    server: str
    check: str
    result: str
    error: str

    @property
    def passed(self) -> bool:
        return self.result.lower() == "passed"


@dataclass(frozen=True, slots=True)
class ServiceHealth:
    """One role of Test-ServiceHealth (§2.11). POP's services are not among them."""

    role: str
    required_services_running: bool
    services_not_running: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MonitoringOverride:
    """One server or global override (§2.0, §2.13). Every value is text; times as the server printed them."""

    item_type: str
    property_name: str
    property_value: str
    health_set_name: str
    monitoring_item_name: str
    target_resource: str
    expiration_time: str
    apply_version: str
    created_by: str
    created_time: str
    identity: str

    @property
    def disables(self) -> bool:
        """True when it turns its item off: ``Enabled`` = 0 (§6.3)."""
        return self.property_name.lower() == "enabled" and self.property_value.lower() in ("0", "false")


class ServiceState:
    """States of a service as ServiceProcess has them: Win32_Service's words without their space."""

    RUNNING: Final = "Running"
    STOPPED: Final = "Stopped"
    PAUSED: Final = "Paused"
    START_PENDING: Final = "StartPending"
    STOP_PENDING: Final = "StopPending"


@dataclass(frozen=True, slots=True)
class ServiceProcess:
    """A Windows service and the process it runs in (Win32_Service, Win32_Process).

    ``start_mode`` in CIM's words: Auto, Manual, Disabled. ``process_id`` 0: no process.
    ``created``: when that process started; None without a process, or where it could not be read.
    """

    name: str
    state: str
    start_mode: str
    process_id: int
    created: datetime | None = None


@dataclass(frozen=True, slots=True)
class Volume:
    """One mounted volume (Win32_Volume). ``name`` is its mount point (``C:\\``), sizes in bytes."""

    name: str
    capacity: int | None
    free_space: int | None


def free_space(volumes: tuple[Volume, ...], path: str) -> int | None:
    """Bytes free on the volume that holds ``path``; None when no volume does, or its size is unknown.

    The volume with the longest mount point that ``path`` lies in, without regard to case.
    """
    wanted = _folder(path)
    holders = [v for v in volumes if v.name and wanted.startswith(_folder(v.name))]
    return max(holders, key=lambda v: len(_folder(v.name))).free_space if holders else None


def _folder(path: str) -> str:
    """A path to compare: one separator at its end keeps ``C:\\Logs2`` out of ``C:\\Logs``."""
    return path.replace("/", "\\").rstrip("\\").lower() + "\\"


@dataclass(frozen=True, slots=True)
class Process:
    """One row of Get-Process [M]. ``started`` None where the account may not see it."""

    name: str
    process_id: int
    started: datetime | None = None


class NodeState:
    """States of a cluster node acted upon. [M]"""

    UP: Final = "Up"
    DOWN: Final = "Down"
    PAUSED: Final = "Paused"
    JOINING: Final = "Joining"


@dataclass(frozen=True, slots=True)
class ClusterNode:
    """One row of Get-ClusterNode [M]: ``state`` as in NodeState."""

    name: str
    state: str


@dataclass(frozen=True, slots=True)
class CounterSample:
    """One sample of Get-Counter: the counter's full path and its value in the counter's own unit."""

    path: str
    value: float


class Channel(StrEnum):
    """The event channels the cockpit reads (exchange-facts §6.4); no other name is ever asked for."""

    RECOVERY_ACTION_RESULTS = "Microsoft-Exchange-ManagedAvailability/RecoveryActionResults"
    RECOVERY_ACTION_LOGS = "Microsoft-Exchange-ManagedAvailability/RecoveryActionLogs"
    MONITORING = "Microsoft-Exchange-ManagedAvailability/Monitoring"
    PROBE_RESULT = "Microsoft-Exchange-ActiveMonitoring/ProbeResult"
    MONITOR_RESULT = "Microsoft-Exchange-ActiveMonitoring/MonitorResult"


@dataclass(frozen=True, slots=True)
class Event:
    """One event. ``id``: its EventID; ``fields``: its data by name, passwords cut."""

    channel: str
    id: int
    time: datetime | None
    fields: Mapping[str, str] = field(default_factory=dict)

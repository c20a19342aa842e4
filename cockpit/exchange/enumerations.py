"""Exchange's and Windows' enumerations that rows carry: the values acted upon, and names by number.

Enums travel as strings, as objects or as numbers (exchange-facts §2.0); the maps give the name for a
number. Numbers and names: exchange-facts §2.1, where nothing else is said.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final


class AlertValue:
    """``MonitorAlertState``. [D]; *Unavailable* and *UnInitialized* from the docs [A]."""

    UNKNOWN: Final = "Unknown"
    HEALTHY: Final = "Healthy"
    DEGRADED: Final = "Degraded"
    UNHEALTHY: Final = "Unhealthy"
    REPAIRING: Final = "Repairing"
    DISABLED: Final = "Disabled"
    UNAVAILABLE: Final = "Unavailable"
    UNINITIALIZED: Final = "UnInitialized"


class ResultType:
    """Result of a probe, monitor or responder run. [B]"""

    ABANDONED: Final = "Abandoned"
    TIMED_OUT: Final = "TimedOut"
    POISONED: Final = "Poisoned"
    SUCCEEDED: Final = "Succeeded"
    FAILED: Final = "Failed"
    QUARANTINED: Final = "Quarantined"
    REJECTED: Final = "Rejected"


ALERT_VALUES: Final[Mapping[int, str]] = {
    0: AlertValue.UNKNOWN,
    1: AlertValue.HEALTHY,
    2: AlertValue.DEGRADED,
    3: AlertValue.UNHEALTHY,
    4: AlertValue.REPAIRING,
    5: AlertValue.DISABLED,
}
RESULT_TYPES: Final[Mapping[int, str]] = {
    0: ResultType.ABANDONED,
    1: ResultType.TIMED_OUT,
    2: ResultType.POISONED,
    3: ResultType.SUCCEEDED,
    4: ResultType.FAILED,
    5: ResultType.QUARANTINED,
    6: ResultType.REJECTED,
}
HEALTH_STATES: Final[Mapping[int, str]] = {
    0: "Unknown",
    1: "NotApplicable",
    2: "Online",
    3: "PartiallyOnline",
    4: "Offline",
    5: "Functional",
    6: "Sidelined",
}
"""``MonitorServerComponentState`` (CurrentHealthSetState, State). [D]"""
COMPONENT_STATES: Final[Mapping[int, str]] = {0: "Inactive", 1: "Active", 2: "Draining"}
"""``ServiceState`` of a server component; 2 is from memory [M]."""
COPY_STATUSES: Final[Mapping[int, str]] = {
    0: "Unknown",
    3: "Failed",
    4: "Seeding",
    5: "Suspended",
    6: "Healthy",
    7: "ServiceDown",
    8: "Initializing",
    9: "Resynchronizing",
    11: "Mounted",
    12: "Dismounted",
    13: "Mounting",
    14: "Dismounting",
    15: "DisconnectedAndHealthy",
    16: "FailedAndSuspended",
    17: "DisconnectedAndResynchronizing",
    18: "NonExchangeReplication",
    19: "SeedingSource",
    20: "Misconfigured",
}
ACTIVATION_POLICIES: Final[Mapping[int, str]] = {0: "Unrestricted", 1: "IntrasiteOnly", 2: "Blocked"}
ROLLOVERS: Final[Mapping[int, str]] = {1: "Hourly", 2: "Daily", 3: "Weekly", 4: "Monthly"}
LOGIN_OPTIONS: Final[Mapping[int, str]] = {
    1: "PlainTextLogin",
    2: "PlainTextAuthentication",
    3: "SecureLogin",
}
SERVICE_STATES: Final[Mapping[int, str]] = {
    1: "Stopped",
    2: "StartPending",
    3: "StopPending",
    4: "Running",
    5: "ContinuePending",
    6: "PausePending",
    7: "Paused",
}
"""``System.ServiceProcess.ServiceControllerStatus`` (documented .NET enumeration)."""
START_TYPES: Final[Mapping[int, str]] = {0: "Boot", 1: "System", 2: "Automatic", 3: "Manual", 4: "Disabled"}
"""``System.ServiceProcess.ServiceStartMode`` (documented .NET enumeration)."""
CLUSTER_NODE_STATES: Final[Mapping[int, str]] = {-1: "Unknown", 0: "Up", 1: "Down", 2: "Paused", 3: "Joining"}
"""``ClusterNodeState``: the sheet is silent; the Cluster API's numbers, from memory [M]."""

"""The words of Exchange and Managed Availability as frozen dataclasses.

Every text in them has been cleaned (``text.clean_line``) and redacted; every time is an aware
datetime in UTC, or None where the server sent none (``DateTime.MinValue`` means "never").
Enum-like values are kept as text, exactly as the server named them, so that a value of a later
build is shown rather than lost; ``enumerations`` names the values we act upon.
Numbers and names: exchange-facts §2.1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from enum import StrEnum
from typing import Final, Generic, TypeVar

from cockpit.exchange.enumerations import ACTIVATION_POLICIES as ACTIVATION_POLICIES
from cockpit.exchange.enumerations import ALERT_VALUES as ALERT_VALUES
from cockpit.exchange.enumerations import CLUSTER_NODE_STATES as CLUSTER_NODE_STATES
from cockpit.exchange.enumerations import COMPONENT_STATES as COMPONENT_STATES
from cockpit.exchange.enumerations import COPY_STATUSES as COPY_STATUSES
from cockpit.exchange.enumerations import HEALTH_STATES as HEALTH_STATES
from cockpit.exchange.enumerations import LOGIN_OPTIONS as LOGIN_OPTIONS
from cockpit.exchange.enumerations import RESULT_TYPES as RESULT_TYPES
from cockpit.exchange.enumerations import ROLLOVERS as ROLLOVERS
from cockpit.exchange.enumerations import SERVICE_STATES as SERVICE_STATES
from cockpit.exchange.enumerations import START_TYPES as START_TYPES
from cockpit.exchange.enumerations import AlertValue as AlertValue
from cockpit.exchange.enumerations import ResultType as ResultType
from cockpit.exchange.routing import UNKNOWN_ROUTE, Route
from cockpit.frozen import dataclass


class Role(StrEnum):
    """Server roles as the cockpit needs them. From 2016 on a Mailbox server has both. [A]"""

    MAILBOX = "Mailbox"
    CLIENT_ACCESS = "ClientAccess"
    EDGE = "Edge"


class Version(StrEnum):
    """Major versions by build: 15.0 is 2013, 15.1 is 2016, 15.2 is 2019 and SE. [A][B]

    2019 and Subscription Edition share 15.2; which build separates them is not in the fact sheet,
    so they are not told apart.
    """

    E2013 = "2013"
    E2016 = "2016"
    E2019 = "2019"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class ExchangeServer:
    """One row of Get-ExchangeServer (exchange-facts §2.9). ``build`` is like ``15.2.986.5``."""

    name: str
    fqdn: str
    version: Version
    build: str
    roles: frozenset[Role]
    site: str
    edition: str = ""


@dataclass(frozen=True, slots=True)
class DatabaseAvailabilityGroup:
    """Get-DatabaseAvailabilityGroup -Status (§2.12). Server names are short names."""

    name: str
    servers: tuple[str, ...]
    witness_server: str = ""
    witness_share_in_use: str = ""
    operational_servers: tuple[str, ...] = ()
    primary_active_manager: str = ""
    servers_in_maintenance: tuple[str, ...] = ()
    preference_move_frequency: str = ""
    """A span as printed; empty where the build has none (before 2016 CU2)."""
    datacenter_activation_mode: str = ""
    """Off or DagOnly."""


@dataclass(frozen=True, slots=True)
class MailboxServer:
    """Get-MailboxServer (§2.8). ``dag`` is empty outside a DAG. The maxima are None where there is no limit.

    ``activation_disabled_and_move_now`` None, ``activation_policy`` empty: the server did not say.

    ``originating_server``: the domain controller that gave the row.
    """

    name: str
    dag: str
    activation_policy: str
    activation_disabled_and_move_now: bool | None
    maximum_active_databases: int | None
    originating_server: str = ""
    maximum_preferred_active_databases: int | None = None


ACTIVE_COPY_STATUSES: Final = frozenset({"mounted", "mounting", "dismounting", "dismounted"})
"""Statuses that only an active copy can have (exchange-facts §2.7 [A]), in lower case."""


@dataclass(frozen=True, slots=True)
class DatabaseCopyStatus:
    """One row of Get-MailboxDatabaseCopyStatus (§2.7). Queue lengths are in logs, None where unknown."""

    name: str
    database: str
    server: str
    status: str
    active_copy: bool
    active_database_copy: str
    activation_preference: int | None
    activation_suspended: bool
    copy_queue_length: int | None
    replay_queue_length: int | None
    content_index_state: str
    error_message: str = ""
    replay_lag_status: str = ""
    database_seed_status: str = ""
    action_initiator: str = ""
    suspend_comment: str = ""
    content_index_error_message: str = ""
    outgoing_connections: str = ""
    last_inspected_log_time: datetime | None = None
    replay_suspended: bool = False
    activation_disabled_and_move_now: bool = False
    auto_activation_policy: str = ""

    @property
    def is_active_state(self) -> bool:
        """True when this is the active copy by its flag or by its status, whichever says so."""
        return self.active_copy or self.status.lower() in ACTIVE_COPY_STATUSES


@dataclass(frozen=True, slots=True)
class MonitorHealthEntry:
    """One monitor of Get-ServerHealth (§2.2), every property of the 26.

    ``recurrance_interval`` is in seconds and spelt as Exchange spells it.
    ``last_execution_result`` is the result of the monitor's own run, not the probe's.
    """

    server: str
    name: str
    target_resource: str
    health_set_name: str
    alert_value: str
    current_health_set_state: str = ""
    health_group_name: str = ""
    first_alert_observed_time: datetime | None = None
    description: str = ""
    is_ha_impacting: bool = False
    recurrance_interval: int = 0
    definition_created_time: datetime | None = None
    health_set_description: str = ""
    server_component_name: str = ""
    last_transition_time: datetime | None = None
    last_execution_time: datetime | None = None
    last_execution_result: str = ""
    result_id: int = 0
    work_item_id: int = 0
    is_stale: bool = False
    error: str = ""
    exception: str = ""
    is_notified: bool = False
    last_failed_probe_id: int = 0
    last_failed_probe_result_id: int = 0
    service_priority: int = 0

    @property
    def key(self) -> tuple[str, str, str]:
        """What tells one row from another on a server: health set, monitor, target."""
        return (self.health_set_name, self.name, self.target_resource)


@dataclass(frozen=True, slots=True)
class MonitorState:
    """The part of a MonitorHealthEntry that a roll-up needs: most rows of a server are only counted."""

    health_set_name: str
    alert_value: str
    is_stale: bool
    current_health_set_state: str
    health_group_name: str
    last_transition_time: datetime | None
    is_ha_impacting: bool


@dataclass(frozen=True, slots=True)
class HealthReport:
    """One health set of Get-HealthReport (§2.3)."""

    server: str
    state: str
    health_set: str
    health_group: str
    alert_value: str
    last_transition_time: datetime | None
    monitor_count: int
    ha_impacting_monitor_count: int


@dataclass(frozen=True, slots=True)
class MonitoringItemIdentity:
    """One row of Get-MonitoringItemIdentity (§2.5); ``identity`` is ``HealthSet\\Name[\\Target]``."""

    server: str
    health_set_name: str
    name: str
    target_resource: str
    item_type: str
    identity: str


@dataclass(frozen=True, slots=True)
class MonitoringProbeResult:
    """What Invoke-MonitoringProbe returns (§2.4), passwords cut. ``sample_value`` is ms for POP.

    ``state_attributes`` maps 1..25 to the texts (1-5, 11-15, 21-25) and ``state_numbers`` to the
    doubles (6-10, 16-20); only non-empty ones are kept.
    """

    server: str
    monitor_identity: str
    request_id: str
    execution_start_time: datetime | None
    execution_end_time: datetime | None
    result_type: str
    result_name: str = ""
    service_name: str = ""
    error: str = ""
    exception: str = ""
    execution_context: str = ""
    failure_context: str = ""
    extension_xml: str = ""
    sample_value: float = 0.0
    poisoned_count: int = 0
    retry_count: int = 0
    execution_id: int = 0
    result_id: int = 0
    is_notified: bool = False
    state_attributes: Mapping[int, str] = field(default_factory=dict)
    state_numbers: Mapping[int, float] = field(default_factory=dict)

    @property
    def succeeded(self) -> bool:
        return self.result_type == ResultType.SUCCEEDED

    @property
    def blamed_component(self) -> str:
        """StateAttribute1: POP3 on success, else Auth, Cafe, Networking, Store, ... [D]"""
        return self.state_attributes.get(1, "")

    @property
    def failure_reason(self) -> str:
        """StateAttribute2. [D]"""
        return self.state_attributes.get(2, "")

    @property
    def answering_server(self) -> str:
        """StateAttribute3: the server that answered, decoded from the banner. [D]"""
        return self.state_attributes.get(3, "")

    @property
    def mailbox_server(self) -> str:
        """StateAttribute4: the mailbox server the session was proxied to. [D]"""
        return self.state_attributes.get(4, "")


@dataclass(frozen=True, slots=True)
class RequesterVote:
    """One requester's vote on a component (§2.10). ``where`` is Local (registry) or Remote (AD)."""

    requester: str
    state: str
    timestamp: datetime | None
    where: str


@dataclass(frozen=True, slots=True)
class ServerComponentState:
    """One row of Get-ServerComponentState (§2.10)."""

    server: str
    component: str
    state: str
    votes: tuple[RequesterVote, ...] = ()


@dataclass(frozen=True, slots=True)
class PopSettings:
    """The part of Get-PopSettings (§2.6) the cockpit uses; texts as printed by Exchange.

    ``protocol_log_enabled`` None: the server did not say. ``changed``: when any of the settings was changed
    last, UTC (WhenChangedUTC).
    """

    server: str
    protocol_log_enabled: bool | None
    log_file_location: str
    log_file_rollover: str
    log_per_file_size_quota: str
    proxy_target_port: int
    ssl_bindings: tuple[str, ...]
    unencrypted_or_tls_bindings: tuple[str, ...]
    login_type: str
    max_connections_per_user: int
    originating_server: str = ""
    changed: datetime | None = None


@dataclass(frozen=True, slots=True)
class PopConnectivityResult:
    """Test-PopConnectivity (§2.11). ``latency_ms`` None where the scenario was skipped."""

    client_access_server: str
    local_site: str
    scenario: str
    result: str
    latency_ms: float | None
    error: str


@dataclass(frozen=True, slots=True)
class Service:
    """Get-Service on the WinRM endpoint (§3)."""

    name: str
    display_name: str
    status: str
    start_type: str


@dataclass(frozen=True, slots=True)
class RecoveryAction:
    """One event of Managed Availability's RecoveryActionResults channel (§6.4)."""

    start_time: datetime | None
    end_time: datetime | None
    id: str
    resource_name: str
    requestor_name: str
    result: str
    state: str
    exception_message: str = ""


@dataclass(frozen=True, slots=True)
class CmdletError:
    """A non-terminating error record. ``fully_qualified_id`` is kept whole, never parsed for times:
    its TimeStamp follows the server's culture (exchange-facts §5.6)."""

    message: str
    category: str = ""
    reason: str = ""
    target: str = ""
    fully_qualified_id: str = ""


class Outcome(StrEnum):
    """The three outcomes of a read (exchange-facts §8 advice 1), never merged into one."""

    ROWS = "rows"
    EMPTY_WITH_WARNING = "empty, with a warning"
    EMPTY = "empty"


Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Reading(Generic[Row]):
    """What one read cmdlet gave: rows, and every warning and error that came with them.

    ``answered_by`` is the entry server that was asked; ``seconds`` the time it took. ``route``: who is known
    to be at work behind it.
    """

    rows: tuple[Row, ...]
    warnings: tuple[str, ...] = ()
    errors: tuple[CmdletError, ...] = ()
    answered_by: str = ""
    seconds: float = 0.0
    route: Route = UNKNOWN_ROUTE

    @property
    def outcome(self) -> Outcome:
        if self.rows:
            return Outcome.ROWS
        return Outcome.EMPTY_WITH_WARNING if self.warnings or self.errors else Outcome.EMPTY

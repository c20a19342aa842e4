"""From CLIXML objects to the model: the only place where property names of Exchange are spelt.

Every reader takes a PSObject and is lenient in type (enums come as string, object or number;
sizes and versions as text), strict in cleanliness (every text is cleaned and redacted here).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from cockpit.exchange import model as m
from cockpit.exchange.clixml import PSObject
from cockpit.exchange.model import Role, Version
from cockpit.exchange.names import same_server
from cockpit.exchange.text import clean_block, clean_line


def text(row: PSObject, name: str) -> str:
    """A property as one clean line; empty where it is missing or null."""
    return _line(row.get(name))


def block(row: PSObject, name: str) -> str:
    """A property as clean text of several lines."""
    value = row.get(name)
    return "" if value is None else clean_block(str(value))


def _line(value: object) -> str:
    return "" if value is None else clean_line(str(value))


def enum(row: PSObject, name: str, names: Mapping[int, str]) -> str:
    """An enum-like value by its name, whichever of the three ways it came; an unknown one as it came."""
    value = row.get(name)
    if isinstance(value, PSObject) and value.text is None:
        value = value.value
    if isinstance(value, bool) or not isinstance(value, int):
        found = _line(value)
        return names.get(int(found), found) if found.isdecimal() else found
    return names.get(value, str(value))


def boolean(row: PSObject, name: str) -> bool:
    value = row.get(name)
    return value if isinstance(value, bool) else _line(value).lower() == "true"


def known(row: PSObject, name: str) -> bool | None:
    """A boolean; None where the server sent none: what is not said is not false."""
    return boolean(row, name) if text(row, name).lower() in ("true", "false") else None


def number(row: PSObject, name: str) -> int | None:
    """An integer; None where it is missing, null or not a number (``Unlimited``)."""
    value = row.get(name)
    if isinstance(value, PSObject):
        value = value.value if value.value is not None else value.text
    if isinstance(value, int):
        return int(value)
    try:
        return int(str(value))
    except ValueError:
        return None


def real(row: PSObject, name: str) -> float:
    """A double; 0.0 where there is none."""
    value = row.get(name)
    try:
        return float(str(value)) if value is not None else 0.0
    except ValueError:
        return 0.0


def moment(row: PSObject, name: str) -> datetime | None:
    """A time in UTC; None for null and for ``DateTime.MinValue`` ("never").

    A time without offset is taken as UTC: the fact sheet is silent on whether Exchange ever sends one.
    """
    value = row.get(name)
    if isinstance(value, PSObject):
        value = value.value
    if not isinstance(value, datetime) or value.year < 1900:
        return None
    try:
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    except OverflowError:
        return None


def items(row: PSObject, name: str) -> tuple[str, ...]:
    """A multi-valued property as clean texts."""
    value = row.get(name)
    if isinstance(value, PSObject):
        value = value.value if value.value is not None else value.text
    if value is None or value == "":
        return ()
    found: Iterable[object] = value if isinstance(value, list | tuple) else (value,)
    return tuple(_line(v) for v in found)


def short_name(identity: str) -> str:
    """The short name at the end of ``domain/…/NAME`` or at the start of an FQDN."""
    return identity.rsplit("/", 1)[-1].split(".", 1)[0]


_BUILD: Final = re.compile(r"(\d+)\.(\d+)(?:\s*\(Build\s+(\d+)\.(\d+)\))?")
_VERSIONS: Final = {"15.0": Version.E2013, "15.1": Version.E2016, "15.2": Version.E2019}


def version(display: str) -> tuple[Version, str]:
    """``Version 15.2 (Build 986.5)`` as (Version.E2019, "15.2.986.5")."""
    found = _BUILD.search(display)
    if found is None:
        return Version.OTHER, display
    parts = [p for p in found.groups() if p is not None]
    return _VERSIONS.get(".".join(parts[:2]), Version.OTHER), ".".join(parts)


def roles(row: PSObject) -> frozenset[Role]:
    """Roles by the Is… flags; by ServerRole's text where a build does not send them."""
    printed = text(row, "ServerRole")
    flags = {
        Role.MAILBOX: "IsMailboxServer",
        Role.CLIENT_ACCESS: "IsClientAccessServer",
        Role.EDGE: "IsEdgeServer",
    }
    return frozenset(
        role
        for role, flag in flags.items()
        if boolean(row, flag) or (row.get(flag) is None and role.value.lower() in printed.lower())
    )


def exchange_server(row: PSObject) -> m.ExchangeServer:
    """A Fqdn that is another server's is none: it decides whom we dial."""
    major, build = version(text(row, "AdminDisplayVersion"))
    name, fqdn = text(row, "Name"), text(row, "Fqdn")
    return m.ExchangeServer(
        name=name,
        fqdn=fqdn if same_server(fqdn, name) else "",
        version=major,
        build=build,
        roles=roles(row),
        site=short_site(text(row, "Site")),
        edition=text(row, "Edition"),
    )


def short_site(site: str) -> str:
    """The last part of ``Solo.com/Configuration/Sites/Default-First-Site-Name``."""
    return site.rsplit("/", 1)[-1]


def dag(row: PSObject) -> m.DatabaseAvailabilityGroup:
    return m.DatabaseAvailabilityGroup(
        name=text(row, "Name"),
        servers=tuple(short_name(s) for s in items(row, "Servers")),
        witness_server=text(row, "WitnessServer"),
        witness_share_in_use=text(row, "WitnessShareInUse"),
        operational_servers=tuple(short_name(s) for s in items(row, "OperationalServers")),
        primary_active_manager=short_name(text(row, "PrimaryActiveManager")),
        servers_in_maintenance=tuple(short_name(s) for s in items(row, "ServersInMaintenance")),
        preference_move_frequency=text(row, "PreferenceMoveFrequency"),
        datacenter_activation_mode=text(row, "DatacenterActivationMode"),
    )


def mailbox_server(row: PSObject) -> m.MailboxServer:
    return m.MailboxServer(
        name=text(row, "Name"),
        dag=short_name(text(row, "DatabaseAvailabilityGroup")),
        activation_policy=enum(row, "DatabaseCopyAutoActivationPolicy", m.ACTIVATION_POLICIES),
        activation_disabled_and_move_now=known(row, "DatabaseCopyActivationDisabledAndMoveNow"),
        maximum_active_databases=number(row, "MaximumActiveDatabases"),
        originating_server=text(row, "OriginatingServer"),
        maximum_preferred_active_databases=number(row, "MaximumPreferredActiveDatabases"),
    )


def copy_status(row: PSObject) -> m.DatabaseCopyStatus:
    return m.DatabaseCopyStatus(
        name=text(row, "Name"),
        database=text(row, "DatabaseName"),
        server=text(row, "MailboxServer"),
        status=enum(row, "Status", m.COPY_STATUSES),
        active_copy=boolean(row, "ActiveCopy"),
        active_database_copy=text(row, "ActiveDatabaseCopy"),
        activation_preference=number(row, "ActivationPreference"),
        activation_suspended=boolean(row, "ActivationSuspended"),
        copy_queue_length=number(row, "CopyQueueLength"),
        replay_queue_length=number(row, "ReplayQueueLength"),
        content_index_state=text(row, "ContentIndexState"),
        error_message=text(row, "ErrorMessage"),
        replay_lag_status=text(row, "ReplayLagStatus"),
        database_seed_status=text(row, "DatabaseSeedStatus"),
        action_initiator=text(row, "ActionInitiator"),
        suspend_comment=text(row, "SuspendComment"),
        content_index_error_message=text(row, "ContentIndexErrorMessage"),
        outgoing_connections=", ".join(items(row, "OutgoingConnections")),
        last_inspected_log_time=moment(row, "LastInspectedLogTime"),
        replay_suspended=boolean(row, "ReplaySuspended"),
        activation_disabled_and_move_now=boolean(row, "ActivationDisabledAndMoveNow"),
        auto_activation_policy=enum(row, "AutoActivationPolicy", m.ACTIVATION_POLICIES),
    )


def monitor_health_entry(row: PSObject) -> m.MonitorHealthEntry:
    return m.MonitorHealthEntry(
        server=text(row, "Server"),
        name=text(row, "Name"),
        target_resource=text(row, "TargetResource"),
        health_set_name=text(row, "HealthSetName"),
        alert_value=enum(row, "AlertValue", m.ALERT_VALUES),
        current_health_set_state=enum(row, "CurrentHealthSetState", m.HEALTH_STATES),
        health_group_name=text(row, "HealthGroupName"),
        first_alert_observed_time=moment(row, "FirstAlertObservedTime"),
        description=text(row, "Description"),
        is_ha_impacting=boolean(row, "IsHaImpacting"),
        recurrance_interval=number(row, "RecurranceInterval") or 0,
        definition_created_time=moment(row, "DefinitionCreatedTime"),
        health_set_description=text(row, "HealthSetDescription"),
        server_component_name=text(row, "ServerComponentName"),
        last_transition_time=moment(row, "LastTransitionTime"),
        last_execution_time=moment(row, "LastExecutionTime"),
        last_execution_result=enum(row, "LastExecutionResult", m.RESULT_TYPES),
        result_id=number(row, "ResultId") or 0,
        work_item_id=number(row, "WorkItemId") or 0,
        is_stale=boolean(row, "IsStale"),
        error=text(row, "Error"),
        exception=text(row, "Exception"),
        is_notified=boolean(row, "IsNotified"),
        last_failed_probe_id=number(row, "LastFailedProbeId") or 0,
        last_failed_probe_result_id=number(row, "LastFailedProbeResultId") or 0,
        service_priority=number(row, "ServicePriority") or 0,
    )


def monitor_state(row: PSObject) -> m.MonitorState:
    return m.MonitorState(
        health_set_name=text(row, "HealthSetName"),
        alert_value=enum(row, "AlertValue", m.ALERT_VALUES),
        is_stale=boolean(row, "IsStale"),
        current_health_set_state=enum(row, "CurrentHealthSetState", m.HEALTH_STATES),
        health_group_name=text(row, "HealthGroupName"),
        last_transition_time=moment(row, "LastTransitionTime"),
        is_ha_impacting=boolean(row, "IsHaImpacting"),
    )


def health_report(row: PSObject) -> m.HealthReport:
    return m.HealthReport(
        server=text(row, "Server"),
        state=enum(row, "State", m.HEALTH_STATES),
        health_set=text(row, "HealthSet"),
        health_group=text(row, "HealthGroup"),
        alert_value=enum(row, "AlertValue", m.ALERT_VALUES),
        last_transition_time=moment(row, "LastTransitionTime"),
        monitor_count=number(row, "MonitorCount") or 0,
        ha_impacting_monitor_count=number(row, "HaImpactingMonitorCount") or 0,
    )


def monitoring_item(row: PSObject) -> m.MonitoringItemIdentity:
    return m.MonitoringItemIdentity(
        server=text(row, "Server"),
        health_set_name=text(row, "HealthSetName"),
        name=text(row, "Name"),
        target_resource=text(row, "TargetResource"),
        item_type=text(row, "ItemType"),
        identity=text(row, "Identity"),
    )


_TEXT_ATTRIBUTES: Final = (*range(1, 6), *range(11, 16), *range(21, 26))
_NUMBER_ATTRIBUTES: Final = (*range(6, 11), *range(16, 21))


def probe_result(row: PSObject) -> m.MonitoringProbeResult:
    attributes = {n: block(row, f"StateAttribute{n}") for n in _TEXT_ATTRIBUTES}
    numbers = {n: real(row, f"StateAttribute{n}") for n in _NUMBER_ATTRIBUTES}
    return m.MonitoringProbeResult(
        server=text(row, "Server"),
        monitor_identity=text(row, "MonitorIdentity"),
        request_id=text(row, "RequestId"),
        execution_start_time=moment(row, "ExecutionStartTime"),
        execution_end_time=moment(row, "ExecutionEndTime"),
        result_type=enum(row, "ResultType", m.RESULT_TYPES),
        result_name=text(row, "ResultName"),
        service_name=text(row, "ServiceName"),
        error=block(row, "Error"),
        exception=block(row, "Exception"),
        execution_context=block(row, "ExecutionContext"),
        failure_context=block(row, "FailureContext"),
        extension_xml=block(row, "ExtensionXml"),
        sample_value=real(row, "SampleValue"),
        poisoned_count=number(row, "PoisonedCount") or 0,
        retry_count=number(row, "RetryCount") or 0,
        execution_id=number(row, "ExecutionId") or 0,
        result_id=number(row, "ResultId") or 0,
        is_notified=boolean(row, "IsNotified"),
        state_attributes={n: v for n, v in attributes.items() if v},
        state_numbers={n: v for n, v in numbers.items() if v},
    )


_VOTE: Final = re.compile(r"Requestor:(?P<requester>[^;]*);\s*State:(?P<state>[^;]*)")


def component_state(row: PSObject) -> m.ServerComponentState:
    votes = (*_votes(row, "LocalStates", "Local"), *_votes(row, "RemoteStates", "Remote"))
    return m.ServerComponentState(
        server=short_name(text(row, "ServerFqdn")),
        component=text(row, "Component"),
        state=enum(row, "State", m.COMPONENT_STATES),
        votes=votes,
    )


def _votes(row: PSObject, name: str, where: str) -> tuple[m.RequesterVote, ...]:
    """Votes as objects, or in their text form, whose time stamp follows the server's culture (unread)."""
    value = row.get(name)
    if isinstance(value, PSObject):
        value = value.value
    found = []
    for vote in value if isinstance(value, list) else ():
        if isinstance(vote, PSObject) and vote.properties:
            state = enum(vote, "State", m.COMPONENT_STATES)
            found.append(m.RequesterVote(text(vote, "Requester"), state, moment(vote, "Timestamp"), where))
        elif match := _VOTE.search(_line(vote)):
            found.append(m.RequesterVote(match["requester"].strip(), match["state"].strip(), None, where))
    return tuple(found)


def pop_settings(row: PSObject) -> m.PopSettings:
    return m.PopSettings(
        server=short_name(text(row, "Server")),
        protocol_log_enabled=known(row, "ProtocolLogEnabled"),
        log_file_location=text(row, "LogFileLocation"),
        log_file_rollover=enum(row, "LogFileRollOverSettings", m.ROLLOVERS),
        log_per_file_size_quota=text(row, "LogPerFileSizeQuota"),
        proxy_target_port=number(row, "ProxyTargetPort") or 0,
        ssl_bindings=items(row, "SSLBindings"),
        unencrypted_or_tls_bindings=items(row, "UnencryptedOrTLSBindings"),
        login_type=enum(row, "LoginType", m.LOGIN_OPTIONS),
        max_connections_per_user=number(row, "MaxConnectionsPerUser") or 0,
        originating_server=text(row, "OriginatingServer"),
        changed=moment(row, "WhenChangedUTC"),
    )


def pop_connectivity(row: PSObject) -> m.PopConnectivityResult:
    """Property names after the printed columns (§2.11): no transcript of the objects was found."""
    latency = row.get("Latency")
    return m.PopConnectivityResult(
        client_access_server=text(row, "ClientAccessServer"),
        local_site=text(row, "LocalSite"),
        scenario=text(row, "Scenario"),
        result=text(row, "Result"),
        latency_ms=None if latency is None else _milliseconds(latency),
        error=block(row, "Error"),
    )


def _milliseconds(value: object) -> float | None:
    if isinstance(value, timedelta):
        return value.total_seconds() * 1000
    try:
        return float(str(value))
    except ValueError:
        return None


def service(row: PSObject) -> m.Service:
    return m.Service(
        name=text(row, "Name"),
        display_name=text(row, "DisplayName"),
        status=enum(row, "Status", m.SERVICE_STATES),
        start_type=enum(row, "StartType", m.START_TYPES),
    )

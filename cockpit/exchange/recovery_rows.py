"""Rows of the recovery model from CLIXML objects; lenient and clean as in ``rows``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from cockpit.exchange import recovery_model as r
from cockpit.exchange.clixml import PSObject
from cockpit.exchange.enumerations import CLUSTER_NODE_STATES
from cockpit.exchange.rows import block, boolean, enum, items, known, moment, number, short_name, text
from cockpit.exchange.text import clean_line


def mailbox_database(row: PSObject) -> r.MailboxDatabase:
    return r.MailboxDatabase(
        name=text(row, "Name"),
        server=short_name(text(row, "Server")),
        replication_type=text(row, "ReplicationType"),
        mounted=known(row, "Mounted"),
        activation_preferences=activation_preferences(row),
        backup_in_progress=known(row, "BackupInProgress"),
        master_server_or_availability_group=short_name(text(row, "MasterServerOrAvailabilityGroup")),
    )


_PREFERENCE: Final = re.compile(r"\[([^\[\],]+),\s*(\d{1,6})\s*\]")


def activation_preferences(row: PSObject) -> tuple[tuple[str, int], ...]:
    """``ActivationPreference``: a list of pairs, as objects with Key and Value or as ``[EX01, 1]`` [M]."""
    value = row.get("ActivationPreference")
    if isinstance(value, PSObject) and isinstance(value.value, list):
        value = value.value
    found: list[tuple[str, int]] = []
    for pair in value if isinstance(value, list) else (value,):
        if isinstance(pair, PSObject) and (preference := number(pair, "Value")) is not None:
            found.append((short_name(text(pair, "Key")), preference))
        elif pair is not None:
            printed = clean_line(str(pair))
            found += [(short_name(name.strip()), int(n)) for name, n in _PREFERENCE.findall(printed)]
    return tuple(sorted(found, key=lambda p: p[1]))


def monitoring_mailbox(row: PSObject) -> r.MonitoringMailbox:
    return r.MonitoringMailbox(
        name=text(row, "Name"),
        user_principal_name=text(row, "UserPrincipalName"),
        database=short_database(text(row, "Database")),
        server=short_name(text(row, "ServerName")),
    )


def short_database(identity: str) -> str:
    """The database's name at the end of a canonical name; a database's own name may hold dots."""
    return identity.rsplit("/", 1)[-1]


def replication_check(row: PSObject) -> r.ReplicationCheck:
    return r.ReplicationCheck(
        server=short_name(text(row, "Server")),
        check=text(row, "Check"),
        result=text(row, "Result"),
        error=block(row, "Error"),
    )


def service_health(row: PSObject) -> r.ServiceHealth:
    return r.ServiceHealth(
        role=text(row, "Role"),
        required_services_running=boolean(row, "RequiredServicesRunning"),
        services_not_running=items(row, "ServicesNotRunning"),
    )


def monitoring_override(row: PSObject) -> r.MonitoringOverride:
    return r.MonitoringOverride(
        item_type=text(row, "ItemType"),
        property_name=text(row, "PropertyName"),
        property_value=text(row, "PropertyValue"),
        health_set_name=text(row, "HealthSetName"),
        monitoring_item_name=text(row, "MonitoringItemName"),
        target_resource=text(row, "TargetResource"),
        expiration_time=text(row, "ExpirationTime"),
        apply_version=text(row, "ApplyVersion"),
        created_by=text(row, "CreatedBy"),
        created_time=text(row, "CreatedTime"),
        identity=text(row, "Identity"),
    )


# --- the WinRM endpoint --------------------------------------------------------------------------


def service_process(row: PSObject) -> r.ServiceProcess:
    """A Win32_Service; its process' time of birth is another read."""
    return r.ServiceProcess(
        name=text(row, "Name"),
        state=text(row, "State").replace(" ", ""),
        start_mode=text(row, "StartMode"),
        process_id=number(row, "ProcessId") or 0,
    )


def volume(row: PSObject) -> r.Volume:
    return r.Volume(
        name=text(row, "Name"), capacity=number(row, "Capacity"), free_space=number(row, "FreeSpace")
    )


def process(row: PSObject) -> r.Process:
    return r.Process(
        name=text(row, "ProcessName") or text(row, "Name"),
        process_id=number(row, "Id") or 0,
        started=moment(row, "StartTime"),
    )


def cluster_node(row: PSObject) -> r.ClusterNode:
    return r.ClusterNode(name=short_name(text(row, "Name")), state=enum(row, "State", CLUSTER_NODE_STATES))


def counter_samples(row: PSObject) -> tuple[r.CounterSample, ...]:
    """The samples of one Get-Counter answer: ``CounterSamples`` as objects, or the text of ``Readings``.

    The sheet is silent on how deep the samples travel; both forms are taken [M].
    """
    value = row.get("CounterSamples")
    if isinstance(value, PSObject):
        value = value.value if isinstance(value.value, list) else [value]
    found = []
    for sample in value if isinstance(value, list) else ():
        cooked = _real(sample.get("CookedValue")) if isinstance(sample, PSObject) else None
        if isinstance(sample, PSObject) and cooked is not None:
            found.append(r.CounterSample(text(sample, "Path"), cooked))
    if found:
        return tuple(found)
    return tuple(_printed_samples(block(row, "Readings")))


def _printed_samples(printed: str) -> Iterator[r.CounterSample]:
    """``Readings``: a line with the path and a colon, below it the value."""
    lines = [line.strip() for line in printed.split("\n")]
    for path, value in pairwise(line for line in lines if line):
        cooked = _real(value)
        if path.startswith("\\\\") and path.endswith(":") and cooked is not None:
            yield r.CounterSample(path.removesuffix(":").rstrip(), cooked)


def _real(value: object) -> float | None:
    if value is None:
        return None
    try:
        return float(str(value))
    except ValueError:
        return None

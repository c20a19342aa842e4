"""Get-ExchangeServer, Get-DatabaseAvailabilityGroup, Get-MailboxServer, Set-MailboxServer (§2.8, 2.9, 2.12).

Property lists and order are those of real 2016 exports [B]; values of types that Exchange's type files
turn into strings (ADObjectId, sizes, spans, versions) are strings here (§2.0).
"""

from __future__ import annotations

from typing import Final

from cockpit.exchange.model import ACTIVATION_POLICIES, Role, Version
from cockpit.lab.clixml import Enum, ListValue
from cockpit.lab.cmdlet import ErrorRecord, Invocation, Output
from cockpit.lab.cmdlets import shapes
from cockpit.lab.dag import has_quorum
from cockpit.lab.organization import CLUSTER, Dag, Server
from cockpit.lab.simulation import Simulation

_ROOT = r"C:\Program Files\Microsoft\Exchange Server\V15"
_SYSTEM = "Microsoft.Exchange.Data.Directory.SystemConfiguration."
_SERVER_CLASSES: Final = ("top", "server", "msExchExchangeServer")
_POLICIES: Final = {name.lower(): number for number, name in ACTIVATION_POLICIES.items()}
_NETWORKS: Final = ("ncacn_vns_spp", "netbios", "ncacn_np", "ncacn_spx", "ncacn_ip_tcp", "ncalrpc")


def server_role(server: Server) -> Enum:
    """``Mailbox`` from 2016 on [B]; a 2013 multi-role server prints both, as the sheet has it from memory."""
    if server.version is not Version.E2013:
        return Enum(f"{_SYSTEM}ServerRole", "Mailbox", 2)
    name = ", ".join(r.value for r in (Role.MAILBOX, Role.CLIENT_ACCESS) if r in server.roles)
    number = sum({Role.MAILBOX: 2, Role.CLIENT_ACCESS: 4}[r] for r in server.roles)
    return Enum(f"{_SYSTEM}ServerRole", name, number)


def version_text(server: Server) -> str:
    major, minor, build, revision = server.build
    return f"Version {major}.{minor} (Build {build}.{revision})"


def _tail(sim: Simulation, call: Invocation, server: Server) -> dict[str, object]:
    ending = shapes.directory_tail(
        sim,
        server,
        identity=server.name,
        dn=f"CN={server.name},{shapes.server_path(sim)}",
        guid=server.guid,
        classes=_SERVER_CLASSES,
        changed=server.booted_at,
    )
    return shapes.originating(call, ending)


async def get_exchange_server(sim: Simulation, call: Invocation, out: Output) -> None:
    sim.touch()
    status = shapes.switch(call, "Status")
    for server in shapes.ask(sim, call, out):
        domain = sim.organization.domain
        controller = sim.organization.domain_controller
        address = [f"{kind}:{server.fqdn if kind == 'ncacn_ip_tcp' else server.name}" for kind in _NETWORKS]
        shown: dict[str, object] = {
            "Name": server.name,
            "DataPath": rf"{_ROOT}\Mailbox",
            "Domain": domain,
            "Edition": Enum("Microsoft.Exchange.Data.ServerEditionType", "StandardEvaluation", 2),
            "ExchangeLegacyDN": f"/o={sim.organization.name}/ou=Exchange Administrative Group "
            f"(FYDIBOHF23SPDLT)/cn=Configuration/cn=Servers/cn={server.name}",
            "ExchangeLegacyServerRole": 0,
            "Fqdn": server.fqdn,
            "CustomerFeedbackEnabled": False,
            "InternetWebProxy": None,
            "InternetWebProxyBypassList": None,
            "IsHubTransportServer": server.has_back_end,
            "IsClientAccessServer": server.has_front_end,
            "IsExchange2007OrLater": True,
            "IsEdgeServer": False,
            "IsMailboxServer": server.has_back_end,
            "IsE14OrLater": True,
            "IsE15OrLater": True,
            "IsProvisionedServer": False,
            "IsUnifiedMessagingServer": server.has_back_end and server.version is not Version.E2019,
            "IsFrontendTransportServer": server.has_front_end,
            "NetworkAddress": ListValue(address, shapes.mvp("Microsoft.Exchange.Data.NetworkAddress")),
            "OrganizationalUnit": f"{domain}/{server.name}",
            "AdminDisplayVersion": version_text(server),
            "Site": f"{domain}/Configuration/Sites/{server.site}",
            "ServerRole": server_role(server),
            "ErrorReportingEnabled": False,
            "MitigationsEnabled": True,
            "StaticDomainControllers": shapes.strings(),
            "StaticGlobalCatalogs": shapes.strings(),
            "StaticConfigDomainController": "",
            "StaticExcludedDomainControllers": shapes.strings(),
            "MonitoringGroup": "",
            "CurrentDomainControllers": shapes.strings(*([controller] if status else [])),
            "CurrentGlobalCatalogs": shapes.strings(*([controller] if status else [])),
            "CurrentConfigDomainController": controller if status else "",
            "ProductID": "",
            "IsExchangeTrialEdition": True,
            "IsExpiredExchangeTrialEdition": False,
            "MailboxProvisioningAttributes": None,
            "RemainingTrialPeriod": "90.00:00:00",
            "MitigationsApplied": None,
            "MitigationsBlocked": None,
            "DataCollectionEnabled": False,
            **_tail(sim, call, server),
        }
        shapes.send(sim, call, out, shapes.EXCHANGE_SERVER, server.name, shown)


async def get_mailbox_server(sim: Simulation, call: Invocation, out: Output) -> None:
    sim.touch()
    for server in shapes.ask(sim, call, out):
        if not server.has_back_end:
            if shapes.text(call, "Identity"):
                shapes.not_found(sim, call, out, shapes.text(call, "Identity"))
            continue
        shapes.send(sim, call, out, shapes.MAILBOX_SERVER, server.name, _mailbox_server(sim, call, server))


def _mailbox_server(sim: Simulation, call: Invocation, server: Server) -> dict[str, object]:
    logging = rf"{_ROOT}\Logging"
    return {
        "Name": server.name,
        "DataPath": rf"{_ROOT}\Mailbox",
        "SharingPolicySchedule": ListValue(
            [], ("Microsoft.Exchange.Common.ScheduleInterval[]", "System.Array")
        ),
        "CalendarRepairMissingItemFixDisabled": False,
        "CalendarRepairLogEnabled": True,
        "CalendarRepairLogSubjectLoggingEnabled": True,
        "CalendarRepairLogPath": rf"{logging}\Calendar Repair Assistant",
        "CalendarRepairIntervalEndWindow": 7,
        "CalendarRepairLogFileAgeLimit": "10.00:00:00",
        "CalendarRepairLogDirectorySizeLimit": "500 MB (524,288,000 bytes)",
        "CalendarRepairMode": Enum("Microsoft.Exchange.Data.CalendarRepairType", "RepairAndValidate", 1),
        "ManagedFolderAssistantSchedule": None,
        "LogPathForManagedFolders": rf"{logging}\Managed Folder Assistant",
        "LogFileAgeLimitForManagedFolders": "00:00:00",
        "LogDirectorySizeLimitForManagedFolders": "Unlimited",
        "LogFileSizeLimitForManagedFolders": "10 MB (10,485,760 bytes)",
        "MigrationLogLoggingLevel": Enum("Microsoft.Exchange.Data.MigrationEventType", "Information", 4),
        "MigrationLogFilePath": None,
        "MigrationLogMaxAge": "180.00:00:00",
        "MigrationLogMaxDirectorySize": "5 GB (5,368,709,120 bytes)",
        "MigrationLogMaxFileSize": "100 MB (104,857,600 bytes)",
        "MAPIEncryptionRequired": False,
        "RetentionLogForManagedFoldersEnabled": False,
        "JournalingLogForManagedFoldersEnabled": False,
        "FolderLogForManagedFoldersEnabled": False,
        "SubjectLogForManagedFoldersEnabled": False,
        "SubmissionServerOverrideList": ListValue([], shapes.AD_IDS),
        "AutoDatabaseMountDial": Enum(f"{_SYSTEM}AutoDatabaseMountDial", "GoodAvailability", 6),
        "ForceGroupMetricsGeneration": False,
        "IsPhoneticSupportEnabled": False,
        "Locale": ListValue([], shapes.STRINGS),
        "DatabaseAvailabilityGroup": server.dag or None,
        "DatabaseCopyAutoActivationPolicy": shapes.numbered(
            f"{_SYSTEM}DatabaseCopyAutoActivationPolicyType", ACTIVATION_POLICIES, server.activation_policy
        ),
        "DatabaseCopyActivationDisabledAndMoveNow": server.move_now,
        "FaultZone": f"FaultZone{len(server.site)}",
        "AutoDagServerConfigured": False,
        "TransportSyncDispatchEnabled": False,
        "MaxTransportSyncDispatchers": 5,
        "TransportSyncLogEnabled": False,
        "TransportSyncLogLoggingLevel": Enum("Microsoft.Exchange.Data.SyncLoggingLevel", "None", 0),
        "TransportSyncLogFilePath": None,
        "TransportSyncLogMaxAge": "30.00:00:00",
        "TransportSyncLogMaxDirectorySize": "2 GB (2,147,483,648 bytes)",
        "TransportSyncLogMaxFileSize": "10 MB (10,485,760 bytes)",
        "TransportSyncMailboxHealthLogEnabled": False,
        "TransportSyncMailboxHealthLogFilePath": None,
        "TransportSyncMailboxHealthLogMaxAge": "30.00:00:00",
        "TransportSyncMailboxHealthLogMaxDirectorySize": "10 GB (10,737,418,240 bytes)",
        "TransportSyncMailboxHealthLogMaxFileSize": "10 MB (10,485,760 bytes)",
        "IsExcludedFromProvisioning": False,
        "MaximumActiveDatabases": server.maximum_active_databases,
        "MaximumPreferredActiveDatabases": server.maximum_preferred_active_databases,
        "WacDiscoveryEndpoint": None,
        "AdminDisplayVersion": version_text(server),
        "ServerRole": server_role(server),
        "ExchangeLegacyServerRole": 0,
        **_tail(sim, call, server),
    }


def _refused(call: Invocation) -> str:
    """Why the values cannot be taken; the words are the lab's own."""
    policy = shapes.text(call, "DatabaseCopyAutoActivationPolicy")
    if "DatabaseCopyAutoActivationPolicy" in call.parameters and policy.lower() not in _POLICIES:
        return f"'{policy}' is not a DatabaseCopyAutoActivationPolicy."
    maximum = shapes.text(call, "MaximumActiveDatabases")
    preferred = shapes.text(call, "MaximumPreferredActiveDatabases")
    for given in (maximum, preferred):
        if given and not given.isdigit():
            return f"'{given}' is not a number of databases."
    return ""


async def set_mailbox_server(sim: Simulation, call: Invocation, out: Output) -> None:
    """MoveNow, activation policy and the maximum; the cmdlet does not wait for moves (§2.8)."""
    t = sim.touch()
    found = shapes.ask(sim, call, out)
    if len(found) != 1:
        return
    server = found[0]
    problem = _refused(call)
    if problem:
        kind = "ArgumentException"
        identifier = shapes.fully_qualified(sim, call, kind, "SetMailboxServer")
        out.error(ErrorRecord(problem, identifier, category=5, reason=kind, exception_type=f"System.{kind}"))
        return
    if shapes.switch(call, "WhatIf"):
        return
    changed = _change(sim, call, server, t)
    if not changed:
        out.warning(
            f"The command completed successfully but no settings of '{server.name}' have been modified."
        )
        return
    words = ", ".join(f"{k}={v}" for k, v in call.parameters.items() if k != "Identity")
    sim.ledger.change(t, server.name, "mailbox server", words, call.user)


def _change(sim: Simulation, call: Invocation, server: Server, t: float) -> bool:
    """Take the values over; whether one was new."""
    before = (
        server.move_now,
        server.activation_policy,
        server.maximum_active_databases,
        server.maximum_preferred_active_databases,
    )
    given = call.parameters
    if "DatabaseCopyActivationDisabledAndMoveNow" in given:
        server.move_now = shapes.switch(call, "DatabaseCopyActivationDisabledAndMoveNow")
        if server.move_now:
            sim.lifecycle.move_now(server, t, call.user)
    if "DatabaseCopyAutoActivationPolicy" in given:
        server.activation_policy = _POLICIES[shapes.text(call, "DatabaseCopyAutoActivationPolicy").lower()]
    if "MaximumActiveDatabases" in given:
        server.maximum_active_databases = _number(call, "MaximumActiveDatabases")
    if "MaximumPreferredActiveDatabases" in given:
        server.maximum_preferred_active_databases = _number(call, "MaximumPreferredActiveDatabases")
    return before != (
        server.move_now,
        server.activation_policy,
        server.maximum_active_databases,
        server.maximum_preferred_active_databases,
    )


def _number(call: Invocation, name: str) -> int | None:
    given = shapes.text(call, name)
    return int(given) if given.isdigit() else None


async def get_database_availability_group(sim: Simulation, call: Invocation, out: Output) -> None:
    sim.touch()
    wanted = shapes.text(call, "Identity")
    dags = list(sim.organization.dags.values())
    if wanted:
        dags = [d for d in dags if d.name.lower() == wanted.lower()]
        if not dags:
            shapes.not_found(sim, call, out, wanted)
    for dag in dags:
        shown = shapes.originating(call, _dag(sim, dag, live=shapes.switch(call, "Status")))
        shapes.send(sim, call, out, shapes.DAG, dag.name, shown)


def _in_maintenance(server: Server) -> bool:
    """What ServersInMaintenance looks at is not in the sheet: here ServerWideOffline and a paused node."""
    return server.node_paused or server.component("ServerWideOffline") == 0


def _frequency(dag: Dag) -> str:
    """Off is Timeout.InfiniteTimeSpan, minus one millisecond [M]."""
    return "-00:00:00.0010000" if dag.preference_moves is None else shapes.span(dag.preference_moves)


def _dag(sim: Simulation, dag: Dag, *, live: bool) -> dict[str, object]:
    """Live properties are blank without -Status [A]. Names of types and defaults partly from memory [M]."""
    organization = sim.organization
    quorum = has_quorum(organization, dag)
    up = [n for n in dag.servers if quorum and organization.server(n).runs(CLUSTER)]
    maintenance = [n for n in up if _in_maintenance(organization.server(n))]
    even = len(dag.servers) % 2 == 0
    witness = ("Primary", 1) if even and dag.witness_up and quorum else ("None", 0)
    mode = ("DagOnly", 1) if dag.datacenter_activation else ("Off", 0)
    first = organization.server(dag.servers[0])
    later = first.version is not Version.E2013
    path = shapes.server_path(sim).replace("CN=Servers,", "CN=Database Availability Groups,", 1)

    def ids(names: list[str]) -> ListValue:
        return ListValue(names, shapes.AD_IDS)

    return {
        "Name": dag.name,
        "Servers": ids(list(dag.servers)),
        "WitnessServer": dag.witness_server,
        "WitnessDirectory": dag.witness_directory,
        "AlternateWitnessServer": None,
        "AlternateWitnessDirectory": None,
        "NetworkCompression": Enum(f"{_SYSTEM}DatabaseAvailabilityGroup+NetworkOption", "InterSubnetOnly", 2),
        "NetworkEncryption": Enum(f"{_SYSTEM}DatabaseAvailabilityGroup+NetworkOption", "InterSubnetOnly", 2),
        "ManualDagNetworkConfiguration": False,
        "DatacenterActivationMode": Enum(f"{_SYSTEM}DatacenterActivationModeOption", *mode),
        "StoppedMailboxServers": shapes.strings(),
        "StartedMailboxServers": shapes.strings(*(organization.server(n).fqdn for n in dag.servers)),
        "DatabaseAvailabilityGroupIpv4Addresses": shapes.strings(),
        "DatabaseAvailabilityGroupIpAddresses": shapes.strings(),
        "AllowCrossSiteRpcClientAccess": False,
        "OperationalServers": ids(up) if live else None,
        "PrimaryActiveManager": dag.primary_active_manager if live and up else None,
        "ServersInMaintenance": ids(maintenance) if live else None,
        "ServersInDeferredRecovery": ids([]) if live else None,
        "ThirdPartyReplication": Enum(f"{_SYSTEM}ThirdPartyReplicationMode", "Disabled", 0),
        "ReplicationPort": 64327 if live else 0,
        "NetworkNames": shapes.strings(*(["MapiDagNetwork"] if live else [])),
        "WitnessShareInUse": Enum(f"{_SYSTEM}WitnessShareUsage", *witness) if live else None,
        "DatabaseAvailabilityGroupConfiguration": None,
        "AutoDagSchemaVersion": "1.0",
        "AutoDagDatabaseCopiesPerDatabase": 1,
        "AutoDagDatabaseCopiesPerVolume": 1,
        "AutoDagTotalNumberOfDatabases": 0,
        "AutoDagTotalNumberOfServers": 0,
        "AutoDagDatabasesRootFolderPath": r"C:\ExchangeDatabases",
        "AutoDagVolumesRootFolderPath": r"C:\ExchangeVolumes",
        "AutoDagAllServersInstalled": False,
        "AutoDagAutoReseedEnabled": True,
        "AutoDagDiskReclaimerEnabled": True,
        "AutoDagBitlockerEnabled": False,
        "AutoDagFIPSCompliant": False,
        "ReplayLagManagerEnabled": later,
        **({"PreferenceMoveFrequency": _frequency(dag)} if later else {}),
        **shapes.directory_tail(
            sim,
            first,
            identity=dag.name,
            dn=f"CN={dag.name},{path}",
            guid=dag.guid,
            classes=("top", "msExchMDBAvailabilityGroup"),
            changed=first.booted_at,
        ),
    }

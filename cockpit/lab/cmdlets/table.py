"""Which commands each endpoint has, with their parameters."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Final, TypeAlias

from cockpit.lab.cmdlet import Cmdlet, CmdletTable, Invocation, Output
from cockpit.lab.cmdlets import (
    cim,
    commands,
    components,
    copies,
    databases,
    directory,
    eventlog,
    health,
    machine,
    moves,
    pop,
    probe,
    processes,
    replication,
    winrm,
)
from cockpit.lab.cmdlets.shapes import knobs_of
from cockpit.lab.hostile import PoisonedOutput
from cockpit.lab.simulation import Simulation

_Body: TypeAlias = Callable[[Simulation, Invocation, Output], Awaitable[None]]
_AS_IDENTITY: Final = {"Server": "Identity"}


async def _run(sim: Simulation, body: _Body, call: Invocation, out: Output) -> None:
    """The handler of a cmdlet; with hostile strings on, its warnings and errors carry them too."""
    hostile = knobs_of(sim, call).hostile
    await body(sim, call, PoisonedOutput(out, sim.poisoner) if hostile else out)


def _cmdlet(
    sim: Simulation,
    name: str,
    body: _Body,
    parameters: str,
    *,
    mandatory: str = "",
    positional: str = "",
    aliases: Mapping[str, str] | None = None,
    native: bool = False,
) -> Cmdlet:
    return Cmdlet(
        name,
        partial(_run, sim, body),
        frozenset(parameters.split()),
        frozenset(mandatory.split()),
        tuple(positional.split()),
        dict(aliases or {}),
        native,
    )


def exchange_table_of(sim: Simulation, server: str) -> CmdletTable:
    """The Exchange endpoint of one server, with that server's RBAC knob. What it does not have
    (Where-Object, Restart-Service, …) is not recognized there."""
    knobs = sim.knobs[server]
    table = CmdletTable(_exchange(sim), knobs.denies, knobs.hides)
    body = partial(commands.get_command, table)
    table.add(_cmdlet(sim, "Get-Command", body, "Name CommandType Module ArgumentList", positional="Name"))
    return table


def _exchange(sim: Simulation) -> list[Cmdlet]:
    one = partial(_cmdlet, sim)
    health_parameters = "Identity HaImpactingOnly HealthSet"
    return [
        one(
            *("Get-ExchangeServer", directory.get_exchange_server),
            "Identity Domain DomainController Status",
            positional="Identity",
        ),
        one(
            *("Get-DatabaseAvailabilityGroup", directory.get_database_availability_group),
            "Identity DomainController Status",
            positional="Identity",
        ),
        one(
            *("Get-MailboxServer", directory.get_mailbox_server),
            "Identity DomainController Status",
            positional="Identity",
        ),
        one(
            *("Set-MailboxServer", directory.set_mailbox_server),
            "Identity DatabaseCopyActivationDisabledAndMoveNow DatabaseCopyAutoActivationPolicy "
            "MaximumActiveDatabases MaximumPreferredActiveDatabases DomainController Confirm WhatIf",
            mandatory="Identity",
            positional="Identity",
        ),
        one(
            *("Get-MailboxDatabaseCopyStatus", copies.get_mailbox_database_copy_status),
            "Identity Server Local Active ConnectionStatus DomainController ExtendedErrorInfo UseServerCache",
            positional="Identity",
        ),
        one(
            *("Move-ActiveMailboxDatabase", moves.move_active_mailbox_database, moves.PARAMETERS),
            positional="Identity",
        ),
        one(
            *("Get-MailboxDatabase", databases.get_mailbox_database),
            "Identity Server Status DomainController IncludePreExchange2013 DumpsterStatistics",
            positional="Identity",
        ),
        one(
            *("Get-Mailbox", databases.get_mailbox),
            "Identity Monitoring Server Database ResultSize DomainController",
            positional="Identity",
        ),
        one(
            *("Test-ReplicationHealth", replication.test_replication_health),
            "Identity ActiveDirectoryTimeout DomainController MonitoringContext OutputObjects "
            "TransientEventSuppressionWindow Confirm WhatIf",
            positional="Identity",
        ),
        one(
            *("Test-ServiceHealth", replication.test_service_health),
            "Server ActiveDirectoryTimeout DomainController MonitoringContext Confirm WhatIf",
            positional="Server",
        ),
        one(
            *("Get-ServerHealth", health.get_server_health, health_parameters),
            mandatory="Identity",
            positional="Identity",
            aliases=_AS_IDENTITY,
        ),
        one(
            *("Get-HealthReport", health.get_health_report),
            f"{health_parameters} GroupSize MinimumOnlinePercent RollupGroup",
            mandatory="Identity",
            positional="Identity",
            aliases=_AS_IDENTITY,
        ),
        one(
            *("Get-MonitoringItemIdentity", health.get_monitoring_item_identity, "Identity Server"),
            mandatory="Identity Server",
            positional="Identity",
        ),
        one(
            *("Get-ServerMonitoringOverride", health.get_server_monitoring_override, "Server"),
            mandatory="Server",
        ),
        one(
            *("Get-GlobalMonitoringOverride", health.get_global_monitoring_override, "DomainController"),
        ),
        one(
            *("Get-ServerComponentState", components.get_server_component_state),
            "Identity Component DomainController",
            mandatory="Identity",
            positional="Identity",
        ),
        one(
            *("Set-ServerComponentState", components.set_server_component_state),
            "Identity Component Requester State LocalOnly RemoteOnly TimeoutInSeconds DomainController "
            "Confirm WhatIf",
            mandatory="Identity Component Requester State",
            positional="Identity",
        ),
        one("Get-PopSettings", pop.get_pop_settings, "Server DomainController", positional="Server"),
        one("Set-PopSettings", pop.set_pop_settings, " ".join(sorted(pop.SET_PARAMETERS))),
        one(
            *("Invoke-MonitoringProbe", probe.invoke_monitoring_probe),
            "Identity Server Account Endpoint ItemTargetExtension Password PropertyOverride SecondaryAccount "
            "SecondaryEndpoint SecondaryPassword TimeOutSeconds",
            mandatory="Identity Server",
            positional="Identity",
        ),
        one(
            *("Test-PopConnectivity", probe.test_pop_connectivity),
            "ClientAccessServer ConnectionType LightMode MailboxCredential MailboxServer MonitoringContext "
            "PerConnectionTimeout PortClientAccessServer ResetTestAccountCredentials Timeout "
            "TrustAnySSLCertificate Confirm WhatIf DomainController",
            positional="ClientAccessServer",
        ),
    ]


def winrm_table_of(sim: Simulation, server: str) -> CmdletTable:
    """The Microsoft.PowerShell endpoint of one server."""
    one = partial(_cmdlet, sim)
    control = "Name Force PassThru Confirm WhatIf"
    return CmdletTable(
        [
            one(
                *("Get-Service", winrm.get_service, "Name DisplayName Include Exclude"),
                positional="Name",
                aliases={"ServiceName": "Name"},
            ),
            one("Restart-Service", winrm.restart_service, control, mandatory="Name", positional="Name"),
            one("Start-Service", winrm.start_service, control, mandatory="Name", positional="Name"),
            one("Stop-Service", winrm.stop_service, f"{control} NoWait", mandatory="Name", positional="Name"),
            one(
                *("Set-Service", winrm.set_service, "Name StartupType Confirm WhatIf"),
                mandatory="Name",
                positional="Name",
            ),
            one(
                *("Get-CimInstance", cim.get_cim_instance, "ClassName Filter Property Namespace"),
                mandatory="ClassName",
                positional="ClassName",
            ),
            one(
                *("Get-Process", processes.get_process, "Name Id"),
                positional="Name",
                aliases={"ProcessName": "Name"},
            ),
            one(
                *("Get-Counter", processes.get_counter, "Counter SampleInterval MaxSamples"),
                positional="Counter",
            ),
            one("Get-ClusterNode", machine.get_cluster_node, "Name Cluster", positional="Name"),
            one("Restart-Computer", machine.restart_computer, "Force Confirm WhatIf"),
            one("wevtutil", eventlog.wevtutil, "Arguments", native=True),
        ],
        sim.knobs[server].denies,
        sim.knobs[server].hides,
    )

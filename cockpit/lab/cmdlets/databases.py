"""Get-MailboxDatabase and Get-Mailbox -Monitoring. Property lists are a selection, from memory [M]."""

from __future__ import annotations

from typing import Final

from cockpit.lab.clixml import Enum, ListValue
from cockpit.lab.cmdlet import Invocation, Output
from cockpit.lab.cmdlets import shapes
from cockpit.lab.organization import Database
from cockpit.lab.simulation import Simulation

_DIRECTORY: Final = "Microsoft.Exchange.Data.Directory."
_DATABASE: Final = (
    f"{_DIRECTORY}SystemConfiguration.MailboxDatabase",
    f"{_DIRECTORY}SystemConfiguration.Database",
    *shapes.CONFIGURATION,
)
_MAILBOX: Final = (
    f"{_DIRECTORY}Management.Mailbox",
    f"{_DIRECTORY}Management.MailEnabledOrgPerson",
    *shapes.PRESENTATION,
)
_PAIR: Final = (
    "System.Collections.Generic.KeyValuePair`2[[Microsoft.Exchange.Data.Directory.ADObjectId, "
    "Microsoft.Exchange.Data.Directory, Version=15.0.0.0, Culture=neutral, "
    "PublicKeyToken=31bf3856ad364e35],[System.Int32, mscorlib, Version=4.0.0.0, Culture=neutral, "
    "PublicKeyToken=b77a5c561934e089]][]",
    "System.Array",
    shapes.OBJECT,
)
_OBJECTS: Final = "Microsoft Exchange System Objects"
_FOLDER: Final = r"D:\ExchangeDatabases"


async def get_mailbox_database(sim: Simulation, call: Invocation, out: Output) -> None:
    """By name, by server (every database with a copy there), or all; Mounted and BackupInProgress are null
    without -Status."""
    sim.touch()
    live = shapes.switch(call, "Status")
    for database in _wanted(sim, call, out):
        if live:
            await sim.rpc(sim.organization.server(database.active))
        shapes.send(sim, call, out, _DATABASE, database.name, _database(sim, call, database, live=live))


def _wanted(sim: Simulation, call: Invocation, out: Output) -> list[Database]:
    every = list(sim.organization.databases.values())
    if shapes.text(call, "Server"):
        names = {s.name for s in shapes.ask(sim, call, out, "Server")}
        return [d for d in every if any(c.server in names for c in d.copies)]
    wanted = shapes.text(call, "Identity")
    if not wanted:
        return every
    found = sim.organization.database(wanted)
    if found is None:
        shapes.not_found(sim, call, out, wanted)
        return []
    return [found]


def _database(sim: Simulation, call: Invocation, database: Database, *, live: bool) -> dict[str, object]:
    organization = sim.organization
    home = organization.server(database.active)
    copies = sorted(database.copies, key=lambda c: c.preference)
    servers = [c.server for c in copies]
    preferences = ListValue([f"[{c.server}, {c.preference}]" for c in copies], _PAIR)
    known = live and home.up
    return {
        "Name": database.name,
        "Server": database.active,
        "ServerName": database.active,
        "MasterServerOrAvailabilityGroup": database.dag or database.active,
        "MasterType": Enum(
            f"{_DIRECTORY}SystemConfiguration.MasterType",
            "DatabaseAvailabilityGroup" if database.dag else "Server",
            2 if database.dag else 1,
        ),
        "ReplicationType": Enum(
            f"{_DIRECTORY}SystemConfiguration.ReplicationType",
            "Remote" if database.replicated else "None",
            2 if database.replicated else 0,
        ),
        "Servers": ListValue(servers, shapes.AD_IDS),
        "ActivationPreference": preferences,
        "ReplayLagTimes": ListValue([f"[{c.server}, {shapes.span(c.replay_lag)}]" for c in copies], _PAIR),
        "TruncationLagTimes": ListValue([f"[{c.server}, 00:00:00]" for c in copies], _PAIR),
        "EdbFilePath": rf"{_FOLDER}\{database.name}\{database.name}.edb",
        "LogFolderPath": rf"{_FOLDER}\{database.name}",
        "CircularLoggingEnabled": False,
        "Recovery": False,
        "MountAtStartup": True,
        "Mounted": database.mounted if known else None,
        "BackupInProgress": database.backup_in_progress if known else None,
        "SnapshotLastFullBackup": True if known else None,
        "LastFullBackup": sim.local(home, -30_000.0) if known else None,
        "DatabaseSize": "41.13 GB (44,162,000,896 bytes)" if known else None,
        "IsExcludedFromProvisioning": False,
        **shapes.originating(
            call,
            shapes.directory_tail(
                sim,
                home,
                identity=database.name,
                dn=f"CN={database.name},{shapes.server_path(sim).replace('CN=Servers,', 'CN=Databases,', 1)}",
                guid=database.guid,
                classes=("top", "msExchMDB", "msExchPrivateMDB"),
                changed=home.booted_at,
            ),
        ),
    }


async def get_mailbox(sim: Simulation, call: Invocation, out: Output) -> None:
    """Monitoring mailboxes with -Monitoring; the lab has no others. One per database."""
    sim.touch()
    wanted = shapes.text(call, "Identity").lower()
    databases = [d for d in sim.organization.databases.values() if d.monitoring_mailbox]
    if not shapes.switch(call, "Monitoring"):
        databases = []
    if shapes.text(call, "Server"):
        names = {s.name for s in shapes.ask(sim, call, out, "Server")}
        databases = [d for d in databases if d.active in names]
    if shapes.text(call, "Database"):
        name = shapes.text(call, "Database").lower()
        databases = [d for d in databases if d.name.lower() == name]
    if wanted:
        databases = [d for d in databases if wanted in _names(sim, d)]
        if not databases:
            shapes.not_found(sim, call, out, shapes.text(call, "Identity"))
    for database in databases:
        shown = _mailbox(sim, call, database)
        shapes.send(sim, call, out, _MAILBOX, database.monitoring_mailbox, shown)


def _names(sim: Simulation, database: Database) -> tuple[str, ...]:
    name = database.monitoring_mailbox
    return tuple(n.lower() for n in (name, _address(sim, database), _display(database)))


def _address(sim: Simulation, database: Database) -> str:
    return f"{database.monitoring_mailbox}@{sim.organization.domain}"


def _display(database: Database) -> str:
    return f"HealthMailbox-{database.copies[0].server}-{database.name}"


def _mailbox(sim: Simulation, call: Invocation, database: Database) -> dict[str, object]:
    organization = sim.organization
    name = database.monitoring_mailbox
    server = organization.server(database.active)
    domain = ",".join(f"DC={part}" for part in organization.domain.split("."))
    return {
        "Database": database.name,
        "ServerName": server.name.lower(),
        "UserPrincipalName": _address(sim, database),
        "SamAccountName": f"SM_{name[-7:]}",
        "Alias": name,
        "DisplayName": _display(database),
        "PrimarySmtpAddress": _address(sim, database),
        "RecipientTypeDetails": Enum(
            "Microsoft.Exchange.Data.Directory.Recipient.RecipientTypeDetails",
            "MonitoringMailbox",
            549755813888,
        ),
        "Name": name,
        **shapes.originating(
            call,
            shapes.directory_tail(
                sim,
                server,
                identity=f"{organization.domain}/{_OBJECTS}/Monitoring Mailboxes/{name}",
                dn=f"CN={name},CN=Monitoring Mailboxes,CN={_OBJECTS},{domain}",
                guid=organization.guid("mailbox", database.name),
                classes=("top", "person", "organizationalPerson", "user"),
                changed=server.booted_at,
            ),
        ),
    }

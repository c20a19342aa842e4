"""How the lab's objects look on the wire: type names, enums, common tails, and the way out (§2.0, §5.6)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from cockpit.exchange.model import ALERT_VALUES, HEALTH_STATES
from cockpit.lab import clixml
from cockpit.lab.clixml import Enum, ListValue
from cockpit.lab.cmdlet import ErrorRecord, Invocation, Output
from cockpit.lab.knobs import ServerKnobs
from cockpit.lab.organization import Server
from cockpit.lab.simulation import Simulation

NEVER: Final = datetime(1, 1, 1)
"""What Exchange sends for a time that never came (§2.2)."""

OBJECT: Final = "System.Object"
CONFIGURABLE: Final = ("Microsoft.Exchange.Data.ConfigurableObject", OBJECT)
_COMMON = "Microsoft.Office.Datacenter.ActiveMonitoring.Management.Common."
_DIRECTORY = "Microsoft.Exchange.Data.Directory."
AD_OBJECT: Final = (f"{_DIRECTORY}ADObject", f"{_DIRECTORY}ADRawEntry", *CONFIGURABLE)
PRESENTATION: Final = (f"{_DIRECTORY}Management.ADPresentationObject", *AD_OBJECT)
CONFIGURATION: Final = (f"{_DIRECTORY}SystemConfiguration.ADConfigurationObject", *AD_OBJECT)

HEALTH_ENTRY: Final = (f"{_COMMON}MonitorHealthEntry", *CONFIGURABLE)
CONSOLIDATED_HEALTH: Final = (f"{_COMMON}ConsolidatedHealth", *CONFIGURABLE)
ITEM_IDENTITY: Final = (f"{_COMMON}MonitoringItemIdentity", *CONFIGURABLE)
PROBE_RESULT: Final = (f"{_COMMON}MonitoringProbeResult", *CONFIGURABLE)
OVERRIDE: Final = ("Microsoft.Exchange.Monitoring.ActiveMonitoring.MonitoringOverrideObject", *CONFIGURABLE)
EXCHANGE_SERVER: Final = (f"{_DIRECTORY}Management.ExchangeServer", *PRESENTATION)
MAILBOX_SERVER: Final = (f"{_DIRECTORY}Management.MailboxServer", *PRESENTATION)
DAG: Final = (f"{_DIRECTORY}SystemConfiguration.DatabaseAvailabilityGroup", *CONFIGURATION)
POP_SETTINGS: Final = (
    f"{_DIRECTORY}SystemConfiguration.Pop3AdConfiguration",
    f"{_DIRECTORY}SystemConfiguration.PopImapAdConfiguration",
    f"{_DIRECTORY}SystemConfiguration.ADEmailTransport",
    *CONFIGURATION,
)
COPY_STATUS: Final = (
    "Microsoft.Exchange.Management.SystemConfigurationTasks.DatabaseCopyStatusEntry",
    *CONFIGURABLE,
)
COMPONENT_STATE: Final = (f"{_DIRECTORY}Management.ServerComponentStatePresentationObject", *CONFIGURABLE)

_MVP = (
    "Microsoft.Exchange.Data.MultiValuedProperty`1[[{}, {}, Version={}, Culture=neutral, PublicKeyToken={}]]"
)
_MVP_BASE: Final = ("Microsoft.Exchange.Data.MultiValuedPropertyBase", OBJECT)
STRINGS: Final = (_MVP.format("System.String", "mscorlib", "4.0.0.0", "b77a5c561934e089"), *_MVP_BASE)


def mvp(type_name: str, assembly: str = "Microsoft.Exchange.Data") -> tuple[str, ...]:
    """Type names of a MultiValuedProperty of an Exchange type."""
    return (_MVP.format(type_name, assembly, "15.0.0.0", "31bf3856ad364e35"), *_MVP_BASE)


AD_IDS: Final = (
    "Microsoft.Exchange.Data.Directory.ADMultiValuedProperty`1"
    "[[Microsoft.Exchange.Data.Directory.ADObjectId, "
    "Microsoft.Exchange.Data.Directory, Version=15.0.0.0, Culture=neutral, PublicKeyToken=31bf3856ad364e35]]",
    *_MVP_BASE,
)


def strings(*values: str) -> ListValue:
    return ListValue(list(values), STRINGS)


_ALERT_TYPE = "Microsoft.Exchange.Data.Storage.ActiveMonitoring.MonitorAlertState"
_STATE_TYPE = "Microsoft.Exchange.Data.Storage.ActiveMonitoring.MonitorServerComponentState"
ALERTS: Final = {name: Enum(_ALERT_TYPE, name, number) for number, name in ALERT_VALUES.items()}
STATES: Final = {name: Enum(_STATE_TYPE, name, number) for number, name in HEALTH_STATES.items()}
NEW: Final = Enum("Microsoft.Exchange.Data.ObjectState", "New", 0)
UNCHANGED: Final = Enum("Microsoft.Exchange.Data.ObjectState", "Unchanged", 1)


def numbered(type_name: str, names: Mapping[int, str], number: int) -> Enum:
    return Enum(type_name, names[number], number)


def tail(identity: object) -> dict[str, object]:
    """What every monitoring object ends with."""
    return {"Identity": identity, "IsValid": True, "ObjectState": NEW}


def server_path(sim: Simulation) -> str:
    return (
        f"CN=Servers,CN=Exchange Administrative Group (FYDIBOHF23SPDLT),CN=Administrative Groups,"
        f"CN={sim.organization.name},CN=Microsoft Exchange,CN=Services,CN=Configuration,"
        + ",".join(f"DC={part}" for part in sim.organization.domain.split("."))
    )


def directory_tail(
    sim: Simulation,
    server: Server | None,
    *,
    identity: str,
    dn: str,
    guid: uuid.UUID,
    classes: tuple[str, ...],
    changed: float,
    version: str = "0.1 (8.0.535.0)",
) -> dict[str, object]:
    """The end of a directory object, in the order of real exports [B]; times local and UTC."""
    home = server or next(iter(sim.organization.servers.values()))
    domain = sim.organization.domain
    created = home.booted_at - 90 * 86_400.0
    return {
        "Identity": identity,
        "IsValid": True,
        "ExchangeVersion": version,
        "DistinguishedName": dn,
        "Guid": guid,
        "ObjectCategory": f"{domain}/Configuration/Schema/{_category(classes[-1])}",
        "ObjectClass": strings(*classes),
        "WhenChanged": sim.local(home, changed),
        "WhenCreated": sim.local(home, created),
        "WhenChangedUTC": sim.clock.at(changed),
        "WhenCreatedUTC": sim.clock.at(created),
        "OrganizationId": "",
        "Id": identity,
        "OriginatingServer": sim.organization.domain_controller,
        "ObjectState": UNCHANGED,
    }


def _category(object_class: str) -> str:
    names = {
        "msExchExchangeServer": "ms-Exch-Exchange-Server",
        "msExchMDBAvailabilityGroup": "ms-Exch-MDB-Availability-Group",
        "msExchPrivateMDB": "ms-Exch-Private-MDB",
        "user": "Person",
    }
    return names.get(object_class, "Protocol-Cfg-POP-Server")


def originating(call: Invocation, shown: dict[str, object]) -> dict[str, object]:
    """OriginatingServer is the domain controller that was asked for, where one was."""
    asked = text(call, "DomainController")
    return shown | {"OriginatingServer": asked} if asked else shown


def span(seconds: float) -> str:
    """A time span as Exchange prints it (§2.0): ``7.00:00:00``, ``00:10:00``, a negative one with ``-``."""
    whole = abs(int(seconds))
    days, rest = divmod(whole, 86_400)
    hours, rest = divmod(rest, 3600)
    words = f"{hours:02d}:{rest // 60:02d}:{rest % 60:02d}"
    return ("-" if seconds < 0 else "") + (f"{days}.{words}" if days else words)


def knobs_of(sim: Simulation, call: Invocation) -> ServerKnobs:
    """Those of the dialled server."""
    server = sim.organization.find(call.server)
    return sim.knobs[server.name] if server else ServerKnobs()


def send(
    sim: Simulation,
    call: Invocation,
    out: Output,
    type_names: tuple[str, ...],
    to_string: str,
    properties: Mapping[str, object],
) -> None:
    """Write one object, in the form the dialled server's knobs ask for."""
    knobs = knobs_of(sim, call)
    if knobs.hostile:
        properties = sim.poisoner.properties(properties, knobs.hostile)
        to_string = sim.poisoner.text(to_string)
    out.write(clixml.serialise(type_names, to_string, properties, enum_objects=knobs.enum_objects))


def fully_qualified(sim: Simulation, call: Invocation, kind: str, cmdlet_class: str) -> str:
    """``[Server=…,RequestId=…,TimeStamp=…] [FailureCategory=…] HASH,class`` (§5.6). The time stamp follows
    a server's culture; the lab's is ``dd/MM/yyyy HH:mm:ss``."""
    request = uuid.uuid4()
    stamp = sim.clock.now().strftime("%d/%m/%Y %H:%M:%S")
    return (
        f"[Server={call.server.upper()},RequestId={request},TimeStamp={stamp}] "
        f"[FailureCategory=Cmdlet-{kind}] {request.hex[:7].upper()},{cmdlet_class}"
    )


def not_found(sim: Simulation, call: Invocation, out: Output, what: str) -> None:
    """ManagementObjectNotFoundException (§5.6). The cmdlet class' name is a guess [M]."""
    kind = "ManagementObjectNotFoundException"
    text = (
        f"The operation couldn't be performed because object '{what}' couldn't be found on "
        f"'{sim.organization.domain_controller}'."
    )
    cmdlet_class = f"Microsoft.Exchange.Management.SystemConfigurationTasks.{call.cmdlet.replace('-', '')}"
    out.error(
        ErrorRecord(
            text,
            fully_qualified(sim, call, kind, cmdlet_class),
            category=0,
            reason=kind,
            exception_type=f"Microsoft.Exchange.Configuration.Tasks.{kind}",
            target="",
        )
    )


def text(call: Invocation, name: str) -> str:
    """A parameter as text; empty where it was not given."""
    value: Any = call.parameters.get(name)
    return "" if value is None else str(value)


def switch(call: Invocation, name: str) -> bool:
    value = call.parameters.get(name, False)
    return str(value).strip().lower() in ("true", "$true", "1")


def ask(sim: Simulation, call: Invocation, out: Output, name: str = "Identity") -> list[Server]:
    """The servers a Get- cmdlet is about: one, all for an empty name (§5.6), none after a not-found error."""
    wanted = text(call, name)
    if not wanted:
        return list(sim.organization.servers.values())
    server = sim.organization.find(wanted)
    if server is None:
        not_found(sim, call, out, wanted)
        return []
    return [server]

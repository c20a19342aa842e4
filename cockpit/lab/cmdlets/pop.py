"""Get-PopSettings and Set-PopSettings (§2.6)."""

from __future__ import annotations

from typing import Final

from cockpit.exchange.model import LOGIN_OPTIONS, ROLLOVERS
from cockpit.lab.clixml import Enum, ListValue
from cockpit.lab.cmdlet import Invocation, Output
from cockpit.lab.cmdlets import shapes
from cockpit.lab.organization import Server
from cockpit.lab.simulation import Simulation

SET_PARAMETERS: Final = frozenset(
    {
        *("AuthenticatedConnectionTimeout", "Banner", "CalendarItemRetrievalOption", "Confirm"),
        *("DomainController", "EnableExactRFC822Size", "EnableGSSAPIAndNTLMAuth", "EnforceCertificateErrors"),
        *("ExtendedProtectionPolicy", "ExternalConnectionSettings", "InternalConnectionSettings"),
        *("LogFileLocation", "LogFileRollOverSettings", "LoginType", "LogPerFileSizeQuota", "MaxCommandSize"),
        *("MaxConnectionFromSingleIP", "MaxConnections", "MaxConnectionsPerUser"),
        *("MessageRetrievalMimeFormat", "MessageRetrievalSortOrder", "OwaServerUrl"),
        *("PreAuthenticatedConnectionTimeout", "ProtocolLogEnabled", "ProxyTargetPort", "Server"),
        *("SSLBindings", "SuppressReadReceipt", "UnencryptedOrTLSBindings", "WhatIf", "X509CertificateName"),
    }
)
"""Exactly those of the real cmdlet; ProtocolLoggingEnabled is not one of them. [A]"""

_NOT_PROPERTIES: Final = frozenset({"Confirm", "DomainController", "Server", "WhatIf"})
_BINDINGS: Final = shapes.mvp("Microsoft.Exchange.Data.IPBinding")
_CONNECTIONS: Final = shapes.mvp("Microsoft.Exchange.Data.ProtocolConnectionSettings")
_SYSTEM: Final = "Microsoft.Exchange.Data.Directory.SystemConfiguration."
_CLASSES: Final = ("top", "protocolCfg", "protocolCfgPOP", "protocolCfgPOPServer")


def _servers(sim: Simulation, call: Invocation, out: Output) -> list[Server]:
    """Without -Server: the server that was dialled (on a real organization, the one the command runs on)."""
    if shapes.text(call, "Server"):
        return shapes.ask(sim, call, out, "Server")
    local = sim.organization.find(call.server)
    return [local] if local else []


async def get_pop_settings(sim: Simulation, call: Invocation, out: Output) -> None:
    sim.touch()
    for server in _servers(sim, call, out):
        shown = shapes.originating(call, _settings(sim, server))
        shapes.send(sim, call, out, shapes.POP_SETTINGS, "1", shown)


def _settings(sim: Simulation, server: Server) -> dict[str, object]:
    pop = server.pop
    everywhere = ["[::]", "0.0.0.0"]  # noqa: S104 - shown, not bound
    shown: dict[str, object] = {
        "ProtocolName": "POP3",
        "Name": "1",
        "MaxCommandSize": 512,
        "MessageRetrievalSortOrder": Enum("Microsoft.Exchange.Data.SortOrder", "Ascending", 0),
        "UnencryptedOrTLSBindings": ListValue([f"{a}:110" for a in everywhere], _BINDINGS),
        "SSLBindings": ListValue([f"{a}:995" for a in everywhere], _BINDINGS),
        "InternalConnectionSettings": ListValue(
            [f"{server.fqdn}:995:SSL", f"{server.fqdn}:110:TLS"], _CONNECTIONS
        ),
        "ExternalConnectionSettings": ListValue([], _CONNECTIONS),
        "X509CertificateName": server.name,
        "Banner": "The Microsoft Exchange POP3 service is ready.",
        "LoginType": shapes.numbered("Microsoft.Exchange.Data.Directory.LoginOptions", LOGIN_OPTIONS, 3),
        "AuthenticatedConnectionTimeout": "00:30:00",
        "PreAuthenticatedConnectionTimeout": "00:01:00",
        "MaxConnections": 2147483647,
        "MaxConnectionFromSingleIP": 2147483647,
        "MaxConnectionsPerUser": 16,
        "MessageRetrievalMimeFormat": Enum("Microsoft.Exchange.Data.MimeTextFormat", "BestBodyFormat", 4),
        "ProxyTargetPort": 1995,
        "CalendarItemRetrievalOption": Enum(f"{_SYSTEM}CalendarItemRetrievalOptions", "iCalendar", 0),
        "OwaServerUrl": None,
        "EnableExactRFC822Size": False,
        "LiveIdBasicAuthReplacement": False,
        "SuppressReadReceipt": False,
        "ProtocolLogEnabled": pop.protocol_log_enabled,
        "EnforceCertificateErrors": False,
        "LogFileLocation": pop.log_file_location,
        "LogFileRollOverSettings": shapes.numbered(
            "Microsoft.Exchange.Data.Directory.LogFileRollOver", ROLLOVERS, pop.log_file_rollover
        ),
        "LogPerFileSizeQuota": pop.log_per_file_size_quota,
        "ExtendedProtectionPolicy": Enum(f"{_SYSTEM}ExtendedProtectionTokenCheckingMode", "None", 0),
        "EnableGSSAPIAndNTLMAuth": True,
        "Server": server.name,
        "AdminDisplayName": "",
    }
    for name, value in pop.others.items():
        shown[name] = _like(shown.get(name), value)
    protocols = f"CN=1,CN=POP3,CN=Protocols,CN={server.name},{shapes.server_path(sim)}"
    ending = shapes.directory_tail(
        sim,
        server,
        identity=f"{server.name}\\1",
        dn=protocols,
        guid=sim.organization.guid("pop", server.name),
        classes=_CLASSES,
        changed=pop.changed_at or server.booted_at,
    )
    # ExchangeVersion and DistinguishedName come before Identity here (§2.6).
    first = {name: ending.pop(name) for name in ("ExchangeVersion", "DistinguishedName")}
    valid = {"IsValid": ending.pop("IsValid")}
    state = {"ObjectState": ending.pop("ObjectState")}
    del ending["Id"]
    return {**shown, **first, **ending, **valid, **state}


def _like(present: object, value: object) -> object:
    """A value that was set, in the shape of the default."""
    if isinstance(present, ListValue):
        return ListValue(value if isinstance(value, list) else [value], present.type_names)
    if isinstance(present, Enum):
        return Enum(present.type_name, str(value), present.number)
    if isinstance(present, bool):
        return str(value).lower() in ("true", "$true", "1")
    return value


async def set_pop_settings(sim: Simulation, call: Invocation, out: Output) -> None:
    """Keeps what is set. The running services notice only after a restart, as the real ones [A].

    The warning for values equal to the present ones is from memory, as the sheet has it (§2.8 [M]).
    """
    found = _servers(sim, call, out)
    if len(found) != 1:
        return
    server = found[0]
    given = {k: v for k, v in call.parameters.items() if k in SET_PARAMETERS and k not in _NOT_PROPERTIES}
    if shapes.switch(call, "WhatIf"):
        return
    before = _settings(sim, server)
    changed = {
        name: value
        for name, value in given.items()
        if _text(_like(before.get(name), value)) != _text(before.get(name))
    }
    if not changed:
        out.warning(
            f"The command completed successfully but no settings of '{server.name}\\1' have been modified."
        )
        return
    t = sim.touch()
    pop = server.pop
    pop.changed_at = t
    for name, value in changed.items():
        if name == "ProtocolLogEnabled":
            pop.protocol_log_enabled = str(value).lower() in ("true", "$true", "1")
        elif name == "LogFileLocation":
            pop.log_file_location = str(value)
        elif name == "LogPerFileSizeQuota":
            pop.log_per_file_size_quota = str(value)
        elif name == "LogFileRollOverSettings":
            names = {n.lower(): number for number, n in ROLLOVERS.items()}
            pop.log_file_rollover = names.get(str(value).lower(), pop.log_file_rollover)
        else:
            pop.others[name] = value
    words = ", ".join(f"{name}={value}" for name, value in changed.items())
    sim.ledger.change(t, server.name, "pop settings", words, call.user)


def _text(value: object) -> str:
    if isinstance(value, Enum):
        return value.name.lower()
    if isinstance(value, ListValue):
        return str(list(value.items))
    return str(value).lower()

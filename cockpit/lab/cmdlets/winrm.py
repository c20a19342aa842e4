"""The WinRM endpoint's commands: services, the last boot time, event logs (exchange-facts §3, §6.4).

Shapes of Get-Service, of Get-CimInstance and of their errors are those of Windows PowerShell 5.1, from
memory [M]: the sheet names the cmdlets only. Enums travel as objects there: Exchange's type files,
which make strings of them, do not exist on this endpoint.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from cockpit.exchange.model import SERVICE_STATES, START_TYPES, Version
from cockpit.lab import clixml
from cockpit.lab.clixml import Enum, ListValue
from cockpit.lab.cmdlet import ErrorRecord, Invocation, Output
from cockpit.lab.cmdlets import shapes
from cockpit.lab.organization import Server, WindowsService
from cockpit.lab.simulation import Simulation

_CONTROLLER: Final = (
    "System.ServiceProcess.ServiceController",
    "System.ComponentModel.Component",
    "System.MarshalByRefObject",
    shapes.OBJECT,
)
_CIM: Final = (
    "Microsoft.Management.Infrastructure.CimInstance#root/cimv2/Win32_OperatingSystem",
    "Microsoft.Management.Infrastructure.CimInstance#root/cimv2/CIM_OperatingSystem",
    "Microsoft.Management.Infrastructure.CimInstance#root/cimv2/CIM_LogicalElement",
    "Microsoft.Management.Infrastructure.CimInstance#root/cimv2/CIM_ManagedSystemElement",
    "Microsoft.Management.Infrastructure.CimInstance#Win32_OperatingSystem",
    "Microsoft.Management.Infrastructure.CimInstance",
    shapes.OBJECT,
)
_COMMANDS: Final = "Microsoft.PowerShell.Commands."
_CONTROL_SECONDS: Final = 6.0
"""Simulated seconds a stop or a start takes: the lab's own number."""


def _here(sim: Simulation, call: Invocation) -> Server:
    return sim.organization.server(call.server.partition(".")[0])


def _names(call: Invocation) -> list[str]:
    value = call.parameters.get("Name")
    if value is None:
        return []
    return [str(v) for v in value] if isinstance(value, list | tuple) else [str(value)]


def _missing(call: Invocation, name: str) -> ErrorRecord:
    kind = call.cmdlet.replace("-", "") + "Command"
    return ErrorRecord(
        f"Cannot find any service with service name '{name}'.",
        f"NoServiceFoundForGivenName,{_COMMANDS}{kind}",
        category=13,
        reason="ServiceCommandException",
        exception_type=f"{_COMMANDS}ServiceCommandException",
        target=name,
    )


def _found(sim: Simulation, call: Invocation, out: Output) -> list[WindowsService]:
    """The services named, in order, ``*`` as a wildcard; an error for each that does not exist."""
    server = _here(sim, call)
    every = sorted(server.services.values(), key=lambda s: s.name.lower())
    names = _names(call)
    if not names:
        return every
    found: list[WindowsService] = []
    for name in names:
        if "*" in name:
            prefix, _, suffix = name.lower().partition("*")
            found += [
                s for s in every if s.name.lower().startswith(prefix) and s.name.lower().endswith(suffix)
            ]
            continue
        service = server.service(name)
        if service is None:
            out.error(_missing(call, name))
        else:
            found.append(service)
    return found


def _write(sim: Simulation, call: Invocation, out: Output, service: WindowsService) -> None:
    shown: dict[str, object] = {
        "Name": service.name,
        "RequiredServices": ListValue([]),
        "CanPauseAndContinue": False,
        "CanShutdown": service.running,
        "CanStop": service.running,
        "DisplayName": service.display_name,
        "DependentServices": ListValue([]),
        "MachineName": ".",
        "ServiceName": service.name,
        "ServicesDependedOn": ListValue(["MSExchangeADTopology"] if "Pop3" in service.name else []),
        "ServiceHandle": None,
        "Status": shapes.numbered(
            "System.ServiceProcess.ServiceControllerStatus", SERVICE_STATES, service.state
        ),
        "ServiceType": Enum("System.ServiceProcess.ServiceType", "Win32OwnProcess", 16),
        "StartType": shapes.numbered(
            "System.ServiceProcess.ServiceStartMode", START_TYPES, service.start_type
        ),
        "Site": None,
        "Container": None,
    }
    _send(sim, call, out, _CONTROLLER, _CONTROLLER[0], shown)


def _send(
    sim: Simulation,
    call: Invocation,
    out: Output,
    types: tuple[str, ...],
    to_string: str,
    shown: dict[str, object],
) -> None:
    mode = sim.knobs[_here(sim, call).name].hostile
    if mode:
        shown = sim.poisoner.properties(shown, mode)
    out.write(clixml.serialise(types, to_string, shown, enum_objects=True))


async def get_service(sim: Simulation, call: Invocation, out: Output) -> None:
    sim.touch()
    for service in _found(sim, call, out):
        _write(sim, call, out, service)


def _would_not(call: Invocation, service: WindowsService, verb: str) -> ErrorRecord:
    label = f"{service.display_name} ({service.name})"
    return ErrorRecord(
        f"Failed to {verb} service '{label}'.",
        f"{verb.capitalize()}ServiceFailed,{_COMMANDS}{call.cmdlet.replace('-', '')}Command",
        category=1,
        reason="ServiceCommandException",
        exception_type=f"{_COMMANDS}ServiceCommandException",
        target="System.ServiceProcess.ServiceController",
    )


async def _control(
    sim: Simulation,
    call: Invocation,
    out: Output,
    act: Callable[[Server, WindowsService, float], bool],
    seconds: float,
) -> None:
    server = _here(sim, call)
    for service in _found(sim, call, out):
        if shapes.switch(call, "WhatIf"):
            continue
        await sim.pause(seconds)
        if not act(server, service, sim.touch()):
            out.error(_would_not(call, service, "start"))
        elif shapes.switch(call, "PassThru"):
            _write(sim, call, out, service)


async def restart_service(sim: Simulation, call: Invocation, out: Output) -> None:
    """A person's restart waits until the old process is gone, so it also ends hung ones."""
    engine = sim.engine
    await _control(
        *(sim, call, out), lambda m, s, t: engine.restart_service(m, s, t, call.user), 2 * _CONTROL_SECONDS
    )


async def start_service(sim: Simulation, call: Invocation, out: Output) -> None:
    engine = sim.engine
    await _control(
        *(sim, call, out), lambda m, s, t: engine.start_service(m, s, t, call.user), _CONTROL_SECONDS
    )


async def stop_service(sim: Simulation, call: Invocation, out: Output) -> None:
    def act(server: Server, service: WindowsService, t: float) -> bool:
        sim.engine.stop_service(server, service, t, call.user)
        return True

    await _control(sim, call, out, act, _CONTROL_SECONDS)


async def set_service(sim: Simulation, call: Invocation, out: Output) -> None:
    """``-StartupType`` only; the health manager looks at it when it starts."""
    t = sim.touch()
    server = _here(sim, call)
    types = {name.lower(): number for number, name in START_TYPES.items()}
    wanted = types.get(shapes.text(call, "StartupType").lower())
    for service in _found(sim, call, out):
        if wanted is not None and wanted != service.start_type:
            service.start_type = wanted
            words = f"{service.name} {START_TYPES[wanted]}"
            sim.ledger.change(t, server.name, "service start type", words, call.user)


async def get_cim_instance(sim: Simulation, call: Invocation, out: Output) -> None:
    """Win32_OperatingSystem only. Properties not asked for with -Property are null, as CIM has them."""
    name = shapes.text(call, "ClassName")
    if name.lower() != "win32_operatingsystem":
        out.error(
            ErrorRecord(
                "Invalid class ",
                "HRESULT 0x80041010,Microsoft.Management.Infrastructure.CimCmdlets.GetCimInstanceCommand",
                category=0,
                reason="CimException",
                exception_type="Microsoft.Management.Infrastructure.CimException",
                target=f"root/cimv2:{name}",
            )
        )
        return
    t = sim.touch()
    server = _here(sim, call)
    year = {Version.E2013: "2012 R2", Version.E2016: "2016", Version.E2019: "2019"}[server.version]
    caption = f"Microsoft Windows Server {year} Standard"
    shown: dict[str, object] = {
        "Caption": caption,
        "CSName": server.name,
        "LastBootUpTime": sim.local(server, server.booted_at),
        "LocalDateTime": sim.local(server, t),
        "Status": "OK",
        "CurrentTimeZone": server.utc_offset,
    }
    wanted = call.parameters.get("Property")
    if wanted:
        kept = {str(p).lower() for p in (wanted if isinstance(wanted, list | tuple) else [wanted])}
        shown = {name: value if name.lower() in kept else None for name, value in shown.items()}
    _send(sim, call, out, _CIM, f"Win32_OperatingSystem: {caption}", shown)

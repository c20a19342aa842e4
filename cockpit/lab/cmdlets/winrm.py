"""The WinRM endpoint's commands on Windows services, and what all commands there share (exchange-facts §3).

Shapes of Get-Service and of its errors are those of Windows PowerShell 5.1, from
memory [M]: the sheet names the cmdlets only. Enums travel as objects there: Exchange's type files,
which make strings of them, do not exist on this endpoint.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from cockpit.exchange.model import SERVICE_STATES, START_TYPES
from cockpit.lab import clixml
from cockpit.lab.clixml import Enum, ListValue
from cockpit.lab.cmdlet import ErrorRecord, Invocation, Output
from cockpit.lab.cmdlets import shapes
from cockpit.lab.health import HealthEngine
from cockpit.lab.organization import STOP_PENDING, Server, WindowsService
from cockpit.lab.services import End, Order, restart, start_only, stop_only
from cockpit.lab.simulation import Simulation

_CONTROLLER: Final = (
    "System.ServiceProcess.ServiceController",
    "System.ComponentModel.Component",
    "System.MarshalByRefObject",
    shapes.OBJECT,
)
COMMANDS: Final = "Microsoft.PowerShell.Commands."
_Begin: TypeAlias = Callable[[HealthEngine, Server, WindowsService, float, str], Order]


def here(sim: Simulation, call: Invocation) -> Server:
    """The server whose endpoint was dialled."""
    return sim.organization.server(call.server.partition(".")[0])


def names_of(call: Invocation) -> list[str]:
    """``-Name`` as a list; empty where it was not given."""
    value = call.parameters.get("Name")
    if value is None:
        return []
    return [str(v) for v in value] if isinstance(value, list | tuple) else [str(value)]


def _missing(call: Invocation, name: str) -> ErrorRecord:
    kind = call.cmdlet.replace("-", "") + "Command"
    return ErrorRecord(
        f"Cannot find any service with service name '{name}'.",
        f"NoServiceFoundForGivenName,{COMMANDS}{kind}",
        category=13,
        reason="ServiceCommandException",
        exception_type=f"{COMMANDS}ServiceCommandException",
        target=name,
    )


def _found(sim: Simulation, call: Invocation, out: Output) -> list[WindowsService]:
    """The services named, in order, ``*`` as a wildcard; an error for each that does not exist."""
    server = here(sim, call)
    every = sorted(server.services.values(), key=lambda s: s.name.lower())
    names = names_of(call)
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
    send(sim, call, out, _CONTROLLER, _CONTROLLER[0], shown)


def send(
    sim: Simulation,
    call: Invocation,
    out: Output,
    types: tuple[str, ...],
    to_string: str,
    shown: dict[str, object],
) -> None:
    """Write one object, its enums as objects; with hostile strings where the server's knob asks for them."""
    mode = sim.knobs[here(sim, call).name].hostile
    if mode:
        shown = sim.poisoner.properties(shown, mode)
    out.write(clixml.serialise(types, to_string, shown, enum_objects=True))


async def get_service(sim: Simulation, call: Invocation, out: Output) -> None:
    sim.touch()
    for service in _found(sim, call, out):
        _write(sim, call, out, service)


def _would_not(call: Invocation, order: Order) -> ErrorRecord:
    service = order.service
    label = f"{service.display_name} ({service.name})"
    if order.end is End.NOT_STOPPED:
        words = (
            f"Service '{label}' cannot be stopped due to the following error: Cannot stop {service.name}"
            " service on computer '.'."
        )
        kind, category = "CouldNotStopService", 2
    else:
        words, kind, category = f"Failed to start service '{label}'.", "StartServiceFailed", 1
    return ErrorRecord(
        words,
        f"{kind},{COMMANDS}{call.cmdlet.replace('-', '')}Command",
        category=category,
        reason="ServiceCommandException",
        exception_type=f"{COMMANDS}ServiceCommandException",
        target="System.ServiceProcess.ServiceController",
    )


async def _control(sim: Simulation, call: Invocation, out: Output, begin: _Begin) -> None:
    """Orders go on when the caller is gone: only the waiting ends."""
    server = here(sim, call)
    for service in _found(sim, call, out):
        if shapes.switch(call, "WhatIf"):
            continue
        order = begin(sim.engine, server, service, sim.touch(), call.user)
        if service.stop_seconds and service.state == STOP_PENDING:
            out.warning(f"Waiting for service '{service.display_name} ({service.name})' to stop...")
            await out.flush()
        await sim.until(order.due)
        if order.end is not End.DONE:
            out.error(_would_not(call, order))
        elif shapes.switch(call, "PassThru"):
            _write(sim, call, out, service)


async def restart_service(sim: Simulation, call: Invocation, out: Output) -> None:
    """Stop, wait until the process is gone, start. Gives up after ``services.STOP_LIMIT``."""
    await _control(sim, call, out, restart)


async def start_service(sim: Simulation, call: Invocation, out: Output) -> None:
    await _control(sim, call, out, start_only)


async def stop_service(sim: Simulation, call: Invocation, out: Output) -> None:
    await _control(sim, call, out, stop_only)


async def set_service(sim: Simulation, call: Invocation, out: Output) -> None:
    """``-StartupType`` only; the health manager looks at it when it starts."""
    t = sim.touch()
    server = here(sim, call)
    types = {name.lower(): number for number, name in START_TYPES.items()}
    wanted = types.get(shapes.text(call, "StartupType").lower())
    for service in _found(sim, call, out):
        if wanted is not None and wanted != service.start_type:
            service.start_type = wanted
            words = f"{service.name} {START_TYPES[wanted]}"
            sim.ledger.change(t, server.name, "service start type", words, call.user)

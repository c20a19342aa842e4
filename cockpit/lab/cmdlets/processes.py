"""Get-Process and Get-Counter on the WinRM endpoint. Shapes and error texts are from memory [M]."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from cockpit.exchange.catalogue import BACK_END_SERVICE, FRONT_END_SERVICE
from cockpit.lab.clixml import ListValue, Nested
from cockpit.lab.cmdlet import ErrorRecord, Invocation, Output
from cockpit.lab.cmdlets import shapes
from cockpit.lab.cmdlets.winrm import COMMANDS, here, names_of, send
from cockpit.lab.faults import Kind
from cockpit.lab.organization import HEALTH_MANAGER, REPLICATION, STORE, Server
from cockpit.lab.simulation import Simulation

_NAMES: Final = {
    FRONT_END_SERVICE.lower(): "Microsoft.Exchange.Pop3Service",
    BACK_END_SERVICE.lower(): "Microsoft.Exchange.Pop3Service",
    HEALTH_MANAGER.lower(): "MSExchangeHMHost",
    REPLICATION.lower(): "msexchangerepl",
    STORE.lower(): "Microsoft.Exchange.Store.Service",
}
_PROCESS: Final = (
    "System.Diagnostics.Process",
    "System.ComponentModel.Component",
    "System.MarshalByRefObject",
    shapes.OBJECT,
)
_SET: Final = ("Microsoft.PowerShell.Commands.GetCounter.PerformanceCounterSampleSet", shapes.OBJECT)
_SAMPLE: Final = ("Microsoft.PowerShell.Commands.GetCounter.PerformanceCounterSample", shapes.OBJECT)
_COUNTER: Final = re.compile(r"^(?:\\\\([^\\]+))?\\msexchangepop3(?:\([^)]*\))?\\(.+)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Running:
    """One process; ``name`` without ``.exe``."""

    name: str
    process_id: int
    started_at: float


def running_processes(server: Server) -> list[Running]:
    """Those of the services and those that run by themselves."""
    found = [
        Running(_NAMES.get(s.name.lower(), s.name), s.process_id, s.started_at)
        for s in server.services.values()
        if s.process_id
    ]
    found += [Running(p.name, p.process_id, p.started_at) for p in server.processes]
    return sorted(found, key=lambda p: (p.name.lower(), p.process_id))


async def get_process(sim: Simulation, call: Invocation, out: Output) -> None:
    sim.touch()
    server = here(sim, call)
    every = running_processes(server)
    names = names_of(call)
    found = [] if names else every
    for name in names:
        prefix, star, _ = name.lower().partition("*")
        fit = [p for p in every if p.name.lower() == prefix or (star and p.name.lower().startswith(prefix))]
        if not fit and not star:
            out.error(_no_process(name))
        found += fit
    for process in found:
        shown: dict[str, object] = {
            "Name": process.name,
            "Id": process.process_id,
            "ProcessName": process.name,
            "MachineName": ".",
            "SessionId": 0,
            "Responding": True,
            "HasExited": False,
            "StartTime": sim.local(server, process.started_at),
        }
        send(sim, call, out, _PROCESS, f"System.Diagnostics.Process ({process.name})", shown)


def _no_process(name: str) -> ErrorRecord:
    return ErrorRecord(
        f'Cannot find a process with the name "{name}". Verify the process name and call the cmdlet again.',
        f"NoProcessFoundForGivenName,{COMMANDS}GetProcessCommand",
        category=13,
        reason="ProcessCommandException",
        exception_type=f"{COMMANDS}ProcessCommandException",
        target=name,
    )


def _value(sim: Simulation, server: Server, counter: str, t: float) -> float | None:
    """Of the front end's POP3 counters the lab has two (§1.4 h names one, the other is from memory)."""
    if not server.runs(FRONT_END_SERVICE):
        return None
    match counter.lower():
        case "connections current":
            return float(server.client_connections)
        case "average command processing time (milliseconds)" | "average command processing time":
            slow = sim.faults.find(server.name, Kind.SLOW_COMMANDS, t) is not None
            return 74_000.0 if slow else 12.0
    return None


async def get_counter(sim: Simulation, call: Invocation, out: Output) -> None:
    """One set with a sample per counter; a counter that is not there is an error."""
    t = sim.touch()
    server = here(sim, call)
    asked = call.parameters.get("Counter")
    samples = []
    for path in asked if isinstance(asked, list | tuple) else [asked]:
        match = _COUNTER.match(str(path))
        value = _value(sim, server, match[2], t) if match else None
        if match is None or value is None:
            out.error(_no_counter(str(path)))
            continue
        full = rf"\\{server.name.lower()}\msexchangepop3(_total)\{match[2].lower()}"
        properties: dict[str, object] = {
            "Path": full,
            "InstanceName": "_total",
            "CookedValue": value,
            "RawValue": int(value),
            "Status": 0,
            "Timestamp": sim.local(server, t),
        }
        samples.append(Nested(_SAMPLE, _SAMPLE[0], properties))
    if samples:
        readings = "\n\n".join(f"{s.properties['Path']} :\n{s.properties['CookedValue']}" for s in samples)
        shown: dict[str, object] = {
            "Timestamp": sim.local(server, t),
            "CounterSamples": ListValue(samples),
            "Readings": readings,
        }
        send(sim, call, out, _SET, _SET[0], shown)


def _no_counter(path: str) -> ErrorRecord:
    return ErrorRecord(
        "The specified object was not found on the computer.",
        f"CounterApiError,{COMMANDS}GetCounterCommand",
        category=8,
        reason="Exception",
        exception_type="System.Exception",
        target=path,
    )

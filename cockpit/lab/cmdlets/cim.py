"""Get-CimInstance on the WinRM endpoint: the operating system, services, processes, volumes.

Classes' properties and the texts of errors are from memory [M]: the sheet names only the cmdlet.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

from cockpit.exchange.model import Version
from cockpit.lab.cmdlet import ErrorRecord, Invocation, Output
from cockpit.lab.cmdlets import shapes
from cockpit.lab.cmdlets.processes import Running, running_processes
from cockpit.lab.cmdlets.winrm import here, send
from cockpit.lab.organization import Server, WindowsService
from cockpit.lab.simulation import Simulation

_ROOT: Final = "Microsoft.Management.Infrastructure.CimInstance"
_STATES: Final = {1: "Stopped", 2: "Start Pending", 3: "Stop Pending", 4: "Running"}
_MODES: Final = {2: "Auto", 3: "Manual", 4: "Disabled"}
_CONDITION: Final = re.compile(r"^\s*(\w+)\s*=\s*(?:'([^']*)'|\"([^\"]*)\"|(\d+))\s*$")
_OR: Final = re.compile(r"\s+or\s+", re.IGNORECASE)

_Shown: TypeAlias = dict[str, object]
_Keyed: TypeAlias = tuple[str, _Shown]


def _types(name: str, *parents: str) -> tuple[str, ...]:
    full = (f"{_ROOT}#root/cimv2/{n}" for n in (name, *parents))
    return (*full, f"{_ROOT}#{name}", _ROOT, shapes.OBJECT)


def _operating_system(sim: Simulation, server: Server) -> Iterator[_Keyed]:
    t = sim.touch()
    year = {Version.E2013: "2012 R2", Version.E2016: "2016", Version.E2019: "2019"}[server.version]
    caption = f"Microsoft Windows Server {year} Standard"
    yield (
        caption,
        {
            "Caption": caption,
            "CSName": server.name,
            "LastBootUpTime": sim.local(server, server.booted_at),
            "LocalDateTime": sim.local(server, t),
            "Status": "OK",
            "CurrentTimeZone": server.utc_offset,
        },
    )


def _service(service: WindowsService, server: Server) -> _Shown:
    return {
        "Name": service.name,
        "Status": "OK",
        "ExitCode": 0,
        "DesktopInteract": False,
        "ErrorControl": "Normal",
        "PathName": "",
        "ServiceType": "Own Process",
        "StartMode": _MODES[service.start_type],
        "Caption": service.display_name,
        "DisplayName": service.display_name,
        "Started": service.running,
        "StartName": "LocalSystem",
        "State": _STATES[service.state],
        "SystemName": server.name,
        "ProcessId": service.process_id,
    }


def _services(sim: Simulation, server: Server) -> Iterator[_Keyed]:
    sim.touch()
    for service in sorted(server.services.values(), key=lambda s: s.name.lower()):
        yield f'(Name = "{service.name}")', _service(service, server)


def _processes(sim: Simulation, server: Server) -> Iterator[_Keyed]:
    sim.touch()
    for found in running_processes(server):
        yield f'(Handle = "{found.process_id}")', _process(sim, server, found)


def _process(sim: Simulation, server: Server, found: Running) -> _Shown:
    return {
        "ProcessId": found.process_id,
        "Name": f"{found.name}.exe",
        "Caption": f"{found.name}.exe",
        "CreationDate": sim.local(server, found.started_at),
        "ParentProcessId": 4,
        "CommandLine": None,
        "CSName": server.name,
    }


def _volumes(sim: Simulation, server: Server) -> Iterator[_Keyed]:
    sim.touch()
    for volume in server.volumes:
        letter = volume.mount[:2] if len(volume.mount) == 3 else None
        yield (
            f'(DeviceID = "{volume.mount}")',
            {
                "Name": volume.mount,
                "Caption": volume.mount,
                "DriveLetter": letter,
                "DriveType": 3,
                "FileSystem": "NTFS",
                "Label": "",
                "Capacity": volume.capacity,
                "FreeSpace": volume.free,
                "SystemName": server.name,
            },
        )


_CLASSES: Final[dict[str, tuple[str, tuple[str, ...], Callable[[Simulation, Server], Iterator[_Keyed]]]]] = {
    name.lower(): (name, parents, rows)
    for name, parents, rows in (
        (
            "Win32_OperatingSystem",
            ("CIM_OperatingSystem", "CIM_LogicalElement", "CIM_ManagedSystemElement"),
            _operating_system,
        ),
        ("Win32_Service", ("Win32_BaseService", "CIM_Service", "CIM_LogicalElement"), _services),
        ("Win32_Process", ("CIM_Process", "CIM_LogicalElement", "CIM_ManagedSystemElement"), _processes),
        ("Win32_Volume", ("CIM_StorageVolume", "CIM_StorageExtent", "CIM_LogicalDevice"), _volumes),
    )
}


def _refused(words: str, code: str, target: str) -> ErrorRecord:
    return ErrorRecord(
        words,
        f"HRESULT {code},Microsoft.Management.Infrastructure.CimCmdlets.GetCimInstanceCommand",
        category=0,
        reason="CimException",
        exception_type="Microsoft.Management.Infrastructure.CimException",
        target=target,
    )


def _conditions(text: str) -> list[tuple[str, str]] | None:
    """``A='x' or A='y'`` as pairs of lower-case name and value; None where the lab cannot read it. Of WQL the
    lab knows equality and ``or`` only."""
    found = []
    for part in _OR.split(text):
        match = _CONDITION.match(part)
        if match is None:
            return None
        found.append((match[1].lower(), next(g for g in match.groups()[1:] if g is not None).lower()))
    return found


def _fits(shown: _Shown, conditions: list[tuple[str, str]]) -> bool:
    lower = {name.lower(): str(value).lower() for name, value in shown.items()}
    return not conditions or any(lower.get(name) == value for name, value in conditions)


async def get_cim_instance(sim: Simulation, call: Invocation, out: Output) -> None:
    """Properties not asked for with -Property are null, as CIM has them."""
    wanted = shapes.text(call, "ClassName")
    known = _CLASSES.get(wanted.lower())
    if known is None:
        out.error(_refused("Invalid class ", "0x80041010", f"root/cimv2:{wanted}"))
        return
    text = shapes.text(call, "Filter")
    conditions = _conditions(text) if text else []
    if conditions is None:
        out.error(_refused("Invalid query ", "0x80041017", text))
        return
    name, parents, rows = known
    asked = call.parameters.get("Property")
    kept = (
        {str(p).lower() for p in (asked if isinstance(asked, list | tuple) else [asked])} if asked else None
    )
    server = here(sim, call)
    for key, shown in rows(sim, server):
        if not _fits(shown, conditions):
            continue
        if kept is not None:
            shown = {n: value if n.lower() in kept else None for n, value in shown.items()}
        send(sim, call, out, _types(name, *parents), f"{name}: {key}", shown)

"""Get-Command of the Exchange endpoint: what RBAC shows this user (exchange-facts §5.3 [D]: always visible).

The sheet is silent on its output. The lab's: Name, CommandType and Parameters, a dictionary by parameter name
whose values are the type's name, as a CmdletInfo travels at the default depth [M]. A name that is not visible
is a non-terminating error with PowerShell's own words.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Final

from cockpit.lab.clixml import serialise
from cockpit.lab.cmdlet import COMMON_PARAMETERS, Cmdlet, CmdletTable, ErrorRecord, Invocation, Output
from cockpit.lab.simulation import Simulation

_TYPES: Final = (
    "System.Management.Automation.CmdletInfo",
    "System.Management.Automation.CommandInfo",
    "System.Object",
)
_METADATA: Final = "System.Management.Automation.ParameterMetadata"
_OBJECT_NOT_FOUND: Final = 13


async def get_command(table: CmdletTable, sim: Simulation, call: Invocation, out: Output) -> None:  # noqa: ARG001
    visible = table.visible(call.user)
    given = call.parameters.get("Name")
    names = given if isinstance(given, list) else ["*" if given is None else given]
    for name in map(str, names):
        wildcard = any(sign in name for sign in "*?[")
        found = [c for c in visible if fnmatchcase(c.name.lower(), name.lower())]
        for cmdlet in found:
            out.write(_row(cmdlet))
        if not found and not wildcard:
            out.error(_unknown(name))


def _row(cmdlet: Cmdlet) -> bytes:
    names = sorted({*cmdlet.parameters, *COMMON_PARAMETERS})
    values = {"Name": cmdlet.name, "CommandType": "Cmdlet", "Parameters": dict.fromkeys(names, _METADATA)}
    return serialise(_TYPES, cmdlet.name, values, enum_objects=False)


def _unknown(name: str) -> ErrorRecord:
    return ErrorRecord(
        f"The term '{name}' is not recognized as the name of a cmdlet, function, script file, or operable "
        "program. Check the spelling of the name, or if a path was included, verify that the path is "
        "correct and try again.",
        "CommandNotFoundException,Microsoft.PowerShell.Commands.GetCommandCommand",
        _OBJECT_NOT_FOUND,
        "CommandNotFoundException",
        "System.Management.Automation.CommandNotFoundException",
        name,
    )

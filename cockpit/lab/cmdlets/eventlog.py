"""``wevtutil qe`` on the WinRM endpoint, for Managed Availability's own channels (§6.4)."""

from __future__ import annotations

from typing import Final
from xml.sax.saxutils import escape

from cockpit.lab import clixml
from cockpit.lab.cmdlet import ErrorRecord, Invocation, Output
from cockpit.lab.organization import Server
from cockpit.lab.popmonitors import RecoveryAction
from cockpit.lab.simulation import Simulation

_PREFIX: Final = "Microsoft-Exchange-ManagedAvailability/"
RESULTS: Final = f"{_PREFIX}RecoveryActionResults"
_EMPTY: Final = frozenset(
    f"{_PREFIX}{name}".lower()
    for name in ("RecoveryActionLogs", "InvokeNowRequest", "InvokeNowResult", "Monitoring")
)
"""Channels that exist and in which the lab writes nothing."""
_NAMESPACE: Final = "http://schemas.microsoft.com/win/2004/08/events/event"


def _failed(text: str) -> ErrorRecord:
    """A native program's line on its error stream; the texts are wevtutil's, from memory [M]."""
    return ErrorRecord(
        text,
        "NativeCommandError",
        category=0,
        reason="RemoteException",
        exception_type="System.Management.Automation.RemoteException",
        target=text,
    )


async def wevtutil(sim: Simulation, call: Invocation, out: Output) -> None:
    """``qe CHANNEL [/c:N] [/rd:true] [/f:xml]``: one string per event, oldest first but with /rd:true."""
    arguments = [str(a) for a in call.parameters.get("Arguments", [])]
    if len(arguments) < 2 or arguments[0].lower() not in ("qe", "query-events"):
        out.error(_failed("The parameter is incorrect."))
        return
    options = dict(a.lstrip("/-").lower().partition(":")[::2] for a in arguments[2:])
    if options.get("f", "xml") != "xml":
        out.error(_failed("The parameter is incorrect."))
        return
    channel = arguments[1].lower()
    if channel in _EMPTY:
        return
    if channel != RESULTS.lower():
        out.error(_failed("Failed to read events. The specified channel could not be found."))
        return
    sim.touch()
    server = sim.organization.server(call.server.partition(".")[0])
    found = list(sim.engine.actions.get(server.name, ()))
    if options.get("rd", "false") == "true":
        found.reverse()
    count = options.get("c", "")
    mode = sim.knobs[server.name].hostile
    for action in found[: int(count)] if count.isdigit() else found:
        words = sim.poisoner.text("") if mode else ""
        out.write(clixml.primitive(event_xml(sim, server, action, words)))


def event_xml(sim: Simulation, server: Server, action: RecoveryAction, extra: str = "") -> str:
    """One event. The sheet names the fields of the user data; event id, provider and the rest of the
    frame are from memory [M]. Times are UTC."""
    stamp = "%Y-%m-%dT%H:%M:%S.%f0Z"
    end = sim.clock.at(action.end).strftime(stamp)
    fields = {
        "Id": action.id,
        "InstanceId": f"{action.record:06d}",
        "ResourceName": action.resource,
        "StartTime": sim.clock.at(action.start).strftime(stamp),
        "EndTime": end,
        "State": action.state,
        "Result": action.result,
        "RequestorName": action.requestor,
        "ExceptionMessage": _printable(action.exception + extra),
        "ThrottleIdentity": f"{action.id}/{action.resource}",
        "ThrottleParametersXml": "",
    }
    body = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in fields.items())
    return (
        f"<Event xmlns='{_NAMESPACE}'><System><Provider Name='Microsoft-Exchange-ManagedAvailability'/>"
        f"<EventID>500</EventID><Level>4</Level><TimeCreated SystemTime='{end}'/>"
        f"<EventRecordID>{action.record}</EventRecordID><Channel>{RESULTS}</Channel>"
        f"<Computer>{server.fqdn}</Computer></System><UserData><EventXML xmlns='myNs'>{body}</EventXML>"
        "</UserData></Event>"
    )


def _printable(value: str) -> str:
    """What XML 1.0 may carry: hostile characters that it forbids are left out here."""
    return "".join(c for c in value if c in "\t\n\r" or (ord(c) >= 32 and not 0xFFFE <= ord(c) <= 0xFFFF))

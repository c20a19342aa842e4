"""``wevtutil qe`` on the WinRM endpoint, for Managed Availability's own channels (§6.4)."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from xml.sax.saxutils import escape

from cockpit.lab import clixml
from cockpit.lab.cmdlet import ErrorRecord, Invocation, Output
from cockpit.lab.cmdlets.winrm import here
from cockpit.lab.events import ACTION_RESULTS, CHANNELS, PROBE_RESULTS, Event
from cockpit.lab.organization import Server
from cockpit.lab.popmonitors import RecoveryAction
from cockpit.lab.simulation import Simulation

RESULTS: Final = ACTION_RESULTS
_NAMESPACE: Final = "http://schemas.microsoft.com/win/2004/08/events/event"
_COMPARISONS: Final[dict[str, Callable[[datetime, datetime], bool]]] = {
    ">=": operator.ge,
    ">": operator.gt,
    "<=": operator.le,
    "<": operator.lt,
}
_FRAME: Final = re.compile(
    r"^\*(?:\[System\[(.*?)\]\])?((?:\[UserData\[EventXML\[\w+!?='[^']*'\]\]\])*)$", re.DOTALL
)
_DATA: Final = re.compile(r"EventXML\[(\w+)(!?=)'([^']*)'")
_TIME: Final = re.compile(r"@SystemTime\s*(>=|>|<=|<)\s*(?:'([^']*)'|\"([^\"]*)\")")
_ID: Final = re.compile(r"\bEventID\s*=\s*(\d+)")
_GLUE: Final = re.compile(r"TimeCreated|\band\b|\bor\b|[\s()\[\]]")


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


@dataclass(frozen=True, slots=True)
class _Query:
    """What of XPath the lab reads: bounds of the time, joined by ``and``, and event ids, any of them; and
    predicates on a field of the event's data behind that, all of them: a field that is missing fits none."""

    bounds: tuple[tuple[str, datetime], ...] = ()
    ids: frozenset[int] = frozenset()
    data: tuple[tuple[str, bool, str], ...] = ()

    def fits(self, moment: datetime, number: int, fields: Mapping[str, str]) -> bool:
        in_time = all(_COMPARISONS[sign](moment, bound) for sign, bound in self.bounds)
        alike = all(n in fields and (fields[n] == value) is same for n, same, value in self.data)
        return in_time and alike and (not self.ids or number in self.ids)


def _query(text: str) -> _Query | None:
    """``*[System[…]][UserData[EventXML[NAME='VALUE']]]``, or ``!=``; None where the lab cannot read it."""
    frame = _FRAME.match(text.strip())
    if frame is None:
        return None
    inner = frame[1] or ""
    bounds = []
    for sign, single, double in _TIME.findall(inner):
        try:
            moment = datetime.fromisoformat(single or double)
        except ValueError:
            return None
        bounds.append((sign, moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment))
    ids = frozenset(int(number) for number in _ID.findall(inner))
    left = _GLUE.sub("", _ID.sub("", _TIME.sub("", inner)))
    data = tuple((name, sign == "=", value) for name, sign, value in _DATA.findall(frame[2]))
    return None if left else _Query(tuple(bounds), ids, data)


async def wevtutil(sim: Simulation, call: Invocation, out: Output) -> None:
    """``qe CHANNEL [/c:N] [/rd:true] [/f:xml] [/q:XPATH]``: one string per event, oldest first but with
    /rd:true. Of XPath only bounds on SystemTime, EventID and fields of the event's data are known."""
    arguments = [str(a) for a in call.parameters.get("Arguments", [])]
    if len(arguments) < 2 or arguments[0].lower() not in ("qe", "query-events"):
        out.error(_failed("The parameter is incorrect."))
        return
    options = {n.lower(): v for n, _, v in (a.lstrip("/-").partition(":") for a in arguments[2:])}
    if options.get("f", "xml").lower() != "xml":
        out.error(_failed("The parameter is incorrect."))
        return
    channel = next((c for c in CHANNELS if c.lower() == arguments[1].lower()), "")
    if not channel:
        out.error(_failed("Failed to read events. The specified channel could not be found."))
        return
    query = _query(options.get("q", options.get("query", "*")))
    if query is None:
        out.error(_failed("Failed to read events. The specified query is invalid."))
        return
    t = sim.touch()
    server = here(sim, call)
    found = _events(sim, server, channel, query, t)
    if options.get("rd", "false").lower() == "true":
        found.reverse()
    count = options.get("c", "")
    mode = sim.knobs[server.name].hostile
    for event in found[: int(count)] if count.isdigit() else found:
        words = sim.poisoner.text("") if mode else ""
        if isinstance(event, RecoveryAction):
            out.write(clixml.primitive(event_xml(sim, server, event, words)))
        else:
            out.write(clixml.primitive(_plain_xml(sim, server, event, words)))


def _events(
    sim: Simulation, server: Server, channel: str, query: _Query, t: float
) -> list[RecoveryAction | Event]:
    """Those that have happened by ``t``, oldest first: an action's result is written at its end."""

    def at(moment: float) -> datetime:
        return sim.local(server, moment)

    if channel == ACTION_RESULTS:
        actions = sim.engine.actions.get(server.name, ())
        ended = [a for a in actions if a.end <= t]
        return [a for a in ended if query.fits(at(a.end), 500, _of_action(sim, server, a))]
    kept = sim.engine.events.of(server.name, channel)
    return [e for e in kept if query.fits(at(e.t), e.id, _of_event(sim, server, e))]


def _stamp(sim: Simulation, server: Server, t: float) -> str:
    return sim.local(server, t).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f0Z")


def event_xml(sim: Simulation, server: Server, action: RecoveryAction, extra: str = "") -> str:
    """One event. The sheet names the fields of the user data; event id, provider and the rest of the
    frame are from memory [M]. Times are UTC."""
    fields = _of_action(sim, server, action)
    fields["ExceptionMessage"] += extra
    return _frame(server, RESULTS, 500, action.record, fields["EndTime"], fields)


def _of_action(sim: Simulation, server: Server, action: RecoveryAction) -> dict[str, str]:
    return {
        "Id": action.id,
        "InstanceId": f"{action.record:06d}",
        "ResourceName": action.resource,
        "StartTime": _stamp(sim, server, action.start),
        "EndTime": _stamp(sim, server, action.end),
        "State": action.state,
        "Result": action.result,
        "RequestorName": action.requestor,
        "ExceptionMessage": action.exception,
        "ThrottleIdentity": f"{action.id}/{action.resource}",
        "ThrottleParametersXml": "",
    }


def _of_event(sim: Simulation, server: Server, event: Event) -> dict[str, str]:
    fields = dict(event.fields)
    if event.channel == PROBE_RESULTS:
        fields["ExecutionStartTime"] = _stamp(sim, server, event.begun)
        fields["ExecutionEndTime"] = _stamp(sim, server, event.t)
    elif event.fields.get("State") == "Started":
        fields["StartTime"] = _stamp(sim, server, event.begun)
    return fields


def _plain_xml(sim: Simulation, server: Server, event: Event, extra: str) -> str:
    fields = _of_event(sim, server, event)
    if event.channel == PROBE_RESULTS:
        fields["Error"] += extra
    elif event.fields.get("State") != "Started":
        fields["Subject"] = fields.get("Subject", "") + extra
    return _frame(server, event.channel, event.id, event.record, _stamp(sim, server, event.t), fields)


def _frame(server: Server, channel: str, number: int, record: int, stamp: str, fields: dict[str, str]) -> str:
    body = "".join(f"<{name}>{escape(_printable(value))}</{name}>" for name, value in fields.items())
    provider = channel.partition("/")[0]
    return (
        f"<Event xmlns='{_NAMESPACE}'><System><Provider Name='{provider}'/>"
        f"<EventID>{number}</EventID><Level>4</Level><TimeCreated SystemTime='{stamp}'/>"
        f"<EventRecordID>{record}</EventRecordID><Channel>{channel}</Channel>"
        f"<Computer>{server.fqdn}</Computer></System><UserData><EventXML xmlns='myNs'>{body}</EventXML>"
        "</UserData></Event>"
    )


def _printable(value: str) -> str:
    """What XML 1.0 may carry: hostile characters that it forbids are left out here."""
    return "".join(c for c in value if c in "\t\n\r" or (ord(c) >= 32 and not 0xFFFE <= ord(c) <= 0xFFFF))

"""Event channels through ``wevtutil``: its queries, and its XML as rows.

``wevtutil``'s XML keeps the names of an event's fields: Get-WinEvent's objects lose them in a remote
session, and naming them there would need a script.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from cockpit.config.language import N_
from cockpit.exchange import model as m
from cockpit.exchange.errors import ProtocolError
from cockpit.exchange.pipeline import Call
from cockpit.exchange.recovery_model import Channel, Event
from cockpit.exchange.text import clean_line

READ_SECONDS: Final = 30.0
MOST_EVENTS: Final = 1000
"""Events one read may ask for: ProbeResult is a very busy channel (exchange-facts §6.4)."""

_WORD: Final = re.compile(r"[A-Za-z0-9]{1,64}")


def query(
    channel: Channel, newest: int, since: datetime | None = None, but: tuple[str, str] | None = None
) -> Call:
    """The call that reads the ``newest`` events of ``channel``, newest first, not older than ``since``.
    ``but``: a field and a value: only events whose field holds another one (then ``since`` is wanted too).

    Raises ValueError for a naive ``since`` and for ``newest`` outside 1..MOST_EVENTS.
    """
    if not 1 <= newest <= MOST_EVENTS:
        raise ValueError(f"newest must be 1 to {MOST_EVENTS}, not {newest}")
    bound = () if since is None else (f"/q:{time_bound(since)}{'' if but is None else _other(*but)}",)
    arguments = ("qe", channel.value, *bound, f"/c:{newest}", "/rd:true", "/f:xml")
    return Call("wevtutil", arguments=arguments, time_limit=READ_SECONDS)


def oldest(channel: Channel) -> Call:
    """The call that reads the first event that ``channel`` still holds."""
    return Call("wevtutil", arguments=("qe", channel.value, "/c:1", "/f:xml"), time_limit=READ_SECONDS)


def time_bound(since: datetime) -> str:
    """The XPath filter for events at or after ``since``: UTC, to the millisecond, without a blank, since a
    blank would need quoting on its way to a native program."""
    if since.tzinfo is None:
        raise ValueError("a time bound needs a time zone")
    stamp = since.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00")
    return f"*[System[TimeCreated[@SystemTime>='{stamp}Z']]]"


def _other(field: str, value: str) -> str:
    """The predicate for events whose ``field`` is not ``value``, to stand behind another one.

    Below which elements the field stands is as in Microsoft's troubleshooter (§6.4 [B]:
    ``*[UserData[EventXML[ResultType='4']]]``); that it is so on every build is from memory [M], the sheet is
    silent. Raises ValueError for what is no plain word.
    """
    if not (_WORD.fullmatch(field) and _WORD.fullmatch(value)):
        raise ValueError(f"{field!r} and {value!r} must be plain words")
    return f"[UserData[EventXML[{field}!='{value}']]]"


def parse_recovery_actions(xml: str) -> tuple[m.RecoveryAction, ...]:
    """``wevtutil``'s events (XML elements one after the other) as rows. Raises ProtocolError.

    The fields' names are those of exchange-facts §6.4 [B]; which element holds them below UserData
    is from memory, so any is taken.
    """
    return tuple(_recovery_action(_fields(event)) for event in _events(xml))


def parse_events(xml: str, channel: Channel) -> tuple[Event, ...]:
    """Events of any channel as rows. Raises ProtocolError.

    ``UserData``'s leaves by their element's name, ``EventData``'s by their ``Name``; an id that is not
    a number is 0.
    """
    return tuple(_event(event, channel) for event in _events(xml))


def _events(xml: str) -> Iterator[ET.Element]:
    try:
        root = ET.fromstring(f"<events>{xml}</events>")  # noqa: S314 -- no DOCTYPE can stand inside an element
    except ET.ParseError as error:
        raise ProtocolError(N_("wevtutil's answer is not XML"), str(error)) from None
    return (event for event in root if _local(event) == "Event")


def _event(event: ET.Element, channel: Channel) -> Event:
    found, time = "", None
    for element in event.iter():
        if _local(element) == "EventID":
            found = (element.text or "").strip()
        elif _local(element) == "TimeCreated":
            time = _time(element.get("SystemTime"))
    number = int(found) if found.isascii() and found.isdecimal() and len(found) < 10 else 0
    return Event(channel.value, number, time, _fields(event))


def _fields(event: ET.Element) -> dict[str, str]:
    """The event's data; its System part is left out."""
    parts = [part for part in event if _local(part) in ("UserData", "EventData")]
    leaves = [e for part in parts for e in part.iter() if len(e) == 0 and e is not part]
    named = ((clean_line(e.get("Name") or _local(e)), e.text or "") for e in leaves)
    return {name: _value(name, text) for name, text in named}


def _value(name: str, text: str) -> str:
    """A field's clean text; cleaned together with its name, so that a field called Password is cut."""
    return clean_line(f"{name}={text}").removeprefix(f"{name}=")


def _recovery_action(fields: dict[str, str]) -> m.RecoveryAction:
    return m.RecoveryAction(
        start_time=_time(fields.get("StartTime")),
        end_time=_time(fields.get("EndTime")),
        id=fields.get("Id", ""),
        resource_name=fields.get("ResourceName", ""),
        requestor_name=fields.get("RequestorName", ""),
        result=fields.get("Result", ""),
        state=fields.get("State", ""),
        exception_message=fields.get("ExceptionMessage", ""),
    )


def _local(element: ET.Element) -> str:
    return element.tag.rsplit("}", 1)[-1]


def _time(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
        if found.year < 1900:  # DateTime.MinValue: never
            return None
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None

"""Typed reads on the WinRM endpoint of one server: services, last boot, recovery actions.

The WinRM endpoint wants a local administrator of that server (exchange-facts §3); where it is closed
the caller shows that, and the rest goes on.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from cockpit.exchange import model as m
from cockpit.exchange import rows
from cockpit.exchange.cmdlets import read
from cockpit.exchange.errors import CmdletFailedError, ProtocolError
from cockpit.exchange.pipeline import Call
from cockpit.exchange.session import Session
from cockpit.exchange.text import clean_line

READ_SECONDS: Final = 30.0
RECOVERY_ACTION_RESULTS: Final = "Microsoft-Exchange-ManagedAvailability/RecoveryActionResults"


@dataclass(frozen=True, slots=True)
class WinRMCmdlets:
    """The reads over one session. All raise ExchangeError."""

    session: Session

    def get_service(self, names: Sequence[str]) -> m.Reading[m.Service]:
        """The named Windows services; a missing one is an error of the Reading, not a failure."""
        call = Call("Get-Service", {"Name": tuple(names)}, time_limit=READ_SECONDS)
        return read(self.session, call, rows.service)

    def last_boot_time(self) -> datetime | None:
        """When Windows started, UTC."""
        call = Call(
            "Get-CimInstance",
            {"ClassName": "Win32_OperatingSystem", "Property": ("LastBootUpTime",)},
            time_limit=READ_SECONDS,
        )
        found = read(self.session, call, lambda row: rows.moment(row, "LastBootUpTime"))
        return found.rows[0] if found.rows else None

    def recovery_actions(self, newest: int = 20) -> m.Reading[m.RecoveryAction]:
        """What Managed Availability did lately, newest first.

        Through ``wevtutil``, whose XML keeps the names of the event's fields: Get-WinEvent's objects
        lose them in a remote session, and naming them there would need a script.
        """
        call = Call(
            "wevtutil",
            arguments=("qe", RECOVERY_ACTION_RESULTS, f"/c:{newest}", "/rd:true", "/f:xml"),
            time_limit=READ_SECONDS,
        )
        result = self.session.run(call)
        if result.errors and not result.objects:
            raise CmdletFailedError("wevtutil could not read the recovery actions", result.errors[0])
        return m.Reading(
            rows=parse_recovery_actions("".join(str(line) for line in result.objects)),
            warnings=result.warnings,
            errors=result.errors,
            answered_by=self.session.target.server,
            seconds=result.seconds,
        )


def parse_recovery_actions(xml: str) -> tuple[m.RecoveryAction, ...]:
    """``wevtutil``'s events (XML elements one after the other) as rows. Raises ProtocolError.

    The fields' names are those of exchange-facts §6.4 [B]; which element holds them below UserData
    is from memory, so any is taken.
    """
    try:
        root = ET.fromstring(f"<events>{xml}</events>")  # noqa: S314 -- no DOCTYPE can stand inside an element
    except ET.ParseError as error:
        raise ProtocolError("wevtutil's answer is not XML", str(error)) from None
    return tuple(_recovery_action(event) for event in root if _local(event) == "Event")


def _recovery_action(event: ET.Element) -> m.RecoveryAction:
    fields = {_local(e): clean_line(e.text or "") for e in event.iter() if len(e) == 0}
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
    except ValueError:
        return None
    if found.year < 1900:  # DateTime.MinValue: never
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)

"""The server's own clock and boot time, in one read, so that the two can be compared."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cockpit.config.language import N_
from cockpit.exchange import rows
from cockpit.exchange.clixml import PSObject
from cockpit.exchange.cmdlets import read
from cockpit.exchange.errors import ProtocolError
from cockpit.exchange.pipeline import Call
from cockpit.exchange.winrm import READ_SECONDS, WinRMCmdlets


@dataclass(frozen=True, slots=True)
class ServerClock:
    """``booted`` and ``now`` by the server's clock, UTC."""

    booted: datetime
    now: datetime


def server_clock(cmdlets: WinRMCmdlets) -> ServerClock:
    """Win32_OperatingSystem's LastBootUpTime and LocalDateTime. Raises ExchangeError."""
    call = Call(
        "Get-CimInstance",
        {"ClassName": "Win32_OperatingSystem", "Property": ("LastBootUpTime", "LocalDateTime")},
        time_limit=READ_SECONDS,
    )
    answer = read(cmdlets.session, call, _clock)
    found = next((c for c in answer.rows if c is not None), None)
    if found is None:
        raise ProtocolError(N_("Win32_OperatingSystem came without its times"))
    return found


def _clock(row: PSObject) -> ServerClock | None:
    booted, now = rows.moment(row, "LastBootUpTime"), rows.moment(row, "LocalDateTime")
    return None if booted is None or now is None else ServerClock(booted, now)

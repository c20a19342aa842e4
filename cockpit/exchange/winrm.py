"""Typed reads on the WinRM endpoint of one server: services, processes, volumes, cluster, events.

The WinRM endpoint wants a local administrator of that server (exchange-facts §3); where it is closed
the caller shows that, and the rest goes on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain
from typing import Final

from cockpit.config.language import N_
from cockpit.exchange import catalogue, events, recovery_rows, rows
from cockpit.exchange import model as m
from cockpit.exchange import recovery_model as r
from cockpit.exchange.caller import Caller
from cockpit.exchange.cmdlets import read
from cockpit.exchange.errors import CmdletFailedError, ProtocolError
from cockpit.exchange.logfiles import LogFiles
from cockpit.exchange.pipeline import Call, ParameterValue
from cockpit.exchange.session import RawResult

READ_SECONDS: Final = 30.0
SETUP_PROCESSES: Final = ("ExSetup", "ExSetupUI", "Setup")
"""Processes of a running Exchange Setup. [M]"""
POP_CONNECTIONS: Final = "\\MSExchangePop3\\Connections Current"


@dataclass(frozen=True, slots=True)
class WinRMCmdlets:
    """The reads over one session. All raise ExchangeError."""

    session: Caller

    def get_service(self, names: Sequence[str]) -> m.Reading[m.Service]:
        """The named Windows services; a missing one is an error of the Reading, not a failure."""
        call = Call("Get-Service", {"Name": tuple(names)}, time_limit=READ_SECONDS)
        return read(self.session, call, rows.service)

    def service_process(self, name: str) -> r.ServiceProcess | None:
        """A service of the catalogue with its process; None where the server has no such service.

        Two reads: when the process has gone between them ``created`` is None. Raises ValueError for a
        name that the catalogue does not have: no other text may get into a filter.
        """
        call = _cim(
            "Win32_Service",
            ("Name", "State", "StartMode", "ProcessId"),
            f"Name='{catalogue.service_named(name)}'",
        )
        answer = read(self.session, call, recovery_rows.service_process)
        found = next((s for s in answer.rows if s.name.lower() == name.lower()), None)
        if found is None and answer.errors:
            raise CmdletFailedError(
                N_("Win32_Service of {server}").format(server=self.session.target.server), answer.errors[0]
            )
        if found is None or found.process_id <= 0:
            return found
        return replace(found, created=self._birth(found.process_id))

    def _birth(self, process_id: int) -> datetime | None:
        """When the process of that id was created, UTC; None when there is none, or no saying."""
        call = _cim("Win32_Process", ("ProcessId", "Name", "CreationDate"), f"ProcessId={process_id:d}")
        answer = read(
            self.session,
            call,
            lambda row: (rows.number(row, "ProcessId"), rows.moment(row, "CreationDate")),
        )
        return next((created for found, created in answer.rows if found == process_id), None)

    def last_boot_time(self) -> datetime | None:
        """When Windows started, UTC."""
        call = _cim("Win32_OperatingSystem", ("LastBootUpTime",))
        found = read(self.session, call, lambda row: rows.moment(row, "LastBootUpTime"))
        return found.rows[0] if found.rows else None

    def now(self) -> datetime:
        """The server's own clock, UTC. Raises ProtocolError where it does not say."""
        call = _cim("Win32_OperatingSystem", ("LocalDateTime",))
        found = read(self.session, call, lambda row: rows.moment(row, "LocalDateTime")).rows
        if not found or found[0] is None:
            raise ProtocolError(N_("Win32_OperatingSystem came without its time"))
        return found[0]

    def log_files(self, folder: str) -> LogFiles:
        """The protocol logs in ``folder``, as Get-PopSettings names it."""
        return LogFiles(self.session, folder)

    def volumes(self) -> m.Reading[r.Volume]:
        """Every volume, mounted or not, sizes in bytes; see ``recovery_model.free_space``."""
        call = _cim("Win32_Volume", ("Name", "Capacity", "FreeSpace", "DriveLetter"))
        return read(self.session, call, recovery_rows.volume)

    def processes(self, names: Sequence[str] = SETUP_PROCESSES) -> m.Reading[r.Process]:
        """Running processes of those names. That one is not running is no error of the Reading."""
        call = Call("Get-Process", {"Name": tuple(names)}, time_limit=READ_SECONDS)
        answer = read(self.session, call, recovery_rows.process)
        errors = tuple(e for e in answer.errors if not _is_no_such_process(e))
        return replace(answer, errors=errors)

    def cluster_nodes(self) -> m.Reading[r.ClusterNode]:
        """The nodes of the failover cluster this server is in, as it sees them.

        Without a cluster: an error of the Reading or CmdletFailedError; without its module
        NotGrantedError. The sheet is silent on which [M].
        """
        call = Call("Get-ClusterNode", time_limit=READ_SECONDS)
        return read(self.session, call, recovery_rows.cluster_node)

    def pop_connections(self) -> m.Reading[r.CounterSample] | None:
        """How many POP3 connections are open now; None where the server has no such counter.

        The sheet names only ``MSExchangePop3\\Average Command Processing Time (milliseconds)`` (§1.4 h):
        this counter's name is from memory [M], and on a server in another language counters have other
        names, so None says nothing about clients.
        """
        call = Call("Get-Counter", {"Counter": POP_CONNECTIONS}, time_limit=READ_SECONDS)
        try:
            answer = read(self.session, call, recovery_rows.counter_samples)
        except CmdletFailedError as error:
            if _is_no_such_counter(error.record):
                return None
            raise
        samples = tuple(chain.from_iterable(answer.rows))
        if not samples and any(_is_no_such_counter(e) for e in answer.errors):
            return None
        return m.Reading(samples, answer.warnings, answer.errors, answer.answered_by, answer.seconds)

    def recovery_actions(self, newest: int = 20) -> m.Reading[m.RecoveryAction]:
        """What Managed Availability did lately, newest first."""
        return self._recovery_actions(events.query(r.Channel.RECOVERY_ACTION_RESULTS, newest))

    def recovery_actions_since(self, moment: datetime, newest: int = 200) -> m.Reading[m.RecoveryAction]:
        """What Managed Availability did at or after ``moment`` (aware), newest first, ``newest`` at most."""
        return self._recovery_actions(events.query(r.Channel.RECOVERY_ACTION_RESULTS, newest, moment))

    def events(
        self, channel: r.Channel, since: datetime, newest: int = 50, *, but: tuple[str, str] | None = None
    ) -> m.Reading[r.Event]:
        """Events of ``channel`` at or after ``since`` (aware), newest first, ``newest`` at most. ``but``: see
        ``events.query``."""
        result = self._wevtutil(events.query(channel, newest, since, but))
        return self._reading(events.parse_events(_joined(result), channel), result)

    def oldest_event(self, channel: r.Channel) -> m.Reading[r.Event]:
        """The first event that ``channel`` still holds: how far back it can be read at all."""
        result = self._wevtutil(events.oldest(channel))
        return self._reading(events.parse_events(_joined(result), channel), result)

    def _recovery_actions(self, call: Call) -> m.Reading[m.RecoveryAction]:
        result = self._wevtutil(call)
        return self._reading(events.parse_recovery_actions(_joined(result)), result)

    def _wevtutil(self, call: Call) -> RawResult:
        result = self.session.run(call)
        if result.errors and not result.objects:
            raise CmdletFailedError(N_("wevtutil could not read the event channel"), result.errors[0])
        return result

    def _reading(self, found: tuple[m.Row, ...], result: RawResult) -> m.Reading[m.Row]:
        return m.Reading(found, result.warnings, result.errors, self.session.target.server, result.seconds)


def _cim(class_name: str, properties: tuple[str, ...], wanted: str = "") -> Call:
    """Get-CimInstance of one class; ``wanted``: a WQL filter of our own words and numbers."""
    parameters: dict[str, ParameterValue] = {"ClassName": class_name, "Property": properties}
    if wanted:
        parameters["Filter"] = wanted
    return Call("Get-CimInstance", parameters, time_limit=READ_SECONDS)


def _joined(result: RawResult) -> str:
    return "".join(str(line) for line in result.objects)


def _is_no_such_process(error: m.CmdletError) -> bool:
    """Get-Process' error for a name that nothing runs under. [M]"""
    return error.fully_qualified_id.startswith("NoProcessFoundForGivenName")


def _is_no_such_counter(error: m.CmdletError) -> bool:
    """Get-Counter's error for a counter that cannot be had; it has one id for them all. [M]"""
    return error.fully_qualified_id.startswith("CounterApiError")

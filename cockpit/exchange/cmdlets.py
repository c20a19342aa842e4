"""Typed reads on the Exchange endpoint: one method a cmdlet, each returning a Reading.

Parameters are bound, never concatenated; filtering, grouping and sorting are done here, because the
endpoint has no Where-Object (exchange-facts §5.3). Nothing in this file changes a server.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from cockpit.config.language import N_
from cockpit.exchange import model as m
from cockpit.exchange import recovery_model as r
from cockpit.exchange import recovery_rows, rows
from cockpit.exchange.caller import Caller
from cockpit.exchange.catalogue import PROBE_TIME_LIMIT, is_pop_health_set, same_server
from cockpit.exchange.clixml import PSObject
from cockpit.exchange.errors import CmdletFailedError, NotGrantedError, ProtocolError
from cockpit.exchange.grant_rows import grants_of, visible
from cockpit.exchange.grants import USED, Grants
from cockpit.exchange.pipeline import Call, ParameterValue

Row = TypeVar("Row")

READ_SECONDS: Final = 45.0
"""Time limit of one read: Get-ServerHealth's own RPC limit is 30 s (exchange-facts §2.2)."""

REPLICATION_SECONDS: Final = 180.0


def read(
    session: Caller, call: Call, make: Callable[[PSObject], Row], *, repeatable: bool = True
) -> m.Reading[Row]:
    """Run ``call`` and make rows of its objects. Raises ExchangeError."""
    result = session.run(call, repeatable=repeatable)
    found = []
    for item in result.objects:
        if not isinstance(item, PSObject):
            raise ProtocolError(
                N_("{cmdlet} returned a {kind}, not an object").format(
                    cmdlet=call.cmdlet, kind=type(item).__name__
                )
            )
        found.append(make(item))
    return m.Reading(
        rows=tuple(found),
        warnings=result.warnings,
        errors=result.errors,
        answered_by=session.target.server,
        seconds=result.seconds,
        route=result.route,
    )


def _named(name: str) -> str:
    """An identity that is certainly not empty: many Get- cmdlets answer an empty one with every
    object there is (exchange-facts §5.6)."""
    if not name.strip():
        raise ValueError("a server or item name must not be empty")
    return name


@dataclass(frozen=True, slots=True)
class ExchangeCmdlets:
    """The read cmdlets over one session. All raise ExchangeError.

    ``domain_controller``, where a read takes one: ask that domain controller, so that what was just
    written there is seen; empty: whichever the server chooses.
    """

    session: Caller
    time_limit: float = READ_SECONDS

    def _read(
        self, make: Callable[[PSObject], Row], cmdlet: str, **parameters: ParameterValue
    ) -> m.Reading[Row]:
        return read(self.session, Call(cmdlet, parameters, time_limit=self.time_limit), make)

    def _read_at(
        self,
        make: Callable[[PSObject], Row],
        cmdlet: str,
        parameters: dict[str, ParameterValue],
        domain_controller: str,
    ) -> m.Reading[Row]:
        if domain_controller:
            parameters["DomainController"] = domain_controller
        return self._read(make, cmdlet, **parameters)

    def get_grants(self) -> Grants:
        """Which of our cmdlets and parameters this account sees. Never raises for a Get-Command that is not
        there or fails: then nothing is known."""
        call = Call("Get-Command", {"Name": tuple(USED)}, time_limit=self.time_limit)
        try:
            return grants_of(read(self.session, call, visible))
        except (NotGrantedError, CmdletFailedError):
            return Grants()

    def get_exchange_server(self) -> m.Reading[m.ExchangeServer]:
        """Every server of the organization."""
        return self._read(rows.exchange_server, "Get-ExchangeServer")

    def get_database_availability_group(
        self, *, domain_controller: str = ""
    ) -> m.Reading[m.DatabaseAvailabilityGroup]:
        """Every DAG, with its live properties (``-Status``)."""
        return self._read_at(rows.dag, "Get-DatabaseAvailabilityGroup", {"Status": None}, domain_controller)

    def get_mailbox_server(
        self, server: str | None = None, *, domain_controller: str = ""
    ) -> m.Reading[m.MailboxServer]:
        """One Mailbox server, or with None every one."""
        parameters: dict[str, ParameterValue] = {} if server is None else {"Identity": _named(server)}
        return self._read_at(rows.mailbox_server, "Get-MailboxServer", parameters, domain_controller)

    def get_mailbox_database_copy_status(
        self, server: str, *, domain_controller: str = ""
    ) -> m.Reading[m.DatabaseCopyStatus]:
        """Every database copy on ``server``."""
        return self._read_at(
            rows.copy_status,
            "Get-MailboxDatabaseCopyStatus",
            {"Server": _named(server)},
            domain_controller,
        )

    def get_database_copies(
        self, database: str, *, domain_controller: str = ""
    ) -> m.Reading[m.DatabaseCopyStatus]:
        """Every copy of ``database``, past the server's cache of 5 s (§2.7: no -UseServerCache)."""
        return self._read_at(
            rows.copy_status,
            "Get-MailboxDatabaseCopyStatus",
            {"Identity": _named(database)},
            domain_controller,
        )

    def get_mailbox_databases(
        self, server: str, *, domain_controller: str = ""
    ) -> m.Reading[r.MailboxDatabase]:
        """Every mailbox database with a copy on ``server``; ``-Status`` fills Mounted and
        BackupInProgress [M]."""
        return self._read_at(
            recovery_rows.mailbox_database,
            "Get-MailboxDatabase",
            {"Server": _named(server), "Status": None},
            domain_controller,
        )

    def get_monitoring_mailbox(
        self, identity: str, *, domain_controller: str = ""
    ) -> m.Reading[r.MonitoringMailbox]:
        """The monitoring mailbox of that name or user principal name."""
        return self._read_at(
            recovery_rows.monitoring_mailbox,
            "Get-Mailbox",
            {"Identity": _named(identity), "Monitoring": None},
            domain_controller,
        )

    def get_monitoring_mailboxes(self, *, domain_controller: str = "") -> m.Reading[r.MonitoringMailbox]:
        """Every monitoring mailbox; Exchange warns where it gives only the first 1000 [M]."""
        return self._read_at(
            recovery_rows.monitoring_mailbox, "Get-Mailbox", {"Monitoring": None}, domain_controller
        )

    def test_replication_health(self, server: str) -> m.Reading[r.ReplicationCheck]:
        """The checks of Test-ReplicationHealth (§2.11). It looks and changes nothing, but takes its time:
        the time limit is our own number, the sheet is silent."""
        call = Call("Test-ReplicationHealth", {"Identity": _named(server)}, time_limit=REPLICATION_SECONDS)
        return read(self.session, call, recovery_rows.replication_check)

    def test_service_health(self, server: str) -> m.Reading[r.ServiceHealth]:
        """The services each role needs; POP's are not in it, and a 2013 CAS cannot answer (§2.11)."""
        return self._read(recovery_rows.service_health, "Test-ServiceHealth", Server=_named(server))

    def get_server_monitoring_overrides(self, server: str) -> m.Reading[r.MonitoringOverride]:
        """Overrides in ``server``'s registry (§2.13, §6.3)."""
        return self._read(
            recovery_rows.monitoring_override, "Get-ServerMonitoringOverride", Server=_named(server)
        )

    def get_global_monitoring_overrides(self) -> m.Reading[r.MonitoringOverride]:
        """Overrides of the whole organization, in Active Directory (§2.13, §6.3)."""
        return self._read(recovery_rows.monitoring_override, "Get-GlobalMonitoringOverride")

    def get_health_report(self, server: str) -> m.Reading[m.HealthReport]:
        """Every health set of ``server``, rolled up by Exchange."""
        return self._read(rows.health_report, "Get-HealthReport", Identity=_named(server))

    def get_server_health(self, server: str, health_set: str = "") -> m.Reading[m.MonitorHealthEntry]:
        """The monitors of one health set of ``server``, or of all.

        ``health_set`` matches exactly, without regard to case (no wildcard). A health manager that
        does not answer gives a warning, and without ``health_set`` one placeholder row, which is
        not a monitor and is left out here: the outcome is then "empty, with a warning" in both forms.
        A row of another server than the one asked for is no row of it but an error of the reading.
        """
        parameters: dict[str, ParameterValue] = {"Identity": _named(server)}
        if health_set:
            parameters["HealthSet"] = health_set
        found = self._read(rows.monitor_health_entry, "Get-ServerHealth", **parameters)
        monitors = [r for r in found.rows if not _is_placeholder(r)]
        own = tuple(r for r in monitors if same_server(r.server, server))
        strays = [r.server for r in monitors if not same_server(r.server, server)]
        return replace(found, rows=own, errors=(*found.errors, *_stray(server, strays)))

    def get_whole_server_health(
        self, server: str
    ) -> tuple[m.Reading[m.MonitorHealthEntry], tuple[m.MonitorState, ...]]:
        """Get-ServerHealth without a filter: the POP monitors in full, of every monitor what a roll-up
        needs. A placeholder row is left out of both, as in :meth:`get_server_health`."""
        call = Call("Get-ServerHealth", {"Identity": _named(server)}, time_limit=self.time_limit)
        pop: list[m.MonitorHealthEntry] = []
        strays: list[str] = []
        ours: dict[object, bool] = {}

        def make(row: PSObject) -> m.MonitorState | None:
            whose = row.get("Server")
            if whose not in ours:
                ours[whose] = same_server(rows.text(row, "Server"), server)
            state = rows.monitor_state(row)
            if state.health_set_name == state.alert_value == m.AlertValue.UNKNOWN:
                return None
            if not ours[whose]:
                strays.append(rows.text(row, "Server"))
                return None
            if is_pop_health_set(state.health_set_name):
                pop.append(rows.monitor_health_entry(row))
            return state

        found = read(self.session, call, make)
        errors = (*found.errors, *_stray(server, strays))
        reading = m.Reading(tuple(pop), found.warnings, errors, found.answered_by, found.seconds, found.route)
        return reading, tuple(s for s in found.rows if s is not None)

    def get_monitoring_item_identity(
        self, server: str, health_set: str
    ) -> m.Reading[m.MonitoringItemIdentity]:
        """Probes, monitors and responders of a health set."""
        return self._read(
            rows.monitoring_item,
            "Get-MonitoringItemIdentity",
            Identity=_named(health_set),
            Server=_named(server),
        )

    def get_server_component_state(
        self, server: str, *, domain_controller: str = ""
    ) -> m.Reading[m.ServerComponentState]:
        """Every component of ``server`` with its votes."""
        return self._read_at(
            rows.component_state, "Get-ServerComponentState", {"Identity": _named(server)}, domain_controller
        )

    def get_pop_settings(self, server: str, *, domain_controller: str = "") -> m.Reading[m.PopSettings]:
        """POP's settings of ``server``."""
        return self._read_at(
            rows.pop_settings, "Get-PopSettings", {"Server": _named(server)}, domain_controller
        )

    def invoke_monitoring_probe(self, identity: str, server: str) -> m.Reading[m.MonitoringProbeResult]:
        """Run a probe now. Takes 5 s to minutes; "not runnable" is a warning without a row (§2.4).

        Never sent twice: a probe is work for the server, and the first one may still be running.
        """
        call = invoke_monitoring_probe_call(identity, server)
        return read(self.session, call, rows.probe_result, repeatable=False)

    def test_pop_connectivity(self, client_access_server: str) -> m.Reading[m.PopConnectivityResult]:
        """Optional: needs test mailboxes that few organizations have (§2.11)."""
        call = Call(
            "Test-PopConnectivity",
            {"ClientAccessServer": _named(client_access_server), "TrustAnySSLCertificate": None},
            time_limit=200.0,
        )
        return read(self.session, call, rows.pop_connectivity)


def invoke_monitoring_probe_call(identity: str, server: str) -> Call:
    """The call that runs a probe, to be shown before it is sent."""
    return Call(
        "Invoke-MonitoringProbe",
        {"Identity": _named(identity), "Server": _named(server)},
        time_limit=PROBE_TIME_LIMIT + 15.0,
    )


def _stray(server: str, strays: Sequence[str]) -> tuple[m.CmdletError, ...]:
    """Rows of another server in an answer about ``server``: Server is the one that was asked for (§2.2)."""
    if not strays:
        return ()
    whose = ", ".join(sorted({name or N_("nobody") for name in strays}))
    words = N_("{n} rows of {whose} came in the answer about {server}: they say nothing of it").format(
        n=len(strays), whose=whose, server=server
    )
    return (m.CmdletError(words),)


def _is_placeholder(row: m.MonitorHealthEntry) -> bool:
    """The one row that Get-ServerHealth gives when the health manager does not answer (§2.2)."""
    return row.name == row.health_set_name == row.alert_value == m.AlertValue.UNKNOWN

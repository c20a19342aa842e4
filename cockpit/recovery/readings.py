"""What guards look at: reads of the servers, each with its value or the reason there is none.

``gather`` is the only part that touches a server; guards are pure functions over :class:`Readings`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, Generic, TypeVar

from cockpit.config.environment import RecoverySettings
from cockpit.config.language import N_
from cockpit.exchange import catalogue
from cockpit.exchange import model as m
from cockpit.exchange import recovery_model as r
from cockpit.exchange.catalogue import same_server
from cockpit.exchange.cmdlets import ExchangeCmdlets
from cockpit.exchange.errors import CmdletFailedError, ExchangeError
from cockpit.exchange.server_clock import ServerClock, server_clock
from cockpit.journal.records import Lease, Obligation, Run
from cockpit.recovery.access import Access
from cockpit.recovery.whole import rows_of, whole

T = TypeVar("T")
Row = TypeVar("Row")

POOL_LIMIT: Final = 8
"""Other servers of a pool that are asked: enough to see that the pool is not down as a whole."""
_NO_SERVICE: Final = "NoServiceFound"
"""How the error id of Get-Service begins for a name that no service has: from memory [M], the sheet is
silent. Any other error is a list not read whole."""


@dataclass(frozen=True, slots=True)
class Read(Generic[T]):
    """A value, or ``problem``: why it could not be read."""

    value: T | None = None
    problem: str = ""

    @property
    def known(self) -> bool:
        return self.value is not None


@dataclass(frozen=True, slots=True)
class Case:
    """What a guard is asked about: the run, its step's arguments, what the journal knows.

    ``obligations``: every open one of the environment. ``leases``, ``runs``: of others on this scope.
    ``local``: present time on this host, for maintenance windows; ``now``: by the journal's clock.
    ``kin``: ids of the run's family.
    """

    server: str
    monitor: str
    args: Mapping[str, str | int | bool]
    facts: Mapping[str, Any]
    settings: RecoverySettings
    local: datetime
    now: float = 0.0
    obligations: tuple[Obligation, ...] = ()
    kin: frozenset[str] = frozenset()
    leases: tuple[Lease, ...] = ()
    runs: tuple[Run, ...] = ()

    def ours(self, server: str, key: str) -> bool:
        """This run, or one of its family, has set it, and will put it back."""
        return any(o.run in self.kin and o.handed_at is None for o in self._of(server, key))

    def left(self, value: str, server: str, key: str) -> str:
        """``value`` with the other run that has left it so; alone where no record says."""
        found = self._of(server, key)
        if not found:
            return value
        run, to = found[-1].run[:8], found[-1].handed_to
        if not to:
            return N_("{value}, left by run {run}").format(value=value, run=run)
        return N_("{value}, left by run {run}, handed over to {to}").format(value=value, run=run, to=to)

    def _of(self, server: str, key: str) -> list[Obligation]:
        return [o for o in self.obligations if same_server(o.server, server) and o.key == key]


@dataclass(frozen=True, slots=True)
class Readings:
    """Everything a guard may read; what was not asked for has neither value nor problem."""

    servers: Read[tuple[m.ExchangeServer, ...]] = field(default_factory=Read)
    mailbox_servers: Read[tuple[m.MailboxServer, ...]] = field(default_factory=Read)
    dags: Read[tuple[m.DatabaseAvailabilityGroup, ...]] = field(default_factory=Read)
    monitor: Read[tuple[m.MonitorHealthEntry, ...]] = field(default_factory=Read)
    report: Read[tuple[m.HealthReport, ...]] = field(default_factory=Read)
    components: Read[Mapping[str, tuple[m.ServerComponentState, ...]]] = field(default_factory=Read)
    nodes: Read[tuple[r.ClusterNode, ...]] = field(default_factory=Read)
    actions: Read[tuple[m.RecoveryAction, ...]] = field(default_factory=Read)
    clock: Read[ServerClock] = field(default_factory=Read)
    setup: Read[tuple[r.Process, ...]] = field(default_factory=Read)
    services: Read[tuple[m.Service, ...]] = field(default_factory=Read)
    settings: Read[m.PopSettings] = field(default_factory=Read)
    volumes: Read[tuple[r.Volume, ...]] = field(default_factory=Read)
    connections: Read[tuple[r.CounterSample, ...]] = field(default_factory=Read)
    here: Read[tuple[m.DatabaseCopyStatus, ...]] = field(default_factory=Read)
    copies: Read[Mapping[str, tuple[m.DatabaseCopyStatus, ...]]] = field(default_factory=Read)
    databases: Read[tuple[r.MailboxDatabase, ...]] = field(default_factory=Read)
    replication: Read[tuple[r.ReplicationCheck, ...]] = field(default_factory=Read)
    pool: Read[Mapping[str, str]] = field(default_factory=Read)
    """Other servers of the same tier and site, with the worst AlertValue of their POP monitors."""

    def problem(self, needs: Iterable[str]) -> str:
        """Why the first of ``needs`` could not be read; empty when all were."""
        for need in needs:
            read: Read[Any] = getattr(self, need)
            if not read.known:
                return read.problem or N_("{need} was not read").format(need=need)
        return ""

    def server(self, name: str) -> m.ExchangeServer | None:
        return next((s for s in self.servers.value or () if same_server(s.name, name)), None)

    def mailbox_server(self, name: str) -> m.MailboxServer | None:
        return next((s for s in self.mailbox_servers.value or () if same_server(s.name, name)), None)

    def dag_of(self, name: str) -> m.DatabaseAvailabilityGroup | None:
        """The DAG a server is in; None outside one."""
        found = self.mailbox_server(name)
        if found is None or not found.dag:
            return None
        return next((d for d in self.dags.value or () if d.name.lower() == found.dag.lower()), None)

    def active_here(self, server: str) -> tuple[m.DatabaseCopyStatus, ...]:
        """Copies on ``server`` that are active by flag or by status."""
        return tuple(c for c in self.here.value or () if c.is_active_state and same_server(c.server, server))


def gather(access: Access, case: Case, needs: Iterable[str], known: Readings | None = None) -> Readings:
    """Read what ``needs`` names and ``known`` has not. A read that fails keeps its reason and no more."""
    found = known or Readings()
    for need in _in_order(needs):
        if not getattr(found, need).known:
            found = replace(found, **{need: _one(access, case, need, found)})
    return found


_FIRST: Final = ("servers", "mailbox_servers", "dags", "here")
"""Others build upon these."""
_BUILDS_ON: Final[Mapping[str, tuple[str, ...]]] = {
    "components": ("mailbox_servers", "servers", "dags"),
    "copies": ("here",),
    "services": ("servers",),
    "pool": ("servers",),
}


def _in_order(needs: Iterable[str]) -> list[str]:
    wanted = set(needs)
    for need in tuple(wanted):
        wanted.update(_BUILDS_ON.get(need, ()))
    return sorted(wanted, key=lambda n: (n not in _FIRST, n))


def _one(access: Access, case: Case, need: str, found: Readings) -> Read[Any]:
    try:
        return Read(_READERS[need](access, case, found))
    except ExchangeError as error:
        return Read(problem=str(error))


def _from_exchange(
    what: str, ask: Callable[[ExchangeCmdlets, Case], m.Reading[Row]]
) -> Callable[[Access, Case, Readings], tuple[Row, ...]]:
    return lambda access, case, _: rows_of(access.read(lambda c: ask(c, case)), what)


def _monitor(access: Access, case: Case, _: Readings) -> tuple[m.MonitorHealthEntry, ...]:
    known = catalogue.monitor(case.monitor)
    if known is None:
        return ()
    answer = access.read(lambda c: c.get_server_health(case.server, known.health_set))
    return tuple(row for row in rows_of(answer, "Get-ServerHealth") if row.name.lower() == known.name.lower())


def _components(access: Access, case: Case, found: Readings) -> Mapping[str, Any]:
    dag = found.dag_of(case.server)
    members = dag.servers if dag is not None else (case.server,)
    return {name: _component_states(access, name) for name in members}


def _component_states(access: Access, server: str) -> tuple[m.ServerComponentState, ...]:
    return rows_of(access.read(lambda c: c.get_server_component_state(server)), "Get-ServerComponentState")


def _copies(access: Access, case: Case, found: Readings) -> Mapping[str, Any]:
    return {c.database: database_copies(access, c.database) for c in found.active_here(case.server)}


def database_copies(access: Access, database: str) -> tuple[m.DatabaseCopyStatus, ...]:
    """Every copy of a database. Raises ExchangeError."""
    return rows_of(access.read(lambda c: c.get_database_copies(database)), "Get-MailboxDatabaseCopyStatus")


def _services(access: Access, case: Case, found: Readings) -> tuple[m.Service, ...]:
    server = found.server(case.server)
    names = catalogue.services(server.version, server.roles) if server else ()
    if not names:
        return ()
    answer = access.look(case.server, lambda w: w.get_service(names))
    unexpected = [e for e in answer.errors if not e.fully_qualified_id.startswith(_NO_SERVICE)]
    if unexpected:
        raise CmdletFailedError(N_("Get-Service was not read whole"), unexpected[0])
    return answer.rows


def _settings(access: Access, case: Case, _: Readings) -> m.PopSettings | None:
    rows = rows_of(access.read(lambda c: c.get_pop_settings(case.server)), "Get-PopSettings")
    return rows[0] if rows else None


def _connections(access: Access, case: Case, _: Readings) -> tuple[r.CounterSample, ...] | None:
    answer = access.look(case.server, lambda w: w.pop_connections())
    return None if answer is None else answer.rows


_WORST: Final = (
    m.AlertValue.HEALTHY,
    m.AlertValue.DISABLED,
    m.AlertValue.REPAIRING,
    m.AlertValue.UNKNOWN,
    m.AlertValue.DEGRADED,
    m.AlertValue.UNHEALTHY,
)


def _pool(access: Access, case: Case, found: Readings) -> Mapping[str, str]:
    """Others of the same tier and site. What a load balancer's pool is, Exchange does not know."""
    mine = found.server(case.server)
    if mine is None:
        return {}
    tier = catalogue.tiers(mine.version, mine.roles)
    others = [
        s
        for s in found.servers.value or ()
        if s.name != mine.name and s.site == mine.site and catalogue.tiers(s.version, s.roles) & tier
    ]
    known = catalogue.monitor(case.monitor)
    health_set = known.health_set if known else catalogue.POP_PROXY
    return {s.name: _worst(access, s.name, health_set) for s in others[:POOL_LIMIT]}


def _worst(access: Access, server: str, health_set: str) -> str:
    rows = access.read(lambda c: c.get_server_health(server, health_set)).rows
    values = [row.alert_value for row in rows if not row.is_stale]
    if not values:
        return m.AlertValue.UNKNOWN
    return max(values, key=lambda v: _WORST.index(v) if v in _WORST else _WORST.index(m.AlertValue.UNKNOWN))


_READERS: Final[Mapping[str, Callable[[Access, Case, Readings], Any]]] = {
    "servers": _from_exchange("Get-ExchangeServer", lambda c, _: c.get_exchange_server()),
    "mailbox_servers": _from_exchange("Get-MailboxServer", lambda c, _: c.get_mailbox_server()),
    "dags": _from_exchange("Get-DatabaseAvailabilityGroup", lambda c, _: c.get_database_availability_group()),
    "monitor": _monitor,
    "report": _from_exchange("Get-HealthReport", lambda c, case: c.get_health_report(case.server)),
    "components": _components,
    "nodes": lambda a, case, _: rows_of(a.look(case.server, lambda w: w.cluster_nodes()), "Get-ClusterNode"),
    "actions": lambda a, case, _: whole(
        a.look(case.server, lambda w: w.recovery_actions(50)), "RecoveryActionResults"
    ),
    "clock": lambda a, case, _: a.look(case.server, server_clock),
    "setup": lambda a, case, _: whole(a.look(case.server, lambda w: w.processes()), "Get-Process"),
    "services": _services,
    "settings": _settings,
    "volumes": lambda a, case, _: rows_of(a.look(case.server, lambda w: w.volumes()), "Win32_Volume"),
    "connections": _connections,
    "here": _from_exchange(
        "Get-MailboxDatabaseCopyStatus", lambda c, case: c.get_mailbox_database_copy_status(case.server)
    ),
    "copies": _copies,
    "databases": _from_exchange("Get-MailboxDatabase", lambda c, case: c.get_mailbox_databases(case.server)),
    "replication": _from_exchange(
        "Test-ReplicationHealth", lambda c, case: c.test_replication_health(case.server)
    ),
    "pool": _pool,
}
NEEDS: Final = frozenset(_READERS)

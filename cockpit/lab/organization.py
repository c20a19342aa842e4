"""The state of the simulated organization: plain data and the few acts that change it.

All times are simulated seconds since the clock's start (``t``); those before it are negative.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field, replace
from typing import Final

from cockpit.exchange.catalogue import BACK_END_SERVICE, FRONT_END_SERVICE, tiers
from cockpit.exchange.model import Role, Version
from cockpit.lab.components import POP_PROXY, Vote, state_of

STOPPED: Final = 1
START_PENDING: Final = 2
STOP_PENDING: Final = 3
RUNNING: Final = 4
AUTOMATIC: Final = 2
MANUAL: Final = 3
DISABLED: Final = 4

STOP_LIMIT: Final = 60.0
"""Seconds in StopPending after which Stop-Service, Restart-Service and responders give up: the lab's own."""

UNRESTRICTED: Final = 0
INTRASITE_ONLY: Final = 1
BLOCKED: Final = 2

CLUSTER: Final = "ClusSvc"
HEALTH_MANAGER: Final = "MSExchangeHM"
REPLICATION: Final = "MSExchangeRepl"
STORE: Final = "MSExchangeIS"


@dataclass(slots=True)
class WindowsService:
    """One Windows service. ``process_id`` is 0 while it is stopped.

    ``stop_seconds``: simulated seconds a stop takes longer than usual. ``failed_starts``: so many starts
    fail before one succeeds. ``fails_at_boot``: a boot does not get it up, though it is Automatic.
    ``settings``: what its process read when it started; only the POP3 services have any (§4.1 [A]).
    """

    name: str
    display_name: str
    start_type: int
    state: int
    process_id: int
    started_at: float
    stop_seconds: float = 0.0
    failed_starts: int = 0
    fails_at_boot: bool = False
    settings: PopSettings | None = None

    @property
    def running(self) -> bool:
        return self.state == RUNNING

    @property
    def will_not_stop(self) -> bool:
        """It is stopping already, or a stop would take longer than anybody waits for."""
        return self.state == STOP_PENDING or self.stop_seconds > STOP_LIMIT


@dataclass(slots=True)
class PopSettings:
    """What Set-PopSettings may change and the lab acts upon or keeps (§2.6); the rest is constant."""

    protocol_log_enabled: bool = False
    log_file_rollover: int = 1
    log_per_file_size_quota: str = "0 B (0 bytes)"
    log_file_location: str = r"C:\Program Files\Microsoft\Exchange Server\V15\Logging\Pop3"
    others: dict[str, object] = field(default_factory=dict)
    """Other properties that were set, by property name."""
    changed_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Override:
    """One monitoring override of a server (§2.13)."""

    item_type: str
    health_set: str
    item: str
    property_name: str
    property_value: str
    created_by: str
    created_at: float
    expires_at: float


@dataclass(slots=True)
class Volume:
    """A volume of a server; ``capacity`` and ``free`` in bytes, ``mount`` such as ``C:\\``."""

    mount: str
    capacity: int
    free: int


@dataclass(frozen=True, slots=True)
class Process:
    """A process that belongs to no service, such as ExSetup."""

    name: str
    process_id: int
    started_at: float


@dataclass(slots=True)
class Server:
    """One Exchange server. ``build``: four numbers. ``up``: it answers at all.

    ``reboot_seconds``: simulated seconds from down to up (None: ``lifecycle.REBOOT_SECONDS``);
    ``stays_down``: a reboot never ends. ``client_connections``: POP clients of its front end while that runs.
    ``clock_error``: seconds that its own clock is ahead of the true time. ``probes_name_mailbox_server``: its
    touch point probes find the name of the mailbox server in a reply.
    """

    name: str
    fqdn: str
    version: Version
    build: tuple[int, int, int, int]
    roles: frozenset[Role]
    site: str
    utc_offset: int
    guid: uuid.UUID
    booted_at: float
    dag: str = ""
    services: dict[str, WindowsService] = field(default_factory=dict)
    votes: list[Vote] = field(default_factory=list)
    pop: PopSettings = field(default_factory=PopSettings)
    overrides: list[Override] = field(default_factory=list)
    activation_policy: int = UNRESTRICTED
    move_now: bool = False
    maximum_active_databases: int | None = None
    maximum_preferred_active_databases: int | None = None
    node_paused: bool = False
    up: bool = True
    reboot_seconds: float | None = None
    stays_down: bool = False
    client_connections: int = 0
    clock_error: float = 0.0
    probes_name_mailbox_server: bool = True
    volumes: list[Volume] = field(default_factory=list)
    processes: list[Process] = field(default_factory=list)
    front_monitored: bool = False
    back_monitored: bool = False
    next_process_id: int = 0

    @property
    def tiers(self) -> frozenset[Role]:
        return tiers(self.version, self.roles)

    @property
    def has_front_end(self) -> bool:
        return Role.CLIENT_ACCESS in self.tiers

    @property
    def has_back_end(self) -> bool:
        return Role.MAILBOX in self.tiers

    def service(self, name: str) -> WindowsService | None:
        return self.services.get(name.lower())

    def runs(self, name: str) -> bool:
        """The server is up and that service of it runs."""
        found = self.services.get(name.lower())
        return self.up and found is not None and found.state == RUNNING

    def component(self, name: str) -> int:
        return state_of(name, self.votes)

    def new_process_id(self) -> int:
        """Windows process ids are multiples of four."""
        self.next_process_id += 4 * 17
        return self.next_process_id

    def responder_disabled(self, name: str, t: float) -> bool:
        """True while an override switches that responder off."""
        return any(
            o.item_type == "Responder"
            and o.item.lower() == name.lower()
            and o.property_name == "Enabled"
            and o.property_value == "0"
            and t < o.expires_at
            for o in self.overrides
        )


@dataclass(slots=True)
class Copy:
    """One copy of a database. ``status`` is used while it is passive: 6 is Healthy.

    ``replay_lag``: seconds, 0 for a copy that is not lagged. ``seeding_from``: the server that it is being
    seeded from. ``booted``: when its server came up again, while that still shows (``dag.copy_state``).
    """

    server: str
    preference: int
    status: int = 6
    copy_queue: int = 0
    replay_queue: int = 0
    activation_suspended: bool = False
    since: float = 0.0
    action_initiator: str = "Unknown"
    suspend_comment: str = ""
    error_message: str = ""
    replay_lag: float = 0.0
    seeding_from: str = ""
    booted: float | None = None


@dataclass(frozen=True, slots=True)
class Move:
    """A move of a database under way: Dismounting until ``mounting``, then Mounting until ``ends``."""

    source: str
    target: str
    begun: float
    mounting: float
    ends: float
    by: str
    comment: str = ""


@dataclass(slots=True)
class Database:
    """A mailbox database, its copies by preference, the server with the active one, its test mailbox.

    ``moved_at``: when it last became active elsewhere. ``lost_quorum``: dismounted by the loss of quorum.
    """

    name: str
    dag: str
    site: str
    copies: list[Copy]
    active: str
    guid: uuid.UUID
    monitoring_mailbox: str
    monitoring_password: str
    mounted: bool = True
    last_log: int = 100_000
    backup_in_progress: bool = False
    move: Move | None = None
    moved_at: float | None = None
    lost_quorum: bool = False

    def copy_on(self, server: str) -> Copy | None:
        return next((c for c in self.copies if c.server == server), None)

    @property
    def replicated(self) -> bool:
        return len(self.copies) > 1


@dataclass(slots=True)
class Dag:
    """A database availability group; ``primary_active_manager`` is a server's short name.

    ``preference_moves``: PreferenceMoveFrequency in seconds, None where databases are not moved back.
    ``had_quorum``: as last looked at, for the ledger.
    """

    name: str
    servers: list[str]
    witness_server: str
    witness_directory: str
    primary_active_manager: str
    guid: uuid.UUID
    witness_up: bool = True
    preference_moves: float | None = None
    datacenter_activation: bool = True
    had_quorum: bool = True


@dataclass(frozen=True, slots=True)
class Site:
    """An Active Directory site; ``utc_offset`` in minutes, for all of its servers."""

    name: str
    utc_offset: int


@dataclass(slots=True)
class Organization:
    """Everything that exists. Look-ups take a short name or a FQDN in any case."""

    name: str
    domain: str
    domain_controller: str
    seed: int
    sites: dict[str, Site] = field(default_factory=dict)
    servers: dict[str, Server] = field(default_factory=dict)
    dags: dict[str, Dag] = field(default_factory=dict)
    databases: dict[str, Database] = field(default_factory=dict)
    overrides: list[Override] = field(default_factory=list)
    """Global monitoring overrides (§2.13)."""

    def find(self, identity: str) -> Server | None:
        wanted = identity.strip().lower()
        found = self.servers.get(wanted)
        if found is None and "." in wanted:
            found = self.servers.get(wanted.partition(".")[0])
            if found is not None and found.fqdn.lower() != wanted:
                return None
        return found

    def server(self, name: str) -> Server:
        """A server that is known to exist."""
        return self.servers[name.lower()]

    def database(self, name: str) -> Database | None:
        return self.databases.get(name.strip().lower())

    def copies_on(self, server: str) -> list[Database]:
        return [d for d in self.databases.values() if d.copy_on(server) is not None]

    def dag(self, name: str) -> Dag | None:
        return self.dags.get(name.strip().lower())

    def active_on(self, server: str) -> list[Database]:
        return [d for d in self.databases.values() if d.active == server and d.mounted]

    def address(self, server: Server) -> str:
        """Its IPv4 address: the lab's own numbers, by site and place."""
        place = list(self.servers).index(server.name.lower())
        return f"10.{list(self.sites).index(server.site)}.{place // 200}.{10 + place % 200}"

    def guid(self, *words: str) -> uuid.UUID:
        """A stable Guid for a thing of this organization."""
        return uuid.uuid5(uuid.NAMESPACE_DNS, "|".join((str(self.seed), *words)))

    def front_end_targets(self, server: Server) -> list[Database]:
        """Databases whose customer touch point probe runs on ``server``.

        The sheet is silent on which databases a front end probes. Here: those of its own DAG; a
        server without one probes its own; a 2013 Client Access server those of 2013 mailbox servers
        of its site, or, where there are none, all of its site.
        """
        if server.dag:
            return [d for d in self.databases.values() if d.dag == server.dag]
        if server.has_back_end:
            return self.copies_on(server.name)
        local = [d for d in self.databases.values() if d.site == server.site]
        same = [d for d in local if self.server(d.active).version is server.version]
        return same or local


def start(server: Server, service: WindowsService, t: float) -> bool:
    """Start a stopped service; False where it stays down: PopProxy Inactive stops POP3 by design. [A]"""
    if service.name == FRONT_END_SERVICE and server.component(POP_PROXY) == 0:
        stop(service)
        return False
    if service.state != RUNNING and service.failed_starts > 0:
        service.failed_starts -= 1
        stop(service)
        return False
    if service.state != RUNNING:
        service.state = RUNNING
        service.process_id = server.new_process_id()
        service.started_at = t
        read_settings(server, service)
    return True


def read_settings(server: Server, service: WindowsService) -> None:
    """What a POP3 service does once, as it starts; what is set later it does not notice (§4.1 [A])."""
    if service.name in POP_SERVICES:
        service.settings = replace(server.pop, others=dict(server.pop.others))


def stop(service: WindowsService) -> None:
    service.state = STOPPED
    service.process_id = 0


POP_SERVICES: Final = (FRONT_END_SERVICE, BACK_END_SERVICE)

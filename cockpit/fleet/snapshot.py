"""The live picture as immutable data: what the collector knows and the screen shows.

A snapshot is replaced, never changed. The collector sends :class:`FleetDiff`; ``diff`` and
``apply`` are inverse to each other (``apply(old, diff(old, new)) == new``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from datetime import datetime
from enum import StrEnum

from cockpit.config.language import N_
from cockpit.exchange.grants import Grants
from cockpit.exchange.model import (
    DatabaseAvailabilityGroup,
    DatabaseCopyStatus,
    ExchangeServer,
    HealthReport,
    MailboxServer,
    MonitorHealthEntry,
    MonitoringProbeResult,
    Outcome,
    RecoveryAction,
    ServerComponentState,
    Service,
)
from cockpit.exchange.names import same_server
from cockpit.exchange.routing import UNKNOWN_ROUTE, Route
from cockpit.frozen import dataclass


class Reach(StrEnum):
    """How well we hear a server."""

    UNKNOWN = N_("not asked yet")
    LIVE = N_("live")
    STALE = N_("stale")
    UNREACHABLE = N_("unreachable")
    NOT_GRANTED = N_("not granted")
    """It can be asked, and this account may not."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why something did not work: what happened, why, and what helps. All cleaned text.

    ``denied``: RBAC does not grant it to this account.
    """

    what: str
    cause: str = ""
    cure: str = ""
    denied: bool = False

    def __str__(self) -> str:
        return ": ".join(part for part in (self.what, self.cause) if part)


@dataclass(frozen=True, slots=True)
class HealthSetReading:
    """The last answer for one POP health set of one server."""

    health_set: str
    outcome: Outcome | None
    read_at: datetime | None
    warnings: tuple[str, ...] = ()
    problem: Problem | None = None


class ProbePhase(StrEnum):
    RUNNING = "running"
    FINISHED = "finished"
    """The cmdlet came back: with a result, or with warnings only (not runnable)."""
    FAILED = "failed"
    """The cmdlet could not be run: see ``problem``."""


@dataclass(frozen=True, slots=True)
class ProbeRun:
    """One Invoke-MonitoringProbe asked for by hand. ``waiting`` False: nobody waits for it any more."""

    id: str
    identity: str
    server: str
    phase: ProbePhase
    started_at: datetime
    finished_at: datetime | None = None
    waiting: bool = True
    result: MonitoringProbeResult | None = None
    warnings: tuple[str, ...] = ()
    problem: Problem | None = None


class WinRMPart(StrEnum):
    """What one look at a WinRM endpoint reads, by the field of :class:`WinRMReading` that has it."""

    SERVICES = "services"
    LAST_BOOT = "last_boot"
    RECOVERY_ACTIONS = "recovery_actions"


@dataclass(frozen=True, slots=True)
class Unread:
    """A part that the last look could not read, though it read others."""

    part: WinRMPart
    problem: Problem


@dataclass(frozen=True, slots=True)
class WinRMReading:
    """What the WinRM endpoint of a server told; None where it was not asked or did not answer.

    ``problem``: why the last look read nothing at all. ``unread``: parts that it could not read; what is
    known of them is from a look before ``read_at``.
    """

    read_at: datetime | None = None
    services: tuple[Service, ...] | None = None
    last_boot: datetime | None = None
    recovery_actions: tuple[RecoveryAction, ...] | None = None
    problem: Problem | None = None
    unread: tuple[Unread, ...] = ()

    def missed(self, part: WinRMPart) -> Problem | None:
        """Why the last look could not read that part alone."""
        return next((u.problem for u in self.unread if u.part is part), None)


@dataclass(frozen=True, slots=True)
class ServerSnapshot:
    """All that is known of one server. Times are UTC.

    ``monitors``: the POP rows of the last good answer, kept when the server falls silent.
    ``health_sets``: every health set (Get-HealthReport), None until asked for.
    ``mailbox``: what the organization says of it as a Mailbox server, None where it is none or was not said.
    ``copies``: its database copies, None until a survey has read them (``messages.Survey``).
    ``poll_interval``: seconds between reads, so that a reader can judge the age.
    """

    server: ExchangeServer
    dag: str = ""
    reach: Reach = Reach.UNKNOWN
    last_success: datetime | None = None
    last_attempt: datetime | None = None
    poll_interval: float = 30.0
    problem: Problem | None = None
    readings: tuple[HealthSetReading, ...] = ()
    monitors: tuple[MonitorHealthEntry, ...] = ()
    health_sets: tuple[HealthReport, ...] | None = None
    health_sets_read_at: datetime | None = None
    components: tuple[ServerComponentState, ...] | None = None
    mailbox: MailboxServer | None = None
    copies: tuple[DatabaseCopyStatus, ...] | None = None
    surveyed_at: datetime | None = None
    winrm: WinRMReading = field(default_factory=WinRMReading)
    route: Route = UNKNOWN_ROUTE
    """Who answered the last read of it: the entry server dialled, and who is known behind that."""
    probe_runs: tuple[ProbeRun, ...] = ()
    """Newest first, at most ``PROBE_RUNS_KEPT``."""

    @property
    def name(self) -> str:
        return self.server.name


PROBE_RUNS_KEPT = 20


@dataclass(frozen=True, slots=True)
class CollectorStatus:
    """What the collector says of itself. ``sessions``: open Exchange shells of ``session_limit``.
    ``left_out``: servers of the organization that the environment is not about."""

    paused: bool = False
    interval: float = 30.0
    sessions: int = 0
    session_limit: int = 0
    entry_server: str = ""
    problem: Problem | None = None
    """Why no organization could be read at all; the last known servers stay."""
    shortage: Problem | None = None
    """Why there is no session at the moment though there is somebody to ask: this user's shells are taken."""
    organization_read_at: datetime | None = None
    grants: Grants = field(default_factory=Grants)
    """What RBAC lets this account use, as last read with the organization."""
    last_round_seconds: float | None = None
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class FleetSnapshot:
    """The whole picture. ``servers`` by short name, in the organization's order."""

    seq: int = 0
    status: CollectorStatus = field(default_factory=CollectorStatus)
    dags: tuple[DatabaseAvailabilityGroup, ...] = ()
    servers: Mapping[str, ServerSnapshot] = field(default_factory=dict)

    def version_of(self, server: str) -> str:
        """The version of the server of that name (short or full); empty for a name that is not here."""
        found = (s for s in self.servers.values() if server and same_server(s.name, server))
        return next((s.server.version.value for s in found), "")


@dataclass(frozen=True, slots=True)
class FleetDiff:
    """What changed between two snapshots. None: unchanged. ``order`` only when names came or went."""

    seq: int
    status: CollectorStatus | None = None
    dags: tuple[DatabaseAvailabilityGroup, ...] | None = None
    changed: tuple[ServerSnapshot, ...] = ()
    order: tuple[str, ...] | None = None


def diff(old: FleetSnapshot, new: FleetSnapshot) -> FleetDiff:
    """What turns ``old`` into ``new``."""
    changed = tuple(s for name, s in new.servers.items() if old.servers.get(name) != s)
    order = tuple(new.servers)
    return FleetDiff(
        seq=new.seq,
        status=new.status if new.status != old.status else None,
        dags=new.dags if new.dags != old.dags else None,
        changed=changed,
        order=order if order != tuple(old.servers) else None,
    )


def apply(old: FleetSnapshot, change: FleetDiff) -> FleetSnapshot:
    """``old`` with ``change`` applied."""
    servers = dict(old.servers)
    servers.update((s.name, s) for s in change.changed)
    if change.order is not None:
        servers = {name: servers[name] for name in change.order}
    return replace(
        old,
        seq=change.seq,
        status=change.status if change.status is not None else old.status,
        dags=change.dags if change.dags is not None else old.dags,
        servers=servers,
    )


def carried(shown: FleetSnapshot, base: FleetSnapshot) -> FleetSnapshot:
    """What is shown once ``base`` is known: after a restart the old servers stay until the new collector has
    found some."""
    return base if base.servers else replace(base, servers=shown.servers)

"""What the readers bring home: one frozen event for each finished job of the collector."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from cockpit.exchange.grants import Grants
from cockpit.exchange.model import (
    DatabaseAvailabilityGroup,
    DatabaseCopyStatus,
    ExchangeServer,
    HealthReport,
    MailboxServer,
    MonitorHealthEntry,
    MonitoringProbeResult,
    ServerComponentState,
)
from cockpit.exchange.routing import UNKNOWN_ROUTE, Route
from cockpit.fleet.snapshot import HealthSetReading, Problem, WinRMReading


@dataclass(frozen=True, slots=True)
class OrganizationRead:
    """Servers, DAGs and which server is in which DAG. ``entry_server``: who answered. ``left_out``: how many
    servers there are beside these, which the environment is not about. ``grants``: what RBAC lets this
    account use."""

    at: datetime
    entry_server: str
    servers: tuple[ExchangeServer, ...]
    dags: tuple[DatabaseAvailabilityGroup, ...]
    mailbox_servers: tuple[MailboxServer, ...]
    left_out: int = 0
    grants: Grants = Grants()  # noqa: RUF009 -- frozen


@dataclass(frozen=True, slots=True)
class EntryFailed:
    """Nobody could be asked. ``retry`` False: trying again by itself would not help (a wrong password
    tried again and again locks the account). ``organization``: it was the organization that was asked for."""

    at: datetime
    problem: Problem
    retry: bool
    organization: bool
    refused: bool = False
    """The sign-in was refused."""


@dataclass(frozen=True, slots=True)
class LaneFailed:
    """One lane got no session though others may have theirs; its job went back to the queue."""

    at: datetime
    lane: str
    problem: Problem
    retry: bool


@dataclass(frozen=True, slots=True)
class HealthRead:
    """The POP health sets of one server. ``health_sets`` where every set was asked for, else None."""

    at: datetime
    server: str
    readings: tuple[HealthSetReading, ...]
    monitors: tuple[MonitorHealthEntry, ...]
    health_sets: tuple[HealthReport, ...] | None
    seconds: float
    route: Route = UNKNOWN_ROUTE
    """Who answered."""


@dataclass(frozen=True, slots=True)
class HealthFailed:
    """This server could not be read, though somebody could be asked about it."""

    at: datetime
    server: str
    problem: Problem


@dataclass(frozen=True, slots=True)
class DetailRead:
    """Every health set and component of the server being watched; None where that read failed."""

    at: datetime
    server: str
    health_sets: tuple[HealthReport, ...] | None
    components: tuple[ServerComponentState, ...] | None


@dataclass(frozen=True, slots=True)
class SurveyRead:
    """Components and database copies of a server; None where that read failed or is not granted."""

    at: datetime
    server: str
    components: tuple[ServerComponentState, ...] | None
    copies: tuple[DatabaseCopyStatus, ...] | None


@dataclass(frozen=True, slots=True)
class WinRMRead:
    """``refused``: the sign-in was refused, which must not be tried on server after server."""

    server: str
    reading: WinRMReading
    refused: bool = False


@dataclass(frozen=True, slots=True)
class ProbeStarted:
    at: datetime
    run_id: str
    server: str
    identity: str


@dataclass(frozen=True, slots=True)
class ProbeEnded:
    """The cmdlet came back (``problem`` None), or could not be run."""

    at: datetime
    run_id: str
    server: str
    result: MonitoringProbeResult | None
    warnings: tuple[str, ...]
    problem: Problem | None


Event: TypeAlias = (
    OrganizationRead
    | EntryFailed
    | LaneFailed
    | HealthRead
    | HealthFailed
    | DetailRead
    | SurveyRead
    | WinRMRead
    | ProbeStarted
    | ProbeEnded
)

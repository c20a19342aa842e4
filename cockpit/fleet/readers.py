"""One job of the collector each: calls in, an event out. Used on worker threads, one session each."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import TypeVar

from cockpit.config.environment import Environment
from cockpit.config.language import N_
from cockpit.config.secrets import Secret
from cockpit.config.targets import Target, exchange_target, winrm_target
from cockpit.config.watched import why_left_out
from cockpit.exchange import catalogue
from cockpit.exchange.cmdlets import ExchangeCmdlets
from cockpit.exchange.errors import ExchangeError, NotGrantedError, SignInError, UnreachableError
from cockpit.exchange.model import (
    DatabaseCopyStatus,
    ExchangeServer,
    HealthReport,
    MonitorHealthEntry,
    MonitorState,
    Outcome,
    Reading,
    Role,
    Row,
)
from cockpit.exchange.refusals import Refusals
from cockpit.exchange.routing import UNKNOWN_ROUTE
from cockpit.exchange.session import WINRM, Session
from cockpit.exchange.winrm import WinRMCmdlets
from cockpit.fleet import events as e
from cockpit.fleet.rollup import consolidated
from cockpit.fleet.snapshot import HealthSetReading, Problem, Unread, WinRMPart, WinRMReading

_T = TypeVar("_T")


def now() -> datetime:
    return datetime.now(UTC)


def problem_of(error: ExchangeError) -> Problem:
    return Problem(error.what, error.cause, error.cure, isinstance(error, NotGrantedError))


def read_organization(cmdlets: ExchangeCmdlets, environment: Environment) -> e.OrganizationRead:
    """The servers that ``environment`` is about, DAGs, and who belongs to which; what this account may use.
    Raises ExchangeError.

    Without a right to read DAGs or Mailbox servers the servers stand under their sites.
    """
    servers = cmdlets.get_exchange_server()
    grants = cmdlets.get_grants()
    dags = _if_granted(cmdlets.get_database_availability_group)
    members = _if_granted(cmdlets.get_mailbox_server)
    ours = tuple(s for s in servers.rows if not why_left_out(environment, s.name, s.fqdn))
    left_out = len(servers.rows) - len(ours)
    return e.OrganizationRead(now(), servers.answered_by, ours, dags, members, left_out, grants)


def _if_granted(ask: Callable[[], Reading[Row]]) -> tuple[Row, ...]:
    try:
        return ask().rows
    except NotGrantedError:
        return ()


def read_health(cmdlets: ExchangeCmdlets, server: ExchangeServer, scope: str) -> e.HealthRead:
    """The POP health sets of ``server``: one call each, or all health sets in one (``scope`` "all").

    Raises ExchangeError.
    """
    started = time.monotonic()
    expected = catalogue.expected_health_sets(server.version, server.roles)
    if scope == "all":
        whole, states = cmdlets.get_whole_server_health(server.name)
        pop = whole.rows
        readings = tuple(_part_of(whole, s) for s in expected)
        others: tuple[HealthReport, ...] | None = _roll_up(server.name, states)
        route = whole.route
    else:
        pop, found, others, route = (), [], None, UNKNOWN_ROUTE
        for health_set in expected:
            part = cmdlets.get_server_health(server.name, health_set)
            pop += part.rows
            found.append(_reading(part, health_set, part.outcome))
            route = part.route
        readings = tuple(found)
    return e.HealthRead(now(), server.name, readings, pop, others, time.monotonic() - started, route)


def _reading(answer: Reading[MonitorHealthEntry], health_set: str, outcome: Outcome) -> HealthSetReading:
    words = answer.warnings + tuple(err.message for err in answer.errors)
    return HealthSetReading(health_set, outcome, now(), words)


def _part_of(whole: Reading[MonitorHealthEntry], health_set: str) -> HealthSetReading:
    """One health set's outcome out of an answer about all of them."""
    if any(m.health_set_name.lower() == health_set.lower() for m in whole.rows):
        return _reading(whole, health_set, Outcome.ROWS)
    if whole.warnings or whole.errors:
        # Some of the answer may be missing: no rows then means nothing.
        return _reading(whole, health_set, Outcome.EMPTY_WITH_WARNING)
    return _reading(whole, health_set, Outcome.EMPTY)


def _roll_up(server: str, rows: Iterable[MonitorState]) -> tuple[HealthReport, ...]:
    """What Get-HealthReport would say, from the rows of every monitor."""
    sets: dict[str, list[MonitorState]] = {}
    for row in rows:
        sets.setdefault(row.health_set_name, []).append(row)
    return tuple(
        HealthReport(
            server=server,
            state=members[0].current_health_set_state,
            health_set=name,
            health_group=members[0].health_group_name,
            alert_value=consolidated(members).word,
            last_transition_time=max(
                (m.last_transition_time for m in members if m.last_transition_time), default=None
            ),
            monitor_count=len(members),
            ha_impacting_monitor_count=sum(m.is_ha_impacting for m in members),
        )
        for name, members in sorted(sets.items())
    )


def answers(environment: Environment, server: ExchangeServer, seconds: float = 3.0) -> bool:
    """Whether anything listens at the server's own endpoints, as seen from here.

    A health manager that does not answer and a server that is gone look alike through another
    server's Get-ServerHealth (a warning and no rows); this tells them apart.
    """
    targets = (
        winrm_target(environment, server.name, server.fqdn),
        exchange_target(environment, server.name),
    )
    return any(_listens(target, seconds) for target in targets)


def _listens(target: Target, seconds: float) -> bool:
    try:
        socket.create_connection((target.host, target.port), timeout=seconds).close()
    except (OSError, UnicodeError):  # a name that cannot be one of a host
        return False
    return True


def unreachable(server: ExchangeServer, warnings: Sequence[str]) -> Problem:
    """The problem of a server that is silent on every side."""
    error = UnreachableError(
        N_("{server} does not answer").format(server=server.name), warnings[0] if warnings else ""
    )
    return problem_of(error)


def read_detail(cmdlets: ExchangeCmdlets, server: str) -> e.DetailRead:
    """Every health set and the components of ``server``. Raises ExchangeError when neither can be read."""
    sets = cmdlets.get_health_report(server)
    components = cmdlets.get_server_component_state(server)
    return e.DetailRead(
        now(),
        server,
        sets.rows if sets.rows else None,
        components.rows if components.rows else None,
    )


def read_survey(cmdlets: ExchangeCmdlets, server: ExchangeServer) -> e.SurveyRead:
    """Components and database copies of ``server``, each for itself. Raises ExchangeError where the server
    cannot be asked; what is not granted, or came with a warning and no rows, is not known."""
    components = _rows_if_said(lambda: cmdlets.get_server_component_state(server.name))
    copies: tuple[DatabaseCopyStatus, ...] | None = ()
    if Role.MAILBOX in catalogue.tiers(server.version, server.roles):
        copies = _rows_if_said(lambda: cmdlets.get_mailbox_database_copy_status(server.name))
    return e.SurveyRead(now(), server.name, components, copies)


def _rows_if_said(ask: Callable[[], Reading[Row]]) -> tuple[Row, ...] | None:
    try:
        answer = ask()
    except NotGrantedError:
        return None
    return None if answer.outcome is Outcome.EMPTY_WITH_WARNING else answer.rows


def winrm_session(
    environment: Environment, secret: Secret | None, server: ExchangeServer, refusals: Refusals
) -> Session:
    """For one look at the WinRM endpoint of ``server``."""
    target = winrm_target(environment, server.name, server.fqdn)
    return Session(target, WINRM, environment.credential.user, secret, refusals=refusals)


def read_winrm(session: Session, server: ExchangeServer) -> e.WinRMRead:
    """Services, last boot and recovery actions of ``server``, each for itself; ``session`` is closed after.

    A shell on the WinRM endpoint is a process on the server, so none is kept open for a look.
    """
    names = (*catalogue.services(server.version, server.roles), *catalogue.HEALTH_MANAGER_SERVICES)
    cmdlets, look = WinRMCmdlets(session), _Look(session)
    try:
        services = look.part(WinRMPart.SERVICES, lambda: cmdlets.get_service(names).rows)
        boot = look.part(WinRMPart.LAST_BOOT, cmdlets.last_boot_time)
        # The last one: a channel of events is slow to read.
        actions = look.part(WinRMPart.RECOVERY_ACTIONS, lambda: cmdlets.recovery_actions().rows)
    finally:
        session.close()
    if len(look.unread) == len(WinRMPart):
        reading = WinRMReading(problem=look.unread[0].problem)
    else:
        reading = WinRMReading(now(), services, boot, actions, unread=tuple(look.unread))
    return e.WinRMRead(server.name, reading, refused=isinstance(look.shut, SignInError))


class _Look:
    """The parts of one look, each of which may fail alone. ``shut``: why no shell can be had any more."""

    def __init__(self, session: Session) -> None:
        self.unread: list[Unread] = []
        self.shut: ExchangeError | None = None
        self._session = session

    def part(self, part: WinRMPart, job: Callable[[], _T]) -> _T | None:
        try:
            self._open()
            return job()
        except ExchangeError as error:
            if error.session_lost and not error.retry:
                self.shut = error
            self.unread.append(Unread(part, problem_of(error)))
            return None

    def _open(self) -> None:
        """Raises ExchangeError; where no shell could be had it is not tried again, for a server that is gone
        takes its time, and each refused sign-in counts towards a lock-out."""
        if self.shut is not None:
            raise self.shut
        try:
            self._session.open()
        except ExchangeError as error:
            self.shut = error
            raise


def run_probe(cmdlets: ExchangeCmdlets, run_id: str, server: str, identity: str) -> e.ProbeEnded:
    """Invoke-MonitoringProbe to its end; never raises: a run that cannot be made is a result too."""
    try:
        answer = cmdlets.invoke_monitoring_probe(identity, server)
    except ExchangeError as error:
        return e.ProbeEnded(now(), run_id, server, None, (), problem_of(error))
    words = answer.warnings + tuple(err.message for err in answer.errors)
    return e.ProbeEnded(now(), run_id, server, answer.rows[0] if answer.rows else None, words, None)

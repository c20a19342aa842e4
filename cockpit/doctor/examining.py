"""Goes through the checks: this host, entry servers, then every server. Reads only, and closes its shells."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cockpit.config.environment import Environment
from cockpit.config.language import N_
from cockpit.config.secrets import Secret
from cockpit.config.targets import exchange_target
from cockpit.config.watched import ELSEWHERE, why_left_out
from cockpit.doctor import host, judging_servers, servers
from cockpit.doctor.findings import Finding, Judged, finding, needs
from cockpit.doctor.limits import Time
from cockpit.doctor.links import Links
from cockpit.doctor.round import Round
from cockpit.doctor.table import CHECKS, Scope
from cockpit.exchange.catalogue import same_server
from cockpit.exchange.errors import ExchangeError
from cockpit.exchange.model import ExchangeServer, Role, Version
from cockpit.exchange.session import EXCHANGE

SECONDS: Final = 120.0
AT_ONCE: Final = 8
"""Servers looked at at the same time."""
JOURNAL_SECONDS: Final = 30.0
_ALL: Final = frozenset(CHECKS)
OF_HOST: Final = frozenset(c.id for c in CHECKS.values() if c.scope is Scope.HOST)
_OF_ENTRIES: Final = frozenset(c.id for c in CHECKS.values() if c.scope in (Scope.EXCHANGE, Scope.ENDPOINT))


class NoSuchServerError(Exception):
    """A server was asked for that the organization does not have, or that is none of this environment's."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """``env_file``: where the environment is written. ``servers``: only these; none: all that the
    environment watches. ``only``: ids of checks to tell of; what they hang on is done, and not told: with
    none of a server's own checks no server but the entry servers is dialled."""

    env_file: Path | None = None
    servers: tuple[str, ...] = ()
    only: frozenset[str] = _ALL
    seconds: float = SECONDS


def examine(
    environment: Environment, secret: Secret | None, wanted: Wanted | None = None
) -> Iterator[Finding]:
    """Every finding as it is made, subject by subject. Raises NoSuchServerError."""
    chosen = wanted or Wanted()
    left = Time(chosen.seconds)
    ticket = finding("ticket", host.SUBJECT, host.ticket(environment))
    told = chosen.only.__contains__
    yield from (f for f in (*_host(environment, chosen, left), ticket) if told(f.check))
    if chosen.only <= OF_HOST:
        return
    links = Links(environment, secret, left, ticket)
    try:
        yield from (f for f in _endpoints(links, chosen) if told(f.check))
    finally:
        links.close()


def _host(environment: Environment, wanted: Wanted, left: Time) -> Iterator[Finding]:
    judges: tuple[tuple[str, Callable[[], Judged]], ...] = (
        ("terminal", lambda: host.judge_terminal(host.terminal())),
        ("files", lambda: host.judge_files(environment, wanted.env_file)),
        ("journal", lambda: host.journal(environment, left.most(JOURNAL_SECONDS))),
    )
    for check, judge in judges:
        if check in wanted.only:
            yield finding(check, host.SUBJECT, judge())


def _endpoints(links: Links, wanted: Wanted) -> Iterator[Finding]:
    exchange: servers.Exchange | None = None
    for name in links.environment.entry_servers:
        found, asked = entry(links, name)
        exchange = exchange or asked
        yield from found
    if wanted.only <= OF_HOST | _OF_ENTRIES:
        return
    every = _organization(links.environment, exchange, wanted.servers)
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="doctor") as pool:
        for one in pool.map(lambda server: Round(links, exchange, server).findings(), every):
            yield from one


def entry(links: Links, name: str) -> tuple[tuple[Finding, ...], servers.Exchange | None]:
    """An entry server's Exchange endpoint; who can be asked there."""
    subject = f"{name} Exchange"
    found, session = links.endpoint(subject, exchange_target(links.environment, name), EXCHANGE)
    if session is None:
        return (*found, finding("cmdlets", subject, needs("shell"))), None
    asked = servers.Exchange(session, links.left)
    grants = asked.ask(lambda cmdlets: cmdlets.get_grants())
    judged = judging_servers.cmdlets(grants, writes=not links.environment.read_only)
    return (*found, finding("cmdlets", subject, judged)), asked


def _organization(
    environment: Environment, exchange: servers.Exchange | None, asked: tuple[str, ...]
) -> Sequence[ExchangeServer]:
    """The servers to look at: the organization's, or where it could not be read those that were named."""
    answer = None if exchange is None else exchange.ask(lambda cmdlets: cmdlets.get_exchange_server())
    if answer is None or isinstance(answer, ExchangeError):
        return [_unread(name) for name in asked or environment.entry_servers]
    if asked:
        return [_asked_for(environment, name, answer.rows) for name in dict.fromkeys(asked)]
    return [s for s in answer.rows if not why_left_out(environment, s.name, s.fqdn)]


def _asked_for(environment: Environment, name: str, known: Sequence[ExchangeServer]) -> ExchangeServer:
    """Raises NoSuchServerError."""
    found = next((server for server in known if same_server(name, server.name)), None)
    if found is None:
        names = ", ".join(sorted(server.name for server in known))
        raise NoSuchServerError(
            N_("the organization has no server {name}. It has: {names}.").format(name=name, names=names)
        )
    if why := why_left_out(environment, found.name, found.fqdn):
        words = N_("{server} is {why}").format(server=found.name, why=why)
        raise NoSuchServerError(f"{words}. {ELSEWHERE}")
    return found


def _unread(name: str) -> ExchangeServer:
    """A server of which only its name is known: perhaps with both tiers."""
    return ExchangeServer(name.split(".")[0], name, Version.OTHER, "", frozenset({Role.MAILBOX}), "", "")

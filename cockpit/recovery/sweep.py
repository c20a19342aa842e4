"""The sweep: what is on at the servers, against what the journal says is to be undone (design §6 rule 5).

Agrees with Microsoft's HealthChecker on what looks left behind, except that a site's own ``Blocked`` or
``IntrasiteOnly`` is told and not blamed (recovery-engine §3.1).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias, TypeVar

from cockpit.config.environment import Environment
from cockpit.config.language import N_
from cockpit.config.watched import why_left_out
from cockpit.exchange import catalogue
from cockpit.exchange import model as m
from cockpit.exchange.cmdlets import ExchangeCmdlets
from cockpit.exchange.errors import ExchangeError
from cockpit.exchange.model import Role
from cockpit.journal.records import Json, Obligation
from cockpit.journal.store import Journal, Writer
from cockpit.recovery.access import Access
from cockpit.recovery.view import Orphan

Row = TypeVar("Row")
Value: TypeAlias = bool | str | tuple[str, ...] | None

MOVE_NOW: Final = "DatabaseCopyActivationDisabledAndMoveNow"
POLICY: Final = "DatabaseCopyAutoActivationPolicy"
PROTOCOL_LOG: Final = "ProtocolLogEnabled"
POP_PROXY: Final = "PopProxy"
UNRESTRICTED: Final = "Unrestricted"
"""The policy's default (Set-MailboxServer.md)."""
_HEALTH_API: Final = "healthapi"
_TAKES_POP_OUT: Final = (POP_PROXY, "ServerWideOffline")
"""ServerWideOffline overrules every proxy component (exchange-facts §2.10)."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What one server shows now; None: it could not be read, which is never the same as clean.

    ``policy``: as Exchange prints it. ``pop_proxy``: the requesters whose vote takes POP out of
    service.
    ``databases``: the server has the Mailbox role; without it ``move_now`` and ``policy`` do not exist.
    """

    server: str
    move_now: bool | None
    policy: str | None
    protocol_log: bool | None
    pop_proxy: tuple[str, ...] | None
    databases: bool = True

    def values(self) -> tuple[tuple[str, Value], ...]:
        """Exchange's property name and what it is there; only what this kind of server has."""
        kept = ((MOVE_NOW, self.move_now), (POLICY, self.policy)) if self.databases else ()
        return (*kept, (PROTOCOL_LOG, self.protocol_log), (POP_PROXY, self.pop_proxy))


@dataclass(frozen=True, slots=True)
class Problem:
    """Why something could not be read, one sentence. ``server``: what is about one server alone; empty: it
    may be about any, also about one that nobody has heard of."""

    words: str
    server: str = ""


@dataclass(frozen=True, slots=True)
class Swept:
    """``problems``: why something could not be read, each one sentence; ``unread``: (server, property)
    that nothing is known of for one of these reasons. ``servers``: how many were looked at.
    ``servers_unread``: those that were not read, or not whole; None where nobody knows which."""

    orphans: tuple[Orphan, ...]
    problems: tuple[str, ...]
    servers: int
    unread: tuple[tuple[str, str], ...] = ()
    servers_unread: tuple[str, ...] | None = ()

    @property
    def whole(self) -> bool:
        return not self.problems and not self.unread


def sweep(
    access: Access,
    open_: Sequence[Obligation],
    closed: Sequence[Obligation],
    environment: Environment | None = None,
) -> Swept:
    """Look at every server of ``environment`` now. What cannot be read is a problem, never raised."""
    return judge(*read_marks(access, None, environment), open_, closed)


def judge(
    marks: Sequence[Mark],
    problems: Sequence[Problem],
    open_: Sequence[Obligation],
    closed: Sequence[Obligation],
) -> Swept:
    """What was read of the servers, against what the journal says. Pure."""
    every = (*problems, *(() if not marks else _unseen(marks, open_)))
    return Swept(
        compare(marks, open_, closed),
        tuple(problem.words for problem in every),
        len(marks),
        unread(marks),
        _about(every),
    )


def _about(problems: Iterable[Problem]) -> tuple[str, ...] | None:
    """The servers of ``problems``, each once, whatever its letters' case."""
    found: dict[str, str] = {}
    for problem in problems:
        if not problem.server:
            return None
        found.setdefault(problem.server.lower(), problem.server)
    return tuple(found.values())


def still(found: Swept, open_now: Sequence[Obligation]) -> Swept:
    """Without what a run has taken on since the obligations were read: looking at every server takes time."""
    owed = {(o.server.lower(), o.key) for o in open_now}
    kept = tuple(o for o in found.orphans if not (o.severe and (o.server.lower(), o.key) in owed))
    return replace(found, orphans=kept)


def closed(journal: Journal, environment: str) -> tuple[Obligation, ...]:
    """Obligations that were settled: their prior values are on record."""
    every = journal.obligations(open_only=False, environment=environment)
    return tuple(o for o in every if not o.open)


def record(writer: Writer, found: Swept) -> None:
    """A sweep as a line of the journal."""
    writer.log(
        "sweep",
        servers=found.servers,
        orphans=[f"{o.server} {o.key} {o.value}" for o in found.orphans],
        problems=list(found.problems),
    )


def unread(marks: Iterable[Mark]) -> tuple[tuple[str, str], ...]:
    """(server, property) of everything that could not be read."""
    return tuple((mark.server, key) for mark in marks for key, value in mark.values() if value is None)


def _unseen(marks: Sequence[Mark], open_: Sequence[Obligation]) -> Iterator[Problem]:
    owing = {o.server: o.key for o in open_}
    for server, key in sorted(owing.items()):
        if not any(catalogue.same_server(server, mark.server) for mark in marks):
            words = N_(
                "{server} has an open obligation ({key}) and is not among the servers that were looked at."
            ).format(server=server, key=key)
            yield Problem(words, server)


# --- comparing -----------------------------------------------------------------------------------


def compare(
    marks: Iterable[Mark], open_: Sequence[Obligation], closed: Sequence[Obligation]
) -> tuple[Orphan, ...]:
    """What is on without a record, and what is back although its obligation is open.

    ``open_``: handed over ones too. A value that could not be read gives nothing here: see :func:`unread`.
    At most one orphan for a (server, property).
    """
    shown = ((mark.server, key, value) for mark in marks for key, value in mark.values())
    found = (_one(server, key, value, open_, closed) for server, key, value in shown)
    return tuple(orphan for orphan in found if orphan is not None)


def _one(
    server: str,
    key: str,
    value: Value,
    open_: Sequence[Obligation],
    closed: Sequence[Obligation],
) -> Orphan | None:
    if value is None:
        return None
    if isinstance(value, tuple):
        return _out_of_service(server, value)
    owed = _of(open_, server, key)
    if owed:
        # The first prior value is the true one: what later ones found was a recovery's own.
        return _already_back(server, key, value, owed[0])
    former = _of(closed, server, key)
    last = max(former, key=lambda o: (o.closed_at or 0.0, o.id)) if former else None
    restored = last is not None and _same(last.prior, value)
    if key == MOVE_NOW:
        return _move_now(server, restored) if value is True else None
    if restored:
        return None
    if key == POLICY:
        return _policy(server, str(value)) if not _same(value, UNRESTRICTED) else None
    return _logging(server) if value is True else None


def _of(obligations: Sequence[Obligation], server: str, key: str) -> list[Obligation]:
    """Those of one property, the oldest first."""
    found = [o for o in obligations if catalogue.same_server(o.server, server) and o.key == key]
    return sorted(found, key=lambda o: (o.opened_at, o.id))


def _same(one: Json, other: Json) -> bool:
    """Exchange's texts do not know case; True is not 1 here."""
    if isinstance(one, str) and isinstance(other, str):
        return one.lower() == other.lower()
    return type(one) is type(other) and bool(one == other)


def _shown(value: bool | str) -> str:
    return f"${str(value).lower()}" if isinstance(value, bool) else value


def _already_back(server: str, key: str, value: bool | str, owed: Obligation) -> Orphan | None:
    if not _same(owed.prior, value):
        return None
    words = (
        N_("it is back already, or not changed yet; handed over to {to} open. Close it there, not here.")
        if owed.handed_to
        else N_(
            "it is back already, or not changed yet; its run {run} still holds it open. "
            "Close it there, not here."
        )
    ).format(to=owed.handed_to, run=owed.run[:8])
    return Orphan(server, key, _shown(value), severe=False, words=words)


def _move_now(server: str, restored: bool) -> Orphan:
    words = (
        N_(
            "no database may become active here, and no recovery answers for it; HealthChecker "
            "wants $false. A recovery found it so and put it back. Ask whether the server is in maintenance."
        )
        if restored
        else N_(
            "no database may become active here, and no recovery answers for it; HealthChecker "
            "wants $false. Ask whether the server is in maintenance."
        )
    )
    return Orphan(
        server,
        MOVE_NOW,
        "$true",
        severe=True,
        words=words,
    )


def _policy(server: str, value: str) -> Orphan:
    return Orphan(
        server,
        POLICY,
        value,
        severe=False,
        words=N_("not Exchange's default and not on record: a site's own value, or left behind."),
    )


def _logging(server: str) -> Orphan:
    return Orphan(
        server,
        PROTOCOL_LOG,
        "$true",
        severe=False,
        words=N_("POP3 writes a protocol log and no recovery answers for it: it fills its disk."),
    )


def _out_of_service(server: str, requesters: tuple[str, ...]) -> Orphan | None:
    if not requesters:
        return None
    who = "Managed Availability" if all(r.lower() == _HEALTH_API for r in requesters) else N_("somebody")
    return Orphan(
        server,
        POP_PROXY,
        N_("Inactive by {requesters}").format(requesters=", ".join(requesters)),
        severe=False,
        words=N_(
            "{who} took POP out of service here: POP3 stops by design until that vote is taken back."
        ).format(who=who),
    )


# --- reading -------------------------------------------------------------------------------------


def read_marks(
    access: Access, servers: Iterable[m.ExchangeServer] | None, environment: Environment | None = None
) -> tuple[tuple[Mark, ...], tuple[Problem, ...]]:
    """The marks of ``servers``, None: of every one that ``environment`` is about, one after the other; and
    what went wrong meanwhile.

    An Edge server has none of these values and is left out. Never raises ExchangeError.
    """
    problems: list[Problem] = []
    if servers is None:
        servers = _rows(access, problems, "Get-ExchangeServer", lambda c: c.get_exchange_server()) or ()
        if environment is not None:
            servers = [s for s in servers if not why_left_out(environment, s.name, s.fqdn)]
    held = [s for s in servers if catalogue.tiers(s.version, s.roles)]
    by_name: dict[str, m.MailboxServer] = {}
    if any(Role.MAILBOX in s.roles for s in held):
        hosts = _rows(access, problems, "Get-MailboxServer", lambda c: c.get_mailbox_server()) or ()
        by_name = {host.name.lower(): host for host in hosts}
        unnamed = [s.name for s in held if Role.MAILBOX in s.roles and s.name.lower() not in by_name]
        problems += [
            Problem(N_("Get-MailboxServer does not name {server}").format(server=n), n)
            for n in sorted(unnamed)
            if hosts
        ]
        mute = [host.name for host in hosts if not host.activation_policy]
        problems += [
            Problem(N_("Get-MailboxServer: no policy of {server}").format(server=name), name) for name in mute
        ]
    ordered = sorted(held, key=lambda s: s.name.lower())
    marks = tuple(_mark(access, problems, s, by_name.get(s.name.lower())) for s in ordered)
    return marks, tuple(problems)


def _mark(
    access: Access, problems: list[Problem], server: m.ExchangeServer, host: m.MailboxServer | None
) -> Mark:
    name = server.name
    what = N_("Get-PopSettings of {server}").format(server=name)
    settings = _rows(access, problems, what, lambda c: c.get_pop_settings(name), name)
    what = N_("Get-ServerComponentState of {server}").format(server=name)
    states = _rows(access, problems, what, lambda c: c.get_server_component_state(name), name)
    return Mark(
        server=name,
        move_now=host.activation_disabled_and_move_now if host is not None else None,
        policy=(host.activation_policy or None) if host is not None else None,
        protocol_log=settings[0].protocol_log_enabled if settings else None,
        pop_proxy=_against(states) if states else None,
        databases=Role.MAILBOX in server.roles,
    )


def _against(states: tuple[m.ServerComponentState, ...]) -> tuple[str, ...]:
    """Who votes PopProxy out. Each requester has two votes, here and in Active Directory (§2.10)."""
    out = [s for s in states if s.component in _TAKES_POP_OUT and s.state == "Inactive"]
    return tuple(sorted({v.requester for s in out for v in s.votes if v.state == "Inactive"}))


def _rows(
    access: Access,
    problems: list[Problem],
    what: str,
    ask: Callable[[ExchangeCmdlets], m.Reading[Row]],
    server: str = "",
) -> tuple[Row, ...] | None:
    """The rows, partial ones with a problem noted; None, and a problem, where there are none."""
    try:
        answer = access.read(ask)
    except ExchangeError as error:
        problems.append(Problem(f"{what}: {error}", server))
        return None
    if answer.errors:
        problems.append(Problem(f"{what}: {answer.errors[0].message}", server))
    elif not answer.rows:
        why = next(iter(answer.warnings), N_("gave nothing"))
        problems.append(Problem(f"{what}: {why}", server))
    return answer.rows or None

"""What was gathered about a probe's run, and what each piece of it says of the mailbox server. Pure.

The order is that of exchange-facts §4.5: StateAttribute4, the front end's log, the back end's log, the
mailbox's database. A piece that could not be had says so; nothing is concluded from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from cockpit.config.language import N_
from cockpit.config.listing import both
from cockpit.poplog.correlate import Clock, Match, Skew, Window, arrived, host_key, match
from cockpit.poplog.sessions import LOGINS, Outcome, Session, is_error, proxy_target


class Kind(StrEnum):
    """What was looked at."""

    PROBE = N_("probe result")
    FRONT_LOG = N_("front-end log")
    BACK_LOG = N_("back-end log")
    MAILBOX = N_("mailbox database")
    HEALTH = N_("health")


class Strength(StrEnum):
    """What a piece of evidence does. ``SILENT``: it was read, and tells nothing. ``MISSING``: not read.
    ``SHOWS``: how the named server is, which has no say in who it is."""

    NAMES = N_("names")
    SUPPORTS = N_("supports")
    AGAINST = N_("speaks against")
    SILENT = N_("tells nothing")
    MISSING = N_("missing")
    SHOWS = N_("shows")


@dataclass(frozen=True, slots=True)
class Evidence:
    """One piece. ``looked_at``, ``says``: for people, one harmless line each. ``server``: whom it is about,
    short name or as the evidence writes it. ``lines``: of a log, whole, that say it."""

    kind: Kind
    looked_at: str
    says: str
    strength: Strength
    server: str = ""
    clock: Clock | None = None
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ProbeRun:
    """A run of a probe. ``probe``: ``SET\\NAME``. ``started``, ``ended``: aware, by the clock of ``server``.
    ``mailbox_server``: StateAttribute4. ``user``: whom it logged in as; it is only said of failures."""

    probe: str
    server: str
    started: datetime | None
    ended: datetime | None
    result: str = ""
    mailbox_server: str = ""
    user: str = ""

    @property
    def window(self) -> Window | None:
        """By the clock of ``server``; None without both times, or where they are the wrong way round."""
        if self.started is None or self.ended is None or self.ended < self.started:
            return None
        return Window(self.started, self.ended)


@dataclass(frozen=True, slots=True)
class LogLook:
    """A look at one writer's log on ``server``. ``skew``: of its clock against the probe's server's; None not
    known. ``begins``, ``newest``: times of the first and last line that there are, by its own clock.
    ``logging``: whether it is on now, None not known. ``problem``: why nothing was read, empty otherwise."""

    server: str
    looked_at: str
    sessions: tuple[Session, ...] = ()
    clock: Clock | None = None
    skew: Skew | None = None
    begins: datetime | None = None
    newest: datetime | None = None
    logging: bool | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class MailboxLook:
    """Where the monitoring mailbox ``user`` is now. ``active_on``: the server with the active copy."""

    user: str
    database: str = ""
    active_on: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Gathered:
    """Everything for one run. ``servers``: short names of the organization's; None where that is not known,
    as with copied logs: a name is then taken as it stands. ``users``: names the probe's mailbox goes by, as
    ``sessions.local_part`` has them; empty: not known. ``addresses``: the front end's."""

    run: ProbeRun
    servers: tuple[str, ...] | None
    front: LogLook | None = None
    back: tuple[LogLook, ...] = ()
    mailbox: MailboxLook | None = None
    users: frozenset[str] = frozenset()
    addresses: frozenset[str] = frozenset()


def matched(front: LogLook | None, run: ProbeRun, users: frozenset[str]) -> Match:
    """The sessions of the front end's log that may be the run's."""
    window = run.window
    if front is None or window is None or front.problem:
        return Match()
    return match(front.sessions, window, users)


def state_evidence(run: ProbeRun) -> Evidence:
    looked = N_("StateAttribute4 of {probe} on {server}").format(probe=run.probe, server=run.server)
    if not run.mailbox_server:
        return Evidence(Kind.PROBE, looked, N_("It is empty."), Strength.SILENT)
    says = N_("It names {server}.").format(server=run.mailbox_server)
    return Evidence(Kind.PROBE, looked, says, Strength.NAMES, run.mailbox_server)


def front_evidence(front: LogLook, run: ProbeRun, users: frozenset[str]) -> Evidence:
    """What the front end's log says. It names a server only where all its sessions agree."""
    window = run.window
    if window is None:
        says = N_("The probe has no times, so its session cannot be looked for.")
        return _log(Kind.FRONT_LOG, front, says, Strength.MISSING)
    if front.problem:
        return _log(Kind.FRONT_LOG, front, front.problem, Strength.MISSING)
    found = match(front.sessions, window, users)
    if not found.sessions:
        return _log(Kind.FRONT_LOG, front, *_none(front, window, users))
    lines = tuple(line for s in found.sessions[:MOST_TOLD] for line in _telling(s))
    if not found.hosts:
        says = N_("{told}; nothing says where to it was proxied.").format(told=_told(found.sessions))
        return _log(Kind.FRONT_LOG, front, says, Strength.SILENT, lines=lines)
    if len(found.hosts) > 1:
        says = N_("Sessions of {users} were proxied to {hosts} in that time.").format(
            users=_users(users), hosts=both(found.hosts)
        )
        return _log(Kind.FRONT_LOG, front, says, Strength.SILENT, lines=lines)
    target = next(s.target for s in found.sessions if s.target is not None)
    where = (
        N_("{host} port {port}").format(host=target.host, port=target.port) if target.port else target.host
    )
    words = f" ({target.words})" if target.words else ""
    says = N_("{told}, proxied to {where}.").format(told=_told(found.sessions), where=f"{where}{words}")
    if found.untold:
        more = N_("{n} more in that time do not say where to.").format(n=len(found.untold))
        says = f"{says} {more}"
    return _log(Kind.FRONT_LOG, front, says, Strength.NAMES, target.host, lines)


def back_evidence(back: LogLook, gathered: Gathered) -> Evidence:
    """Whether the back end's log shows the session that the front end brought there."""
    window = gathered.run.window
    if window is None:
        return _log(
            Kind.BACK_LOG, back, N_("The probe has no times to look for."), Strength.MISSING, back.server
        )
    if back.problem:
        return _log(Kind.BACK_LOG, back, back.problem, Strength.MISSING, back.server)
    if back.skew is None:
        says = N_(
            "Its clock against the front end's is not known, so no session can be said to be the probe's."
        )
        return _log(Kind.BACK_LOG, back, says, Strength.MISSING, back.server)
    there = window.at(back.skew)
    users = gathered.users or matched(gathered.front, gathered.run, gathered.users).users
    apart = not says_same(back.server, gathered.run.server)
    found = arrived(back.sessions, there, users, gathered.addresses, apart=apart)
    if found:
        says = N_("{told}, from {client_end}; by its own clock within {tolerance:.1f} s.").format(
            told=_told(found), client_end=found[0].client_end, tolerance=there.tolerance
        )
        lines = tuple(line for s in found[:MOST_TOLD] for line in _telling(s))
        return _log(Kind.BACK_LOG, back, says, Strength.SUPPORTS, back.server, lines)
    words, strength = _none(back, there, users)
    if strength is Strength.SILENT:
        if _signed_in(gathered, back.server):
            strength = Strength.AGAINST
        else:
            unnamed = N_("A login that failed, or never got here, names nobody.")
            words = f"{words} {unnamed}"
    return _log(Kind.BACK_LOG, back, words, strength, back.server)


def _signed_in(gathered: Gathered, server: str) -> bool:
    """Whether the front end's log says that the login went well on ``server``: then the back end's names the
    user, which is empty until login (§4.2)."""
    found = matched(gathered.front, gathered.run, gathered.users).sessions
    rows = (e.row for s in found for e in s.entries if e.row.command.lower() in LOGINS)
    targets = (proxy_target(row) for row in rows if not is_error(row))
    return any(t is not None and says_same(t.host, server) for t in targets)


def mailbox_evidence(mailbox: MailboxLook | None) -> Evidence:
    """Where the probe's mailbox is now: independent of POP, and of what was then."""
    if mailbox is None:
        says = N_("Neither the probe nor the log says which mailbox it was.")
        return Evidence(Kind.MAILBOX, N_("the probe's monitoring mailbox"), says, Strength.MISSING)
    looked = N_("the database of {user}").format(user=mailbox.user)
    if mailbox.problem:
        return Evidence(Kind.MAILBOX, looked, mailbox.problem, Strength.MISSING)
    if not mailbox.active_on:
        says = (
            N_("No copy of {database} is active.").format(database=mailbox.database)
            if mailbox.database
            else N_("It has none.")
        )
        return Evidence(Kind.MAILBOX, looked, says, Strength.SILENT)
    says = N_("{database} is active on {active_on} now.").format(
        database=mailbox.database, active_on=mailbox.active_on
    )
    return Evidence(Kind.MAILBOX, looked, says, Strength.NAMES, mailbox.active_on)


MOST_TOLD = 3
"""Sessions whose lines are kept as evidence."""


def _log(
    kind: Kind, look: LogLook, says: str, strength: Strength, server: str = "", lines: tuple[str, ...] = ()
) -> Evidence:
    return Evidence(kind, look.looked_at, says, strength, server, look.clock, lines)


def _users(users: frozenset[str]) -> str:
    return ", ".join(sorted(users)) or N_("a HealthMailbox")


def _none(look: LogLook, window: Window, users: frozenset[str]) -> tuple[str, Strength]:
    """Why there is no session of ``users``: the log was not there for all of the time, or it has none."""
    start, end = window.widest
    off = look.logging is False
    if look.newest is None:
        says = N_("It has no lines; logging is off now.") if off else N_("It has no lines.")
        return says, Strength.MISSING
    if look.begins is not None and look.begins > start:
        says = (
            N_("It begins at {time}, not before the probe; logging is off now.")
            if off
            else N_("It begins at {time}, not before the probe.")
        )
        return says.format(time=clock_time(look.begins)), Strength.MISSING
    if look.newest < window.end:
        says = (
            N_(
                "Its newest line is of {time}, from before the probe's end; logging is off now: nothing was "
                "written since, or not yet."
            )
            if off
            else N_(
                "Its newest line is of {time}, from before the probe's end: nothing was written since, or "
                "not yet."
            )
        )
        return says.format(time=clock_time(look.newest)), Strength.MISSING
    return N_("No session of {users} from {start} to {end}.").format(
        users=_users(users), start=clock_time(start), end=clock_time(end)
    ), Strength.SILENT


def _told(sessions: tuple[Session, ...]) -> str:
    """The first of the sessions, and how many more."""
    first = sessions[0]
    sentence = (
        N_("Session {session} of {user}, {start} to {end}, failed: {words}")
        if first.outcome is Outcome.FAILED
        else N_("Session {session} of {user}, {start} to {end}")
    )
    told = sentence.format(
        session=first.id,
        user=first.user or N_("nobody"),
        start=clock_time(first.first),
        end=clock_time(first.last),
        words=first.words,
    )
    return N_("{told} (and {n} more)").format(told=told, n=len(sessions) - 1) if len(sessions) > 1 else told


def _telling(session: Session) -> list[str]:
    """The lines of a session that say who it was and where it went."""
    return [e.row.line for e in session.entries if (e.row.context and e.row.user) or "roxy" in e.row.line]


def clock_time(moment: datetime | None) -> str:
    """``2026-01-08 08:00:00.123Z``."""
    if moment is None:
        return N_("an unknown time")
    return f"{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def says_same(one: str, other: str) -> bool:
    """Whether two names, from whatever evidence, mean one server."""
    return host_key(one) == host_key(other)

"""Which sessions of a log belong to a stretch of time: clocks that differ, sessions that overlap. Pure.

A probe's times and its front end's log are of one clock; a back end's log has another, which may be minutes
off (exchange-facts §4.5: logs are UTC, but each by its server's own clock). What is known of two clocks is an
interval, never a number, and whatever is compared across them is compared with its width.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cockpit.config.language import N_
from cockpit.poplog.sessions import Session, is_health_mailbox, local_part

ONE_CLOCK: Final = 2.0
"""Seconds that a session may stand outside of a probe's times: rows are written when their command has ended,
and a probe's times are not taken at the same moment. Our own number."""


@dataclass(frozen=True, slots=True)
class Clock:
    """A server's clock was ``ahead`` seconds of ours (behind: negative), give or take ``error``."""

    server: str
    ahead: float
    error: float

    def __str__(self) -> str:
        error = max(self.error, 0.1)
        # A clock that is off by less than what can be seen is not off.
        if abs(self.ahead) <= error:
            return N_("its clock and ours agree within {error:.1f} s").format(error=error)
        if self.ahead > 0:
            return N_("its clock is {n:.1f} s ahead of ours (±{error:.1f} s)").format(
                n=self.ahead, error=error
            )
        return N_("its clock is {n:.1f} s behind ours (±{error:.1f} s)").format(n=-self.ahead, error=error)


@dataclass(frozen=True, slots=True)
class Skew:
    """One server's clock is ``ahead`` seconds of another's, give or take ``error``; for one clock both 0."""

    ahead: float = 0.0
    error: float = 0.0


def skew(before: datetime, there: datetime, after: datetime) -> Skew:
    """How far the clock that showed ``there`` is ahead of the one that showed ``before`` and ``after``, when
    it was looked at between these two looks. Nobody's third clock is in it, nor how fast any of them goes."""
    late, early = (there - before).total_seconds(), (there - after).total_seconds()
    return Skew((late + early) / 2, abs(late - early) / 2)


@dataclass(frozen=True, slots=True)
class Window:
    """From ``start`` to ``end`` (aware), with ``tolerance`` seconds before and after."""

    start: datetime
    end: datetime
    tolerance: float = ONE_CLOCK

    def at(self, other: Skew) -> Window:
        """The same stretch by another server's clock, as wide as is known of it."""
        by = timedelta(seconds=other.ahead)
        return Window(self.start + by, self.end + by, self.tolerance + other.error)

    @property
    def widest(self) -> tuple[datetime, datetime]:
        slack = timedelta(seconds=self.tolerance)
        return self.start - slack, self.end + slack

    def touches(self, session: Session) -> bool:
        """Whether the session was there at any moment of it; one without times never was."""
        start, end = self.widest
        return (
            session.first is not None
            and session.last is not None
            and session.first <= end
            and session.last >= start
        )

    def holds(self, session: Session) -> bool:
        """Whether the whole session lies between start and end, without any tolerance but a rounded
        millisecond."""
        little = timedelta(milliseconds=1)
        return (
            session.first is not None
            and session.last is not None
            and session.first >= self.start - little
            and session.last <= self.end + little
        )


def host_key(host: str) -> str:
    """A host for comparing: its short name in small letters, or its address as it is."""
    bare = host.strip().strip("[]").rstrip(".").lower()
    return bare if is_address(bare) else bare.partition(".")[0]


def is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def address_of(end: str) -> str:
    """The address of ``address:port``; empty where there is none, or only a loopback's, which names no
    machine."""
    address = end.rpartition(":")[0].strip("[]").lower()
    if not is_address(address):
        return ""
    found = ipaddress.ip_address(address)
    return "" if found.is_loopback or found.is_unspecified else str(found)


def is_of(session: Session, users: Collection[str]) -> bool:
    """Whether it is a session of one of ``users`` (as ``local_part`` has them); without any, whether it is a
    probe's."""
    return local_part(session.user) in users if users else is_health_mailbox(session.user)


@dataclass(frozen=True, slots=True)
class Match:
    """Sessions that may be the probe's. ``hosts``: whom they were proxied to, each once, as
    :func:`host_key` has it. More than one: it cannot be told which."""

    sessions: tuple[Session, ...] = ()
    hosts: tuple[str, ...] = ()

    @property
    def untold(self) -> tuple[Session, ...]:
        """Those that do not say whom they were proxied to."""
        return tuple(s for s in self.sessions if s.target is None)

    @property
    def users(self) -> frozenset[str]:
        return frozenset(local_part(s.user) for s in self.sessions if s.user)


def match(sessions: Iterable[Session], window: Window, users: Collection[str]) -> Match:
    """The sessions of ``users`` in ``window``. Where they were proxied to several hosts, or some do not say
    where to, those that lie wholly inside count before those that only overlap; nothing is decided by being
    a little nearer."""
    found = [s for s in sessions if is_of(s, users) and window.touches(s)]
    first = _match(found)
    if len(first.hosts) < 2 and not first.untold:
        return first
    inside = _match([s for s in found if window.holds(s)])
    better = len(inside.hosts) == 1 and (len(first.hosts) > 1 or not inside.untold)
    return inside if better else first


def _match(sessions: list[Session]) -> Match:
    ordered = sorted(sessions, key=lambda s: (s.first is None, s.first, s.id))
    hosts = dict.fromkeys(host_key(s.target.host) for s in ordered if s.target is not None)
    return Match(tuple(ordered), tuple(hosts))


def arrived(
    sessions: Iterable[Session],
    window: Window,
    users: Collection[str],
    front: Collection[str],
    *,
    apart: bool,
) -> tuple[Session, ...]:
    """Sessions on a back end, whose clock ``window`` is by, that a front end of the addresses ``front`` may
    have brought. ``apart``: the front end is another server; then a session from the back end's own server is
    that of a probe of its own. Without any address every other server may be the front end."""
    found = [s for s in sessions if is_of(s, users) and window.touches(s)]
    return tuple(s for s in found if _from(s, front, apart=apart))


def _from(session: Session, front: Collection[str], *, apart: bool) -> bool:
    came, own = address_of(session.client_end), address_of(session.server_end)
    if not apart:
        return came in ("", own) or came in front
    return came in front if front else came not in ("", own)

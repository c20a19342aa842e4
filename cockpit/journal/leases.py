"""Leases: the right to act on a scope, with a token that only ever rises.

Exchange cannot check our token (recovery-engine §0.8): hence ``Hold.deadline``, checked here and now just
before a send.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import sqlalchemy as sa

from cockpit.journal import rows, schema
from cockpit.journal.errors import LeaseHeldError, LeaseLostError
from cockpit.journal.records import Actor, Lease

_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
_LEASE = schema.lease.c


def local_clock() -> float:
    """Seconds of a clock of this machine that goes on while it is suspended, where there is one."""
    return time.clock_gettime(_CLOCK)


@dataclass(frozen=True, slots=True)
class Hold:
    """A lease of ours. ``ttl``: seconds it lives after a renewal.

    ``deadline``: until then, by :func:`local_clock`, it is certainly ours: taken before the renewing
    transaction began, plus ``ttl``.
    """

    scope: str
    token: int
    holder: str
    run: str
    ttl: float
    deadline: float

    def remaining(self) -> float:
        """Seconds it is certainly still ours; negative once it may be somebody else's."""
        return self.deadline - local_clock()

    def renewed(self, since: float) -> Hold:
        """The same after a renewal that began at ``since`` by the local clock."""
        return replace(self, deadline=since + self.ttl)


@dataclass(frozen=True, slots=True)
class Taking:
    """How a lease was taken: the event's name, its token, and who had it before."""

    event: str
    token: int
    former: Lease | None


def read(connection: sa.Connection, scope: str, now: float) -> Lease | None:
    """The lease on ``scope``, expired ones too; None where it is released or never was."""
    query = sa.select(schema.lease).where(_LEASE.scope == scope, _LEASE.expires_at > 0)
    row = connection.execute(query).one_or_none()
    return None if row is None else rows.lease(row, now)


def read_all(connection: sa.Connection, now: float) -> tuple[Lease, ...]:
    """All that are not released, by scope."""
    query = sa.select(schema.lease).where(_LEASE.expires_at > 0).order_by(_LEASE.scope)
    return tuple(rows.lease(row, now) for row in connection.execute(query))


def take(connection: sa.Connection, actor: Actor, scope: str, run: str, ttl: float, now: float) -> Taking:
    """Take or renew the lease, on a locked head row. LeaseHeldError: another's lives."""
    query = sa.select(schema.lease).where(_LEASE.scope == scope).with_for_update()
    row = connection.execute(query).one_or_none()
    taking = _taking(row, actor, now)
    values = {
        "holder": actor.process,
        "operator": actor.operator,
        "origin": actor.origin,
        "run": run,
        "token": taking.token,
        "expires_at": now + ttl,
    }
    if row is None:
        connection.execute(sa.insert(schema.lease).values(scope=scope, taken_at=now, **values))
        return taking
    if taking.event != "lease.acquired again":
        values["taken_at"] = now
    connection.execute(sa.update(schema.lease).where(_LEASE.scope == scope).values(**values))
    return taking


def _taking(row: rows.Row | None, actor: Actor, now: float) -> Taking:
    if row is None:
        return Taking("lease.acquired", 1, None)
    former = rows.lease(row, now)
    if former.expires_at <= 0:
        return Taking("lease.acquired", former.token + 1, None)
    if former.holder == actor.process:
        return Taking("lease.acquired again", former.token, None)
    if not former.expired:
        raise LeaseHeldError(former)
    return Taking("lease.taken over", former.token + 1, former)


def renew(connection: sa.Connection, hold: Hold, now: float) -> None:
    """LeaseLostError: its token or holder changed, or it was released."""
    until = now + hold.ttl
    # Two renewals may overlap; the later end is the promise that was made.
    later = sa.case((_LEASE.expires_at > until, _LEASE.expires_at), else_=until)
    _ours(connection, hold, later)


def release(connection: sa.Connection, hold: Hold) -> None:
    """LeaseLostError: it is not ours any more."""
    _ours(connection, hold, 0.0)


def _ours(connection: sa.Connection, hold: Hold, expires_at: sa.ColumnElement[float] | float) -> None:
    changed = connection.execute(
        sa.update(schema.lease)
        .where(
            _LEASE.scope == hold.scope,
            _LEASE.token == hold.token,
            _LEASE.holder == hold.holder,
            _LEASE.expires_at > 0,
        )
        .values(expires_at=expires_at)
    )
    if changed.rowcount != 1:
        raise LeaseLostError(hold.scope, hold.token)

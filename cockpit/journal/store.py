"""The journal: one thin face over leases, writing, reading and proof.

Same code on SQLite and PostgreSQL. A transaction that writes locks the head row first, so that all
writers stand in one line: what one of them has read stays true until it is committed.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from cockpit.journal import chain, checkpoints, leases, reading, rows, schema
from cockpit.journal.database import Database, sqlite_url
from cockpit.journal.leases import Hold
from cockpit.journal.migrate import migrate
from cockpit.journal.reading import Reads
from cockpit.journal.records import Actor, Check, Checkpoint, Lease
from cockpit.journal.sharing import ALONE, Sharing, sharing_of
from cockpit.journal.transaction import locked_head
from cockpit.journal.writing import Writer

__all__ = ["Hold", "Journal", "Writer", "open_journal", "sqlite_url"]


def open_journal(
    url: str, actor: Actor, *, keys: Path, checkpoints: Path, group: str | None = None
) -> Journal:
    """Open the journal at ``url``, its tables brought up to date.

    ``keys``: folder of the signing key, made on the first checkpoint; each user's own. ``checkpoints``: the
    file outside, one per journal. ``group``: of this host, that shares a SQLite journal and its checkpoints.
    JournalError: it cannot be opened or shared, or is newer than this program.
    """
    sharing = sharing_of(group)
    database = Database(url, sharing)
    try:
        migrate(database)
    except BaseException:
        database.close()
        raise
    return Journal(database, actor, keys, checkpoints, sharing)


class Journal(Reads):
    """May be used from several threads at once. Every method may raise JournalError."""

    def __init__(
        self, database: Database, actor: Actor, keys: Path, outside: Path, sharing: Sharing = ALONE
    ) -> None:
        super().__init__(database)
        self.actor = actor
        self._keys = keys
        self._outside = outside
        self._sharing = sharing

    def close(self) -> None:
        self._database.close()

    @property
    def outside(self) -> Path:
        """The file of checkpoints outside."""
        return self._outside

    def now(self) -> float:
        """Seconds since the epoch by the database's clock."""
        with self._database.read() as connection:
            return self._database.now(connection)

    @contextmanager
    def write(self, hold: Hold | None) -> Iterator[Writer]:
        """One transaction: committed at the end of the block, rolled back by an exception.

        With a hold its lease is renewed first; ``Writer.hold`` is the renewed one, good after the
        block. LeaseLostError: the lease is gone, and nothing is written.
        """
        since = leases.local_clock()
        with self._locked() as (connection, now):
            renewed = None
            if hold is not None:
                leases.renew(connection, hold, now)
                renewed = hold.renewed(since)
            yield Writer(connection, self.actor, now, renewed)

    def acquire(self, scope: str, run: str, ttl: float) -> Hold:
        """Take the lease on ``scope`` for ``ttl`` seconds; an expired one is taken over.

        The same process taking it again renews it. LeaseHeldError: another's lives.
        """
        since = leases.local_clock()
        with self._locked() as (connection, now):
            taking = leases.take(connection, self.actor, scope, run, ttl, now)
            former = {} if taking.former is None else {"former": taking.former.holder}
            if taking.former is not None:
                former["former_operator"] = taking.former.operator
                former["former_run"] = taking.former.run
            writer = Writer(connection, self.actor, now)
            writer.log(taking.event, scope=scope, run=run, fence=taking.token, **former)
        return Hold(scope, taking.token, self.actor.process, run, ttl, since + ttl)

    def renew(self, hold: Hold) -> Hold:
        """LeaseLostError: it is not ours any more."""
        since = leases.local_clock()
        # Without the head row: a renewal waits for no other writer on PostgreSQL.
        with self._database.write() as connection:
            leases.renew(connection, hold, self._database.now(connection))
        return hold.renewed(since)

    def release(self, hold: Hold) -> None:
        """Give the lease back. LeaseLostError: it is not ours any more."""
        with self._locked() as (connection, now):
            leases.release(connection, hold)
            Writer(connection, self.actor, now, hold).log("lease.released", scope=hold.scope, run=hold.run)

    def lease(self, scope: str) -> Lease | None:
        """The lease on ``scope``, an expired one too; None where it is released or never was."""
        with self._database.read() as connection:
            return leases.read(connection, scope, self._database.now(connection))

    def leases(self) -> tuple[Lease, ...]:
        """All that are not released, by scope."""
        with self._database.read() as connection:
            return leases.read_all(connection, self._database.now(connection))

    def checkpoint(self) -> Checkpoint:
        """Sign how far the chain has come, into the table and the file outside."""
        key = checkpoints.signing_key(self._keys)
        with self._locked() as (connection, now):
            made = checkpoints.signed(key, self._unsigned(connection, now))
            connection.execute(
                sa.insert(schema.checkpoint).values(
                    seq=made.seq,
                    hash=made.hash,
                    at=made.at,
                    host=made.host,
                    operator=made.operator,
                    previous=made.previous,
                    key=made.key,
                    signature=made.signature,
                )
            )
        checkpoints.append(self._outside, made, self._sharing)
        return made

    def verify(self, outside: Path | None = None) -> Check:
        """Prove the chain from line 1 against the head row and every checkpoint.

        ``outside``: a file of checkpoints that was kept elsewhere; without it the one given at opening,
        where there is one. It must be of this journal. JournalError: the file cannot be read.
        """
        # Read before the lines: whatever it speaks of must then be among them.
        kept = checkpoints.read(outside or self._outside) if outside or self._outside.exists() else ()
        with self._database.read(snapshot=True) as connection:
            return chain.verify(
                reading.every_line(connection),
                reading.head(connection),
                reading.checkpoints(connection),
                kept,
                checkpoints.genuine,
            )

    def _unsigned(self, connection: sa.Connection, now: float) -> Checkpoint:
        head = locked_head(connection)
        newest = sa.select(schema.checkpoint).order_by(schema.checkpoint.c.id.desc()).limit(1)
        last = connection.execute(newest).one_or_none()
        return Checkpoint(
            seq=head.seq,
            hash=head.hash,
            at=chain.iso(now),
            host=_utf8(socket.gethostname()),
            operator=_utf8(self.actor.operator),
            previous="" if last is None else rows.checkpoint(last).signature,
            key="",
            signature="",
        )

    @contextmanager
    def _locked(self) -> Iterator[tuple[sa.Connection, float]]:
        with self._database.write() as connection:
            locked_head(connection)
            yield connection, self._database.now(connection)


def _utf8(text: str) -> str:
    """As the table will have it: what is signed must be what is stored."""
    return schema.stored_text(text)

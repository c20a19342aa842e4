"""What every kind of write needs: the head row's lock, the clock, and the line it appends."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa

from cockpit.config.language import N_
from cockpit.journal import chain, rows, schema
from cockpit.journal.errors import JournalError
from cockpit.journal.leases import Hold
from cockpit.journal.records import Actor, Json, Run


class Transaction:
    """One write transaction on a locked head row.

    ``now``: the database's clock, read once after the lock, so that all rows of a transaction agree.
    ``hold``: the lease as renewed by this transaction; good once it is committed.
    """

    def __init__(self, connection: sa.Connection, actor: Actor, now: float, hold: Hold | None = None) -> None:
        self.now = now
        self.hold = hold
        self._connection = connection
        self._actor = actor
        self._digests: dict[str, str] = {}

    def log(self, event: str, **body: Json) -> int:
        """Append one line to the chain; its number. Who, the fence and the runbook's digest are added."""
        row = self._head()
        line = chain.link(
            chain.Head(row.seq, row.hash), chain.iso(self.now), chain.canonical(self._body(event, body))
        )
        self._connection.execute(
            sa.insert(schema.journal).values(
                seq=line.seq, at=line.at, body=line.body, prev=line.prev, hash=line.hash
            )
        )
        self._connection.execute(sa.update(schema.head).values(seq=line.seq, hash=line.hash))
        return line.seq

    def _body(self, event: str, body: Mapping[str, Json]) -> dict[str, Json]:
        actor = self._actor
        whole: dict[str, Json] = {
            **body,
            "event": event,
            "operator": actor.operator,
            "origin": actor.origin,
            "process": actor.process,
            "program": actor.program,
        }
        if self.hold is not None:
            whole["fence"] = self.hold.token
        if isinstance(run := whole.get("run"), str) and (digest := self._digest(run)):
            whole["digest"] = digest
        return whole

    def _digest(self, run: str) -> str:
        if run not in self._digests:
            found = self._connection.execute(
                sa.select(schema.run.c.digest).where(schema.run.c.id == run)
            ).scalar()
            # A lease may be taken for a run that has no row yet.
            if found is None:
                return ""
            self._digests[run] = found
        return self._digests[run]

    def _insert(self, table: sa.Table, /, **values: str | float) -> int:
        """Insert one row; its id."""
        made = self._connection.execute(sa.insert(table).values(**values).returning(table.c.id))
        return int(made.scalar_one())

    def _head(self) -> rows.Row:
        return locked_head(self._connection)

    def _run(self, run: str) -> Run:
        """The run's row. JournalError: there is none."""
        return read_run(self._connection, run)

    def _living(self, run: str) -> Run:
        """The run's row. JournalError: there is none, or it has ended."""
        found = self._run(run)
        if found.ended:
            raise JournalError(
                N_("Run {run} has ended ({state}): start a new run.").format(run=run, state=found.state)
            )
        return found


def locked_head(connection: sa.Connection) -> rows.Row:
    """The head row, locked until the end of the transaction. JournalError: somebody removed it."""
    row = connection.execute(sa.select(schema.head).with_for_update()).one_or_none()
    if row is None:
        raise JournalError(
            N_("The journal's head row is gone: verify the journal, and restore it from a backup.")
        )
    return row


def read_run(connection: sa.Connection, run: str) -> Run:
    """JournalError: there is no such run."""
    row = connection.execute(sa.select(schema.run).where(schema.run.c.id == run)).one_or_none()
    if row is None:
        raise JournalError(
            N_("There is no run {run} in this journal: list the runs for their names.").format(run=run)
        )
    return rows.run(row)

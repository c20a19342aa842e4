"""The timeline of an environment: what was seen on its servers, and when somebody looked.

It lives in the journal's database, beside the chain and not in it: an observation is not a deed. Whoever
writes locks one row first, so there is one writer at a time though several cockpits watch, and what one has
written already another does not write again. Nothing in here waits for the journal's head row.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

import sqlalchemy as sa

from cockpit.config.language import N_
from cockpit.fleet.sightings import Kind, Sighting
from cockpit.fleet.watching import Span
from cockpit.journal import schema
from cockpit.journal.database import Database
from cockpit.journal.errors import JournalError
from cockpit.journal.migrate import migrate
from cockpit.journal.records import Actor
from cockpit.journal.sharing import sharing_of
from cockpit.journal.timeline_keeping import Pruner
from cockpit.journal.timeline_reading import TimelineReads
from cockpit.journal.timeline_records import Retention
from cockpit.journal.timeline_rules import State, judge, row_key, subject_key

BATCH: Final = 250
"""Sightings in one transaction: others who write to the same database wait no longer for it."""
_STATE = schema.timeline_state
_WATCH = schema.timeline_watch


def open_timeline(
    url: str, actor: Actor, *, environment: str, keep: Retention, group: str | None = None
) -> Timeline:
    """Open the timeline in the journal at ``url``, its tables up to date. ``group``: as the journal's.

    JournalError: it cannot be opened or shared, or is newer than this program.
    """
    database = Database(url, sharing_of(group))
    try:
        migrate(database)
    except BaseException:
        database.close()
        raise
    return Timeline(database, actor, environment, keep)


@dataclass(slots=True)
class _Own:
    """What this process has written of its watch: the row of its span, as the database has it."""

    row: int | None = None
    since: float | None = None
    until: float = 0.0


@dataclass(slots=True)
class _Transaction:
    """One locked transaction. ``shift``: what makes this host's clock the database's."""

    connection: sa.Connection
    now: float
    shift: float
    news: int = 0
    states: dict[str, State] = field(default_factory=dict)


class Timeline(TimelineReads):
    """One environment's. May be used from several threads, one call at a time each. Every method may raise
    JournalError; what a call that failed was to write can be given again."""

    def __init__(self, database: Database, actor: Actor, environment: str, keep: Retention) -> None:
        super().__init__(database, environment)
        self.actor = actor
        self._own = _Own()
        self._pruner = Pruner(environment, keep)

    def close(self) -> None:
        self._database.close()

    def write(self, sightings: Sequence[Sighting]) -> int:
        """Write what is new among them, in small transactions; how many rows that were."""
        written = 0
        for start in range(0, len(sightings), BATCH):
            with self._locked() as work:
                self._sightings(work, sightings[start : start + BATCH])
                written += work.news
        return written

    def watched(self, span: Span, *, ended: bool = False) -> None:
        """This process heard servers in ``span``, by this host's clock: of a span that it told before, the
        row is lengthened. ``ended``: it stops watching."""
        with self._locked() as work:
            self._span(work, span, ended)

    def prune(self) -> int:
        """Delete one small batch of what is older, or more, than is kept; how many rows. 0: nothing is left
        to delete."""
        with self._locked() as work:
            return self._pruner.prune(work.connection, work.now)

    # --- inside a transaction ----------------------------------------------------------------------

    @contextmanager
    def _locked(self) -> Iterator[_Transaction]:
        head = schema.timeline_head
        with self._database.write() as connection:
            row = connection.execute(sa.select(head.c.position).with_for_update()).one_or_none()
            if row is None:
                raise JournalError(N_("The timeline's head row is gone: restore the journal from a backup."))
            now = self._database.now(connection)
            work = _Transaction(connection, now, now - time.time())
            yield work
            if work.news:
                connection.execute(sa.update(head).values(position=row.position + work.news))

    def _sightings(self, work: _Transaction, some: Sequence[Sighting]) -> None:
        keys = [subject_key(self._environment, each) for each in some]
        work.states = self._states(work.connection, keys)
        rows: dict[str, dict[str, str | float | None]] = {}
        changed: dict[str, State] = {}
        for key, each in zip(keys, some, strict=True):
            seen_at = each.seen + work.shift
            judged = judge(each, seen_at, work.states.get(key))
            if judged.state is not None:
                work.states[key] = changed[key] = judged.state
            if judged.new:
                row = self._row(each, judged.former, seen_at)
                rows.setdefault(str(row["key"]), row)
        self._insert(work, rows)
        self._keep(work.connection, changed)

    def _states(self, connection: sa.Connection, keys: Sequence[str]) -> dict[str, State]:
        query = sa.select(_STATE).where(_STATE.c.key.in_(keys))
        return {row.key: State(row.value, row.at, row.seen_at) for row in connection.execute(query)}

    def _row(self, each: Sighting, former: str, seen_at: float) -> dict[str, str | float | None]:
        return {
            "key": row_key(self._environment, each, seen_at),
            "environment": self._environment,
            "kind": each.kind.value,
            "server": each.server,
            "health_set": each.health_set,
            "what": each.what,
            "target": each.target,
            "former": former,
            "value": each.value,
            "at": seen_at if each.at is None else each.at,
            "told": int(each.at is not None),
            "seen_at": seen_at,
            "by": self.actor.operator if each.kind is Kind.PROBE else each.by,
            "detail": each.detail,
            "number": each.number,
        }

    def _insert(self, work: _Transaction, rows: dict[str, dict[str, str | float | None]]) -> None:
        """Those that are not there yet, and are not so old that they would be deleted at once."""
        table = schema.timeline
        there = sa.select(table.c.key).where(table.c.key.in_(list(rows)))
        known = set(work.connection.execute(there).scalars())
        oldest = self._pruner.oldest(work.now)
        new = [row for key, row in rows.items() if key not in known and float(row["at"] or 0) >= oldest]
        if new:
            work.connection.execute(sa.insert(table), new)
        work.news += len(new)

    def _keep(self, connection: sa.Connection, changed: dict[str, State]) -> None:
        if not changed:
            return
        connection.execute(sa.delete(_STATE).where(_STATE.c.key.in_(list(changed))))
        rows = [
            {
                "key": key,
                "environment": self._environment,
                "value": state.value,
                "at": state.at,
                "seen_at": state.seen_at,
            }
            for key, state in changed.items()
        ]
        connection.execute(sa.insert(_STATE), rows)

    def _span(self, work: _Transaction, span: Span, ended: bool) -> None:
        own = self._own
        until = span.until + work.shift
        if own.since == span.since and own.row is not None:
            values = {"until": max(until, own.until), "ended": int(ended)}
            done = work.connection.execute(sa.update(_WATCH).where(_WATCH.c.id == own.row).values(**values))
            if done.rowcount:
                own.until = values["until"]
                return
        if own.row is not None:
            work.connection.execute(sa.update(_WATCH).where(_WATCH.c.id == own.row).values(ended=1))
        made = work.connection.execute(
            sa.insert(_WATCH)
            .values(
                environment=self._environment,
                process=self.actor.process,
                operator=self.actor.operator,
                origin=self.actor.origin,
                since=span.since + work.shift,
                until=until,
                ended=int(ended),
            )
            .returning(_WATCH.c.id)
        )
        self._own = _Own(int(made.scalar_one()), span.since, until)
        work.news += 1

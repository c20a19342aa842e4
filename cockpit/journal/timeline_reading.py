"""Reading the timeline: sightings from their own table, our own runs from the journal's."""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa

from cockpit.fleet.latency import KEPT, Latency
from cockpit.fleet.sightings import Kind
from cockpit.journal import schema
from cockpit.journal.database import Database
from cockpit.journal.records import ENDED
from cockpit.journal.timeline_records import Away, Deed, Entry, Past, Watch, away, away_since, past

MOST: Final = 1_000
"""Entries of one answer, the newest."""
MOST_AWAY: Final = 10_000
"""Entries counted for the time away."""
MOST_RESULTS: Final = 5_000
"""Probe results looked through for the newest of each probe."""
_TABLE = schema.timeline


class TimelineReads:
    """What screens and commands read; each is one short transaction that blocks nobody."""

    def __init__(self, database: Database, environment: str) -> None:
        self._database = database
        self._environment = environment

    def now(self) -> float:
        """Seconds since the epoch by the database's clock."""
        with self._database.read() as connection:
            return self._database.now(connection)

    def position(self) -> int:
        """A number that rises with whatever is new in the timeline or in the journal: two rows' read."""
        head = schema.head.c
        with self._database.read() as connection:
            seen = connection.execute(sa.select(schema.timeline_head.c.position)).scalar() or 0
            done = connection.execute(sa.select(head.seq + head.outputs)).scalar() or 0
            return int(seen) + int(done)

    def past(self, since: float, server: str = "", most: int = MOST) -> Past:
        """Everything from ``since`` to now, newest first; of one server where it is named, with the gaps in
        the watch of all of them."""
        with self._database.read(snapshot=True) as connection:
            now = self._database.now(connection)
            found = self._entries(connection, since, server, most)
            watches = self._watches(connection, since)
        return past(found[:most], watches, since, now, cut=len(found) > most)

    def away_since(self, operator: str, process: str) -> float | None:
        """When ``operator`` looked last; None: never, or another cockpit of theirs looks now."""
        with self._database.read() as connection:
            now = self._database.now(connection)
            return away_since(self._watches(connection, None, operator), operator, process, now)

    def away(self, since: float, operator: str) -> Away:
        """What happened from ``since`` to now, for ``operator``."""
        with self._database.read(snapshot=True) as connection:
            now = self._database.now(connection)
            seen = sa.or_(_TABLE.c.at > since, _TABLE.c.seen_at > since)
            entries = self._seen(connection, seen, "", MOST_AWAY)
            entries += self._runs(connection, since, "", MOST_AWAY)
            watches = self._watches(connection, since)
        return away(since, now, entries, watches, operator)

    def latencies(self) -> dict[tuple[str, str], list[Latency]]:
        """The newest results of each probe of each server that were run by hand, oldest first, by server and
        identity."""
        of = _TABLE.c
        query = (
            sa.select(of.server, of.what, of.value, of.at, of.number)
            .where(of.environment == self._environment, of.kind == Kind.PROBE.value, of.number.is_not(None))
            .order_by(of.at.desc())
            .limit(MOST_RESULTS)
        )
        found: dict[tuple[str, str], list[Latency]] = {}
        with self._database.read() as connection:
            for row in connection.execute(query):
                ring = found.setdefault((row.server, row.what), [])
                if len(ring) < KEPT:
                    ring.insert(0, Latency(row.at, row.number, row.value == "Succeeded"))
        return found

    # --- parts -------------------------------------------------------------------------------------

    def _entries(self, connection: sa.Connection, since: float, server: str, most: int) -> list[Entry]:
        """The newest, one more than ``most`` where there are more."""
        found = [
            *self._seen(connection, _TABLE.c.at >= since, server, most + 1),
            *self._runs(connection, since, server, most + 1),
            *self._steps(connection, since, server, most + 1),
        ]
        found.sort(key=lambda e: e.at, reverse=True)
        return found[: most + 1]

    def _seen(
        self, connection: sa.Connection, wanted: sa.ColumnElement[bool], server: str, most: int
    ) -> list[Entry]:
        of = _TABLE.c
        query = sa.select(_TABLE).where(of.environment == self._environment, wanted)
        if server:
            query = query.where(_same(of.server, server))
        query = query.order_by(of.at.desc(), of.id.desc()).limit(most)
        return [_entry(row) for row in connection.execute(query)]

    def _runs(self, connection: sa.Connection, since: float, server: str, most: int) -> list[Entry]:
        """The beginning and the end of each run."""
        of = schema.run.c
        query = sa.select(schema.run).where(
            of.environment == self._environment, sa.or_(of.created_at >= since, of.ended_at >= since)
        )
        if server:
            query = query.where(_same(of.server, server))
        found: list[Entry] = []
        for row in connection.execute(query.order_by(of.line.desc()).limit(most)):
            about: dict[str, Any] = {"what": row.runbook, "target": row.monitor, "run": row.id}
            who = row.operator
            if row.ended_at is not None and row.ended_at >= since and row.state in ENDED:
                end = {"value": row.state, "detail": row.ending}
                found.append(Entry(row.ended_at, Deed.RUN.value, row.server, by=who, **about, **end))
            if row.created_at >= since:
                found.append(
                    Entry(row.created_at, Deed.RUN.value, row.server, value="started", by=who, **about)
                )
        return found

    def _steps(self, connection: sa.Connection, since: float, server: str, most: int) -> list[Entry]:
        """Each try of a step that sent something."""
        of, run = schema.attempt.c, schema.run.c
        query = (
            sa.select(schema.attempt, run.server, run.operator, run.monitor)
            .join(schema.run, run.id == of.run)
            .where(run.environment == self._environment, of.intent_at >= since)
        )
        if server:
            query = query.where(_same(run.server, server))
        query = query.order_by(of.intent_at.desc(), of.line.desc()).limit(most)
        return [
            Entry(
                row.intent_at,
                Deed.STEP.value,
                row.server,
                what=row.step,
                target=row.monitor,
                value=row.outcome or "sent",
                by=row.operator,
                detail=row.command,
                run=row.run,
            )
            for row in connection.execute(query)
        ]

    def _watches(self, connection: sa.Connection, since: float | None, operator: str = "") -> list[Watch]:
        of = schema.timeline_watch.c
        query = sa.select(schema.timeline_watch).where(of.environment == self._environment)
        if since is not None:
            query = query.where(of.until >= since)
        if operator:
            query = query.where(of.operator == operator)
        return [
            Watch(row.since, row.until, row.operator, row.origin, row.process, bool(row.ended))
            for row in connection.execute(query.order_by(of.since))
        ]


def _same(column: sa.ColumnElement[str], server: str) -> sa.ColumnElement[bool]:
    """Names of servers differ in case only by accident; they are plain ASCII."""
    return sa.func.lower(column) == server.split(".")[0].lower()


def _entry(row: sa.Row[Any]) -> Entry:
    return Entry(
        row.at,
        row.kind,
        row.server,
        row.health_set,
        row.what,
        row.target,
        row.former,
        row.value,
        row.by,
        row.detail,
        row.seen_at,
        bool(row.told),
        row.number,
    )

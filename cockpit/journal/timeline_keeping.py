"""How much of the timeline is kept: deleted by age and by number, a small batch at a time.

A day without a cockpit deletes nothing, and a long table is not emptied in one transaction that everybody
waits for.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from cockpit.journal import schema
from cockpit.journal.timeline_records import Retention

BATCH: Final = 500
DAY: Final = 86_400.0
LEAST_STATE_SECONDS: Final = 3 * DAY
"""What was seen last is kept so long at least: it is marked as seen again once a day."""


class Pruner:
    """Deletes of one environment."""

    def __init__(self, environment: str, keep: Retention) -> None:
        self._environment = environment
        self._keep = keep

    def oldest(self, now: float) -> float:
        """What is older than this is not kept."""
        return now - self._keep.days * DAY

    def prune(self, connection: sa.Connection, now: float) -> int:
        """One batch of each table; how many rows went."""
        rows, watch, state = schema.timeline, schema.timeline_watch, schema.timeline_state
        oldest = self.oldest(now)
        gone = self._delete(connection, rows, rows.c.at < max(oldest, self._last_kept(connection)))
        gone += self._delete(connection, watch, watch.c.until < oldest)
        forgotten = min(oldest, now - LEAST_STATE_SECONDS)
        return gone + self._delete(connection, state, state.c.seen_at < forgotten, "key")

    def _last_kept(self, connection: sa.Connection) -> float:
        """The time of the oldest of the rows that may stay by their number; 0 where there are no more."""
        table = schema.timeline
        query = (
            sa.select(table.c.at)
            .where(table.c.environment == self._environment)
            .order_by(table.c.at.desc())
            .offset(self._keep.rows - 1)
            .limit(1)
        )
        return float(connection.execute(query).scalar() or 0.0)

    def _delete(
        self, connection: sa.Connection, table: sa.Table, old: sa.ColumnElement[bool], key: str = "id"
    ) -> int:
        some = sa.select(table.c[key]).where(table.c.environment == self._environment, old).limit(BATCH)
        found = list(connection.execute(some).scalars())
        if found:
            connection.execute(sa.delete(table).where(table.c[key].in_(found)))
        return len(found)

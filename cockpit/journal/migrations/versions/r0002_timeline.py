"""The timeline: what was seen on the servers, and when somebody looked. Frozen: later changes are later
revisions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _text(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _time(name: str, *, nullable: bool = False) -> sa.Column[float]:
    return sa.Column(name, sa.Double, nullable=nullable)


def _id() -> sa.Column[int]:
    return sa.Column("id", _NUMBER, primary_key=True, autoincrement=True)


def upgrade() -> None:
    _timeline()
    _state()
    _watch()
    head = op.create_table(
        "timeline_head",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("position", _NUMBER, nullable=False),
    )
    op.bulk_insert(head, [{"id": 1, "position": 0}])


def _timeline() -> None:
    op.create_table(
        "timeline",
        _id(),
        sa.Column("key", sa.Text, nullable=False, unique=True),
        *_text("environment", "kind", "server", "health_set", "what", "target", "former", "value"),
        _time("at"),
        sa.Column("told", sa.Integer, nullable=False),
        _time("seen_at"),
        *_text("by", "detail"),
        _time("number", nullable=True),
    )
    op.create_index("timeline_at", "timeline", ["environment", "at"])
    op.create_index("timeline_seen_at", "timeline", ["environment", "seen_at"])


def _state() -> None:
    op.create_table(
        "timeline_state",
        sa.Column("key", sa.Text, primary_key=True),
        *_text("environment", "value"),
        _time("at", nullable=True),
        _time("seen_at"),
    )


def _watch() -> None:
    op.create_table(
        "timeline_watch",
        _id(),
        *_text("environment", "process", "operator", "origin"),
        _time("since"),
        _time("until"),
        sa.Column("ended", sa.Integer, nullable=False),
    )
    op.create_index("timeline_watch_until", "timeline_watch", ["environment", "until"])

"""The first tables. Frozen: later changes are later revisions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _text(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _time(name: str, *, nullable: bool = False) -> sa.Column[float]:
    return sa.Column(name, sa.Double, nullable=nullable)


def _id() -> sa.Column[int]:
    return sa.Column("id", _NUMBER, primary_key=True, autoincrement=True)


def _of_run() -> sa.Column[str]:
    return sa.Column("run", sa.Text, sa.ForeignKey("run.id"), nullable=False)


def upgrade() -> None:
    _runs()
    _obligations()
    _conversation()
    _output()
    _leases()
    _chain()


def _runs() -> None:
    op.create_table(
        "run",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("parent", sa.Text, sa.ForeignKey("run.id"), nullable=True),
        sa.Column("line", _NUMBER, nullable=False, unique=True),
        *_text("runbook", "digest", "book", "environment", "scope", "server", "monitor", "operator"),
        *_text("state", "step"),
        sa.Column("auto", sa.Integer, nullable=False),
        *_text("facts", "ending"),
        _time("created_at"),
        _time("ended_at", nullable=True),
    )
    op.create_index("run_parent", "run", ["parent"])
    op.create_table(
        "attempt",
        _of_run(),
        *_text("step"),
        sa.Column("n", sa.Integer, nullable=False),
        sa.Column("line", _NUMBER, nullable=False, unique=True),
        sa.Column("fence", _NUMBER, nullable=False),
        *_text("command", "before"),
        _time("intent_at"),
        _time("limit_at"),
        _time("due_at", nullable=True),
        _time("result_at", nullable=True),
        *_text("outcome", "detail"),
        sa.PrimaryKeyConstraint("run", "step", "n"),
    )


def _obligations() -> None:
    op.create_table(
        "obligation",
        _id(),
        _of_run(),
        *_text("server", "key", "prior", "wanted"),
        _time("opened_at"),
        _time("closed_at", nullable=True),
        *_text("closed_by", "handed_to", "handed_reason"),
        _time("handed_at", nullable=True),
    )
    op.create_index("obligation_run", "obligation", ["run"])
    op.create_index("obligation_closed_at", "obligation", ["closed_at"])


def _conversation() -> None:
    op.create_table(
        "question",
        _id(),
        _of_run(),
        *_text("step", "prompt", "choices", "typed", "needs_reason"),
        _time("asked_at"),
        _time("answered_at", nullable=True),
        sa.Column("answer", sa.Text, nullable=True),
        *_text("withdrawn"),
    )
    op.create_index("question_run", "question", ["run"])
    op.create_table("reading", _id(), _of_run(), *_text("step"), _time("at"), *_text("findings"))
    op.create_index("reading_run", "reading", ["run"])
    op.create_table(
        "wish",
        _id(),
        _of_run(),
        *_text("kind", "reason", "by"),
        _time("at"),
        _time("heeded_at", nullable=True),
    )
    op.create_index("wish_run", "wish", ["run"])


def _output() -> None:
    op.create_table(
        "output",
        sa.Column("id", _NUMBER, primary_key=True, autoincrement=False),
        _of_run(),
        *_text("step"),
        sa.Column("n", sa.Integer, nullable=False),
        sa.Column("line", sa.Integer, nullable=False),
        _time("at"),
        *_text("text"),
        sa.ForeignKeyConstraint(["run", "step", "n"], ["attempt.run", "attempt.step", "attempt.n"]),
        sa.UniqueConstraint("run", "step", "n", "line", name="output_line"),
    )
    op.create_index("output_run", "output", ["run", "id"])


def _leases() -> None:
    op.create_table(
        "lease",
        sa.Column("scope", sa.Text, primary_key=True),
        *_text("holder", "operator", "origin", "run"),
        sa.Column("token", _NUMBER, nullable=False),
        _time("taken_at"),
        _time("expires_at"),
    )


def _chain() -> None:
    op.create_table(
        "journal",
        sa.Column("seq", _NUMBER, primary_key=True, autoincrement=False),
        *_text("at", "body", "prev", "hash"),
    )
    head = op.create_table(
        "journal_head",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("seq", _NUMBER, nullable=False),
        *_text("hash"),
        sa.Column("outputs", _NUMBER, nullable=False),
    )
    op.bulk_insert(head, [{"id": 1, "seq": 0, "hash": "0" * 64, "outputs": 0}])
    op.create_table(
        "checkpoint",
        _id(),
        sa.Column("seq", _NUMBER, nullable=False),
        *_text("hash", "at", "host", "operator", "previous", "key", "signature"),
    )

"""The tables, as this version knows them. How they came to be: ``migrations/versions``.

JSON is stored as text on both databases: what was hashed is what is stored.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

SCHEMA: Final = "0002"
"""The newest migration's revision. Revisions are numbers of four digits, so that newer can be told."""

metadata = sa.MetaData()
Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def stored_text(text: str) -> str:
    """``text`` as both databases take it: no NUL (PostgreSQL has none), no lone surrogate (not UTF-8)."""
    return text.replace("\0", "\ufffd").encode("utf-8", "backslashreplace").decode("utf-8")


class Words(sa.types.TypeDecorator[str]):
    """Text that is stored as :func:`stored_text` has it."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> str | None:  # noqa: ARG002
        return None if value is None else stored_text(value)


def _words(name: str) -> sa.Column[str]:
    return sa.Column(name, Words, nullable=False)


def _time(name: str, *, nullable: bool = False) -> sa.Column[float]:
    return sa.Column(name, sa.Double, nullable=nullable)


def _id() -> sa.Column[int]:
    return sa.Column("id", Number, primary_key=True, autoincrement=True)


def _of_run() -> sa.Column[str]:
    return sa.Column("run", Words, sa.ForeignKey("run.id"), nullable=False)


run = sa.Table(
    "run",
    metadata,
    sa.Column("id", Words, primary_key=True),
    sa.Column("parent", Words, sa.ForeignKey("run.id"), nullable=True),
    sa.Column("line", Number, nullable=False, unique=True),
    _words("runbook"),
    _words("digest"),
    _words("book"),
    _words("environment"),
    _words("scope"),
    _words("server"),
    _words("monitor"),
    _words("operator"),
    _words("state"),
    _words("step"),
    sa.Column("auto", sa.Integer, nullable=False),
    _words("facts"),
    _words("ending"),
    _time("created_at"),
    _time("ended_at", nullable=True),
    sa.Index("run_parent", "parent"),
)
"""``line``: the chain's line that tells of its beginning; so in attempt. It is also the order."""

attempt = sa.Table(
    "attempt",
    metadata,
    _of_run(),
    _words("step"),
    sa.Column("n", sa.Integer, nullable=False),
    sa.Column("line", Number, nullable=False, unique=True),
    sa.Column("fence", Number, nullable=False),
    _words("command"),
    _words("before"),
    _time("intent_at"),
    _time("limit_at"),
    _time("due_at", nullable=True),
    _time("result_at", nullable=True),
    _words("outcome"),
    _words("detail"),
    sa.PrimaryKeyConstraint("run", "step", "n"),
)

obligation = sa.Table(
    "obligation",
    metadata,
    _id(),
    _of_run(),
    _words("server"),
    _words("key"),
    _words("prior"),
    _words("wanted"),
    _time("opened_at"),
    _time("closed_at", nullable=True),
    _words("closed_by"),
    _words("handed_to"),
    _words("handed_reason"),
    _time("handed_at", nullable=True),
    sa.Index("obligation_run", "run"),
    sa.Index("obligation_closed_at", "closed_at"),
)

question = sa.Table(
    "question",
    metadata,
    _id(),
    _of_run(),
    _words("step"),
    _words("prompt"),
    _words("choices"),
    _words("typed"),
    _words("needs_reason"),
    _time("asked_at"),
    _time("answered_at", nullable=True),
    sa.Column("answer", Words, nullable=True),
    _words("withdrawn"),
    sa.Index("question_run", "run"),
)

reading = sa.Table(
    "reading",
    metadata,
    _id(),
    _of_run(),
    _words("step"),
    _time("at"),
    _words("findings"),
    sa.Index("reading_run", "run"),
)

wish = sa.Table(
    "wish",
    metadata,
    _id(),
    _of_run(),
    _words("kind"),
    _words("reason"),
    _words("by"),
    _time("at"),
    _time("heeded_at", nullable=True),
    sa.Index("wish_run", "run"),
)

output = sa.Table(
    "output",
    metadata,
    sa.Column("id", Number, primary_key=True, autoincrement=False),
    _of_run(),
    _words("step"),
    sa.Column("n", sa.Integer, nullable=False),
    sa.Column("line", sa.Integer, nullable=False),
    _time("at"),
    _words("text"),
    sa.ForeignKeyConstraint(["run", "step", "n"], ["attempt.run", "attempt.step", "attempt.n"]),
    sa.UniqueConstraint("run", "step", "n", "line", name="output_line"),
    sa.Index("output_run", "run", "id"),
)

lease = sa.Table(
    "lease",
    metadata,
    sa.Column("scope", Words, primary_key=True),
    _words("holder"),
    _words("operator"),
    _words("origin"),
    _words("run"),
    sa.Column("token", Number, nullable=False),
    _time("taken_at"),
    _time("expires_at"),
)
"""``expires_at`` 0: released. The row stays, because its token must never be given twice."""

journal = sa.Table(
    "journal",
    metadata,
    sa.Column("seq", Number, primary_key=True, autoincrement=False),
    _words("at"),
    _words("body"),
    _words("prev"),
    _words("hash"),
)

head = sa.Table(
    "journal_head",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("seq", Number, nullable=False),
    _words("hash"),
    sa.Column("outputs", Number, nullable=False),
)
"""One row. Whoever writes locks it first: it orders lines, output rows and every other write.
``outputs``: the last output row's id."""

checkpoint = sa.Table(
    "checkpoint",
    metadata,
    _id(),
    sa.Column("seq", Number, nullable=False),
    _words("hash"),
    _words("at"),
    _words("host"),
    _words("operator"),
    _words("previous"),
    _words("key"),
    _words("signature"),
)

# The timeline: what was seen, beside the journal and not in its chain. A deed must be provable; an
# observation is one of many readings, is bounded, and is thrown away when it is old.

timeline = sa.Table(
    "timeline",
    metadata,
    _id(),
    sa.Column("key", Words, nullable=False, unique=True),
    _words("environment"),
    _words("kind"),
    _words("server"),
    _words("health_set"),
    _words("what"),
    _words("target"),
    _words("former"),
    _words("value"),
    _time("at"),
    sa.Column("told", sa.Integer, nullable=False),
    _time("seen_at"),
    _words("by"),
    _words("detail"),
    _time("number", nullable=True),
    sa.Index("timeline_at", "environment", "at"),
    sa.Index("timeline_seen_at", "environment", "seen_at"),
)
"""``key``: the digest of what makes two sightings the same. ``told`` 1: ``at`` is the server's own time, else
it is ``seen_at``."""

timeline_state = sa.Table(
    "timeline_state",
    metadata,
    sa.Column("key", Words, primary_key=True),
    _words("environment"),
    _words("value"),
    _time("at", nullable=True),
    _time("seen_at"),
)
"""The value of each subject as it was seen last, so that whoever sees it too does not write it again."""

timeline_watch = sa.Table(
    "timeline_watch",
    metadata,
    _id(),
    _words("environment"),
    _words("process"),
    _words("operator"),
    _words("origin"),
    _time("since"),
    _time("until"),
    sa.Column("ended", sa.Integer, nullable=False),
    sa.Index("timeline_watch_until", "environment", "until"),
)
"""When somebody looked. ``ended`` 1: the cockpit said that it stops; else it may go on, or was killed."""

timeline_head = sa.Table(
    "timeline_head",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("position", Number, nullable=False),
)
"""One row. Whoever writes to the timeline locks it first. ``position`` rises with everything that is new to a
reader."""

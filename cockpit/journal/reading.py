"""Reads: each is one short transaction that blocks nobody."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

import sqlalchemy as sa

from cockpit.journal import rows, schema
from cockpit.journal.chain import Head, canonical
from cockpit.journal.database import Database
from cockpit.journal.family import descendants, family
from cockpit.journal.records import (
    ENDED,
    Attempt,
    Checkpoint,
    Line,
    Obligation,
    OutputLine,
    Question,
    Reading,
    Run,
    Wish,
)
from cockpit.journal.transaction import read_run

_PAGE: Final = 500


class Reads:
    """What screens and the engine read."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def run(self, id: str) -> Run:  # noqa: A002
        """JournalError: there is no such run."""
        with self._database.read() as connection:
            return read_run(connection, id)

    def has_run(self, id: str) -> bool:  # noqa: A002
        """Whether there is such a run: a lease may be taken for one that has no row yet."""
        return bool(self._all(sa.select(schema.run.c.id).where(schema.run.c.id == id)))

    def runs(
        self, *, limit: int = 100, open_only: bool = False, environment: str | None = None
    ) -> tuple[Run, ...]:
        """The newest first."""
        of = schema.run.c
        query = sa.select(schema.run).order_by(of.line.desc()).limit(limit)
        if open_only:
            query = query.where(of.state.not_in([state.value for state in ENDED]))
        if environment is not None:
            query = query.where(of.environment == environment)
        return tuple(rows.run(row) for row in self._all(query))

    def attempts(self, run: str) -> tuple[Attempt, ...]:
        """In the order of their intents."""
        of = schema.attempt.c
        query = sa.select(schema.attempt).where(of.run == run).order_by(of.line)
        return tuple(rows.attempt(row) for row in self._all(query))

    def kin(self, run: str) -> tuple[str, ...]:
        """Ids of every run of the tree this one stands in, itself among them."""
        with self._database.read() as connection:
            return family(connection, run)

    def below(self, run: str) -> tuple[str, ...]:
        """Ids of the run and of every run it started, directly or not."""
        with self._database.read() as connection:
            return descendants(connection, run)

    def obligations(
        self,
        *,
        run: str | None = None,
        below: str | None = None,
        open_only: bool = True,
        environment: str | None = None,
    ) -> tuple[Obligation, ...]:
        """The oldest first. Handed over ones are open. ``below``: of that run and those it started."""
        of = schema.obligation.c
        query = sa.select(schema.obligation).order_by(of.id)
        if run is not None:
            query = query.where(of.run == run)
        if below is not None:
            query = query.where(of.run.in_(self.below(below)))
        if open_only:
            query = query.where(of.closed_at.is_(None))
        if environment is not None:
            query = query.join(schema.run, schema.run.c.id == of.run)
            query = query.where(schema.run.c.environment == environment)
        return tuple(rows.obligation(row) for row in self._all(query))

    def questions(self, run: str) -> tuple[Question, ...]:
        """The oldest first, closed ones too."""
        of = schema.question.c
        query = sa.select(schema.question).where(of.run == run).order_by(of.id)
        return tuple(rows.question(row) for row in self._all(query))

    def open_question(self, run: str) -> Question | None:
        """The one the run waits at."""
        return next((question for question in self.questions(run) if question.open), None)

    def readings(self, run: str, step: str | None = None) -> tuple[Reading, ...]:
        """The oldest first."""
        of = schema.reading.c
        query = sa.select(schema.reading).where(of.run == run).order_by(of.id)
        if step is not None:
            query = query.where(of.step == step)
        return tuple(rows.reading(row) for row in self._all(query))

    def wishes(self, run: str) -> tuple[Wish, ...]:
        """Those not heeded yet, the oldest first."""
        of = schema.wish.c
        query = sa.select(schema.wish).where(of.run == run, of.heeded_at.is_(None)).order_by(of.id)
        return tuple(rows.wish(row) for row in self._all(query))

    def output(self, run: str, after: int = 0) -> tuple[tuple[int, OutputLine], ...]:
        """(row id, line) of the run's output behind row ``after``. Ids rise in the order of commits."""
        of = schema.output.c
        query = sa.select(schema.output).where(of.run == run, of.id > after).order_by(of.id)
        return tuple(rows.output(row) for row in self._all(query))

    def position(self) -> int:
        """A number that rises with every line and every output row: one row's read, for pollers."""
        of = schema.head.c
        with self._database.read() as connection:
            return int(connection.execute(sa.select(of.seq + of.outputs)).scalar() or 0)

    def lines(self, *, after: int = 0, run: str | None = None) -> Iterator[Line]:
        """The chain's lines behind ``after``, those of ``run`` alone if given, a page at a time."""
        of = schema.journal.c
        while True:
            query = sa.select(schema.journal).where(of.seq > after).order_by(of.seq).limit(_PAGE)
            if run is not None:
                # Narrows only: LIKE knows neither case nor depth.
                query = query.where(of.body.contains(f'"run":{canonical(run)}', autoescape=True))
            page = [rows.line(row) for row in self._all(query)]
            yield from (line for line in page if run is None or json.loads(line.body).get("run") == run)
            if len(page) < _PAGE:
                return
            after = page[-1].seq

    def _all(self, query: sa.Select[Any]) -> list[rows.Row]:
        with self._database.read() as connection:
            return list(connection.execute(query))


def every_line(connection: sa.Connection) -> Iterator[Line]:
    """All lines in order, in the connection's own snapshot, without holding them all."""
    query = sa.select(schema.journal).order_by(schema.journal.c.seq)
    for row in connection.execute(query, execution_options={"yield_per": _PAGE}):
        yield rows.line(row)


def head(connection: sa.Connection) -> Head | None:
    row = connection.execute(sa.select(schema.head)).one_or_none()
    return None if row is None else Head(row.seq, row.hash)


def checkpoints(connection: sa.Connection) -> tuple[Checkpoint, ...]:
    query = sa.select(schema.checkpoint).order_by(schema.checkpoint.c.id)
    return tuple(rows.checkpoint(row) for row in connection.execute(query))

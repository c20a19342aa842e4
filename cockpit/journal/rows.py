"""Rows of the tables as the records that leave this room."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any, TypeAlias

import sqlalchemy as sa

from cockpit.journal.chain import canonical
from cockpit.journal.records import (
    Answer,
    Attempt,
    Checkpoint,
    Choice,
    Finding,
    Grade,
    Lease,
    Line,
    Obligation,
    OutputLine,
    Question,
    Reading,
    Run,
    RunState,
    Verdict,
    Wish,
    WishKind,
)

Row: TypeAlias = sa.Row[Any]


def run(row: Row) -> Run:
    return Run(
        id=row.id,
        parent=row.parent,
        runbook=row.runbook,
        digest=row.digest,
        book=row.book,
        environment=row.environment,
        scope=row.scope,
        server=row.server,
        monitor=row.monitor,
        operator=row.operator,
        state=RunState(row.state),
        step=row.step,
        auto=bool(row.auto),
        facts=json.loads(row.facts),
        ending=row.ending,
        created_at=row.created_at,
        ended_at=row.ended_at,
    )


def attempt(row: Row) -> Attempt:
    return Attempt(
        run=row.run,
        step=row.step,
        n=row.n,
        fence=row.fence,
        command=row.command,
        before=json.loads(row.before),
        intent_at=row.intent_at,
        limit_at=row.limit_at,
        due_at=row.due_at,
        result_at=row.result_at,
        outcome=row.outcome,
        detail=json.loads(row.detail),
    )


def obligation(row: Row) -> Obligation:
    return Obligation(
        id=row.id,
        run=row.run,
        server=row.server,
        key=row.key,
        prior=json.loads(row.prior),
        wanted=json.loads(row.wanted),
        opened_at=row.opened_at,
        closed_at=row.closed_at,
        closed_by=row.closed_by,
        handed_to=row.handed_to,
        handed_reason=row.handed_reason,
        handed_at=row.handed_at,
    )


def lease(row: Row, now: float) -> Lease:
    """``now``: by the database's clock, read in the same transaction."""
    return Lease(
        scope=row.scope,
        holder=row.holder,
        operator=row.operator,
        origin=row.origin,
        run=row.run,
        token=row.token,
        taken_at=row.taken_at,
        expires_at=row.expires_at,
        expired=row.expires_at <= now,
    )


def question(row: Row) -> Question:
    return Question(
        id=row.id,
        run=row.run,
        step=row.step,
        prompt=row.prompt,
        choices=tuple(Choice(c) for c in json.loads(row.choices)),
        typed=row.typed,
        needs_reason=tuple(Choice(c) for c in json.loads(row.needs_reason)),
        asked_at=row.asked_at,
        answered_at=row.answered_at,
        answer=None if row.answer is None else _answer(json.loads(row.answer)),
    )


def _answer(stored: dict[str, str]) -> Answer:
    return Answer(**{**stored, "choice": Choice(stored["choice"])})  # type: ignore[arg-type]


def reading(row: Row) -> Reading:
    return Reading(row.run, row.step, row.at, tuple(_finding(f) for f in json.loads(row.findings)))


def _finding(stored: dict[str, Any]) -> Finding:
    return Finding(**{**stored, "grade": Grade(stored["grade"]), "verdict": Verdict(stored["verdict"])})


def stored(record: Answer | Finding) -> dict[str, str]:
    """A record as the JSON object that is stored and chained."""
    return {name: str(value) for name, value in asdict(record).items()}


def stored_list(values: Any) -> str:
    """Choices as the JSON list that is stored."""
    return canonical([str(value) for value in values])


def wish(row: Row) -> Wish:
    return Wish(row.id, row.run, WishKind(row.kind), row.reason, row.by, row.at, row.heeded_at)


def output(row: Row) -> tuple[int, OutputLine]:
    return row.id, OutputLine(row.run, row.step, row.n, row.line, row.at, row.text)


def line(row: Row) -> Line:
    return Line(row.seq, row.at, row.body, row.prev, row.hash)


def checkpoint(row: Row) -> Checkpoint:
    return Checkpoint(
        seq=row.seq,
        hash=row.hash,
        at=row.at,
        host=row.host,
        operator=row.operator,
        previous=row.previous,
        key=row.key,
        signature=row.signature,
    )

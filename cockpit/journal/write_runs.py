"""Writing a run's own row, its readings and wishes, and its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from cockpit.config.language import N_
from cockpit.exchange.text import clean_line
from cockpit.journal import rows, schema
from cockpit.journal.chain import canonical
from cockpit.journal.errors import JournalError, ObligationsOpenError
from cockpit.journal.family import descendants
from cockpit.journal.records import ENDED, Finding, Json, NewRun, Run, RunState, WishKind
from cockpit.journal.transaction import Transaction


class RunWriting(Transaction):
    """The part of a writer that moves runs."""

    def create_run(self, new: NewRun) -> Run:
        """Begin a run, RUNNING, in the actor's name. JournalError: its id is taken, or no such parent."""
        taken = sa.select(schema.run.c.id).where(schema.run.c.id == new.id)
        if self._connection.execute(taken).first() is not None:
            raise JournalError(
                N_("There is a run {run} already: attach to it, or give the new one another id.").format(
                    run=new.id
                )
            )
        if new.parent is not None:
            self._living(new.parent)
        # The digest is known to the line before the row can be, for the row names the line.
        self._digests[new.id] = new.digest
        line = self.log(
            "run.created",
            run=new.id,
            parent=new.parent,
            runbook=new.runbook,
            environment=new.environment,
            scope=new.scope,
            server=new.server,
            monitor=new.monitor,
            step=new.step,
            auto=new.auto,
            facts=new.facts,
        )
        self._connection.execute(
            sa.insert(schema.run).values(
                id=new.id,
                parent=new.parent,
                line=line,
                runbook=new.runbook,
                digest=new.digest,
                book=new.book,
                environment=new.environment,
                scope=new.scope,
                server=new.server,
                monitor=new.monitor,
                operator=self._actor.operator,
                state=RunState.RUNNING.value,
                step=new.step,
                auto=int(new.auto),
                facts=canonical(new.facts),
                ending="",
                created_at=self.now,
            )
        )
        return self._run(new.id)

    def state(self, run: str, state: RunState, step: str | None = None) -> None:
        """Move a living run. JournalError: it has ended, or ``state`` is an end."""
        found = self._living(run)
        if state in ENDED:
            raise JournalError(
                N_(
                    "Run {run} cannot be set to {state}: end it, so that its obligations are looked at."
                ).format(run=run, state=state)
            )
        step = found.step if step is None else step
        self._set_run(run, state=state.value, step=step)
        self.log("run.state", run=run, step=step, state=state.value, former=found.state.value)

    def facts(self, run: str, facts: Mapping[str, Json]) -> None:
        """Merge what was found out into the run's facts. JournalError: not JSON, or the run has ended."""
        found = self._living(run)
        self._set_run(run, facts=canonical({**found.facts, **facts}))
        self.log("run.facts", run=run, step=found.step, facts=facts)

    def end(self, run: str, state: RunState, ending: str) -> None:
        """End a run; its open question is withdrawn.

        ObligationsOpenError: one of its obligations, or of a run it started, is open, and not handed
        over in an escalation (design §6 rule 3). JournalError: it has ended, or ``state`` is no end.
        """
        found = self._living(run)
        if state not in ENDED:
            raise JournalError(
                N_("Run {run} cannot end as {state}: an end is recovered, escalated or aborted.").format(
                    run=run, state=state
                )
            )
        handed = self._may_end(run, state)
        self.withdraw_open(run, N_("the run has ended: {state}").format(state=state))
        self._set_run(run, state=state.value, ending=ending, ended_at=self.now)
        self.log("run.ended", run=run, step=found.step, state=state.value, ending=ending, handed_over=handed)

    def reading(self, run: str, step: str, findings: Sequence[Finding]) -> None:
        """Store what the guards said, overrides with their reasons among it."""
        self._living(run)
        kept = [rows.stored(finding) for finding in findings]
        self._connection.execute(
            sa.insert(schema.reading).values(run=run, step=step, at=self.now, findings=canonical(kept))
        )
        self.log("guards.read", run=run, step=step, findings=kept)

    def wish(self, run: str, kind: WishKind, reason: str, by: str) -> None:
        """Ask something of a run that is not at a question. JournalError: it has ended."""
        found = self._living(run)
        reason = clean_line(reason)
        number = self._insert(schema.wish, run=run, kind=kind.value, reason=reason, by=by, at=self.now)
        self.log("wish.made", run=run, step=found.step, wish=number, kind=kind.value, reason=reason, by=by)

    def heed(self, wish: int) -> None:
        """The run has taken the wish up. JournalError: there is none, or it was heeded already."""
        row = self._connection.execute(sa.select(schema.wish).where(schema.wish.c.id == wish)).one_or_none()
        if row is None or row.heeded_at is not None:
            raise JournalError(
                N_("There is no unheeded wish {wish}: read the run's wishes again.").format(wish=wish)
            )
        self._connection.execute(
            sa.update(schema.wish).where(schema.wish.c.id == wish).values(heeded_at=self.now)
        )
        self.log("wish.heeded", run=row.run, wish=wish, kind=row.kind)

    def _may_end(self, run: str, state: RunState) -> list[int]:
        """The ids of what stays open in somebody's name. ObligationsOpenError: more is open than may be."""
        of = schema.obligation.c
        query = (
            sa.select(schema.obligation)
            .where(of.run.in_(descendants(self._connection, run)), of.closed_at.is_(None))
            .order_by(of.id)
        )
        found = [rows.obligation(row) for row in self._connection.execute(query)]
        escalates = state is RunState.ESCALATED
        left = [obligation for obligation in found if obligation.handed_at is None or not escalates]
        if left:
            raise ObligationsOpenError(run, left)
        return [obligation.id for obligation in found]

    def withdraw_open(self, run: str, why: str) -> None:
        """Close the run's open question, where it has one: what it asks is decided otherwise."""
        for question in self._open_questions(run):
            self._close_question(question, why)

    def _open_questions(self, run: str) -> list[rows.Row]:
        of = schema.question.c
        query = sa.select(schema.question).where(of.run == run, of.answered_at.is_(None))
        return list(self._connection.execute(query))

    def _close_question(self, question: rows.Row, why: str) -> None:
        self._connection.execute(
            sa.update(schema.question)
            .where(schema.question.c.id == question.id)
            .values(answered_at=self.now, withdrawn=why)
        )
        self.log("question.withdrawn", run=question.run, step=question.step, question=question.id, why=why)

    def _set_run(self, run: str, **values: str | float) -> None:
        self._connection.execute(sa.update(schema.run).where(schema.run.c.id == run).values(**values))

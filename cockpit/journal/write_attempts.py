"""Writing attempts: the intent before a send, the output meanwhile, the result after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from cockpit.config.language import N_
from cockpit.journal import rows, schema
from cockpit.journal.chain import canonical, output_digest, sha256
from cockpit.journal.errors import JournalError
from cockpit.journal.family import family
from cockpit.journal.records import Attempt, Json, NewAttempt, NewObligation
from cockpit.journal.transaction import Transaction

_OF = schema.attempt.c


class AttemptWriting(Transaction):
    """The part of a writer that holds rules 1 and 2 of recovery (design §6)."""

    def intend(self, new: NewAttempt) -> Attempt:
        """Write down what is about to be sent, and open its obligations.

        A (server, key) that this run or one of its family has open stays as it is: the first prior
        value is the true one. JournalError: the run has ended, or this step's last attempt is in doubt.
        """
        self._living(new.run)
        n = self._next(new.run, new.step)
        opened = [self._open(new.run, obligation) for obligation in new.opens]
        due_at = None if new.due_in is None else self.now + new.due_in
        line = self.log(
            "step.intent",
            run=new.run,
            step=new.step,
            n=n,
            command=new.command,
            before=new.before,
            limit=new.limit,
            due_in=new.due_in,
            opens=opened,
        )
        self._connection.execute(
            sa.insert(schema.attempt).values(
                run=new.run,
                step=new.step,
                n=n,
                line=line,
                fence=0 if self.hold is None else self.hold.token,
                command=new.command,
                before=canonical(new.before),
                intent_at=self.now,
                limit_at=self.now + new.limit,
                due_at=due_at,
                outcome="",
                detail="{}",
            )
        )
        return rows.attempt(self._attempt(new.run, new.step, n))

    def conclude(
        self,
        attempt: Attempt,
        outcome: str,
        detail: Mapping[str, Json],
        *,
        next_step: str | None = None,
        closes: Sequence[int] = (),
    ) -> None:
        """Write down what came of it, close what it undid, and move the run, under one line.

        ``closes``: ids of open obligations. The line carries the hashes of the whole detail and of the
        attempt's output. JournalError: it has a result already, or one of ``closes`` is not open.
        """
        self._in_doubt(attempt)
        kept = canonical({"words": "", **detail})
        for number in closes:
            self._close(number, attempt.step)
        self._connection.execute(
            sa.update(schema.attempt)
            .where(_OF.run == attempt.run, _OF.step == attempt.step, _OF.n == attempt.n)
            .values(result_at=self.now, outcome=outcome, detail=kept)
        )
        if next_step is not None:
            self._connection.execute(
                sa.update(schema.run).where(schema.run.c.id == attempt.run).values(step=next_step)
            )
        self.log(
            "step.result",
            run=attempt.run,
            step=attempt.step,
            n=attempt.n,
            outcome=outcome,
            words=detail.get("words", ""),
            detail_sha256=sha256(kept),
            output_sha256=output_digest(self._said(attempt)),
            next_step=next_step,
            closes=list(closes),
        )

    def say(self, attempt: Attempt, lines: Sequence[str]) -> None:
        """Add lines to the attempt's output. JournalError: it has a result, which sealed them."""
        self._in_doubt(attempt)
        if not lines:
            return
        before = len(self._said(attempt))
        last = self._head().outputs
        self._connection.execute(
            sa.insert(schema.output),
            [
                {
                    "id": last + offset,
                    "run": attempt.run,
                    "step": attempt.step,
                    "n": attempt.n,
                    "line": before + offset,
                    "at": self.now,
                    "text": text,
                }
                for offset, text in enumerate(lines, start=1)
            ],
        )
        self._connection.execute(sa.update(schema.head).values(outputs=last + len(lines)))

    def close_obligation(self, id: int, by: str) -> None:  # noqa: A002
        """The change is undone. ``by``: a step, ``abort``, an operator's word. JournalError: not open."""
        row = self._close(id, by)
        self.log("obligation.closed", run=row.run, obligation=id, server=row.server, key=row.key, by=by)

    def hand_over(self, id: int, to: str, reason: str) -> None:  # noqa: A002
        """Leave an obligation open in somebody's name. JournalError: not open, or no name or reason."""
        row = self._obligation(id)
        if not to.strip() or not reason.strip():
            raise JournalError(
                N_("Obligation {id} ({server} {key}) is handed over to a name, with a reason.").format(
                    id=id, server=row.server, key=row.key
                )
            )
        self._connection.execute(
            sa.update(schema.obligation)
            .where(schema.obligation.c.id == id)
            .values(handed_to=to, handed_reason=reason, handed_at=self.now)
        )
        self.log(
            "obligation.handed over",
            run=row.run,
            obligation=id,
            server=row.server,
            key=row.key,
            to=to,
            reason=reason,
        )

    def _next(self, run: str, step: str) -> int:
        query = (
            sa.select(schema.attempt).where(_OF.run == run, _OF.step == step).order_by(_OF.n.desc()).limit(1)
        )
        last = self._connection.execute(query).one_or_none()
        if last is None:
            return 1
        if last.result_at is None:
            raise JournalError(
                N_(
                    "Attempt {n} of step {step} in run {run} is in doubt: conclude it from what is "
                    "observed before it is tried again."
                ).format(n=last.n, step=step, run=run)
            )
        return int(last.n) + 1

    def _open(self, run: str, new: NewObligation) -> dict[str, Json]:
        of = schema.obligation.c
        query = (
            sa.select(of.id)
            .where(
                of.run.in_(family(self._connection, run)),
                of.server == new.server,
                of.key == new.key,
                of.closed_at.is_(None),
            )
            .order_by(of.id)
            .limit(1)
        )
        number = self._connection.execute(query).scalar()
        fresh = number is None
        if fresh:
            number = self._insert(
                schema.obligation,
                run=run,
                server=new.server,
                key=new.key,
                prior=canonical(new.prior),
                wanted=canonical(new.wanted),
                opened_at=self.now,
                closed_by="",
                handed_to="",
                handed_reason="",
            )
        return {
            "obligation": number,
            "server": new.server,
            "key": new.key,
            "prior": new.prior,
            "wanted": new.wanted,
            "opened": fresh,
        }

    def _close(self, number: int, by: str) -> rows.Row:
        row = self._obligation(number)
        self._connection.execute(
            sa.update(schema.obligation)
            .where(schema.obligation.c.id == number)
            .values(closed_at=self.now, closed_by=by)
        )
        return row

    def _obligation(self, number: int) -> rows.Row:
        of = schema.obligation.c
        row = self._connection.execute(sa.select(schema.obligation).where(of.id == number)).one_or_none()
        if row is None or row.closed_at is not None:
            raise JournalError(
                N_("There is no open obligation {number}: read the open ones again.").format(number=number)
            )
        return row

    def _attempt(self, run: str, step: str, n: int) -> rows.Row:
        query = sa.select(schema.attempt).where(_OF.run == run, _OF.step == step, _OF.n == n)
        row = self._connection.execute(query).one_or_none()
        if row is None:
            raise JournalError(
                N_("There is no attempt {n} of step {step} in run {run}: read its attempts again.").format(
                    n=n, step=step, run=run
                )
            )
        return row

    def _in_doubt(self, attempt: Attempt) -> None:
        row = self._attempt(attempt.run, attempt.step, attempt.n)
        if row.result_at is not None:
            raise JournalError(
                N_(
                    "Attempt {n} of step {step} in run {run} has its result already ({outcome}): read "
                    "the run again."
                ).format(n=row.n, step=row.step, run=row.run, outcome=row.outcome)
            )

    def _said(self, attempt: Attempt) -> list[str]:
        of = schema.output.c
        query = (
            sa.select(of.text)
            .where(of.run == attempt.run, of.step == attempt.step, of.n == attempt.n)
            .order_by(of.line)
        )
        return list(self._connection.execute(query).scalars())

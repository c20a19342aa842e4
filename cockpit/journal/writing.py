"""The writer: everything that can be done inside one transaction, questions and answers among it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import sqlalchemy as sa

from cockpit.config.language import N_
from cockpit.exchange.text import clean_line
from cockpit.journal import rows, schema
from cockpit.journal.chain import canonical
from cockpit.journal.errors import AnsweredError, JournalError
from cockpit.journal.records import Answer, Choice, Question, RunState
from cockpit.journal.words import REASON_LENGTH
from cockpit.journal.write_attempts import AttemptWriting
from cockpit.journal.write_runs import RunWriting


class QuestionWriting(RunWriting):
    """The part of a writer that asks and answers."""

    def ask(
        self,
        run: str,
        step: str,
        prompt: str,
        choices: Sequence[Choice],
        *,
        typed: str = "",
        needs_reason: Sequence[Choice] = (),
    ) -> Question:
        """Put a question; the run is WAITING, and stays at its step. JournalError: it has an open one, or
        has ended."""
        self._living(run)
        if self._open_questions(run):
            raise JournalError(
                N_("Run {run} has an open question already: answer or withdraw that one first.").format(
                    run=run
                )
            )
        number = self._insert(
            schema.question,
            run=run,
            step=step,
            prompt=prompt,
            choices=rows.stored_list(choices),
            typed=typed,
            needs_reason=rows.stored_list(needs_reason),
            asked_at=self.now,
            withdrawn="",
        )
        self._set_run(run, state=RunState.WAITING.value)
        self.log(
            "question.asked",
            run=run,
            step=step,
            question=number,
            prompt=prompt,
            choices=[str(choice) for choice in choices],
            typed=typed,
        )
        return rows.question(self._question(number))

    def answer(self, question: int, answer: Answer) -> None:
        """Answer a question, once; whoever works on the run reads it. Needs no lease.

        AnsweredError: it is closed already. JournalError: the choice was not offered, its reason is
        too short, or what was to be typed was not (letters' case does not matter in server names).
        """
        row = self._unanswered(question)
        _acceptable(rows.question(row), answer)
        given = rows.stored(replace(answer, reason=clean_line(answer.reason), to=clean_line(answer.to)))
        self._connection.execute(
            sa.update(schema.question)
            .where(schema.question.c.id == question)
            .values(answered_at=self.now, answer=canonical(given))
        )
        self.log("question.answered", run=row.run, step=row.step, question=question, answer=given)

    def withdraw(self, question: int, why: str) -> None:
        """Close a question without an answer. AnsweredError: it is closed already."""
        self._close_question(self._unanswered(question), why)

    def _question(self, number: int) -> rows.Row:
        query = sa.select(schema.question).where(schema.question.c.id == number)
        row = self._connection.execute(query).one_or_none()
        if row is None:
            raise JournalError(
                N_("There is no question {number}: read the run's questions again.").format(number=number)
            )
        return row

    def _unanswered(self, number: int) -> rows.Row:
        row = self._question(number)
        if row.answered_at is None:
            return row
        answer = rows.question(row).answer
        if answer is None:
            raise AnsweredError(
                N_("Question {number} was withdrawn ({withdrawn}): look at the run again.").format(
                    number=number, withdrawn=row.withdrawn
                )
            )
        raise AnsweredError(
            N_(
                "Question {number} was answered already, with {choice} by {by}: look at the run again."
            ).format(number=number, choice=answer.choice, by=answer.by)
        )


def _acceptable(question: Question, answer: Answer) -> None:
    offered = ", ".join(question.choices)
    if answer.choice not in question.choices:
        raise JournalError(
            N_("{choice} is no answer to question {question}: choose from {offered}.").format(
                choice=answer.choice, question=question.id, offered=offered
            )
        )
    if answer.choice in question.needs_reason and len(answer.reason.strip()) < REASON_LENGTH:
        raise JournalError(
            N_("{choice} wants a reason of at least {least} characters: say why.").format(
                choice=answer.choice, least=REASON_LENGTH
            )
        )
    if (
        answer.choice is Choice.GO
        and question.typed
        and answer.typed.strip().casefold() != question.typed.casefold()
    ):
        raise JournalError(
            N_("{choice} wants {typed} typed, and something else was: type it.").format(
                choice=answer.choice, typed=question.typed
            )
        )


class Writer(QuestionWriting, AttemptWriting):
    """One transaction of :meth:`cockpit.journal.store.Journal.write`.

    Whatever changes meaning appends its own line to the chain. An exception that leaves the block takes
    all of it back.
    """

"""A question is a durable row: one at a time, answered once, by nobody's process."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from cockpit.journal.errors import AnsweredError, JournalError
from cockpit.journal.records import Answer, Choice, Question, RunState
from cockpit.journal.store import Hold, Journal
from tests.journal.support import Opener, begun

CHOICES = (Choice.ABORT, Choice.GO, Choice.OVERRIDE)


def asked(journal: Journal, hold: Hold) -> Question:
    with journal.write(hold) as writer:
        return writer.ask(
            "run-1", "reboot", "Reboot EX01?", CHOICES, typed="EX01", needs_reason=[Choice.OVERRIDE]
        )


def test_a_question_waits_and_keeps_its_answer(journal: Journal) -> None:
    question = asked(journal, begun(journal))
    assert journal.run("run-1").state is RunState.WAITING
    assert journal.open_question("run-1") == question
    assert question.choices == CHOICES
    answer = Answer(Choice.GO, "bob", typed="ex01")
    with journal.write(None) as writer:
        writer.answer(question.id, answer)
    assert journal.open_question("run-1") is None
    assert journal.questions("run-1")[0].answer == answer
    assert journal.run("run-1").state is RunState.WAITING


def test_there_is_one_open_question_per_run(journal: Journal) -> None:
    hold = begun(journal)
    question = asked(journal, hold)
    with pytest.raises(JournalError, match="open question"):
        asked(journal, hold)
    with journal.write(hold) as writer:
        writer.withdraw(question.id, "asked anew after a takeover")
    assert asked(journal, hold).id != question.id
    assert [q.open for q in journal.questions("run-1")] == [False, True]
    with pytest.raises(AnsweredError, match="takeover"), journal.write(None) as writer:
        writer.answer(question.id, Answer(Choice.ABORT, "bob"))


def test_of_two_that_answer_at_once_one_is_told_of_the_other(opener: Opener, journal: Journal) -> None:
    question = asked(journal, begun(journal))
    journals = {name: opener(name, pid=n) for n, name in enumerate(("bob", "eve"), start=2)}
    start = threading.Barrier(2)

    def race(name: str) -> AnsweredError | str:
        start.wait()
        try:
            with journals[name].write(None) as writer:
                writer.answer(question.id, Answer(Choice.ABORT, name))
        except AnsweredError as error:
            return error
        return name

    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(race, journals))
    (winner,) = [outcome for outcome in outcomes if isinstance(outcome, str)]
    (error,) = [outcome for outcome in outcomes if isinstance(outcome, AnsweredError)]
    assert winner in str(error)
    answered = journal.questions("run-1")[0].answer
    assert answered is not None
    assert answered.by == winner


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (Answer(Choice.SKIP, "bob"), "choose from abort, go, override"),
        (Answer(Choice.GO, "bob", typed="EX02"), "EX01 typed"),
        (Answer(Choice.GO, "bob"), "EX01 typed"),
        (Answer(Choice.OVERRIDE, "bob", reason="  short   "), "reason"),
    ],
)
def test_an_answer_must_fit(journal: Journal, answer: Answer, says: str) -> None:
    question = asked(journal, begun(journal))
    with pytest.raises(JournalError, match=says), journal.write(None) as writer:
        writer.answer(question.id, answer)
    assert journal.open_question("run-1") == question


def test_an_override_is_an_answer_with_its_guard(journal: Journal) -> None:
    question = asked(journal, begun(journal))
    answer = Answer(Choice.OVERRIDE, "bob", reason="agreed with the vendor", guard="window", object="EX01")
    with journal.write(None) as writer:
        writer.answer(question.id, answer)
    assert journal.questions("run-1")[0].answer == answer


def test_an_end_withdraws_the_open_question(journal: Journal) -> None:
    hold = begun(journal)
    question = asked(journal, hold)
    with journal.write(hold) as writer:
        writer.end("run-1", RunState.ABORTED, "by word")
    assert journal.open_question("run-1") is None
    with pytest.raises(AnsweredError, match="ended"), journal.write(None) as writer:
        writer.answer(question.id, Answer(Choice.ABORT, "bob"))


def test_a_question_there_is_not_cannot_be_answered(journal: Journal) -> None:
    with pytest.raises(JournalError, match="no question 99"), journal.write(None) as writer:
        writer.answer(99, Answer(Choice.ABORT, "bob"))

"""A question is a durable row: one at a time, answered once, by nobody's process."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from cockpit.journal.errors import AnsweredError, JournalError
from cockpit.journal.records import Answer, Choice, Question, RunState, WishKind
from cockpit.journal.store import Hold, Journal
from tests.journal.support import Opener, begun, concluded, intended, new_attempt, new_run

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


def test_a_question_does_not_move_its_run(journal: Journal) -> None:
    """One about the undoing of a step is not of the runbook: the run would stand nowhere."""
    asked(journal, begun(journal))
    assert journal.run("run-1").step == "block"


def test_an_open_question_is_withdrawn_with_what_decides_otherwise(journal: Journal) -> None:
    hold = begun(journal)
    question = asked(journal, hold)
    with journal.write(hold) as writer:
        writer.withdraw_open("run-1", "the run is aborted")
    assert journal.open_question("run-1") is None
    with pytest.raises(AnsweredError, match="the run is aborted"), journal.write(None) as writer:
        writer.answer(question.id, Answer(Choice.ABORT, "bob"))
    with journal.write(hold) as writer:
        writer.withdraw_open("run-1", "there is none any more")


def test_what_operators_write_is_cleaned_where_it_enters(journal: Journal) -> None:
    evil = "too late\x1b[2J at\nnight"
    hold = begun(journal)
    with journal.write(hold) as writer:
        question = writer.ask("run-1", "reboot", "Reboot EX01?", (Choice.HAND_OVER,))
    with journal.write(None) as writer:
        writer.answer(question.id, Answer(Choice.HAND_OVER, "bob", evil, to=evil))
        writer.wish("run-1", WishKind.ABORT, evil, "bob")
    answer = journal.questions("run-1")[0].answer
    assert answer is not None
    texts = (answer.reason, answer.to, journal.wishes("run-1")[0].reason)
    assert all(text.isprintable() and text.startswith("too late") for text in texts)
    assert not any("\\u001b" in line.body for line in journal.lines())


def test_a_tree_of_runs_is_known_from_both_ends(journal: Journal) -> None:
    hold = begun(journal)
    with journal.write(hold) as writer:
        writer.create_run(new_run("child", parent="run-1"))
        writer.create_run(new_run("grandchild", parent="child"))
        writer.create_run(new_run("another"))
    assert set(journal.kin("child")) == set(journal.kin("run-1")) == {"run-1", "child", "grandchild"}
    assert set(journal.below("child")) == {"child", "grandchild"}
    assert journal.below("grandchild") == ("grandchild",)


def test_what_runs_below_owe_is_found(journal: Journal) -> None:
    hold = begun(journal)
    with journal.write(hold) as writer:
        writer.create_run(new_run("child", parent="run-1"))
    attempt = intended(journal, hold, new_attempt("child"))
    with journal.write(hold) as writer:
        concluded(writer, attempt)
    assert [o.run for o in journal.obligations(below="run-1")] == ["child"]
    assert journal.obligations(run="run-1") == ()
    (owed,) = journal.obligations(below="child")
    with journal.write(hold) as writer:
        writer.close_obligation(owed.id, "ann: it is back")
    assert journal.obligations(below="run-1") == ()
    assert len(journal.obligations(below="run-1", open_only=False)) == 1

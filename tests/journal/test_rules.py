"""Design §6 rules 1 to 3 and 8 as the store keeps them: intents, results, obligations, ends."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from cockpit.journal.errors import JournalError, ObligationsOpenError
from cockpit.journal.records import (
    Answer,
    Choice,
    Finding,
    Grade,
    NewAttempt,
    NewObligation,
    RunState,
    Verdict,
    WishKind,
)
from cockpit.journal.store import Journal
from tests.journal.support import MOVE_NOW, Opener, begun, concluded, intended, new_attempt, new_run


class BoomError(Exception):
    """Something fails in the middle of a block."""


def last(journal: Journal) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(list(journal.lines())[-1].body)
    return body


def test_a_run_reads_back_as_it_was_made(journal: Journal) -> None:
    begun(journal)
    run = journal.run("run-1")
    assert (run.state, run.step, run.server, run.operator) == (
        RunState.RUNNING,
        "block",
        "EX01",
        journal.actor.operator,
    )
    assert (run.auto, run.ended_at, run.facts, run.parent) == (False, None, {}, None)
    with pytest.raises(JournalError, match="no run nowhere"):
        journal.run("nowhere")
    assert [name for name in ("run-1", "run-", "nowhere") if journal.has_run(name)] == ["run-1"]


def test_two_runs_cannot_have_one_id_and_no_run_an_unknown_parent(journal: Journal) -> None:
    hold = begun(journal)
    with pytest.raises(JournalError, match="already"), journal.write(hold) as writer:
        writer.create_run(new_run())
    with pytest.raises(JournalError, match="no run nowhere"), journal.write(hold) as writer:
        writer.create_run(new_run("run-2", parent="nowhere"))
    assert [run.id for run in journal.runs()] == ["run-1"]


def test_an_intent_holds_obligation_and_line_or_none_of_them(journal: Journal) -> None:
    hold = begun(journal)
    before = journal.position()

    def fail_in_the_middle() -> None:
        with journal.write(hold) as writer:
            writer.intend(new_attempt())
            raise BoomError

    with pytest.raises(BoomError):
        fail_in_the_middle()
    assert (journal.attempts("run-1"), journal.obligations(), journal.position()) == ((), (), before)
    attempt = intended(journal, hold)
    assert attempt.in_doubt
    assert (attempt.n, attempt.fence, attempt.before) == (1, hold.token, {"MoveNow": False})
    assert attempt.limit_at - attempt.intent_at == pytest.approx(30.0)
    (obligation,) = journal.obligations(run="run-1")
    assert (obligation.server, obligation.key, obligation.prior, obligation.wanted) == (
        "EX01",
        MOVE_NOW.key,
        False,
        True,
    )
    assert last(journal)["event"] == "step.intent"
    assert last(journal)["command"] == attempt.command
    assert last(journal)["opens"][0]["prior"] is False


def test_a_result_closes_moves_and_seals_in_one_line(journal: Journal) -> None:
    hold = begun(journal)
    attempt = intended(journal, hold)
    with journal.write(hold) as writer:
        writer.say(attempt, ["one", "zwölf"])
        writer.say(attempt, ["three"])
    (obligation,) = journal.obligations()
    count = len(list(journal.lines()))
    with journal.write(hold) as writer:
        concluded(writer, attempt, closes=[obligation.id])
    assert len(list(journal.lines())) == count + 1
    (done,) = journal.attempts("run-1")
    assert (done.outcome, done.detail, done.in_doubt) == ("applied", {"words": "set"}, False)
    assert journal.obligations() == ()
    assert journal.obligations(open_only=False)[0].closed_by == "block"
    assert journal.run("run-1").step == "verify"
    assert last(journal)["words"] == "set"
    assert last(journal)["output_sha256"] == hashlib.sha256("one\nzwölf\nthree\n".encode()).hexdigest()


def test_a_result_is_written_once_and_nothing_is_said_after_it(journal: Journal) -> None:
    hold = begun(journal)
    attempt = intended(journal, hold)
    with journal.write(hold) as writer:
        concluded(writer, attempt)
    with pytest.raises(JournalError, match="result already"), journal.write(hold) as writer:
        writer.conclude(attempt, "failed", {"words": "no"})
    with pytest.raises(JournalError, match="result already"), journal.write(hold) as writer:
        writer.say(attempt, ["late"])
    assert journal.attempts("run-1")[0].outcome == "applied"


def test_a_step_in_doubt_is_not_sent_again(journal: Journal) -> None:
    hold = begun(journal)
    attempt = intended(journal, hold)
    with pytest.raises(JournalError, match="in doubt"):
        intended(journal, hold)
    with journal.write(hold) as writer:
        writer.conclude(attempt, "not applied", {"words": "observed"})
    assert intended(journal, hold).n == 2
    assert [attempt.n for attempt in journal.attempts("run-1")] == [1, 2]


def test_a_due_time_is_the_databases(journal: Journal) -> None:
    hold = begun(journal)
    wait = intended(journal, hold, NewAttempt("run-1", "wait", "", {}, limit=700.0, due_in=600.0))
    assert wait.due_at is not None
    assert wait.due_at - wait.intent_at == pytest.approx(600.0)
    assert journal.attempts("run-1")[0].due_at == wait.due_at


@pytest.mark.parametrize("state", [RunState.RECOVERED, RunState.ABORTED, RunState.ESCALATED])
def test_no_run_ends_over_an_open_obligation(journal: Journal, state: RunState) -> None:
    hold = begun(journal)
    intended(journal, hold)
    with pytest.raises(ObligationsOpenError) as refused, journal.write(hold) as writer:
        writer.end("run-1", state, "")
    assert [o.key for o in refused.value.obligations] == [MOVE_NOW.key]
    assert journal.run("run-1").state is RunState.RUNNING


def test_handed_over_it_can_only_be_escalated_and_stays_open(journal: Journal) -> None:
    hold = begun(journal)
    intended(journal, hold)
    (obligation,) = journal.obligations()
    with pytest.raises(JournalError, match="name"), journal.write(hold) as writer:
        writer.hand_over(obligation.id, " ", "because")
    with journal.write(hold) as writer:
        writer.hand_over(obligation.id, "bob", "Microsoft asked to keep it")
    with pytest.raises(ObligationsOpenError), journal.write(hold) as writer:
        writer.end("run-1", RunState.RECOVERED, "")
    with journal.write(hold) as writer:
        writer.end("run-1", RunState.ESCALATED, "case opened")
    assert journal.run("run-1").ended
    (left,) = journal.obligations(environment="prod")
    assert (left.open, left.handed_to) == (True, "bob")
    assert last(journal)["handed_over"] == [obligation.id]
    with journal.write(None) as writer:
        writer.close_obligation(left.id, "bob undid it")
    assert journal.obligations() == ()


def test_a_parent_does_not_end_over_its_grandchilds_obligation(journal: Journal) -> None:
    hold = begun(journal)
    with journal.write(hold) as writer:
        writer.create_run(new_run("child", parent="run-1"))
        writer.create_run(new_run("grandchild", parent="child"))
        writer.intend(new_attempt("grandchild"))
    with pytest.raises(ObligationsOpenError), journal.write(hold) as writer:
        writer.end("run-1", RunState.RECOVERED, "")
    (obligation,) = journal.obligations()
    with journal.write(hold) as writer:
        writer.close_obligation(obligation.id, "abort")
        writer.end("run-1", RunState.RECOVERED, "healthy")
    assert journal.run("run-1").ending == "healthy"


@pytest.mark.parametrize(("first", "second"), [("run-1", "child"), ("child", "run-1"), ("run-1", "run-1")])
def test_the_first_prior_value_of_a_family_stays(journal: Journal, first: str, second: str) -> None:
    hold = begun(journal)
    with journal.write(hold) as writer:
        writer.create_run(new_run("child", parent="run-1"))
        writer.intend(new_attempt(first, step="a"))
        writer.intend(new_attempt(second, step="b", opens=[NewObligation("EX01", MOVE_NOW.key, True, True)]))
    (only,) = journal.obligations()
    assert (only.run, only.prior) == (first, False)


def test_a_strangers_run_opens_its_own_and_a_closed_one_opens_anew(journal: Journal) -> None:
    hold = begun(journal)
    intended(journal, hold)
    with journal.write(hold) as writer:
        writer.create_run(new_run("other"))
        writer.intend(new_attempt("other"))
    mine, other = journal.obligations()
    assert (mine.run, other.run) == ("run-1", "other")
    with journal.write(hold) as writer:
        writer.close_obligation(mine.id, "abort")
        writer.intend(new_attempt("run-1", step="again"))
    assert [o.run for o in journal.obligations()] == ["other", "run-1"]
    with pytest.raises(JournalError, match="no open obligation"), journal.write(hold) as writer:
        writer.close_obligation(mine.id, "abort")


def test_nothing_moves_in_an_ended_run_and_an_end_goes_through_end(journal: Journal) -> None:
    hold = begun(journal)
    with pytest.raises(JournalError, match="end it"), journal.write(hold) as writer:
        writer.state("run-1", RunState.RECOVERED)
    with pytest.raises(JournalError, match="an end is"), journal.write(hold) as writer:
        writer.end("run-1", RunState.RUNNING, "")
    with journal.write(hold) as writer:
        writer.state("run-1", RunState.ABORTING, "undo")
        writer.end("run-1", RunState.ABORTED, "by word")
    with pytest.raises(JournalError, match="has ended"):
        intended(journal, hold)
    with pytest.raises(JournalError, match="has ended"), journal.write(hold) as writer:
        writer.end("run-1", RunState.RECOVERED, "after all")
    assert journal.run("run-1").state is RunState.ABORTED


def test_runs_come_newest_first_and_can_be_narrowed(journal: Journal) -> None:
    hold = begun(journal)
    with journal.write(hold) as writer:
        writer.create_run(new_run("run-2", environment="test"))
        writer.create_run(new_run("run-3"))
        writer.end("run-3", RunState.RECOVERED, "")
    assert [run.id for run in journal.runs()] == ["run-3", "run-2", "run-1"]
    assert [run.id for run in journal.runs(limit=1)] == ["run-3"]
    assert [run.id for run in journal.runs(open_only=True)] == ["run-2", "run-1"]
    assert [run.id for run in journal.runs(environment="test")] == ["run-2"]


def test_facts_merge_and_must_be_json(journal: Journal) -> None:
    hold = begun(journal)
    with journal.write(hold) as writer:
        writer.facts("run-1", {"a": 1, "nested": {"b": [None, True]}})
        writer.facts("run-1", {"a": 2})
    assert journal.run("run-1").facts == {"a": 2, "nested": {"b": [None, True]}}
    for bad in (float("nan"), object(), {1, 2}):
        with pytest.raises(JournalError, match="JSON"), journal.write(hold) as writer:
            writer.facts("run-1", {"a": bad})


def test_readings_keep_every_finding_and_its_override(journal: Journal) -> None:
    hold = begun(journal)
    findings = (
        Finding("copies.elsewhere", "DB03", Grade.HARD, Verdict.REFUSED, "0", "1", helps="resume the copy"),
        Finding("window", "EX01", Grade.STOP, Verdict.REFUSED, "03:00", "22-02", reason="outage", by="ann"),
    )
    with journal.write(hold) as writer:
        writer.reading("run-1", "block", findings[:1])
        writer.reading("run-1", "verify", findings)
    assert [reading.findings for reading in journal.readings("run-1")] == [findings[:1], findings]
    assert [reading.step for reading in journal.readings("run-1", "verify")] == ["verify"]
    assert last(journal)["findings"][1]["reason"] == "outage"


def test_a_wish_is_there_until_it_is_heeded_once(journal: Journal, opener: Opener) -> None:
    hold = begun(journal)
    with opener("bob", pid=2).write(None) as writer:
        writer.wish("run-1", WishKind.ABORT, "wrong server", "bob")
    (wish,) = journal.wishes("run-1")
    assert (wish.kind, wish.by, wish.heeded_at) == (WishKind.ABORT, "bob", None)
    with journal.write(hold) as writer:
        writer.heed(wish.id)
    assert journal.wishes("run-1") == ()
    with pytest.raises(JournalError, match="unheeded"), journal.write(hold) as writer:
        writer.heed(wish.id)


def test_output_comes_in_order_and_the_position_rises_with_it(journal: Journal) -> None:
    hold = begun(journal)
    attempt = intended(journal, hold)
    positions = [journal.position()]
    for texts in (["a", "b"], ["c"]):
        with journal.write(hold) as writer:
            writer.say(attempt, texts)
        positions.append(journal.position())
    assert positions == sorted(set(positions))
    found = journal.output("run-1")
    assert [line.text for _, line in found] == ["a", "b", "c"]
    assert [line.line for _, line in found] == [1, 2, 3]
    assert [line.text for _, line in journal.output("run-1", after=found[1][0])] == ["c"]
    assert journal.output("run-2") == ()


def test_hostile_text_is_stored_and_the_chain_still_holds(journal: Journal) -> None:
    hold = begun(journal)
    attempt = intended(journal, hold)
    nasty = "'; DROP TABLE run; -- \x00 \udc80 \u202e [bold]"
    with journal.write(hold) as writer:
        writer.say(attempt, [nasty])
        writer.conclude(attempt, nasty, {"words": nasty})
        question = writer.ask("run-1", "block", nasty, [Choice.ABORT, Choice.GO])
        writer.answer(question.id, Answer(Choice.ABORT, nasty))
    assert journal.attempts("run-1")[0].detail["words"] == nasty
    assert "DROP TABLE" in journal.output("run-1")[0][1].text
    assert journal.verify().sound

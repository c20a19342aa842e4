"""The lease: one holder, a token that rises, and a loss that is noticed before anything is written."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from cockpit.journal.errors import LeaseHeldError, LeaseLostError
from cockpit.journal.leases import local_clock
from cockpit.journal.store import Hold, Journal
from tests.journal.support import SCOPE, Opener, begun, intended, new_run

Tamper = Callable[..., None]


def expire(tamper: Tamper) -> None:
    tamper("UPDATE lease SET expires_at = 1.0")


def events(journal: Journal) -> list[str]:
    return [json.loads(line.body)["event"] for line in journal.lines()]


def test_of_eight_that_race_one_has_it_and_seven_are_told_who(opener: Opener) -> None:
    journals = [opener(f"op{n}", pid=n) for n in range(8)]
    start = threading.Barrier(8)

    def race(journal: Journal) -> Hold | LeaseHeldError:
        start.wait()
        try:
            return journal.acquire(SCOPE, "run", 60.0)
        except LeaseHeldError as error:
            return error

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(race, journals))
    won = [outcome for outcome in outcomes if isinstance(outcome, Hold)]
    refused = [outcome for outcome in outcomes if isinstance(outcome, LeaseHeldError)]
    assert len(won) == 1
    assert [error.lease.holder for error in refused] == [won[0].holder] * 7
    assert all(won[0].holder in str(error) for error in refused)
    assert journals[0].verify().sound


def test_two_scopes_do_not_hinder_each_other(journal: Journal, opener: Opener) -> None:
    journal.acquire("dag:DAG1", "run-1", 60.0)
    opener("bob", pid=2).acquire("dag:DAG2", "run-2", 60.0)
    assert [lease.scope for lease in journal.leases()] == ["dag:DAG1", "dag:DAG2"]


def test_the_same_process_taking_it_again_renews_it(journal: Journal) -> None:
    first = journal.acquire(SCOPE, "run-1", 60.0)
    again = journal.acquire(SCOPE, "run-1", 60.0)
    assert (again.token, again.holder) == (first.token, first.holder)
    assert again.deadline >= first.deadline


def test_an_expired_one_is_taken_over_with_a_new_token_and_the_former_holder_named(
    journal: Journal, opener: Opener, tamper: Tamper
) -> None:
    lost = begun(journal)
    expire(tamper)
    before = journal.lease(SCOPE)
    assert before is not None
    assert before.expired
    other = opener("bob", pid=2)
    taken = other.acquire(SCOPE, "run-1", 60.0)
    assert taken.token == lost.token + 1
    assert events(journal)[-1] == "lease.taken over"
    assert lost.holder in list(journal.lines())[-1].body
    now = journal.lease(SCOPE)
    assert now is not None
    assert (now.holder, now.expired) == (taken.holder, False)


def test_who_lost_it_can_neither_renew_nor_write_nor_release(
    journal: Journal, opener: Opener, tamper: Tamper
) -> None:
    lost = begun(journal)
    expire(tamper)
    opener("bob", pid=2).acquire(SCOPE, "run-1", 60.0)
    with pytest.raises(LeaseLostError):
        journal.renew(lost)
    with pytest.raises(LeaseLostError):
        intended(journal, lost)
    with pytest.raises(LeaseLostError):
        journal.release(lost)
    assert journal.attempts("run-1") == ()
    assert journal.obligations() == ()


def test_expired_but_not_taken_can_still_be_renewed(journal: Journal, tamper: Tamper) -> None:
    hold = begun(journal)
    expire(tamper)
    journal.renew(hold)
    lease = journal.lease(SCOPE)
    assert lease is not None
    assert not lease.expired


def test_a_released_one_is_nobodys_and_does_not_come_back(journal: Journal, opener: Opener) -> None:
    hold = begun(journal)
    journal.release(hold)
    assert journal.lease(SCOPE) is None
    assert journal.leases() == ()
    with pytest.raises(LeaseLostError):
        journal.renew(hold)
    assert opener("bob", pid=2).acquire(SCOPE, "run-2", 60.0).token == hold.token + 1


def test_an_old_hold_of_the_same_process_is_lost_too(journal: Journal) -> None:
    old = begun(journal)
    journal.release(old)
    new = journal.acquire(SCOPE, "run-1", 60.0)
    assert (new.holder, new.token) == (old.holder, old.token + 1)
    with pytest.raises(LeaseLostError):
        journal.renew(old)
    with pytest.raises(LeaseLostError):
        journal.release(old)
    assert journal.renew(new).token == new.token


def test_every_write_renews_it(journal: Journal, tamper: Tamper) -> None:
    hold = begun(journal)
    tamper("UPDATE lease SET expires_at = expires_at - 50")
    short = journal.lease(SCOPE)
    with journal.write(hold) as writer:
        writer.log("note")
        assert writer.hold is not None
        assert writer.hold.deadline > hold.deadline
    long = journal.lease(SCOPE)
    assert short is not None
    assert long is not None
    assert long.expires_at - short.expires_at > 40


def test_a_renewal_never_shortens_what_an_overlapping_one_promised(journal: Journal, tamper: Tamper) -> None:
    hold = begun(journal)
    tamper("UPDATE lease SET expires_at = expires_at + 500")
    before = journal.lease(SCOPE)
    journal.renew(hold)
    after = journal.lease(SCOPE)
    assert before is not None
    assert after is not None
    assert after.expires_at == before.expires_at


def test_the_local_deadline_lies_inside_the_databases(journal: Journal) -> None:
    before = local_clock()
    hold = journal.acquire(SCOPE, "run-1", 60.0)
    lease = journal.lease(SCOPE)
    assert lease is not None
    assert before + 60.0 <= hold.deadline <= local_clock() + 60.0
    assert 0 < hold.remaining() <= lease.expires_at - journal.now() + 0.1


def test_a_renewal_thread_and_a_writer_share_one_journal(journal: Journal) -> None:
    hold = begun(journal)
    stop = threading.Event()
    failures: list[Exception] = []

    def beat() -> None:
        while not stop.is_set():
            try:
                journal.renew(hold)
            except Exception as error:
                failures.append(error)
                return

    thread = threading.Thread(target=beat)
    thread.start()
    for n in range(20):
        with journal.write(hold) as writer:
            writer.facts("run-1", {"n": n})
    stop.set()
    thread.join()
    assert failures == []
    assert journal.run("run-1").facts == {"n": 19}


def test_every_line_says_who_under_which_fence_and_for_which_runbook(journal: Journal) -> None:
    hold = begun(journal)
    intended(journal, hold)
    body = json.loads(list(journal.lines())[-1].body)
    assert body["fence"] == hold.token
    assert body["digest"] == new_run().digest
    assert (body["operator"], body["process"]) == (journal.actor.operator, journal.actor.process)
    assert (body["run"], body["step"], body["n"]) == ("run-1", "block", 1)

"""Guards before databases are moved away: quorum, and for every database a place to go."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.exchange import recovery_model as r
from cockpit.journal.records import Grade, Verdict
from cockpit.recovery.guards.failover import fit, lagged
from cockpit.recovery.readings import Read
from tests.recovery.builders import (
    EX01,
    EX02,
    EX03,
    NAMES,
    case,
    copy,
    dag,
    database,
    healthy,
    host,
    passes,
    refusals,
    said,
)

REFUSED, UNREAD = Verdict.REFUSED, Verdict.UNREAD
HARD, STOP, WARN = Grade.HARD, Grade.STOP, Grade.WARN


def with_copies(*copies: Any) -> dict[str, Any]:
    return {"DB01": (copy(EX01, status="Mounted"), *copies)}


# --- dag.member, dag.quorum ----------------------------------------------------------------------


def test_outside_a_dag_nothing_can_move() -> None:
    alone = healthy(mailbox_servers=(host(EX01, dag=""),), dags=())
    assert refusals("dag.member", alone) == {EX01: (REFUSED, HARD)}
    assert passes("dag.quorum", alone)


@pytest.mark.parametrize(
    ("members", "up", "witness", "grade"),
    [
        # §3.1: "4 members… at least three voters".
        (4, 4, "Primary", None),
        (4, 3, "Primary", STOP),
        (4, 2, "Primary", HARD),
        (4, 4, "None", STOP),
        (3, 3, "", STOP),
        (3, 2, "", HARD),
        (5, 5, "", None),
        (2, 2, "Primary", WARN),
        (2, 2, "None", HARD),
    ],
)
def test_quorum(members: int, up: int, witness: str, grade: Grade | None) -> None:
    names = tuple(f"EX{n:02}" for n in range(1, members + 1))
    readings = healthy(
        mailbox_servers=tuple(host(n) for n in names),
        dags=(dag(names, names[:up], witness_share_in_use=witness),),
    )
    found = refusals("dag.quorum", readings)
    if grade is None:
        assert found == {}
    else:
        assert found["DAG1"] == (REFUSED, grade)
    lost = members % 2 == 0 and witness != "Primary"
    assert found.get("DAG1 witness") == ((REFUSED, HARD) if lost else None)


members_up = st.integers(1, 16).flatmap(
    lambda n: st.tuples(st.just(n), st.sets(st.integers(1, n)), st.sampled_from(["Primary", "None", ""]))
)


@given(members_up)
def test_quorum_never_passes_where_a_majority_would_be_lost(drawn: tuple[int, set[int], str]) -> None:
    """Counted out by hand: without EX01, and without whichever one more, the rest must be a majority."""
    count, up, witness = drawn
    names = tuple(f"EX{n:02}" for n in range(1, count + 1))
    alive = tuple(f"ex{n:02}" for n in sorted(up))
    readings = healthy(
        mailbox_servers=tuple(host(n) for n in names),
        dags=(dag(names, alive, witness_share_in_use=witness),),
    )
    voters = count + (count % 2 == 0)
    left = len(up - {1}) + (count % 2 == 0 and witness == "Primary")
    grades = {grade for verdict, grade in refusals("dag.quorum", readings).values()}
    if 2 * left <= voters:
        assert HARD in grades
    elif 2 * (left - 1) <= voters:
        assert grades
    elif count % 2 or witness == "Primary":
        assert grades == set()


def test_a_stranger_among_the_operational_servers_has_no_vote() -> None:
    readings = healthy(dags=(dag(NAMES, (EX01, EX02, "EX98", "EX99")),))
    assert refusals("dag.quorum", readings)["DAG1"] == (REFUSED, HARD)


def test_the_quorum_checks_of_test_replicationhealth_count() -> None:
    checks = (
        r.ReplicationCheck(EX01, "QuorumGroup", "*FAILED*", "no quorum"),
        r.ReplicationCheck(EX01, "DBLogCopyKeepingUp", "*FAILED*", "slow"),
    )
    assert refusals("dag.quorum", healthy(replication=checks)) == {
        "Test-ReplicationHealth QuorumGroup": (REFUSED, HARD)
    }


# --- copies.elsewhere ----------------------------------------------------------------------------

# Best copy selection: copy queue < 10, replay queue < 50 (recovery-engine §3.1).
UNFIT = [
    {"status": "Failed"},
    {"status": "Suspended"},
    {"status": "SeedingSource"},
    {"activation_suspended": True},
    {"copy_queue_length": 10},
    {"copy_queue_length": None},
    {"replay_queue_length": 50},
    {"replay_queue_length": None},
    {"content_index_state": "Failed"},
    {"server": "EX98"},
]


@pytest.mark.parametrize("changes", UNFIT)
def test_a_copy_that_is_not_fit_does_not_count(changes: dict[str, Any]) -> None:
    one_left = healthy(copies=with_copies(copy(EX02, **changes), copy(EX03)))
    none_left = healthy(copies=with_copies(copy(EX02, **changes)))
    assert refusals("copies.elsewhere", one_left) == {"DB01": (REFUSED, STOP)}
    assert refusals("copies.elsewhere", none_left) == {"DB01": (REFUSED, HARD)}
    (found,) = said("copies.elsewhere", none_left)
    assert not found.overridable


@pytest.mark.parametrize(
    "changes",
    [
        {"copy_queue_length": 9},
        {"replay_queue_length": 49},
        {"status": "DisconnectedAndHealthy"},
        {"content_index_state": "NotApplicable"},
        {"content_index_state": ""},
    ],
)
def test_what_best_copy_selection_takes_is_fit(changes: dict[str, Any]) -> None:
    assert fit(copy(EX02, **changes), healthy()) == ""


@pytest.mark.parametrize(
    ("spoilt", "words"),
    [
        ({"mailbox_servers": (host(EX02, activation_policy="Blocked"),)}, "Blocked"),
        ({"mailbox_servers": (host(EX02, activation_disabled_and_move_now=True),)}, "MoveNow"),
        ({"nodes": (r.ClusterNode("ex02", r.NodeState.PAUSED),)}, "Paused"),
        ({"nodes": (r.ClusterNode(EX02, r.NodeState.DOWN),)}, "Down"),
    ],
)
def test_a_target_server_out_of_service_does_not_count(spoilt: dict[str, Any], words: str) -> None:
    assert words in fit(copy(EX02), healthy(**spoilt))


queues = st.one_of(st.none(), st.integers(0, 200))


@given(queues, queues, st.integers(0, 100), st.integers(0, 100))
def test_a_longer_queue_never_makes_a_copy_fit(
    copied: int | None, replayed: int | None, more_copied: int, more_replayed: int
) -> None:
    readings = healthy()
    before = fit(copy(EX02, copy_queue_length=copied, replay_queue_length=replayed), readings)
    longer = copy(
        EX02,
        copy_queue_length=None if copied is None else copied + more_copied,
        replay_queue_length=None if replayed is None else replayed + more_replayed,
    )
    assert not before or fit(longer, readings)


@given(st.lists(st.booleans(), max_size=5))
def test_its_grade_follows_from_how_many_are_fit(fits: list[bool]) -> None:
    statuses = ["Healthy" if ok else "Failed" for ok in fits]
    others = [copy(n, status=s) for n, s in zip(NAMES[1:] * 2, statuses, strict=False)]
    good = sum(fits)
    expected = {0: {"DB01": (REFUSED, HARD)}, 1: {"DB01": (REFUSED, STOP)}}.get(good, {})
    assert refusals("copies.elsewhere", healthy(copies=with_copies(*others))) == expected


def test_a_dag_of_two_has_no_second_copy_and_is_warned() -> None:
    two = (EX01, EX02)
    spoilt: dict[str, Any] = {"mailbox_servers": (host(EX01), host(EX02)), "dags": (dag(two),)}
    one, none = with_copies(copy(EX02)), with_copies(copy(EX02, status="Failed"))
    assert refusals("copies.elsewhere", healthy(copies=one, **spoilt)) == {"DB01": (REFUSED, WARN)}
    assert refusals("copies.elsewhere", healthy(copies=none, **spoilt)) == {"DB01": (REFUSED, HARD)}


def test_each_database_is_judged_by_itself() -> None:
    copies = {**with_copies(copy(EX02), copy(EX03)), "DB07": (copy(EX02, "DB07", activation_suspended=True),)}
    readings = healthy(copies=copies)
    assert refusals("copies.elsewhere", readings) == {"DB07": (REFUSED, HARD)}
    found = next(f for f in said("copies.elsewhere", readings) if f.object == "DB07")
    assert found.helps == "Resume-MailboxDatabaseCopy 'DB07\\EX02'"
    assert "activation suspended" in found.reading


def test_no_active_database_here_is_nothing_to_move() -> None:
    (found,) = said("copies.elsewhere", healthy(copies={}))
    assert (found.verdict, found.reading) == (Verdict.PASSED, "no database is active here")


@pytest.mark.parametrize(
    ("guard", "grade"), [("copies.elsewhere", HARD), ("databases.unreplicated", STOP), ("prior.stored", HARD)]
)
def test_no_copy_row_is_not_no_copy(guard: str, grade: Grade) -> None:
    blind = healthy(here=(), copies={})
    assert refusals(guard, blind) == {EX01: (UNREAD, grade)}
    moved = case(facts={"active_before": {"DB01": 1}})
    assert refusals(guard, healthy(here=(), copies={}, databases=()), moved) == {EX01: (UNREAD, grade)}


def test_none_of_the_quorum_checks_is_no_quorum() -> None:
    others = (r.ReplicationCheck(EX01, "DBLogCopyKeepingUp", "Passed", ""),)
    assert refusals("dag.quorum", healthy(replication=others)) == {"Test-ReplicationHealth": (UNREAD, HARD)}


@pytest.mark.parametrize("changes", [{"activation_policy": ""}, {"activation_disabled_and_move_now": None}])
def test_a_prior_value_that_was_not_said_is_not_known(changes: dict[str, Any]) -> None:
    """It would be put back as $false or "" at the end, whatever was there."""
    readings = healthy(mailbox_servers=tuple(host(n, **changes) for n in NAMES))
    assert refusals("prior.stored", readings) == {EX01: (UNREAD, HARD)}


def test_a_target_whose_movenow_was_not_said_is_not_fit() -> None:
    assert "unknown" in fit(
        copy(EX02), healthy(mailbox_servers=(host(EX02, activation_disabled_and_move_now=None),))
    )


@pytest.mark.parametrize("guard", ["copies.elsewhere", "copies.lagged", "target.room"])
def test_copies_that_were_not_looked_for_are_not_none(guard: str) -> None:
    """Which databases are active here comes from ``here``: without it, no copies is no answer."""
    blind = healthy(here=Read(problem="no answer"), copies={})
    assert [f.verdict for f in said(guard, blind)] == [UNREAD]


# --- copies.lagged, copies.seeding, target.room --------------------------------------------------

LAG = "Enabled:True; PlayDownReason:None; Percentage:100"


def test_lag_is_read_from_what_is_printed() -> None:
    assert lagged(copy(EX02, replay_lag_status=LAG))
    assert lagged(copy(EX02, replay_lag_status="enabled: true"))
    assert not lagged(copy(EX02, replay_lag_status="Enabled:False; Percentage:0"))
    assert not lagged(copy(EX02))


def test_a_lagged_copy_as_the_only_target_is_a_stop() -> None:
    late = copy(EX02, replay_lag_status=LAG)
    assert refusals("copies.lagged", healthy(copies=with_copies(late))) == {"DB01": (REFUSED, STOP)}
    assert refusals("copies.lagged", healthy(copies=with_copies(late, copy(EX03, status="Failed"))))
    assert passes("copies.lagged", healthy(copies=with_copies(late, copy(EX03))))


@pytest.mark.parametrize("status", ["Seeding", "SeedingSource"])
def test_a_seed_is_not_cancelled_unasked(status: str) -> None:
    readings = healthy(here=(copy(EX01, "DB02", status=status),))
    assert refusals("copies.seeding", readings) == {"DB02\\EX01": (REFUSED, STOP)}


def test_room_wants_one_target_without_a_limit() -> None:
    full = tuple(host(n, maximum_active_databases=5 if n in (EX02, EX03) else None) for n in NAMES)
    assert refusals("target.room", healthy(mailbox_servers=full)) == {"DB01": (REFUSED, STOP)}
    assert "EX02 takes at most 5 active" in said("target.room", healthy(mailbox_servers=full))[0].reading
    half = tuple(host(n, maximum_active_databases=5 if n == EX02 else None) for n in NAMES)
    assert passes("target.room", healthy(mailbox_servers=half))


# --- databases.unreplicated, prior.stored, dag.preference ----------------------------------------


def test_a_database_without_a_second_copy_is_named() -> None:
    readings = healthy(
        databases=(database(), database("DB09", "None")), here=(copy(EX01), copy(EX01, "DB09"))
    )
    assert refusals("databases.unreplicated", readings) == {"DB09": (REFUSED, STOP)}


def test_what_is_there_now_is_said() -> None:
    (found,) = said("prior.stored", healthy())
    assert found.reading == "policy Unrestricted, MoveNow $false, active here: DB01"
    nobody = healthy(mailbox_servers=(host(EX02),))
    assert refusals("prior.stored", nobody) == {EX01: (REFUSED, HARD)}


@pytest.mark.parametrize(("often", "warned"), [("01:00:00", True), ("-00:00:00.0010000", False), ("", False)])
def test_moving_by_preference_is_told(often: str, warned: bool) -> None:
    readings = healthy(dags=(dag(preference_move_frequency=often),))
    assert refusals("dag.preference", readings) == ({"DAG1": (REFUSED, WARN)} if warned else {})
    assert not any(f.blocks for f in said("dag.preference", readings))

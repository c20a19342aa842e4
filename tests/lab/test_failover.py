"""Moves of databases: Move-ActiveMailboxDatabase, MoveNow, quorum, preference moves (recovery-engine §3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from cockpit.lab.actions import BadRequestError, act
from cockpit.lab.dag import has_quorum, votes
from cockpit.lab.simulation import Simulation
from tests.lab.harness import USER, Capture, call, lab, later

HERE, THERE = "EX16-01", "EX16-02"
MOVE_NOW = "DatabaseCopyActivationDisabledAndMoveNow"


def _do(sim: Simulation, server: str, action: str, **fields: Any) -> None:
    act(sim, {"name": server, "action": action, **fields})


def _active(sim: Simulation, server: str) -> set[str]:
    return {d.name for d in sim.organization.active_on(server)}


def _first(sim: Simulation, server: str = HERE) -> str:
    return sorted(_active(sim, server))[0]


async def _move(sim: Simulation, database: str, **more: Any) -> Capture:
    given: Mapping[str, Any] = {"Identity": database, "ActivateOnServer": THERE, "Confirm": False, **more}
    return await call(sim, "Move-ActiveMailboxDatabase", given)


async def _status(sim: Simulation, copy: str) -> dict[str, Any]:
    (row,) = (await call(sim, "Get-MailboxDatabaseCopyStatus", {"Identity": copy})).rows
    return row


async def test_a_move_takes_time_and_tells_its_result() -> None:
    sim = lab()
    name = _first(sim)
    before = sim.clock.seconds()
    out = await _move(sim, name, MoveComment="run 42")
    (row,) = out.rows
    assert (row["Identity"], row["ActiveServerAtStart"], row["ActiveServerAtEnd"]) == (name, HERE, THERE)
    assert (row["Status"], row["MountStatusAtMoveStart"], row["MountStatusAtMoveEnd"]) == (
        *("Succeeded", "Mounted", "Mounted"),
    )
    assert sim.clock.seconds() - before >= 20
    assert name in _active(sim, THERE)
    entries = [e for e in sim.ledger.since() if e.outcome.startswith("database move")]
    assert [(e.outcome, e.user) for e in entries] == [("database move begun", USER), ("database moved", USER)]
    assert "run 42" in entries[0].detail


async def test_states_while_a_move_goes_on_and_nobody_waits() -> None:
    sim = lab()
    name = _first(sim)
    _do(sim, THERE, "activate-database", database=name, by="CONTOSO\\ann")
    later(sim, 4)
    assert (await _status(sim, f"{name}\\{HERE}"))["Status"] == "Dismounting"
    assert (await _status(sim, f"{name}\\{HERE}"))["ActiveCopy"] is True
    later(sim, 8)
    assert (await _status(sim, f"{name}\\{THERE}"))["Status"] == "Mounting"
    assert (await _status(sim, f"{name}\\{HERE}"))["Status"] == "Healthy"
    later(sim, 10)
    assert (await _status(sim, f"{name}\\{THERE}"))["Status"] == "Mounted"


@pytest.mark.parametrize(
    ("action", "fields", "words", "skip"),
    [
        ("set-copy", {"status": "Failed"}, "not healthy", "SkipHealthChecks"),
        ("set-copy", {"status": "Suspended"}, "not healthy", "SkipHealthChecks"),
        ("set-copy", {"activation_suspended": True}, "suspended for activation", ""),
        ("set-copy", {"replay_lag": 604800}, "lagged", "SkipLagChecks"),
        ("set-copy", {"copy_queue": 10}, "behind", "SkipLagChecks"),
        ("set-copy", {"replay_queue": 50}, "behind", "SkipLagChecks"),
        ("set-policy", {"policy": "Blocked"}, "Blocked", ""),
        ("set-move-now", {"value": True}, "activation is disabled", ""),
        ("pause-node", {}, "paused", ""),
        ("set-server", {"maximum_active_databases": 0}, "maximum", "SkipMaximumActiveDatabasesChecks"),
        ("stop-service", {"service": "MSExchangeRepl"}, "replication service", ""),
    ],
)
async def test_a_move_is_refused(action: str, fields: dict[str, Any], words: str, skip: str) -> None:
    sim = lab()
    name = _first(sim)
    _do(sim, THERE, action, **({"database": name} | fields if action == "set-copy" else fields))
    out = await _move(sim, name)
    assert not out.rows
    (error,) = out.errors
    assert words in error.message
    assert error.reason == "AmDbActionWrapperException"
    assert name in _active(sim, HERE)
    for switch in ("SkipHealthChecks", "SkipLagChecks", "SkipMaximumActiveDatabasesChecks"):
        out = await _move(sim, name, **{switch: True})
        assert bool(out.rows) is (switch == skip), (switch, out.errors)
        if out.rows:
            break


async def test_what_if_and_unknown_names_move_nothing() -> None:
    sim = lab()
    name = _first(sim)
    out = await _move(sim, name, WhatIf=True)
    assert (out.rows, out.errors) == ([], [])
    assert name in _active(sim, HERE)
    assert (await _move(sim, "DB999")).errors
    assert (await _move(sim, name, ActivateOnServer="EX99")).errors
    (error,) = (await _move(sim, name, ActivateOnServer=HERE)).errors
    assert "already" in error.message
    (error,) = (await _move(sim, name, ActivateOnServer="EX19-01")).errors
    assert "no copy" in error.message


async def test_a_database_that_just_moved_is_suppressed() -> None:
    sim = lab()
    name = _first(sim)
    await _move(sim, name)
    back = {"Identity": name, "ActivateOnServer": HERE}
    (error,) = (await call(sim, "Move-ActiveMailboxDatabase", back)).errors
    assert error.reason == "AmDbMoveMoveSuppressedBlackoutException"
    later(sim, 61)
    assert (await call(sim, "Move-ActiveMailboxDatabase", back)).rows
    (error,) = (await _move(sim, name)).errors
    assert error.reason == "AmDbMoveMoveSuppressedBlackoutException"
    assert (await _move(sim, name, SkipMoveSuppressionChecks=True)).rows


async def test_a_whole_server_and_back_to_the_preferred_one() -> None:
    sim = lab()
    mine = _active(sim, HERE)
    out = await call(sim, "Move-ActiveMailboxDatabase", {"Server": HERE, "MoveComment": "maintenance"})
    assert {r["Identity"] for r in out.rows} == mine
    assert _active(sim, HERE) == set()
    later(sim, 61)
    out = await call(sim, "Move-ActiveMailboxDatabase", {"ActivatePreferredOnServer": HERE})
    assert {r["Identity"] for r in out.rows} == mine == _active(sim, HERE)
    assert (await call(sim, "Move-ActiveMailboxDatabase", {"ActivatePreferredOnServer": HERE})).rows == []


async def test_a_move_of_a_seeding_source_is_refused_and_cancels_the_seed() -> None:
    sim = lab()
    name = _first(sim)
    _do(sim, THERE, "seed-copy", database=name, source=HERE)
    assert (await _status(sim, f"{name}\\{THERE}"))["Status"] == "Seeding"
    assert (await _status(sim, f"{name}\\{THERE}"))["DatabaseSeedStatus"].startswith("Percentage:")
    assert THERE.lower() in (await _status(sim, f"{name}\\{HERE}"))["OutgoingConnections"]
    (error,) = (await _move(sim, name)).errors
    assert "seed" in error.message
    out = await _move(sim, name, SkipActiveCopyChecks=True)
    assert "not healthy" in out.errors[0].message
    sim = lab(servers=24)
    database = next(d for d in sim.organization.databases.values() if len(d.copies) == 3)
    source, target, seeded = (c.server for c in database.copies)
    _do(sim, seeded, "seed-copy", database=database.name, source=source)
    given = {"Identity": database.name, "ActivateOnServer": target, "SkipActiveCopyChecks": True}
    assert (await call(sim, "Move-ActiveMailboxDatabase", given)).rows
    row = await _status(sim, f"{database.name}\\{seeded}")
    assert row["Status"] == "FailedAndSuspended"
    assert "cancelled" in row["ErrorMessage"]


async def test_a_passive_seeding_source_says_so() -> None:
    sim = lab(servers=24)
    database = next(d for d in sim.organization.databases.values() if len(d.copies) == 3)
    _, source, seeded = (c.server for c in database.copies)
    _do(sim, seeded, "seed-copy", database=database.name, source=source)
    assert (await _status(sim, f"{database.name}\\{source}"))["Status"] == "SeedingSource"


async def test_move_now_takes_minutes_and_leaves_behind_what_has_no_target() -> None:
    sim = lab()
    first, second = sorted(_active(sim, HERE))
    _do(sim, THERE, "set-copy", database=second, status="FailedAndSuspended", suspend_comment="disk")
    out = await call(sim, "Set-MailboxServer", {"Identity": HERE, MOVE_NOW: True})
    assert (out.rows, out.warnings) == ([], [])
    assert _active(sim, HERE) == {first, second}, "it does not wait"
    later(sim, 600)
    assert _active(sim, HERE) == {second}
    row = await _status(sim, f"{second}\\{THERE}")
    assert (row["Status"], row["SuspendComment"]) == ("FailedAndSuspended", "disk")
    stays = [e for e in sim.ledger.since() if e.outcome == "database stays"]
    assert [(e.server, e.user) for e in stays] == [(HERE, USER)]


@pytest.mark.parametrize(("policy", "moves"), [("Blocked", False), ("IntrasiteOnly", True)])
async def test_policies_of_the_target(policy: str, moves: bool) -> None:
    sim = lab()
    mine = _active(sim, HERE)
    await call(sim, "Set-MailboxServer", {"Identity": THERE, "DatabaseCopyAutoActivationPolicy": policy})
    await call(sim, "Set-MailboxServer", {"Identity": HERE, MOVE_NOW: True})
    later(sim, 600)
    assert _active(sim, HERE) == (set() if moves else mine)
    row = await _status(sim, f"{sorted(mine)[0]}\\{THERE}")
    assert row["AutoActivationPolicy"] == policy


async def test_intrasite_only_holds_across_sites_but_not_for_a_person() -> None:
    sim = lab()
    sim.organization.server(THERE).site = "South"
    name = _first(sim)
    _do(sim, THERE, "set-policy", policy="IntrasiteOnly")
    (error,) = (await call(sim, "Move-ActiveMailboxDatabase", {"Identity": name})).errors
    assert "no copy" in error.message
    assert (await _move(sim, name)).rows


async def test_maximum_active_databases_counts_what_is_on_its_way() -> None:
    sim = lab()
    there = len(_active(sim, THERE))
    _do(sim, THERE, "set-server", maximum_active_databases=there + 1)
    _do(sim, HERE, "set-move-now", value=True)
    later(sim, 600)
    assert len(_active(sim, HERE)) == 1
    assert len(_active(sim, THERE)) == there + 1


async def test_lagged_copies_are_never_chosen_and_say_so() -> None:
    sim = lab()
    name = _first(sim)
    _do(sim, THERE, "set-copy", database=name, replay_lag=7 * 86400, replay_queue=4000)
    row = await _status(sim, f"{name}\\{THERE}")
    assert "Enabled:True" in row["ReplayLagStatus"]
    assert "7.00:00:00" in row["ReplayLagStatus"]
    assert row["ReplayQueueLength"] == 4000
    (error,) = (await call(sim, "Move-ActiveMailboxDatabase", {"Identity": name})).errors
    assert "no copy" in error.message


async def test_single_copies_and_servers_without_a_dag() -> None:
    sim = lab()
    name = _first(sim)
    _do(sim, THERE, "remove-copy", database=name)
    (row,) = (await call(sim, "Get-MailboxDatabase", {"Identity": name, "Status": True})).rows
    assert (row["ReplicationType"], row["MasterServerOrAvailabilityGroup"]) == ("None", "DAG02")
    _do(sim, HERE, "set-move-now", value=True)
    later(sim, 600)
    assert _active(sim, HERE) == {name}
    with pytest.raises(BadRequestError):
        _do(sim, HERE, "remove-copy", database=name)


async def test_mailbox_databases() -> None:
    sim = lab()
    out = await call(sim, "Get-MailboxDatabase", {"Server": HERE, "Status": True})
    assert {r["Name"] for r in out.rows} == {d.name for d in sim.organization.copies_on(HERE)}
    row = next(r for r in out.rows if r["Name"] == _first(sim))
    assert (row["Server"], row["Mounted"], row["BackupInProgress"]) == (HERE, True, False)
    assert row["ActivationPreference"] == [f"[{HERE}, 1]", f"[{THERE}, 2]"]
    _do(sim, HERE, "set-database", database=_first(sim), backup_in_progress=True)
    given = {"Identity": _first(sim), "Status": True, "DomainController": "LAB-DC2.lab.example"}
    (row,) = (await call(sim, "Get-MailboxDatabase", given)).rows
    assert (row["BackupInProgress"], row["OriginatingServer"]) == (True, "LAB-DC2.lab.example")
    (row,) = (await call(sim, "Get-MailboxDatabase", {"Identity": _first(sim)})).rows
    assert (row["Mounted"], row["BackupInProgress"]) == (None, None)
    assert (await call(sim, "Get-MailboxDatabase", {"Identity": "DB999"})).errors


async def test_monitoring_mailboxes() -> None:
    sim = lab()
    rows = (await call(sim, "Get-Mailbox", {"Monitoring": True})).rows
    assert len(rows) == len(sim.organization.databases)
    one = rows[0]
    given = {"Identity": one["UserPrincipalName"], "Monitoring": True}
    (again,) = (await call(sim, "Get-Mailbox", given)).rows
    assert again == one
    assert one["UserPrincipalName"] == f"{one['Name']}@lab.example"
    assert (await call(sim, "Get-Mailbox", {"Identity": one["Name"]})).errors, "not without -Monitoring"
    assert sim.organization.database(one["Database"]) is not None


async def test_an_even_dag_keeps_quorum_with_its_witness_and_loses_it_without() -> None:
    sim = lab()
    dag = sim.organization.dags["dag02"]
    assert votes(sim.organization, dag) == (3, 3)
    _do(sim, HERE, "set-witness", up=False)
    (row,) = (await call(sim, "Get-DatabaseAvailabilityGroup", {"Identity": "DAG02", "Status": True})).rows
    assert row["WitnessShareInUse"] == "None"
    checks = (await call(sim, "Test-ReplicationHealth", {"Identity": HERE})).rows
    assert {r["Check"] for r in checks if r["Result"] != "Passed"} == {"FileShareQuorum"}
    assert _active(sim, HERE)
    _do(sim, THERE, "kill")
    assert not has_quorum(sim.organization, dag)
    assert _active(sim, HERE) == set(), "losing quorum dismounts everything"
    copies = (await call(sim, "Get-MailboxDatabaseCopyStatus", {"Server": HERE})).rows
    assert {r["Status"] for r in copies if r["ActiveCopy"]} == {"Dismounted"}
    checks = (await call(sim, "Test-ReplicationHealth", {"Identity": HERE})).rows
    failed = {r["Check"] for r in checks if r["Result"] == "*FAILED*"}
    assert {"QuorumGroup", "FileShareQuorum", "DagMembersUp", "ActiveManager"} <= failed
    later(sim, 120)
    assert _active(sim, HERE) == set(), "no failover without quorum"
    _do(sim, HERE, "set-witness", up=True)
    assert len(_active(sim, HERE)) == 4, "its own mount again, those of the lost server fail over"


async def test_four_members_need_three_voters() -> None:
    sim = lab(servers=24)
    dag = next(d for d in sim.organization.dags.values() if len(d.servers) == 4)
    for number, name in enumerate(dag.servers[:3], start=1):
        assert has_quorum(sim.organization, dag) is True
        _do(sim, name, "kill")
        assert votes(sim.organization, dag) == (5 - number, 5)
    assert not has_quorum(sim.organization, dag)


async def test_a_stopped_cluster_service_costs_a_vote() -> None:
    sim = lab()
    _do(sim, HERE, "set-witness", up=False)
    _do(sim, THERE, "stop-service", service="ClusSvc")
    assert _active(sim, HERE) == set()
    _do(sim, THERE, "start-service", service="ClusSvc")
    assert _active(sim, HERE)


async def test_all_eighteen_checks_and_what_fails_them() -> None:
    sim = lab()
    rows = (await call(sim, "Test-ReplicationHealth", {"Identity": HERE})).rows
    assert len(rows) == 18
    assert {(r["Result"], r["Error"]) for r in rows} == {("Passed", "")}
    name = _first(sim)
    _do(sim, THERE, "set-copy", database=name, status="FailedAndSuspended")
    rows = (await call(sim, "Test-ReplicationHealth", {"Identity": THERE})).rows
    failed = {r["Check"] for r in rows if r["Result"] == "*FAILED*"}
    assert failed == {"DBCopySuspended", "DBCopyFailed", "DatabaseRedundancy"}
    _do(sim, HERE, "stop-service", service="MSExchangeRepl")
    rows = (await call(sim, "Test-ReplicationHealth", {"Identity": HERE})).rows
    assert "ReplayService" in {r["Check"] for r in rows if r["Result"] == "*FAILED*"}
    _do(sim, HERE, "kill")
    out = await call(sim, "Test-ReplicationHealth", {"Identity": HERE}, at=THERE)
    assert (out.rows, len(out.errors)) == ([], 1)


async def test_databases_go_back_to_their_preferred_server_within_the_hour() -> None:
    sim = lab()
    (row,) = (await call(sim, "Get-DatabaseAvailabilityGroup", {"Identity": "DAG02", "Status": True})).rows
    assert row["PreferenceMoveFrequency"] == "01:00:00"
    name = _first(sim)
    await _move(sim, name)
    later(sim, 1200)
    assert name in _active(sim, THERE)
    later(sim, 3600)
    assert name in _active(sim, HERE)
    _do(sim, HERE, "set-preference-moves", seconds=None)
    await _move(sim, name)
    later(sim, 4 * 3600)
    assert name in _active(sim, THERE)


async def test_a_target_that_dies_during_a_move() -> None:
    sim = lab()
    name = _first(sim)
    _do(sim, THERE, "activate-database", database=name)
    later(sim, 2)
    _do(sim, THERE, "kill")
    later(sim, 60)
    assert name in _active(sim, HERE)
    _do(sim, THERE, "start")
    later(sim, 600)
    _do(sim, THERE, "activate-database", database=name)
    later(sim, 12)
    _do(sim, THERE, "kill")
    later(sim, 60)
    assert name in _active(sim, HERE), "it fails over back"

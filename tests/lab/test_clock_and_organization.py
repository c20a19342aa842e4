from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

import pytest

from cockpit.exchange.model import Role, Version
from cockpit.lab.build import build
from cockpit.lab.clock import Clock
from cockpit.lab.components import ACTIVE, DRAINING, INACTIVE, Vote, components, state_of

START = datetime(2026, 1, 1, tzinfo=UTC)


def test_clock_runs_faster_than_real_time() -> None:
    real = 100.0
    clock = Clock(START, 60.0, monotonic=lambda: real)
    real = 102.0
    assert clock.seconds() == 120.0
    assert clock.now() == datetime(2026, 1, 1, 0, 2, tzinfo=UTC)
    assert clock.real(30.0) == 0.5
    assert clock.simulated(0.5) == 30.0


def test_clock_freezes_and_advances() -> None:
    real = 0.0
    clock = Clock(START, monotonic=lambda: real)
    clock.freeze()
    real = 50.0
    assert clock.seconds() == 0.0
    clock.advance(7.0)
    assert clock.seconds() == 7.0
    clock.resume()
    real = 51.0
    assert clock.seconds() == 8.0


def test_clock_refuses_nonsense() -> None:
    with pytest.raises(ValueError, match="aware"):
        Clock(datetime(2026, 1, 1))
    with pytest.raises(ValueError, match="above 0"):
        Clock(START, 0.0)
    with pytest.raises(ValueError, match="go back"):
        Clock(START).advance(-1.0)


def test_demo_has_all_generations_in_two_sites() -> None:
    organization = build()
    assert len(organization.servers) == 8
    assert Counter(s.version for s in organization.servers.values()) == {
        Version.E2013: 4,
        Version.E2016: 2,
        Version.E2019: 2,
    }
    assert len(organization.dags) == 3
    assert len({s.site for s in organization.servers.values()}) == 2
    access = [s for s in organization.servers.values() if s.roles == {Role.CLIENT_ACCESS}]
    assert [s.name for s in access] == ["EX13-CAS01", "EX13-CAS02"]
    assert all(organization.front_end_targets(s) for s in access)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8, 9, 24, 37, 400])
def test_every_size_is_sound(size: int) -> None:
    organization = build(size, seed=5)
    assert len(organization.servers) == size
    for database in organization.databases.values():
        assert database.copy_on(database.active) is not None
        assert len({c.server for c in database.copies}) == len(database.copies)
    for dag in organization.dags.values():
        assert 2 <= len(dag.servers) <= 4
        assert all(organization.server(n).dag == dag.name for n in dag.servers)
    assert {s.fqdn.partition(".")[2] for s in organization.servers.values()} == {"lab.example"}


def test_same_seed_same_organization() -> None:
    assert build(40, 3) == build(40, 3)
    assert build(40, 3) != build(40, 4)


def test_find_takes_any_case_and_the_fqdn() -> None:
    organization = build()
    server = organization.server("ex16-01")
    assert organization.find("EX16-01") is server
    assert organization.find("ex16-01.LAB.example") is server
    assert organization.find("ex16-01.elsewhere.example") is None
    assert organization.find("") is None


def test_components_by_version() -> None:
    assert len(components(Version.E2016)) == 35
    assert len(components(Version.E2019)) == 34
    assert "UMCallRouter" not in components(Version.E2019)


def test_any_inactive_vote_wins() -> None:
    votes = [
        Vote("PopProxy", "HealthApi", INACTIVE, 0, True),
        Vote("PopProxy", "Functional", ACTIVE, 0, True),
    ]
    assert state_of("PopProxy", votes) == INACTIVE
    assert state_of("OwaProxy", votes) == ACTIVE
    assert state_of("ForwardSyncDaemon", votes) == INACTIVE
    assert state_of("HubTransport", [Vote("HubTransport", "Maintenance", DRAINING, 0, True)]) == DRAINING


def test_server_wide_offline_overrules_all_but_monitoring() -> None:
    votes = [Vote("ServerWideOffline", "Maintenance", INACTIVE, 0, True)]
    assert state_of("PopProxy", votes) == INACTIVE
    assert state_of("Monitoring", votes) == ACTIVE
    assert state_of("RecoveryActionsEnabled", votes) == ACTIVE

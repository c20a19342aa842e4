"""Each scenario's truth when the lab opens, later, and after its cure."""

from __future__ import annotations

import pytest

from cockpit.lab.actions import act
from cockpit.lab.scenarios import SCENARIOS, Group
from cockpit.lab.simulation import WARM_UP, Simulation
from tests.lab.harness import call, lab, later, rows, unhealthy, winrm
from tests.support.at_length import at_length

SEEDS = (1, at_length(7), at_length(99))
BACK, FRONT = "EX19-01", "EX13-CAS01"
ACCESS = {"EX13-CAS01", "EX13-CAS02"}

TRUTH = {
    "healthy": set(),
    "transient": {(FRONT, "PopCTPMonitor")},
    "ctp-frontend": {(FRONT, "PopCTPMonitor")},
    "ctp-backend": {
        *((s, "PopCTPMonitor") for s in ACCESS),
        ("EX13-MBX01", "PopDeepTestMonitor"),
        ("EX13-MBX01", "StoreServiceKilledMonitor"),
        ("EX13-MBX01", "StoreAdminRPCInterfaceMonitor"),
    },
    "deep-database": {(BACK, "PopDeepTestMonitor")},
    "bad-password": {(BACK, "PopDeepTestMonitor")},
    "selftest-hung": {(BACK, "PopSelfTestMonitor")},
    "proxy-broken": {(FRONT, "PopProxyTestMonitor"), (FRONT, "PopCTPMonitor")},
    "slow-commands": {(FRONT, "AverageCommandProcessingTimeGt60sMonitor")},
    "healthmanager-down": set(),
    "not-monitored": set(),
    "trace-front-end": {(FRONT, "PopCTPMonitor")},
    "trace-unconfirmed": {
        *((s, "PopCTPMonitor") for s in ACCESS),
        ("EX13-MBX01", "PopDeepTestMonitor"),
        ("EX13-MBX01", "PopSelfTestMonitor"),
    },
    "log-disk-full": {(FRONT, "PopCTPMonitor")},
    "logging-restart": set(),
}
TRUTH |= dict.fromkeys(("trace-by-log", "trace-no-log", "trace-clocks"), TRUTH["ctp-backend"])


HUNG = {(BACK, "PopDeepTestMonitor"), (BACK, "PopSelfTestMonitor")}
MEMBER = "EX16-01"
STUCK = {
    *HUNG,
    *(
        (server, monitor)
        for server in (FRONT, MEMBER)
        for monitor in (
            *("PopCTPMonitor", "PopProxyTestMonitor"),
            "AverageCommandProcessingTimeGt60sMonitor",
        )
    ),
}
"""Whatever speaks against a recovery, these are what it would be for: the guards' scenarios add nothing."""

GUARDS_TRUTH = {s.name: HUNG for s in SCENARIOS.values() if s.group is Group.GUARDS} | {
    "low-disk": {(FRONT, "PopCTPMonitor")},
    "logging-on": {(FRONT, "PopCTPMonitor")},
    "popproxy-maintenance": {(FRONT, "PopCTPMonitor"), (FRONT, "PopProxyTestMonitor")},
    "service-disabled": {(FRONT, "PopCTPMonitor"), (FRONT, "PopProxyTestMonitor")},
    # ServerWideOffline takes PopProxy with it, and the front-end service stops by design.
    "in-maintenance": HUNG | {("EX19-02", "PopCTPMonitor"), ("EX19-02", "PopProxyTestMonitor")},
}
BRANCHES_TRUTH = {s.name: STUCK for s in SCENARIOS.values() if s.group is Group.BRANCHES} | {
    "two-restarts": {(FRONT, "PopCTPMonitor")},
    "restart-hangs": {(BACK, "PopSelfTestMonitor")},
    "failover-cures": {(BACK, "PopDeepTestMonitor")},
    "left-behind": HUNG,
    "second-operator": HUNG,
    "standalone": HUNG | {(BACK, monitor) for server, monitor in STUCK if server == FRONT},
}
DEGRADED_TRUTH = {
    s.name: {(BACK, "PopSelfTestMonitor")} for s in SCENARIOS.values() if s.group is Group.DEGRADED
}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", [*GUARDS_TRUTH, *BRANCHES_TRUTH, *DEGRADED_TRUTH])
def test_truth_of_the_others_now_and_hours_later(name: str, seed: int) -> None:
    truth = (GUARDS_TRUTH | BRANCHES_TRUTH | DEGRADED_TRUTH)[name]
    sim = lab(name, seed=seed)
    assert unhealthy(sim) == truth
    later(sim, 3 * 3600)
    assert unhealthy(sim) == truth


@pytest.mark.parametrize("seed", SEEDS)
def test_a_healthy_lab_stays_so_and_moves_nothing(seed: int) -> None:
    """Through several rounds of PreferenceMoveFrequency."""
    sim = lab("healthy", seed=seed)
    before = sim.ledger.last
    later(sim, 4 * 3600)
    assert unhealthy(sim) == set()
    acts = {e.outcome for e in sim.ledger.since(before)}
    assert acts <= {"monitor"}, acts
    assert [d for d in sim.organization.dags.values() if d.preference_moves is not None]


@pytest.mark.parametrize("name", GUARDS_TRUTH)
def test_what_managed_availability_did_is_over_when_a_guards_lab_opens(name: str) -> None:
    """Else its guard would refuse too: for a quarter of an hour nothing, but where that is the point."""
    sim = lab(name)
    victim = FRONT if name in ("low-disk", "logging-on", "popproxy-maintenance", "service-disabled") else BACK
    recent = [a for a in sim.engine.actions.get(victim, []) if a.start > WARM_UP - 900]
    assert [a.requestor for a in recent] == (["PopSelfTestRestartService"] if name == "ma-acting" else [])


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", TRUTH)
def test_truth_when_the_lab_opens(name: str, seed: int) -> None:
    sim = lab(name, seed=seed)
    assert unhealthy(sim) == TRUTH[name]
    for server, monitor in TRUTH[name]:
        alerts = [r.alert for r in rows(sim, server) if r.spec.name == monitor]
        assert set(alerts) == {"Unhealthy"}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", sorted(set(TRUTH) - {"transient"}))
def test_nobody_cures_it_by_waiting(name: str, seed: int) -> None:
    sim = lab(name, seed=seed)
    later(sim, 3 * 3600)
    assert unhealthy(sim) == TRUTH[name]


def test_transient_ends_by_itself() -> None:
    sim = lab("transient")
    later(sim, 840)
    assert unhealthy(sim) == TRUTH["transient"]
    later(sim, 400)
    assert unhealthy(sim) == set()


async def probe(sim: Simulation, identity: str, server: str) -> dict[str, object]:
    out = await call(sim, "Invoke-MonitoringProbe", {"Identity": identity, "Server": server})
    assert out.rows, out.warnings
    return out.rows[0]


async def test_transient_probe_succeeds() -> None:
    sim = lab("transient")
    assert (await probe(sim, "POP\\PopCTPProbe", FRONT))["ResultType"] == "Succeeded"
    assert unhealthy(sim) == TRUTH["transient"]


async def test_ctp_frontend() -> None:
    sim = lab("ctp-frontend")
    row = await probe(sim, "POP\\PopCTPProbe", FRONT)
    assert row["ResultType"] == "Failed"
    assert (row["StateAttribute1"], row["StateAttribute2"], row["StateAttribute4"]) == (
        "PopImap",
        "EndReadFailure",
        "",
    )
    await winrm(sim, "Restart-Service", {"Name": "MSExchangePop3"}, at=FRONT)
    assert (await probe(sim, "POP\\PopCTPProbe", FRONT))["ResultType"] == "Succeeded"
    later(sim, 300)
    assert unhealthy(sim) == set()


@pytest.mark.parametrize("cure", ["store", "move", "reboot"])
async def test_ctp_backend(cure: str) -> None:
    sim = lab("ctp-backend")
    row = await probe(sim, "POP\\PopCTPProbe", FRONT)
    assert (row["StateAttribute1"], row["StateAttribute4"]) == ("Store", "EX13-MBX01")
    await winrm(sim, "Restart-Service", {"Name": "MSExchangePOP3BE"}, at="EX13-MBX01")
    assert (await probe(sim, "POP\\PopCTPProbe", FRONT))["ResultType"] == "Failed"
    if cure == "store":
        await winrm(sim, "Restart-Service", {"Name": "MSExchangeIS"}, at="EX13-MBX01")
    elif cure == "move":
        wanted = {"Identity": "EX13-MBX01", "DatabaseCopyActivationDisabledAndMoveNow": True}
        await call(sim, "Set-MailboxServer", wanted)
    else:
        sim.lifecycle.reboot(sim.organization.server("EX13-MBX01"), sim.engine.now)
    later(sim, 500)
    assert (await probe(sim, "POP\\PopCTPProbe", FRONT))["ResultType"] == "Succeeded"
    later(sim, 600)
    left = {monitor for _, monitor in unhealthy(sim)}
    assert left == (
        {"StoreServiceKilledMonitor", "StoreAdminRPCInterfaceMonitor"} if cure == "move" else set()
    )


async def test_deep_database() -> None:
    sim = lab("deep-database")
    (database,) = sim.organization.active_on(BACK)
    row = await probe(sim, f"POP.Protocol\\PopDeepTestProbe\\{database.name}", BACK)
    assert row["ResultType"] == "Failed"
    assert str(row["ResultName"]).endswith(database.name)
    assert row["StateAttribute2"] == "MapiExceptionTimeout"
    await winrm(sim, "Restart-Service", {"Name": "MSExchangePOP3BE"}, at=BACK)
    later(sim, 600)
    assert unhealthy(sim) == TRUTH["deep-database"]
    await call(sim, "Set-MailboxServer", {"Identity": BACK, "DatabaseCopyActivationDisabledAndMoveNow": True})
    later(sim, 600)
    assert unhealthy(sim) == set()


async def test_bad_password() -> None:
    sim = lab("bad-password")
    await winrm(sim, "Restart-Service", {"Name": "MSExchangeHM"}, at=BACK)
    later(sim, 1300)
    assert unhealthy(sim) == set()


async def test_selftest_hung() -> None:
    sim = lab("selftest-hung")
    row = await probe(sim, "POP.Protocol\\PopSelfTestProbe", BACK)
    assert (row["ResultType"], row["Error"]) == ("TimedOut", "Aborted probe due to timeout")
    deep = await probe(sim, "POP.Protocol\\PopDeepTestProbe", BACK)
    assert deep["ResultType"] == "Succeeded"
    out = await call(sim, "Get-ServerMonitoringOverride", {"Server": BACK})
    assert {r["MonitoringItemName"] for r in out.rows} == {
        "PopSelfTestRestartService",
        "PopSelfTestRestartServiceLate",
    }
    await winrm(sim, "Restart-Service", {"Name": "MSExchangePOP3BE"}, at=BACK)
    assert (await probe(sim, "POP.Protocol\\PopSelfTestProbe", BACK))["ResultType"] == "Succeeded"
    later(sim, 60)
    assert unhealthy(sim) == set()


async def test_proxy_broken() -> None:
    sim = lab("proxy-broken")
    out = await winrm(sim, "Start-Service", {"Name": "MSExchangePop3"}, at=FRONT)
    assert out.errors, "PopProxy Inactive stops the service by design"
    vote = {"Identity": FRONT, "Component": "PopProxy", "State": "Active"}
    await call(sim, "Set-ServerComponentState", vote | {"Requester": "Maintenance"})
    assert sim.organization.server(FRONT).component("PopProxy") == 0, "only the same requester"
    await call(sim, "Set-ServerComponentState", vote | {"Requester": "HealthAPI"})
    assert not sim.organization.server(FRONT).runs("MSExchangePop3"), "not started by itself"
    out = await winrm(sim, "Start-Service", {"Name": "MSExchangePop3"}, at=FRONT)
    assert not out.errors
    later(sim, 400)
    assert unhealthy(sim) == set()
    (row,) = [r for r in rows(sim, FRONT) if r.spec.name == "PopProxyTestMonitor"]
    assert row.state == "Online"


async def test_slow_commands() -> None:
    sim = lab("slow-commands")
    await winrm(sim, "Restart-Service", {"Name": "MSExchangePop3"}, at=FRONT)
    later(sim, 301)
    assert unhealthy(sim) == set()


async def test_healthmanager_down() -> None:
    sim = lab("healthmanager-down")
    for server in sim.organization.servers.values():
        assert rows(sim, server.name) == []
        await winrm(sim, "Start-Service", {"Name": "MSExchangeHM"}, at=server.name)
    later(sim, 600)
    assert unhealthy(sim) == set()
    assert all(rows(sim, name, "POP") for name in sim.organization.servers)


async def test_not_monitored() -> None:
    sim = lab("not-monitored")
    server = sim.organization.server("EX16-01")
    for name in ("MSExchangePop3", "MSExchangePOP3BE"):
        assert not server.runs(name)
        await winrm(sim, "Set-Service", {"Name": name, "StartupType": "Automatic"}, at=server.name)
        await winrm(sim, "Start-Service", {"Name": name}, at=server.name)
    later(sim, 3600)
    assert rows(sim, server.name, "POP") == []
    await winrm(sim, "Restart-Service", {"Name": "MSExchangeHM"}, at=server.name)
    later(sim, 600)
    assert {r.alert for r in rows(sim, server.name, "POP")} == {"Healthy"}


@pytest.mark.parametrize("seed", SEEDS)
def test_mixed_breaks_different_servers(seed: int) -> None:
    sim = lab("mixed", seed=seed)
    assert len(sim.organization.servers) == 24
    found = unhealthy(sim)
    assert {monitor for _, monitor in found} == {
        *("PopCTPMonitor", "PopSelfTestMonitor", "PopDeepTestMonitor", "PopProxyTestMonitor"),
        "AverageCommandProcessingTimeGt60sMonitor",
    }
    assert sum(not sim.engine.running(s) for s in sim.organization.servers.values()) == 1
    unmonitored = [
        s for s in sim.organization.servers.values() if not (s.front_monitored or s.back_monitored)
    ]
    assert len(unmonitored) == 1
    assert len(sim.engine.stale_since) == 1


async def test_mixed_front_end_needs_two_restarts() -> None:
    sim = lab("mixed")
    await winrm(sim, "Restart-Service", {"Name": "MSExchangePop3"}, at=FRONT)
    assert (await probe(sim, "POP\\PopCTPProbe", FRONT))["ResultType"] == "Failed"
    await winrm(sim, "Restart-Service", {"Name": "MSExchangePop3"}, at=FRONT)
    assert (await probe(sim, "POP\\PopCTPProbe", FRONT))["ResultType"] == "Succeeded"


@pytest.mark.parametrize("size", [1, 2, 4, 13])
@pytest.mark.parametrize("name", SCENARIOS)
def test_every_scenario_opens_in_any_size(name: str, size: int) -> None:
    sim = lab(name, size)
    later(sim, 1800)


def test_every_scenario_says_what_it_is() -> None:
    for scenario in SCENARIOS.values():
        assert all((scenario.title, scenario.breaks, scenario.sees, scenario.cure))
        assert len(scenario.name) <= 20
    assert {s.group for s in SCENARIOS.values()} == set(Group)


def test_every_guard_that_can_refuse_has_a_scenario() -> None:
    """But for those that no server can show: a lease, a window, what earlier steps of the run did."""
    said = " ".join(s.sees for s in SCENARIOS.values() if s.group is Group.GUARDS)
    for guard in (
        *("copies.elsewhere", "copies.lagged", "copies.seeding", "databases.unreplicated", "target.room"),
        *("dag.quorum", "members.up", "pam.elsewhere", "others.marks", "others.managed_availability"),
        *("others.setup", "backup.running", "pool.others", "popproxy.active", "service.right"),
        *("logging.space", "logging.prior", "prior.stored"),
    ):
        assert guard in said, guard


@pytest.mark.parametrize("name", DEGRADED_TRUTH)
def test_a_degraded_lab_is_cured_by_the_restart_that_it_names(name: str) -> None:
    sim = lab(name)
    act(sim, {"name": BACK, "action": "restart-service", "service": "MSExchangePOP3BE"})
    later(sim, 400)
    assert unhealthy(sim) == set()

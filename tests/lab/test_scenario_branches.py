"""The scenarios of the branches: each ends as it says, and not before."""

from __future__ import annotations

import pytest

from tests.lab.harness import call, lab, later, unhealthy, winrm
from tests.lab.test_scenarios import BACK, BRANCHES_TRUTH, FRONT, MEMBER, STUCK, probe


async def test_two_restarts() -> None:
    sim = lab("two-restarts")
    for result in ("Failed", "Succeeded"):
        await winrm(sim, "Restart-Service", {"Name": "MSExchangePop3"}, at=FRONT)
        assert (await probe(sim, "POP\\PopCTPProbe", FRONT))["ResultType"] == result


async def test_restart_hangs() -> None:
    sim = lab("restart-hangs")
    service = sim.organization.server(BACK).services["msexchangepop3be"]
    out = await winrm(sim, "Restart-Service", {"Name": service.name}, at=BACK)
    assert "cannot be stopped" in out.errors[0].message
    later(sim, 400)
    assert not service.running, "the stop goes on, the start does not come"
    out = await winrm(sim, "Restart-Service", {"Name": service.name}, at=BACK)
    assert (out.errors, service.running) == ([], True)
    later(sim, 300)
    assert unhealthy(sim) == set()


@pytest.mark.parametrize(
    ("name", "cured"), [("reboot-cures", True), ("reboot-no-help", False), ("services-down", False)]
)
def test_restarts_of_the_computers(name: str, cured: bool) -> None:
    sim = lab(name)
    for server in (FRONT, MEMBER, BACK):
        sim.lifecycle.reboot(sim.organization.server(server), sim.engine.now)
    later(sim, 3600)
    assert (unhealthy(sim) == set()) == cured
    stopped = {
        (server, service.name)
        for server in (FRONT, MEMBER, BACK)
        for service in sim.organization.server(server).services.values()
        if service.name in ("MSExchangePop3", "MSExchangePOP3BE") and not service.running
    }
    assert len(stopped) == (5 if name == "services-down" else 0)
    if stopped:
        for server, service in stopped:
            host = sim.organization.server(server)
            assert sim.engine.start_service(host, host.services[service.lower()], sim.engine.now, "test")
        later(sim, 3600)
        assert unhealthy(sim) == set()


async def test_restarts_of_services_do_not_help_where_only_a_reboot_does() -> None:
    sim = lab("reboot-cures")
    for server, services in ((FRONT, ["MSExchangePop3"]), (BACK, ["MSExchangePOP3BE"])):
        await winrm(sim, "Restart-Service", {"Name": services}, at=server)
    later(sim, 1800)
    assert unhealthy(sim) == STUCK


async def test_failover_cures() -> None:
    sim = lab("failover-cures")
    for service in ("MSExchangePOP3BE", "MSExchangeIS"):
        await winrm(sim, "Restart-Service", {"Name": service}, at=BACK)
    later(sim, 1200)
    assert unhealthy(sim) == BRANCHES_TRUTH["failover-cures"]
    await call(sim, "Set-MailboxServer", {"Identity": BACK, "DatabaseCopyActivationDisabledAndMoveNow": True})
    later(sim, 600)
    assert unhealthy(sim) == set()


async def test_left_behind() -> None:
    sim = lab("left-behind")
    await call(sim, "Set-MailboxServer", {"Identity": BACK, "DatabaseCopyActivationDisabledAndMoveNow": True})
    later(sim, 600)
    assert len(sim.organization.active_on(BACK)) == 1
    assert [e for e in sim.ledger.since(0) if e.outcome == "database stays"]


def test_no_return() -> None:
    sim = lab("no-return")
    server = sim.organization.server(FRONT)
    sim.lifecycle.reboot(server, sim.engine.now)
    later(sim, 6 * 3600)
    assert not server.up
    sim.lifecycle.start(server, sim.engine.now)
    later(sim, 1200)
    assert not {s for s, _ in unhealthy(sim)} & {FRONT}


@pytest.mark.parametrize("identity", ["POP\\PopCTPProbe", "POP.Proxy\\PopProxyTestProbe"])
async def test_noprobe(identity: str) -> None:
    sim = lab("no-probe")
    out = await call(sim, "Invoke-MonitoringProbe", {"Identity": identity, "Server": FRONT})
    assert (out.rows, len(out.warnings)) == ([], 1)


def test_second_operator() -> None:
    sim = lab("second-operator")
    server = sim.organization.server(BACK)
    later(sim, 1790)
    assert server.activation_policy == 0
    later(sim, 20)
    assert server.activation_policy == 1
    (entry,) = [e for e in sim.ledger.since(0) if "DatabaseCopyAutoActivationPolicy" in e.detail]
    assert entry.user == "lab.example/Users/oncall"


def test_standalone_has_a_server_of_its_own() -> None:
    sim = lab("standalone")
    server = sim.organization.server(BACK)
    assert (server.dag, server.has_front_end, server.has_back_end) == ("", True, True)


@pytest.mark.parametrize("name", ["one-copy-left", "seeding-source", "quorum-edge"])
def test_a_dag_of_three(name: str) -> None:
    sim = lab(name)
    dag = sim.organization.dag(sim.organization.server(BACK).dag)
    assert dag is not None
    assert len(dag.servers) == 3

"""What recoveries read and change, over real sockets with the product's own client."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from cockpit.exchange.changes import ActivateDatabase, SetMoveNow, SetProtocolLog
from cockpit.exchange.cmdlets import ExchangeCmdlets
from cockpit.exchange.errors import ExchangeError
from cockpit.exchange.observation import Effect, send
from cockpit.exchange.recovery_model import Channel
from cockpit.exchange.server_changes import RestartComputer, RestartService
from cockpit.exchange.winrm import WinRMCmdlets
from cockpit.lab.actions import act
from tests.product.conftest import Running, running_lab

HERE, THERE = "EX16-01", "EX16-02"
BACK = "MSExchangePOP3BE"


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Running]:
    with running_lab(tmp_path, speed=60.0, seed=3) as running:
        yield running


def _do(running: Running, server: str, action: str, **fields: Any) -> None:
    running.on_loop(lambda: act(running.lab.simulation, {"name": server, "action": action, **fields}))


def _advance(running: Running, seconds: float) -> None:
    def jump() -> None:
        running.lab.simulation.clock.advance(seconds)
        running.lab.simulation.touch()

    running.on_loop(jump)
    running.do(running.lab.follow())


def _changing(running: Running) -> list[tuple[str, str, str]]:
    prefixes = ("Set-", "Move-", "Restart-", "Start-", "Stop-")
    return [(e.cmdlet, e.user, e.outcome) for e in running.commands() if e.cmdlet.startswith(prefixes)]


def test_changes_are_applied_and_recorded_with_user_and_outcome(served: Running) -> None:
    with closing(served.exchange()) as session:
        cmdlets = ExchangeCmdlets(session)
        name = min(c.database for c in cmdlets.get_mailbox_database_copy_status(HERE).rows if c.active_copy)
        for change in (
            ActivateDatabase(name, THERE, "run 7"),
            SetProtocolLog(HERE, True),
            SetMoveNow(HERE, True),
        ):
            assert change.observe(cmdlets).effect is Effect.NOT_APPLIED
            send(session, change)
            assert change.observe(cmdlets).effect is Effect.APPLIED
        with pytest.raises(ExchangeError):
            send(session, ActivateDatabase(name, HERE, "run 7"))
        checks = cmdlets.test_replication_health(HERE).rows
        assert len(checks) == 18
        assert all(c.passed for c in checks)
        databases = {d.name: d for d in cmdlets.get_mailbox_databases(HERE).rows}
        assert databases[name].server == THERE
        assert databases[name].activation_preferences == ((HERE, 1), (THERE, 2))
    user = served.addresses.user
    assert _changing(served) == [
        ("Move-ActiveMailboxDatabase", user, "completed"),
        ("Set-PopSettings", user, "completed"),
        ("Set-MailboxServer", user, "completed"),
        ("Move-ActiveMailboxDatabase", user, "completed"),
    ]
    refused = served.commands("Move-ActiveMailboxDatabase")
    assert (refused[0].detail, refused[0].parameters["MoveComment"]) == ("", "run 7")
    assert "was not moved" in refused[1].detail


def test_a_service_restart_is_seen_by_its_process(served: Running) -> None:
    with closing(served.winrm(HERE)) as session:
        cmdlets = WinRMCmdlets(session)
        before = cmdlets.service_process(BACK)
        assert before is not None
        assert before.created is not None
        change = RestartService(HERE, BACK, before)
        assert change.observe(cmdlets).effect is Effect.NOT_APPLIED
        send(session, change)
        assert change.observe(cmdlets).effect is Effect.APPLIED
        _do(served, HERE, "set-service", service=BACK, stop_seconds=3600)
        with pytest.raises(ExchangeError, match=r".") as failure:
            send(session, change)
        assert "cannot be stopped" in str(failure.value.__dict__) + str(failure.value)


def test_what_guards_read_on_a_server(served: Running) -> None:
    _do(served, THERE, "pause-node", by="CONTOSO\\ann")
    _do(served, HERE, "start-process", process="ExSetup")
    _do(served, HERE, "set-server", client_connections=17)
    _do(served, HERE, "set-volume", free=5_000)
    _do(served, HERE, "managed-availability", service=BACK)
    with closing(served.winrm(HERE)) as session:
        cmdlets = WinRMCmdlets(session)
        assert {n.name: n.state for n in cmdlets.cluster_nodes().rows} == {HERE: "Up", THERE: "Paused"}
        assert [p.name for p in cmdlets.processes().rows] == ["ExSetup"]
        assert {v.name: v.free_space for v in cmdlets.volumes().rows}["C:\\"] == 5_000
        counter = cmdlets.pop_connections()
        assert counter is not None
        assert [s.value for s in counter.rows] == [17.0]
        now = served.lab.simulation.clock.now()
        (action,) = cmdlets.recovery_actions_since(now - timedelta(minutes=15)).rows
        assert (action.id, action.resource_name, action.result) == ("RestartService", BACK, "Succeeded")
        probes = cmdlets.events(Channel.PROBE_RESULT, now - timedelta(minutes=10)).rows
        assert probes
        assert {e.fields["ResultType"] for e in probes} == {"3"}
        _do(served, HERE, "stop-service", service="MSExchangePop3")
        assert cmdlets.pop_connections() is None


def test_a_reboot_loses_the_connection_and_comes_back(served: Running) -> None:
    with closing(served.winrm(HERE)) as session:
        booted = WinRMCmdlets(session).last_boot_time()
        assert booted is not None
        change = RestartComputer(HERE, booted)
        with suppress(ExchangeError):  # the answer may be lost: that is no failure
            send(session, change)
        _advance(served, 30)
        assert change.observe(WinRMCmdlets(session)).effect is Effect.UNKNOWN, "it is down"
    _advance(served, 300)
    with closing(served.winrm(HERE)) as session:
        assert change.observe(WinRMCmdlets(session)).effect is Effect.APPLIED


def test_a_reboot_faster_than_anybody_looks_ends_the_shells(served: Running) -> None:
    with closing(served.winrm(HERE)) as session:
        WinRMCmdlets(session).last_boot_time()
        assert served.shells() == 1

        def at_once() -> None:
            simulation = served.lab.simulation
            act(simulation, {"name": HERE, "action": "reboot"})
            simulation.clock.advance(600)
            simulation.touch()

        served.on_loop(at_once)
        served.do(served.lab.follow())
        assert served.shells() == 0

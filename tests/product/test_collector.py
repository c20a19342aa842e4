"""The collector against a lab: its picture is the lab's truth, and nothing it does leaks or stalls."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from cockpit.exchange.model import Outcome
from cockpit.exchange.session import Session
from cockpit.fleet import messages
from cockpit.fleet.collector import Collector
from cockpit.fleet.once import read_once
from cockpit.fleet.rollup import State, server_state
from cockpit.fleet.snapshot import FleetDiff, FleetSnapshot, ProbePhase, Reach, WinRMPart, apply
from cockpit.lab import control_client
from cockpit.lab.scenarios import SCENARIOS, Group
from cockpit.lab.state import describe
from tests.product.conftest import Running, running_lab

PATIENCE = 25.0


class Watcher:
    """Follows a collector's diffs and waits for a picture."""

    def __init__(self, running: Running) -> None:
        self.diffs: queue.SimpleQueue[FleetDiff] = queue.SimpleQueue()
        self.fleet = FleetSnapshot()
        self.collector = Collector(running.environment, running.secret, self.diffs.put)
        self.thread = threading.Thread(target=self.collector.run, daemon=True)

    def until(self, wanted: Callable[[FleetSnapshot], bool]) -> FleetSnapshot:
        deadline = time.monotonic() + PATIENCE
        while not wanted(self.fleet):
            left = deadline - time.monotonic()
            assert left > 0, f"not within {PATIENCE} s: {self.fleet.status} {_states(self.fleet)}"
            try:
                self.fleet = apply(self.fleet, self.diffs.get(timeout=left))
            except queue.Empty:
                continue
        return self.fleet


@contextmanager
def watching(running: Running) -> Iterator[Watcher]:
    watcher = Watcher(running)
    watcher.thread.start()
    try:
        yield watcher
    finally:
        watcher.collector.stop()
        watcher.thread.join(10)
        assert not watcher.thread.is_alive()


def _states(fleet: FleetSnapshot) -> dict[str, str]:
    return {name: server_state(s).word for name, s in fleet.servers.items()}


def _all_read(fleet: FleetSnapshot) -> bool:
    return bool(fleet.servers) and all(s.last_attempt for s in fleet.servers.values())


def truth(running: Running) -> set[tuple[str, str, str, str]]:
    """(server, monitor, target, AlertValue) of every POP monitor, as the lab itself holds them."""
    state = running.on_loop(lambda: _state(running))
    return {
        (name, m["name"], m["target"], m["alert"])
        for name, about in state["servers"].items()
        for m in about["monitors"]
    }


def _state(running: Running) -> dict[str, Any]:
    return describe(running.lab.simulation)


def seen(fleet: FleetSnapshot) -> set[tuple[str, str, str, str]]:
    return {
        (name, m.name, m.target_resource, m.alert_value)
        for name, s in fleet.servers.items()
        for m in s.monitors
    }


EVERYDAY = sorted(s.name for s in SCENARIOS.values() if s.group is Group.EVERYDAY and s.name != "mixed")


@pytest.mark.parametrize("scenario", EVERYDAY)
@pytest.mark.parametrize("scope", ["pop", "all"])
def test_the_picture_is_the_labs_truth(tmp_path: Path, scenario: str, scope: str) -> None:
    with running_lab(tmp_path, scenario=scenario, seed=7, polling={"scope": scope}) as running:
        fleet = read_once(running.environment, running.secret, frozenset(), PATIENCE)
        if scenario == "healthmanager-down":
            assert set(map(server_state, fleet.servers.values())) == {State.UNKNOWN}
            assert all(
                r.outcome is Outcome.EMPTY_WITH_WARNING and r.warnings
                for s in fleet.servers.values()
                for r in s.readings
            )
        else:
            assert seen(fleet) == truth(running)
        assert running.shells() == 0


def test_both_scopes_ask_as_they_say(tmp_path: Path) -> None:
    with running_lab(tmp_path, servers=2, polling={"scope": "all"}) as running:
        fleet = read_once(running.environment, running.secret, frozenset(), PATIENCE)
        asked = running.commands("Get-ServerHealth")
        assert {c.parameters.get("HealthSet") for c in asked} == {None}
        assert len(asked) == 2
        sets = fleet.servers["EX19-01"].health_sets
        assert sets is not None
        assert len(sets) >= 50


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Running]:
    with running_lab(tmp_path, servers=4, speed=20.0) as running:
        yield running


def test_at_most_the_budgets_shells_and_none_at_the_end(pair: Running) -> None:
    budget = pair.environment.polling.sessions
    with watching(pair) as watcher:
        most = 0
        for _ in range(6):
            watcher.collector.tell(messages.Refresh())
            seq = watcher.fleet.seq
            watcher.until(lambda f, seq=seq: f.seq > seq and _all_read(f))  # type: ignore[misc]
            most = max(most, pair.shells())
        assert 1 <= most <= budget
        assert watcher.fleet.status.session_limit == budget
    assert pair.shells() == 0


def test_a_server_looked_at_is_read_in_depth(pair: Running) -> None:
    with watching(pair) as watcher:
        watcher.until(_all_read)
        assert watcher.fleet.servers["EX19-02"].health_sets is None
        watcher.collector.tell(messages.Watch("EX19-02"))
        fleet = watcher.until(lambda f: f.servers["EX19-02"].health_sets is not None)
        assert {"AD", "POP"} <= {s.health_set for s in fleet.servers["EX19-02"].health_sets or ()}
        components = {c.component for c in fleet.servers["EX19-02"].components or ()}
        assert "PopProxy" in components


def test_services_are_read_over_winrm_and_no_shell_stays(tmp_path: Path) -> None:
    with (
        running_lab(tmp_path, servers=2, polling={"winrm_interval": 60.0}) as running,
        watching(running) as watcher,
    ):
        fleet = watcher.until(
            lambda f: bool(f.servers) and all(s.winrm.read_at or s.winrm.problem for s in f.servers.values())
        )
        for server in fleet.servers.values():
            assert server.winrm.problem is None
            assert server.winrm.last_boot is not None
            assert {s.name for s in server.winrm.services or ()} >= {"MSExchangePop3", "MSExchangeHM"}
        shells = running.on_loop(lambda: [e["winrm"].shells() for e in running.lab.endpoints.values()])
        assert [s for found in shells for s in found] == []


def test_an_event_channel_that_cannot_be_read_hides_neither_services_nor_boot(tmp_path: Path) -> None:
    with running_lab(tmp_path, servers=2, polling={"winrm_interval": 60.0}) as running:
        for knobs in running.lab.simulation.knobs.values():
            knobs.denied = {"*": ["wevtutil"]}
        with watching(running) as watcher:
            fleet = watcher.until(
                lambda f: (
                    bool(f.servers) and all(s.winrm.read_at or s.winrm.problem for s in f.servers.values())
                )
            )
    for server in fleet.servers.values():
        assert server.winrm.problem is None
        assert server.winrm.last_boot is not None
        assert {s.name for s in server.winrm.services or ()} >= {"MSExchangePop3", "MSExchangeHM"}
        problem = server.winrm.missed(WinRMPart.RECOVERY_ACTIONS)
        assert problem is not None
        assert "wevtutil" in str(problem)


def test_a_probe_runs_beside_the_polling_and_can_be_left(pair: Running) -> None:
    with watching(pair) as watcher:
        watcher.until(_all_read)
        watcher.collector.tell(messages.RunProbe("r1", "EX19-01", "POP\\PopCTPProbe"))
        fleet = watcher.until(lambda f: bool(f.servers["EX19-01"].probe_runs))
        assert fleet.servers["EX19-01"].probe_runs[0].phase is ProbePhase.RUNNING
        watcher.collector.tell(messages.AbandonProbe("r1"))
        watcher.until(lambda f: not f.servers["EX19-01"].probe_runs[0].waiting)
        fleet = watcher.until(lambda f: f.servers["EX19-01"].probe_runs[0].phase is ProbePhase.FINISHED)
        result = fleet.servers["EX19-01"].probe_runs[0].result
        assert result is not None
        assert result.succeeded
    assert len(pair.commands("Invoke-MonitoringProbe")) == 1


def test_paused_means_nothing_is_sent_but_what_is_asked_for(pair: Running) -> None:
    with watching(pair) as watcher:
        watcher.until(_all_read)
        watcher.collector.tell(messages.Pause(True))
        watcher.until(lambda f: f.status.paused)
        watcher.until(lambda f: f.status.sessions > 0)
        before = len(pair.commands())
        watcher.collector.tell(messages.RunProbe("r1", "EX19-01", "POP\\PopCTPProbe"))
        watcher.until(lambda f: any(r.phase is ProbePhase.FINISHED for r in f.servers["EX19-01"].probe_runs))
        sent = [c.cmdlet for c in pair.commands()[before:]]
        assert sent.count("Invoke-MonitoringProbe") == 1
        assert sent.count("Get-ServerHealth") <= 3 * pair.environment.polling.sessions  # those in flight
        watcher.collector.tell(messages.Pause(False))
        stamp = watcher.fleet.servers["EX16-01"].last_success
        watcher.until(lambda f: f.servers["EX16-01"].last_success != stamp)


def test_one_dead_server_delays_nobody_and_comes_back(tmp_path: Path) -> None:
    with running_lab(tmp_path, servers=6) as running, watching(running) as watcher:
        watcher.until(lambda f: _all_read(f) and all(s.reach is Reach.LIVE for s in f.servers.values()))
        organization = running.lab.simulation.organization
        names = [s.name for s in organization.servers.values()]
        dead = next(n for n in names if n not in running.environment.entry_servers)
        act(running, dead, "kill")
        watcher.until(lambda f: f.servers[dead].problem is not None)
        watcher.until(lambda f: f.servers[dead].reach is Reach.STALE)
        fleet = watcher.until(lambda f: f.servers[dead].reach is Reach.UNREACHABLE)
        others = [s for n, s in fleet.servers.items() if n != dead]
        assert {s.reach for s in others} == {Reach.LIVE}
        assert fleet.servers[dead].monitors
        assert fleet.servers[dead].problem is not None
        act(running, dead, "start")
        watcher.until(lambda f: f.servers[dead].reach is Reach.LIVE)


def test_a_server_that_is_slow_to_answer_for_is_its_own_problem(tmp_path: Path) -> None:
    with running_lab(tmp_path, servers=4, polling={"time_limit": 1.5}) as running:
        running.lab.simulation.knobs["EX16-01"].rpc_delay = 10.0
        with watching(running) as watcher:
            fleet = watcher.until(lambda f: _all_read(f) and f.servers["EX16-01"].problem is not None)
            problem = fleet.servers["EX16-01"].problem
            assert problem is not None
            assert "took longer" in problem.what
            others = [s for n, s in fleet.servers.items() if n != "EX16-01"]
            assert {s.reach for s in others} == {Reach.LIVE}
            assert fleet.status.problem is None
            running.lab.simulation.knobs["EX16-01"].rpc_delay = 0.0
            watcher.until(lambda f: f.servers["EX16-01"].reach is Reach.LIVE)


def test_other_tools_may_hold_most_of_the_shells(tmp_path: Path) -> None:
    """Too few shells for every lane is slower, not blind."""
    with running_lab(tmp_path, servers=4) as running:
        held = [running.exchange(name) for name in running.environment.entry_servers for _ in range(17)]
        try:
            for session in held:
                session.open()
            with watching(running) as watcher:
                fleet = watcher.until(lambda f: _all_read(f) and f.status.problem is None)
                assert {s.reach for s in fleet.servers.values()} == {Reach.LIVE}
        finally:
            for session in held:
                session.close()


def test_another_entry_server_takes_over(tmp_path: Path) -> None:
    with running_lab(tmp_path, servers=4) as running, watching(running) as watcher:
        fleet = watcher.until(_all_read)
        first = running.environment.entry_servers[0]
        act(running, first, "kill")
        stamps = {n: s.last_success for n, s in fleet.servers.items() if n != first}
        watcher.until(lambda f: all(f.servers[n].last_success != at for n, at in stamps.items()))
        assert watcher.fleet.status.problem is None


def test_when_nobody_answers_it_says_so_and_recovers_by_itself(tmp_path: Path) -> None:
    with running_lab(tmp_path, servers=2) as running, watching(running) as watcher:
        watcher.until(_all_read)
        for name in running.environment.entry_servers:
            act(running, name, "kill")
        fleet = watcher.until(lambda f: f.status.problem is not None)
        assert fleet.status.problem is not None
        assert fleet.status.problem.cure
        for name in running.environment.entry_servers:
            act(running, name, "start")
        watcher.until(
            lambda f: f.status.problem is None and all(s.reach is Reach.LIVE for s in f.servers.values())
        )


def test_a_refused_sign_in_is_not_tried_again_and_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An account is locked after a handful of wrong passwords."""
    tries: list[str] = []
    real = Session.open

    def counted(session: Session) -> None:
        tries.append(session.target.server)
        real(session)

    monkeypatch.setattr(Session, "open", counted)
    with running_lab(tmp_path, servers=2) as running:
        (tmp_path / "password").write_text("wrong")
        with watching(running) as watcher:
            fleet = watcher.until(lambda f: f.status.problem is not None)
            assert fleet.status.problem is not None
            assert "sign-in" in fleet.status.problem.what
            # A failure that may pass is tried again after 2 and after 4 seconds, on both entry servers.
            _listen(watcher, 7.0)
    assert len(tries) == 1


def _listen(watcher: Watcher, seconds: float) -> None:
    """Take what comes for so long."""
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        try:
            watcher.fleet = apply(watcher.fleet, watcher.diffs.get(timeout=left))
        except queue.Empty:
            return


def act(running: Running, server: str, action: str) -> None:
    control_client.act(running.addresses.control_url, running.addresses.control_token, server, action)


def test_a_failed_refresh_of_the_organization_stops_no_polling(tmp_path: Path) -> None:
    with running_lab(tmp_path, servers=2) as running, watching(running) as watcher:
        watcher.until(lambda f: _all_read(f) and all(s.reach is Reach.LIVE for s in f.servers.values()))
        for knobs in running.lab.simulation.knobs.values():
            knobs.denied = {"*": ["Get-DatabaseAvailabilityGroup"]}
        stamps = {n: s.last_success for n, s in watcher.fleet.servers.items()}
        watcher.collector.tell(messages.Refresh())
        fleet = watcher.until(lambda f: all(s.last_success != stamps[n] for n, s in f.servers.items()))
        assert {s.reach for s in fleet.servers.values()} == {Reach.LIVE}
        assert fleet.status.problem is None


def test_a_probe_abandoned_in_the_queue_is_never_sent(pair: Running) -> None:
    with watching(pair) as watcher:
        watcher.until(_all_read)
        watcher.collector.tell(messages.RunProbe("first", "EX19-01", "POP\\PopCTPProbe"))
        watcher.collector.tell(messages.RunProbe("second", "EX19-02", "POP\\PopCTPProbe"))
        watcher.collector.tell(messages.AbandonProbe("second"))
        fleet = watcher.until(
            lambda f: any(r.phase is not ProbePhase.RUNNING for r in f.servers["EX19-02"].probe_runs)
        )
        assert fleet.servers["EX19-02"].probe_runs[0].phase is ProbePhase.FAILED
    assert [c.parameters["Server"] for c in pair.commands("Invoke-MonitoringProbe")] == ["EX19-01"]


def test_only_the_servers_asked_for_are_read(tmp_path: Path) -> None:
    with running_lab(tmp_path, servers=4) as running:
        read_once(running.environment, running.secret, frozenset({"ex19-02"}), PATIENCE)
        assert {c.parameters["Identity"] for c in running.commands("Get-ServerHealth")} == {"EX19-02"}


def test_a_denied_cmdlet_is_explained(tmp_path: Path) -> None:
    with running_lab(tmp_path, servers=2) as running:
        for knobs in running.lab.simulation.knobs.values():
            knobs.denied = {"*": ["Get-ServerHealth"]}
        fleet = read_once(running.environment, running.secret, frozenset(), PATIENCE)
        problem = fleet.servers["EX19-01"].problem
        assert problem is not None
        assert "not available to this account" in problem.what
        assert "role" in problem.cure
        assert problem.denied
        assert {s.reach for s in fleet.servers.values()} == {Reach.NOT_GRANTED}
        assert server_state(fleet.servers["EX19-01"]) is State.NOT_GRANTED

"""The timing of Managed Availability: exchange-facts §2.4 and §6.3."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cockpit.exchange.catalogue import BACK_END_SERVICE, FRONT_END_SERVICE
from cockpit.lab.faults import Fault, Kind, cured_by
from cockpit.lab.simulation import WARM_UP, Simulation
from tests.lab.harness import lab, later, unhealthy

SERVER = "EX16-01"


def _alert(sim: Simulation, monitor: str, server: str = SERVER) -> str:
    return sim.engine.monitors[server][monitor].alert


def _changes(sim: Simulation, what: str, server: str = SERVER) -> list[tuple[float, str]]:
    opened = sim.clock.start.timestamp()
    return [
        (e.simulated.timestamp() - opened, e.detail)
        for e in sim.ledger.since()
        if e.kind == "change" and e.outcome == what and e.server == server
    ]


def _hang(sim: Simulation, kind: Kind, server: str = SERVER, **more: object) -> None:
    sim.faults.add(Fault(kind, server, sim.engine.now, **more))  # type: ignore[arg-type]


def _step_until(sim: Simulation, monitor: str, alert: str, limit: float) -> float:
    for _ in range(int(limit)):
        if _alert(sim, monitor) == alert:
            return sim.engine.now
        later(sim, 1.0)
    raise AssertionError(f"{monitor} is {_alert(sim, monitor)} after {limit} s, not {alert}")


def test_self_test_falls_after_four_failures_then_unhealthy_a_minute_later() -> None:
    sim = lab()
    _hang(sim, Kind.LOOPBACK_HUNG)
    began = sim.engine.now
    degraded = _step_until(sim, "PopSelfTestMonitor", "Degraded", 400)
    # Up to 60 s to the next run, 55 s until it times out, three more runs.
    assert 3 * 60 + 55 <= degraded - began <= 4 * 60 + 57
    state = sim.engine.monitors[SERVER]["PopSelfTestMonitor"]
    assert len(state.failures) == 4
    unhealthy_at = _step_until(sim, "PopSelfTestMonitor", "Unhealthy", 100)
    assert 59 <= unhealthy_at - degraded <= 61


def test_restarts_at_two_and_twenty_minutes_escalation_at_forty_then_silence() -> None:
    sim = lab()
    _hang(sim, Kind.LOOPBACK_HUNG)
    degraded = _step_until(sim, "PopSelfTestMonitor", "Degraded", 400)
    later(sim, 4 * 3600)
    falls = sim.engine.monitors[SERVER]["PopSelfTestMonitor"].first_alert
    assert falls is not None
    assert abs(falls - degraded) <= 1
    actions = sim.engine.actions[SERVER]
    assert [(a.requestor, round(a.start - falls, 3)) for a in actions] == [
        ("PopSelfTestRestartService", 120.0),
        ("PopSelfTestRestartServiceLate", 1200.0),
    ]
    assert [t - falls for t, _ in _changes(sim, "escalation")] == pytest.approx([2400.0], abs=0.01)
    later(sim, 2 * 3600)
    assert [t - falls for t, _ in _changes(sim, "escalation")] == pytest.approx([2400.0, 16_800.0], abs=0.01)


def test_a_new_fall_within_four_hours_does_not_escalate_again() -> None:
    sim = lab()
    _hang(sim, Kind.LOOPBACK_HUNG, cured_by=cured_by(BACK_END_SERVICE), automatic_restart_fails=True)
    later(sim, 3600)
    assert len(_changes(sim, "escalation")) == 1
    server = sim.organization.server(SERVER)
    sim.engine.cure(server, sim.engine.now)
    later(sim, 120)
    assert _alert(sim, "PopSelfTestMonitor") == "Healthy"
    _hang(sim, Kind.LOOPBACK_HUNG)
    later(sim, 3600)
    assert len(_changes(sim, "escalation")) == 1
    assert len(_changes(sim, "suppressed")) == 1


def test_the_first_restart_cures_what_a_restart_cures() -> None:
    sim = lab()
    _hang(sim, Kind.LOOPBACK_HUNG, cured_by=cured_by(BACK_END_SERVICE))
    before = sim.organization.server(SERVER).services[BACK_END_SERVICE.lower()].process_id
    later(sim, 3600)
    assert _alert(sim, "PopSelfTestMonitor") == "Healthy"
    assert [a.result for a in sim.engine.actions[SERVER]] == ["Succeeded"]
    assert sim.organization.server(SERVER).services[BACK_END_SERVICE.lower()].process_id != before


def test_deep_test_needs_five_failures_in_fifteen_minutes() -> None:
    sim = lab()
    _hang(sim, Kind.STORE_SICK)
    began = sim.engine.now
    degraded = _step_until(sim, "PopDeepTestMonitor", "Degraded", 1000)
    assert 4 * 180 <= degraded - began <= 5 * 180 + 30


def test_touch_point_needs_five_failures_in_twenty_minutes() -> None:
    sim = lab()
    _hang(sim, Kind.FRONT_END_LOGIN_HUNG)
    began = sim.engine.now
    degraded = _step_until(sim, "PopCTPMonitor", "Degraded", 1300)
    assert 4 * 240 <= degraded - began <= 5 * 240 + 40


def test_one_sick_database_of_many_does_not_fell_a_monitor() -> None:
    sim = lab()
    database = sim.organization.active_on(SERVER)[0].name
    _hang(sim, Kind.DATABASE_SICK, database=database)
    later(sim, 3 * 3600)
    assert _alert(sim, "PopDeepTestMonitor") == "Healthy"


def test_each_database_is_probed_in_turn() -> None:
    sim = lab()
    server = sim.organization.server(SERVER)
    seen: list[tuple[float, str]] = []
    judge = sim.engine.judge

    def spy(machine, monitor, database, t):  # type: ignore[no-untyped-def]
        if machine is server and monitor == "PopCTPMonitor":
            seen.append((t, database.name))
        return judge(machine, monitor, database, t)

    sim.engine.judge = spy  # type: ignore[method-assign]
    later(sim, 240 * 8 + 1)
    names = [d.name for d in sim.organization.front_end_targets(server)]
    assert len(names) == 4
    assert {name for _, name in seen} == set(names)
    first = [t for t, name in seen if name == names[0]]
    assert first[1] - first[0] == pytest.approx(240 * len(names))


def test_slow_commands_need_two_samples_and_only_escalate() -> None:
    sim = lab()
    _hang(sim, Kind.SLOW_COMMANDS)
    began = sim.engine.now
    degraded = _step_until(sim, "AverageCommandProcessingTimeGt60sMonitor", "Degraded", 700)
    assert 300 <= degraded - began <= 600
    later(sim, 3600)
    assert sim.engine.actions.get(SERVER, []) == []
    assert len(_changes(sim, "escalation")) == 1


def test_broken_proxy_is_taken_out_and_its_service_stops() -> None:
    sim = lab()
    _hang(sim, Kind.FRONT_END_TLS, cured_by=cured_by(FRONT_END_SERVICE))
    server = sim.organization.server(SERVER)
    _step_until(sim, "PopProxyTestMonitor", "Degraded", 400)
    later(sim, 59)
    assert server.component("PopProxy") == 1
    later(sim, 2)
    assert server.component("PopProxy") == 0
    assert not server.runs(FRONT_END_SERVICE)
    assert {v.requester for v in server.votes if v.component == "PopProxy"} == {"HealthApi"}
    later(sim, 3600)
    assert not server.runs(FRONT_END_SERVICE)
    assert {a.result for a in sim.engine.actions[SERVER] if a.id == "RestartService"} == {"Failed"}


def test_no_recovery_action_while_they_are_switched_off() -> None:
    sim = lab()
    server = sim.organization.server(SERVER)
    sim.engine.vote(server, "RecoveryActionsEnabled", "Maintenance", 0, sim.engine.now, "test")
    _hang(sim, Kind.LOOPBACK_HUNG, cured_by=cured_by(BACK_END_SERVICE))
    later(sim, 2400)
    assert _alert(sim, "PopSelfTestMonitor") == "Unhealthy"
    assert SERVER not in sim.engine.actions
    assert _changes(sim, "skipped")


def test_health_manager_restart_forgets_and_judges_anew() -> None:
    sim = lab("transient")
    name = "EX13-CAS01"
    assert _alert(sim, "PopCTPMonitor", name) == "Unhealthy"
    server = sim.organization.server(name)
    service = server.services["msexchangehm"]
    sim.engine.restart_service(server, service, sim.engine.now, "test")
    assert _alert(sim, "PopCTPMonitor", name) == "Unknown"
    later(sim, 300)
    assert _alert(sim, "PopCTPMonitor", name) == "Healthy"


def test_pop_is_monitored_only_where_its_service_was_automatic_at_start() -> None:
    sim = lab()
    server = sim.organization.server(SERVER)
    front = server.services[FRONT_END_SERVICE.lower()]
    front.start_type = 3
    assert "PopCTPMonitor" in sim.engine.monitors[SERVER]
    sim.engine.restart_service(server, server.services["msexchangehm"], sim.engine.now, "test")
    # The counter's monitor stays with the back end.
    assert set(sim.engine.monitors[SERVER]) == {
        "PopSelfTestMonitor",
        "PopDeepTestMonitor",
        "AverageCommandProcessingTimeGt60sMonitor",
    }


def test_a_lost_server_fails_over_and_comes_back() -> None:
    sim = lab()
    server = sim.organization.server(SERVER)
    names = {d.name for d in sim.organization.active_on(SERVER)}
    sim.lifecycle.reboot(server, sim.engine.now)
    later(sim, 60)
    assert not sim.engine.running(server)
    assert {d.active for d in sim.organization.databases.values() if d.name in names} == {"EX16-02"}
    later(sim, 400)
    assert server.up
    assert server.booted_at > WARM_UP
    later(sim, 1200)
    assert unhealthy(sim) == set()


def test_move_now_moves_what_can_go_and_says_what_stays() -> None:
    sim = lab()
    server = sim.organization.server(SERVER)
    kept, moved = sim.organization.active_on(SERVER)
    copy = kept.copy_on("EX16-02")
    assert copy is not None
    copy.activation_suspended = True
    server.move_now = True
    sim.lifecycle.move_now(server, sim.engine.now, "test")
    later(sim, 10)
    assert len(sim.organization.active_on(SERVER)) == 2
    later(sim, 120)
    assert [d.name for d in sim.organization.active_on(SERVER)] == [kept.name]
    assert moved.active == "EX16-02"
    assert any(kept.name in detail for _, detail in _changes(sim, "database stays"))


def _history(seed: int, kinds: list[Kind], seconds: float) -> tuple[Simulation, list[tuple[str, str, str]]]:
    sim = lab(seed=seed)
    for kind in kinds:
        _hang(sim, kind, cured_by=cured_by(BACK_END_SERVICE, FRONT_END_SERVICE))
    later(sim, seconds)
    return sim, [(str(e.simulated), e.outcome, e.detail) for e in sim.ledger.since()]


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    kinds=st.lists(st.sampled_from(list(Kind)), max_size=3),
    seconds=st.floats(0, 9000),
)
def test_same_seed_same_history(seed: int, kinds: list[Kind], seconds: float) -> None:
    assert _history(seed, kinds, seconds)[1] == _history(seed, kinds, seconds)[1]


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    kinds=st.lists(st.sampled_from(list(Kind)), min_size=1, max_size=3),
    steps=st.lists(st.floats(1, 1500), min_size=1, max_size=12),
)
def test_nothing_turns_healthy_without_a_success(seed: int, kinds: list[Kind], steps: list[float]) -> None:
    sim = lab(seed=seed)
    successes: set[tuple[str, str]] = set()
    take = sim.engine._take

    def watched(server, state, t, outcome):  # type: ignore[no-untyped-def]
        before = state.alert
        take(server, state, t, outcome)
        if state.alert == "Healthy" and before != "Healthy":
            assert outcome.ok
            successes.add((server.name, state.rule.spec.name))

    sim.engine._take = watched  # type: ignore[method-assign]
    transitions = 0
    for number, kind in enumerate(kinds):
        _hang(sim, kind, ended=sim.engine.now + 1500.0 * (number + 1))
    for step in steps:
        later(sim, step)
    for entry in sim.ledger.since():
        if entry.outcome == "monitor" and entry.detail.endswith("-> Healthy"):
            transitions += 1
            assert (entry.server, entry.detail.partition(":")[0]) in successes
    assert transitions >= len(successes)

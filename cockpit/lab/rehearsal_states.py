"""Opens a lab on a recorded organization: warmed up, a scenario over it, in the states that were recorded."""

from __future__ import annotations

from typing import Any, Final

from cockpit.exchange.model import AlertValue
from cockpit.lab.organization import CLUSTER, REPLICATION, Server
from cockpit.lab.popmonitors import UNHEALTHY_AFTER, MonitorState
from cockpit.lab.rehearsal import Blueprint, MonitorRecord, RehearsalError, ServerRecord
from cockpit.lab.rehearsal_build import organization_of, stopped_services
from cockpit.lab.rehearsal_causes import FALLEN, causes
from cockpit.lab.scenarios.base import FAR, Scenario
from cockpit.lab.simulation import WARM_UP, Simulation

RECORDED: Final = "as recorded"
"""Who did what is laid at the opening, for the ledger."""
LONGEST: Final = WARM_UP - 120.0
"""An alert is at most so old: before that is the warm-up's beginning."""


def open_rehearsal(
    blueprint: Blueprint, scenario: Scenario, seed: int = 1, speed: float = 1.0, **options: Any
) -> Simulation:
    """A simulation of ``blueprint``, warmed up, with ``scenario`` over it. ``options`` go to Simulation.

    Raises RehearsalError where the scenario finds nothing to break in such an organization.
    """
    organization = organization_of(blueprint, seed)
    try:
        simulation = Simulation(
            seed=seed, speed=speed, organization=organization, prepare=scenario.prepare, **options
        )
        scenario.begin(simulation)
    except (LookupError, StopIteration, ValueError) as error:
        raise RehearsalError(
            f"scenario {scenario.name} finds nothing to break in this organization ({type(error).__name__})"
        ) from error
    # Databases stay where they were recorded until the lab opens.
    frequencies = {dag.name: dag.preference_moves for dag in organization.dags.values()}
    for dag in organization.dags.values():
        dag.preference_moves = None
    simulation.engine.advance_to(WARM_UP)
    for dag in organization.dags.values():
        dag.preference_moves = frequencies[dag.name]
    _lay(simulation, blueprint)
    return simulation


def _lay(simulation: Simulation, blueprint: Blueprint) -> None:
    t = simulation.engine.now
    for fault, _ in causes(simulation.organization, blueprint, t - LONGEST):
        simulation.faults.add(fault)
    for record in blueprint.servers:
        server = simulation.organization.server(record.name)
        for service in stopped_services(server, record):
            simulation.engine.stop_service(server, service, t, RECORDED)
        for monitor in record.monitors:
            _monitor(simulation, server, monitor, t)
        if record.stale:
            simulation.knobs[server.name].stale = True
            simulation.set_stale(server, True)
    _groups(simulation, blueprint, t)
    for record in blueprint.servers:
        if record.silent:
            simulation.lifecycle.kill(simulation.organization.server(record.name), t, RECORDED)


def _monitor(simulation: Simulation, server: Server, record: MonitorRecord, t: float) -> None:
    """A monitor that was not Healthy is what it was, and since then; what Managed Availability had still
    before it, it has still before it."""
    engine = simulation.engine
    state = engine.monitors.get(server.name, {}).get(record.name)
    if state is None or record.alert == AlertValue.HEALTHY:
        return
    since = t - min(record.since, LONGEST)
    if record.alert not in FALLEN:
        state.alert, state.transitioned = record.alert, since
        # Its next run would end it, and when somebody does that is not known.
        engine.held[(server.name, record.name)] = FAR
        return
    fell = since if record.alert == AlertValue.DEGRADED else since - UNHEALTHY_AFTER
    _fall(state, fell, record.alert, since)
    engine.fallen(server, state, fell)


def _fall(state: MonitorState, fell: float, alert: str, since: float) -> None:
    state.failures.extend(fell - n for n in reversed(range(state.rule.failures)))
    state.transition(fell, AlertValue.DEGRADED)
    if alert == AlertValue.UNHEALTHY:
        state.transition(since, AlertValue.UNHEALTHY)


def _groups(simulation: Simulation, blueprint: Blueprint, t: float) -> None:
    organization = simulation.organization
    for dag in blueprint.dags:
        for name in dag.paused:
            simulation.lifecycle.pause_node(organization.server(name), True, t, RECORDED)
        for name in dag.down:
            record = blueprint.server(name)
            if record is not None and not record.silent:
                _stop(simulation, organization.server(name), CLUSTER, t)
    for record in blueprint.servers:
        if not record.silent and _replication_down(record):
            _stop(simulation, organization.server(record.name), REPLICATION, t)


def _replication_down(record: ServerRecord) -> bool:
    """Every copy there is ServiceDown: that is what its replication service being down looks like (§2.7)."""
    return bool(record.copies) and all(c.status == "ServiceDown" for c in record.copies or ())


def _stop(simulation: Simulation, server: Server, name: str, t: float) -> None:
    service = server.service(name)
    if service is not None:
        simulation.engine.stop_service(server, service, t, RECORDED)

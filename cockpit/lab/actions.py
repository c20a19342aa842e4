"""What the control endpoint can do to a server, and to what is on it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cockpit.lab.components import components
from cockpit.lab.faults import Fault, Kind, cured_by
from cockpit.lab.organization import HEALTH_MANAGER, Server, WindowsService
from cockpit.lab.simulation import Simulation

BY = "control"
ACTIONS = (
    *("kill", "start", "reboot", "stop-health-manager", "start-health-manager"),
    *("stop-service", "start-service", "restart-service", "move-database", "set-component", "break", "cure"),
)
_STATES = {"inactive": 0, "active": 1, "draining": 2}


class BadRequestError(Exception):
    """A request that cannot be carried out; its text says why."""


def act(simulation: Simulation, body: Mapping[str, Any]) -> Mapping[str, Any]:
    """``{"name": …, "action": …}`` and, by action, ``service``; ``database`` (name is then the target);
    ``component``, ``requester``, ``state``; ``kind`` (of ``faults.Kind``), ``database``, ``cured_by``."""
    server = simulation.organization.find(str(body.get("name", "")))
    if server is None:
        raise BadRequestError(f"there is no server {body.get('name')!r}")
    t = simulation.touch()
    match body.get("action"):
        case "kill":
            simulation.lifecycle.kill(server, t)
        case "start":
            simulation.lifecycle.start(server, t)
        case "reboot":
            simulation.lifecycle.reboot(server, t)
        case "stop-health-manager" | "stop-service":
            simulation.engine.stop_service(server, _service(server, body), t, BY)
        case "start-health-manager" | "start-service":
            if not simulation.engine.start_service(server, _service(server, body), t, BY):
                raise BadRequestError("the service does not start")
        case "restart-service":
            if not simulation.engine.restart_service(server, _service(server, body), t, BY):
                raise BadRequestError("the service does not start again")
        case "move-database":
            database = simulation.organization.database(str(body.get("database", "")))
            if database is None or not simulation.lifecycle.move(database, server.name, t):
                raise BadRequestError(f"{body.get('database')!r} cannot become active on {server.name}")
        case "set-component":
            _component(simulation, server, body, t)
        case "break":
            _break(simulation, server, body, t)
        case "cure":
            simulation.engine.cure(server, t)
        case other:
            raise BadRequestError(f"there is no action {other!r}; there are: {', '.join(ACTIONS)}")
    return {"server": server.name, "action": body["action"], "simulated": simulation.clock.at(t).isoformat()}


def _service(server: Server, body: Mapping[str, Any]) -> WindowsService:
    name = HEALTH_MANAGER if "health-manager" in body["action"] else str(body.get("service", ""))
    service = server.service(name)
    if service is None:
        raise BadRequestError(f"{server.name} has no service {name!r}")
    return service


def _component(simulation: Simulation, server: Server, body: Mapping[str, Any], t: float) -> None:
    wanted = str(body.get("component", "")).lower()
    component = next((c for c in components(server.version) if c.lower() == wanted), None)
    state = _STATES.get(str(body.get("state", "")).lower())
    if component is None or state is None:
        raise BadRequestError("component or state does not exist")
    requester = str(body.get("requester", "Maintenance"))
    simulation.engine.vote(server, component, requester, state, t, BY)


def _break(simulation: Simulation, server: Server, body: Mapping[str, Any], t: float) -> None:
    kind = Kind.__members__.get(str(body.get("kind", "")).upper())
    if kind is None:
        raise BadRequestError(
            f"there is no fault {body.get('kind')!r}; there are: {', '.join(Kind.__members__)}"
        )
    services = body.get("cured_by", ())
    fault = Fault(
        *(kind, server.name, t),
        database=str(body.get("database", "")),
        cured_by=cured_by(*services),
        restarts=int(body.get("restarts", 1)),
        automatic_restart_fails=bool(body.get("automatic_restart_fails", False)),
    )
    simulation.faults.add(fault)
    simulation.ledger.change(t, server.name, "broken", f"{kind.name} {fault.database}".strip(), BY)

"""Actions on servers, their services, components, processes and faults. Fields: see ``actions.py``."""

from __future__ import annotations

from typing import Final

from cockpit.exchange.model import ACTIVATION_POLICIES, START_TYPES
from cockpit.lab.actionkit import Action, BadRequestError, Context
from cockpit.lab.components import components
from cockpit.lab.faults import Fault, Kind, cured_by
from cockpit.lab.organization import HEALTH_MANAGER, Process

_STATES: Final = {"inactive": 0, "active": 1, "draining": 2}
_POLICIES: Final = {name.lower(): number for number, name in ACTIVATION_POLICIES.items()}
_TYPES: Final = {name.lower(): number for number, name in START_TYPES.items()}
_NONE: Final = type(None)


def _stop(c: Context, name: str = "") -> None:
    c.simulation.engine.stop_service(c.server, c.service(name), c.t, c.by)


def _start(c: Context, name: str = "") -> None:
    if not c.simulation.engine.start_service(c.server, c.service(name), c.t, c.by):
        raise BadRequestError("the service does not start")


def _restart(c: Context) -> None:
    if not c.simulation.engine.restart_service(c.server, c.service(), c.t, c.by):
        raise BadRequestError("the service does not start again")


def _managed_availability(c: Context) -> None:
    c.simulation.engine.act_now(c.server, c.service(), c.t)


def _set_service(c: Context) -> None:
    service = c.service()
    kind = c.body.get("start_type")
    if kind is not None:
        number = _TYPES.get(str(kind).lower())
        if number is None:
            raise BadRequestError(f"start_type takes one of {', '.join(START_TYPES.values())}")
        service.start_type = number
        c.change("service start type", f"{service.name} {START_TYPES[number]}")
    rest = {"stop_seconds": (float, int), "failed_starts": (int,), "fails_at_boot": (bool,)}
    if kind is None or any(name in c.body for name in rest):
        c.assign(service, rest, what="service")


def _set_component(c: Context) -> None:
    wanted = c.text("component").lower()
    component = next((n for n in components(c.server.version) if n.lower() == wanted), None)
    state = _STATES.get(c.text("state").lower())
    if component is None or state is None:
        raise BadRequestError("component or state does not exist")
    requester = str(c.body.get("requester", "Maintenance"))
    c.simulation.engine.vote(c.server, component, requester, state, c.t, c.by)


def _set_move_now(c: Context) -> None:
    c.server.move_now = c.flag("value")
    c.change("mailbox server", f"DatabaseCopyActivationDisabledAndMoveNow={c.server.move_now}")
    if c.server.move_now:
        c.simulation.lifecycle.move_now(c.server, c.t, c.by)


def _set_policy(c: Context) -> None:
    policy = _POLICIES.get(c.text("policy").lower())
    if policy is None:
        raise BadRequestError(f"policy takes one of {', '.join(ACTIVATION_POLICIES.values())}")
    c.server.activation_policy = policy
    c.change("mailbox server", f"DatabaseCopyAutoActivationPolicy={ACTIVATION_POLICIES[policy]}")


def _set_logging(c: Context) -> None:
    c.server.pop.protocol_log_enabled = c.flag("enabled")
    c.server.pop.changed_at = c.t
    c.change("pop settings", f"ProtocolLogEnabled={c.server.pop.protocol_log_enabled}")


def _set_server(c: Context) -> None:
    fields = {
        "maximum_active_databases": (int, _NONE),
        "maximum_preferred_active_databases": (int, _NONE),
        "reboot_seconds": (float, int, _NONE),
        "stays_down": (bool,),
        "client_connections": (int,),
        "clock_error": (float, int),
        "probes_name_mailbox_server": (bool,),
    }
    c.assign(c.server, fields, what="server")


def _set_volume(c: Context) -> None:
    mount = str(c.body.get("mount", "C:\\"))
    volume = next((v for v in c.server.volumes if v.mount.lower() == mount.lower()), None)
    if volume is None:
        raise BadRequestError(f"{c.server.name} has no volume {mount!r}")
    c.assign(volume, {"free": (int,)}, what="volume")


def _start_process(c: Context) -> None:
    name = c.text("process")
    if not name:
        raise BadRequestError("process takes a name")
    c.server.processes.append(Process(name, c.server.new_process_id(), c.t))
    c.change("process started", name)


def _end_process(c: Context) -> None:
    name = c.text("process").lower()
    left = [p for p in c.server.processes if p.name.lower() != name]
    if len(left) == len(c.server.processes):
        raise BadRequestError(f"{c.server.name} has no process {c.text('process')!r}")
    c.server.processes = left
    c.change("process ended", c.text("process"))


def _break(c: Context) -> None:
    kind = Kind.__members__.get(c.text("kind").upper())
    if kind is None:
        known = ", ".join(Kind.__members__)
        raise BadRequestError(f"there is no fault {c.body.get('kind')!r}; there are: {known}")
    services = c.body.get("cured_by", ())
    restarts = c.body.get("restarts", 1)
    if not isinstance(services, list | tuple) or not all(isinstance(s, str) for s in services):
        raise BadRequestError("cured_by takes a list of services")
    if isinstance(restarts, bool) or not isinstance(restarts, int) or restarts < 1:
        raise BadRequestError("restarts takes a number, 1 or more")
    fault = Fault(
        *(kind, c.server.name, c.t),
        database=c.text("database"),
        cured_by=cured_by(*services),
        restarts=restarts,
        automatic_restart_fails=bool(c.body.get("automatic_restart_fails", False)),
        survives_reboot=bool(c.body.get("survives_reboot", False)),
        cured_by_failover=bool(c.body.get("cured_by_failover", False)),
    )
    c.simulation.faults.add(fault)
    c.change("broken", f"{kind.name} {fault.database}".strip())


SERVER_ACTIONS: Final[dict[str, Action]] = {
    "kill": lambda c: c.simulation.lifecycle.kill(c.server, c.t, c.by),
    "start": lambda c: c.simulation.lifecycle.start(c.server, c.t, c.by),
    "reboot": lambda c: c.simulation.lifecycle.reboot(c.server, c.t, c.by),
    "stop-health-manager": lambda c: _stop(c, HEALTH_MANAGER),
    "start-health-manager": lambda c: _start(c, HEALTH_MANAGER),
    "stop-service": _stop,
    "start-service": _start,
    "restart-service": _restart,
    "managed-availability": _managed_availability,
    "set-service": _set_service,
    "set-component": _set_component,
    "set-move-now": _set_move_now,
    "set-policy": _set_policy,
    "set-logging": _set_logging,
    "set-server": _set_server,
    "set-volume": _set_volume,
    "start-process": _start_process,
    "end-process": _end_process,
    "break": _break,
    "cure": lambda c: c.simulation.engine.cure(c.server, c.t, c.by),
}

"""What a scenario is, how a lab opens in it, and how its victims are chosen.

A scenario's faults have been going on for a while when the lab opens: the simulation runs its hour of
warm-up with them, so that what they lead to is there at once. Times are simulated seconds after the
warm-up's begin; the lab opens at ``WARM_UP``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from cockpit.exchange import catalogue
from cockpit.lab import actions
from cockpit.lab.faults import Fault, Kind
from cockpit.lab.organization import Dag, Organization, Override, Server
from cockpit.lab.simulation import WARM_UP, Simulation

RECENT: Final = WARM_UP - 660.0
"""Long enough for self and proxy tests: down within 5 minutes, Unhealthy a minute later."""
EARLIER: Final = WARM_UP - 1680.0
"""Long enough for deep and touch point tests: their windows are 15 and 20 minutes."""
LONG_AGO: Final = WARM_UP - 3540.0
"""Long enough for every responder but the escalation to have had its turn, over a quarter of an hour ago."""
FAR: Final = 10 * 365 * 86_400.0
SOMEBODY: Final = "lab.example/Users/oncall"
"""Who left behind what a scenario finds."""


class Group(StrEnum):
    """What a scenario is there for."""

    EVERYDAY = "everyday"
    GUARDS = "guards"
    """Each makes one guard of recovery refuse, or say something to be weighed."""
    BRANCHES = "branches"
    """Each leads down one way of the procedures that everyday faults do not take."""
    DEGRADED = "degraded"
    """Ways that are closed to the operator, or lead elsewhere."""
    TRACING = "tracing"
    """Which mailbox server is behind a failing touch point, and what the protocol logs can say of it."""


def _nothing(_: Simulation) -> None:
    return


def _as_built(_: Organization) -> None:
    return


@dataclass(frozen=True, slots=True)
class Scenario:
    """``breaks``: what is wrong; ``sees``: what the operator sees; ``cure``: the exact act that ends it.

    ``prepare`` runs before the health managers start, ``begin`` after, both before the warm-up.
    """

    name: str
    title: str
    breaks: str
    sees: str
    cure: str
    servers: int = 8
    group: Group = Group.EVERYDAY
    prepare: Callable[[Organization], None] = field(default=_as_built, repr=False)
    begin: Callable[[Simulation], None] = field(default=_nothing, repr=False)


def open_lab(
    scenario: Scenario, servers: int | None = None, seed: int = 1, speed: float = 1.0, **options: object
) -> Simulation:
    """A simulation in that scenario, warmed up. ``options`` go to Simulation (start, clock, sleep)."""
    size = servers or scenario.servers
    simulation = Simulation(size, seed, speed, prepare=scenario.prepare, **options)  # type: ignore[arg-type]
    scenario.begin(simulation)
    simulation.engine.advance_to(WARM_UP)
    return simulation


# -- choosing victims: the first that fits, so that a scenario means the same for every seed ---------------


def back_ends(organization: Organization) -> list[Server]:
    """Back ends, 2016 and 2019 first."""
    found = [s for s in organization.servers.values() if s.has_back_end]
    return sorted(found, key=lambda s: s.version.value == "2013")


def front_ends(organization: Organization) -> list[Server]:
    """Front ends, pure Client Access servers first."""
    found = [s for s in organization.servers.values() if s.has_front_end]
    return sorted(found, key=lambda s: s.has_back_end)


def behind_front_ends(organization: Organization) -> Server:
    """A mailbox server with a partner, preferably one behind pure Client Access servers."""
    found = [s for s in organization.servers.values() if s.has_back_end]
    return min(found, key=lambda s: (s.has_front_end, not s.dag))


def member(organization: Organization) -> Server:
    """The first back end that is in a DAG, else the first back end."""
    found = back_ends(organization)
    return next((s for s in found if s.dag), found[0])


def access_server(organization: Organization) -> Server:
    """The first front end that is in no DAG, else the first front end."""
    return front_ends(organization)[0]


def partners(organization: Organization, server: Server) -> list[Server]:
    """The other members of its DAG; none outside one."""
    return [s for s in organization.servers.values() if s.dag and s.dag == server.dag and s is not server]


def dag_of(organization: Organization, server: Server) -> Dag | None:
    return organization.dag(server.dag) if server.dag else None


# -- what scenarios share ------------------------------------------------------------------------------------


def override(server: Server, *responders: str) -> None:
    """Switch responders off by overrides that somebody left behind."""
    for responder in responders:
        server.overrides.append(
            Override(
                *("Responder", _health_set(responder), responder, "Enabled", "0"),
                created_by=SOMEBODY,
                created_at=0.0,
                expires_at=FAR,
            )
        )


def _health_set(responder: str) -> str:
    if responder.startswith("PopProxyTest"):
        return catalogue.POP_PROXY
    return catalogue.POP if responder.startswith("PopCTP") else catalogue.POP_PROTOCOL


def leave_databases(organization: Organization) -> None:
    """No PreferenceMoveFrequency: databases stay where the scenario puts them."""
    for dag in organization.dags.values():
        dag.preference_moves = None


def quiet(organization: Organization) -> None:
    """Nothing but what a scenario is about speaks against its victim, the first of its DAG: no moves by
    preference, the Primary Active Manager on the last member."""
    leave_databases(organization)
    for dag in organization.dags.values():
        dag.primary_active_manager = dag.servers[-1]


def act(simulation: Simulation, server: Server, action: str, **fields: object) -> None:
    """An action of the control endpoint (``cockpit.lab.actions``), done now by somebody."""
    body = {"name": server.name, "action": action, "by": SOMEBODY, **fields}
    actions.perform(simulation, body, simulation.engine.now)


def act_at(simulation: Simulation, t: float, server: Server, action: str, **fields: object) -> None:
    """The same at ``t``."""
    simulation.engine.at(t, lambda _: act(simulation, server, action, **fields))


def until_reboot(
    simulation: Simulation, server: Server, *kinds: Kind, began: float = LONG_AGO, survives: bool = False
) -> None:
    """Faults that no restart of a service ends; with ``survives`` not even one of the computer."""
    for kind in kinds:
        simulation.faults.add(Fault(kind, server.name, began, survives_reboot=survives))

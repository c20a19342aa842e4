"""Get- and Set-ServerComponentState (§2.10)."""

from __future__ import annotations

from typing import Final

from cockpit.exchange.model import COMPONENT_STATES
from cockpit.lab import components
from cockpit.lab.clixml import ListValue, Nested
from cockpit.lab.cmdlet import ErrorRecord, Invocation, Output
from cockpit.lab.cmdlets import shapes
from cockpit.lab.components import Vote
from cockpit.lab.organization import Server
from cockpit.lab.simulation import Simulation

_STATE: Final = "Microsoft.Exchange.Data.ServiceState"
_DETAILS: Final = f"{shapes.COMPONENT_STATE[0]}+RequesterDetails"
_LIST: Final = (
    f"System.Collections.Generic.List`1[[{_DETAILS}, Microsoft.Exchange.Data.Directory, Version=15.0.0.0, "
    "Culture=neutral, PublicKeyToken=31bf3856ad364e35]]",
    shapes.OBJECT,
)


async def get_server_component_state(sim: Simulation, call: Invocation, out: Output) -> None:
    wanted = shapes.text(call, "Component").lower()
    for server in shapes.ask(sim, call, out):
        await sim.rpc(server)
        sim.touch()
        names = [c for c in components.components(server.version) if not wanted or c.lower() == wanted]
        if wanted and not names:
            shapes.not_found(sim, call, out, shapes.text(call, "Component"))
        for component in names:
            shown: dict[str, object] = {
                "ServerFqdn": server.fqdn,
                "Component": component,
                "State": shapes.numbered(_STATE, COMPONENT_STATES, server.component(component)),
                "ServerWideOfflineIsOffline": server.component("ServerWideOffline") == components.INACTIVE,
                "RemoteStates": _votes(sim, server, component, local=False),
                "LocalStates": _votes(sim, server, component, local=True),
                **shapes.tail(server.name),
            }
            shapes.send(sim, call, out, shapes.COMPONENT_STATE, shapes.COMPONENT_STATE[0], shown)


def _votes(sim: Simulation, server: Server, component: str, *, local: bool) -> ListValue:
    return ListValue(
        [_details(sim, v) for v in server.votes if v.component == component and v.local is local], _LIST
    )


def _details(sim: Simulation, vote: Vote) -> Nested:
    """Its text form spells "Requestor", as the real one. [B]"""
    at = sim.clock.at(vote.at)
    hour = at.hour % 12 or 12
    stamp = f"{at.month}/{at.day}/{at.year} {hour}:{at:%M:%S} {'AM' if at.hour < 12 else 'PM'}"
    state = COMPONENT_STATES[vote.state]
    return Nested(
        (_DETAILS, shapes.OBJECT),
        f"Requestor:{vote.requester}; State:{state}; Timestamp:{stamp}",
        {"Requester": vote.requester, "State": state, "Timestamp": at, "Component": vote.component},
    )


async def set_server_component_state(sim: Simulation, call: Invocation, out: Output) -> None:
    """Only the same requester takes its vote back; Draining only for transport (§2.10). ``-LocalOnly`` and
    ``-RemoteOnly`` are taken and both places written."""
    found = shapes.ask(sim, call, out)
    if len(found) != 1:
        return
    server = found[0]
    states = {name.lower(): number for number, name in COMPONENT_STATES.items()}
    wanted = shapes.text(call, "Component")
    component = next((c for c in components.components(server.version) if c.lower() == wanted.lower()), "")
    requester = next(
        (r for r in components.REQUESTERS if r.lower() == shapes.text(call, "Requester").lower()), ""
    )
    state = states.get(shapes.text(call, "State").lower())
    drains = component in ("HubTransport", "FrontendTransport")
    if not component or not requester or state is None or (state == components.DRAINING and not drains):
        out.error(
            ErrorRecord(
                f"Component '{wanted}' cannot be set to '{shapes.text(call, 'State')}' by requester"
                f" '{shapes.text(call, 'Requester')}'.",
                shapes.fully_qualified(sim, call, "ArgumentException", "SetServerComponentState"),
                category=5,
                reason="ArgumentException",
                exception_type="System.ArgumentException",
            )
        )
        return
    if shapes.switch(call, "WhatIf"):
        return
    await sim.rpc(server)
    sim.engine.vote(server, component, requester, state, sim.touch(), call.user)

"""Restart-Computer and Get-ClusterNode on the WinRM endpoint. Shapes and texts are from memory [M]."""

from __future__ import annotations

from typing import Final

from cockpit.lab.clixml import Enum
from cockpit.lab.cmdlet import ErrorRecord, Invocation, Output
from cockpit.lab.cmdlets import shapes
from cockpit.lab.cmdlets.winrm import here, names_of, send
from cockpit.lab.dag import NodeState, has_quorum, node_state
from cockpit.lab.simulation import Simulation

_NODE: Final = ("Microsoft.FailoverClusters.PowerShell.ClusterNode", shapes.OBJECT)
_STATE: Final = "Microsoft.FailoverClusters.PowerShell.ClusterNodeState"
_NODE_COMMAND: Final = "Microsoft.FailoverClusters.PowerShell.GetNodeCommand"


async def restart_computer(sim: Simulation, call: Invocation, _: Output) -> None:
    """Answers at once; the connection is lost when the machine goes down. Only of the dialled server:
    ``-ComputerName`` is not offered."""
    if shapes.switch(call, "WhatIf"):
        return
    sim.lifecycle.restart_computer(here(sim, call), sim.touch(), call.user)


def _cluster_error(words: str, kind: str, target: str) -> ErrorRecord:
    return ErrorRecord(
        words,
        f"{kind},{_NODE_COMMAND}",
        category=13 if kind == "ObjectNotFound" else 7,
        reason="ClusterCmdletException",
        exception_type="Microsoft.FailoverClusters.PowerShell.ClusterCmdletException",
        target=target,
    )


async def get_cluster_node(sim: Simulation, call: Invocation, out: Output) -> None:
    """Every node of this server's cluster; an error where the cluster does not run or has no quorum."""
    sim.touch()
    server = here(sim, call)
    organization = sim.organization
    dag = organization.dag(server.dag)
    if dag is None or node_state(server) is NodeState.DOWN or not has_quorum(organization, dag):
        words = (
            "The cluster service is not running. Make sure that the service is running on all nodes in the"
            " cluster. There are no more endpoints available from the endpoint mapper"
        )
        out.error(_cluster_error(words, "ConnectionFailure", server.name))
        return
    wanted = {n.lower() for n in names_of(call)}
    known = {n.lower() for n in dag.servers}
    for name in sorted(wanted - known):
        out.error(_cluster_error(f"No matching node found for name '{name}'.", "ObjectNotFound", name))
    for number, name in enumerate(dag.servers, start=1):
        if wanted and name.lower() not in wanted:
            continue
        state = node_state(organization.server(name))
        shown: dict[str, object] = {
            "Cluster": dag.name,
            "State": Enum(_STATE, state.name.title(), state.value),
            "Name": name,
            "NodeName": name,
            "NodeWeight": 1,
            "DynamicWeight": 1,
            "Id": str(number),
        }
        send(sim, call, out, _NODE, name, shown)

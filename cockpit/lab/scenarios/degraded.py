"""The scenarios of ways that are closed or lead elsewhere: no WinRM, few rights, a shell that is routed away.

POP is sick in the same plain way in all of them, so that there is something to recover. Which cmdlets a
view-only account lacks is the lab's choice: the sheet names no roles' contents.
"""

from __future__ import annotations

from typing import Final

from cockpit.exchange.catalogue import BACK_END_SERVICE
from cockpit.lab.faults import Fault, Kind, cured_by
from cockpit.lab.knobs import EVERYBODY
from cockpit.lab.organization import Server
from cockpit.lab.scenarios.base import RECENT, Group, Scenario, back_ends, override
from cockpit.lab.simulation import Simulation

CHANGING: Final = (
    "Set-PopSettings",
    "Set-MailboxServer",
    "Set-ServerComponentState",
    "Move-ActiveMailboxDatabase",
    "Invoke-MonitoringProbe",
)


def _hang(simulation: Simulation) -> Server:
    """The first back end's service hangs, and nothing restarts it by itself."""
    victim = back_ends(simulation.organization)[0]
    override(victim, "PopSelfTestRestartService", "PopSelfTestRestartServiceLate")
    simulation.faults.add(Fault(Kind.LOOPBACK_HUNG, victim.name, RECENT, cured_by=cured_by(BACK_END_SERVICE)))
    return victim


def _no_winrm(simulation: Simulation) -> None:
    _hang(simulation)
    for knobs in simulation.knobs.values():
        knobs.no_winrm = True


def _view_only(simulation: Simulation) -> None:
    _hang(simulation)
    for knobs in simulation.knobs.values():
        knobs.denied = {EVERYBODY: list(CHANGING)}


def _routed(simulation: Simulation) -> None:
    """Every shell runs on a server of another version than most entry servers are."""
    _hang(simulation)
    servers = list(simulation.organization.servers.values())
    elsewhere = next((s for s in servers if s.version.value == "2013" and s.has_back_end), servers[-1])
    for server in servers:
        simulation.knobs[server.name].routed_to = elsewhere.name


DEGRADED: Final = (
    Scenario(
        "no-winrm",
        "No WinRM endpoint can be reached",
        "The back-end POP3 service of a mailbox server hangs; every WinRM endpoint refuses connections, as a "
        "firewall between the jump host and the servers has it",
        "PopSelfTestMonitor Unhealthy; services, boot times and recovery actions are not read; a recovery "
        "offers its restarts as commands to run by hand",
        "restart MSExchangePOP3BE on it: lab act SERVER restart-service service=MSExchangePOP3BE",
        group=Group.DEGRADED,
        begin=_no_winrm,
    ),
    Scenario(
        "view-only-operator",
        "The account may look, and change nothing on the Exchange endpoint",
        "The back-end POP3 service of a mailbox server hangs; RBAC grants no Set-, Move- or "
        "Invoke-MonitoringProbe cmdlet to anybody",
        "PopSelfTestMonitor Unhealthy; probe and logging are not granted, a plan says which steps a person "
        "with the right role has to do",
        "restart MSExchangePOP3BE on it, which WinRM allows",
        group=Group.DEGRADED,
        begin=_view_only,
    ),
    Scenario(
        "routed",
        "Shells are routed to another server, of another version",
        "The back-end POP3 service of a mailbox server hangs; whichever server is dialled, one mailbox "
        "server of 2013 runs the shell",
        "PopSelfTestMonitor Unhealthy; commands answer in the name of another server than was dialled",
        "restart MSExchangePOP3BE on it",
        group=Group.DEGRADED,
        begin=_routed,
    ),
)

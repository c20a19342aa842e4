"""The scenarios of the branches: where a procedure goes when its first steps do not help."""

from __future__ import annotations

from typing import Final

from cockpit.exchange.catalogue import BACK_END_SERVICE, FRONT_END_SERVICE
from cockpit.lab.faults import Fault, Kind, cured_by
from cockpit.lab.organization import Organization, Server
from cockpit.lab.scenarios.base import (
    LONG_AGO,
    SOMEBODY,
    Group,
    Scenario,
    access_server,
    act,
    act_at,
    back_ends,
    member,
    override,
    partners,
    quiet,
    until_reboot,
)
from cockpit.lab.simulation import WARM_UP, Simulation

_FRONT: Final = (Kind.FRONT_END_LOGIN_HUNG, Kind.FRONT_END_TLS, Kind.SLOW_COMMANDS)
_RESTARTS: Final = (
    "PopProxyTestCafeOffline",
    *(f"{p}RestartService" for p in ("PopSelfTest", "PopDeepTest", "PopProxyTest", "PopCTP")),
    *(f"{p}RestartServiceLate" for p in ("PopSelfTest", "PopDeepTest", "PopProxyTest", "PopCTP")),
)
_STANDALONE: Final = 9
"""Servers of a lab in which one back end of 2016 or later is in no DAG."""


def _front_member(organization: Organization) -> Server:
    """The first front end of 2016 or later in another DAG than ``member``, else any member that there is."""
    first = member(organization)
    fit = [s for s in back_ends(organization) if s.has_front_end and s.dag and s.dag != first.dag]
    return fit[0] if fit else first


def _standalone(organization: Organization) -> Server:
    """The first back end in no DAG, else the first back end."""
    found = back_ends(organization)
    return next((s for s in found if not s.dag), found[0])


def _victims(organization: Organization) -> tuple[Server, ...]:
    """A Client Access server, a DAG member of 2016 or later with sick front end, one with a sick back end."""
    return access_server(organization), _front_member(organization), member(organization)


def _stuck(simulation: Simulation, *, survives: bool = False) -> tuple[Server, ...]:
    """The victims' POP hangs in every way, until the computer is restarted, or even longer."""
    organization = simulation.organization
    access, front, back = _victims(organization)
    for server in (access, front):
        override(server, "PopProxyTestCafeOffline")
        until_reboot(simulation, server, *_FRONT, survives=survives)
    until_reboot(simulation, back, Kind.BACK_END_HUNG, survives=survives)
    return access, front, back


def _reboot_cures(simulation: Simulation) -> None:
    _stuck(simulation)


def _reboot_no_help(simulation: Simulation) -> None:
    _stuck(simulation, survives=True)


def _services_down(simulation: Simulation) -> None:
    for server in _stuck(simulation):
        override(server, *_RESTARTS)
        for name in (FRONT_END_SERVICE, BACK_END_SERVICE):
            if server.service(name) is not None:
                act(simulation, server, "set-service", service=name, fails_at_boot=True)


def _no_return(simulation: Simulation) -> None:
    for server in _stuck(simulation):
        act(simulation, server, "set-server", stays_down=True)


def _no_probe(simulation: Simulation) -> None:
    for server in _stuck(simulation):
        simulation.knobs[server.name].unrunnable_probes = ["*"]


def _two_restarts(simulation: Simulation) -> None:
    victim = access_server(simulation.organization)
    simulation.faults.add(
        Fault(
            *(Kind.FRONT_END_LOGIN_HUNG, victim.name, LONG_AGO),
            cured_by=cured_by(FRONT_END_SERVICE),
            restarts=2,
            automatic_restart_fails=True,
        )
    )


def _restart_hangs(simulation: Simulation) -> None:
    victim = member(simulation.organization)
    simulation.faults.add(
        Fault(Kind.LOOPBACK_HUNG, victim.name, LONG_AGO, cured_by=cured_by(BACK_END_SERVICE))
    )
    act(simulation, victim, "set-service", service=BACK_END_SERVICE, stop_seconds=400.0)


def _failover_cures(simulation: Simulation) -> None:
    organization = simulation.organization
    victim = member(organization)
    for database in organization.active_on(victim.name):
        simulation.faults.add(
            Fault(
                *(Kind.DATABASE_SICK, victim.name, LONG_AGO),
                database=database.name,
                survives_reboot=True,
                cured_by_failover=True,
            )
        )


def _left_behind(simulation: Simulation) -> None:
    organization = simulation.organization
    victim = member(organization)
    until_reboot(simulation, victim, Kind.BACK_END_HUNG)
    for partner in partners(organization, victim):
        room = len(organization.active_on(partner.name)) + 1
        act(simulation, partner, "set-server", maximum_active_databases=room)


def _second_operator(simulation: Simulation) -> None:
    organization = simulation.organization
    victim = member(organization)
    until_reboot(simulation, victim, Kind.BACK_END_HUNG)
    act_at(simulation, WARM_UP + 1800.0, victim, "set-policy", policy="IntrasiteOnly")


def _outside(simulation: Simulation) -> None:
    victim = _standalone(simulation.organization)
    override(victim, "PopProxyTestCafeOffline")
    until_reboot(simulation, victim, Kind.BACK_END_HUNG, *_FRONT)


_THREE: Final = (
    "On a 2013 Client Access server and on a DAG member of 2016 or later MSExchangePop3 fails TLS, never"
    " finishes a login and is slow; on another DAG member MSExchangePOP3BE does not answer. "
)
_UNHEALTHY: Final = "PopCTPMonitor, PopProxyTestMonitor and AverageCommandProcessingTimeGt60sMonitor, or"
_SEES: Final = (
    f"{_UNHEALTHY} PopDeepTestMonitor and PopSelfTestMonitor, Unhealthy; probes fail after a restart."
)


def _scenario(name: str, title: str, breaks: str, sees: str, cure: str, **more: object) -> Scenario:
    return Scenario(name, title, breaks, sees, cure, group=Group.BRANCHES, prepare=quiet, **more)  # type: ignore[arg-type]


BRANCHES: Final = (
    _scenario(
        "two-restarts",
        "one restart of the service is not enough",
        "MSExchangePop3 of one front end never finishes a login, and after a restart hangs again at once.",
        "PopCTPMonitor Unhealthy; the probe fails before and after the first restart.",
        "Restart-Service MSExchangePop3, twice: the second is the one that takes up protocol logging.",
        begin=_two_restarts,
    ),
    _scenario(
        "restart-hangs",
        "the service does not stop",
        "MSExchangePOP3BE of one DAG member does not answer on its loopback address, and takes seven minutes"
        " to stop: Managed Availability's restarts, and a first one by hand, fail.",
        "PopSelfTestMonitor Unhealthy; Restart-Service says that it cannot be stopped; then it is Stopped.",
        "Restart-Service MSExchangePOP3BE once more, when it has stopped.",
        begin=_restart_hangs,
    ),
    _scenario(
        "reboot-cures",
        "only a restart of the computer helps",
        f"{_THREE}Only a restart of the computer ends it.",
        _SEES,
        "Restart-Computer: on a DAG member after its databases were moved away.",
        begin=_reboot_cures,
    ),
    _scenario(
        "reboot-no-help",
        "not even a restart of the computer helps",
        f"{_THREE}It comes back with the computer.",
        f"{_SEES} They fail after the restart of the computer, too.",
        "Nothing that the procedures know: escalate, with the evidence bundle.",
        begin=_reboot_no_help,
    ),
    _scenario(
        "failover-cures",
        "moving the databases away is the cure",
        "The databases that are active on one DAG member do not answer in time, whichever service is"
        " restarted there; their other copies do.",
        "PopDeepTestMonitor Unhealthy on one server; Healthy minutes after its databases have moved.",
        "Set-MailboxServer <server> -DatabaseCopyActivationDisabledAndMoveNow $true; no restart is needed.",
        begin=_failover_cures,
    ),
    _scenario(
        "left-behind",
        "one database stays",
        "The back end of a DAG member hangs; MaximumActiveDatabases of the other member leaves room for one"
        " of its two databases.",
        "target.room refuses (stop); overridden, one database moves and one stays, so nothing is restarted.",
        "Set-MailboxServer <other> -MaximumActiveDatabases $null, then the move again.",
        begin=_left_behind,
    ),
    _scenario(
        "services-down",
        "the POP3 services do not come back",
        f"{_THREE}A restart of the computer ends it, but leaves the POP3 services Stopped; the responders"
        " that would start them are switched off by overrides somebody left behind.",
        f"{_SEES} After the restart the POP3 services are Stopped.",
        "Restart-Computer, then Start-Service for the POP3 services.",
        begin=_services_down,
    ),
    _scenario(
        "no-return",
        "the computer does not come back",
        f"{_THREE}Restarted, the computers stay down.",
        f"{_SEES} After Restart-Computer the server answers no more.",
        "Its console: in the lab the control endpoint's action start.",
        begin=_no_return,
    ),
    _scenario(
        "no-probe",
        "the probes cannot be run by hand",
        f"{_THREE}No probe of these servers can be run by hand, so none names a mailbox server either.",
        f"{_SEES} By hand a probe gives a warning and nothing else.",
        "Restart-Computer; but a probe that could not be run is no reason for it: the procedures escalate.",
        begin=_no_probe,
    ),
    _scenario(
        "second-operator",
        "somebody else works on the same server",
        "The back end of a DAG member hangs until a reboot; half an hour after the lab opens"
        f" {SOMEBODY} sets its DatabaseCopyAutoActivationPolicy to IntrasiteOnly.",
        "A run that had set Blocked by then asks before it puts the policy back.",
        "Restart-Computer; which policy is to stay, the two have to agree upon.",
        begin=_second_operator,
    ),
    _scenario(
        "standalone",
        "a Mailbox server outside a DAG",
        "POP of a Mailbox server of 2016 or later in no DAG hangs in every way, until a reboot.",
        "All of its POP monitors Unhealthy; the procedures escalate, for its databases cannot move.",
        "Restart-Computer, as an outage that is planned.",
        servers=_STANDALONE,
        begin=_outside,
    ),
)

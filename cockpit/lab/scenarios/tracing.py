"""The scenarios of tracing: what tells the mailbox server behind a failing touch point, and what does not.

In all of them but ``logging-restart`` and ``log-disk-full`` the touch points of the front ends before one DAG
fail, and no reply that the probes get names the mailbox server: whether every build's probe finds it there is
not in the sheet (§9).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from cockpit.exchange.catalogue import BACK_END_SERVICE, FRONT_END_SERVICE
from cockpit.lab.faults import Fault, Kind, cured_by
from cockpit.lab.organization import STORE, Organization, Server
from cockpit.lab.scenarios.base import (
    EARLIER,
    Group,
    Scenario,
    access_server,
    act,
    behind_front_ends,
    front_ends,
    leave_databases,
    override,
)
from cockpit.lab.simulation import Simulation


def _logging(organization: Organization) -> None:
    """Protocol logging has been on everywhere since the services started; probes name no mailbox server."""
    _nameless(organization)
    for server in organization.servers.values():
        server.pop.protocol_log_enabled = True


def _nameless(organization: Organization) -> None:
    leave_databases(organization)
    for server in organization.servers.values():
        server.probes_name_mailbox_server = False


def _gathered(organization: Organization) -> Server:
    """The mailbox server behind the front ends, which now holds all active databases of its DAG."""
    victim = behind_front_ends(organization)
    for database in organization.databases.values():
        if database.copy_on(victim.name) is not None:
            database.active = victim.name
    return victim


def _store_sick(simulation: Simulation) -> None:
    victim = _gathered(simulation.organization)
    simulation.faults.add(Fault(Kind.STORE_SICK, victim.name, EARLIER, cured_by=cured_by(STORE)))


def _lost_replies(simulation: Simulation) -> None:
    victim = access_server(simulation.organization)
    simulation.faults.add(
        Fault(
            *(Kind.FRONT_END_LOSES_REPLY, victim.name, EARLIER),
            cured_by=cured_by(FRONT_END_SERVICE),
            automatic_restart_fails=True,
        )
    )


def _clocks(organization: Organization) -> None:
    _logging(organization)
    victim = behind_front_ends(organization)
    fronts = [s for s in front_ends(organization) if s.site == victim.site] or front_ends(organization)
    for server, error in zip(fronts, (420.0, -130.0), strict=False):
        server.clock_error = error
    victim.clock_error = -250.0
    victim.utc_offset = -300 if victim.utc_offset != -300 else 330


def _silent(simulation: Simulation) -> None:
    victim = _gathered(simulation.organization)
    simulation.faults.add(
        Fault(
            *(Kind.BACK_END_HUNG, victim.name, EARLIER),
            cured_by=cured_by(BACK_END_SERVICE),
            automatic_restart_fails=True,
        )
    )


def _login_hung(simulation: Simulation) -> Server:
    victim = access_server(simulation.organization)
    simulation.faults.add(
        Fault(
            *(Kind.FRONT_END_LOGIN_HUNG, victim.name, EARLIER),
            cured_by=cured_by(FRONT_END_SERVICE),
            automatic_restart_fails=True,
        )
    )
    return victim


def _disk_full(simulation: Simulation) -> None:
    act(simulation, _login_hung(simulation), "set-volume", free=4096)


def _restart_hangs(simulation: Simulation) -> None:
    victim = access_server(simulation.organization)
    # Else the probes that fail meanwhile would turn PopProxy Inactive, and the service could not start.
    override(victim, "PopProxyTestCafeOffline")
    act(simulation, victim, "set-service", service=FRONT_END_SERVICE, stop_seconds=400.0)


_DAG: Final = (
    "The information store of the mailbox server that holds all active databases of its DAG is sick. "
)
_CURE: Final = "Restart-Service MSExchangeIS on that mailbox server."
_Prepare = Callable[[Organization], None]


def _scenario(
    name: str,
    title: str,
    breaks: str,
    sees: str,
    cure: str,
    begin: Callable[[Simulation], None],
    prepare: _Prepare = _logging,
) -> Scenario:
    return Scenario(name, title, breaks, sees, cure, group=Group.TRACING, prepare=prepare, begin=begin)


TRACING: Final = (
    _scenario(
        "trace-by-log",
        "only the log names the mailbox server",
        f"{_DAG}Protocol logging is on everywhere.",
        "PopCTPMonitor Unhealthy on its front ends; StateAttribute4 is empty; the front ends' logs name the"
        " server, its own log has the refused logins, and PopDeepTestMonitor is Unhealthy there.",
        _CURE,
        _store_sick,
    ),
    _scenario(
        "trace-front-end",
        "the log names a mailbox server that is well",
        "MSExchangePop3 of one front end logs in at the back end and never tells the client. Protocol logging"
        " is on everywhere.",
        "PopCTPMonitor Unhealthy on one front end; EndReadFailure, StateAttribute4 is empty; its log names"
        " servers whose own logs have the logins, and where all is Healthy: the fault is the front end's.",
        "Restart-Service MSExchangePop3 on that front end.",
        _lost_replies,
    ),
    _scenario(
        "trace-no-log",
        "nothing names the mailbox server",
        f"{_DAG}Protocol logging is off everywhere.",
        "PopCTPMonitor Unhealthy on its front ends; StateAttribute4 is empty and there is no log. Of the"
        " evidence only the databases of the monitoring mailboxes are left.",
        _CURE,
        _store_sick,
        _nameless,
    ),
    _scenario(
        "trace-clocks",
        "clocks minutes apart, in other time zones",
        f"{_DAG}Protocol logging is on everywhere; the clocks of the front ends and of that server are up to"
        " eleven minutes apart, and its time zone is another.",
        "As trace-by-log; times of probes and of the two logs agree only when each clock's error is taken"
        " off.",
        _CURE,
        _store_sick,
        _clocks,
    ),
    _scenario(
        "trace-unconfirmed",
        "the named server's own log does not confirm",
        "MSExchangePOP3BE of the mailbox server that holds all active databases of its DAG takes connections"
        " and says nothing. Protocol logging is on everywhere.",
        "PopCTPMonitor Unhealthy on its front ends, whose logs name the server; in its own log no session"
        " is to be found.",
        "Restart-Service MSExchangePOP3BE on that mailbox server.",
        _silent,
    ),
    _scenario(
        "log-disk-full",
        "no room for a log at all",
        "MSExchangePop3 on one front end never finishes a login. Its volume C: has 4 KB free.",
        "PopCTPMonitor Unhealthy on one front end; logging switched on there brings no line.",
        "Room on C:; then Restart-Service MSExchangePop3.",
        _disk_full,
        leave_databases,
    ),
    _scenario(
        "logging-restart",
        "the service does not restart for its log",
        "Everything works, but MSExchangePop3 of one front end takes seven minutes to stop; the responder"
        " that would take PopProxy offline meanwhile is switched off by an override somebody left behind.",
        "All monitors Healthy. Restart-Service says that the service cannot be stopped; then it is Stopped.",
        "Start-Service MSExchangePop3, when it has stopped.",
        _restart_hangs,
        leave_databases,
    ),
)

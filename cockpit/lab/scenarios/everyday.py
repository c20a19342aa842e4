"""The scenarios of everyday: what goes wrong with POP, and what cures it.

Why the restarts that Managed Availability does at 2 and 20 minutes have not cured a fault by the time the
lab opens is said in ``breaks``; it is always one of: a cause elsewhere, an override, a restart that failed.
"""

from __future__ import annotations

from typing import Final

from cockpit.exchange.catalogue import BACK_END_SERVICE, FRONT_END_SERVICE
from cockpit.lab.faults import Fault, Kind, cured_by
from cockpit.lab.organization import HEALTH_MANAGER, MANUAL, STORE, Organization, Server, stop
from cockpit.lab.scenarios.base import (
    EARLIER,
    RECENT,
    Scenario,
    back_ends,
    behind_front_ends,
    front_ends,
    leave_databases,
    member,
    override,
)
from cockpit.lab.simulation import WARM_UP, Simulation


def _transient(simulation: Simulation, server: Server | None = None) -> None:
    victim = server or front_ends(simulation.organization)[0]
    ended = WARM_UP - 90.0
    simulation.faults.add(Fault(Kind.FRONT_END_LOGIN_HUNG, victim.name, WARM_UP - 2400.0, ended=ended))
    # Its next scheduled run is late: the health manager's worker is behind.
    key = (victim.name, "PopCTPMonitor")
    simulation.engine.at(ended, lambda _: simulation.engine.held.__setitem__(key, WARM_UP + 900.0))


def _ctp_frontend(simulation: Simulation, server: Server | None = None, restarts: int = 1) -> None:
    victim = server or front_ends(simulation.organization)[0]
    simulation.faults.add(
        Fault(
            *(Kind.FRONT_END_LOGIN_HUNG, victim.name, EARLIER),
            cured_by=cured_by(FRONT_END_SERVICE),
            restarts=restarts,
            automatic_restart_fails=True,
        )
    )


def _ctp_backend(simulation: Simulation) -> None:
    organization = simulation.organization
    leave_databases(organization)
    victim = behind_front_ends(organization)
    for database in organization.databases.values():
        if database.copy_on(victim.name) is not None:
            database.active = victim.name
    simulation.faults.add(Fault(Kind.STORE_SICK, victim.name, EARLIER, cured_by=cured_by(STORE)))


def _deep_database(simulation: Simulation, server: Server | None = None) -> None:
    organization = simulation.organization
    leave_databases(organization)
    victim = server or member(organization)
    kept = organization.active_on(victim.name)[0]
    for database in organization.active_on(victim.name)[1:]:
        others = [c.server for c in database.copies if c.server != victim.name]
        if others:
            database.active = others[0]
    simulation.faults.add(Fault(Kind.DATABASE_SICK, victim.name, EARLIER, database=kept.name))


def _bad_password(simulation: Simulation, server: Server | None = None) -> None:
    organization = simulation.organization
    victim = server or member(organization)
    for database in organization.active_on(victim.name):
        simulation.faults.add(Fault(Kind.BAD_PASSWORD, victim.name, EARLIER, database=database.name))


def _selftest_hung(simulation: Simulation, server: Server | None = None) -> None:
    victim = server or back_ends(simulation.organization)[0]
    override(victim, "PopSelfTestRestartService", "PopSelfTestRestartServiceLate")
    simulation.faults.add(Fault(Kind.LOOPBACK_HUNG, victim.name, RECENT, cured_by=cured_by(BACK_END_SERVICE)))


def _proxy_broken(simulation: Simulation, server: Server | None = None) -> None:
    victim = server or front_ends(simulation.organization)[0]
    simulation.faults.add(
        Fault(Kind.FRONT_END_TLS, victim.name, EARLIER, cured_by=cured_by(FRONT_END_SERVICE))
    )


def _slow_commands(simulation: Simulation, server: Server | None = None) -> None:
    victim = server or front_ends(simulation.organization)[0]
    simulation.faults.add(
        Fault(
            *(Kind.SLOW_COMMANDS, victim.name, RECENT - 300),
            cured_by=cured_by(FRONT_END_SERVICE if victim.has_front_end else BACK_END_SERVICE),
        )
    )


def _stop_health_manager(server: Server) -> None:
    for name in (HEALTH_MANAGER, "MSExchangeHMRecovery"):
        service = server.service(name)
        if service is not None:
            stop(service)


def _health_manager_down(organization: Organization) -> None:
    for server in organization.servers.values():
        _stop_health_manager(server)


def _unmonitor(server: Server) -> None:
    for name in (FRONT_END_SERVICE, BACK_END_SERVICE):
        service = server.service(name)
        if service is not None:
            service.start_type = MANUAL
            stop(service)


def _not_monitored(organization: Organization) -> None:
    for server in organization.servers.values():
        _unmonitor(server)


def _mixed_prepare(organization: Organization) -> None:
    """Which servers are left to ``_mixed`` is decided by ``_mixed_victims``."""
    victims = _mixed_victims(organization)
    _stop_health_manager(victims["healthmanager-down"])
    _unmonitor(victims["not-monitored"])


def _mixed_victims(organization: Organization) -> dict[str, Server]:
    """One server for each fault of ``mixed``; in a small fleet a server may get several."""
    fronts = [s for s in front_ends(organization) if not s.has_back_end] or front_ends(organization)
    # Deep tests need two DAGs: a database of a DAG is behind the touch point of its members.
    backs = back_ends(organization)
    names = ("selftest-hung", "deep-database", "healthmanager-down", "not-monitored", "slow-commands")
    found = {name: backs[number * 3 % len(backs)] for number, name in enumerate(names)}
    found["ctp-frontend"] = fronts[0]
    found["transient"] = fronts[1 % len(fronts)]
    found["proxy-broken"] = fronts[2 % len(fronts)]
    found["bad-password"] = backs[-1]
    found["stale"] = backs[-2 % len(backs)]
    return found


def _mixed(simulation: Simulation) -> None:
    victims = _mixed_victims(simulation.organization)
    _ctp_frontend(simulation, victims["ctp-frontend"], restarts=2)
    _transient(simulation, victims["transient"])
    _proxy_broken(simulation, victims["proxy-broken"])
    _selftest_hung(simulation, victims["selftest-hung"])
    _deep_database(simulation, victims["deep-database"])
    _slow_commands(simulation, victims["slow-commands"])
    _bad_password(simulation, victims["bad-password"])
    stale = victims["stale"]
    simulation.knobs[stale.name].stale = True
    simulation.engine.at(WARM_UP - 1500.0, lambda _: simulation.set_stale(stale, True))


EVERYDAY: Final = (
    Scenario(
        "healthy",
        "everything works",
        "Nothing.",
        "All monitors of the POP health sets Healthy on every server.",
        "Nothing to cure.",
    ),
    Scenario(
        "transient",
        "a fault that has ended",
        "Logins through one front end hung for a while and work again. The health manager's worker is"
        " behind and runs the next PopCTPProbe only 15 minutes after the lab opens.",
        "PopCTPMonitor Unhealthy on one server; a probe run by hand succeeds, again and again.",
        "Nothing: the monitor turns Healthy by itself with its next scheduled probe. Restarting"
        " MSExchangeHM on the server makes that happen within some minutes.",
        begin=_transient,
    ),
    Scenario(
        "ctp-frontend",
        "a front end that never finishes a login",
        "MSExchangePop3 on one front end answers TLS and CAPA (so PopProxyTestProbe succeeds) but hangs"
        " after the user name. Managed Availability's own restarts are recorded as Failed: the hung"
        " process does not stop within the responder's time limit.",
        "PopCTPMonitor Unhealthy on that server; the probe fails with EndReadFailure (PopImap) and"
        " StateAttribute4 is empty: the session was never proxied.",
        "Restart-Service MSExchangePop3 on that server.",
        begin=_ctp_frontend,
    ),
    Scenario(
        "ctp-backend",
        "a mailbox server behind the front ends is sick",
        "The information store of one mailbox server, which holds all active databases of its DAG, does"
        " not answer in time. Restarts of the POP3 services change nothing: the cause is the store.",
        "PopCTPMonitor Unhealthy on every front end that proxies there, the probe naming that server in"
        " StateAttribute4; on that server itself PopDeepTestMonitor and two monitors of Store Unhealthy.",
        "Restart-Service MSExchangeIS on that mailbox server, or moving its active databases to"
        " another one, or rebooting it.",
        begin=_ctp_backend,
    ),
    Scenario(
        "deep-database",
        "one database cannot be opened",
        "The active copy of one database does not answer in time on its server. It is the only database"
        " active there, so every deep test there fails. Restarting the back end changes nothing.",
        "PopDeepTestMonitor Unhealthy on one server; PopDeepTestProbe\\<database> fails (Store,"
        " MapiExceptionTimeout), its ResultName ends in the database's name.",
        "Another copy of that database active (Set-MailboxServer"
        " -DatabaseCopyActivationDisabledAndMoveNow $true), or a reboot of the server.",
        begin=_deep_database,
    ),
    Scenario(
        "bad-password",
        "the monitoring mailboxes' password is out of step",
        "The health manager of one server logs in to its monitoring mailboxes with an old password.",
        "PopDeepTestMonitor Unhealthy on one server (in a DAG, touch points may fail too);"
        " StateAttribute2 of the probe carries the password in clear: it must not show anywhere.",
        "Restart-Service MSExchangeHM on that server: its worker makes the mailboxes anew.",
        begin=_bad_password,
    ),
    Scenario(
        "selftest-hung",
        "a back end that does not answer on its loopback address",
        "MSExchangePOP3BE on one server accepts connections on 127.0.0.1:1995 and says nothing. Its"
        " binding on the server's own address still works, so deep and touch point tests, which come in"
        " there, succeed. The restart responders are switched off by overrides somebody left behind.",
        "PopSelfTestMonitor Unhealthy on that one server and no other monitor Unhealthy anywhere; the"
        " probe times out.",
        "Restart-Service MSExchangePOP3BE on that server.",
        begin=_selftest_hung,
    ),
    Scenario(
        "proxy-broken",
        "a front end taken out by Managed Availability",
        "MSExchangePop3 on one front end failed its TLS negotiation; PopProxyTestCafeOffline set PopProxy"
        " Inactive (requester HealthApi), which stops the service. The restart responders cannot"
        " start it.",
        "PopProxyTestMonitor Unhealthy (set Offline) and PopCTPMonitor Unhealthy on that server;"
        " component PopProxy Inactive; service MSExchangePop3 stopped, and it stops again when started.",
        "Set-ServerComponentState <server> -Component PopProxy -Requester HealthAPI -State Active, then"
        " Start-Service MSExchangePop3.",
        begin=_proxy_broken,
    ),
    Scenario(
        "slow-commands",
        "POP commands take over a minute on average",
        "A front end's counter Average Command Processing Time is above 60,000 ms. The only responder of"
        " its monitor escalates.",
        "AverageCommandProcessingTimeGt60sMonitor Unhealthy on one server. There is no probe to run.",
        "Restart-Service MSExchangePop3 on that server; the monitor is Healthy within 5 minutes.",
        begin=_slow_commands,
    ),
    Scenario(
        "healthmanager-down",
        "no health manager answers",
        "MSExchangeHM is stopped on every server.",
        "Get-ServerHealth gives a warning and one Unknown row, with -HealthSet a warning and nothing."
        " State unknown, never healthy.",
        "Start-Service MSExchangeHM on every server.",
        prepare=_health_manager_down,
    ),
    Scenario(
        "not-monitored",
        "POP is not in use",
        "The POP3 services are Manual and stopped on every server, as after an installation; they were so"
        " when the health managers started.",
        "No row of the POP health sets anywhere, and no warning: POP is not monitored here.",
        "Set-Service -StartupType Automatic and Start-Service for the POP3 services, then Restart-Service"
        " MSExchangeHM, on every server.",
        prepare=_not_monitored,
    ),
    Scenario(
        "mixed",
        "many things at once in a larger fleet",
        "On different servers: ctp-frontend (two restarts needed), transient, proxy-broken,"
        " selftest-hung, deep-database, slow-commands, bad-password, one health manager down,"
        " one server without monitored POP, one with stale rows.",
        "A bit of everything.",
        "For each server what its own scenario says; stale rows: Restart-Service MSExchangeHM.",
        servers=24,
        prepare=_mixed_prepare,
        begin=_mixed,
    ),
)

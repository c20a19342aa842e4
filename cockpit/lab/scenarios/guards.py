"""The scenarios of the guards: each a fault that recovery would act on, and one thing that speaks against it.

Those of a back end are on the first DAG member of 2016 or later: its MSExchangePOP3BE hangs until the
computer is restarted, so that a plan for PopDeepTestMonitor has the whole way before it. Those of a front
end are on the first front end outside a DAG, for PopCTPMonitor.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from cockpit.exchange.catalogue import BACK_END_SERVICE, FRONT_END_SERVICE
from cockpit.lab.faults import Fault, Kind, cured_by
from cockpit.lab.organization import Database, Organization, Server, Site
from cockpit.lab.scenarios.base import (
    LONG_AGO,
    SOMEBODY,
    Group,
    Scenario,
    access_server,
    act,
    act_at,
    dag_of,
    member,
    override,
    partners,
    quiet,
    until_reboot,
)
from cockpit.lab.simulation import WARM_UP, Simulation

_GIB: Final = 1024**3
_WEEK: Final = 7 * 86_400.0
_THREE: Final = 11
"""Servers of a lab in which one DAG has three members."""
_COMMENT: Final = "disk being replaced"

_Change = Callable[[Simulation, Server], None]
_WithPartner = Callable[[Simulation, Server, Server], None]


def _three(organization: Organization) -> Server:
    """The first member of a DAG of three; in a lab without one the usual victim."""
    for dag in organization.dags.values():
        if len(dag.servers) == 3:
            return organization.server(dag.servers[0])
    return member(organization)


def _back(change: _Change, victim: Callable[[Organization], Server] = member) -> Callable[[Simulation], None]:
    def begin(simulation: Simulation) -> None:
        server = victim(simulation.organization)
        until_reboot(simulation, server, Kind.BACK_END_HUNG)
        change(simulation, server)

    return begin


def _front(change: _Change) -> Callable[[Simulation], None]:
    def begin(simulation: Simulation) -> None:
        server = access_server(simulation.organization)
        override(server, "PopProxyTestCafeOffline")
        simulation.faults.add(
            Fault(
                *(Kind.FRONT_END_LOGIN_HUNG, server.name, LONG_AGO),
                cured_by=cured_by(FRONT_END_SERVICE),
                automatic_restart_fails=True,
            )
        )
        change(simulation, server)

    return begin


def _partner(change: _WithPartner) -> _Change:
    """What concerns another member of the DAG; nothing where there is none."""

    def both(simulation: Simulation, server: Server) -> None:
        others = partners(simulation.organization, server)
        if others:
            change(simulation, server, others[0])

    return both


def _first(simulation: Simulation, server: Server) -> Database:
    """The first database that is active on ``server``."""
    return simulation.organization.active_on(server.name)[0]


def _copy(simulation: Simulation, server: Server, partner: Server, **fields: object) -> None:
    act(simulation, partner, "set-copy", database=_first(simulation, server).name, **fields)


def _suspended(simulation: Simulation, server: Server, partner: Server) -> None:
    _copy(
        *(simulation, server, partner),
        status="Suspended",
        activation_suspended=True,
        suspend_comment=_COMMENT,
        action_initiator="Administrator",
    )


def _single(simulation: Simulation, server: Server, partner: Server) -> None:
    act(simulation, partner, "remove-copy", database=_first(simulation, server).name)


def _no_room(simulation: Simulation, _: Server, partner: Server) -> None:
    held = len(simulation.organization.active_on(partner.name))
    act(simulation, partner, "set-server", maximum_active_databases=held)


def _seeding(simulation: Simulation, server: Server, partner: Server) -> None:
    """A database that is active on the partner is seeded onto the third from the victim's passive copy."""
    others = partners(simulation.organization, server)
    database = _first(simulation, partner)
    if len(others) > 1 and database.copy_on(server.name) is not None:
        act(simulation, others[1], "seed-copy", database=database.name, source=server.name)


def _witness_down(simulation: Simulation, server: Server) -> None:
    if dag_of(simulation.organization, server) is not None:
        act(simulation, server, "set-witness", up=False)


def _active_manager(simulation: Simulation, server: Server) -> None:
    if dag_of(simulation.organization, server) is not None:
        act(simulation, server, "move-active-manager")


def _backup(simulation: Simulation, server: Server) -> None:
    act(simulation, server, "set-database", database=_first(simulation, server).name, backup_in_progress=True)


def _acting(simulation: Simulation, server: Server) -> None:
    act_at(simulation, WARM_UP - 60.0, server, "managed-availability", service=BACK_END_SERVICE)


def _disabled(simulation: Simulation, server: Server) -> None:
    override(server, "PopProxyTestCafeOffline")
    act(simulation, server, "set-service", service=FRONT_END_SERVICE, start_type="Disabled")
    act(simulation, server, "stop-service", service=FRONT_END_SERVICE)


def _alone(organization: Organization) -> None:
    quiet(organization)
    server = member(organization)
    site = organization.sites.setdefault("Branch", Site("Branch", server.utc_offset))
    server.site = site.name


_BACK: Final = "The back end of a DAG member hangs until a reboot. "
_FRONT: Final = "A front end never finishes a login. "
_PLAN: Final = "The plan for PopDeepTestMonitor: "
_FRONT_PLAN: Final = "The plan for PopCTPMonitor: "


def _scenario(
    name: str,
    title: str,
    breaks: str,
    sees: str,
    cure: str,
    begin: Callable[[Simulation], None],
    *,
    servers: int = 8,
    prepare: Callable[[Organization], None] = quiet,
) -> Scenario:
    return Scenario(name, title, breaks, sees, cure, servers, Group.GUARDS, prepare, begin)


_COPIES: Final = (
    _scenario(
        "copy-suspended",
        "the only other copy of a database is suspended",
        f'{_BACK}The other copy of one of its databases is Suspended ("{_COMMENT}").',
        f"{_PLAN}copies.elsewhere refuses (hard) and names the database.",
        "Resume-MailboxDatabaseCopy <database>\\<server>.",
        _back(_partner(_suspended)),
    ),
    _scenario(
        "copy-queue",
        "the only other copy of a database is far behind",
        f"{_BACK}The other copy of one of its databases has 250 logs to fetch.",
        f"{_PLAN}copies.elsewhere refuses (hard): copy queue 250.",
        "The log copier catching up: below 10 it may be activated.",
        _back(_partner(lambda s, v, p: _copy(s, v, p, copy_queue=250))),
    ),
    _scenario(
        "lagged-only",
        "the only other copy of a database is a lagged one",
        f"{_BACK}The other copy of one of its databases replays seven days late.",
        f"{_PLAN}copies.lagged refuses (stop). Overridden, the database stays where it is.",
        "Another copy without replay lag.",
        _back(_partner(lambda s, v, p: _copy(s, v, p, replay_lag=_WEEK))),
    ),
    _scenario(
        "single-copy",
        "one database has no other copy",
        f"{_BACK}One of its databases is not replicated.",
        f"{_PLAN}copies.elsewhere (hard) and databases.unreplicated (stop) name the database.",
        "Add-MailboxDatabaseCopy <database> -MailboxServer <server>, and time to seed it.",
        _back(_partner(_single)),
    ),
    _scenario(
        "one-copy-left",
        "a database has only one fit copy left in a DAG of three",
        f"{_BACK}One of the two other copies of one of its databases is Suspended.",
        f"{_PLAN}copies.elsewhere refuses (stop): only one fit copy elsewhere.",
        "Resume-MailboxDatabaseCopy <database>\\<server>.",
        _back(_partner(_suspended), _three),
        servers=_THREE,
    ),
    _scenario(
        "seeding-source",
        "a copy on the server is what another one is seeded from",
        f"{_BACK}Its passive copy of a database is the source of a seed onto the third member.",
        f"{_PLAN}copies.seeding (stop) and backup.running (hard) name the copy: SeedingSource.",
        "The end of the seed.",
        _back(_partner(_seeding), _three),
        servers=_THREE,
    ),
    _scenario(
        "no-room",
        "the other member has its maximum number of active databases",
        f"{_BACK}MaximumActiveDatabases of the other member is as many as it has active.",
        f"{_PLAN}target.room refuses (stop) for every database. Overridden, they stay where they are.",
        "Set-MailboxServer <other> -MaximumActiveDatabases $null.",
        _back(_partner(_no_room)),
    ),
    _scenario(
        "backup",
        "a backup of a database is running",
        f"{_BACK}One of its databases is being backed up.",
        f"{_PLAN}databases.backup refuses (stop) the move, backup.running (hard) the restart.",
        "The end of the backup.",
        _back(_backup),
    ),
)

_DAG: Final = (
    _scenario(
        "target-blocked",
        "somebody has blocked the other member",
        f"{_BACK}DatabaseCopyAutoActivationPolicy of the other member is Blocked, by {SOMEBODY}.",
        f"{_PLAN}others.marks (stop) names the other member; copies.elsewhere refuses (hard).",
        "Set-MailboxServer <other> -DatabaseCopyAutoActivationPolicy Unrestricted, once its owner agrees.",
        _back(_partner(lambda s, _, p: act(s, p, "set-policy", policy="Blocked"))),
    ),
    _scenario(
        "node-paused",
        "the other member's cluster node is paused",
        f"{_BACK}Somebody has paused the cluster node of the other member.",
        f"{_PLAN}others.marks (stop), copies.elsewhere and members.up (hard) name it.",
        "Resume-ClusterNode <other>.",
        _back(_partner(lambda s, _, p: act(s, p, "pause-node"))),
    ),
    _scenario(
        "in-maintenance",
        "the other member is in maintenance",
        f"{_BACK}ServerWideOffline of the other member is Inactive by Maintenance.",
        f"{_PLAN}others.marks refuses (stop) and names the component.",
        "Set-ServerComponentState <other> -Component ServerWideOffline -Requester Maintenance -State Active.",
        _back(
            _partner(
                lambda s, _, p: act(s, p, "set-component", component="ServerWideOffline", state="Inactive")
            )
        ),
    ),
    _scenario(
        "quorum-edge",
        "a member of a DAG of three is down",
        f"{_BACK}Another member of its DAG of three is down: without both there is no quorum.",
        f"{_PLAN}dag.quorum and members.up refuse (hard), copies.elsewhere (stop): one fit copy is left.",
        "The other member up again.",
        _back(_partner(lambda s, _, p: act_at(s, WARM_UP - 1200.0, p, "kill")), _three),
        servers=_THREE,
    ),
    _scenario(
        "witness-down",
        "the witness of a DAG of two is down",
        f"{_BACK}The witness server of its DAG of two does not answer.",
        f"{_PLAN}dag.quorum refuses (hard): one voter of three would be left.",
        "The witness server up again.",
        _back(_witness_down),
    ),
    _scenario(
        "pam-here",
        "the server is the Primary Active Manager",
        f"{_BACK}It is the Primary Active Manager of its DAG.",
        f"{_PLAN}pam.elsewhere refuses (stop) before the restart of the computer.",
        "Move-ClusterGroup 'Cluster Group' on a member.",
        _back(_active_manager),
    ),
    _scenario(
        "movenow-left",
        "MoveNow was left on",
        f"{_BACK}DatabaseCopyActivationDisabledAndMoveNow of it is on, left behind by {SOMEBODY}.",
        f"{_PLAN}others.marks refuses (stop). Overridden, the run leaves it on, as it was.",
        "Set-MailboxServer <server> -DatabaseCopyActivationDisabledAndMoveNow $false, once its owner agrees.",
        _back(lambda s, v: act(s, v, "set-move-now", value=True)),
    ),
    _scenario(
        "policy-blocked",
        "the server itself was blocked before",
        f"{_BACK}Its DatabaseCopyAutoActivationPolicy has been Blocked for long, by {SOMEBODY}.",
        f"{_PLAN}others.marks refuses (stop). Overridden, it is Blocked after the run as before it.",
        "Nothing: it is how this server is meant to be.",
        _back(lambda s, v: act(s, v, "set-policy", policy="Blocked")),
    ),
    _scenario(
        "policy-intrasite",
        "the server's policy is IntrasiteOnly",
        f"{_BACK}Its DatabaseCopyAutoActivationPolicy is IntrasiteOnly.",
        f"{_PLAN}nothing refuses; prior.stored says IntrasiteOnly, which is there again after the run.",
        "Nothing: it is how this server is meant to be.",
        _back(lambda s, v: act(s, v, "set-policy", policy="IntrasiteOnly")),
    ),
)

_SERVER: Final = (
    _scenario(
        "setup-running",
        "Exchange Setup is running on the server",
        f"{_BACK}ExSetup runs there.",
        f"{_PLAN}others.setup refuses (stop) before every change.",
        "The end of Setup.",
        _back(lambda s, v: act_at(s, WARM_UP - 300.0, v, "start-process", process="ExSetup")),
    ),
    _scenario(
        "ma-acting",
        "Managed Availability has just acted",
        f"{_BACK}A minute before the lab opens its responder restarts MSExchangePOP3BE once more.",
        f"{_PLAN}others.managed_availability refuses (stop) for a quarter of an hour.",
        "Time: after 15 minutes without an action it lets pass.",
        _back(_acting),
    ),
    _scenario(
        "pool-of-one",
        "no other server serves the site",
        f"{_BACK}It is the only server of its site.",
        f"{_PLAN}pool.others refuses (stop).",
        "Nothing: somebody has to say why it must be now.",
        _back(lambda _, __: None),
        prepare=_alone,
    ),
)


def _logs_already(simulation: Simulation, victim: Server) -> None:
    """Set, and taken up: the service was restarted since."""
    act(simulation, victim, "set-logging", enabled=True)
    act(simulation, victim, "restart-service", service=FRONT_END_SERVICE)


_FRONTS: Final = (
    _scenario(
        "low-disk",
        "little room where the log goes",
        f"{_FRONT}Its volume C: has 1 GB free.",
        f"{_FRONT_PLAN}logging.space refuses (stop).",
        "Room: 2 GB free.",
        _front(lambda s, v: act(s, v, "set-volume", free=_GIB)),
    ),
    _scenario(
        "logging-on",
        "protocol logging was on already",
        f"{_FRONT}ProtocolLogEnabled has been on for long.",
        f"{_FRONT_PLAN}nothing refuses; logging.prior says that it stays on.",
        "Restart-Service MSExchangePop3 on that server.",
        _front(_logs_already),
    ),
    _scenario(
        "popproxy-maintenance",
        "PopProxy taken out for maintenance",
        f"PopProxy of a front end is Inactive by Maintenance, set by {SOMEBODY}: its POP3 service stops by"
        " design.",
        f"{_FRONT_PLAN}popproxy.active and others.marks refuse (stop); only that requester can take it back.",
        "Set-ServerComponentState <server> -Component PopProxy -Requester Maintenance -State Active, then"
        " Start-Service MSExchangePop3.",
        _front(lambda s, v: act(s, v, "set-component", component="PopProxy", state="Inactive")),
    ),
    _scenario(
        "service-disabled",
        "the POP3 service is Disabled",
        "MSExchangePop3 of a front end was set to Disabled and stopped after the health manager had started.",
        f"{_FRONT_PLAN}service.right refuses (stop): start type Disabled.",
        "Set-Service MSExchangePop3 -StartupType Automatic, then Start-Service MSExchangePop3.",
        _front(_disabled),
    ),
)

GUARDS: Final = (*_COPIES, *_DAG, *_SERVER, *_FRONTS)

"""Builds an organization from a number of servers and a seed, the same one every time.

Eight servers (the demo): a 2019 pair, a 2016 pair, a 2013 mailbox pair, each a DAG, and two 2013
Client Access servers, in two sites. Above that, groups of sixteen: two Client Access servers, a
DAG of two 2013 mailbox servers, DAGs of four 2016, 2019 and 2013 multi-role servers.
"""

from __future__ import annotations

import random
from typing import Final

from cockpit.exchange.catalogue import BACK_END_SERVICE, FRONT_END_SERVICE
from cockpit.exchange.model import Role, Version
from cockpit.lab.components import ACTIVE, Vote
from cockpit.lab.organization import (
    AUTOMATIC,
    CLUSTER,
    HEALTH_MANAGER,
    MANUAL,
    REPLICATION,
    RUNNING,
    STOPPED,
    STORE,
    Copy,
    Dag,
    Database,
    Organization,
    Server,
    Site,
    Volume,
    WindowsService,
)

DOMAIN: Final = "lab.example"
SITES: Final = (("North", 60), ("South", 120), ("West", -300), ("East", 330), ("Harbour", 0), ("Upland", 60))

PREFERENCE_MOVES: Final = 3600.0
"""PreferenceMoveFrequency of 2016 CU2 and later: 1 h [A]."""
_GIB: Final = 1024**3

_MAILBOX = frozenset({Role.MAILBOX})
_ACCESS = frozenset({Role.CLIENT_ACCESS})
_BUILDS: Final = {
    Version.E2013: (15, 0, 1497, 48),
    Version.E2016: (15, 1, 2507, 39),
    Version.E2019: (15, 2, 1544, 11),
}

# prefix of the names, version, roles, size of a group, whether the group is a DAG
_Kind = tuple[str, Version, frozenset[Role], int, bool]
_DEMO: Final[tuple[_Kind, ...]] = (
    ("EX19-", Version.E2019, _MAILBOX, 2, True),
    ("EX16-", Version.E2016, _MAILBOX, 2, True),
    ("EX13-MBX", Version.E2013, _MAILBOX, 2, True),
    ("EX13-CAS", Version.E2013, _ACCESS, 2, False),
)
_CYCLE: Final[tuple[_Kind, ...]] = (
    ("EX13-CAS", Version.E2013, _ACCESS, 2, False),
    ("EX13-MBX", Version.E2013, _MAILBOX, 2, True),
    ("EX16-", Version.E2016, _MAILBOX, 4, True),
    ("EX19-", Version.E2019, _MAILBOX, 4, True),
    ("EX13-MR", Version.E2013, _MAILBOX | _ACCESS, 4, True),
)

# name, display name, start type, tier it needs; names and states as on real servers [B], the rest [M]
_SERVICES: Final = (
    ("MSExchangeADTopology", "Microsoft Exchange Active Directory Topology", AUTOMATIC, None),
    ("MSExchangeDiagnostics", "Microsoft Exchange Diagnostics", AUTOMATIC, None),
    ("MSExchangeFrontEndTransport", "Microsoft Exchange Frontend Transport", AUTOMATIC, Role.CLIENT_ACCESS),
    (HEALTH_MANAGER, "Microsoft Exchange Health Manager", AUTOMATIC, None),
    ("MSExchangeHMRecovery", "Microsoft Exchange Health Manager Recovery", AUTOMATIC, None),
    ("MSExchangeIMAP4", "Microsoft Exchange IMAP4", MANUAL, Role.CLIENT_ACCESS),
    ("MSExchangeIMAP4BE", "Microsoft Exchange IMAP4 Backend", MANUAL, Role.MAILBOX),
    (STORE, "Microsoft Exchange Information Store", AUTOMATIC, Role.MAILBOX),
    (FRONT_END_SERVICE, "Microsoft Exchange POP3", AUTOMATIC, Role.CLIENT_ACCESS),
    (BACK_END_SERVICE, "Microsoft Exchange POP3 Backend", AUTOMATIC, Role.MAILBOX),
    (REPLICATION, "Microsoft Exchange Replication", AUTOMATIC, Role.MAILBOX),
    ("MSExchangeRPC", "Microsoft Exchange RPC Client Access", AUTOMATIC, Role.MAILBOX),
    ("MSExchangeServiceHost", "Microsoft Exchange Service Host", AUTOMATIC, None),
    ("MSExchangeSubmission", "Microsoft Exchange Mailbox Transport Submission", AUTOMATIC, Role.MAILBOX),
    ("MSExchangeDelivery", "Microsoft Exchange Mailbox Transport Delivery", AUTOMATIC, Role.MAILBOX),
    ("MSExchangeTransport", "Microsoft Exchange Transport", AUTOMATIC, Role.MAILBOX),
    (CLUSTER, "Cluster Service", AUTOMATIC, Role.MAILBOX),
    ("W3SVC", "World Wide Web Publishing Service", AUTOMATIC, None),
    ("WinRM", "Windows Remote Management (WS-Management)", AUTOMATIC, None),
)


def build(servers: int = 8, seed: int = 1) -> Organization:
    """An organization in which everything is well and POP is in use (its services Automatic)."""
    if not 1 <= servers <= 400:
        raise ValueError("a lab has 1 to 400 servers")
    rng = random.Random(seed)  # noqa: S311 - nothing secret
    organization = Organization("Lab", DOMAIN, f"LAB-DC1.{DOMAIN}", seed)
    numbers: dict[str, int] = {}
    for index, (kind, size) in enumerate(_groups(servers)):
        site = _site(organization, index, servers)
        _group(organization, rng, kind, size, site, numbers)
    return organization


def _groups(servers: int) -> list[tuple[_Kind, int]]:
    groups: list[tuple[_Kind, int]] = []
    left = servers
    while left > 0:
        for kind in _DEMO if servers <= 8 else _CYCLE:
            size = min(kind[3], left)
            if size:
                groups.append((kind, size))
            left -= size
    return groups


def _site(organization: Organization, group: int, servers: int) -> Site:
    # The demo: the 2019 pair in a site of its own; larger fleets: a site per cycle of groups.
    number = (1 if group == 0 else 0) if servers <= 8 else group // len(_CYCLE) % len(SITES)
    name, offset = SITES[number]
    return organization.sites.setdefault(name, Site(name, offset))


def _group(
    organization: Organization,
    rng: random.Random,
    kind: _Kind,
    size: int,
    site: Site,
    numbers: dict[str, int],
) -> None:
    prefix, version, roles, _, in_dag = kind
    members: list[Server] = []
    for _ in range(size):
        number = numbers[prefix] = numbers.get(prefix, 0) + 1
        members.append(add_server(organization, rng, f"{prefix}{number:02d}", version, roles, site))
    if Role.MAILBOX not in roles:
        return
    dag = ""
    if in_dag and size > 1:
        dag = f"DAG{len(organization.dags) + 1:02d}"
        witness = f"LAB-FS1.{organization.domain}"
        names = [s.name for s in members]
        organization.dags[dag.lower()] = Dag(
            *(
                dag,
                names,
                witness,
                rf"C:\DAGFileShareWitnesses\{dag}",
                names[0],
                organization.guid("dag", dag),
            ),
            preference_moves=None if version is Version.E2013 else PREFERENCE_MOVES,
        )
    for server in members:
        server.dag = dag
    add_databases(organization, rng, members, dag, site)


def add_server(
    organization: Organization,
    rng: random.Random,
    name: str,
    version: Version,
    roles: frozenset[Role],
    site: Site,
) -> Server:
    """A server on which all is well."""
    booted = -float(rng.randint(3 * 86_400, 40 * 86_400))
    server = Server(
        name=name,
        fqdn=f"{name}.{organization.domain}",
        version=version,
        build=_BUILDS[version],
        roles=roles,
        site=site.name,
        utc_offset=site.utc_offset,
        guid=organization.guid("server", name),
        booted_at=booted,
        next_process_id=4 * rng.randint(300, 900),
    )
    if server.has_front_end:
        server.client_connections = 3 + server.guid.int % 40
    server.volumes.append(Volume("C:\\", 120 * _GIB, (40 + server.guid.int % 20) * _GIB))
    if server.has_back_end:
        server.volumes.append(Volume("D:\\", 1000 * _GIB, 611 * _GIB))
    for service, display, start_type, tier in _SERVICES:
        if tier is None or tier in server.tiers:
            running = start_type == AUTOMATIC
            server.services[service.lower()] = WindowsService(
                service,
                display,
                start_type,
                RUNNING if running else STOPPED,
                server.new_process_id() if running else 0,
                booted + rng.randint(40, 180) if running else 0.0,
            )
    for component in ("ServerWideOffline", "Monitoring", "RecoveryActionsEnabled"):
        for local in (False, True):
            server.votes.append(Vote(component, "Functional", ACTIVE, booted, local))
    server.front_monitored = server.has_front_end
    server.back_monitored = server.has_back_end
    organization.servers[name.lower()] = server
    return server


def add_databases(
    organization: Organization, rng: random.Random, members: list[Server], dag: str, site: Site
) -> None:
    """Two databases per server, each with up to three copies on neighbours, active on the first."""
    for position, server in enumerate(members):
        for _ in range(2):
            name = f"DB{len(organization.databases) + 1:03d}"
            copies = [
                Copy(members[(position + step) % len(members)].name, step + 1, since=server.booted_at + 300)
                for step in range(min(3, len(members)))
            ]
            organization.databases[name.lower()] = Database(
                name=name,
                dag=dag,
                site=site.name,
                copies=copies,
                active=server.name,
                guid=organization.guid("database", name),
                monitoring_mailbox=f"HealthMailbox{organization.guid('mailbox', name).hex[:7]}",
                monitoring_password="Hm!" + "".join(rng.choices("abcdefghkmnpqrstuvwxyz23456789", k=24)),
                last_log=rng.randint(20_000, 900_000),
            )

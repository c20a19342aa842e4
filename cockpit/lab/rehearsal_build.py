"""An organization as it was recorded: topology, roles, versions, databases and their copies, settings."""

from __future__ import annotations

import random
from typing import Final

from cockpit.exchange.catalogue import BACK_END_SERVICE, FRONT_END_SERVICE
from cockpit.exchange.model import ACTIVATION_POLICIES, COMPONENT_STATES, COPY_STATUSES, START_TYPES
from cockpit.lab.build import DOMAIN, add_databases, add_server
from cockpit.lab.components import ACTIVE, Vote, components
from cockpit.lab.dag import Status
from cockpit.lab.organization import (
    AUTOMATIC,
    HEALTH_MANAGER,
    MANUAL,
    RUNNING,
    STOPPED,
    Copy,
    Dag,
    Database,
    Organization,
    Server,
    Site,
    WindowsService,
    stop,
)
from cockpit.lab.rehearsal import Blueprint, CopyRecord, DagRecord, ServerRecord
from cockpit.lab.simulation import WARM_UP

_POLICIES: Final = {name: number for number, name in ACTIVATION_POLICIES.items()}
_STATES: Final = {name: number for number, name in COMPONENT_STATES.items()}
_STATUSES: Final = {name: number for number, name in COPY_STATUSES.items()}
_START_TYPES: Final = {name: number for number, name in START_TYPES.items()}
_ONLY_ACTIVE: Final = (Status.MOUNTED, Status.DISMOUNTED, Status.MOUNTING, Status.DISMOUNTING)
LONG_UP: Final = -60.0
"""The latest a server of a rehearsal has booted, on the simulation's clock: before the warm-up."""


def organization_of(blueprint: Blueprint, seed: int) -> Organization:
    """What was recorded, as a lab can have it; what was not is made up from ``seed``, and is well.

    Every name stays; the domain is the lab's own, so that no name in it leads to a real server.
    """
    rng = random.Random(seed)  # noqa: S311 - nothing secret
    organization = Organization("Rehearsal", DOMAIN, f"LAB-DC1.{DOMAIN}", seed)
    for record in blueprint.servers:
        organization.sites.setdefault(record.site, Site(record.site, 0))
    for record in blueprint.servers:
        _set(add_server(organization, rng, record.name, record.version, frozenset(record.roles),
                        organization.sites[record.site]), record)  # fmt: skip
    for dag in blueprint.dags:
        organization.dags[dag.name.lower()] = _dag(organization, dag)
    _databases(organization, blueprint, rng)
    return organization


def _set(server: Server, record: ServerRecord) -> None:
    server.build = record.build
    server.dag = record.dag
    if record.booted is not None:
        _boot(server, min(WARM_UP - record.booted, LONG_UP))
    server.activation_policy = _POLICIES.get(record.policy, 0)
    server.move_now = record.move_now
    server.maximum_active_databases = record.maximum
    server.maximum_preferred_active_databases = record.preferred
    known = set(components(server.version))
    for vote in record.votes:
        if vote.component in known:
            state = _STATES.get(vote.state, ACTIVE)
            who = (vote.component, vote.requester)
            server.votes = [v for v in server.votes if (v.component, v.requester) != who]
            server.votes += [Vote(*who, state, server.booted_at, local) for local in (False, True)]
    _services(server, record)


def _boot(server: Server, at: float) -> None:
    """Its services started a while later, each as far behind as it was."""
    shift = at - server.booted_at
    server.booted_at = at
    for service in server.services.values():
        if service.running:
            service.started_at = min(service.started_at + shift, 0.0)
    for vote in server.votes:
        vote.at += shift


def _services(server: Server, record: ServerRecord) -> None:
    """Which run, and which are started at boot: that decides what a health manager watches. What was recorded
    as stopped and is watched stops when the lab opens."""
    for name, watched in ((FRONT_END_SERVICE, record.front), (BACK_END_SERVICE, record.back)):
        service = server.service(name)
        if service is not None and not watched:
            service.start_type = MANUAL
            stop(service)
    for known in record.services:
        service = server.service(known.name)
        if service is None:
            continue
        service.start_type = _START_TYPES.get(known.start_type, service.start_type)
        if known.running and service.state == STOPPED:
            service.state, service.process_id = RUNNING, server.new_process_id()
            service.started_at = min(server.booted_at + 60, 0.0)
    if not record.health_manager:
        stop(server.services[HEALTH_MANAGER.lower()])


def _dag(organization: Organization, record: DagRecord) -> Dag:
    return Dag(
        record.name,
        list(record.servers),
        record.witness or f"LAB-FS1.{organization.domain}",
        rf"C:\DAGFileShareWitnesses\{record.name}",
        record.primary or record.servers[0],
        organization.guid("dag", record.name),
        preference_moves=record.preference_moves,
        datacenter_activation=record.datacenter_activation,
    )


def _databases(organization: Organization, blueprint: Blueprint, rng: random.Random) -> None:
    found: dict[str, list[CopyRecord]] = {}
    for record in blueprint.servers:
        for copy in record.copies or ():
            found.setdefault(copy.database, []).append(copy)
    for name, copies in found.items():
        _database(organization, rng, name, copies)
    for members in _without(organization, blueprint):
        site = organization.sites[members[0].site]
        add_databases(organization, rng, members, members[0].dag, site)


def _without(organization: Organization, blueprint: Blueprint) -> list[list[Server]]:
    """Back ends of which no copies were read, as far as nobody of their DAG's were: by DAG, else alone."""
    groups: dict[str, list[Server]] = {}
    read: set[str] = set()
    for record in blueprint.servers:
        server = organization.server(record.name)
        if not server.has_back_end:
            continue
        group = record.dag or record.name
        groups.setdefault(group, []).append(server)
        if record.copies is not None:
            read.add(group)
    return [members for group, members in groups.items() if group not in read]


def _database(organization: Organization, rng: random.Random, name: str, records: list[CopyRecord]) -> None:
    records = sorted(records, key=lambda c: (c.preference is None, c.preference or 0))
    active = next((c for c in records if c.active), records[0])
    server = organization.server(active.server)
    organization.databases[name.lower()] = Database(
        name=name,
        dag=server.dag,
        site=server.site,
        copies=[_copy(organization, c, number, active) for number, c in enumerate(records, 1)],
        active=active.server,
        guid=organization.guid("database", name),
        monitoring_mailbox=f"HealthMailbox{organization.guid('mailbox', name).hex[:7]}",
        monitoring_password="Hm!" + "".join(rng.choices("abcdefghkmnpqrstuvwxyz23456789", k=24)),
        mounted=active.status != Status.DISMOUNTED.name.title(),
        last_log=rng.randint(20_000, 900_000),
    )


def _copy(organization: Organization, record: CopyRecord, number: int, active: CopyRecord) -> Copy:
    status = Status(_STATUSES.get(record.status, Status.HEALTHY))
    if status in _ONLY_ACTIVE or status in (Status.SERVICE_DOWN, Status.SEEDING_SOURCE):
        status = Status.HEALTHY  # it follows from the rest: who is active, what runs, who is seeded
    seeding = status is Status.SEEDING
    return Copy(
        server=record.server,
        preference=record.preference or number,
        status=Status.HEALTHY if seeding else status,
        copy_queue=record.copy_queue,
        replay_queue=record.replay_queue,
        activation_suspended=record.suspended,
        since=organization.server(record.server).booted_at + 300,
        replay_lag=record.lag,
        seeding_from=active.server if seeding and active.server != record.server else "",
    )


def stopped_services(server: Server, record: ServerRecord) -> list[WindowsService]:
    """Those that start by themselves, and were recorded as stopped."""
    return [
        service
        for service in server.services.values()
        if service.start_type == AUTOMATIC and service.running and record.stopped(service.name)
    ]

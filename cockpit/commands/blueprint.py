"""A recorded picture as the blueprint of a lab: what was recorded, and in words what was not.

Texts that people write (comments, error messages) and names of mailboxes are not taken over at all. Names of
servers, groups and databases are, or are replaced, each by the same name everywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import msgspec

from cockpit.commands.blueprint_names import Names
from cockpit.commands.blueprint_parts import (
    build_of,
    copy_record,
    monitor_records,
    seconds_of,
    service_records,
    votes_of,
)
from cockpit.config.language import N_, _
from cockpit.exchange import catalogue
from cockpit.exchange.model import DatabaseAvailabilityGroup, Outcome, Role, Version
from cockpit.fleet.rollup import server_clock
from cockpit.fleet.snapshot import FleetSnapshot, Reach, ServerSnapshot
from cockpit.lab.rehearsal import Blueprint, DagRecord, ServerRecord


@dataclass(slots=True)
class Drawing:
    """``blueprint``; ``missing``: what was not recorded, a sentence each."""

    blueprint: Blueprint
    missing: list[str] = field(default_factory=list)


def drawn(picture: FleetSnapshot, source: str, at: datetime, *, anonymize: bool) -> Drawing:
    """The blueprint of what was shown at ``at``. ``anonymize``: no recorded name is in it."""
    can = [s for s in picture.servers.values() if _can_be_built(s)]
    names = Names([s.name for s in can], anonymize=anonymize)
    servers = tuple(_server(s, names, at) for s in can)
    known = {s.name for s in servers}
    dags = tuple(_dag(d, names, known) for d in picture.dags if any(m in names for m in d.servers))
    listed = {d.name for d in dags}
    servers = tuple(_in_listed(s, listed) for s in servers)
    title = names.title(source)
    missing = [*_missing(picture, can, names, anonymize=anonymize), *names.replaced_in_words()]
    return Drawing(Blueprint(title, at, servers, dags), missing)


def _can_be_built(server: ServerSnapshot) -> bool:
    known = server.server.version is not Version.OTHER
    return known and bool(catalogue.tiers(server.server.version, server.server.roles))


def _in_listed(server: ServerRecord, dags: set[str]) -> ServerRecord:
    """A server of a group that was not read belongs to none."""
    return server if server.dag in dags else msgspec.structs.replace(server, dag="")


def _server(server: ServerSnapshot, names: Names, at: datetime) -> ServerRecord:
    about, mailbox, winrm = server.server, server.mailbox, server.winrm
    clock = server_clock(server) or at
    outcome = {r.health_set.lower(): r.outcome for r in server.readings}
    front, back = (_watched(outcome, s) for s in (catalogue.POP_PROXY, catalogue.POP_PROTOCOL))
    copies = server.copies
    kept = [c for c in copies or () if c.server in names]
    return ServerRecord(
        name=names.server(about.name),
        version=about.version,
        build=build_of(about.build),
        roles=tuple(sorted(about.roles & {Role.MAILBOX, Role.CLIENT_ACCESS})),
        site=names.site(about.site),
        dag=names.dag(server.dag),
        booted=max((at - winrm.last_boot).total_seconds(), 0.0) if winrm.last_boot else None,
        policy=mailbox.activation_policy if mailbox else "",
        move_now=bool(mailbox and mailbox.activation_disabled_and_move_now),
        maximum=mailbox.maximum_active_databases if mailbox else None,
        preferred=mailbox.maximum_preferred_active_databases if mailbox else None,
        silent=server.reach is Reach.UNREACHABLE,
        health_manager=not outcome or set(outcome.values()) != {Outcome.EMPTY_WITH_WARNING},
        stale=any(m.is_stale for m in server.monitors),
        front=front,
        back=back,
        copies=None if copies is None else tuple(copy_record(c, names) for c in kept),
        votes=votes_of(server.components or ()),
        services=service_records(winrm.services or ()),
        monitors=monitor_records(server.monitors, clock),
    )


def _watched(outcomes: dict[str, Outcome | None], health_set: str) -> bool:
    """No rows and no warning: POP is not watched there. Where nothing was read it is taken to be."""
    return outcomes.get(health_set.lower()) is not Outcome.EMPTY


def _dag(dag: DatabaseAvailabilityGroup, names: Names, known: set[str]) -> DagRecord:
    members = tuple(names.server(m) for m in dag.servers if m in names)
    operational = {names.server(m) for m in dag.operational_servers if m in names}
    maintenance = {names.server(m) for m in dag.servers_in_maintenance if m in names}
    primary = names.server(dag.primary_active_manager) if dag.primary_active_manager in names else ""
    return DagRecord(
        name=names.dag(dag.name),
        servers=members,
        witness="",
        primary=primary if primary in known else "",
        preference_moves=seconds_of(dag.preference_move_frequency),
        datacenter_activation=dag.datacenter_activation_mode != "Off",
        down=tuple(m for m in members if dag.operational_servers and m not in operational),
        paused=tuple(m for m in members if m in maintenance),
    )


# --- what was not recorded -----------------------------------------------------------------------


def _missing(
    picture: FleetSnapshot, can: list[ServerSnapshot], names: Names, *, anonymize: bool
) -> list[str]:
    left_out = [s.name for s in picture.servers.values() if s not in can]
    found = [_left_out([str(len(left_out))] if anonymize and left_out else left_out)]
    for lacks, words in _LACKING:
        lacking = [names.server(s.name) for s in can if lacks(s)]
        every = len(lacking) == len(can)
        servers = _("every server") if every else ", ".join(lacking)
        found.append(_(words).format(servers=servers) if lacking else "")
    return [*(words for words in found if words), *always()]


def _left_out(names: list[str]) -> str:
    words = _("left out, for the lab has no such servers (Edge, or of another version): {servers}")
    return words.format(servers=", ".join(names)) if names else ""


def _back(server: ServerSnapshot) -> bool:
    return Role.MAILBOX in catalogue.tiers(server.server.version, server.server.roles)


_LACKING: Final[tuple[tuple[Callable[[ServerSnapshot], bool], str], ...]] = (
    (
        lambda s: s.reach in (Reach.UNKNOWN, Reach.NOT_GRANTED),
        N_("health, where it was not read: all well, on {servers}"),
    ),
    (lambda s: s.components is None, N_("states of components: all Active, on {servers}")),
    (
        lambda s: _back(s) and s.copies is None,
        N_("database copies: what others tell of them, else two databases a server, on {servers}"),
    ),
    (
        lambda s: _back(s) and s.mailbox is None,
        N_("activation policies and maxima: none, on {servers}"),
    ),
    (
        lambda s: s.winrm.services is None,
        N_("services: all that start by themselves run, on {servers}"),
    ),
    (lambda s: s.winrm.last_boot is None, N_("times of the last boot: days ago, on {servers}")),
)
"""What a server lacks, and what is made up for it."""


def always() -> tuple[str, ...]:
    """What no recording holds."""
    return (
        _("health of other health sets than POP's: all well"),
        _("names and passwords of monitoring mailboxes, comments and error texts: the lab's own"),
        _("domain, addresses, time zones, accounts, rights and file share witnesses: the lab's own"),
        _("protocol logging and settings of POP3: as after an installation; protocol logs: the lab's own"),
        _("disks, processes, event logs, recovery actions, overrides, backups: the lab's own"),
        _("how long moves, restarts and boots take: the lab's own"),
    )

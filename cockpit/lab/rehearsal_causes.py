"""What may be behind the recorded alerts: an alert is recorded, its cause is not, so one is made up.

Each is the plainest that shows what was recorded, with the plainest cure. A cause that was recorded, a
service that was stopped or a component that was not Active, needs none beside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from cockpit.exchange.catalogue import BACK_END_SERVICE, FRONT_END_SERVICE
from cockpit.exchange.model import AlertValue
from cockpit.lab.components import ACTIVE, POP_PROXY
from cockpit.lab.faults import Fault, Kind, cured_by
from cockpit.lab.organization import Organization, Server
from cockpit.lab.rehearsal import Blueprint, ServerRecord

SELF, DEEP, PROXY, TOUCH, SLOW = (
    *("PopSelfTestMonitor", "PopDeepTestMonitor", "PopProxyTestMonitor", "PopCTPMonitor"),
    "AverageCommandProcessingTimeGt60sMonitor",
)
FALLEN: Final = (AlertValue.DEGRADED, AlertValue.UNHEALTHY)


def causes(organization: Organization, blueprint: Blueprint, began: float) -> list[tuple[Fault, str]]:
    """The faults that are made up, each with the monitor that it is behind. ``began``: of all of them."""
    found = [each for r in blueprint.servers for each in _behind(organization, r, began)]
    sick = {fault.server for fault, monitor in found if monitor == DEEP}
    sick |= {r.name for r in blueprint.servers if r.stopped(BACK_END_SERVICE)}
    return found + [each for r in blueprint.servers for each in _touch(organization, r, sick, began)]


def _behind(organization: Organization, record: ServerRecord, began: float) -> Iterator[tuple[Fault, str]]:
    server = organization.server(record.name)
    fallen = {m.name for m in record.monitors if m.alert in FALLEN}
    if not record.stopped(BACK_END_SERVICE):
        yield from _back(organization, server, fallen, began)
    taken_out = record.stopped(FRONT_END_SERVICE) or server.component(POP_PROXY) != ACTIVE
    if PROXY in fallen and not taken_out:
        yield _hung(Kind.FRONT_END_TLS, server, FRONT_END_SERVICE, began), PROXY
    if SLOW in fallen:
        service = FRONT_END_SERVICE if server.has_front_end else BACK_END_SERVICE
        yield _hung(Kind.SLOW_COMMANDS, server, service, began), SLOW


def _back(
    organization: Organization, server: Server, fallen: set[str], began: float
) -> Iterator[tuple[Fault, str]]:
    """Both tests fail: the service hangs; the loopback's alone: there; the login's alone: its databases."""
    if {SELF, DEEP} <= fallen or (DEEP in fallen and not organization.active_on(server.name)):
        yield _hung(Kind.BACK_END_HUNG, server, BACK_END_SERVICE, began), DEEP
    elif SELF in fallen:
        yield _hung(Kind.LOOPBACK_HUNG, server, BACK_END_SERVICE, began), SELF
    elif DEEP in fallen:
        yield Fault(Kind.DATABASE_SICK, server.name, began, cured_by_failover=True), DEEP


def _touch(
    organization: Organization, record: ServerRecord, sick: set[str], began: float
) -> Iterator[tuple[Fault, str]]:
    """A touch point whose every login ends on a sick back end, or whose front end is known to be out, needs
    no cause of its own."""
    server = organization.server(record.name)
    if record.alert(TOUCH) not in FALLEN or record.alert(PROXY) in FALLEN:
        return
    if record.stopped(FRONT_END_SERVICE) or server.component(POP_PROXY) != ACTIVE:
        return
    targets = organization.front_end_targets(server)
    if not targets or any(d.active not in sick for d in targets):
        yield _hung(Kind.FRONT_END_LOGIN_HUNG, server, FRONT_END_SERVICE, began), TOUCH


def _hung(kind: Kind, server: Server, service: str, began: float) -> Fault:
    """It has outlived what Managed Availability did about it, and ends with a person's restart."""
    return Fault(kind, server.name, began, cured_by=cured_by(service), automatic_restart_fails=True)


def in_words(fault: Fault, monitor: str) -> str:
    """What was made up, in a sentence."""
    names = [s for s in (FRONT_END_SERVICE, BACK_END_SERVICE) if s.lower() in fault.cured_by]
    cure = "a failover" if fault.cured_by_failover else f"a restart of {' or '.join(names)}"
    what = (
        "its active databases do not answer in time" if fault.kind is Kind.DATABASE_SICK else fault.kind.value
    )
    return f"why {monitor} was not healthy on {fault.server}: here {what}; {cure} ends it, or a reboot"

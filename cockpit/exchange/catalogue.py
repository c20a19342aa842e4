"""The page's table as data: probes, health sets, monitors, dependencies, roles, services.

Source: Microsoft's *Troubleshooting POP Health Set*, its known slips corrected as exchange-facts
§1.4 lists them; timing and targets from §2.4 [D].
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from cockpit.exchange.model import Role, Version
from cockpit.exchange.names import same_server as same_server
from cockpit.frozen import dataclass

POP: Final = "POP"
POP_PROTOCOL: Final = "POP.Protocol"
POP_PROXY: Final = "POP.Proxy"
POP_HEALTH_SETS: Final = (POP, POP_PROTOCOL, POP_PROXY)

FRONT_END_SERVICE: Final = "MSExchangePop3"
BACK_END_SERVICE: Final = "MSExchangePOP3BE"
HEALTH_MANAGER_SERVICES: Final = ("MSExchangeHM", "MSExchangeHMRecovery")
SERVICES: Final = (FRONT_END_SERVICE, BACK_END_SERVICE, *HEALTH_MANAGER_SERVICES)
"""Every service that is ever looked at one by one or restarted (exchange-facts §3)."""

PROBE_TIME_LIMIT: Final = 300
"""Seconds: Invoke-MonitoringProbe's RPC limit; a run takes 5 s to about 270 s (§2.4 [D])."""


@dataclass(frozen=True, slots=True)
class Dependency:
    """Something a probe needs. ``health_sets``: where its own health is to be read.

    The page names dependencies in words. Which health sets stand for them is from memory [M]:
    the fact sheet is silent. A name that the server does not report is shown as "not reported".
    """

    name: str
    health_sets: tuple[str, ...]


_AD = Dependency("Active Directory", ("AD",))
_AUTH = Dependency("Authentication", ("Security",))
_MBX_AUTH = Dependency("Mailbox Server Authentication", ("Security",))
_STORE = Dependency("Information Store", ("Store",))
_HA = Dependency("High Availability", ("DataProtection", "Clustering"))
_NETWORK = Dependency("Network", ("Network",))


@dataclass(frozen=True, slots=True)
class Probe:
    """One row of the page's table. ``per_database``: its identity takes ``\\<database>``.

    ``interval`` in seconds (for one database); ``runs_on``: the tier whose service it talks to.
    """

    name: str
    health_set: str
    dependencies: tuple[Dependency, ...]
    interval: int
    per_database: bool
    service: str

    @property
    def identity(self) -> str:
        """What Invoke-MonitoringProbe takes: ``HealthSet\\Probe``."""
        return f"{self.health_set}\\{self.name}"


@dataclass(frozen=True, slots=True)
class Monitor:
    """A monitor and the probe that feeds it; None for the one fed by a performance counter."""

    name: str
    health_set: str
    probe: Probe | None
    tiers: frozenset[Role]


PROBES: Final = {
    p.name: p
    for p in (
        Probe(
            "PopCTPProbe", POP, (_AD, _AUTH, _MBX_AUTH, _STORE, _HA, _NETWORK), 240, True, FRONT_END_SERVICE
        ),
        Probe("PopProxyTestProbe", POP_PROXY, (), 60, False, FRONT_END_SERVICE),
        Probe("PopDeepTestProbe", POP_PROTOCOL, (_AD, _AUTH, _STORE, _HA), 180, True, BACK_END_SERVICE),
        Probe("PopSelfTestProbe", POP_PROTOCOL, (), 60, False, BACK_END_SERVICE),
    )
}

_FRONT: Final = frozenset({Role.CLIENT_ACCESS})
_BACK: Final = frozenset({Role.MAILBOX})

MONITORS: Final = {
    m.name: m
    for m in (
        Monitor("PopCTPMonitor", POP, PROBES["PopCTPProbe"], _FRONT),
        Monitor("PopProxyTestMonitor", POP_PROXY, PROBES["PopProxyTestProbe"], _FRONT),
        Monitor("PopDeepTestMonitor", POP_PROTOCOL, PROBES["PopDeepTestProbe"], _BACK),
        Monitor("PopSelfTestMonitor", POP_PROTOCOL, PROBES["PopSelfTestProbe"], _BACK),
        # Fed by a performance counter, not by PopSelfTestProbe as the page says: §1.4 h.
        Monitor("AverageCommandProcessingTimeGt60sMonitor", POP, None, _FRONT | _BACK),
    )
}
_BY_LOWER_NAME: Final = {name.lower(): monitor for name, monitor in MONITORS.items()}


def monitor(name: str) -> Monitor | None:
    """The catalogue's monitor of that name, without regard to case (the page writes POPCTPMonitor)."""
    return _BY_LOWER_NAME.get(name.lower())


_LOWER_HEALTH_SETS: Final = frozenset(s.lower() for s in POP_HEALTH_SETS)


def is_pop_health_set(name: str) -> bool:
    """True for the health sets this program is about, without regard to case."""
    return name.lower() in _LOWER_HEALTH_SETS


def tiers(version: Version, roles: Iterable[Role]) -> frozenset[Role]:
    """The POP tiers a server carries: from 2016 on a Mailbox server is both. [A]"""
    held = frozenset(roles) & {Role.MAILBOX, Role.CLIENT_ACCESS}
    if version is not Version.E2013 and Role.MAILBOX in held:
        return frozenset({Role.MAILBOX, Role.CLIENT_ACCESS})
    return held


def expected_monitors(version: Version, roles: Iterable[Role]) -> tuple[Monitor, ...]:
    """The POP monitors a server of these roles has once POP is monitored there."""
    held = tiers(version, roles)
    return tuple(m for m in MONITORS.values() if m.tiers & held)


def expected_health_sets(version: Version, roles: Iterable[Role]) -> tuple[str, ...]:
    """The POP health sets to ask a server for, in the page's order; none on an Edge server."""
    found = {m.health_set for m in expected_monitors(version, roles)}
    return tuple(s for s in POP_HEALTH_SETS if s in found)


def services(version: Version, roles: Iterable[Role]) -> tuple[str, ...]:
    """The POP3 services of a server, front end first (exchange-facts §3). [A][B]"""
    held = tiers(version, roles)
    names = ((Role.CLIENT_ACCESS, FRONT_END_SERVICE), (Role.MAILBOX, BACK_END_SERVICE))
    return tuple(name for role, name in names if role in held)


def service_named(name: str) -> str:
    """The catalogue's own spelling of a service's name, without regard to case. Raises ValueError for any
    other name: only the catalogue's may get into a filter or be restarted."""
    found = next((s for s in SERVICES if s.lower() == name.lower()), None)
    if found is None:
        raise ValueError(f"{name} is not a service of the catalogue")
    return found

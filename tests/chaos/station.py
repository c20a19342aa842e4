"""One lab, one journal, one cockpit: where recoveries run one after the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any, Final, TypeAlias

from cockpit.config.environment import Environment, RecoverySettings
from cockpit.exchange.catalogue import BACK_END_SERVICE, FRONT_END_SERVICE
from cockpit.journal.store import Journal
from cockpit.recovery.office import Office
from tests.chaos.figures import Figures
from tests.support.processes import LabProcess

SPEED: Final = 600.0
"""Simulated seconds in a real one: time limits count as over once so much real time has passed."""
MEMBERS: Final = ("EX19-01", "EX16-02", "EX13-MBX01")
ACCESS: Final = ("EX13-CAS01", "EX13-CAS02")
FLAGS: Final = ("activation_disabled_and_move_now", "activation_policy", "protocol_log_enabled")
"""What recoveries change for a time, as the lab's state names it."""
POLICIES: Final = ("Unrestricted", "IntrasiteOnly", "Blocked")
SETTINGS: Final = RecoverySettings(
    wait=1.0,
    verify_gap=0.05,
    poll=0.1,
    move_limit=3.0,
    settle_limit=5.0,
    reboot_limit=20.0,
    quiet=0.0,
    lease=2.0,
    linger=60.0,
)

Flags: TypeAlias = Mapping[tuple[str, str], object]
"""By server and name of the flag."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What is broken, where, and by which monitor it is recovered."""

    server: str
    monitor: str
    kind: str
    service: str


def trial(random: Random) -> Trial:
    server = random.choice((*MEMBERS, *MEMBERS, *ACCESS))
    touch = ("PopCTPMonitor", "FRONT_END_LOGIN_HUNG", FRONT_END_SERVICE)
    proxy = ("PopProxyTestMonitor", "FRONT_END_TLS", FRONT_END_SERVICE)
    slow = ("AverageCommandProcessingTimeGt60sMonitor", "SLOW_COMMANDS", FRONT_END_SERVICE)
    deep = ("PopSelfTestMonitor", "BACK_END_HUNG", BACK_END_SERVICE)
    if server in ACCESS:
        return Trial(server, *random.choice((touch, proxy, slow)))
    if server.startswith("EX13"):
        return Trial(server, *deep)
    return Trial(server, *random.choice((deep, deep, touch, proxy, slow)))


@dataclass
class Station:
    """``url``: of its journal, for what has to be done behind the journal's back."""

    served: LabProcess
    environment: Environment
    office: Office
    journal: Journal
    url: str
    figures: Figures

    def state(self) -> Mapping[str, Any]:
        """What the lab says of each server."""
        servers: Mapping[str, Any] = self.served.state()["servers"]
        return servers

    def flags(self) -> Flags:
        return {(name, flag): about[flag] for name, about in self.state().items() for flag in FLAGS}

    def last_line(self) -> int:
        entries = self.served.ledger()
        return int(entries[-1]["seq"]) if entries else 0

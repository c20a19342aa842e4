"""What of a recorded organization a lab can be built from: names, numbers and states, no texts of people.

Times are seconds before the recorded moment. None, where a field may be it: not recorded.
"""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from cockpit.exchange.model import Role, Version

SERVER_NAME: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9])?")
"""One that can be a host's: a lab makes a folder of it."""
MOST: Final = 400


class CopyRecord(msgspec.Struct, frozen=True):
    """One database copy. ``lag``: seconds of replay lag, 0 for none; queues in logs."""

    database: str
    server: str
    status: str
    active: bool
    preference: int | None
    suspended: bool
    copy_queue: int
    replay_queue: int
    lag: float


class VoteRecord(msgspec.Struct, frozen=True):
    """A requester's vote on a component that is not Active."""

    component: str
    requester: str
    state: str


class ServiceRecord(msgspec.Struct, frozen=True):
    name: str
    running: bool
    start_type: str


class MonitorRecord(msgspec.Struct, frozen=True):
    """A POP monitor. ``since``: for how long its value has been this."""

    name: str
    alert: str
    since: float


class ServerRecord(msgspec.Struct, frozen=True):
    """``silent``: nothing of it answered. ``health_manager``: it answered; ``stale``: it ran nothing any
    more. ``front``, ``back``: POP is monitored on that tier."""

    name: str
    version: Version
    build: tuple[int, int, int, int]
    roles: tuple[Role, ...]
    site: str
    dag: str = ""
    booted: float | None = None
    policy: str = ""
    move_now: bool = False
    maximum: int | None = None
    preferred: int | None = None
    silent: bool = False
    health_manager: bool = True
    stale: bool = False
    front: bool = True
    back: bool = True
    copies: tuple[CopyRecord, ...] | None = None
    votes: tuple[VoteRecord, ...] = ()
    services: tuple[ServiceRecord, ...] = ()
    monitors: tuple[MonitorRecord, ...] = ()

    def alert(self, monitor: str) -> str:
        """The recorded value of a monitor; empty where there was none."""
        return next((m.alert for m in self.monitors if m.name == monitor), "")

    def stopped(self, service: str) -> bool:
        """It was recorded, and did not run."""
        return any(s.name.lower() == service.lower() and not s.running for s in self.services)


class DagRecord(msgspec.Struct, frozen=True):
    """``preference_moves``: PreferenceMoveFrequency in seconds, None where it is off or there is none.
    ``down``: members that did not take part; ``paused``: in maintenance."""

    name: str
    servers: tuple[str, ...]
    witness: str
    primary: str
    preference_moves: float | None
    datacenter_activation: bool
    down: tuple[str, ...] = ()
    paused: tuple[str, ...] = ()


class Blueprint(msgspec.Struct, frozen=True):
    """An organization at one moment. ``source``: what it is called."""

    source: str
    at: datetime
    servers: tuple[ServerRecord, ...]
    dags: tuple[DagRecord, ...]

    def server(self, name: str) -> ServerRecord | None:
        return next((s for s in self.servers if s.name.lower() == name.lower()), None)


class RehearsalError(Exception):
    """No lab can be made of it. ``str()``: why, in a sentence."""


def encode(blueprint: Blueprint) -> bytes:
    return msgspec.json.encode(blueprint)


def read(path: Path) -> Blueprint:
    """Raises RehearsalError for what is no blueprint, and for one that speaks of servers it has not."""
    try:
        blueprint = msgspec.json.decode(path.read_bytes(), type=Blueprint)
    except (OSError, msgspec.MsgspecError) as error:
        raise RehearsalError(f"{path}: {error}") from error
    if wrong := wrong_with(blueprint):
        raise RehearsalError(f"{path}: {wrong}")
    return blueprint


def wrong_with(blueprint: Blueprint) -> str:
    """Why no lab can be made of it, in words; empty where one can."""
    names = [s.name for s in blueprint.servers]
    if not 1 <= len(names) <= MOST:
        return f"a lab has 1 to {MOST} servers, not {len(names)}"
    if len({name.lower() for name in names}) < len(names):
        return "two servers have the same name"
    groups = {d.name: frozenset(d.servers) for d in blueprint.dags}
    for server in blueprint.servers:
        if not SERVER_NAME.fullmatch(server.name):
            return f"{server.name!r} cannot be the name of a server"
        if server.dag and server.name not in groups.get(server.dag, ()):
            return f"{server.name} is in group {server.dag!r}, which does not have it"
        if any(copy.server != server.name for copy in server.copies or ()):
            return f"{server.name} has a copy of another server"
    strangers = frozenset().union(*groups.values()) - frozenset(names)
    if strangers or not all(groups.values()):
        return f"a group has no members, or some that are not there: {', '.join(sorted(strangers))}"
    return ""

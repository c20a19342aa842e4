"""What goes wrong while a soak runs: drawn from a seed, done to a lab by its knobs, and undone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from random import Random
from typing import Any, Final, TypeAlias

from tests.support.processes import LabProcess

HEALTH_CMDLETS: Final = (
    "Get-ServerHealth",
    "Get-HealthReport",
    "Get-ServerComponentState",
    "Get-DatabaseAvailabilityGroup",
)
SPOILERS: Final = ("half an envelope", "no Body", "streams twice", "fragment lost", "message garbage")
SICKNESSES: Final = ("LOOPBACK_HUNG", "BACK_END_HUNG", "FRONT_END_LOGIN_HUNG", "FRONT_END_TLS")


class Where(Enum):
    """Whom it befalls. ``ENTRY``: one of those the cockpit dials; ``DIALLED``: all of those together."""

    ONE = auto()
    ENTRY = auto()
    DIALLED = auto()


Do: TypeAlias = Callable[[LabProcess, str, Random], None]


@dataclass(frozen=True, slots=True)
class Trouble:
    """``begin`` and ``end``: on one server; each may be called for several. ``weight``: how often it is
    drawn, beside the others."""

    name: str
    where: Where
    begin: Do
    end: Do
    weight: int = 2


def _act(action: str, **more: Any) -> Do:
    return lambda served, server, chance: served.act(server, action, **more)


def _knobs(**knobs: Any) -> Do:
    return lambda served, server, chance: served.knobs(server, **knobs)


def _wire(kind: str = "exchange", **wire: Any) -> Do:
    return lambda served, server, chance: served.knobs(server, wire={"endpoint": kind, **wire})


def _struck(effect: str, kind: str = "exchange", **more: Any) -> Do:
    """Some requests, or all of them until it is undone; of those that can, half are carried out first."""

    def begin(served: LabProcess, server: str, chance: Random) -> None:
        trouble: dict[str, Any] = {"effect": effect, "count": chance.choice((1, 3, 10, None)), **more}
        if effect in _CARRIED_OUT:
            trouble["after"] = chance.random() < 0.5
        served.knobs(server, wire={"endpoint": kind, "troubles": [trouble]})

    return begin


_CARRIED_OUT: Final = ("DROP", "RESET", "STATUS", "FAULT")
_CLEAR: Final = _wire("both", clear=True)


def _on_wire(name: str, begin: Do, where: Where = Where.ENTRY, weight: int = 2) -> Trouble:
    return Trouble(name, where, begin, _CLEAR, weight)


def _spoil(served: LabProcess, server: str, chance: Random) -> None:
    _struck("SPOIL", how=chance.choice(SPOILERS))(served, server, chance)


def _break(served: LabProcess, server: str, chance: Random) -> None:
    served.act(server, "break", kind=chance.choice(SICKNESSES))


def _slow(served: LabProcess, server: str, chance: Random) -> None:
    served.knobs(server, rpc_delay=chance.uniform(0.5, 6.0))


def _late(served: LabProcess, server: str, chance: Random) -> None:
    served.knobs(server, wire={"endpoint": "both", "latency": chance.uniform(0.02, 0.3)})


def _stray(served: LabProcess, server: str, chance: Random) -> None:
    served.knobs(server, answers_for=chance.choice([n for n in served.environment.addresses if n != server]))


def _deny(served: LabProcess, server: str, chance: Random) -> None:
    served.knobs("*", denied={"*": [chance.choice(HEALTH_CMDLETS)]})


def _grant(served: LabProcess, server: str, chance: Random) -> None:
    served.knobs("*", denied={})


TROUBLES: Final = (
    Trouble("server down", Where.ONE, _act("kill"), _act("start"), 6),
    Trouble("entry server down", Where.ENTRY, _act("kill"), _act("start"), 3),
    Trouble("server reboots", Where.ONE, _act("reboot"), _act("start"), 3),
    Trouble("health manager down", Where.ONE, _act("stop-health-manager"), _act("start-health-manager"), 4),
    Trouble("health manager stands still", Where.ONE, _knobs(stale=True), _knobs(stale=False)),
    Trouble("POP sick", Where.ONE, _break, _act("cure"), 6),
    Trouble("server slow", Where.ONE, _slow, _knobs(rpc_delay=0.0), 4),
    Trouble("RBAC denies", Where.ENTRY, _deny, _grant, 2),
    Trouble("WinRM refused", Where.ONE, _knobs(no_winrm=True), _knobs(no_winrm=False), 2),
    Trouble("another server's rows", Where.ONE, _stray, _knobs(answers_for=""), 1),
    Trouble("hostile strings", Where.ONE, _knobs(hostile="append"), _knobs(hostile=""), 2),
    _on_wire("late", _late, weight=3),
    _on_wire("refused", _wire(refuse=True), weight=3),
    _on_wire("nobody can be asked", _wire(refuse=True), Where.DIALLED),
    _on_wire("dropped", _struck("DROP"), weight=4),
    _on_wire("reset", _struck("RESET"), weight=4),
    _on_wire("answered, then closed", _struck("LEAVE")),
    _on_wire("body cut", _struck("CUT")),
    _on_wire("delayed", _struck("DELAY", seconds=2.0)),
    _on_wire("hung", _struck("HANG", action="CommandReceive"), weight=3),
    _on_wire("half-open", _struck("DEAF", action="CommandReceive")),
    _on_wire("drips", _struck("DRIP_BODY", action="CommandReceive", seconds=0.05)),
    _on_wire("no more shells", _struck("FAULT", action="Create", code=2150859173), Where.DIALLED, 3),
    _on_wire("shell ended", _struck("FAULT", action="Command", code=2150858843), weight=3),
    _on_wire("aborted", _struck("FAULT", code=995)),
    _on_wire("503", _struck("STATUS", status=503)),
    _on_wire("404", _struck("STATUS", status=404, page="html"), weight=1),
    _on_wire("sign-in refused", _struck("REJECT"), Where.DIALLED),
    _on_wire("redirect", _struck("REDIRECT", status=302), weight=1),
    _on_wire("garbage", _struck("GARBAGE")),
    _on_wire("not HTTP", _struck("NOT_HTTP"), weight=1),
    _on_wire("spoilt", _spoil, weight=3),
    _on_wire("another's answer", _struck("WRONG_RELATES_TO")),
    _on_wire("300 MB", _struck("HUGE"), weight=1),
    _on_wire("chunks without end", _struck("ENDLESS"), weight=1),
    _on_wire("gzip bomb", _struck("GZIP_BOMB"), weight=1),
    _on_wire("WinRM dropped", _struck("DROP", "winrm"), Where.ONE),
    _on_wire("WinRM hung", _struck("HANG", "winrm"), Where.ONE, 1),
    _on_wire("deletion lost", _struck("DROP", action="Delete"), weight=3),
)


LONGEST: Final = 4
"""Simulated minutes."""


@dataclass(slots=True)
class Befallen:
    """A trouble that is there now, whom it befell, and for how many simulated minutes more."""

    trouble: Trouble
    servers: tuple[str, ...]
    minutes: int

    def __str__(self) -> str:
        return f"{self.trouble.name} ({', '.join(self.servers)})"


class Fate:
    """Draws troubles for one lab. The same seed draws the same ones in the same order."""

    def __init__(self, served: LabProcess, seed: int, troubles: tuple[Trouble, ...] = TROUBLES) -> None:
        self._served = served
        self._chance = Random(seed)
        self._troubles = troubles
        self._dialled = served.environment.entry_servers
        self._others = tuple(name for name in served.environment.addresses if name not in self._dialled)
        self._here: list[Befallen] = []
        self.counts: dict[str, int] = {}

    def strike(self) -> Befallen | None:
        """One trouble more, on servers that have none; None where there are no such servers. Blocks."""
        possible = [trouble for trouble in self._troubles if self._free(trouble.where)]
        if not possible:
            return None
        (trouble,) = self._chance.choices(possible, [each.weight for each in possible])
        free = self._free(trouble.where)
        whom = free if trouble.where is Where.DIALLED else (self._chance.choice(free),)
        befallen = Befallen(trouble, whom, self._chance.randint(1, LONGEST))
        for server in befallen.servers:
            trouble.begin(self._served, server, self._chance)
        self._here.append(befallen)
        self.counts[trouble.name] = self.counts.get(trouble.name, 0) + 1
        return befallen

    def _free(self, where: Where) -> tuple[str, ...]:
        """Who could be befallen. Two troubles of one server could not be undone in any order."""
        taken = {server for befallen in self._here for server in befallen.servers}
        whom = self._others if where is Where.ONE else self._dialled
        free = tuple(server for server in whom if server not in taken)
        return free if where is not Where.DIALLED or len(free) == len(whom) else ()

    def chance(self, share: float) -> bool:
        """True as often as that."""
        return self._chance.random() < share

    def server(self) -> str:
        """One of all."""
        return self._chance.choice((*self._dialled, *self._others))

    def pass_minute(self) -> None:
        """Undo what is over. Blocks."""
        for befallen in self._here:
            befallen.minutes -= 1
        self._undo([befallen for befallen in self._here if befallen.minutes <= 0])

    def relent(self) -> None:
        """Undo all of it. Blocks."""
        self._undo(list(self._here))

    def _undo(self, over: list[Befallen]) -> None:
        for befallen in over:
            for server in befallen.servers:
                befallen.trouble.end(self._served, server, self._chance)
            self._here.remove(befallen)


def in_order(counts: Mapping[str, int]) -> str:
    """How often each happened, most often first."""
    return ", ".join(
        f"{name} {n}" for name, n in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    )

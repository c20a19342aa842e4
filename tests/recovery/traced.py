"""An organization for traces: servers with clocks of their own, logs on their disks, and a mailbox."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from cockpit.exchange.errors import ExchangeError, UnreachableError
from cockpit.exchange.model import CmdletError, Reading
from cockpit.exchange.recovery_model import Channel, Event, MonitoringMailbox
from cockpit.poplog.evidence import ProbeRun
from cockpit.poplog.source import LogSource
from tests.poplog.logs import START, USER, proxied
from tests.poplog.sources import Folder, log
from tests.poplog.test_trace import served
from tests.recovery.builders import EX01, EX02, EX03, copy, monitor, server, settings

T = TypeVar("T")
AT = START + timedelta(minutes=30)
FRONT_FILE, BACK_FILE = "POP32026010808-1.LOG", "POP3BE2026010808-1.LOG"


@dataclass
class Machine:
    """A server's WinRM endpoint. ``ahead``: of our clock; ``closed``: what every look raises; ``shared``: its
    logs are read over a share, which is open all the same."""

    ahead: timedelta = timedelta()
    logs: dict[str, bytes] = field(default_factory=dict)
    closed: ExchangeError | None = None
    shared: bool = False
    looks: int = 0
    ticks: Callable[[], datetime] = lambda: AT + timedelta(minutes=2)
    recorded: list[Event] = field(default_factory=list)
    since: datetime | None = None
    begins: datetime | None = AT - timedelta(days=1)
    errors: tuple[CmdletError, ...] = ()

    def now(self) -> datetime:
        self.looks += 1
        return self.ticks() + self.ahead

    def events(
        self, channel: Channel, since: datetime, newest: int, *, but: tuple[str, str] | None = None
    ) -> Any:
        self.since = since
        found = [e for e in self.recorded if but is None or e.fields[but[0]] != but[1]]
        return Reading(tuple(found[:newest]), errors=self.errors)

    def oldest_event(self, channel: Channel) -> Any:
        return Reading(() if self.begins is None else (Event(channel.value, 2, self.begins, {}),))


@dataclass
class Organization:
    """An Access. ``exchange``: answers by method name, instead of the usual ones; an error is raised."""

    machines: dict[str, Machine] = field(default_factory=dict)
    exchange: dict[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    logging: bool = True
    active: str = EX02
    health: str = "Healthy"
    closed: bool = False
    folders: list[str] = field(default_factory=list)

    def read(self, job: Callable[[Any], T]) -> T:
        return job(self)

    def look(self, server: str, job: Callable[[Any], T]) -> T:
        return job(self._machine(server))

    def logs(self, server: str, folder: str, job: Callable[[LogSource], T]) -> T:
        self.folders.append(folder)
        machine = self.machines.get(server)
        found = machine if machine is not None and machine.shared else self._machine(server)
        return job(Folder(found.logs, server))

    def _machine(self, server: str) -> Machine:
        machine = self.machines.get(server)
        if machine is None:
            raise UnreachableError(f"{server} cannot be reached")
        if machine.closed is not None:
            raise machine.closed
        return machine

    def send(self, change: Any) -> Any:
        raise AssertionError("a trace changes nothing")

    act = send

    def fence(self, check: Callable[[], None]) -> None:
        raise AssertionError("a trace changes nothing")

    def forgive(self) -> None:
        return

    def avoid(self, server: str) -> None:
        return

    def close(self) -> None:
        self.closed = True

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if not name.startswith(("get_", "invoke_")):
            raise AttributeError(name)

        def answer(*arguments: Any) -> Any:
            self.asked.append(f"{name} {' '.join(arguments)}".strip())
            found = self.exchange.get(name)
            if isinstance(found, Exception):
                raise found
            return found if found is not None else getattr(self, f"_{name}")(*arguments)

        return answer

    def _get_exchange_server(self) -> Any:
        return Reading(tuple(server(n) for n in (EX01, EX02, EX03)))

    def _get_pop_settings(self, name: str) -> Any:
        return Reading((replace(settings(self.logging), server=name),))

    def _get_monitoring_mailbox(self, user: str) -> Any:
        return Reading((MonitoringMailbox(USER, f"{USER}@contoso.test", "DB01", EX02),))

    def _get_database_copies(self, database: str) -> Any:
        return Reading((copy(self.active, database, "Mounted"), copy(EX03, database, "Healthy")))

    def _get_server_health(self, name: str, health_set: str) -> Any:
        return Reading((monitor(self.health),))


def quiet(at: datetime) -> list[str]:
    """A row of a customer at that time."""
    return proxied(user="frank", at=at, session=f"{at.timestamp():016.0f}")


def organization(
    front: timedelta = timedelta(), back: timedelta = timedelta(), **changes: Any
) -> Organization:
    """EX01 proxied a probe to EX02 at ``AT`` of our time; their clocks are that far ahead of ours."""
    early, late = AT - timedelta(minutes=20), AT + timedelta(minutes=1)
    seen = [*quiet(early + front), *proxied(at=AT + front, session="f" * 16), *quiet(late + front)]
    there = [*quiet(early + back), *served(AT + back + timedelta(seconds=0.2)), *quiet(late + back)]
    machines = {
        EX01: Machine(front, {FRONT_FILE: log(seen)}),
        EX02: Machine(back, {BACK_FILE: log(there)}),
        EX03: Machine(),
    }
    return Organization(machines, **changes)


def run(front: timedelta = timedelta(), **changes: Any) -> ProbeRun:
    """That probe's result, which failed and names nobody."""
    started = AT + front
    made = ProbeRun(
        "POP\\PopCTPProbe",
        EX01,
        started,
        started + timedelta(seconds=1),
        "Failed",
        "",
        f"{USER}@contoso.test",
    )
    return replace(made, **changes)

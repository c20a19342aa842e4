"""A healthy DAG of four servers as readings, to be spoilt one thing at a time; and servers to ask."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from cockpit.config.environment import RecoverySettings
from cockpit.exchange import catalogue
from cockpit.exchange import model as m
from cockpit.exchange import recovery_model as r
from cockpit.exchange.changes import ExchangeChange, WinRMChange
from cockpit.exchange.errors import UnreachableError
from cockpit.exchange.model import AlertValue, Role, Version
from cockpit.exchange.server_clock import ServerClock
from cockpit.exchange.session import RawResult
from cockpit.journal.records import Finding, Grade, Obligation, Verdict
from cockpit.recovery.guards.guard import judge
from cockpit.recovery.guards.table import GUARDS
from cockpit.recovery.readings import Case, Read, Readings

T = TypeVar("T")

NOW = datetime(2026, 3, 4, 3, 0, tzinfo=UTC)
"""A Wednesday."""
EX01, EX02, EX03, EX04 = NAMES = ("EX01", "EX02", "EX03", "EX04")
BOTH = frozenset({Role.MAILBOX, Role.CLIENT_ACCESS})
MONITOR = "PopDeepTestMonitor"
CTP = "PopCTPMonitor"
OURS = "run-1"
"""The run whose guards are read."""


def server(
    name: str = EX01, version: Version = Version.E2019, roles: frozenset[Role] = BOTH
) -> m.ExchangeServer:
    return m.ExchangeServer(name, f"{name}.contoso.com".lower(), version, "15.2.986.5", roles, "North")


def host(name: str = EX01, **changes: Any) -> m.MailboxServer:
    return replace(m.MailboxServer(name, "DAG1", "Unrestricted", False, None), **changes)


def dag(names: tuple[str, ...] = NAMES, up: tuple[str, ...] | None = None, **changes: Any) -> Any:
    made = m.DatabaseAvailabilityGroup(
        "DAG1",
        names,
        witness_server="FS1",
        witness_share_in_use="Primary" if len(names) % 2 == 0 else "None",
        operational_servers=names if up is None else up,
        primary_active_manager=EX02,
    )
    return replace(made, **changes)


def copy(name: str = EX02, database: str = "DB01", status: str = "Healthy", **changes: Any) -> Any:
    made = m.DatabaseCopyStatus(
        f"{database}\\{name}", database, name, status, status == "Mounted", EX01, 1, False, 0, 0, "Healthy"
    )
    return replace(made, **changes)


def monitor(alert: str = AlertValue.UNHEALTHY, target: str = "DB01", **changes: Any) -> m.MonitorHealthEntry:
    made = m.MonitorHealthEntry(EX01, MONITOR, target, "POP.Protocol", alert)
    since = NOW - timedelta(hours=1)
    return replace(made, **{"last_transition_time": since, "first_alert_observed_time": since, **changes})


def component(name: str, state: str = "Active", *votes: tuple[str, str]) -> m.ServerComponentState:
    cast = tuple(m.RequesterVote(who, what, NOW, "Local") for who, what in votes)
    return m.ServerComponentState(EX01, name, state, cast)


def action(age: timedelta, *, ended: bool = True) -> m.RecoveryAction:
    at = NOW - age
    return m.RecoveryAction(
        at, at if ended else None, "RestartService", "MSExchangePOP3BE", "PopDeepTestRestartService", "", ""
    )


def service(name: str, start_type: str = "Automatic") -> m.Service:
    return m.Service(name, name, "Running", start_type)


def database(name: str = "DB01", replication: str = "Remote", backup: bool | None = False) -> Any:
    return r.MailboxDatabase(name, EX01, replication, True, ((EX01, 1), (EX02, 2)), backup)


def settings(on: bool = False) -> m.PopSettings:
    return m.PopSettings(EX01, on, "C:\\Logs\\Pop3", "Daily", "0 B", 1995, (), (), "SecureLogin", 16)


def healthy(**changes: Any) -> Readings:
    """Readings of EX01 in DAG1 in which every guard passes. A change is a value, or a :class:`Read`."""
    found: dict[str, Any] = {
        "servers": tuple(server(n) for n in NAMES),
        "mailbox_servers": tuple(host(n) for n in NAMES),
        "dags": (dag(),),
        "monitor": (monitor(),),
        "report": tuple(
            m.HealthReport(EX01, "Online", name, "", AlertValue.HEALTHY, None, 1, 0)
            for name in ("AD", "Security", "Store", "DataProtection", "Clustering", "Network")
        ),
        "components": {n: (component("PopProxy"), component("HighAvailability")) for n in NAMES},
        "nodes": tuple(r.ClusterNode(n, r.NodeState.UP) for n in NAMES),
        "actions": (),
        "clock": ServerClock(NOW - timedelta(days=9), NOW),
        "setup": (),
        "services": (service(catalogue.FRONT_END_SERVICE), service(catalogue.BACK_END_SERVICE)),
        "settings": settings(),
        "volumes": (r.Volume("C:\\", 100 * 1024**3, 50 * 1024**3),),
        "connections": (r.CounterSample("x", 0.0),),
        "here": (copy(EX01, status="Mounted"), copy(EX01, "DB02")),
        "copies": {"DB01": (copy(EX01, status="Mounted"), copy(EX02), copy(EX03))},
        "databases": (database(), database("DB02")),
        "replication": tuple(
            r.ReplicationCheck(EX01, check, "Passed", "") for check in ("ClusterService", "QuorumGroup")
        ),
        "pool": {EX02: AlertValue.HEALTHY, EX03: AlertValue.UNHEALTHY},
    }
    assert set(found) == {f.name for f in fields(Readings)}
    given = {**found, **changes}
    return Readings(**{n: v if isinstance(v, Read) else Read(v) for n, v in given.items()})


def case(**changes: Any) -> Case:
    """EX01's PopDeepTestMonitor, with a probe that just failed and a server that had settled; of ``OURS``."""
    made = Case(
        server=EX01,
        monitor=MONITOR,
        args={"tier": "all"},
        facts={
            "evidence": {
                "outcome": "failed",
                "words": "ResultType Failed",
                "of": "PopDeepTestProbe",
                "at": 0,
            },
            "settled": {EX01: "settled"},
        },
        settings=RecoverySettings(),
        local=NOW,
        kin=frozenset({OURS}),
    )
    return replace(made, **changes)


def obligation(
    key: str, prior: object, wanted: object, *, server: str = EX01, number: int = 1, **changes: Any
) -> Obligation:
    made = Obligation(number, OURS, server, key, prior, wanted, 1_000.0 + number, None, "", "", "", None)
    return replace(made, **changes)


# --- what a guard said ---------------------------------------------------------------------------


def said(guard: str, readings: Readings, asked: Case | None = None) -> tuple[Finding, ...]:
    """The guard's findings, each looked at for what every finding must have."""
    found = judge(GUARDS[guard], readings, asked or case())
    assert found
    for finding in found:
        assert finding.guard == guard
        assert finding.object
        assert finding.reading
        assert finding.threshold
        assert finding.source
        assert finding.helps or finding.verdict is Verdict.PASSED
    return found


def refusals(guard: str, readings: Readings, asked: Case | None = None) -> dict[str, tuple[Verdict, Grade]]:
    """What did not pass, by object."""
    found = [f for f in said(guard, readings, asked) if f.verdict is not Verdict.PASSED]
    assert len({f.object for f in found}) == len(found)
    return {f.object: (f.verdict, f.grade) for f in found}


def passes(guard: str, readings: Readings, asked: Case | None = None) -> bool:
    return not refusals(guard, readings, asked)


# --- servers to ask ------------------------------------------------------------------------------


class Cmdlets:
    """Answers a method by its name and arguments; an exception is raised, a function called."""

    def __init__(self, answers: Mapping[str, Any], asked: list[str]) -> None:
        self.session = answers.get("session")
        self._answers = answers
        self._asked = asked

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def answer(*args: Any, **options: Any) -> Any:
            self._asked.append(" ".join([name, *(str(a) for a in args)]))
            given = self._answers.get(name, m.Reading(()))
            given = given(*args, **options) if callable(given) else given
            if isinstance(given, Exception):
                raise given
            return given

        return answer


@dataclass
class Servers:
    """An Access over answers by method name. ``down``: servers whose WinRM endpoint is closed."""

    exchange: dict[str, Any] = field(default_factory=dict)
    winrm: dict[str, Any] = field(default_factory=dict)
    down: frozenset[str] = frozenset()
    asked: list[str] = field(default_factory=list)
    looked: list[str] = field(default_factory=list)

    def read(self, job: Callable[[Any], T]) -> T:
        return job(Cmdlets(self.exchange, self.asked))

    def look(self, server: str, job: Callable[[Any], T]) -> T:
        self.looked.append(server)
        if server in self.down:
            raise UnreachableError(f"{server} cannot be reached", "connection refused")
        return job(Cmdlets(self.winrm, self.asked))

    def logs(self, server: str, folder: str, job: Callable[[Any], T]) -> T:
        raise UnreachableError(f"{server} cannot be reached")

    def send(self, change: ExchangeChange) -> RawResult:
        raise AssertionError("it only looks")

    def act(self, change: WinRMChange) -> RawResult:
        raise AssertionError("it only looks")

    def fence(self, check: Callable[[], None]) -> None:
        raise AssertionError("it only looks")

    def forgive(self) -> None:
        raise AssertionError("it only looks")

    def avoid(self, server: str) -> None:
        raise AssertionError("it only looks")

    def close(self) -> None:
        pass

"""A fleet to look at, and a feed that plays it: no collector, no network, no clock of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from cockpit.exchange import catalogue
from cockpit.exchange.model import (
    ExchangeServer,
    HealthReport,
    MonitorHealthEntry,
    MonitoringProbeResult,
    Outcome,
    RecoveryAction,
    RequesterVote,
    Role,
    ServerComponentState,
    Service,
    Version,
)
from cockpit.fleet.feed import FeedLostError
from cockpit.fleet.messages import Command
from cockpit.fleet.snapshot import (
    CollectorStatus,
    FleetDiff,
    FleetSnapshot,
    HealthSetReading,
    ProbePhase,
    ProbeRun,
    Problem,
    Reach,
    ServerSnapshot,
    WinRMReading,
    diff,
)

NOW = datetime(2026, 11, 23, 3, 12, 40, tzinfo=UTC)
PROXY_ERROR = "Proxy connection to MBX2013-01.corp.example:1995 was refused: -ERR Server Unavailable."
SERVER_NOW = NOW - timedelta(minutes=7)
"""The servers' clocks are seven minutes behind ours: ages must not show it."""


def ago(minutes: float, clock: datetime = SERVER_NOW) -> datetime:
    return clock - timedelta(minutes=minutes)


class FakeFeed:
    """Feeds diffs to the app and keeps the commands it was sent."""

    def __init__(self, first: FleetSnapshot | None = None, *, start_error: str = "") -> None:
        self.picture = FleetSnapshot()
        self.first = first
        self.start_error = start_error
        self.commands: list[Command] = []
        self.starts = 0
        self.closed = False
        self._queue: asyncio.Queue[FleetDiff | None] = asyncio.Queue()
        self._why = ""

    async def start(self) -> None:
        self.starts += 1
        if self.start_error:
            raise FeedLostError(self.start_error)
        self._queue = asyncio.Queue()
        self.picture = FleetSnapshot()
        if self.first is not None:
            self.show(self.first)

    async def diffs(self) -> AsyncIterator[FleetDiff]:
        while (change := await self._queue.get()) is not None:
            yield change
        raise FeedLostError(self._why)

    def send(self, command: Command) -> None:
        self.commands.append(command)

    async def close(self) -> None:
        self.closed = True

    # What tests and demos do

    def show(self, snapshot: FleetSnapshot) -> None:
        """Make the app see ``snapshot``."""
        snapshot = replace(snapshot, seq=self.picture.seq + 1)
        self._queue.put_nowait(diff(self.picture, snapshot))
        self.picture = snapshot

    def change(self, *servers: ServerSnapshot) -> None:
        """Make the app see these servers changed or added."""
        self.show(replace(self.picture, servers={**self.picture.servers, **{s.name: s for s in servers}}))

    def lose(self, why: str) -> None:
        self._why = why
        self._queue.put_nowait(None)


def entry(
    server: str, name: str, alert: str = "Healthy", since: float = 4000, **more: Any
) -> MonitorHealthEntry:
    known = catalogue.MONITORS[name]
    base = MonitorHealthEntry(
        server=server,
        name=name,
        target_resource={"POP.Protocol": "MSExchangePop3BE", "POP.Proxy": "MSExchangePop3"}.get(
            known.health_set, known.health_set
        ),
        health_set_name=known.health_set,
        alert_value=alert,
        last_transition_time=ago(since),
        last_execution_time=ago(0.5 if name != "PopSelfTestMonitor" else 0),
        last_execution_result="Succeeded",
    )
    return replace(base, **more)


def server(
    name: str,
    version: Version = Version.E2019,
    roles: frozenset[Role] = frozenset({Role.MAILBOX}),
    dag: str = "",
    site: str = "Milano",
    alerts: dict[str, tuple[str, float]] | None = None,
    **more: Any,
) -> ServerSnapshot:
    """A live server with the monitors of its roles, ``alerts`` (value, minutes since) where not healthy."""
    builds = {Version.E2013: "15.0.1497.48", Version.E2016: "15.1.2507.39", Version.E2019: "15.2.1544.11"}
    monitors = tuple(
        entry(name, m.name, *(alerts or {}).get(m.name, ("Healthy", 4000)))
        for m in catalogue.expected_monitors(version, roles)
    )
    base = ServerSnapshot(
        server=ExchangeServer(
            name=name,
            fqdn=f"{name.lower()}.corp.example",
            version=version,
            build=builds.get(version, "15.2.1"),
            roles=roles,
            site=site,
        ),
        dag=dag,
        reach=Reach.LIVE,
        last_success=NOW - timedelta(seconds=12),
        last_attempt=NOW - timedelta(seconds=12),
        readings=tuple(
            HealthSetReading(h, Outcome.ROWS, NOW - timedelta(seconds=12))
            for h in catalogue.expected_health_sets(version, roles)
        ),
        monitors=monitors,
    )
    return replace(base, **more)


def empty(name: str, outcome: Outcome, warnings: tuple[str, ...] = (), **more: Any) -> ServerSnapshot:
    """A server that answers without rows."""
    made = server(name, **more)
    return replace(
        made,
        monitors=(),
        readings=tuple(replace(r, outcome=outcome, warnings=warnings) for r in made.readings),
    )


def watched(snapshot: ServerSnapshot, sick: str = "") -> ServerSnapshot:
    """With all that is read of a server that is looked at."""
    names = ("AD", "Security", "Store", "DataProtection", "Clustering", "ActiveSync", "OWA")
    reports = tuple(
        HealthReport(
            snapshot.name,
            "NotApplicable",
            n,
            "ServiceComponents",
            "Unhealthy" if n == sick else "Healthy",
            ago(90),
            12,
            0,
        )
        for n in names
    )
    vote = RequesterVote("Maintenance", "Active", None, "Local")
    services = tuple(
        Service(n, n, "Running", "Automatic")
        for n in (*catalogue.services(snapshot.server.version, snapshot.server.roles), "MSExchangeHM")
    )
    return replace(
        snapshot,
        health_sets=reports,
        health_sets_read_at=NOW - timedelta(seconds=40),
        components=(ServerComponentState(snapshot.name, "PopProxy", "Active", (vote,)),),
        winrm=WinRMReading(
            read_at=NOW,
            services=services,
            last_boot=NOW - timedelta(days=41, hours=3),
            recovery_actions=(
                RecoveryAction(
                    ago(21),
                    ago(20),
                    "RestartService",
                    "MSExchangePop3",
                    "PopCTPRestart",
                    "Succeeded",
                    "Finished",
                ),
                RecoveryAction(
                    ago(3),
                    None,
                    "RestartService",
                    "MSExchangePop3",
                    "PopCTPRestart",
                    "Failed",
                    "Finished",
                    "timeout",
                ),
            ),
        ),
    )


def probe_run(
    server_name: str, identity: str, phase: ProbePhase, result: str = "Failed", at: float = 2, **more: Any
) -> ProbeRun:
    start = NOW - timedelta(minutes=at)
    done = phase is not ProbePhase.RUNNING
    outcome = None
    if phase is ProbePhase.FINISHED:
        well = result == "Succeeded"
        outcome = MonitoringProbeResult(
            server=server_name,
            monitor_identity=identity,
            request_id="",
            execution_start_time=ago(at),
            execution_end_time=ago(at - 0.4),
            result_type=result,
            error="" if well else PROXY_ERROR,
            failure_context="" if well else "POP3 command USER timed out after 00:00:30",
            execution_context="User: HealthMailbox3f2a@corp.example Password: [redacted]",
            sample_value=48.0 if well else 30112.0,
            state_attributes={1: "POP3"}
            if well
            else {1: "Store", 2: "Backend unavailable", 3: server_name, 4: "MBX2013-01"},
        )
    base = ProbeRun(
        id=f"{server_name}-{identity}-{at}",
        identity=identity,
        server=server_name,
        phase=phase,
        started_at=start,
        finished_at=start + timedelta(seconds=24) if done else None,
        result=outcome,
    )
    return replace(base, **more)


def fleet_of(*servers: ServerSnapshot) -> FleetSnapshot:
    """A picture of these servers, which has just been read."""
    status = CollectorStatus(interval=30.0, entry_server="ex01.corp.example", organization_read_at=NOW)
    return FleetSnapshot(seq=1, status=status, servers={s.name: s for s in servers})


def demo_fleet(size: int = 24) -> FleetSnapshot:
    """Two DAGs, split 2013 roles, and every kind of trouble once."""
    mbx, cas = frozenset({Role.MAILBOX}), frozenset({Role.CLIENT_ACCESS})
    denied = Problem("Access denied", "the account lacks the cmdlet", "Add Organization Management.")
    silent = Problem("No answer", "connection timed out after 10 s", "See whether the server is up.")
    no_manager = "The health manager service on EX07 is not running."
    old: dict[str, Any] = {"version": Version.E2016, "dag": "DAG02", "site": "Roma"}
    split: dict[str, Any] = {"version": Version.E2013, "site": "Torino"}
    runs = (
        probe_run("EX01", r"POP\PopCTPProbe", ProbePhase.FINISHED),
        probe_run("EX01", r"POP.Proxy\PopProxyTestProbe", ProbePhase.FINISHED, "Succeeded", at=9),
        probe_run("EX01", r"POP\PopCTPProbe", ProbePhase.FAILED, at=16, problem=denied),
    )
    running = probe_run("EX03", r"POP.Protocol\PopSelfTestProbe", ProbePhase.RUNNING, at=0.6)
    ill = {"PopCTPMonitor": ("Unhealthy", 21.0), "PopProxyTestMonitor": ("Degraded", 4.0)}
    servers = [
        watched(server("EX01", dag="DAG01", alerts=ill, probe_runs=runs), sick="Store"),
        server("EX02", dag="DAG01"),
        server("EX03", dag="DAG01", alerts={"PopSelfTestMonitor": ("Degraded", 2)}, probe_runs=(running,)),
        server(
            "EX04",
            dag="DAG01",
            reach=Reach.UNREACHABLE,
            last_success=NOW - timedelta(minutes=12),
            problem=silent,
        ),
        server("EX05", **old),
        empty("EX06", Outcome.EMPTY, **old),
        empty("EX07", Outcome.EMPTY_WITH_WARNING, (no_manager,), **old),
        server("EX08", reach=Reach.STALE, last_success=NOW - timedelta(seconds=75), **old),
        server("CAS2013-01", roles=cas, **split),
        server("CAS2013-02", roles=cas, alerts={"PopCTPMonitor": ("Repairing", 1)}, **split),
        server("MBX2013-01", roles=mbx, alerts={"PopDeepTestMonitor": ("Unhealthy", 185)}, **split),
    ]
    stale = server("EX09", **old)
    first, *rest = stale.monitors
    servers.append(replace(stale, monitors=(replace(first, is_stale=True), *rest)))
    while len(servers) < size:
        servers.append(server(f"EX{len(servers) - 2:02}", dag=f"DAG{3 + len(servers) // 60:02}", site="Bari"))
    status = CollectorStatus(
        interval=30.0,
        sessions=4,
        session_limit=8,
        entry_server="ex01.corp.example",
        organization_read_at=NOW - timedelta(minutes=1),
    )
    return FleetSnapshot(seq=1, status=status, servers={s.name: s for s in servers[:size]})

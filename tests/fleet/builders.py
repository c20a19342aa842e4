"""Small pictures for tests: a server, a monitor, a fleet, and hypothesis strategies for them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from cockpit.exchange.model import (
    AlertValue,
    ExchangeServer,
    MonitorHealthEntry,
    MonitoringProbeResult,
    Outcome,
    Role,
    Version,
)
from cockpit.fleet.snapshot import (
    CollectorStatus,
    FleetSnapshot,
    HealthSetReading,
    ProbePhase,
    ProbeRun,
    Problem,
    Reach,
    ServerSnapshot,
)

NOW = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
BOTH = frozenset({Role.MAILBOX, Role.CLIENT_ACCESS})


def server(
    name: str = "EX01", version: Version = Version.E2019, roles: frozenset[Role] = BOTH
) -> ExchangeServer:
    return ExchangeServer(name, f"{name}.contoso.com".lower(), version, "15.2.986.5", roles, "North")


def monitor(
    name: str = "PopSelfTestMonitor",
    alert: str = AlertValue.HEALTHY,
    health_set: str = "POP.Protocol",
    *,
    stale: bool = False,
    changed: datetime | None = None,
) -> MonitorHealthEntry:
    return MonitorHealthEntry(
        "EX01",
        name,
        "",
        health_set,
        alert,
        is_stale=stale,
        last_transition_time=changed,
        last_execution_time=NOW,
    )


def reading(health_set: str, outcome: Outcome | None = Outcome.ROWS, *warnings: str) -> HealthSetReading:
    return HealthSetReading(health_set, outcome, NOW, warnings)


ALL_SETS = ("POP", "POP.Protocol", "POP.Proxy")


def live(*monitors: MonitorHealthEntry, name: str = "EX01") -> ServerSnapshot:
    """A server that was just read; health sets without a monitor here have one healthy one."""
    have = {m.health_set_name for m in monitors}
    rest = tuple(monitor(f"{s}Monitor", health_set=s) for s in ALL_SETS if s not in have)
    return ServerSnapshot(
        server(name),
        reach=Reach.LIVE,
        last_success=NOW,
        last_attempt=NOW,
        readings=tuple(reading(s) for s in ALL_SETS),
        monitors=(*monitors, *rest),
    )


def probe_run(
    identity: str,
    result_type: str | None = None,
    *,
    phase: ProbePhase = ProbePhase.FINISHED,
    ended: datetime = NOW + timedelta(hours=1),
    warnings: tuple[str, ...] = (),
) -> ProbeRun:
    result = (
        MonitoringProbeResult("EX01", identity, "r", NOW, ended, result_type)
        if result_type is not None
        else None
    )
    return ProbeRun("1", identity, "EX01", phase, NOW, ended, result=result, warnings=warnings)


_MOMENTS = st.none() | st.integers(0, 10_000).map(lambda s: NOW + timedelta(seconds=s))
_WORDS = st.sampled_from(["", "a", "b"])
_ALERTS = st.sampled_from(["Healthy", "Degraded", "Unhealthy", "Unknown", "Disabled", "Melting"])

MONITORS = st.builds(
    MonitorHealthEntry,
    server=st.just("EX"),
    name=_WORDS,
    target_resource=_WORDS,
    health_set_name=st.sampled_from(ALL_SETS),
    alert_value=_ALERTS,
    is_stale=st.booleans(),
    last_execution_time=_MOMENTS,
)
PROBLEMS = st.none() | st.builds(Problem, what=_WORDS)


def _snapshots(name: str) -> st.SearchStrategy[ServerSnapshot]:
    return st.builds(
        ServerSnapshot,
        server=st.just(server(name)),
        reach=st.sampled_from(list(Reach)),
        last_success=_MOMENTS,
        last_attempt=_MOMENTS,
        problem=PROBLEMS,
        monitors=st.lists(MONITORS, max_size=3).map(tuple),
    )


@st.composite
def fleets(draw: st.DrawFn) -> FleetSnapshot:
    names = draw(st.lists(st.sampled_from(["EX01", "EX02", "EX03", "EX04"]), unique=True))
    return FleetSnapshot(
        seq=draw(st.integers(0, 99)),
        status=draw(
            st.builds(CollectorStatus, paused=st.booleans(), sessions=st.integers(0, 6), problem=PROBLEMS)
        ),
        servers={name: draw(_snapshots(name)) for name in names},
    )

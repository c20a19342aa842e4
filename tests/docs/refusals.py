"""For every guard, readings that it refuses: what it says of them is what the reference shows.

The guards' own judgements speak here, over a healthy DAG of four servers that is spoilt in one way at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from cockpit.config.environment import RecoverySettings, Window
from cockpit.exchange import recovery_model as r
from cockpit.exchange.catalogue import BACK_END_SERVICE, FRONT_END_SERVICE
from cockpit.exchange.model import AlertValue, HealthReport, Role, Version
from cockpit.journal.records import Finding, Lease, Run, RunState, Verdict
from cockpit.recovery.readings import Case, Read, Readings
from tests.recovery.builders import (
    EX01,
    EX02,
    EX03,
    NAMES,
    NOW,
    action,
    case,
    component,
    copy,
    dag,
    database,
    healthy,
    host,
    monitor,
    said,
    server,
    service,
)

Spoilt = tuple[Readings, Case]
_DISABLED: Final = (service(FRONT_END_SERVICE), service(BACK_END_SERVICE, "Disabled"))
_OLD: Final = server(EX01, Version.OTHER, frozenset({Role.MAILBOX}))
_SETUP: Final = (r.Process("ExSetup", 4711),)


def shown(guard: str) -> tuple[Finding, ...]:
    """What the guard says where it does not pass, each kind of refusal once. Never empty."""
    found = [f for readings, asked in SPOILT[guard] for f in said(guard, readings, asked)]
    return tuple(f for f in found if f.verdict is not Verdict.PASSED)


def passing(guard: str) -> bool:
    """Whether it passes on the healthy readings, so that a refusal tells of what was spoilt."""
    return all(f.verdict is Verdict.PASSED for f in said(guard, healthy(), case()))


def _spoilt(**changes: Any) -> Spoilt:
    return healthy(**changes), case()


def _asked(**changes: Any) -> Spoilt:
    return healthy(), case(**changes)


def _with_copies(*copies: Any) -> Spoilt:
    return _spoilt(copies={"DB01": (copy(EX01, status="Mounted"), *copies)})


def _with_partner(**changes: Any) -> tuple[Any, ...]:
    return tuple(host(n, **changes) if n == EX02 else host(n) for n in NAMES)


def _lease() -> Lease:
    return Lease("dag:DAG1", "jump2/7/x", r"CONTOSO\bob", "ssh", "0f" * 16, 3, 1.0, 61.0, False)


def _left() -> Run:
    return Run(
        *("ab" * 16, None, "PopDeepTest", "d", "{}", "prod", "dag:DAG1", EX02, "PopDeepTestMonitor"),
        *(r"CONTOSO\bob", RunState.WAITING, "block", False, {}, "", 1.0, None),
    )


def _evidence(outcome: str, words: str, minutes: int) -> Spoilt:
    shown = {"outcome": outcome, "words": words, "of": "PopDeepTestProbe", "at": 1_000}
    return _asked(facts={"evidence": shown}, now=1_000.0 + minutes * 60)


def _alerts() -> Iterator[Spoilt]:
    for alert in (AlertValue.HEALTHY, AlertValue.DEGRADED, AlertValue.REPAIRING, AlertValue.DISABLED):
        yield _spoilt(monitor=(monitor(alert),))
    yield _spoilt(monitor=(monitor(is_stale=True),))
    yield _spoilt(monitor=())


SPOILT: Final[Mapping[str, tuple[Spoilt, ...]]] = {
    "role.known": (
        _spoilt(servers=(replace(_OLD, build="14.3.123.4"),)),
        _spoilt(mailbox_servers=(host(EX02),)),
    ),
    "alert.real": tuple(_alerts()),
    "dependencies.healthy": (
        _spoilt(report=(HealthReport(EX01, "Online", "Store", "", AlertValue.UNHEALTHY, None, 1, 1),)),
    ),
    "others.lease": (_asked(leases=(_lease(),)), _asked(runs=(_left(),))),
    "others.marks": (
        _spoilt(mailbox_servers=_with_partner(activation_disabled_and_move_now=True)),
        _spoilt(nodes=(r.ClusterNode(EX02, r.NodeState.PAUSED),)),
        _spoilt(
            components={
                n: (component("HighAvailability", "Inactive", ("Maintenance", "Inactive")),)
                if n == EX02
                else (component("HighAvailability"),)
                for n in NAMES
            }
        ),
    ),
    "others.managed_availability": (
        _spoilt(actions=(action(timedelta(minutes=4)),)),
        _spoilt(monitor=(monitor(first_alert_observed_time=NOW - timedelta(minutes=10)),)),
        _spoilt(monitor=(monitor(first_alert_observed_time=None),)),
    ),
    "others.setup": (_spoilt(setup=_SETUP),),
    "window.open": (
        _asked(
            settings=RecoverySettings(
                maintenance_windows=(Window(days=("sat",), start="01:00", end="05:00"),)
            )
        ),
    ),
    "service.right": (_spoilt(services=_DISABLED), _spoilt(services=(service(FRONT_END_SERVICE),))),
    "popproxy.active": (
        _spoilt(components={EX01: (component("PopProxy", "Inactive", ("HealthApi", "Inactive")),)}),
        _spoilt(components={EX01: (component("PopProxy", "Inactive"),)}),
    ),
    "clients.noted": (_spoilt(connections=(r.CounterSample("Connections Current", 42.0),)),),
    "pool.others": (_spoilt(pool={EX02: AlertValue.UNHEALTHY}), _spoilt(pool={})),
    "logging.prior": (_spoilt(settings=Read(problem="the answer did not come")),),
    "logging.space": (
        _spoilt(volumes=(r.Volume("C:\\", 100 * 1024**3, 1024**3),)),
        _spoilt(volumes=(r.Volume("D:\\", 100 * 1024**3, 1024**3),)),
    ),
    "dag.member": (_spoilt(mailbox_servers=(host(EX01, dag=""),), dags=()),),
    "dag.quorum": (
        _spoilt(dags=(dag(up=NAMES[:2]),)),
        _spoilt(dags=(dag(up=NAMES[:3]),)),
        _spoilt(dags=(dag(NAMES[:2]),), mailbox_servers=(host(EX01), host(EX02))),
        _spoilt(dags=(dag(witness_share_in_use="None"),)),
        _spoilt(replication=(r.ReplicationCheck(EX01, "QuorumGroup", "*FAILED*", "no quorum"),)),
    ),
    "copies.elsewhere": (
        _with_copies(copy(EX02, status="Failed"), copy(EX03, copy_queue_length=250)),
        _with_copies(copy(EX02, status="Suspended", activation_suspended=True)),
        _with_copies(copy(EX02)),
    ),
    "copies.lagged": (
        _with_copies(copy(EX02, replay_lag_status="Enabled:True; PlayDownReason:None; Percentage:100")),
    ),
    "copies.seeding": (
        _spoilt(here=(copy(EX01, status="Mounted"), copy(EX01, "DB02", status="SeedingSource"))),
    ),
    "target.room": (_spoilt(mailbox_servers=tuple(host(n, maximum_active_databases=20) for n in NAMES)),),
    "databases.unreplicated": (_spoilt(databases=(database(replication="None"), database("DB02"))),),
    "databases.backup": (_spoilt(databases=(database(backup=True), database("DB02"))),),
    "prior.stored": (
        _spoilt(mailbox_servers=(host(EX02),)),
        _spoilt(mailbox_servers=(host(EX01, activation_policy=""), host(EX02))),
    ),
    "dag.preference": (_spoilt(dags=(dag(preference_move_frequency="01:00:00"),)),),
    "evidence.fault": (
        _evidence("failed", "ResultType Failed", 45),
        _evidence("not_runnable", "it gave a warning and no result", 1),
        _asked(facts={}),
    ),
    "boottime.stored": (_spoilt(clock=Read(problem="WinRM does not answer")),),
    "backup.running": (
        _spoilt(databases=(database(backup=True), database("DB02"))),
        _spoilt(databases=(database(backup=None), database("DB02"))),
        _spoilt(here=(copy(EX01), copy(EX01, "DB02", status="Seeding"))),
    ),
    "copies.none_active": (
        _spoilt(here=(copy(EX01, status="Dismounted", active_copy=True), copy(EX01, "DB02"))),
        _spoilt(here=(copy(EX01, status="ServiceDown"), copy(EX01, "DB02"))),
    ),
    "pam.elsewhere": (_spoilt(dags=(dag(primary_active_manager=EX01),)),),
    "members.up": (
        _spoilt(
            nodes=tuple(r.ClusterNode(n, r.NodeState.DOWN if n == EX03 else r.NodeState.UP) for n in NAMES)
        ),
    ),
    "console.reachable": (_asked(),),
    "reboot.settled": (_asked(facts={"settled": {EX01: "service MSExchangePop3 is Stopped"}}),),
}
"""By guard id. ``copies.none_active`` does not pass on the healthy readings, where a copy is active on
purpose, and ``console.reachable`` never does."""

"""Everything that guards, runbooks and the journal say can be found again in the catalogue, and said anew."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from cockpit.config.environment import RecoverySettings, Window
from cockpit.config.spoken import parts
from cockpit.exchange import recovery_model as r
from cockpit.exchange.catalogue import BACK_END_SERVICE, FRONT_END_SERVICE
from cockpit.exchange.model import AlertValue, HealthReport, Role, Version
from cockpit.journal.errors import LeaseHeldError, LeaseLostError, ObligationsOpenError
from cockpit.journal.records import Finding, Lease, Run, RunState
from cockpit.recovery.ending import undo_step
from cockpit.recovery.guards.before_change import MOVE_NOW, POLICY
from cockpit.recovery.guards.guard import judge
from cockpit.recovery.guards.table import GUARDS
from cockpit.recovery.plan import ROLES
from cockpit.recovery.readings import Case, Read, Readings
from cockpit.recovery.runbook import Step, freeze
from cockpit.recovery.runbooks import RUNBOOKS, STARTING
from cockpit.recovery.state_words import alert_is, service_is
from tests.recovery.builders import (
    CTP,
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
    obligation,
    server,
    service,
    settings,
)
from tests.recovery.foreign import english, entries, of, spoken, unused

ALERTS = [value for name, value in vars(AlertValue).items() if name.isupper()]
LAG = "Enabled:True; PlayDownReason:None; Percentage:100"
Asked = tuple[str, Readings, Case]


# --- what guards say -----------------------------------------------------------------------------


def with_host(**changes: Any) -> tuple[Any, ...]:
    return tuple(host(n, **changes) if n == EX02 else host(n) for n in NAMES)


def copies(*others: Any) -> dict[str, Any]:
    return {"copies": {"DB01": (copy(EX01, status="Mounted"), *others)}}


def in_components(row: Any) -> dict[str, Any]:
    return {"components": {n: (row,) if n == EX01 else (component("PopProxy"),) for n in NAMES}}


def before_change() -> Iterator[Asked]:
    edge = server(EX01, Version.OTHER, frozenset({Role.EDGE}))
    bare = replace(server(EX01, Version.OTHER, frozenset()), build="")
    yield "role.known", healthy(), case(server="EX99")
    yield "role.known", healthy(servers=(edge,)), case()
    yield "role.known", healthy(servers=(bare,)), case()
    yield "role.known", healthy(mailbox_servers=(host(EX02),)), case()
    yield "role.known", healthy(servers=Read()), case()
    yield "alert.real", healthy(monitor=()), case()
    yield "alert.real", healthy(monitor=(monitor(), monitor(last_transition_time=None))), case()
    for alert in (*ALERTS, "Sulking"):
        yield "alert.real", healthy(monitor=(monitor(alert),)), case()
        yield "alert.real", healthy(monitor=(monitor(alert, is_stale=True),)), case()
    sick = (HealthReport(EX01, "Online", "Store", "", AlertValue.UNHEALTHY, None, 1, 1),)
    yield "dependencies.healthy", healthy(report=sick), case()
    yield "dependencies.healthy", healthy(), case(monitor=CTP)
    yield "dependencies.healthy", healthy(), case(monitor="AverageCommandProcessingTimeGt60sMonitor")
    lease = Lease("dag:DAG1", "jump2/7/x", r"CONTOSO\bob", "ssh", "0f" * 16, 3, 1.0, 61.0, False)
    open_run = Run("1a" * 16, None, "PopDeepTest", "d", "{}", "prod", "dag:DAG1", EX02, "PopDeepTestMonitor",
                   r"CONTOSO\bob", RunState.WAITING, "block", False, {}, "", 1.0, None)  # fmt: skip
    yield "others.lease", healthy(), case(leases=(lease,), runs=(open_run,))
    yield "others.marks", healthy(mailbox_servers=with_host(activation_policy="Blocked")), case()
    yield "others.marks", healthy(mailbox_servers=with_host(activation_policy="")), case()
    moving = healthy(mailbox_servers=with_host(activation_disabled_and_move_now=True))
    yield "others.marks", moving, case()
    for changes in ({"run": "f00d" * 8}, {"run": "f00d" * 8, "handed_to": "bob", "handed_at": 9.0}):
        left = obligation(MOVE_NOW, False, True, server=EX02, **changes)
        yield "others.marks", moving, case(obligations=(left,))
    voted = component("HighAvailability", "Inactive", ("Maintenance", "Inactive"))
    yield "others.marks", healthy(**in_components(voted)), case()
    yield "others.marks", healthy(components={}), case()
    yield "others.marks", healthy(nodes=(r.ClusterNode(EX02, r.NodeState.PAUSED),)), case()
    yield "others.marks", healthy(nodes=Read()), case()
    yield "others.marks", healthy(mailbox_servers=tuple(host(n) for n in NAMES if n != EX02)), case()
    yield "others.marks", healthy(dags=()), case()
    acted = (action(timedelta(minutes=1)), action(timedelta(minutes=1), ended=False))
    yield "others.managed_availability", healthy(actions=acted), case()
    due = monitor(first_alert_observed_time=NOW - timedelta(minutes=10))
    yield "others.managed_availability", healthy(monitor=(due,)), case()
    unsaid = monitor(first_alert_observed_time=None)
    yield "others.managed_availability", healthy(monitor=(unsaid,)), case()
    yield "others.setup", healthy(setup=(r.Process("ExSetup", 4711),)), case()
    night, now = Window(days=("sat",), start="01:00", end="05:00"), Window(start="02:00", end="04:00")
    for windows in ((night,), (night, now)):
        asked = case(settings=RecoverySettings(maintenance_windows=windows))
        yield "window.open", healthy(), asked


def failover() -> Iterator[Asked]:
    alone = healthy(mailbox_servers=(host(EX01, dag=""),), dags=())
    two: dict[str, Any] = {"mailbox_servers": (host(EX01), host(EX02)), "dags": (dag((EX01, EX02)),)}
    yield "dag.member", alone, case()
    yield "dag.quorum", alone, case()
    yield "dag.quorum", healthy(dags=()), case()
    for up, witness in ((NAMES, ""), (NAMES[:3], "Primary"), (NAMES[:2], "None")):
        yield "dag.quorum", healthy(dags=(dag(NAMES, up, witness_share_in_use=witness),)), case()
    yield "dag.quorum", healthy(**two), case()
    failed = r.ReplicationCheck(EX01, "QuorumGroup", "*FAILED*", "")
    yield "dag.quorum", healthy(replication=(failed,)), case()
    yield "dag.quorum", healthy(replication=()), case()
    for changes in (
        {"status": "Failed"}, {"activation_suspended": True}, {"copy_queue_length": 10},
        {"copy_queue_length": None}, {"replay_queue_length": 50}, {"replay_queue_length": None},
        {"content_index_state": "Failed"}, {"server": "EX98"},
    ):  # fmt: skip
        yield "copies.elsewhere", healthy(**copies(copy(EX02, **changes))), case()
        yield "copies.elsewhere", healthy(**copies(copy(EX02, **changes), copy(EX03))), case()
    for spoilt in (
        {"mailbox_servers": with_host(activation_policy="Blocked")},
        {"mailbox_servers": with_host(activation_disabled_and_move_now=True)},
        {"mailbox_servers": with_host(activation_disabled_and_move_now=None)},
        {"nodes": (r.ClusterNode(EX02, r.NodeState.PAUSED),)},
    ):
        yield "copies.elsewhere", healthy(**copies(copy(EX02)), **spoilt), case()
    yield "copies.elsewhere", healthy(copies={}), case()
    yield "copies.elsewhere", healthy(**copies()), case()
    yield "copies.elsewhere", healthy(**copies(copy(EX02)), **two), case()
    yield "copies.elsewhere", healthy(here=(), copies={}), case()
    yield "copies.elsewhere", healthy(here=(), copies={}, databases=Read()), case()
    late = copy(EX02, replay_lag_status=LAG)
    yield "copies.lagged", healthy(**copies(late)), case()
    yield "copies.lagged", healthy(**copies()), case()
    yield "copies.lagged", healthy(copies={}), case()
    yield "copies.seeding", healthy(here=(copy(EX01, "DB02", status="Seeding"),)), case()
    full = tuple(host(n, maximum_active_databases=5) for n in NAMES)
    yield "target.room", healthy(mailbox_servers=full), case()
    yield "target.room", healthy(**copies()), case()
    yield "target.room", healthy(copies={}), case()
    single = (database(), database("DB09", "None"))
    yield "databases.unreplicated", healthy(databases=single, here=(copy(EX01), copy(EX01, "DB09"))), case()
    yield "databases.unreplicated", healthy(databases=()), case()
    yield "databases.backup", healthy(databases=(database(backup=True), database("DB02"))), case()
    yield "prior.stored", healthy(mailbox_servers=(host(EX02),)), case()
    unsaid = tuple(host(n, activation_policy="") for n in NAMES)
    yield "prior.stored", healthy(mailbox_servers=unsaid), case()
    yield "prior.stored", healthy(here=(copy(EX01), copy(EX01, "DB02"))), case()
    yield "dag.preference", healthy(dags=(dag(preference_move_frequency="01:00:00"),)), case()


def reboot() -> Iterator[Asked]:
    for evidence in (
        {},
        {"outcome": "failed", "words": "ResultType Failed", "of": "PopCTPProbe", "at": 1_000},
        {
            "outcome": "not_runnable",
            "words": "PopCTPProbe could not be run by hand: no result and no warning",
        },
        {"outcome": "unhealthy", "words": f"{CTP} is Unhealthy.", "of": CTP},
    ):
        yield "evidence.fault", healthy(), case(facts={"evidence": evidence}, now=1_000.0 + 31 * 60)
    for backup in (True, None):
        yield "backup.running", healthy(databases=(database(), database("DB02", backup=backup))), case()
    yield "backup.running", healthy(here=(copy(EX01), copy(EX01, "DB02", status="Seeding"))), case()
    front = server(EX01, Version.E2013, frozenset({Role.CLIENT_ACCESS}))
    yield "backup.running", healthy(servers=(front,), mailbox_servers=(host(EX02),)), case()
    yield "backup.running", healthy(databases=Read()), case()
    yield "copies.none_active", healthy(here=(copy(EX01), copy(EX01, "DB02"))), case()
    yield "copies.none_active", healthy(here=(copy(EX01, status="ServiceDown"), copy(EX01, "DB02"))), case()
    for manager in ("ex01", ""):
        yield "pam.elsewhere", healthy(dags=(dag(primary_active_manager=manager),)), case()
    yield "pam.elsewhere", healthy(mailbox_servers=(host(EX01, dag=""),), dags=()), case()
    yield "members.up", healthy(nodes=()), case()
    some = (r.ClusterNode(EX01, r.NodeState.UP), r.ClusterNode(EX02, r.NodeState.DOWN))
    yield "members.up", healthy(nodes=some), case()
    yield "reboot.settled", healthy(), case(facts={})


def before_service() -> Iterator[Asked]:
    back_only = server(EX01, Version.E2013, frozenset({Role.MAILBOX}))
    edge = server(EX01, roles=frozenset({Role.EDGE}))
    disabled = (service(FRONT_END_SERVICE), service(BACK_END_SERVICE, "Disabled"))
    yield "service.right", healthy(servers=(back_only,)), case(args={"tier": "front"})
    yield "service.right", healthy(servers=(edge,), services=()), case()
    yield "service.right", healthy(services=(service(FRONT_END_SERVICE),)), case()
    yield "service.right", healthy(services=disabled), case()
    yield "popproxy.active", healthy(), case(args={"tier": "back"})
    yield "popproxy.active", healthy(components={EX01: ()}), case()
    yield "popproxy.active", healthy(**in_components(component("HighAvailability"))), case()
    for state in ("Inactive", "Draining"):
        yield "popproxy.active", healthy(**in_components(component("PopProxy", state))), case()
        votes = (("HealthApi", "Inactive"), ("Maintenance", "Inactive"))
        yield "popproxy.active", healthy(**in_components(component("PopProxy", state, *votes))), case()
    yield "clients.noted", healthy(connections=(r.CounterSample("a", 7.0),)), case()
    yield "clients.noted", healthy(connections=Read()), case()
    yield "pool.others", healthy(pool={}), case()
    yield "pool.others", healthy(pool={EX02: AlertValue.UNHEALTHY, EX03: AlertValue.UNKNOWN}), case()
    yield "logging.prior", healthy(settings=settings(on=True)), case()
    yield "logging.prior", healthy(settings=replace(settings(), protocol_log_enabled=None)), case()
    for free in (0, None):
        yield "logging.space", healthy(volumes=(r.Volume("C:\\", 10**12, free),)), case()


def table() -> Iterator[Asked]:
    for name in GUARDS:
        yield name, healthy(), case()
    for part in (before_change, failover, reboot, before_service):
        yield from part()


def findings() -> list[Finding]:
    return [f for name, readings, asked in table() for f in judge(GUARDS[name], readings, asked)]


def words_of(finding: Finding) -> tuple[str, ...]:
    guard = GUARDS[finding.guard]
    return guard.title, finding.object, finding.reading, finding.threshold, finding.helps


@pytest.mark.parametrize("name", GUARDS)
def test_what_a_guard_says_is_said_anew(name: str) -> None:
    every = {text for f in findings() if f.guard == name for text in words_of(f)}
    assert {text: left for text in every if (left := english(text))} == {}


def test_every_sentence_of_the_guards_was_among_them() -> None:
    texts = {text for f in findings() for text in words_of(f)}
    assert unused(of("cockpit/recovery/guards/"), texts) == ["without a time"]  # Exchange always gives one


# --- runbooks ------------------------------------------------------------------------------------

STEPS = [
    *(pytest.param(step, id=f"{name} {step.id}") for name, book in RUNBOOKS.items() for step in book.steps),
    *(pytest.param(undo_step(key), id=key) for key in (MOVE_NOW, POLICY, "ProtocolLogEnabled")),
]


@pytest.mark.parametrize("step", STEPS)
def test_what_a_step_is_and_why_is_said_anew(step: Step) -> None:
    for text in (step.title, f"{EX01}: {step.title}?", step.why, step.departs):
        assert english(text) == [], text


@pytest.mark.parametrize("name", RUNBOOKS)
def test_what_a_runbook_is_called_is_said_anew(name: str) -> None:
    starting = STARTING[name].format(server=EX01)
    assert english(RUNBOOKS[name].title) == []
    assert english(starting) == []
    assert starting == f"Start {RUNBOOKS[name].title.lower()} on {EX01}"


def test_roles_of_a_plan_are_said_anew() -> None:
    assert [left for role in ROLES.values() if (left := english(role))] == []


DIGESTS = {
    "PopDeepTest": "e5deb4333d940377fb1262117bc34ab6dffbfdf0726afe93a46416443bb0d145",
    "PopCTP": "a41598ab6b69e686c1811dc827325dc017f3e428d4ab868db84fb5358b701572",
    "PopProxyTest": "57d2a6d1c1ae5c3279e108916027b4cc2ba8ba6233cc015a1cc1a07c52d3946e",
    "AverageCommandProcessingTime": "4e350e852b5c1a373826f8725cc19cd90c2f256d25385841cb06a0fabcf80695",
    "ServiceRestart": "fbd925bf3150ec4357b8854f3c6918c53cc41933c49093a5464bfc8d15b2607a",
    "BackEndServiceRestart": "a32e8181aaa9fca19dc0bbcdfc0501e3d7c9ddc709c1d3d5b218e922d8147416",
    "ProtocolLoggingFront": "0da4ba946b5009142145b0afab549e84048ff7dc83d186d2020c4120d4aacedb",
    "ProtocolLoggingBack": "7d7994db614c4cbf682f88b598aa43d16e3b4bef39fbdc4cd171c2574665dbd6",
    "ProtocolLoggingBoth": "a9b1445a57e42c3aa928eafe1e11583eb0fa66cbb66d4e4cdb8214389f2dfcba",
    "ProtocolLoggingOffFront": "c077638a92754f5a7c74fa5025b7309d635e2fc35db1de3765181a25c15cb06e",
    "ProtocolLoggingOffBack": "fd4d18df41f3461726f690338d8116aa28fe368cddacb528bdbc2a4bfc100fb9",
    "ProtocolLoggingOffBoth": "6ef9604bff95dda3388b6d1d11c2fe4fa7b5a02f61c0ebad817e0280527dd66f",
}
"""By hash, as they stand in the journals of those who use them. A change of words is meant, or it is none."""


def test_frozen_texts_are_english_in_every_language() -> None:
    assert {name: freeze(book)[1] for name, book in RUNBOOKS.items()} == DIGESTS


# --- the journal ---------------------------------------------------------------------------------

JOURNAL = Path(__file__).parents[2] / "cockpit" / "journal"
INSIDE = {
    "wanted": ["write it as sqlite:////folder/journal.db or postgresql://user@host/database"],
    "said": ["it is no folder"],
    "cure": [
        "chown root:EX01 /x && chmod 2770 /x",
        "check that the server runs and takes this user",
        "check the file, its folder's space, and that no other program holds it",
    ],
    "why": [
        "it is no folder",
        "it belongs to another group than EX01",
        "everybody on this host may look into it or change it",
        "its mode is 755",
        "it belongs to uid 1001, who is not in EX01",
    ],
    "withdrawn": [
        "the run was taken up again, and asks anew",
        "the run is aborted",
        "the run has ended: aborted",
    ],
}
"""Places of the journal's sentences that hold sentences."""


@pytest.mark.parametrize("sentence", of("cockpit/journal/"))
def test_what_the_journal_says_is_said_anew(sentence: str) -> None:
    places = [name for name in INSIDE if f"{{{name}}}" in sentence]
    names = _names(sentence)
    for within in [
        dict(zip(places, inside, strict=True)) for inside in product(*(INSIDE[p] for p in places))
    ]:
        values = {n: within.get(n, 493 if ":o}" in sentence else f"EX{k:02}") for k, n in enumerate(names)}
        made = sentence.format(**values)
        assert english(made, "chown root:EX01 /x && chmod 2770 /x") == [], made


def _names(sentence: str) -> list[str]:
    return list(dict.fromkeys(name for _, name in parts(sentence) if name))


def test_refusals_that_hold_rows_are_said_anew() -> None:
    lease = Lease("dag:DAG1", "jump2/7/x", r"CONTOSO\bob", "ssh", "0f" * 16, 3, 1.0, 61.0, False)
    open_ = [obligation(MOVE_NOW, False, True), obligation(POLICY, "Unrestricted", "Blocked", server=EX02)]
    for error in (LeaseHeldError(lease), LeaseLostError("dag:DAG1", 3), ObligationsOpenError("1a2b", open_)):
        assert english(str(error), "dag:DAG1") == []


def test_a_refusal_of_the_journal_is_a_sentence_of_the_catalogue() -> None:
    """No text is glued together where it is raised: each is marked, and only its places are filled."""
    wrong = [
        f"{path.name}:{node.lineno}"
        for path in sorted(JOURNAL.glob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and not _marked(node.exc)
    ]
    assert wrong == []


def _marked(raised: ast.Call) -> bool:
    if not isinstance(raised.func, ast.Name) or raised.func.id not in ("JournalError", "AnsweredError"):
        return True  # an error of ours that makes its own sentence, or one of the program itself
    made = raised.args[0]
    if isinstance(made, ast.Call) and isinstance(made.func, ast.Attribute) and made.func.attr == "format":
        made = made.func.value
    named = isinstance(made, ast.Name) and made.id == "sentence"
    return named or (isinstance(made, ast.Call) and isinstance(made.func, ast.Name) and made.func.id == "N_")


# --- states --------------------------------------------------------------------------------------


def test_states_are_told_in_whole_sentences() -> None:
    told = [
        alert_is("PopCTPMonitor DB01", a, stale=s) for a in ("Degraded", "Unknown") for s in (True, False)
    ]
    told += [f"{service_is(BACK_END_SERVICE, s)}." for s in ("Running", "Stopped", "StartPending")]
    assert [left for text in told if (left := english(text))] == []
    assert alert_is("X", "Sulking") == "X is Sulking."


def test_the_language_of_these_tests_is_another_one() -> None:
    assert spoken("nobody ever marked this") == "nobody ever marked this"
    assert english("nobody ever marked this") == ["nobody", "ever", "marked", "this"]
    same = [text for text, other in entries().items() if text == other]
    assert all(not own.strip(': ."') for text in same for own, _ in parts(text))

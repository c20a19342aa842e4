"""The plan on every scenario of the lab: it reads everything, sends nothing, and says who refuses what."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec
import pytest

from cockpit import cli
from cockpit.config import environment as config
from cockpit.journal.records import Finding, Grade, Verdict
from cockpit.lab.scenarios import SCENARIOS, Group
from cockpit.recovery.guards.table import GUARDS
from cockpit.recovery.runbooks import runbook_for
from cockpit.recovery.view import Plan, StepMark
from tests.recovery.cases import ACCESS, BACK, FRONT
from tests.recovery.wire import MOVE_NOW, POLICY, QUICK, Bench, bench, reads_only

_DEEP, _CTP = "PopDeepTestMonitor", "PopCTPMonitor"
_SELF, _PROXY = "PopSelfTestMonitor", "PopProxyTestMonitor"
_SLOW = "AverageCommandProcessingTimeGt60sMonitor"
_SETTINGS: Final = msgspec.structs.replace(QUICK, quiet=900.0)
"""Managed Availability's quarter of an hour as it is in production."""
_LATER: Final = frozenset({"evidence.fault", "copies.none_active", "reboot.settled"})
"""Guards of what earlier steps of the same run do: a plan names them as depending on those."""

Refusal = tuple[str, Grade, str]
"""Guard, grade, object."""
_HARD, _STOP = Grade.HARD, Grade.STOP
_EDGE: Final[Refusal] = ("dag.quorum", _STOP, "DAG03")
"""A DAG of three: after this member one more loss dismounts every database."""


def _no_fit_copy(*databases: str) -> set[Refusal]:
    return {("copies.elsewhere", _HARD, d) for d in databases}


GUARD_SCENARIOS: Final[dict[str, tuple[str, str, set[Refusal]]]] = {
    "copy-suspended": (BACK, _DEEP, _no_fit_copy("DB001")),
    "copy-queue": (BACK, _DEEP, _no_fit_copy("DB001")),
    "lagged-only": (BACK, _DEEP, {("copies.lagged", _STOP, "DB001")}),
    "single-copy": (BACK, _DEEP, {("databases.unreplicated", _STOP, "DB001")} | _no_fit_copy("DB001")),
    "one-copy-left": (BACK, _DEEP, {("copies.elsewhere", _STOP, "DB013"), _EDGE}),
    "seeding-source": (
        *(BACK, _DEEP),
        {("copies.seeding", _STOP, "DB015\\EX19-01"), ("backup.running", _HARD, "DB015\\EX19-01"), _EDGE},
    ),
    "no-room": (BACK, _DEEP, {("target.room", _STOP, "DB001"), ("target.room", _STOP, "DB002")}),
    "backup": (
        BACK,
        _DEEP,
        {("backup.running", _HARD, "DB001"), ("databases.backup", _STOP, "DB001")},
    ),
    "target-blocked": (
        *(BACK, _DEEP),
        {("others.marks", _STOP, f"EX19-02 {POLICY}")} | _no_fit_copy("DB001", "DB002"),
    ),
    "node-paused": (
        *(BACK, _DEEP),
        {("others.marks", _STOP, "EX19-02 cluster node"), ("members.up", _HARD, "EX19-02")}
        | _no_fit_copy("DB001", "DB002"),
    ),
    "in-maintenance": (BACK, _DEEP, {("others.marks", _STOP, "EX19-02 ServerWideOffline")}),
    "quorum-edge": (
        *(BACK, _DEEP),
        {
            ("dag.quorum", _HARD, "DAG03"),
            ("dag.quorum", _HARD, "Test-ReplicationHealth DagMembersUp"),
            ("members.up", _HARD, "EX19-02"),
            ("copies.elsewhere", _STOP, "DB013"),
            ("copies.elsewhere", _STOP, "DB014"),
        },
    ),
    "witness-down": (
        *(BACK, _DEEP),
        {
            ("dag.quorum", _HARD, "DAG01"),
            ("dag.quorum", _HARD, "DAG01 witness"),
            ("dag.quorum", _HARD, "Test-ReplicationHealth FileShareQuorum"),
        },
    ),
    "pam-here": (BACK, _DEEP, {("pam.elsewhere", _STOP, "DAG01")}),
    "movenow-left": (BACK, _DEEP, {("others.marks", _STOP, f"{BACK} {MOVE_NOW}")}),
    "policy-blocked": (BACK, _DEEP, {("others.marks", _STOP, f"{BACK} {POLICY}")}),
    "policy-intrasite": (BACK, _DEEP, set()),
    "setup-running": (BACK, _DEEP, {("others.setup", _STOP, BACK)}),
    "ma-acting": (
        *(BACK, _DEEP),
        {("others.managed_availability", _STOP, "RestartService MSExchangePOP3BE")},
    ),
    "pool-of-one": (BACK, _DEEP, {("pool.others", _STOP, BACK)}),
    "low-disk": (
        *(ACCESS, _CTP),
        {("logging.space", _STOP, r"C:\Program Files\Microsoft\Exchange Server\V15\Logging\Pop3")},
    ),
    "logging-on": (ACCESS, _CTP, set()),
    "popproxy-maintenance": (
        *(ACCESS, _CTP),
        {("popproxy.active", _STOP, "PopProxy"), ("others.marks", _STOP, f"{ACCESS} PopProxy")},
    ),
    "service-disabled": (ACCESS, _CTP, {("service.right", _STOP, "MSExchangePop3")}),
}
"""Who refuses, in which grade, naming what: no more and no less."""

OTHERS: Final[dict[str, tuple[str, str]]] = {
    "healthy": (FRONT, _SELF),
    "transient": (ACCESS, _CTP),
    "ctp-frontend": (ACCESS, _CTP),
    "ctp-backend": ("EX13-MBX01", _DEEP),
    "deep-database": (BACK, _DEEP),
    "bad-password": (BACK, _DEEP),
    "selftest-hung": (BACK, _SELF),
    "proxy-broken": (ACCESS, _PROXY),
    "slow-commands": (ACCESS, _SLOW),
    "healthmanager-down": (FRONT, _DEEP),
    "not-monitored": (FRONT, _CTP),
    "mixed": (ACCESS, _CTP),
    "two-restarts": (ACCESS, _CTP),
    "restart-hangs": (BACK, _SELF),
    "reboot-cures": (FRONT, _PROXY),
    "reboot-no-help": (ACCESS, _SLOW),
    "failover-cures": (BACK, _DEEP),
    "left-behind": (BACK, _DEEP),
    "services-down": (FRONT, _CTP),
    "no-return": (ACCESS, _PROXY),
    "no-probe": (FRONT, _SLOW),
    "second-operator": (BACK, _DEEP),
    "standalone": (BACK, _CTP),
    "trace-by-log": (ACCESS, _CTP),
    "trace-front-end": (ACCESS, _CTP),
    "trace-no-log": (ACCESS, _CTP),
    "trace-clocks": (ACCESS, _CTP),
    "trace-unconfirmed": ("EX13-MBX01", _DEEP),
    "log-disk-full": (ACCESS, _CTP),
    "logging-restart": (ACCESS, _CTP),
    "no-winrm": (BACK, _SELF),
    "view-only-operator": (BACK, _SELF),
    "routed": (BACK, _SELF),
}


def _findings(plan: Plan) -> Iterator[Finding]:
    for step in plan.steps:
        yield from step.view.findings


def _refusals(plan: Plan) -> set[Refusal]:
    return {
        (f.guard, f.grade, f.object)
        for f in _findings(plan)
        if f.verdict is not Verdict.PASSED and f.grade is not Grade.WARN and f.guard not in _LATER
    }


def _nothing_was_sent(world: Bench) -> None:
    sent = world.lab.commands()
    assert sent, "a plan reads"
    assert [e for e in sent if not reads_only(e) or e.cmdlet == "Invoke-MonitoringProbe"] == []


def _every_guard_is_shown(plan: Plan, monitor: str) -> None:
    """A step that can come has a finding of each of its guards; every finding says what it read."""
    book = runbook_for(monitor)
    assert book is not None
    for step in plan.steps:
        comes = step.view.mark is StepMark.TO_COME
        expected = set(book.step(step.view.id).guards) if comes else set()
        assert {f.guard for f in step.view.findings} == expected, step.view.id
    for finding in _findings(plan):
        assert finding.reading, finding
        assert finding.threshold == GUARDS[finding.guard].threshold
        assert finding.helps or finding.verdict is Verdict.PASSED, finding


def test_every_scenario_has_a_plan_here() -> None:
    guards = {s.name for s in SCENARIOS.values() if s.group is Group.GUARDS}
    assert set(GUARD_SCENARIOS) == guards
    assert set(OTHERS) == set(SCENARIOS) - guards


@pytest.mark.parametrize("name", GUARD_SCENARIOS)
def test_exactly_the_scenarios_guard_refuses(name: str) -> None:
    server, monitor, expected = GUARD_SCENARIOS[name]
    with bench(name, _SETTINGS) as world:
        plan = world.plan(server, monitor)
        _nothing_was_sent(world)
    assert _refusals(plan) == expected
    assert not [f for f in _findings(plan) if f.verdict is Verdict.UNREAD]
    _every_guard_is_shown(plan, monitor)
    named = SCENARIOS[name].sees
    assert all(guard in named or (guard, grade, about) == _EDGE for guard, grade, about in expected), named


@pytest.mark.matrix
@pytest.mark.parametrize("name", OTHERS)
def test_a_plan_sends_nothing_and_shows_every_guard(name: str) -> None:
    server, monitor = OTHERS[name]
    with bench(name, _SETTINGS) as world:
        plan = world.plan(server, monitor)
        _nothing_was_sent(world)
        assert world.lab.shells() == 0, "no session is left open"
    assert (plan.server, plan.monitor) == (server, monitor)
    _every_guard_is_shown(plan, monitor)


def test_what_was_there_before_is_said() -> None:
    said = {}
    for name, guard in (("policy-intrasite", "prior.stored"), ("logging-on", "logging.prior")):
        server, monitor, _ = GUARD_SCENARIOS[name]
        with bench(name, _SETTINGS) as world:
            plan = world.plan(server, monitor)
        said[guard] = {f.reading for f in _findings(plan) if f.guard == guard}
    assert said["prior.stored"] == {"policy IntrasiteOnly, MoveNow $false, active here: DB001, DB002"}
    assert said["logging.prior"] == {"ProtocolLogEnabled $true: it stays on at the end"}


def test_a_vote_that_is_kept_twice_is_said_once() -> None:
    server, monitor, _ = GUARD_SCENARIOS["popproxy-maintenance"]
    with bench("popproxy-maintenance", _SETTINGS) as world:
        plan = world.plan(server, monitor)
    (finding,) = {f for f in _findings(plan) if f.guard == "popproxy.active" and f.verdict is Verdict.REFUSED}
    assert finding.reading == "Inactive by Maintenance"
    assert finding.helps.count("Set-ServerComponentState") == 1


def test_a_healthy_monitor_is_nothing_to_recover() -> None:
    with bench("healthy", _SETTINGS) as world:
        plan = world.plan("ex16-01", "popselftestmonitor")
    assert (plan.server, plan.monitor) == (FRONT, _SELF)
    assert ("alert.real", _STOP, f"{_SELF} MSExchangePOP3BE") in _refusals(plan) or {
        guard for guard, _, _ in _refusals(plan)
    } >= {"alert.real"}


@pytest.mark.parametrize(
    ("scenario", "server", "monitor", "role"),
    [
        ("reboot-cures", ACCESS, _CTP, "Client Access server of 2013"),
        ("reboot-cures", FRONT, _CTP, "DAG member"),
        ("standalone", BACK, _CTP, "Mailbox server outside a DAG"),
    ],
)
def test_the_way_that_a_role_cannot_take_is_not_in_its_plan(
    scenario: str, server: str, monitor: str, role: str
) -> None:
    with bench(scenario, _SETTINGS) as world:
        plan = world.plan(server, monitor)
    assert plan.role == role
    to_come = {s.view.id for s in plan.steps if s.view.mark is StepMark.TO_COME}
    assert ("reboot" in to_come) == (server == ACCESS)
    assert ("away-reboot" in to_come) == (server == FRONT)


@pytest.mark.parametrize("name", ["copy-suspended", "low-disk", "policy-intrasite"])
def test_the_command_line_says_the_same_as_json(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for folder in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(folder, str(tmp_path / folder))
    server, monitor, expected = GUARD_SCENARIOS[name]
    with bench(name, _SETTINGS) as world:
        config.save(tmp_path / "env.toml", world.environment)
        command = ["--env-file", str(tmp_path / "env.toml"), "recover", monitor, "--server", server]
        code = cli.main([*command, "--plan", "--format", "json"])
        _nothing_was_sent(world)
    said = json.loads(capsys.readouterr().out)
    assert said["exit_code"] == code == (2 if expected else 0)
    found = {
        (f["guard"], Grade(f["grade"]), f["object"])
        for step in said["steps"]
        for f in step["view"]["findings"]
        if f["verdict"] != "passed" and f["grade"] != "warn" and f["guard"] not in _LATER
    }
    assert found == expected
    assert all(f["reading"] and f["threshold"] for step in said["steps"] for f in step["view"]["findings"])

"""``probe`` run by hand, as it is and when something is broken (exchange-facts §2.4)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime
from typing import Any

import pytest

from cockpit.exchange.catalogue import PROBES
from cockpit.lab.scenarios import SCENARIOS
from cockpit.lab.scenarios import open_lab as simulate
from tests.support.at_length import at_length
from tests.support.processes import COCKPIT, Answer, Home, LabProcess, lab
from tests.support.terminal import terminal

SEED = 7
IDENTITIES = [probe.identity for probe in PROBES.values()]
GetLab = Callable[[str], LabProcess]


@pytest.fixture(scope="module")
def get_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GetLab]:
    """One lab a scenario; a probe that takes ten seconds there takes a fraction of one here."""
    opened: dict[str, LabProcess] = {}
    with ExitStack() as stack:

        def get(scenario: str) -> LabProcess:
            if scenario not in opened:
                folder = tmp_path_factory.mktemp(scenario)
                opened[scenario] = stack.enter_context(lab(folder, scenario, "--speed", "30", seed=SEED))
            return opened[scenario]

        yield get


def _probe(served: LabProcess, identity: str, server: str) -> tuple[Answer, dict[str, Any]]:
    answer = served.run("probe", identity, "--server", server, "--format", "json")
    found: dict[str, Any] = json.loads(answer.out)
    assert answer.err.startswith(f"Invoke-MonitoringProbe -Identity '{identity}' -Server '{server}'")
    return answer, found


def _faulty(served: LabProcess) -> str:
    return str(served.state()["faults"][0]["server"])


def test_there_are_four() -> None:
    assert len(IDENTITIES) == 4


@pytest.mark.parametrize("identity", IDENTITIES)
def test_succeeds(get_lab: GetLab, identity: str) -> None:
    """Exit 0, ResultType, and times that enclose what the lab's ledger says."""
    served = get_lab("healthy")
    before = served.ledger()[-1]["seq"] if served.ledger() else 0
    answer, found = _probe(served, identity, "EX19-01")
    assert answer.code == 0
    assert found["ResultType"] == "Succeeded"
    start, end = (datetime.fromisoformat(found[f"Execution{name}Time"]) for name in ("Start", "End"))
    assert start.tzinfo is not None
    assert start < end
    (command,) = [e for e in served.ledger(before) if e["cmdlet"] == "Invoke-MonitoringProbe"]
    assert command["parameters"] == {"Identity": identity, "Server": "EX19-01"}
    assert start <= datetime.fromisoformat(command["simulated"])


@pytest.mark.parametrize(
    ("scenario", "identity", "result_type"),
    [
        ("selftest-hung", "POP.Protocol\\PopSelfTestProbe", "TimedOut"),
        ("deep-database", "POP.Protocol\\PopDeepTestProbe", "Failed"),
        ("ctp-frontend", "POP\\PopCTPProbe", None),
        ("proxy-broken", "POP.Proxy\\PopProxyTestProbe", None),
        ("bad-password", "POP.Protocol\\PopDeepTestProbe", "Failed"),
    ],
)
def test_fails_where_it_is_broken(
    get_lab: GetLab, scenario: str, identity: str, result_type: str | None
) -> None:
    served = get_lab(scenario)
    answer, found = _probe(served, identity, _faulty(served))
    assert answer.code == 2
    assert found["ResultType"] in ({result_type} if result_type else {"Failed", "TimedOut"})
    assert found["Error"]
    assert found["ExecutionStartTime"] < found["ExecutionEndTime"]
    table = served.run("probe", identity, "--server", _faulty(served))
    assert table.code == 2
    assert found["ResultType"] in table.out


def test_succeeds_where_the_fault_is_not(get_lab: GetLab) -> None:
    served = get_lab("selftest-hung")
    answer, _ = _probe(served, "POP.Protocol\\PopDeepTestProbe", _faulty(served))
    assert answer.code == 0


@pytest.mark.parametrize("identity", ["POP.Protocol\\NoSuchProbe", "NoSuchSet\\PopCTPProbe"])
def test_unknown_probe(get_lab: GetLab, identity: str) -> None:
    answer, found = _probe(get_lab("healthy"), identity, "EX19-01")
    assert answer.code == 3
    assert found["ResultType"] is None
    assert found["Warnings"]
    assert found["Warnings"][0] in answer.err


def test_unknown_server(get_lab: GetLab) -> None:
    answer, found = _probe(get_lab("healthy"), IDENTITIES[0], "EX99-99")
    assert answer.code == 3
    assert found["ResultType"] is None
    assert len(answer.err.splitlines()) >= 2


@pytest.mark.parametrize("identity", IDENTITIES)
def test_health_manager_down(get_lab: GetLab, identity: str) -> None:
    answer, found = _probe(get_lab("healthmanager-down"), identity, "EX19-01")
    assert answer.code == 3
    assert found["ResultType"] is None
    assert "did not answer" in answer.err


def _mailboxes(scenario: str) -> set[str]:
    organization = simulate(SCENARIOS[scenario], seed=SEED).organization
    return {database.monitoring_mailbox for database in organization.databases.values()}


def _secrets(scenario: str, served: LabProcess) -> set[str]:
    """The same seed makes the same organization: its monitoring mailboxes' passwords."""
    simulation = simulate(SCENARIOS[scenario], seed=SEED)
    databases = simulation.organization.databases.values()
    assert {database.name for database in databases} == set(served.state()["databases"])
    return {database.monitoring_password for database in databases}


@pytest.mark.parametrize("scenario", ["bad-password", at_length("deep-database")])
def test_no_password_in_any_output(get_lab: GetLab, scenario: str) -> None:
    """The lab sends it in ExecutionContext, and in StateAttribute2 where it is wrong."""
    served = get_lab(scenario)
    secrets = _secrets(scenario, served)
    server = _faulty(served)
    for identity in ("POP.Protocol\\PopDeepTestProbe", "POP\\PopCTPProbe"):
        answer, found = _probe(served, identity, server)
        assert answer.code == 2
        assert "Password: [redacted]" in found["ExecutionContext"]
        (user,) = re.findall(r"User: ([^@\n]+)", found["ExecutionContext"])
        assert user in _mailboxes(scenario), "what is no secret stays, and the secrets are this lab's"
        assert not [secret for secret in secrets if secret[:10] in answer.out], "nor a part of it"
        if scenario == "bad-password":
            assert found["StateAttributes"]["StateAttribute2"].endswith("[redacted]")
        assert not [secret for secret in secrets if secret in answer.out + answer.err]
    others = [
        served.run("probe", identity, "--server", server, "--format", "table"),
        served.run("status", "--format", "json"),
    ]
    assert not [secret for secret in secrets for other in others if secret in other.out + other.err]
    ledger = served.run("lab", "ledger", "--format", "json")
    assert not [secret for secret in secrets if secret in ledger.out]


@pytest.mark.matrix
def test_no_password_on_the_screen_or_in_what_it_keeps(get_lab: GetLab, home: Home) -> None:
    served = get_lab("bad-password")
    secrets = _secrets("bad-password", served)
    with terminal([*COCKPIT, "--env-file", str(served.env_file)], home.environ(), 200, 50) as term:
        term.wait("8/8 up", 15.0)
        term.press("f", "2")
        term.wait("Verdict · Pop")
        term.press("p")
        term.wait("Run (y)")
        term.press("y")
        term.wait("[redacted]", 15.0)
        term.press("y", "\x13")
        term.wait("View saved")
        term.press("q")
        assert term.exit_code() == 0
        written = term.said().decode()
    kept = [path.read_text() for path in home.state.rglob("*") if path.is_file()]
    assert any("[redacted]" in text for text in kept)
    assert not [secret for secret in secrets for text in (written, *kept) if secret in text]

"""Invoke-MonitoringProbe: exchange-facts §2.4."""

from __future__ import annotations

import pytest

from tests.lab.harness import call, lab

PROBE_ORDER = [
    "Server",
    "MonitorIdentity",
    "RequestId",
    "ExecutionStartTime",
    "ExecutionEndTime",
    "Error",
    "Exception",
    "PoisonedCount",
    "ExecutionId",
    "SampleValue",
    "ExecutionContext",
    "FailureContext",
    "ExtensionXml",
    "ResultType",
    "RetryCount",
    "ResultName",
    "IsNotified",
    "ResultId",
    "ServiceName",
]


async def test_probe_succeeds_with_all_its_fields() -> None:
    sim = lab()
    before = sim.clock.seconds()
    parameters = {"Identity": "POP\\PopCTPProbe", "Server": "EX13-CAS01"}
    out = await call(sim, "Invoke-MonitoringProbe", parameters)
    assert 5 <= sim.clock.seconds() - before <= 15
    (row,) = out.rows
    attributes = [f"StateAttribute{n}" for n in range(1, 26)]
    assert list(row) == [*PROBE_ORDER, *attributes, "Identity", "IsValid", "ObjectState"]
    assert row["ResultType"] == "Succeeded"
    assert (row["StateAttribute1"], row["StateAttribute3"]) == ("POP3", "EX13-CAS01")
    assert row["StateAttribute4"].startswith("EX13-MBX")
    assert row["ExecutionContext"] == ""
    assert isinstance(row["StateAttribute6"], float)
    assert isinstance(row["StateAttribute20"], float)
    assert row["ServiceName"] == "POP"


async def test_failed_login_probe_gives_the_password_away_as_the_real_one_does() -> None:
    sim = lab("bad-password")
    parameters = {"Identity": "POP.Protocol\\PopDeepTestProbe\\DB001", "Server": "EX19-01"}
    out = await call(sim, "Invoke-MonitoringProbe", parameters)
    (row,) = out.rows
    secret = sim.organization.databases["db001"].monitoring_password
    assert row["ResultType"] == "Failed"
    assert row["ResultName"] == "PopDeepTestProbe/DB001"
    assert f"Password: {secret}" in row["ExecutionContext"]
    assert "User: HealthMailbox" in row["ExecutionContext"]
    assert f"Bad password for Monitoring Account: {secret}" in row["StateAttribute2"]
    assert row["Exception"].startswith("System.InvalidOperationException")
    assert secret not in str([e.as_json() for e in sim.ledger.since()])


@pytest.mark.parametrize("identity", ["POP", "PopCTPProbe", "POP\\A\\B\\C"])
async def test_probe_identity_of_the_wrong_form(identity: str) -> None:
    out = await call(lab(), "Invoke-MonitoringProbe", {"Identity": identity, "Server": "EX16-01"})
    (error,) = out.errors
    assert (error.reason, error.category) == ("ArgumentException", 5)
    assert (out.rows, out.warnings) == ([], [])


@pytest.mark.parametrize(
    ("identity", "server"),
    [
        ("POP\\AverageCommandProcessingTimeGt60sMonitor", "EX16-01"),
        ("POP\\PopSelfTestProbe", "EX16-01"),
        ("POP.Protocol\\PopSelfTestProbe", "EX13-CAS01"),
        ("POP.Protocol\\PopDeepTestProbe\\DB999", "EX16-01"),
        ("Store\\ActiveDatabaseAvailabilityProbe", "EX16-01"),
    ],
)
async def test_probe_that_cannot_be_run_is_a_warning(identity: str, server: str) -> None:
    out = await call(lab(), "Invoke-MonitoringProbe", {"Identity": identity, "Server": server})
    assert (len(out.warnings), out.rows, out.errors) == (1, [], [])


async def test_slow_probe_takes_longer() -> None:
    sim = lab()
    sim.knobs["EX16-01"].slow_probe = 60.0
    before = sim.clock.seconds()
    parameters = {"Identity": "POP.Protocol\\PopSelfTestProbe", "Server": "EX16-01"}
    await call(sim, "Invoke-MonitoringProbe", parameters)
    assert 60 <= sim.clock.seconds() - before <= 75

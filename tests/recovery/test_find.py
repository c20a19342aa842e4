"""The runbook's step uses the trace, keeps all of it, and finds nothing where the trace cannot tell."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from cockpit.exchange.model import MonitoringProbeResult, Reading
from cockpit.journal.records import Run, RunState
from cockpit.recovery.actions.action import Context, Done
from cockpit.recovery.actions.find import FindMailboxServer
from cockpit.recovery.actions.probes import RunProbe
from cockpit.recovery.picture import plain_context
from tests.poplog.logs import USER
from tests.recovery.builders import CTP, EX01, EX02
from tests.recovery.fakes import QUICK, step
from tests.recovery.traced import AT, Organization, organization


def context(access: Organization, say: Callable[[str], None] = lambda _: None, **facts: Any) -> Context:
    run = Run(
        id="run-1",
        parent=None,
        runbook="PopCTP",
        digest="",
        book="",
        environment="here",
        scope="dag:DAG1",
        server=EX01,
        monitor=CTP,
        operator="ann",
        state=RunState.RUNNING,
        step="find",
        auto=False,
        facts=facts,
        ending="",
        created_at=0.0,
        ended_at=None,
    )
    return replace(
        plain_context(run, step("find_mailbox_server", name="find"), ()),
        access=access,
        settings=QUICK,
        say=say,
        pause=lambda _: None,
        now=lambda: 0.0,
    )


def probe(**changes: Any) -> dict[str, Any]:
    ended = AT + timedelta(seconds=1)
    found = {"mailbox_server": "", "user": f"{USER}@contoso.test", "result": "Failed"}
    return {**found, "started": AT.isoformat(), "ended": ended.isoformat(), **changes}


def find(access: Organization, say: Callable[[str], None] = lambda _: None, **facts: Any) -> Done:
    return FindMailboxServer().perform(context(access, say, **facts), {})


@pytest.mark.parametrize(("health", "outcome"), [("Healthy", "healthy"), ("Unhealthy", "unhealthy")])
def test_the_evidence_is_kept_and_said(health: str, outcome: str) -> None:
    said: list[str] = []
    done = find(organization(health=health), said.append, probe=probe())
    assert done.outcome == outcome
    assert done.facts["mailbox_server"] == EX02
    assert f"{EX02} (certain): The front-end log names it" in done.words
    trace = json.loads(json.dumps(done.data["trace"]))
    assert (trace["named"], trace["sureness"]) == (EX02, "certain")
    kinds = ["probe result", "front-end log", "back-end log", "mailbox database", "health"]
    assert [e["kind"] for e in trace["evidence"]] == kinds
    assert any("Proxy:EX02.contoso.test:1995:SSL" in text for text in trace["evidence"][1]["lines"])
    assert len([s for s in said if "proxied to EX02.contoso.test" in s]) == 1


def test_a_trace_that_cannot_tell_has_found_nothing() -> None:
    access = organization()
    access.machines.clear()
    done = find(access, probe=probe(user=""))
    assert done.outcome == "not_found"
    assert done.words.startswith("Cannot tell which mailbox server it was: ")
    assert done.data["trace"]["sureness"] == "cannot tell"
    assert not [a for a in access.asked if a.startswith("get_server_health")]


def test_a_probe_that_never_ran_has_left_nothing_to_trace() -> None:
    access = organization()
    done = find(access)
    assert done.outcome == "not_found"
    assert access.machines[EX01].looks == 0


def test_what_the_probes_step_keeps_is_what_is_traced() -> None:
    row = MonitoringProbeResult(
        EX01,
        "POP\\PopCTPProbe",
        "r",
        AT,
        AT + timedelta(seconds=1),
        "Failed",
        execution_context=f"Probe executed for\nUser: {USER}@contoso.test\nPassword: [redacted]",
    )
    access = organization(exchange={"invoke_monitoring_probe": Reading((row,))})
    ran = RunProbe().perform(context(access), {})
    done = find(access, probe=json.loads(json.dumps(ran.facts["probe"])))
    assert done.outcome == "healthy"
    assert done.data["trace"]["sureness"] == "certain"

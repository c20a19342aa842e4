"""``logs trace``: what it prints, and its exit codes."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from cockpit import cli
from cockpit.commands import trace as command
from cockpit.exchange.errors import ShellLostError, UnreachableError
from cockpit.exchange.model import MonitoringProbeResult, Reading
from cockpit.exchange.recovery_model import Channel, Event
from tests.poplog.logs import USER
from tests.recovery.builders import EX01
from tests.recovery.traced import AT, Organization, organization

RESULT = MonitoringProbeResult(
    EX01,
    "POP\\PopCTPProbe",
    "r",
    AT,
    AT + timedelta(seconds=1),
    "Failed",
    execution_context=f"Probe executed for\nUser: {USER}@contoso.test\nPassword: [redacted]",
    state_attributes={2: "Timedout"},
)
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def access() -> Organization:
    return organization(exchange={"invoke_monitoring_probe": Reading((RESULT,))})


@pytest.fixture
def run(
    access: Organization, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    file = tmp_path / "env.toml"
    file.write_text('default="a"\n[environments.a]\nentry_servers=["ex01"]\n')
    monkeypatch.setattr(command, "Sessions", lambda *_: access)
    monkeypatch.setattr(command, "GAP", 0.0)

    def called(*more: str, server: str = "ex01.contoso.test") -> tuple[int, str, str]:
        options = ["logs", "trace", "--probe", "POP\\PopCTPProbe", "--server", server, *more]
        code = cli.main(["--env-file", str(file), *options])
        said = capsys.readouterr()
        return code, said.out, said.err

    return called


def test_the_evidence_in_words(run: Run, access: Organization) -> None:
    code, out, err = run()
    assert code == 0
    lines = out.splitlines()
    assert lines[0].startswith("EX02 (certain): The front-end log names it")
    assert lines[1] == (
        "POP\\PopCTPProbe on EX01, 2026-01-08 08:30:00.000Z to 2026-01-08 08:30:01.000Z, Failed"
    )
    assert [line.split("  ")[1] for line in lines if line[:2] == "  " and line[2] != " "] == [
        "tells nothing", "names", "supports", "names", "shows",
    ]  # fmt: skip
    assert any("| " in line and "Proxy:EX02.contoso.test:1995:SSL" in line for line in lines)
    assert "Invoke-MonitoringProbe -Identity 'POP\\PopCTPProbe' -Server 'EX01'" in err
    assert "ResultType Failed: Timedout" in err
    assert access.closed


def test_the_evidence_as_json(run: Run) -> None:
    code, out, _ = run("--format", "json")
    found = json.loads(out)
    assert code == found["exit_code"] == 0
    assert (found["named"], found["sureness"], found["problem"]) == ("EX02", "certain", None)
    assert [e["kind"] for e in found["evidence"]] == [
        "probe result", "front-end log", "back-end log", "mailbox database", "health",
    ]  # fmt: skip
    assert found["evidence"][2]["clock"]["server"] == "EX02"


def test_what_cannot_be_told_is_1(run: Run, access: Organization) -> None:
    access.machines.clear()
    access.exchange["get_monitoring_mailbox"] = Reading(())
    code, out, _ = run()
    assert code == 1
    assert out.startswith("Cannot tell which mailbox server it was: ")
    assert run("--format", "json")[0] == 1


@pytest.mark.parametrize(
    ("cmdlet", "answer", "words"),
    [
        ("get_exchange_server", UnreachableError("ex01 cannot be reached"), "ex01 cannot be reached"),
        ("invoke_monitoring_probe", Reading((), ("There is no such probe",)), "There is no such probe"),
        ("invoke_monitoring_probe", Reading(()), "no result and no warning"),
    ],
)
def test_what_cannot_be_read_is_3(
    run: Run, access: Organization, cmdlet: str, answer: Any, words: str
) -> None:
    access.exchange[cmdlet] = answer
    code, out, err = run()
    assert (code, out) == (3, "")
    assert words in err
    code, out, _ = run("--format", "json")
    assert code == 3
    assert words in json.loads(out)["problem"]
    assert access.closed


def test_a_server_that_there_is_not_is_3(run: Run, access: Organization) -> None:
    code, _, err = run(server="nowhere")
    assert code == 3
    assert "nowhere is no server of this organization" in err
    assert access.asked == ["get_exchange_server"]


def test_a_probe_that_may_have_been_sent_is_not_sent_again(access: Organization) -> None:
    """A way to the servers that tries the next one, as the real one does."""
    sent: list[str] = []

    class Again(Organization):
        def read(self, job: Any) -> Any:
            try:
                return job(self)
            except ShellLostError:
                return job(self)

        def __getattr__(self, name: str) -> Any:
            if name == "invoke_monitoring_probe":
                sent.append(name)
                raise ShellLostError("The session is gone")
            return super().__getattr__(name)

    with pytest.raises(ShellLostError):
        command._now(Again(access.machines), "POP\\PopCTPProbe", EX01, lambda _: None)
    assert len(sent) == 1


def test_the_last_failed_run(run: Run, access: Organization) -> None:
    fields = {
        "ResultName": "PopCTPProbe/DB01",
        "ResultType": "4",
        "ExecutionStartTime": "2026-01-08T08:30:00Z",
        "ExecutionEndTime": "2026-01-08T08:30:01Z",
        "StateAttribute4": "EX02",
    }
    access.machines[EX01].recorded = [Event(Channel.PROBE_RESULT.value, 2, AT, fields)]
    code, out, err = run("--last")
    assert code == 0
    assert out.startswith("EX02 (certain): The probe result and the front-end log name it")
    assert "Invoke-MonitoringProbe" not in err
    assert not [a for a in access.asked if a.startswith("invoke")]
    access.machines[EX01].recorded = []
    code, out, err = run("--last")
    assert (code, out) == (3, "")
    assert "no failed run of POP\\PopCTPProbe in the last 6 hours" in err
    access.machines[EX01].begins = AT
    _, _, err = run("--last")
    assert "of POP\\PopCTPProbe since 2026-01-08 08:30:00.000Z: its event log begins then" in err


def test_a_log_that_is_late_is_waited_for(run: Run, access: Organization) -> None:
    for name, data in access.machines[EX01].logs.items():
        head, _, _ = data.partition(b",ffffffffffffffff,")
        access.machines[EX01].logs[name] = head.rpartition(b"\n")[0] + b"\n"
    _, _, err = run()
    assert err.count("has not got as far as the probe's end") == command.TRIES - 1

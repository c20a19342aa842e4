"""``service``: the state of the POP3 services, and a restart that is a run."""

from __future__ import annotations

import json
import os
import signal

import pytest

from cockpit.exchange.errors import UnreachableError
from cockpit.exchange.recovery_model import ServiceProcess
from cockpit.exchange.session import Session
from cockpit.exchange.winrm import WinRMCmdlets
from cockpit.recovery.client import RefusedError
from tests.cli.conftest import Call
from tests.cli.scripted import BEGUN, NOW, RECOVERED, RUN, Scripted, line

Capture = pytest.CaptureFixture[str]
FRONT = ServiceProcess("MSExchangePop3", "Running", "Auto", 4711, NOW)
BACK = ServiceProcess("MSExchangePOP3BE", "Stopped", "Disabled", 0)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> dict[str, ServiceProcess]:
    """What the server has: the reading is replaced, the endpoint never dialled."""
    has: dict[str, ServiceProcess] = {FRONT.name.lower(): FRONT, BACK.name.lower(): BACK}
    monkeypatch.setattr(Session, "open", lambda self: None)
    monkeypatch.setattr(WinRMCmdlets, "service_process", lambda self, name: has.get(name.lower()))
    return has


def status(call: Call, *more: str) -> int:
    return call(Scripted(), "--read-only", "service", "status", "--server", "EX01", *more)


def test_all_that_is_there_is_shown_and_one_that_stands_is_2(
    call: Call, server: dict[str, ServiceProcess], capsys: Capture
) -> None:
    assert status(call) == 2
    rows = capsys.readouterr().out.splitlines()
    assert rows[1].split() == [
        "EX01", "MSExchangePop3", "front", "end", "Running", "Automatic", "4711", "2026-03-01T02:00:00Z",
    ]  # fmt: skip
    assert rows[2].split() == ["EX01", "MSExchangePOP3BE", "back", "end", "Stopped", "Disabled"]


def test_terminated_while_it_reads_it_closes_its_session(
    call: Call, server: dict[str, ServiceProcess], monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[Session] = []
    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(Session, "close", lambda self: closed.append(self))
    monkeypatch.setattr(WinRMCmdlets, "service_process", lambda *_: os.kill(os.getpid(), signal.SIGTERM))
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # what would else end the test run
    try:
        with pytest.raises(SystemExit) as left:
            status(call)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert left.value.code == 128 + signal.SIGTERM
    assert len(closed) == 1


def test_a_tier_the_server_does_not_have_is_no_fault(
    call: Call, server: dict[str, ServiceProcess], capsys: Capture
) -> None:
    del server[BACK.name.lower()]
    assert status(call, "--format", "json") == 0
    (only,) = json.loads(capsys.readouterr().out)["services"]
    assert only == {
        "name": "MSExchangePop3",
        "state": "Running",
        "start_mode": "Auto",
        "process_id": 4711,
        "created": "2026-03-01T02:00:00Z",
        "tier": "front end",
    }
    assert status(call, "--backend") == 3
    assert "has no service MSExchangePOP3BE" in capsys.readouterr().err


def test_an_endpoint_that_does_not_answer_is_3(
    call: Call, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    def gone(self: Session) -> None:
        raise UnreachableError("EX01 does not answer")

    monkeypatch.setattr(Session, "open", gone)
    assert status(call) == 3
    out, err = capsys.readouterr()
    assert out == ""
    assert "EX01 does not answer" in err


@pytest.mark.parametrize(("more", "backend"), [((), False), (("--backend",), True)])
def test_a_restart_is_a_run_that_is_followed(call: Call, more: tuple[str, ...], backend: bool) -> None:
    recovery = Scripted((BEGUN, RECOVERED))
    assert call(recovery, "service", "restart", "--server", "EX01", *more) == 0
    assert recovery.made("start_service") == [("EX01", backend)]


def test_a_restart_in_read_only_is_64_and_a_refused_one_3(call: Call, capsys: Capture) -> None:
    recovery = Scripted(refuses={"start_service": RefusedError("Restart", "it is held")}, lines=(line(),))
    assert call(recovery, "--read-only", "service", "restart", "--server", "EX01") == 64
    assert recovery.calls == []
    assert call(recovery, "service", "restart", "--server", "EX01") == 3
    assert f"runs attach {RUN}" in capsys.readouterr().err

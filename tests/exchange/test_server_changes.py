"""Changes on a server's own WinRM endpoint, and what its services and boot time say afterwards."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from cockpit.exchange.changes import Effect, RestartComputer, RestartService, StartService, WinRMChange, send
from cockpit.exchange.errors import NotGrantedError, ShellLostError, TimeLimitError, UnreachableError
from cockpit.exchange.recovery_model import ServiceProcess
from cockpit.exchange.winrm import WinRMCmdlets
from tests.exchange.standin import StandIn, gives, raises, result, row

THEN = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
BEFORE = ServiceProcess("MSExchangePop3", "Running", "Auto", 100, THEN)
RESTART = RestartService("EX01", "MSExchangePop3", BEFORE)
START = StartService("EX01", "MSExchangePop3")
REBOOT = RestartComputer("EX01", THEN)
ALL: list[WinRMChange] = [RESTART, START, REBOOT]


def service(state: str, process: int = 0) -> object:
    return row(Name="MSExchangePop3", State=state, StartMode="Auto", ProcessId=process)


def reads(state: str, process: int, created: datetime | None) -> StandIn:
    return StandIn([result(service(state, process)), result(row(ProcessId=process, CreationDate=created))])


@pytest.mark.parametrize(
    ("change", "cmdlet", "parameters", "limits"),
    [
        (RESTART, "Restart-Service", {"Name": "MSExchangePop3", "Force": None}, (180, 210)),
        (START, "Start-Service", {"Name": "MSExchangePop3"}, (180, 210)),
        (REBOOT, "Restart-Computer", {"Force": None}, (60, 900)),
    ],
)
def test_what_is_bound(
    change: WinRMChange, cmdlet: str, parameters: dict[str, object], limits: tuple[float, float]
) -> None:
    call = change.call()
    assert (call.cmdlet, dict(call.parameters)) == (cmdlet, parameters)
    assert (change.time_limit, change.effect_limit) == limits
    assert call.time_limit == change.time_limit
    assert change.server == "EX01"


def test_only_the_catalogues_services_are_touched() -> None:
    with pytest.raises(ValueError, match="not a service of the catalogue"):
        RestartService("EX01", "NTDS", BEFORE).call()
    with pytest.raises(ValueError, match="not a service of the catalogue"):
        StartService("EX01", "NTDS").call()


def test_a_reboot_is_sent_once_and_its_lost_connection_comes_through() -> None:
    caller = raises(ShellLostError("the connection broke"))
    with pytest.raises(ShellLostError):
        send(caller, REBOOT)
    assert caller.repeatable == [False]


@pytest.mark.parametrize(
    ("caller", "effect"),
    [
        (reads("Running", 101, THEN + timedelta(minutes=1)), Effect.APPLIED),
        (reads("Running", 101, None), Effect.APPLIED),
        (reads("Running", 100, THEN + timedelta(seconds=1)), Effect.APPLIED),
        (reads("Running", 100, THEN), Effect.NOT_APPLIED),
        (reads("Running", 100, None), Effect.UNKNOWN),
        (gives(service("Stopped")), Effect.NOT_APPLIED),
        (gives(service("Paused")), Effect.NOT_APPLIED),
        (gives(service("Start Pending")), Effect.UNKNOWN),
        (reads("Stop Pending", 100, THEN), Effect.UNKNOWN),
        (gives(service("")), Effect.UNKNOWN),
        (gives(), Effect.UNKNOWN),
    ],
)
def test_a_restarted_service_runs_in_another_process(caller: StandIn, effect: Effect) -> None:
    seen = RESTART.observe(WinRMCmdlets(caller))
    assert seen.effect is effect
    assert "MSExchangePop3" in seen.words
    assert all(c.cmdlet == "Get-CimInstance" for c in caller.calls)


def test_the_same_process_is_unknown_when_its_start_was_never_read() -> None:
    before = ServiceProcess("MSExchangePop3", "Running", "Auto", 100)
    seen = RestartService("EX01", "MSExchangePop3", before).observe(WinRMCmdlets(reads("Running", 100, THEN)))
    assert seen.effect is Effect.UNKNOWN


def test_a_stopped_service_that_runs_after_its_restart_was_restarted() -> None:
    before = ServiceProcess("MSExchangePop3", "Stopped", "Auto", 0)
    seen = RestartService("EX01", "MSExchangePop3", before).observe(WinRMCmdlets(reads("Running", 9, THEN)))
    assert seen.effect is Effect.APPLIED


@pytest.mark.parametrize(
    ("state", "effect"),
    [
        ("Running", Effect.APPLIED),
        ("Stopped", Effect.NOT_APPLIED),
        ("Start Pending", Effect.UNKNOWN),
        ("Stop Pending", Effect.UNKNOWN),
    ],
)
def test_a_started_service_runs(state: str, effect: Effect) -> None:
    seen = START.observe(WinRMCmdlets(reads(state, 7, THEN)))
    assert seen.effect is effect


@pytest.mark.parametrize(
    ("booted", "effect"),
    [
        (THEN + timedelta(minutes=5), Effect.APPLIED),
        (THEN - timedelta(minutes=5), Effect.APPLIED),
        (THEN, Effect.NOT_APPLIED),
        (THEN + timedelta(seconds=1), Effect.NOT_APPLIED),
        (None, Effect.UNKNOWN),
    ],
)
def test_a_reboot_shows_in_the_boot_time(booted: datetime | None, effect: Effect) -> None:
    seen = REBOOT.observe(WinRMCmdlets(gives(row(LastBootUpTime=booted))))
    assert (seen.effect, seen.value) == (effect, booted)


@pytest.mark.parametrize(
    "error", [UnreachableError("refused"), TimeLimitError("late"), ShellLostError("lost")]
)
def test_a_server_that_does_not_answer_is_still_down(error: UnreachableError) -> None:
    seen = REBOOT.observe(WinRMCmdlets(raises(error)))
    assert seen.effect is Effect.UNKNOWN
    assert "it is still down" in seen.words


@pytest.mark.parametrize("change", ALL, ids=lambda c: type(c).__name__)
def test_a_refused_look_is_unknown_with_the_words(change: WinRMChange) -> None:
    seen = change.observe(WinRMCmdlets(raises(NotGrantedError("no access", "not an administrator"))))
    assert seen.effect is Effect.UNKNOWN
    assert seen.words == "It could not be read: no access: not an administrator."

"""What a trace asks the servers for, and what becomes of each refusal."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from cockpit.exchange.errors import (
    CmdletFailedError,
    ExchangeError,
    NotGrantedError,
    SignInError,
    UnreachableError,
)
from cockpit.exchange.logfiles import ScriptsRefusedError
from cockpit.exchange.model import CmdletError, MonitoringProbeResult, Reading
from cockpit.poplog.evidence import Evidence, Kind, Strength
from cockpit.poplog.trace import Sureness, Trace
from cockpit.recovery.tracing import Tracer, run_of
from tests.poplog.logs import proxied
from tests.poplog.sources import log
from tests.recovery.builders import EX01, EX02, EX03
from tests.recovery.traced import AT, BACK_FILE, FRONT_FILE, Machine, Organization, organization, quiet, run

DENIED = CmdletFailedError("Get-Mailbox", CmdletError("Access is denied"))
NOT_GRANTED = NotGrantedError("Get-Mailbox", "no role of yours has it")


def traced(access: Organization, **changes: Any) -> Trace:
    return Tracer(access, clock=lambda: AT.timestamp() + 120.0).trace(run(**changes))


def piece(trace: Trace, kind: Kind) -> Evidence:
    found = [e for e in trace.evidence if e.kind is kind]
    assert len(found) == 1
    return found[0]


def test_a_failed_probe_to_its_mailbox_server() -> None:
    access = organization()
    trace = traced(access)
    assert (trace.named, trace.sureness, trace.contradictions) == (EX02, Sureness.CERTAIN, ())
    assert [(e.kind, e.strength) for e in trace.evidence] == [
        (Kind.PROBE, Strength.SILENT),
        (Kind.FRONT_LOG, Strength.NAMES),
        (Kind.BACK_LOG, Strength.SUPPORTS),
        (Kind.MAILBOX, Strength.NAMES),
    ]
    assert piece(trace, Kind.FRONT_LOG).looked_at == (
        f"the front end's log of {EX01}: {FRONT_FILE} in C:\\Logs\\Pop3"
    )
    assert access.machines[EX03].looks == 0


@pytest.mark.parametrize("minutes", [-14, -3, 0, 2, 11])
@pytest.mark.parametrize("other", [-9, 0, 13])
def test_clocks_that_are_minutes_off(minutes: int, other: int) -> None:
    front, back = timedelta(minutes=minutes), timedelta(minutes=other)
    trace = traced(organization(front, back), front=front)
    assert (trace.named, trace.sureness) == (EX02, Sureness.CERTAIN)
    for kind, ahead in ((Kind.FRONT_LOG, front), (Kind.BACK_LOG, back)):
        clock = piece(trace, kind).clock
        assert clock is not None
        assert clock.ahead == pytest.approx(ahead.total_seconds())
    assert piece(trace, Kind.BACK_LOG).strength is Strength.SUPPORTS


def test_a_clock_that_runs_fast_does_not_matter() -> None:
    """A simulated hour a minute: the two clocks are compared with each other, never by ours."""
    access = organization(back=timedelta(minutes=5))
    seconds = iter(range(0, 100_000, 7))
    for machine in access.machines.values():
        machine.ticks = lambda: AT + timedelta(minutes=2, seconds=next(seconds))
    trace = traced(access)
    assert (trace.named, trace.sureness) == (EX02, Sureness.CERTAIN)
    assert "within 9.0 s" in piece(trace, Kind.BACK_LOG).says


def test_a_session_of_another_time_on_the_back_end_is_no_proof() -> None:
    """Its clock agrees with the front end's, and its session is five minutes late."""
    access = organization(back=timedelta(minutes=5))
    access.machines[EX02].ahead = timedelta()
    trace = traced(access)
    assert (trace.named, trace.sureness) == (EX02, Sureness.LIKELY)
    assert piece(trace, Kind.BACK_LOG).strength is Strength.AGAINST


def test_without_winrm_only_exchange_is_asked() -> None:
    access = organization()
    access.machines.clear()
    trace = traced(access, mailbox_server=EX02)
    assert (trace.named, trace.sureness) == (EX02, Sureness.CERTAIN)
    assert piece(trace, Kind.FRONT_LOG).strength is Strength.MISSING
    assert "cannot be reached" in piece(trace, Kind.FRONT_LOG).says
    assert piece(trace, Kind.BACK_LOG).strength is Strength.MISSING


@pytest.mark.parametrize(
    "error",
    [
        ScriptsRefusedError("EX01 does not run scripts for us"),
        SignInError("The sign-in was refused"),
        UnreachableError("EX01 cannot be reached"),
    ],
)
def test_a_log_that_cannot_be_read_is_a_missing_piece(error: ExchangeError) -> None:
    access = organization()
    access.machines[EX01].closed = error
    trace = traced(access)
    assert (trace.named, trace.sureness) == (EX02, Sureness.LIKELY)
    assert piece(trace, Kind.FRONT_LOG).says.startswith(str(error))
    assert piece(trace, Kind.BACK_LOG).says.startswith("Its clock could not be compared: ")


def test_without_its_clock_the_front_ends_log_is_read_all_the_same() -> None:
    """Over a share, with WinRM closed: the probe's times are of that clock anyway, the back end's are not."""
    access = organization()
    for machine in access.machines.values():
        machine.closed, machine.shared = UnreachableError("It cannot be reached"), True
    trace = traced(access)
    assert (trace.named, trace.sureness) == (EX02, Sureness.CERTAIN)
    assert piece(trace, Kind.FRONT_LOG).strength is Strength.NAMES
    assert piece(trace, Kind.FRONT_LOG).clock is None
    assert piece(trace, Kind.BACK_LOG).strength is Strength.MISSING


def test_logging_that_is_off_is_said() -> None:
    access = organization(logging=False)
    access.machines[EX01].logs.clear()
    trace = traced(access)
    assert piece(trace, Kind.FRONT_LOG).says == "It has no lines; logging is off now."
    access.machines[EX01].closed = UnreachableError("EX01 cannot be reached.")
    assert traced(access).evidence[1].says == "EX01 cannot be reached. Protocol logging is off now."


def test_without_anything_it_cannot_tell() -> None:
    access = organization(logging=False, active="")
    access.machines[EX01].logs.clear()
    access.exchange["get_database_copies"] = Reading(())
    trace = traced(access)
    assert (trace.named, trace.sureness) == ("", Sureness.CANNOT_TELL)


@pytest.mark.parametrize("error", [DENIED, NOT_GRANTED])
@pytest.mark.parametrize("cmdlet", ["get_monitoring_mailbox", "get_database_copies"])
def test_a_refused_cmdlet_is_a_missing_piece(error: ExchangeError, cmdlet: str) -> None:
    trace = traced(organization(exchange={cmdlet: error}))
    assert (trace.named, trace.sureness) == (EX02, Sureness.CERTAIN)
    assert piece(trace, Kind.MAILBOX).says == str(error)


@pytest.mark.parametrize(
    "answer", [DENIED, Reading(()), Reading((), ("The domain controller did not answer",))]
)
def test_settings_that_are_not_said_are_a_missing_piece(answer: Any) -> None:
    trace = traced(organization(exchange={"get_pop_settings": answer}))
    assert (trace.named, trace.sureness) == (EX02, Sureness.LIKELY)
    assert piece(trace, Kind.FRONT_LOG).strength is Strength.MISSING


@pytest.mark.parametrize("cmdlet", ["get_exchange_server", "get_monitoring_mailbox"])
def test_an_exchange_that_cannot_be_asked_is_no_trace(cmdlet: str) -> None:
    with pytest.raises(UnreachableError):
        traced(organization(exchange={cmdlet: UnreachableError("EX01 cannot be reached")}))


def test_there_is_no_such_mailbox() -> None:
    trace = traced(organization(exchange={"get_monitoring_mailbox": Reading(())}))
    assert piece(trace, Kind.MAILBOX).says.startswith("There is no monitoring mailbox")
    assert trace.named == EX02


def test_the_mailbox_of_a_session_that_may_be_the_probes() -> None:
    """The probe does not say whom it logged in as; the log has one session of that time."""
    access = organization()
    trace = traced(access, user="")
    assert (trace.named, trace.sureness) == (EX02, Sureness.LIKELY)
    assert piece(trace, Kind.MAILBOX).strength is Strength.NAMES
    assert "does not say whom it logged in as" in trace.reason


def test_names_of_the_mailbox_that_the_log_may_have() -> None:
    """The probe says its address, the log another of its names."""
    access = organization()
    trace = traced(access, user="someone@contoso.test")
    assert (trace.named, trace.sureness) == (EX02, Sureness.CERTAIN)


@pytest.mark.parametrize("probe", ["POP.Protocol\\PopDeepTestProbe", "POP.Proxy\\PopProxyTestProbe"])
def test_a_probe_without_a_front_end_asks_for_no_log(probe: str) -> None:
    access = organization()
    trace = traced(access, probe=probe)
    assert trace.named == ("" if "Proxy" in probe else EX01)
    assert access.asked == ["get_exchange_server"]
    assert access.machines[EX01].looks == 0


def test_a_log_that_is_late_is_looked_at_again() -> None:
    access = organization()
    whole = access.machines[EX01].logs[FRONT_FILE]
    access.machines[EX01].logs[FRONT_FILE] = log(quiet(AT - timedelta(minutes=20)))
    said: list[str] = []
    waited: list[float] = []

    def pause(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 2:
            access.machines[EX01].logs[FRONT_FILE] = whole

    tracer = Tracer(access, said.append, pause, 4.0, 5)
    assert tracer.trace(run()).sureness is Sureness.CERTAIN
    assert waited == [4.0, 4.0]
    assert said.count(f"The log of {EX01} has not got as far as the probe's end.") == 2


@pytest.mark.parametrize("change", ["off", "closed", "far enough"])
def test_a_log_that_will_not_come_is_not_waited_for(change: str) -> None:
    access = organization(logging=change != "off")
    if change == "off":
        access.machines[EX01].logs.clear()
    elif change == "closed":
        access.machines[EX01].closed = UnreachableError("EX01 cannot be reached")
    else:
        rows = [*quiet(AT - timedelta(minutes=20)), *quiet(AT + timedelta(minutes=1))]
        access.machines[EX01].logs[FRONT_FILE] = log(rows)

    def pause(seconds: float) -> None:
        raise AssertionError("nothing is to be waited for")

    Tracer(access, pause=pause, tries=3).trace(run())


def test_both_ends_on_one_server_have_one_clock() -> None:
    access = organization(active=EX01)
    rows = [*quiet(AT - timedelta(minutes=20)), *proxied(EX01, at=AT), *quiet(AT + timedelta(minutes=1))]
    there = access.machines[EX02].logs[BACK_FILE].replace(b"10.0.0.1:26747", b"127.0.0.1:26747")
    access.machines = {EX01: Machine(timedelta(minutes=7), {FRONT_FILE: log(rows), BACK_FILE: there})}
    trace = traced(access)
    assert (trace.named, trace.sureness) == (EX01, Sureness.CERTAIN)
    assert piece(trace, Kind.BACK_LOG).strength is Strength.SUPPORTS
    assert access.machines[EX01].looks == 2


def test_health_of_the_named_server() -> None:
    access = organization(health="Unhealthy")
    tracer = Tracer(access)
    trace = tracer.health(tracer.trace(run()))
    assert trace.evidence[-1].kind is Kind.HEALTH
    assert trace.evidence[-1].says == "PopDeepTestMonitor DB01 Unhealthy."
    access.exchange["get_server_health"] = DENIED
    assert tracer.health(trace).evidence[-1].strength is Strength.MISSING
    access.exchange["get_server_health"] = UnreachableError("EX01 cannot be reached")
    with pytest.raises(UnreachableError):
        tracer.health(trace)
    nobody = tracer.trace(run(user="", started=None))
    assert tracer.health(nobody) == nobody


@pytest.mark.parametrize(
    ("context", "user"),
    [
        ("Probe executed for\nUser: HM1@contoso.test\nPassword: [redacted]", "HM1@contoso.test"),
        ("Probe executed for\nTarget: ex01:995", ""),
        ("", ""),
    ],
)
def test_the_run_of_a_probe_result(context: str, user: str) -> None:
    ended: datetime = AT + timedelta(seconds=1)
    row = MonitoringProbeResult(
        "EX01", "x", "r", AT, ended, "Failed", execution_context=context, state_attributes={4: "EX02"}
    )
    found = run_of(row, "POP\\PopCTPProbe", "EX01")
    assert (found.started, found.ended, found.mailbox_server, found.user) == (AT, ended, "EX02", user)

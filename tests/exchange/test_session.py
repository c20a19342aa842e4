"""A session over real sockets: rows, warnings, errors, time limits, and getting over a lost connection."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import msgspec
import pytest

from cockpit.exchange import errors as e
from cockpit.exchange.cmdlets import ExchangeCmdlets
from cockpit.exchange.guard import Guard
from cockpit.exchange.model import Outcome
from cockpit.exchange.pipeline import Call
from cockpit.exchange.session import HEAL_AFTER_IDLE, Session
from cockpit.lab.wire.endpoint import Limits
from cockpit.lab.wire.knobs import Effect
from tests.exchange.conftest import Make
from tests.support.waiting import eventually

BOTH = pytest.mark.parametrize("auth", ["basic", "ntlm"])


@BOTH
def test_rows_come_typed_and_clean(make_bench: Make, auth: str) -> None:
    bench = make_bench(auth)
    answer = ExchangeCmdlets(bench.session()).get_server_health("EX07", "POP")
    assert answer.outcome is Outcome.ROWS
    row = answer.rows[0]
    assert (row.server, row.name, row.alert_value) == ("EX07", "PopCTPMonitor", "Unhealthy")
    assert row.target_resource == "\\x1b]52;c;aGk=\\x07[red]"
    assert bench.calls[0].parameters == {"Identity": "EX07", "HealthSet": "POP"}
    assert bench.calls[0].via == "cmdlet"


@BOTH
def test_the_three_outcomes_are_kept_apart(make_bench: Make, auth: str) -> None:
    cmdlets = ExchangeCmdlets(make_bench(auth).session())
    assert cmdlets.get_server_health("QUIET").outcome is Outcome.EMPTY
    silent = cmdlets.get_server_health("SILENT")
    assert silent.outcome is Outcome.EMPTY_WITH_WARNING
    assert silent.warnings == ("The health manager does not answer.",)
    nobody = cmdlets.get_server_health("NOBODY")
    assert nobody.outcome is Outcome.EMPTY_WITH_WARNING
    assert nobody.errors[0].reason == "ManagementObjectNotFoundException"
    assert nobody.errors[0].message == "couldn't be found"


@BOTH
def test_a_large_answer_comes_whole(make_bench: Make, auth: str) -> None:
    answer = ExchangeCmdlets(make_bench(auth).session()).get_server_health("MANY")
    assert [r.name for r in answer.rows] == [f"Monitor{n}" for n in range(2_000)]


def test_errors_of_the_cmdlet_leave_the_session_usable(make_bench: Make) -> None:
    bench = make_bench()
    session = bench.session()
    with pytest.raises(e.CmdletFailedError, match="it broke"):
        ExchangeCmdlets(session).get_server_health("BROKEN")
    with pytest.raises(e.NotGrantedError, match="is not recognized"):
        session.run(Call("Restart-Service", {"Name": "MSExchangePop3"}))
    with pytest.raises(e.NotGrantedError, match="matches parameter name"):
        session.run(Call("Get-ServerHealth", {"Server2": "x"}))
    assert ExchangeCmdlets(session).get_server_health("EX01").rows
    assert bench.shells_seen == [1]


@BOTH
def test_pipelines_are_closed_and_shells_deleted(make_bench: Make, auth: str) -> None:
    bench = make_bench(auth, Limits(commands=3))
    session = bench.session()
    for _ in range(10):
        ExchangeCmdlets(session).get_server_health("EX01")
    assert [s.open_commands for s in bench.endpoint.shells()] == [0]
    session.close()
    assert bench.endpoint.shells() == []
    assert bench.shells_seen == [1, -1]


@BOTH
def test_a_time_limit_holds_and_leaves_no_shell(make_bench: Make, auth: str) -> None:
    bench = make_bench(auth)
    session = bench.session()
    started = time.monotonic()
    with pytest.raises(e.TimeLimitError, match="longer than 1 s"):
        session.run(Call("Start-Slow", time_limit=1.0))
    assert time.monotonic() - started < 5
    session.close()
    assert bench.endpoint.shells() == []
    assert bench.calls[-1].outcome == "stopped"


@BOTH
@pytest.mark.parametrize("effect", [Effect.RESET, Effect.DROP])
@pytest.mark.parametrize("action", ["Command", "Receive", "Signal"])
def test_a_lost_connection_heals_by_itself(make_bench: Make, auth: str, effect: Effect, action: str) -> None:
    bench = make_bench(auth)
    cmdlets = ExchangeCmdlets(bench.session())
    cmdlets.get_server_health("EX01")
    bench.endpoint.knobs.add(effect, action=action)
    assert cmdlets.get_server_health("EX01").rows
    assert cmdlets.get_server_health("EX01").rows
    assert len(bench.endpoint.shells()) <= 1


@BOTH
def test_a_sealed_connection_that_lay_idle_is_made_anew_before_use(
    make_bench: Make, auth: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = make_bench(auth)
    session = bench.session()
    ExchangeCmdlets(session).get_server_health("EX01")
    shells = [s.id for s in bench.endpoint.shells()]
    real = time.monotonic
    monkeypatch.setattr("cockpit.exchange.session.time.monotonic", lambda: real() + HEAL_AFTER_IDLE + 1)
    bench.do(bench.endpoint._http.hang_up(abort=True))
    assert ExchangeCmdlets(session).get_server_health("EX01").rows
    if auth == "ntlm":
        assert [s.id for s in bench.endpoint.shells()] == shells


def test_a_sign_in_bound_to_its_connection_is_made_again_on_a_new_one(make_bench: Make) -> None:
    """NTLM or Kerberos over TLS seals nothing, yet a new connection must sign in anew."""
    bench = make_bench("ntlm-tls")
    cmdlets = ExchangeCmdlets(bench.session())
    cmdlets.get_server_health("EX01")
    shells = [s.id for s in bench.endpoint.shells()]
    for _ in range(3):
        bench.do(bench.endpoint._http.hang_up(abort=False))
        assert cmdlets.get_server_health("EX01").rows
    assert [s.id for s in bench.endpoint.shells()] == shells


@BOTH
def test_an_expired_shell_is_replaced(make_bench: Make, auth: str) -> None:
    bench = make_bench(auth)
    session = bench.session()
    ExchangeCmdlets(session).get_server_health("EX01")
    bench.do(bench.endpoint.stop(abort=True))
    bench.do(bench.endpoint.start(port=bench.target.port))
    assert ExchangeCmdlets(session).get_server_health("EX01").rows


def test_a_server_that_refuses_is_unreachable(make_bench: Make) -> None:
    bench = make_bench()
    bench.do(bench.endpoint.stop(abort=True))
    with pytest.raises(e.UnreachableError, match="refuses"):
        bench.session().open()


def test_a_name_that_does_not_resolve(make_bench: Make) -> None:
    bench = make_bench()
    bench.target = msgspec.structs.replace(bench.target, host="no-such-host.invalid")
    with pytest.raises(e.UnreachableError, match="does not resolve"):
        bench.session().open()


@BOTH
def test_a_wrong_password_is_told_and_not_retried(make_bench: Make, auth: str) -> None:
    bench = make_bench(auth)
    with pytest.raises(e.SignInError) as refused:
        bench.session("wrong").open()
    assert refused.value.retry is False
    assert "wrong" not in str(refused.value)


def test_an_untrusted_certificate_is_refused(make_bench: Make) -> None:
    bench = make_bench()
    bench.target = msgspec.structs.replace(bench.target, ca_file=None)
    with pytest.raises(e.CertificateError):
        bench.session().open()


def test_a_missing_ca_file_is_named(make_bench: Make) -> None:
    bench = make_bench()
    bench.target = msgspec.structs.replace(bench.target, ca_file="/nowhere/ca.pem")
    with pytest.raises(e.CertificateError, match="/nowhere/ca"):
        bench.session().open()


def test_plain_http_without_encryption_is_refused(make_bench: Make) -> None:
    bench = make_bench("ntlm")
    bench.target = msgspec.structs.replace(bench.target, auth="basic")
    with pytest.raises(e.ExchangeError, match="encryption"):
        bench.session().open()


def test_a_wrong_path_is_told(make_bench: Make) -> None:
    bench = make_bench()
    bench.target = msgspec.structs.replace(bench.target, path="owa")
    with pytest.raises(e.EndpointNotFoundError):
        bench.session().open()


def test_too_many_shells_is_throttling(make_bench: Make) -> None:
    bench = make_bench(limits=Limits(shells=1))
    first = bench.session()
    first.open()
    with pytest.raises(e.ThrottledError) as refused:
        bench.session().open()
    assert "sessions" in refused.value.cure
    first.close()
    bench.session().open()


@pytest.mark.parametrize(
    ("effect", "kind"),
    [
        (Effect.STATUS, e.UnavailableError),
        (Effect.GARBAGE, e.ProtocolError),
        (Effect.WRONG_RELATES_TO, e.ProtocolError),
        (Effect.FAULT, e.ShellLostError),
    ],
)
def test_a_server_that_goes_on_failing_is_explained(
    make_bench: Make, effect: Effect, kind: type[e.ExchangeError]
) -> None:
    bench = make_bench()
    session = bench.session()
    session.open()
    trouble = bench.endpoint.knobs.add(effect, action="Command", count=None)
    with pytest.raises(kind):
        ExchangeCmdlets(session).get_server_health("EX01")
    bench.endpoint.knobs.troubles.remove(trouble)
    assert ExchangeCmdlets(session).get_server_health("EX01").rows


def test_a_session_is_for_one_thread_at_a_time(make_bench: Make) -> None:
    session = make_bench().session()
    session.open()
    busy = threading.Thread(target=lambda: _ignore(session.run, Call("Start-Slow", time_limit=2.0)))
    busy.start()
    seen: list[str] = []
    while busy.is_alive() and not seen:
        try:
            session.run(Call("Start-Slow", time_limit=1.0))
        except RuntimeError as error:
            seen.append(str(error))
        except e.ExchangeError:
            break
    busy.join()
    assert seen == ["a session is for one thread at a time"]


def _ignore(run: Callable[[Call], object], call: Call) -> None:
    with pytest.raises(e.ExchangeError):
        run(call)


@BOTH
def test_a_cut_waits_for_no_call_and_leaves_no_shell(make_bench: Make, auth: str) -> None:
    bench = make_bench(auth)
    session = bench.session()
    busy = threading.Thread(target=_ignore, args=(session.run, Call("Start-Slow", time_limit=50.0)))
    busy.start()
    eventually(lambda: [s for s in bench.endpoint.shells() if s.open_commands], 5.0, "a running command")
    started = time.monotonic()
    assert session.cut()
    assert bench.endpoint.shells() == []
    busy.join(5)
    assert not busy.is_alive(), "its call fails, for its shell is gone"
    assert time.monotonic() - started < 5
    with pytest.raises(e.ShellLostError, match="was cut"):
        session.open()
    assert not session.cut()
    assert bench.endpoint.shells() == []
    assert bench.shells_seen == [1, -1]


@BOTH
def test_a_shell_that_opens_during_a_cut_is_closed_by_its_opener(make_bench: Make, auth: str) -> None:
    bench = make_bench(auth)
    session = bench.session()
    delayed = bench.endpoint.knobs.add(Effect.DELAY, action="Create", seconds=1.0, after=True)
    opener = threading.Thread(target=_ignore, args=(session.run, Call("Start-Slow", time_limit=50.0)))
    opener.start()
    eventually(lambda: delayed.count == 0, 5.0, "a shell that is being opened")
    assert not session.cut()
    opener.join(5)
    assert not opener.is_alive()
    assert bench.endpoint.shells() == []
    assert bench.calls == [], "nothing was run in it"


def test_a_cut_tells_when_the_server_does_not_answer(make_bench: Make) -> None:
    bench = make_bench()
    session = bench.session()
    session.open()
    bench.endpoint.knobs.add(Effect.DROP, count=None)
    assert not session.cut()
    bench.endpoint.knobs.clear()


def test_an_empty_identity_is_never_sent(make_bench: Make) -> None:
    bench = make_bench()
    with pytest.raises(ValueError, match="must not be empty"):
        ExchangeCmdlets(bench.session()).get_server_health(" ")
    assert bench.calls == []


@BOTH
@pytest.mark.parametrize("action", ["Create", "OpenReceive"])
def test_a_shell_whose_opening_failed_is_deleted(make_bench: Make, auth: str, action: str) -> None:
    """The server has it, and we never heard so."""
    bench = make_bench(auth)
    bench.endpoint.knobs.add(Effect.DROP, action=action, after=True)
    with pytest.raises(e.UnreachableError):
        bench.session().open()
    assert bench.endpoint.shells() == []
    bench.endpoint.knobs.add(Effect.FAULT, action=action, after=True)
    with pytest.raises(e.ShellLostError):
        bench.session().open()
    assert bench.endpoint.shells() == []


@BOTH
def test_a_shell_that_could_not_be_deleted_is_deleted_with_the_next_opening(
    make_bench: Make, auth: str
) -> None:
    """Any fault but «no such shell» leaves it where it is."""
    bench = make_bench(auth)
    session = bench.session()
    session.open()
    bench.endpoint.knobs.add(Effect.FAULT, action="Delete", count=None, code=2150859173)
    session.close()
    assert len(bench.endpoint.shells()) == 1
    bench.endpoint.knobs.clear()
    session.open()
    assert len(bench.endpoint.shells()) == 1
    session.close()
    assert bench.endpoint.shells() == []


def test_a_refused_sign_in_is_not_tried_again_for_what_may_be_left(make_bench: Make) -> None:
    """Each try may count against the account."""
    bench = make_bench()
    session = bench.session()
    rejected = bench.endpoint.knobs.add(Effect.REJECT, count=1000, after=True)
    for tries in (1, 2):
        with pytest.raises(e.SignInError):
            session.open()
        assert rejected.count == 1000 - tries
    bench.endpoint.knobs.clear()
    session.open()
    assert len(bench.endpoint.shells()) == 1, "what the refused tries left is gone"


def test_a_sealed_connection_that_the_server_closed_is_made_anew_before_use(make_bench: Make) -> None:
    """Even a change goes through: nothing was sent on the dead connection."""
    bench = make_bench("ntlm")
    session = bench.session()
    session.open()
    shells = [s.id for s in bench.endpoint.shells()]
    bench.do(bench.endpoint._http.hang_up(abort=False))
    eventually(lambda: _guard_of(session).was_closed(), 5.0, "the end of the connection")
    session.run(Call("Get-ServerHealth", {"Identity": "EX01"}), repeatable=False)
    assert [s.id for s in bench.endpoint.shells()] == shells


def _guard_of(session: Session) -> Guard:
    assert session._wsman is not None
    return session._wsman.guard


def test_a_server_that_says_nothing_yet_at_once_is_not_asked_without_end(make_bench: Make) -> None:
    bench = make_bench()
    session = bench.session()
    session.open()
    busy = bench.endpoint.knobs.add(Effect.FAULT, action="Receive", count=1000, code=2150858793)
    with pytest.raises(e.TimeLimitError, match="took longer than 1 s"):
        session.run(Call("Get-ServerHealth", {"Identity": "EX01"}, time_limit=1.0))
    assert busy.count is not None
    assert busy.count > 990


def test_a_read_that_is_asked_again_keeps_to_its_one_time_limit(make_bench: Make) -> None:
    bench = make_bench()
    session = bench.session()
    session.open()
    bench.endpoint.knobs.add(Effect.DELAY, action="Command", seconds=1.0)
    bench.endpoint.knobs.add(Effect.DROP, action="CommandReceive")
    bench.endpoint.knobs.add(Effect.HANG, action="Create", count=None)
    started = time.monotonic()
    with pytest.raises(e.TimeLimitError, match="does not answer"):
        session.run(Call("Get-ServerHealth", {"Identity": "EX01"}, time_limit=2.0))
    assert time.monotonic() - started < 15, "not the sixty seconds that opening may take"

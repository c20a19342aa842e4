"""A password that was changed meanwhile: each refused try counts towards a lock-out of the account."""

from __future__ import annotations

import threading
from pathlib import Path

import msgspec
import pytest

from cockpit.config.environment import Address, Credential, EndpointSettings, Environment, WinRMSettings
from cockpit.config.secrets import Secret
from cockpit.doctor.endpoint import Gate
from cockpit.exchange.cmdlets import ExchangeCmdlets
from cockpit.exchange.errors import SignInError
from cockpit.exchange.pipeline import Call
from cockpit.exchange.refusals import WINRM_REFUSALS, Refusals
from cockpit.exchange.session import EXCHANGE, Session
from cockpit.fleet import messages
from cockpit.fleet.collector import HELD, Collector
from cockpit.fleet.entry import EntryFailure, EntrySession, SignInGate
from cockpit.fleet.snapshot import FleetDiff, Problem
from cockpit.lab.wire import auth
from cockpit.lab.wire.acceptors import RefusedError
from cockpit.lab.wire.http import Request, Response
from cockpit.recovery.access import NoWinRMError, Sessions
from tests.exchange.conftest import PASSWORD, Bench, Make
from tests.support.waiting import eventually

READ = Call("Get-ServerHealth", {"Identity": "EX01", "HealthSet": "POP"})


@pytest.fixture
def refusals(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """One for each try to sign in that the server has refused."""
    seen: list[str] = []
    admit, step = auth.Basic.admit, auth._NegotiateGate._step

    def admitted(basic: auth.Basic, request: Request) -> auth.Admitted | Response:
        answer = admit(basic, request)
        if isinstance(answer, Response) and "authorization" in request.headers:
            seen.append("basic")
        return answer

    def stepped(gate: auth._NegotiateGate, token: bytes) -> bytes:
        try:
            return step(gate, token)
        except RefusedError:
            seen.append("token")
            raise

    monkeypatch.setattr(auth.Basic, "admit", admitted)
    monkeypatch.setattr(auth._NegotiateGate, "_step", stepped)
    return seen


def change_password(bench: Bench, folder: Path, new: str) -> None:
    taken = bench.endpoint._authenticator
    if isinstance(taken, auth.Basic):
        taken._users = {bench.user.lower(): (bench.user, new)}
    else:
        auth.install_ntlm_users(folder / "users", {bench.user: new})


@pytest.mark.parametrize("way", ["basic", "ntlm"])
def test_a_password_that_was_changed_is_tried_once(
    make_bench: Make, tmp_path: Path, refusals: list[str], way: str
) -> None:
    bench = make_bench(way)
    session = bench.session()
    session.run(READ)
    change_password(bench, tmp_path, "another")
    session._used_at -= 3600.0
    with pytest.raises(SignInError):
        session.run(READ)
    session.close()
    assert len(refusals) == 1


def test_once_it_is_taken_again_the_shell_that_was_left_is_deleted(make_bench: Make, tmp_path: Path) -> None:
    bench = make_bench("basic")
    session = bench.session()
    session.run(READ)
    change_password(bench, tmp_path, "another")
    with pytest.raises(SignInError):
        session.run(READ)
    change_password(bench, tmp_path, PASSWORD)
    session.run(READ)
    session.close()
    assert bench.endpoint.shells() == []


def two_names(bench: Bench) -> Environment:
    """The one server as two."""
    return Environment(
        entry_servers=("EX01", "EX02"),
        credential=Credential(bench.user),
        exchange=EndpointSettings(auth="basic", ca_file=bench.target.ca_file),
        addresses={name: Address(exchange=bench.target.url) for name in ("EX01", "EX02")},
        name="here",
    )


def lanes_of(bench: Bench, gate: SignInGate, count: int) -> list[EntrySession]:
    """Each with a shell."""
    environment = two_names(bench)
    lanes = [EntrySession(environment, Secret(PASSWORD), n, lambda _: None, gate) for n in range(count)]
    for lane in lanes:
        lane.open()
    return lanes


def read(lane: EntrySession) -> None:
    lane.use(lambda cmdlets: cmdlets.get_server_health("EX01", "POP"))


def test_lanes_with_open_shells_do_not_try_a_refused_password_each(
    make_bench: Make, tmp_path: Path, refusals: list[str]
) -> None:
    bench = make_bench("basic")
    lanes = lanes_of(bench, SignInGate(), 6)
    change_password(bench, tmp_path, "another")
    for lane in lanes:
        with pytest.raises(EntryFailure):
            read(lane)
    for lane in lanes:
        lane.close()
    assert len(refusals) == 1


def test_shells_held_back_are_deleted_once_a_sign_in_is_accepted_again(
    make_bench: Make, tmp_path: Path, refusals: list[str]
) -> None:
    """Until then nothing is tried for them; no idle time of theirs has to be waited for after."""
    bench = make_bench("basic")
    gate = SignInGate()
    first, second, third = lanes_of(bench, gate, 3)
    change_password(bench, tmp_path, "another")
    with pytest.raises(EntryFailure):
        read(first)
    second.close()
    assert len(bench.endpoint.shells()) == 3
    change_password(bench, tmp_path, PASSWORD)
    first.clean_up()
    second.clean_up()
    assert len(bench.endpoint.shells()) == 3, "nobody knows yet that it would be accepted"
    assert [lane.untidy for lane in (first, second)] == [True, True]
    gate.open()
    third.close()
    third.open()
    assert len(bench.endpoint.shells()) == 3
    first.clean_up()
    second.clean_up()
    assert len(bench.endpoint.shells()) == 1
    assert [lane.untidy for lane in (first, second)] == [False, False]
    third.close()
    assert bench.endpoint.shells() == []
    assert len(refusals) == 1


@pytest.mark.parametrize("taken", [True, False])
def test_once_somebody_has_acted_they_are_tried_for_by_those_who_open_nothing(
    make_bench: Make, tmp_path: Path, refusals: list[str], taken: bool
) -> None:
    bench = make_bench("basic")
    gate = SignInGate()
    first, second, third = lanes_of(bench, gate, 3)
    change_password(bench, tmp_path, "another")
    with pytest.raises(EntryFailure):
        read(first)
    second.close()
    if taken:
        change_password(bench, tmp_path, PASSWORD)
    gate.open()
    first.clean_up()
    second.clean_up()
    if taken:
        read(third)
        assert len(bench.endpoint.shells()) == 1, "the one that was open all the time"
        assert len(refusals) == 1
    else:
        assert len(bench.endpoint.shells()) == 3
        assert len(refusals) == 2, "one for all"
    for lane in (first, second, third):
        lane.close()


def test_a_refusal_after_it_is_not_forgiven(make_bench: Make, tmp_path: Path, refusals: list[str]) -> None:
    bench = make_bench("basic")
    gate = SignInGate()
    first, second = lanes_of(bench, gate, 2)
    change_password(bench, tmp_path, "another")
    with pytest.raises(EntryFailure):
        read(first)
    second.close()
    for lane in (first, second):
        lane.clean_up()
        lane.close()
    assert len(refusals) == 1


def test_a_job_under_way_does_not_try_what_another_was_refused(
    make_bench: Make, tmp_path: Path, refusals: list[str]
) -> None:
    """With Basic every request is a sign-in, and a job has several."""
    bench = make_bench("basic")
    first, second = lanes_of(bench, SignInGate(), 2)

    def job(cmdlets: ExchangeCmdlets) -> None:
        cmdlets.get_server_health("EX01", "POP")
        change_password(bench, tmp_path, "another")
        with pytest.raises(EntryFailure):
            read(second)
        cmdlets.get_server_health("EX01", "POP")

    with pytest.raises(EntryFailure):
        first.use(job)
    first.cut()
    first.close()
    second.close()
    assert len(refusals) == 1


def shared(bench: Bench, refusals: Refusals) -> Session:
    """A session with a shell, that tells others what it is refused."""
    made = Session(bench.target, EXCHANGE, bench.user, Secret(PASSWORD), refusals=refusals)
    bench.sessions.append(made)
    made.run(READ)
    return made


@pytest.mark.parametrize("way", ["basic", "ntlm", "ntlm-tls"])
def test_connections_that_were_lost_are_not_all_signed_in_with_a_refused_password(
    make_bench: Make, tmp_path: Path, refusals: list[str], way: str
) -> None:
    """Over TLS nobody knows beforehand that a connection will have to be signed in anew."""
    bench = make_bench(way)
    account = Refusals()
    sessions = [shared(bench, account) for _ in range(4)]
    change_password(bench, tmp_path, "another")
    for session in sessions:
        assert session._wsman is not None
        session._wsman.hang_up()
        session._used_at -= 3600.0
    for session in sessions:
        with pytest.raises(SignInError, match="did not accept"):
            session.run(READ)
    assert len(refusals) == 1


@pytest.mark.parametrize("way", ["basic", "ntlm"])
def test_a_shell_is_not_cut_with_a_refused_password(
    make_bench: Make, tmp_path: Path, refusals: list[str], way: str
) -> None:
    bench = make_bench(way)
    account = Refusals()
    first, second = shared(bench, account), shared(bench, account)
    change_password(bench, tmp_path, "another")
    first._used_at -= 3600.0
    with pytest.raises(SignInError):
        first.run(READ)
    assert not second.cut()
    assert len(refusals) == 1


def test_what_exchange_refused_is_not_tried_at_winrm(
    make_bench: Make, tmp_path: Path, refusals: list[str]
) -> None:
    bench = make_bench("basic")
    gate = SignInGate()
    (lane,) = lanes_of(bench, gate, 1)
    looking = shared(bench, gate.winrm)
    change_password(bench, tmp_path, "another")
    with pytest.raises(EntryFailure):
        read(lane)
    with pytest.raises(SignInError):
        looking.run(READ)
    assert len(refusals) == 1


def test_winrm_may_refuse_whom_exchange_takes_but_not_for_long() -> None:
    gate = SignInGate()
    for _ in range(WINRM_REFUSALS):
        gate.winrm.check()
        gate.winrm.note(SignInError("EX07 did not accept the sign-in"))
    with pytest.raises(SignInError, match="EX07"):
        gate.winrm.check()
    gate.refusals.check()
    gate.try_again()
    with pytest.raises(SignInError):
        gate.winrm.check()
    gate.open()
    gate.winrm.check()


def test_one_that_is_accepted_ends_the_row() -> None:
    refused = Refusals(WINRM_REFUSALS)
    for _ in range(2):
        for _ in range(WINRM_REFUSALS - 1):
            refused.note(SignInError("EX07 did not accept the sign-in"))
        refused.accepted()
    refused.check()


def test_what_came_to_no_sign_in_holds_nothing_back(make_bench: Make) -> None:
    """The server may be mended meanwhile, and nobody has to act for that."""
    bench = make_bench("basic")
    account = Refusals()
    target = msgspec.structs.replace(bench.target, auth="ntlm")
    for _ in range(2):
        with pytest.raises(SignInError, match="does not offer ntlm"):
            Session(target, EXCHANGE, bench.user, Secret(PASSWORD), refusals=account).open()
    account.check()


def test_a_run_tries_nothing_else_once_exchange_has_refused(
    make_bench: Make, tmp_path: Path, refusals: list[str]
) -> None:
    """A run has a session for each server it works on."""
    bench = make_bench("basic")
    environment = two_names(bench)
    winrm = {name: Address(bench.target.url, bench.target.url) for name in environment.entry_servers}
    reached = WinRMSettings(auth="basic", ca_file=bench.target.ca_file)
    access = Sessions(msgspec.structs.replace(environment, addresses=winrm, winrm=reached), Secret(PASSWORD))
    access.read(lambda c: c.get_server_health("EX01", "POP"))
    change_password(bench, tmp_path, "another")
    with pytest.raises(SignInError):
        access.read(lambda c: c.get_server_health("EX01", "POP"))
    with pytest.raises(SignInError):
        access.read(lambda c: c.get_server_health("EX01", "POP"))
    for server in environment.entry_servers:
        with pytest.raises(NoWinRMError):
            access.look(server, lambda _: None)
    assert len(refusals) == 1
    held = access.holds
    change_password(bench, tmp_path, PASSWORD)
    access.forgive()
    assert (held, access.holds) == (True, False)
    access.read(lambda c: c.get_server_health("EX01", "POP"))
    access.close()


def test_a_collector_tries_a_refused_password_again_only_when_it_is_asked(
    make_bench: Make, tmp_path: Path, refusals: list[str]
) -> None:
    """However long it waits: a domain goes on counting."""
    bench = make_bench("basic")
    changes: list[FleetDiff] = []
    collector = Collector(two_names(bench), Secret("not this"), changes.append)
    running = threading.Thread(target=collector.run, daemon=True)
    running.start()
    try:
        told = eventually(lambda: _problem(changes), 10.0, "the refusal is told")
        assert told is not None
        assert told.cure.endswith(HELD)
        collector._organization_due = 0.0
        collector.tell(messages.SetInterval(20.0))
        eventually(lambda: any(c.status and c.status.interval == 20.0 for c in changes), 10.0, "a round")
        assert (collector._organization_due, collector._organization_asked) == (0.0, False)
        assert len(refusals) == 1
        collector.tell(messages.Refresh(""))
        eventually(lambda: len(refusals) == 2, 10.0, "it tries once it is told to")
    finally:
        collector.stop()
        running.join(10)


def _problem(changes: list[FleetDiff]) -> Problem | None:
    return next((c.status.problem for c in changes if c.status and c.status.problem), None)


def test_the_doctor_bears_a_few_refusals_in_a_row(make_bench: Make) -> None:
    """A password that is changed meanwhile is not tried on each of two hundred servers."""
    bench = make_bench("basic")
    gate = Gate(two_names(bench), Secret(PASSWORD))
    taken = gate.session(bench.target, EXCHANGE, 5.0)
    assert gate.open(taken, "EX01 Exchange").done
    gate._secret = Secret("another")
    tries: list[Session] = [gate.session(bench.target, EXCHANGE, 5.0) for _ in range(WINRM_REFUSALS + 2)]
    found = [gate.open(session, f"EX{n:02} WinRM") for n, session in enumerate(tries)]
    taken.close()
    assert [isinstance(each.error, SignInError) for each in found] == [True] * WINRM_REFUSALS + [False] * 2
    assert all("which was refused" in each.held for each in found[WINRM_REFUSALS:])

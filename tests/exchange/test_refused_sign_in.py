"""A password that was changed meanwhile: each refused try counts towards a lock-out of the account."""

from __future__ import annotations

from pathlib import Path

import pytest

from cockpit.config.environment import Address, Credential, EndpointSettings, Environment
from cockpit.config.secrets import Secret
from cockpit.exchange.errors import SignInError
from cockpit.exchange.pipeline import Call
from cockpit.fleet.entry import EntryFailure, EntrySession, SignInGate
from cockpit.lab.wire import auth
from cockpit.lab.wire.acceptors import RefusedError
from cockpit.lab.wire.http import Request, Response
from tests.exchange.conftest import PASSWORD, Bench, Make

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

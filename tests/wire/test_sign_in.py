"""Signing in with a stock pypsrp: TLS, passwords, NTLM and its sealed messages."""

from __future__ import annotations

from asyncio import to_thread
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeAlias
from uuid import UUID

import pytest
from pypsrp.complex_objects import PSInvocationState as State
from pypsrp.exceptions import AuthenticationError, WinRMTransportError
from pypsrp.powershell import PowerShell
from requests.exceptions import SSLError

from cockpit.lab.wire.auth import Negotiate, install_ntlm_users
from cockpit.lab.wire.certificate import Authority
from cockpit.lab.wire.endpoint import Endpoint
from tests.wire.demo import ENTRY, USER, Demo, Result, invoke, pool, wsman

Start: TypeAlias = Callable[..., Awaitable[tuple[Endpoint, int]]]


def check_rows(result: Result) -> None:
    assert result.state == State.COMPLETED
    assert [r.adapted_properties["Count"] for r in result.output] == [0, 1]
    first = result.output[0]
    assert first.types == list(ENTRY)
    assert str(first) == ENTRY[0]
    values = first.adapted_properties
    assert values["Name"] == "Monitor0 <&> _x0041_"
    assert values["AlertValue"] == "Healthy"
    assert values["Big"] == 2**40
    assert values["IsStale"] is False
    assert values["Nothing"] is None
    assert values["Empty"] == ""
    assert values["Ratio"] == 0.5
    assert values["When"] == "2025-03-01T12:00:00.1234560Z"
    assert values["Id"] == UUID(int=0)
    assert str(values["Identity"]) == "POP\\M"
    assert values["None"] == []


async def test_basic_over_tls(start: Start, demo: Demo, authority: Authority) -> None:
    endpoint, port = await start(tls=authority.server_context("ex01.lab.test"))

    def client() -> Result:
        with pool(wsman(port, ca=authority.ca_path)) as opened:
            return invoke(opened, "Get-Rows", "EX01")

    check_rows(await to_thread(client))
    assert endpoint.shells() == []
    [call] = demo.calls
    assert (call.cmdlet, dict(call.parameters), call.outcome, call.via) == (
        "Get-Rows",
        {"Identity": "EX01"},
        "completed",
        "cmdlet",
    )
    assert (call.server, call.user, call.error) == ("ex01.lab.test", USER, "")


async def test_an_untrusted_authority_is_refused_by_the_client(
    start: Start, authority: Authority, other_ca: Path
) -> None:
    _, port = await start(tls=authority.server_context())
    with pytest.raises(SSLError):
        await to_thread(lambda: wsman(port, ca=other_ca).update_max_payload_size())


async def test_a_wrong_password_is_refused(start: Start) -> None:
    _, port = await start()
    with pytest.raises(AuthenticationError):
        await to_thread(lambda: wsman(port, password="guess").update_max_payload_size())


@pytest.fixture
def ntlm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Client settings; the users are known for this test only."""
    users = tmp_path / "users"
    monkeypatch.setenv("NTLM_USER_FILE", "")
    install_ntlm_users(users, {USER: "ntlm-secret", "upn@lab.test": "ntlm-secret"})
    assert users.stat().st_mode & 0o777 == 0o600
    return {"auth": "ntlm", "encryption": "always", "password": "ntlm-secret"}


@pytest.mark.parametrize(("auth", "user"), [("ntlm", USER), ("negotiate", USER), ("ntlm", "upn@lab.test")])
async def test_ntlm_with_message_encryption(start: Start, ntlm: dict[str, Any], auth: str, user: str) -> None:
    _, port = await start(Negotiate(auth))

    def client() -> tuple[Result, Result]:
        with pool(wsman(port, **{**ntlm, "auth": auth, "username": user})) as opened:
            return invoke(opened, "Get-Rows"), invoke(opened, "Get-Nope")

    rows, refused = await to_thread(client)
    check_rows(rows)
    assert refused.fqid == "CommandNotFoundException"


async def test_faults_are_sealed_too(start: Start, ntlm: dict[str, Any]) -> None:
    _, port = await start(Negotiate("ntlm"))

    def client() -> Result:
        with pool(wsman(port, **ntlm)) as opened, PowerShell(opened) as shell:
            shell.add_cmdlet("Start-Slow").begin_invoke()
            shell.poll_invoke()
            shell.poll_invoke(timeout=1)  # ends in fault 2150858793, which pypsrp must be able to read
            shell.stop()
            return Result(shell)

    assert (await to_thread(client)).output == ["first"]


async def test_a_bad_ntlm_password_is_refused(start: Start, ntlm: dict[str, Any]) -> None:
    _, port = await start(Negotiate("ntlm"))
    with pytest.raises(AuthenticationError):
        await to_thread(lambda: wsman(port, **{**ntlm, "password": "no"}).update_max_payload_size())


async def test_a_plain_body_is_refused_where_encryption_is_required(
    start: Start, ntlm: dict[str, Any]
) -> None:
    _, strict = await start(Negotiate("ntlm"))
    _, lenient = await start(Negotiate("ntlm", require_encryption=False))

    def client(port: int) -> Result:
        with pool(wsman(port, **{**ntlm, "encryption": "never"})) as opened:
            return invoke(opened, "Get-Rows")

    with pytest.raises(WinRMTransportError) as caught:
        await to_thread(client, strict)
    assert caught.value.code == 500
    check_rows(await to_thread(client, lenient))

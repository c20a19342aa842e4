"""Cmdlets through a stock pypsrp."""

from __future__ import annotations

import asyncio
import time
from asyncio import to_thread
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeAlias
from uuid import UUID

import pytest
from pypsrp.complex_objects import PSInvocationState as State
from pypsrp.exceptions import AuthenticationError, WinRMTransportError
from pypsrp.messages import EndOfPipelineInput
from pypsrp.powershell import PowerShell
from pypsrp.serializer import TaggedValue
from pypsrp.shell import SignalCode
from requests.exceptions import SSLError

from cockpit.lab.wire.auth import Negotiate, install_ntlm_users
from cockpit.lab.wire.certificate import Authority
from cockpit.lab.wire.endpoint import Endpoint
from tests.wire.demo import ALERT, ENTRY, USER, Demo, Result, invoke, one, pool, wsman

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


async def test_warning_and_non_terminating_error(start: Start, demo: Demo) -> None:
    _, port = await start()
    result = await to_thread(one, port, "Get-Noisy")
    assert result.state == State.COMPLETED
    assert result.output == ["after"]
    assert result.warnings == ["the data is 3 minutes old"]
    [error] = result.errors
    assert str(error) == "object 'x' couldn't be found"
    assert error.fq_error == "[Server=X] 1A2B,Get.Noisy"
    assert error.message == "ObjectNotFound: (x:String) [Get-Noisy], NotFound"
    assert error.exception is not None
    assert error.exception.types[0] == "X.NotFound"
    assert (demo.calls[0].outcome, demo.calls[0].error) == ("completed", "object 'x' couldn't be found")


async def test_error_and_warning_preferences(start: Start) -> None:
    _, port = await start()
    quiet = await to_thread(lambda: one(port, "Get-Noisy", ErrorAction="SilentlyContinue", WarningAction=0))
    assert (quiet.warnings, quiet.errors, quiet.output) == ([], [], ["after"])
    strict = await to_thread(lambda: one(port, "Get-Noisy", ErrorAction="Stop"))
    assert (strict.state, strict.output) == (State.FAILED, [])


@pytest.mark.parametrize(
    ("action", "preference", "said", "fqid"),
    [
        ("ErrorAction", "ErrorActionPreference", "object 'x' couldn't be found", "[Server=X] 1A2B,Get.Noisy"),
        ("WarningAction", "WarningPreference", "the data is 3 minutes old", "ActionPreferenceStop,Get-Noisy"),
    ],
)
async def test_what_is_to_stop_a_cmdlet_says_so(
    start: Start, action: str, preference: str, said: str, fqid: str
) -> None:
    _, port = await start()
    strict = await to_thread(lambda: one(port, "Get-Noisy", **{action: "Stop"}))
    assert strict.state == State.FAILED
    assert str(strict.errors[-1]) == (
        f'The running command stopped because the preference variable "{preference}" or common'
        f" parameter is set to Stop: {said}"
    )
    assert strict.fqid == fqid
    assert strict.errors[-1].exception is not None
    assert strict.errors[-1].exception.types[0].endswith(".ActionPreferenceStopException")


async def test_terminating_error(start: Start, demo: Demo) -> None:
    _, port = await start()
    result = await to_thread(one, port, "Get-Boom")
    assert result.state == State.FAILED
    assert result.output == ["partial"]
    assert result.fqid == "TaskTimeout"
    assert result.errors[0].message == "OperationTimeout: (:) [Get-Boom], TimeoutException"
    assert (demo.calls[0].outcome, demo.calls[0].error) == ("failed", "it timed out")


@pytest.mark.parametrize(("name", "bug"), [("Get-Bug", "ZeroDivisionError"), ("Get-Unsayable", "IndexError")])
async def test_a_lab_bug_is_logged_and_told(
    start: Start, caplog: pytest.LogCaptureFixture, name: str, bug: str
) -> None:
    _, port = await start()
    result = await to_thread(one, port, name)
    assert result.state == State.FAILED
    assert result.fqid == "LabBug"
    assert bug in caplog.text


@pytest.mark.parametrize(
    "name", ["Get-Nope", "Where-Object", "Sort-Object", "Restart-Service", "Get-WinEvent"]
)
async def test_an_unknown_cmdlet(start: Start, demo: Demo, name: str) -> None:
    _, port = await start()
    result = await to_thread(one, port, name)
    assert result.state == State.FAILED
    [error] = result.errors
    assert error.fq_error == "CommandNotFoundException"
    assert error.message == f"ObjectNotFound: ({name}:String) [], CommandNotFoundException"
    assert str(error).startswith(f"The term '{name}' is not recognized as the name of a cmdlet, function,")
    assert (demo.calls[0].cmdlet, demo.calls[0].outcome) == (name, "failed")


async def test_rbac_hides_a_cmdlet(start: Start, demo: Demo) -> None:
    _, port = await start()
    demo.denied.add("Get-Rows")
    assert (await to_thread(one, port, "Get-Rows")).fqid == "CommandNotFoundException"


async def test_an_unknown_parameter(start: Start, demo: Demo) -> None:
    """The slip of Microsoft's own page: the parameter is ProtocolLogEnabled (exchange-facts §1.4)."""
    _, port = await start()
    result = await to_thread(lambda: one(port, "set-popsettings", Server="EX01", ProtocolLoggingEnabled=True))
    assert result.state == State.FAILED
    [error] = result.errors
    assert str(error) == "A parameter cannot be found that matches parameter name 'ProtocolLoggingEnabled'."
    assert error.fq_error == "NamedParameterNotFound,Set-PopSettings"
    assert error.category == 5
    assert error.reason == "ParameterBindingException"
    assert demo.invocations == []


async def test_values_arrive_as_they_were_sent(start: Start, demo: Demo) -> None:
    _, port = await start()
    sent = {
        "Server": "",
        "ProtocolLogEnabled": [1, "two", False, {"k": 2.5}],
        "ProtocolName": TaggedValue("I64", 2**40),
        "Confirm": TaggedValue("B", "false"),
    }
    assert (await to_thread(lambda: one(port, "Set-PopSettings", **sent))).state == State.COMPLETED
    assert dict(demo.invocations[0].parameters) == {
        "Server": "",
        "ProtocolLogEnabled": [1, "two", False, {"k": 2.5}],
        "ProtocolName": 2**40,
        "Confirm": False,
    }


async def test_a_null_identity_reaches_the_handler_and_a_switch_is_true(start: Start, demo: Demo) -> None:
    _, port = await start()
    await to_thread(lambda: one(port, "Get-Rows", Identity=None, AsObjects=None))
    assert dict(demo.invocations[0].parameters) == {"Identity": None, "AsObjects": True}


async def test_several_statements_run_in_one_pipeline(start: Start, demo: Demo) -> None:
    _, port = await start()

    def client() -> Result:
        with pool(wsman(port)) as opened, PowerShell(opened) as shell:
            shell.add_cmdlet("Get-Rows").add_parameter("Count", 1)
            shell.add_cmdlet("Select-Object").add_parameter("Property", ["N*", "Missing"])
            shell.add_statement().add_cmdlet("Get-Rows").add_cmdlet("Measure-Object")
            shell.invoke()
            return Result(shell)

    result = await to_thread(client)
    selected, measured = result.output
    assert selected.extended_properties == {
        "Name": "Monitor0 <&> _x0041_",
        "Nothing": None,
        "None": [],
        "Missing": None,
    }
    assert selected.types[0] == "Selected." + ENTRY[0]
    assert measured.adapted_properties["Count"] == 2
    assert [c.cmdlet for c in demo.calls] == ["Get-Rows", "Get-Rows"]


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("Select-Object", {"ExpandProperty": "Name"}),
        ("Measure-Object", {"Sum": None}),
        ("Get-Rows", {}),
        ("Get-Help", {}),
    ],
)
async def test_what_the_lab_cannot_do_is_an_error(
    start: Start, name: str, parameters: dict[str, Any]
) -> None:
    _, port = await start()

    def client() -> Result:
        with pool(wsman(port)) as opened, PowerShell(opened) as shell:
            shell.add_cmdlet("Get-Rows").add_cmdlet(name).add_parameters(parameters)
            shell.invoke()
            return Result(shell)

    result = await to_thread(client)
    assert (result.state, result.fqid) == (State.FAILED, "LabNotImplemented")


async def test_a_native_program_gets_its_words(start: Start) -> None:
    _, port = await start()
    result = await to_thread(one, port, "wevtutil", "qe", "Application", "/c:5")
    assert result.output == ["qe", "Application", "/c:5"]


async def test_stop(start: Start, demo: Demo) -> None:
    endpoint, port = await start()

    def client() -> Result:
        with pool(wsman(port)) as opened:
            with PowerShell(opened) as shell:
                shell.add_cmdlet("Start-Slow").begin_invoke()
                shell.poll_invoke()
                assert endpoint.shells()[0].open_commands == 1
                shell.stop()
            assert invoke(opened, "Get-Rows").state == State.COMPLETED
            return Result(shell)

    result = await to_thread(client)
    assert (result.output, result.state) == (["first"], State.STOPPED)
    assert [c.outcome for c in demo.calls] == ["stopped", "completed"]


async def test_a_slow_cmdlet_outlives_polls(start: Start, demo: Demo) -> None:
    """The second poll meets fault 2150858793 after its operation time-out, and the third gets the rest."""
    _, port = await start()
    loop = asyncio.get_running_loop()

    def client() -> tuple[Result, float]:
        with pool(wsman(port)) as opened, PowerShell(opened) as shell:
            shell.add_cmdlet("Start-Slow").begin_invoke()
            shell.poll_invoke()
            before = time.monotonic()
            shell.poll_invoke(timeout=0.2)  # type: ignore[arg-type]  # its annotation says int; fractions work
            waited = time.monotonic() - before
            loop.call_soon_threadsafe(demo.release.set)
            shell.end_invoke()
            return Result(shell), waited

    result, waited = await to_thread(client)
    assert 0.2 <= waited < 5
    assert result.output == ["first", "last"]


async def test_output_over_many_fragments(start: Start) -> None:
    _, port = await start()
    result = await to_thread(lambda: one(port, "Get-Rows", Count=400))
    assert [r.adapted_properties["Count"] for r in result.output] == list(range(400))


async def test_a_command_larger_than_an_envelope_comes_by_send(start: Start, demo: Demo) -> None:
    _, port = await start()
    text = "x" * 1_000_000
    await to_thread(lambda: one(port, "Set-PopSettings", Server=text))
    assert demo.invocations[0].parameters["Server"] == text


async def test_runspaces_queue(start: Start, demo: Demo) -> None:
    """With one runspace the second pipeline waits for the first."""
    _, port = await start()
    loop = asyncio.get_running_loop()

    def client() -> list[object]:
        with pool(wsman(port)) as opened:
            slow, quick = PowerShell(opened), PowerShell(opened)
            slow.add_cmdlet("Start-Slow").begin_invoke()
            slow.poll_invoke()
            quick.add_cmdlet("Get-Rows").begin_invoke()
            assert opened.get_available_runspaces() == 0
            calls = len(demo.calls)
            loop.call_soon_threadsafe(demo.release.set)
            slow.end_invoke()
            quick.end_invoke()
            assert calls == 0
            opened.max_runspaces = 3
            assert opened.get_available_runspaces() == 3
            return [c.cmdlet for c in demo.calls]

    assert await to_thread(client) == ["Start-Slow", "Get-Rows"]


async def test_keys_and_life_signs(start: Start) -> None:
    _, port = await start()

    def client() -> tuple[bool, Any]:
        with pool(wsman(port)) as opened:
            opened.exchange_keys()
            return opened.is_alive(), opened.application_private_data

    alive, private = await to_thread(client)
    assert alive
    assert {"ImplicitRemoting", "SupportedVersions", "PSVersionTable"} <= private.data.keys()
    assert private.data["ImplicitRemoting"]["Hash"]


async def test_a_queued_pipeline_can_be_stopped(start: Start, demo: Demo) -> None:
    _, port = await start()
    loop = asyncio.get_running_loop()

    def client() -> list[object]:
        with pool(wsman(port)) as opened:
            slow, queued = PowerShell(opened), PowerShell(opened)
            slow.add_cmdlet("Start-Slow").begin_invoke()
            slow.poll_invoke()
            queued.add_cmdlet("Get-Rows").begin_invoke()
            opened.shell.signal(SignalCode.PS_CTRL_C, str(queued.id).upper())  # stop() would not read the end
            queued.end_invoke()
            loop.call_soon_threadsafe(demo.release.set)
            return [queued.state, str(queued.streams.error[0]), *slow.end_invoke()]

    stopped = [State.STOPPED, "The pipeline has been stopped.", "first", "last"]
    assert await to_thread(client) == stopped
    assert [c.cmdlet for c in demo.calls] == ["Start-Slow"]


async def test_pipeline_input_is_refused_aloud(start: Start) -> None:
    _, port = await start()

    def client() -> Result:
        with pool(wsman(port)) as opened, PowerShell(opened) as shell:
            shell.add_cmdlet("Start-Slow").invoke(name for name in ("EX01", "EX02"))
            return Result(shell)

    result = await to_thread(client)
    assert (result.state, result.fqid) == (State.FAILED, "LabNotImplemented")
    assert str(result.errors[0]) == "The lab does not implement pipeline input."


async def test_an_open_input_without_items_is_fine(start: Start) -> None:
    _, port = await start()

    def client() -> Result:
        with pool(wsman(port)) as opened:
            shell = PowerShell(opened)
            shell.add_cmdlet("Get-Rows")
            with pytest.raises(
                StopIteration
            ):  # pypsrp trips over an empty generator once the command is sent
                shell.begin_invoke(word for word in "")
            end = opened._fragmenter.fragment_multiple([EndOfPipelineInput()], opened.id, shell.id)
            opened.shell.send("stdin", end[0], command_id=str(shell.id).upper())
            shell.end_invoke()
            return Result(shell)

    assert len((await to_thread(client)).output) == 2


async def test_secure_strings_and_merged_streams_are_refused_aloud(start: Start) -> None:
    _, port = await start()

    def client() -> tuple[Result, Result]:
        with pool(wsman(port)) as opened:
            opened.exchange_keys()
            secret = invoke(opened, "Get-Rows", TaggedValue("SS", "secret"))
            with PowerShell(opened) as shell:
                shell.add_cmdlet("Get-Noisy").merge_error("output")
                shell.invoke()
                return secret, Result(shell)

    for result in await to_thread(client):
        assert (result.state, result.fqid) == (State.FAILED, "LabNotImplemented")


async def test_selected_properties_keep_their_types(start: Start) -> None:
    """The type names of AlertAgain are a reference to those of AlertValue, which is left behind."""
    _, port = await start()

    def client() -> Result:
        with pool(wsman(port)) as opened, PowerShell(opened) as shell:
            shell.add_cmdlet("Get-Rows").add_parameters({"Count": 1, "AsObjects": True})
            shell.add_cmdlet("Select-Object").add_argument(["alertagain", "Identity", "Count"])
            shell.invoke()
            return Result(shell)

    [selected] = (await to_thread(client)).output
    values = selected.extended_properties
    assert values["AlertAgain"].types == [ALERT, "System.Enum", "System.ValueType", "System.Object"]
    assert values["Identity"].types == ["X.MonitorIdentity", "System.Object"]
    assert str(selected) == "@{AlertAgain=Unhealthy; Identity=POP\\M; Count=0}"


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

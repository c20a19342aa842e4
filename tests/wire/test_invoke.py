"""Cmdlets through a stock pypsrp."""

from __future__ import annotations

from asyncio import to_thread
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

import pytest
from pypsrp.complex_objects import PSInvocationState as State
from pypsrp.powershell import PowerShell
from pypsrp.serializer import TaggedValue

from cockpit.lab.wire.endpoint import Endpoint
from tests.wire.demo import ALERT, ENTRY, Demo, Result, one, pool, wsman

Start: TypeAlias = Callable[..., Awaitable[tuple[Endpoint, int]]]


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

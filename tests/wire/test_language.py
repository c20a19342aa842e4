"""Script text under the three language modes (exchange-facts §5.3)."""

from __future__ import annotations

from asyncio import to_thread
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias

import pytest
from pypsrp.complex_objects import PSInvocationState as State

from cockpit.lab.clixml import primitive
from cockpit.lab.cmdlet import Handler, Invocation, Output, TerminatingError
from cockpit.lab.wire.decode import Argument
from cockpit.lab.wire.endpoint import Endpoint
from cockpit.lab.wire.language import LanguageMode, parse
from tests.wire.demo import Demo, Result, pool, script, wsman

Start: TypeAlias = Callable[..., Awaitable[tuple[Endpoint, int]]]


def run(port: int, text: str, configuration: str = "Microsoft.Exchange", **parameters: Any) -> Result:
    with pool(wsman(port), configuration) as opened:
        return script(opened, text, **parameters)


async def test_no_language_refuses_every_text(start: Start) -> None:
    _, port = await start(language=LanguageMode.NONE)
    result = await to_thread(run, port, "Get-Rows")
    assert result.state == State.FAILED
    [error] = result.errors
    assert str(error) == (
        "The syntax is not supported by this runspace. This can occur if the runspace is in no-language mode."
    )
    assert error.fq_error == "ScriptsNotAllowed"
    assert error.message == "ParserError: (Get-Rows:String) [], ParseException"


async def test_a_restricted_endpoint_runs_a_command_line(start: Start, demo: Demo) -> None:
    _, port = await start()
    text = "Get-Rows -Identity 'it''s' -Count 3 | Select-Object -First 1; Set-PopSettings EX -Confirm:$false"
    result = await to_thread(run, port, text)
    assert len(result.output) == 1
    assert result.fqid == "PositionalParameterNotFound,Set-PopSettings"
    assert dict(demo.invocations[0].parameters) == {"Identity": "it's", "Count": 3}
    assert [(c.cmdlet, c.outcome, c.via) for c in demo.calls] == [
        ("Get-Rows", "completed", "script"),
        ("Set-PopSettings", "failed", "script"),
    ]


@pytest.mark.parametrize(
    ("text", "fqid"),
    [
        ("Get-Rows | ?{$_.Name}", "ScriptBlockNotSupportedInDataSection"),
        ("Get-Rows | Where-Object { $_.Name -like 'x' }", "ScriptBlockNotSupportedInDataSection"),
        ("Get-Rows $name", "VariableReferenceNotSupportedInDataSection"),
        ('Get-Rows "EX-$name"', "VariableReferenceNotSupportedInDataSection"),
        ("$rows = Get-Rows", "AssignmentStatementNotSupportedInDataSection"),
        ("(Get-Rows).Name", "PropertyReferenceNotSupportedInDataSection"),
        ("Get-Rows $x.Name", "PropertyReferenceNotSupportedInDataSection"),
        ("$x.Run()", "MethodCallNotSupportedInDataSection"),
        ("foreach ($x in 1) { $x }", "ForeachStatementNotSupportedInDataSection"),
        ("function f {}", "FunctionDeclarationNotSupportedInDataSection"),
        ("Get-Rows > file", "RedirectionNotSupportedInDataSection"),
        ("Get-Rows | Sort-Object Name", "CommandNotFoundException"),
        ("Restart-Service MSExchangePop3", "CommandNotFoundException"),
        ("Get-Rows -Nope 1", "NamedParameterNotFound,Get-Rows"),
        ("@(1)", "LabNotImplemented"),
        ("Get-Rows | ", "EmptyPipeElement"),
    ],
)
async def test_a_restricted_endpoint_refuses_programs(start: Start, demo: Demo, text: str, fqid: str) -> None:
    _, port = await start()
    result = await to_thread(run, port, text)
    assert (result.state, result.fqid) == (State.FAILED, fqid)
    assert [c.outcome for c in demo.calls] == ["failed"]


class Host:
    """A script host that knows one script."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, dict[str, Any], str]] = []

    def __call__(self, text: str, parameters: Mapping[str, Any], user: str) -> Handler | None:
        self.seen.append((text, dict(parameters), user))
        return self._run if "known" in text else None

    async def _run(self, call: Invocation, out: Output) -> None:
        out.write(primitive(f"ran with {dict(call.parameters)}"))


@pytest.mark.parametrize(
    ("text", "parameters", "state", "output"),
    [
        ("if ($true) { known }", {"A": 1}, State.COMPLETED, ["ran with {'A': 1}"]),
        ("known-command", {}, State.COMPLETED, ["ran with {}"]),
        ("wevtutil.exe qe System /c:1", {}, State.COMPLETED, ["qe", "System", "/c:1"]),
        ("if ($true) { other }", {}, State.FAILED, []),
        ("Get-Other", {}, State.FAILED, []),
    ],
)
async def test_windows_runs_lines_and_hands_programs_to_the_host(
    start: Start, demo: Demo, text: str, parameters: dict[str, Any], state: int, output: list[str]
) -> None:
    host = Host()
    _, port = await start(configuration="Microsoft.PowerShell", language=LanguageMode.FULL, script_host=host)
    result = await to_thread(lambda: run(port, text, "Microsoft.PowerShell", **parameters))
    assert (result.state, result.output) == (state, output)
    assert [c.via for c in demo.calls] == ["script"]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("X a 'b c' \"d`te\" 1 2.5 -3", ["a", "b c", "d\te", 1, 2.5, -3]),
        ("X a,b,'c' $null $True", [["a", "b", "c"], None, True]),
        ("X C:\\Logs\\a.log EX01-DB01 POP*", ["C:\\Logs\\a.log", "EX01-DB01", "POP*"]),
    ],
)
def test_values(text: str, values: list[object]) -> None:
    [[command]] = parse(text)
    assert [a.value for a in command.arguments] == values


def test_parameters() -> None:
    [[command]] = parse("X -A -B 1 -C:$false -D")
    assert command.arguments == (
        Argument("A", None, bare=True),
        Argument("B", 1),
        Argument("C", False),
        Argument("D", None, bare=True),
    )


@pytest.mark.parametrize("text", ["X a,", "X ,a", "'quoted'", "`"])
def test_what_does_not_parse(text: str) -> None:
    with pytest.raises(TerminatingError):
        parse(text)

"""The lab's PowerShell: scripts really run, as Windows PowerShell 5.1 would run them."""

from __future__ import annotations

import threading
import uuid
from datetime import UTC, datetime, timedelta
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.exchange.clixml import PSObject
from cockpit.exchange.clixml import read_message as read_clixml
from cockpit.exchange.model import Role, Version
from cockpit.lab.clixml import Int64
from cockpit.lab.cmdlet import Invocation, TerminatingError
from cockpit.lab.disk import Disk
from cockpit.lab.organization import Server, Volume
from cockpit.lab.powershell.errors import PowerShellError
from cockpit.lab.powershell.host import Host, serialised
from cockpit.lab.powershell.run import StoppedError
from cockpit.lab.powershell.tree import parse
from cockpit.lab.powershell.values import text, type_of
from cockpit.lab.wire.runner import script_name
from tests.lab.harness import Capture

NOW = datetime(2026, 1, 8, 10, 30, tzinfo=UTC)
SCRIPTS = sorted(
    f.name for f in resources.files("cockpit.exchange.scripts").iterdir() if f.name.endswith(".ps1")
)


def disk(root: Path) -> Disk:
    server = Server(
        *("EX01", "EX01.lab.example", Version.E2019, (15, 2, 1, 1), frozenset({Role.MAILBOX}), "North", 60),
        uuid.uuid4(),
        0.0,
        volumes=[Volume("C:\\", 10**9, 10**9)],
    )
    (root / "C" / "logs").mkdir(parents=True)
    (root / "C" / "logs" / "a.LOG").write_bytes(b"one\ntwo\n")
    (root / "C" / "logs" / "b.txt").write_bytes(b"")
    return Disk(root, server, lambda: NOW)


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(disk(tmp_path), lambda: None, lambda: False)


def run(host: Host, script: str, **parameters: Any) -> list[object]:
    out, errors = host.run(script, parameters)
    assert not errors
    return out


def failure(host: Host, script: str, **parameters: Any) -> str:
    """The id of the error that ended it."""
    with pytest.raises(PowerShellError) as caught:
        host.run(script if parameters else f"$ErrorActionPreference = 'Stop'\n{script}", parameters)
    return caught.value.record.fully_qualified_id


@pytest.mark.parametrize("name", SCRIPTS)
def test_the_products_scripts_are_powershell(name: str) -> None:
    script = resources.files("cockpit.exchange.scripts").joinpath(name).read_text()
    assert not parse(script).has_error
    assert script_name(script) == script.partition("\n")[0].removeprefix("# ")[:79] + (
        "…" if len(script.partition("\n")[0]) > 82 else ""
    )


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("1 + 2 * 3", ["7"]),
        ("7 / 2; 6 / 2; -7 % 4", ["3.5", "3", "-3"]),
        ("'a' + 1; '3' * 2; 1 + '2'", ["a1", "33", "3"]),
        ('$x = 5; "a`nb $x $($x + 1) ${x} `$x ""q"""', ['a\nb 5 6 5 $x "q"']),
        ("'it''s $x'", ["it's $x"]),
        ("[char]65 + 'b'; [string][char]10 + 'x'", ["Ab", "\nx"]),
        ("$a = @(); $a += 'x'; $a += @('y', 'z'); $a.Count; $a[-1]; $a -join '+'", ["3", "z", "x+y+z"]),
        ("if ('ABC' -eq 'abc' -and 'ABC' -cne 'abc') { 'yes' } else { 'no' }", ["yes"]),
        ("if (@()) { 1 } elseif ('') { 2 } elseif ($null) { 3 } else { 4 }", ["4"]),
        ("$i = 0; while ($true) { $i++; if ($i -eq 2) { continue }; if ($i -gt 3) { break }; $i }",
         ["1", "3"]),
        ("for ($i = 0; $i -lt 3; $i++) { $i }", ["0", "1", "2"]),
        ("do { 'once' } while ($false)", ["once"]),
        ("foreach ($x in 1, 2, 3) { if ($x -ne 2) { $x } }", ["1", "3"]),
        ("foreach ($x in $null) { 'never' }; 'end'", ["end"]),
        ("(1, 2, 3 | Where-Object { $_ -ge 2 } | ForEach-Object { $_ * 10 }) -join ','", ["20,30"]),
        ("$h = @{ A = 1; 'b c' = 2 }; $h.a; $h['B C']; $h.d; $h.Count", ["1", "2", "", "2"]),
        ("$o = [pscustomobject]@{ Name = 'n' }; $o.NAME; $o.Missing; $o.Name = 'm'; $o.name", ["n", "", "m"]),
        ("[int]$n = '7'; $n = '8'; $n + 1", ["9"]),
        ("'abcabc'.IndexOf('c', 3); 'abc'.Substring(1); 'abc'.Length", ["5", "bc", "3"]),
        ("'aXbxc'.IndexOf('XC', 0, 5, [StringComparison]::OrdinalIgnoreCase)", ["3"]),
        ("$s = 'abcabc'; $s.LastIndexOf([char]97); $s.LastIndexOf([char]97, 2)", ["3", "0"]),
        ("[Math]::Max([long]0, 5 - 9); [Math]::Min(1, 2.5)", ["0", "1"]),
        ("[string]::Join('-', @(1, 2)); [IO.Path]::Combine('C:\\a\\', 'b'); [IO.Path]::Combine('a', 'C:\\b')",
         ["1-2", "C:\\a\\b", "C:\\b"]),
        ("[Environment]::ExpandEnvironmentVariables('%ComputerName%-%nope%')", ["EX01-%nope%"]),
        ("$b = New-Object byte[] 4; $b[1] = 7; [Array]::Resize([ref]$b, 2); $b.Length; $b[1]", ["2", "7"]),
        ("$e = [Text.Encoding]::GetEncoding(28591); $e.GetString($e.GetBytes('aé'))", ["aé"]),
        ("return 5; 6", ["5"]),
        ("$t = if ($true) { 'a'; 'b' } else { 'c' }; $t.Count", ["2"]),
        ("$x = 1, 2; ,$x | ForEach-Object { $_.Count }", ["2"]),
        ("'abc' -like 'A*'; 'abc' -match '^b'; 'abc' -replace 'B', 'x'; 3 -in 1, 3",
         ["True", "False", "axc", "True"]),
        ("[IO.FileShare]'ReadWrite, Delete' -band 4", ["4"]),
        ("$null -eq $undefined; $undefined.Count", ["True", "0"]),
        ("try { throw 'oops' } catch { $_.Exception.Message } finally { 'f' }", ["oops", "f"]),
        ("# only a comment\n'x' # and another", ["x"]),
        ("Get-ChildItem -LiteralPath C:\\LOGS -Filter '*.log' | % { $_.Name }", ["a.LOG"]),
        ("[DateTime]::UtcNow -gt (Get-ChildItem C:\\logs)[0].CreationTimeUtc", None),
    ],
)  # fmt: skip
def test_semantics(host: Host, script: str, expected: list[str] | None) -> None:
    found = [text(o) for o in run(host, script)]
    assert len(found) == 1 if expected is None else found == expected


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        ("2147483647", "System.Int32"),
        ("2147483648", "System.Int64"),
        ("2147483647 + 1", "System.Double"),
        ("[long]1 + 1", "System.Int64"),
        ("[Math]::Max([long]1, 2)", "System.Int64"),
        ("6 / 2", "System.Int32"),
        ("'x'.Length", "System.Int32"),
        ("(Get-ChildItem C:\\logs)[0].Length", "System.Int64"),
        ("@() + 1", "System.Int32"),
    ],
)
def test_types(host: Host, script: str, kind: str) -> None:
    assert [type_of(o) for o in run(host, script)] == [kind]


@given(st.integers(-(2**40), 2**40), st.integers(-(2**40), 2**40), st.sampled_from("+-*"))
def test_arithmetic_of_long_numbers(a: int, b: int, sign: str) -> None:
    found, _ = _BARE.run("param([long]$A, [long]$B) $A " + sign + " $B", {"A": str(a), "B": str(b)})
    exact = {"+": a + b, "-": a - b, "*": a * b}[sign]
    assert found == [exact if -(2**63) <= exact < 2**63 else float(exact)]


_BARE = Host(None, lambda: None, lambda: False)  # type: ignore[arg-type] # needs no disk


@given(st.text(st.characters(max_codepoint=255), max_size=60), st.text(max_size=3), st.booleans())
def test_ordinal_search(words: str, wanted: str, any_case: bool) -> None:
    script = (
        "param([string]$T, [string]$W, [bool]$C) $how = [StringComparison]::Ordinal\n"
        "if ($C) { $how = [StringComparison]::OrdinalIgnoreCase }\n$T.IndexOf($W, 0, $T.Length, $how)"
    )
    found, _ = _BARE.run(script, {"T": words, "W": wanted, "C": any_case})

    def fold(value: str) -> str:
        return "".join(c.upper() if len(c.upper()) == 1 else c for c in value) if any_case else value

    assert found == [fold(words).find(fold(wanted))]


def test_parameters_are_bound_by_name_place_default_and_type(host: Host) -> None:
    script = 'param([string]$First, [int]$Second = 4, [bool]$Third) "$First|$Second|$Third"; $args.Count'
    assert run(host, script, First="x") == ["x|4|False", 0]
    assert run(host, script, FIRST="x", sec="9", Third=True) == ["x|9|True", 0]
    assert run(host, script, Third=True, Other="y") == ["y|4|True", 0]
    assert failure(host, "param([int]$N) $N", N="x") == "ParameterArgumentTransformationError"
    assert failure(host, "param([bool]$N) $N", N="true") == "ParameterArgumentTransformationError"


@pytest.mark.parametrize(
    ("script", "identity"),
    [
        ("[IO.File]::Open('C:\\logs\\no.LOG', 'Open', 'Read', 'ReadWrite')", "FileNotFoundException"),
        ("[IO.File]::Open('C:\\no\\no.LOG', 'Open', 'Read', 'ReadWrite')", "DirectoryNotFoundException"),
        ("[IO.File]::Open('C:\\logs', 'Open', 'Read', 'ReadWrite')", "UnauthorizedAccessException"),
        (
            "New-Object IO.FileStream('C:\\logs\\no.LOG', 'Open', 'Read', 'ReadWrite')",
            "ConstructorInvokedThrowException,Microsoft.PowerShell.Commands.NewObjectCommand",
        ),
        (
            "Get-ChildItem -LiteralPath C:\\no",
            "PathNotFound,Microsoft.PowerShell.Commands.GetChildItemCommand",
        ),
        ("Get-ChildItem Q:\\x", "DriveNotFound,Microsoft.PowerShell.Commands.GetChildItemCommand"),
        ("$null.Foo()", "InvokeMethodOnNull"),
        ("$null[0]", "NullArray"),
        ("[int]'x'", "InvalidCastFromStringToInt32"),
        ("[int]3000000000", "InvalidCastFromInt64ToInt32"),
        ("'abc'.Substring(9)", "ArgumentOutOfRangeException"),
        ("1 / 0", "RuntimeException"),
        ("throw 'mine'", "mine"),
        ("Get-Something", "LabNotImplemented"),
        ("[Diagnostics.Process]::Start('x')", "LabNotImplemented"),
        ("'x'.Normalize()", "LabNotImplemented"),
        ("function f { 1 }", "LabNotImplemented"),
        ("try { Get-Something } catch { 'hidden' }", "LabNotImplemented"),
        ("[IO.File]::Open('C:\\logs\\a.LOG', 'Create', 'Write', 'None')", "LabNotImplemented"),
        ("'é'.IndexOf('e')", "LabNotImplemented"),
        ("if (", "ParseError"),
    ],
)
def test_errors(host: Host, script: str, identity: str) -> None:
    assert failure(host, script) == identity


def test_an_error_ends_its_statement_only_unless_told_otherwise(host: Host) -> None:
    out, errors = host.run("'a'; $null.Foo(); Get-ChildItem C:\\no; 'b'", {})
    assert out == ["a", "b"]
    assert [e.fully_qualified_id.partition(",")[0] for e in errors] == ["InvokeMethodOnNull", "PathNotFound"]
    assert run(host, "Get-ChildItem C:\\no -ErrorAction SilentlyContinue; 'b'") == ["b"]
    script = "$ErrorActionPreference = 'Stop'; try { Get-ChildItem C:\\no; 'never' } finally { 'f' }"
    with pytest.raises(PowerShellError):
        host.run(script, {})


@pytest.mark.parametrize(
    "script",
    [
        "$ErrorActionPreference = 'Stop'; 'a'; Get-ChildItem C:\\no; 'b'",
        "'a'; Get-ChildItem C:\\no -ErrorAction Stop; 'b'",
        "'a'; if ($true) { Get-ChildItem C:\\no -ErrorAction Stop }; 'b'",
        "try { Get-ChildItem C:\\no -ErrorAction Stop } finally { 'f' }; 'b'",
    ],
)
async def test_a_cmdlets_error_that_stops_a_script_says_that_it_was_to_stop(host: Host, script: str) -> None:
    out = Capture()
    with pytest.raises(TerminatingError) as caught:
        await host(script, {}, "u")(Invocation("x", {}, "u", "s"), out)
    record = caught.value.record
    assert record.message == (
        'The running command stopped because the preference variable "ErrorActionPreference" or common'
        " parameter is set to Stop: Cannot find path 'C:\\no' because it does not exist."
    )
    assert record.exception_type == "System.Management.Automation.ActionPreferenceStopException"
    assert record.fully_qualified_id == "PathNotFound,Microsoft.PowerShell.Commands.GetChildItemCommand"
    assert (record.category, record.reason) == (13, "ItemNotFoundException")
    assert not out.errors


@pytest.mark.parametrize("stop", ["$ErrorActionPreference = 'Stop'; {}", "{} -ErrorAction Stop"])
def test_a_catch_sees_the_cmdlets_own_error(host: Host, stop: str) -> None:
    command = stop.format("Get-ChildItem C:\\no")
    assert run(host, f"try {{ {command} }} catch {{ $_.Exception.Message }}; 'b'") == [
        "Cannot find path 'C:\\no' because it does not exist.",
        "b",
    ]


async def test_what_a_method_throws_is_told_as_it_is(host: Host) -> None:
    """Only a cmdlet's error is one that goes on if it may."""
    script = "$ErrorActionPreference = 'Stop'; $null.Foo()"
    with pytest.raises(TerminatingError, match=r"^You cannot call a method on a null-valued expression\.$"):
        await host(script, {}, "u")(Invocation("x", {}, "u", "s"), Capture())


def test_catch_by_type(host: Host) -> None:
    script = (
        "try { [void][IO.File]::Open('C:\\no.LOG', 'Open') }\n"
        "catch [UnauthorizedAccessException] { 'denied' }\ncatch [IO.IOException] { 'io' }"
    )
    assert run(host, script) == ["io"]


def test_a_stream_reads_seeks_and_is_closed(host: Host, tmp_path: Path) -> None:
    script = (
        "$s = [IO.File]::Open('C:\\logs\\a.LOG', 'Open', 'Read', 'ReadWrite, Delete')\n"
        "$b = New-Object byte[] 10\n$s.Length\n$s.Read($b, 0, 3)\n$s.Seek(4, 'Begin')\n$s.Read($b, 3, 7)\n"
        "[Text.Encoding]::ASCII.GetString($b, 0, 7)\n$s.Read($b, 0, 1)\n$s.Dispose()\n$s.Length"
    )
    out, errors = host.run(script, {})
    assert out == [8, 3, 4, 4, "onetwo\n", 0]
    assert [e.fully_qualified_id for e in errors] == ["ObjectDisposedException"]


def test_whoever_writes_must_be_let_write(host: Host, tmp_path: Path) -> None:
    there = disk(tmp_path / "other")
    descriptor, place = there.open("C:\\logs\\w.LOG", NOW)
    busy = Host(there, lambda: None, lambda: False)
    opening = "[void][IO.File]::Open('C:\\logs\\w.LOG', 'Open', 'Read', '{}'); 'open'"
    assert failure(busy, opening.format("Read")) == "IOException"
    assert run(busy, opening.format("ReadWrite")) == ["open"]
    there.close(descriptor, place)
    assert run(busy, opening.format("Read")) == ["open"]


def test_constrained(tmp_path: Path) -> None:
    host = Host(disk(tmp_path), lambda: None, lambda: True)
    assert failure(host, "[IO.File]::Exists('x')") == "MethodInvocationNotSupportedInConstrainedLanguage"
    kind = failure(host, "New-Object IO.FileStream('C:\\logs\\a.LOG', 'Open')")
    assert kind.startswith("CannotCreateTypeConstrainedLanguage")
    assert run(host, "'abc'.Substring(1); (Get-ChildItem C:\\logs).Count") == ["bc", 2]


def test_what_goes_out(host: Host) -> None:
    script = (
        "[pscustomobject]@{ S = 'x'; L = [long]5; I = 5; B = $true; N = $null; D = [DateTime]::UtcNow\n"
        "A = @(1); E = @(); Y = [Text.Encoding]::ASCII.GetBytes('ab') }"
    )
    (found,) = run(host, script)
    clixml = serialised(found).decode()
    for piece in ('<S N="S">x</S>', '<I64 N="L">5</I64>', '<I32 N="I">5</I32>', '<B N="B">true</B>'):
        assert piece in clixml
    for piece in ('<Nil N="N" />', '<DT N="D">2026-01-08T10:30:00.0000000Z</DT>', '<BA N="Y">YWI=</BA>'):
        assert piece in clixml
    read = read_clixml(clixml.encode())
    assert isinstance(read, PSObject)
    assert read.get("L") == 5
    assert serialised(Int64(1)) == b"<I64>1</I64>"


async def test_a_script_that_nobody_waits_for_any_more_ends(tmp_path: Path) -> None:
    host = Host(disk(tmp_path), lambda: None, lambda: False)
    with pytest.raises(TerminatingError, match="has no command x"):
        await host("x", {}, "u")(Invocation("x", {}, "u", "s"), Capture())
    stop = threading.Event()
    stop.set()
    with pytest.raises(StoppedError):
        host.run("while ($true) { $i++ }", {}, stop)


def test_times_of_files_are_the_servers(tmp_path: Path) -> None:
    there = disk(tmp_path)
    descriptor, place = there.open("C:\\logs\\n.LOG", NOW)
    there.wrote(place, NOW + timedelta(minutes=5))
    before = next(e for e in there.entries(place.parent) if e.name == "n.LOG")
    assert (before.created, before.modified, before.length) == (NOW, NOW, 0)
    there.close(descriptor, place)
    after = next(e for e in there.entries(place.parent) if e.name == "n.LOG")
    assert after.modified == NOW + timedelta(minutes=5)


@pytest.mark.parametrize(
    ("constrained", "mode", "number"), [(False, "FullLanguage", 0), (True, "ConstrainedLanguage", 3)]
)
def test_the_language_mode_is_told_in_either_mode(
    tmp_path: Path, constrained: bool, mode: str, number: int
) -> None:
    script = resources.files("cockpit.exchange.scripts").joinpath("language-mode.ps1").read_text()
    (found,) = run(Host(disk(tmp_path), lambda: None, lambda: constrained), script)
    sent = read_clixml(serialised(found))
    assert isinstance(sent, PSObject)
    assert (sent.text, sent.value) == (mode, number)

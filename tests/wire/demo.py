"""Cmdlets of the tests, and a stock pypsrp as their client."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.wsman import WSMan

from cockpit.lab.clixml import Enum, ListValue, Nested, primitive, serialise
from cockpit.lab.cmdlet import Cmdlet, CmdletTable, ErrorRecord, Handler, Invocation, Output, TerminatingError
from cockpit.lab.wire.auth import Authenticator, Basic
from cockpit.lab.wire.endpoint import Endpoint
from cockpit.lab.wire.language import LanguageMode
from cockpit.lab.wire.runner import CallRecord

USER, PASSWORD = "LAB\\operator", "päss:word"
BASIC = Basic({USER: PASSWORD})
ENTRY = ("Microsoft.Exchange.Monitoring.MonitorHealthEntry", "System.Object")
ALERT = "Microsoft.Exchange.Monitoring.MonitorAlertState"


def row(number: int) -> dict[str, object]:
    return {
        "Name": f"Monitor{number} <&> _x0041_",
        "AlertValue": Enum(ALERT, "Healthy", 1),
        "AlertAgain": Enum(ALERT, "Unhealthy", 3),
        "Count": number,
        "Big": 2**40,
        "IsStale": False,
        "Nothing": None,
        "Empty": "",
        "Ratio": 0.5,
        "When": datetime(2025, 3, 1, 12, 0, 0, 123456, UTC),
        "Id": UUID(int=number),
        "Identity": Nested(("X.MonitorIdentity", "System.Object"), "POP\\M", {"HealthSet": "POP"}),
        "Members": ListValue(["a", "b"], ("X.MultiValuedProperty", "System.Object")),
        "None": ListValue([]),
    }


class Demo:
    """The table, with events to steer the slow ones."""

    def __init__(self) -> None:
        self.started = asyncio.Event()
        self.release = asyncio.Event()
        self.calls: list[CallRecord] = []
        self.invocations: list[Invocation] = []
        self.denied: set[str] = set()
        rows = self._cmdlet("Get-Rows", self._rows, positional=("Identity",), extra=("Count", "AsObjects"))
        settings = self._cmdlet(
            "Set-PopSettings",
            self._record,
            mandatory={"Server"},
            aliases={"Srv": "Server"},
            extra=("ProtocolLogEnabled", "ProtocolName", "Confirm"),
        )
        self.table = CmdletTable(
            [
                rows,
                settings,
                self._cmdlet("Get-Noisy", self._noisy),
                self._cmdlet("Get-Boom", self._boom),
                self._cmdlet("Get-Bug", self._bug),
                self._cmdlet("Get-Unsayable", self._unsayable),
                self._cmdlet("Start-Slow", self._slow),
                Cmdlet("wevtutil", self._native, frozenset(), native=True),
            ],
            lambda _user, cmdlet: cmdlet in self.denied,
        )

    def _cmdlet(
        self,
        name: str,
        handler: Handler,
        *,
        mandatory: set[str] | None = None,
        positional: tuple[str, ...] = (),
        aliases: dict[str, str] | None = None,
        extra: tuple[str, ...] = (),
    ) -> Cmdlet:
        needed = frozenset(mandatory or ())
        return Cmdlet(name, handler, needed | {*positional, *extra}, needed, positional, aliases or {})

    async def _rows(self, call: Invocation, out: Output) -> None:
        self.invocations.append(call)
        for number in range(call.parameters.get("Count", 2)):
            out.write(
                serialise(ENTRY, ENTRY[0], row(number), enum_objects=bool(call.parameters.get("AsObjects")))
            )

    async def _record(self, call: Invocation, _out: Output) -> None:
        self.invocations.append(call)

    async def _noisy(self, _call: Invocation, out: Output) -> None:
        out.warning("the data is 3 minutes old")
        out.error(
            ErrorRecord(
                "object 'x' couldn't be found", "[Server=X] 1A2B,Get.Noisy", 13, "NotFound", "X.NotFound", "x"
            )
        )
        out.write(primitive("after"))

    async def _boom(self, _call: Invocation, out: Output) -> None:
        out.write(primitive("partial"))
        raise TerminatingError(ErrorRecord("it timed out", "TaskTimeout", 15, "TimeoutException"))

    async def _bug(self, _call: Invocation, _out: Output) -> None:
        raise ZeroDivisionError("lab")

    async def _unsayable(self, _call: Invocation, _out: Output) -> None:
        raise TerminatingError(ErrorRecord("no such category", "X", category=99))

    async def _slow(self, _call: Invocation, out: Output) -> None:
        out.write(primitive("first"))
        await out.flush()
        self.started.set()
        await self.release.wait()
        out.write(primitive("last"))

    async def _native(self, call: Invocation, out: Output) -> None:
        for word in call.parameters["Arguments"]:
            out.write(primitive(str(word)))

    def endpoint(self, authenticator: Authenticator = BASIC, **more: Any) -> Endpoint:
        settings: dict[str, Any] = {
            "server": "ex01.lab.test",
            "configuration": "Microsoft.Exchange",
            "path": "/PowerShell",
            "table": self.table,
            "authenticator": authenticator,
            "language": LanguageMode.RESTRICTED,
            "on_call": self.calls.append,
        }
        return Endpoint(**{**settings, **more})


def wsman(port: int, *, ca: Path | None = None, path: str = "PowerShell", **more: Any) -> WSMan:
    settings: dict[str, Any] = {
        "port": port,
        "ssl": ca is not None,
        "cert_validation": False if ca is None else str(ca),
        "auth": "basic",
        "encryption": "auto" if ca else "never",
        "username": USER,
        "password": PASSWORD,
        "path": path,
        "operation_timeout": 10,
        "read_timeout": 15,
        "reconnection_retries": 0,
    }
    return WSMan("localhost", **{**settings, **more})


@contextmanager
def pool(connection: WSMan, configuration: str = "Microsoft.Exchange", **more: Any) -> Iterator[RunspacePool]:
    with RunspacePool(connection, configuration_name=configuration, **more) as opened:
        yield opened


class Result:
    """What one cmdlet gave."""

    def __init__(self, shell: PowerShell) -> None:
        self.output = shell.output
        self.state = shell.state
        self.errors = shell.streams.error
        self.warnings = [str(w) for w in shell.streams.warning]

    @property
    def fqid(self) -> str:
        return str(self.errors[-1].fq_error)


def invoke(opened: RunspacePool, name: str, /, *arguments: Any, **parameters: Any) -> Result:
    shell = PowerShell(opened)
    shell.add_cmdlet(name)
    for argument in arguments:
        shell.add_argument(argument)
    shell.add_parameters(parameters)
    shell.invoke()
    shell.close()  # not a ``with``: leaving one with an exception raises another
    return Result(shell)


def script(opened: RunspacePool, text: str, **parameters: Any) -> Result:
    shell = PowerShell(opened)
    shell.add_script(text)
    shell.add_parameters(parameters)
    shell.invoke()
    shell.close()
    return Result(shell)


def one(port: int, name: str, /, *arguments: Any, **parameters: Any) -> Result:
    """Open, one cmdlet, close."""
    with pool(wsman(port)) as opened:
        return invoke(opened, name, *arguments, **parameters)

"""Runs scripts on a server's WinRM endpoint: the endpoint's ``ScriptHost``.

A script runs in a thread of its own, on the server's disk; what it puts out goes out when it has ended.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from typing import Any, Final

from cockpit.lab import clixml
from cockpit.lab.clixml import ListValue, Nested
from cockpit.lab.cmdlet import ErrorRecord, Handler, Invocation, Output, TerminatingError
from cockpit.lab.disk import Disk
from cockpit.lab.powershell.errors import PowerShellError, not_here
from cockpit.lab.powershell.files import Machine
from cockpit.lab.powershell.program import program
from cockpit.lab.powershell.run import Run
from cockpit.lab.powershell.values import Char, NetEnum, NetObject, Table, text, type_of

_CUSTOM: Final = ("System.Management.Automation.PSCustomObject", "System.Object")


class Host:
    """Of one server. ``constrained`` is asked at each run."""

    def __init__(self, disk: Disk, touch: Callable[[], object], constrained: Callable[[], bool]) -> None:
        self._disk = disk
        self._touch = touch
        self._constrained = constrained

    def __call__(self, script: str, _parameters: Mapping[str, Any], _user: str) -> Handler:
        async def handle(call: Invocation, out: Output) -> None:
            await self._handle(script, call, out)

        return handle

    async def _handle(self, script: str, call: Invocation, out: Output) -> None:
        self._touch()
        stop = threading.Event()
        try:
            objects, errors = await asyncio.to_thread(self.run, script, call.parameters, stop)
        except asyncio.CancelledError:
            stop.set()
            raise
        except PowerShellError as error:
            raise TerminatingError(error.told) from error
        for found in objects:
            out.write(serialised(found))
        for record in errors:
            out.error(record)

    def run(
        self, script: str, parameters: Mapping[str, Any], stop: threading.Event | None = None
    ) -> tuple[list[object], list[ErrorRecord]]:
        """What a script puts out, and its errors that did not end it. Raises PowerShellError for one that
        did."""
        machine = Machine(self._disk)
        run = Run(machine, stop or threading.Event(), constrained=self._constrained())
        try:
            return program(script).run(run, parameters), run.errors
        finally:
            machine.release()


def serialised(value: object) -> bytes:
    """One object of the output as CLIXML. Enums travel as objects: Exchange's type files, which make strings
    of them, do not exist on this endpoint."""
    return clixml.primitive(_plain(value), enum_objects=True)


def _plain(value: object) -> object:
    if isinstance(value, Char | NetObject):
        raise not_here(f"way to send a {type_of(value)}")
    if isinstance(value, bytearray):
        return bytes(value)
    if isinstance(value, list):
        return ListValue([_plain(v) for v in value])
    if isinstance(value, Table):
        if not value.custom:
            raise not_here("way to send a hashtable")
        return Nested(_CUSTOM, None, {text(k): _plain(v) for k, v in value.items()}, notes=True)
    if isinstance(value, NetEnum):
        return clixml.Enum(value.kind, value.name, value.number)
    return value

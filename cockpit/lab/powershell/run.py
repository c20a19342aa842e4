"""One run of a script: its variables, what it put out, what went wrong without ending it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Final, TypeAlias

from cockpit.lab.cmdlet import ErrorRecord
from cockpit.lab.powershell import types
from cockpit.lab.powershell.errors import PowerShellError, StoppedByPreferenceError
from cockpit.lab.powershell.files import Machine
from cockpit.lab.powershell.library import ExecutionContext, Members
from cockpit.lab.powershell.values import NetType, text

_CONSTANTS: Final = {"true": True, "false": False, "null": None}


class StoppedError(Exception):
    """Whoever asked for the script has gone."""


class Run:
    """Variables by lower-case name; ``constrained``: in ConstrainedLanguage."""

    def __init__(self, machine: Machine, stop: threading.Event, *, constrained: bool) -> None:
        self.machine = machine
        self.constrained = constrained
        self.members = Members()
        self.errors: list[ErrorRecord] = []
        self.guarded = 0
        """Blocks of ``try`` that are open: in one every error goes to its ``catch``."""
        self._stop = stop
        self._values: dict[str, object] = {"erroractionpreference": "Continue"}
        self._types: dict[str, NetType] = {}

    def check(self) -> None:
        """Between two statements. Raises StoppedError."""
        if self._stop.is_set():
            raise StoppedError

    def get(self, name: str) -> object:
        if name.startswith("env:"):
            found = self.machine.disk.expand(f"%{name[4:]}%")
            return None if found.startswith("%") else found
        if name == "executioncontext":
            return ExecutionContext(self.constrained)
        return _CONSTANTS[name] if name in _CONSTANTS else self._values.get(name)

    def set(self, name: str, value: object, kind: NetType | None = None) -> None:
        """``kind``: of ``[type]$name = …``; a variable keeps it."""
        if name == "null":
            return
        if kind is not None:
            self._types[name] = kind
        wanted = self._types.get(name)
        self._values[name] = value if wanted is None else types.cast(wanted, value)

    def preference(self) -> str:
        return text(self._values.get("erroractionpreference")).lower()

    def report(self, error: PowerShellError, action: str = "") -> None:
        """A cmdlet's error that does not end it, unless -ErrorAction (``action``) or $ErrorActionPreference
        is Stop. Raises StoppedByPreferenceError then."""
        wanted = (action or self.preference()).lower()
        if wanted == "stop":
            raise StoppedByPreferenceError(error) from error
        self._noted(error, wanted)

    def statement_ended(self, error: PowerShellError) -> None:
        """An error that ended its statement; raised again where $ErrorActionPreference is Stop."""
        if self.preference() == "stop":
            raise error
        self._noted(error, self.preference())

    def _noted(self, error: PowerShellError, wanted: str) -> None:
        if wanted == "continue":
            self.errors.append(error.record)


Expression: TypeAlias = Callable[[Run], Any]
Statement: TypeAlias = Callable[[Run, list[object]], None]

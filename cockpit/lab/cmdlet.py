"""What a simulated cmdlet is: the contract between the wire (which speaks PSRP) and the organization.

The wire decodes CREATE_PIPELINE, applies the language mode, looks the command up in the endpoint's
:class:`CmdletTable`, binds parameters as PowerShell does, and calls the handler. The handler knows
no protocol: it writes CLIXML objects, warnings and errors to an :class:`Output`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, TypeAlias


@dataclass(frozen=True, slots=True)
class ErrorRecord:
    """One PowerShell error record (exchange-facts §5.6). ``category`` is ErrorCategory's number.

    ``reason`` is the exception's short name; ``exception_type`` its full .NET name.
    """

    message: str
    fully_qualified_id: str
    category: int = 0
    reason: str = "Exception"
    exception_type: str = "System.Exception"
    target: str = ""


def stopped(record: ErrorRecord, preference: str = "ErrorActionPreference") -> ErrorRecord:
    """The record of a pipeline that ``record`` ended because a preference is Stop: an
    ActionPreferenceStopException over it, of the same id and category, as of Windows PowerShell 5.1 [M]."""
    words = (
        f'The running command stopped because the preference variable "{preference}" or common parameter is'
        f" set to Stop: {record.message}"
    )
    kind = "System.Management.Automation.ActionPreferenceStopException"
    return replace(record, message=words, exception_type=kind)


class TerminatingError(Exception):
    """Ends the pipeline in state Failed with ``record``."""

    def __init__(self, record: ErrorRecord) -> None:
        super().__init__(record.message)
        self.record = record


class Output(Protocol):
    """Where a handler writes. Nothing is sent before the next ``flush`` or the end of the pipeline."""

    def write(self, clixml: bytes) -> None:
        """One serialised object (``<Obj …>`` or a primitive): one PIPELINE_OUTPUT message."""

    def warning(self, message: str) -> None:
        """One WARNING_RECORD."""

    def error(self, record: ErrorRecord) -> None:
        """One non-terminating ERROR_RECORD; the pipeline goes on."""

    async def flush(self) -> None:
        """Let what was written so far be received."""


@dataclass(frozen=True, slots=True)
class Invocation:
    """One bound call. ``parameters``: canonical names; switches are True; values plain Python
    (str, int, bool, float, list, dict, bytes, None). ``server``: the endpoint that was dialled."""

    cmdlet: str
    parameters: Mapping[str, Any]
    user: str
    server: str


Handler: TypeAlias = Callable[[Invocation, Output], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Cmdlet:
    """A command of an endpoint.

    ``parameters``: canonical names it takes. ``positional``: those bound by position, in order.
    ``mandatory``: without one the call fails. ``aliases``: alias to canonical name.
    ``native``: a program such as wevtutil: takes its arguments raw, in parameter ``Arguments`` (a list).
    Parameter names match without regard to case, and by unambiguous prefix, as in PowerShell.
    """

    name: str
    handler: Handler
    parameters: frozenset[str]
    mandatory: frozenset[str] = frozenset()
    positional: tuple[str, ...] = ()
    aliases: Mapping[str, str] = field(default_factory=dict)
    native: bool = False


COMMON_PARAMETERS = frozenset(
    {
        "ErrorAction",
        "WarningAction",
        "InformationAction",
        "Verbose",
        "Debug",
        "ErrorVariable",
        "WarningVariable",
        "OutVariable",
        "OutBuffer",
    }
)
"""Taken by every cmdlet."""


class CmdletTable:
    """The commands an endpoint shows to a user, with the parameters RBAC lets them see."""

    def __init__(
        self,
        cmdlets: Iterable[Cmdlet],
        denied: Callable[[str, str], bool] | None = None,
        hidden: Callable[[str, str], frozenset[str]] | None = None,
    ) -> None:
        """``denied(user, cmdlet)`` says whether RBAC hides the cmdlet from that user; ``hidden``: which of
        its parameters, in lower case."""
        self._cmdlets = {c.name.lower(): c for c in cmdlets}
        self._denied = denied or (lambda _user, _cmdlet: False)
        self._hidden = hidden or (lambda _user, _cmdlet: frozenset())

    def add(self, cmdlet: Cmdlet) -> None:
        self._cmdlets[cmdlet.name.lower()] = cmdlet

    def find(self, user: str, name: str) -> Cmdlet | None:
        """The cmdlet of that name (any case) if ``user`` may see it."""
        found = self._cmdlets.get(name.lower())
        return None if found is None or self._denied(user, found.name) else self._shown(user, found)

    def visible(self, user: str) -> list[Cmdlet]:
        """What ``user`` may see, by name."""
        found = (c for c in self._cmdlets.values() if not self._denied(user, c.name))
        return sorted((self._shown(user, c) for c in found), key=lambda c: c.name)

    def _shown(self, user: str, cmdlet: Cmdlet) -> Cmdlet:
        hidden = self._hidden(user, cmdlet.name)
        if not hidden:
            return cmdlet
        left = frozenset(p for p in cmdlet.parameters if p.lower() not in hidden)
        places = tuple(p for p in cmdlet.positional if p in left)
        return replace(cmdlet, parameters=left, positional=places)

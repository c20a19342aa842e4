"""Strings that must never reach a terminal raw, each recognisable by its mark."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import cycle
from typing import Final

from cockpit.lab.clixml import Enum, ListValue, Nested
from cockpit.lab.cmdlet import ErrorRecord, Output

MARK: Final = "HOSTILE"
LONG: Final = 100_000

PAYLOADS: Final = {
    "esc": f"{MARK}-esc\x1b[31;1mred\x1b[2J\x1b[H",
    "osc52": f"{MARK}-osc52\x1b]52;c;aG9zdGlsZQ==\x07",
    "title": f"{MARK}-title\x1b]0;owned\x1b\\",
    "c1": f"{MARK}-c1\x9b31m\x9d52;c;aG9zdGlsZQ==\x9c\x85",
    "rtl": f"{MARK}-rtl\u202egnp.exe\u2066\u200f",
    "markup": f"{MARK}-markup[red]x[/red][@click=app.quit]y[/]",
    "control": f"{MARK}-control\x00\x07\x08\r\n\t\x7f",
    "long": f"{MARK}-long" + "A" * LONG,
}
_SHORT: Final = [p for name, p in PAYLOADS.items() if name != "long"]
_KEYS: Final = frozenset(
    {
        *(
            "Server",
            "Name",
            "Fqdn",
            "HealthSetName",
            "HealthSet",
            "TargetResource",
            "Identity",
            "DatabaseName",
        ),
        *("MailboxServer", "ActiveDatabaseCopy", "DatabaseAvailabilityGroup", "ServerFqdn", "Component"),
        *("ServiceName", "MonitorIdentity", "Id", "Database", "MasterServerOrAvailabilityGroup", "Check"),
        *("ActivationPreference", "NodeName", "ProcessName", "DriveLetter", "Path"),
        # Strings that stand for an enum.
        *("Result", "State", "StartMode"),
    }
)
"""Left alone by "append": what rows are found by."""


class Poisoner:
    """Adds the payloads in turn; the long one to one string of each object."""

    def __init__(self) -> None:
        self._next: Iterator[str] = cycle(_SHORT)

    def properties(self, shown: Mapping[str, object], mode: str) -> dict[str, object]:
        long_left = True
        poisoned: dict[str, object] = {}
        for name, value in shown.items():
            if mode == "append" and (name in _KEYS or isinstance(value, Enum)):
                poisoned[name] = value
                continue
            if long_left and isinstance(value, str):
                long_left = False
                poisoned[name] = value + PAYLOADS["long"]
                continue
            poisoned[name] = self._value(value, mode)
        return poisoned

    def text(self, value: str) -> str:
        return value + next(self._next)

    def _value(self, value: object, mode: str) -> object:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Enum):
            return replace(value, name=self.text(value.name))
        if isinstance(value, Nested):
            inner = {k: self._value(v, mode) for k, v in value.properties.items()}
            return replace(value, to_string=self.text(value.to_string or ""), properties=inner)
        if isinstance(value, ListValue):
            return replace(value, items=[self._value(v, mode) for v in value.items])
        return value


class PoisonedOutput:
    """An Output whose warnings and errors carry payloads; objects are poisoned before they are serialised."""

    def __init__(self, out: Output, poisoner: Poisoner) -> None:
        self._out = out
        self._poisoner = poisoner
        self.write = out.write
        self.flush = out.flush

    def warning(self, message: str) -> None:
        self._out.warning(self._poisoner.text(message))

    def error(self, record: ErrorRecord) -> None:
        text = self._poisoner.text
        self._out.error(replace(record, message=text(record.message), target=text(record.target)))

"""What is asked of a lab, the same of every client."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from tests.independent.layouts import Value
from tests.independent.normal import Normal

Role: TypeAlias = Literal["exchange", "winrm"]
CONFIGURATIONS: Final[dict[Role, str]] = {
    "exchange": "Microsoft.Exchange",
    "winrm": "Microsoft.PowerShell",
}


@dataclass(frozen=True)
class Case:
    """One command on one endpoint of the server ``SERVER``.

    ``at_least``: output objects; a case that compares nothing with nothing proves nothing.
    ``state``, ``warnings``, ``errors``: what it must end with, so that all clients cannot be wrong alike.
    ``slow``: the lab holds its answer back for longer than one Receive waits.
    ``objects``: enumerations travel as objects. ``sealed``: is asked over a sealed connection too.
    """

    name: str
    role: Role
    command: str
    parameters: dict[str, Value] = field(default_factory=dict)
    script: bool = False
    state: str = "Completed"
    at_least: int = 0
    warnings: bool = False
    errors: bool = False
    slow: bool = False
    objects: bool = False
    sealed: bool = False

    def check(self, answer: dict[str, Normal]) -> None:
        """``answer`` is what was meant to be asked for, not merely the same everywhere."""
        assert answer["state"] == self.state
        assert len(answer["output"]) >= self.at_least
        assert bool(answer["warnings"]) is self.warnings
        assert bool(answer["errors"]) is self.errors
        assert (answer["failure"] is not None) is (self.state != "Completed")


SERVER: Final = "EX19-01"
_WHOLE: Final[dict[str, Value]] = {"Identity": SERVER}
_POP: Final[dict[str, Value]] = {"Identity": SERVER, "HealthSet": "POP"}
_LONG: Final = "\n".join(f"# line {n:05d} of a comment that makes the script long: é €" for n in range(6_000))

CASES: Final = (
    Case("rows", "exchange", "Get-ServerHealth", _POP, at_least=2),
    Case(
        "rows with enumerations as objects",
        "exchange",
        "Get-ServerHealth",
        _POP,
        at_least=2,
        objects=True,
        sealed=True,
    ),
    Case("many rows", "exchange", "Get-ServerHealth", _WHOLE, at_least=150, sealed=True),
    Case("a report", "exchange", "Get-HealthReport", _WHOLE, at_least=50),
    Case("members as a list", "exchange", "Get-DatabaseAvailabilityGroup", at_least=1, objects=True),
    Case("servers", "exchange", "Get-ExchangeServer", at_least=8),
    Case(
        "a warning",
        "exchange",
        "Invoke-MonitoringProbe",
        {"Identity": "POP\\NoSuchProbe", "Server": SERVER},
        warnings=True,
    ),
    Case("an error record", "exchange", "Get-ServerHealth", {"Identity": "EX99"}, errors=True, sealed=True),
    Case(
        "a terminating failure",
        "exchange",
        "Get-ServerHealth",
        {"Identity": "EX99", "ErrorAction": "Stop"},
        state="Failed",
    ),
    Case("an unknown cmdlet", "exchange", "Get-Nope", {"Identity": SERVER}, state="Failed", sealed=True),
    Case("an unknown parameter", "exchange", "Get-ServerHealth", {"Nope": SERVER}, state="Failed"),
    Case("a script that is refused", "exchange", "$x = 1; $x", script=True, state="Failed"),
    Case("a slow cmdlet", "exchange", "Get-ServerHealth", _POP, at_least=2, slow=True, sealed=True),
    Case("services", "winrm", "Get-Service", {"Name": ("MSExchangePop3", "MSExchangePOP3BE")}, at_least=2),
    Case(
        "an error record beside a row",
        "winrm",
        "Get-Service",
        {"Name": ("MSExchangePop3", "NoSuchService")},
        at_least=1,
        errors=True,
    ),
    Case("a class of CIM", "winrm", "Get-CimInstance", {"ClassName": "Win32_OperatingSystem"}, at_least=1),
    Case("a large object", "winrm", "'é€_x0041_' * 20000", script=True, at_least=1),
    Case(
        "a script longer than an envelope",
        "winrm",
        f"{_LONG}\n'the end'",
        script=True,
        sealed=True,
        at_least=1,
    ),
    Case("an unknown command", "winrm", "Get-Nope", state="Failed"),
)

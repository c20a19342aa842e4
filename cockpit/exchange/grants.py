"""What RBAC grants this account: which of our cmdlets, and which of their parameters, it can see.

RBAC hides what it does not grant: a cmdlet is "not recognized", a parameter is "not found" (exchange-facts
§5.6). Get-Command is always there beside the granted cmdlets (§5.3 [D]) and lists what is visible. That its
rows carry Parameters, a dictionary by name, is from memory [M]: without it only cmdlets are told apart, and
where Get-Command itself does not answer nothing is called missing. The management roles that have a cmdlet
are not on the sheet: ``Get-ManagementRole -Cmdlet`` names those of the organization [M].
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Final

from cockpit.config.language import N_
from cockpit.frozen import dataclass

if TYPE_CHECKING:
    # The screen needs what is granted, and nothing of what reads it.
    from cockpit.exchange.pipeline import Call

_DC: Final = "DomainController"
USED: Final[Mapping[str, tuple[str, ...]]] = {
    "Get-ExchangeServer": (),
    "Get-DatabaseAvailabilityGroup": ("Status",),
    "Get-MailboxServer": ("Identity", _DC),
    "Get-MailboxDatabaseCopyStatus": ("Server", "Identity"),
    "Get-MailboxDatabase": ("Server", "Status"),
    "Get-Mailbox": ("Identity", "Monitoring"),
    "Test-ReplicationHealth": ("Identity",),
    "Get-ServerMonitoringOverride": ("Server",),
    "Get-GlobalMonitoringOverride": (),
    "Get-HealthReport": ("Identity",),
    "Get-ServerHealth": ("Identity", "HealthSet"),
    "Get-ServerComponentState": ("Identity",),
    "Get-PopSettings": ("Server", _DC),
    "Invoke-MonitoringProbe": ("Identity", "Server"),
    "Set-PopSettings": ("Server", "ProtocolLogEnabled", _DC, "Confirm"),
    "Set-MailboxServer": (
        "Identity",
        "DatabaseCopyActivationDisabledAndMoveNow",
        "DatabaseCopyAutoActivationPolicy",
        _DC,
        "Confirm",
    ),
    "Set-ServerComponentState": ("Identity", "Component", "Requester", "State", "Confirm"),
    "Move-ActiveMailboxDatabase": ("ActivatePreferredOnServer", "MoveComment", "Confirm"),
}
"""Every cmdlet that the cockpit uses on the Exchange endpoint, with the parameters it binds."""


@dataclass(frozen=True, slots=True)
class Grants:
    """``cmdlets``: visible ones of ours by name in lower case, with their parameters in lower case (None:
    not said). ``known`` False: nobody could say, so nothing is called missing."""

    known: bool = False
    cmdlets: Mapping[str, tuple[str, ...] | None] = field(default_factory=dict)

    def every_missing_name(self) -> tuple[str, ...]:
        """Our cmdlets that are not granted as we use them, each with the parameters that are missing."""
        return tuple(
            " ".join((name, *(f"-{p}" for p in self._hidden(name, used))))
            for name, used in USED.items()
            if self.missing(name, used)
        )

    def _hidden(self, cmdlet: str, parameters: Iterable[str]) -> tuple[str, ...]:
        seen = self.cmdlets.get(cmdlet.lower())
        return () if seen is None else tuple(p for p in parameters if p.lower() not in seen)

    def missing(self, cmdlet: str, parameters: Iterable[str] = ()) -> str:
        """Why ``cmdlet`` with ``parameters`` cannot be used, in a sentence; empty where it can, or where
        nobody knows."""
        if not self.known:
            return ""
        if cmdlet.lower() not in self.cmdlets:
            return _refusal(cmdlet, ())
        hidden = self._hidden(cmdlet, parameters)
        return _refusal(cmdlet, hidden) if hidden else ""

    def refuses(self, call: Call) -> str:
        """The same for a call as it would be sent."""
        return self.missing(call.cmdlet, call.parameters)

    def every_missing(self) -> tuple[str, ...]:
        """A sentence for each of our cmdlets that is not granted as we use it."""
        return tuple(words for name, used in USED.items() if (words := self.missing(name, used)))


def _refusal(cmdlet: str, parameters: tuple[str, ...]) -> str:
    what = " ".join((cmdlet, *(f"-{p}" for p in parameters)))
    more = f" -CmdletParameters {','.join(parameters)}" if parameters else ""
    return N_(
        "{what} is not granted to this account: ask for a management role that has it ({command} names them)"
    ).format(what=what, command=f"Get-ManagementRole -Cmdlet {cmdlet}{more}")

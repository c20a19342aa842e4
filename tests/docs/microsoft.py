"""What Microsoft's page *Troubleshooting POP Health Set* says at each of its numbers, in short.

After the English original (exchange-facts §1.3 [A]); its slips are left as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_SUPPORT: Final = "Where the probe still fails: call Microsoft support."
_FRONT: Final = "Restart the POP3 service on the Client Access servers."
_PROBE: Final = "Re-run the probe."
_AWAY: Final = "`Set-MailboxServer -Identity <ServerName> -DatabaseCopyActivationDisabledAndMoveNow $true`"
_BACK: Final = "`Set-MailboxServer -Identity <ServerName> -DatabaseCopyActivationDisabledAndMoveNow $false`"
_MOVED: Final = "`Get-MailboxDatabaseCopyStatus -Server <ServerName> \\| group status`"
_HEALTH: Final = '`Get-ServerHealth <server name> \\| ?{$_.HealthSetName -eq "<health set name>"}`'
_POP: Final = '\\| ?{$_.HealthSetName -like "POP*"}`'

VERIFY: Final[Mapping[str, str]] = {
    "verify 2a": f"See the health set that the alert names: {_HEALTH}.",
    "verify 2b": "Find the monitor whose AlertValue is Unhealthy.",
    "verify 2c": "`Invoke-MonitoringProbe <health set name>\\<probe name> -Server <server name> "
    "\\| Format-List`",
    "verify 2d": "Look at the value Result: Succeeded means that the fault is over.",
}
SAYS: Final[Mapping[str, Mapping[str, str]]] = {
    "PopDeepTest": {
        **VERIFY,
        "1": "Restart the POP3 back-end service.",
        "2": _PROBE,
        "3": f"Where it fails, fail over the databases: {_AWAY}.",
        "4": f"Verify that all databases have moved: {_MOVED}.",
        "5": "Be sure that the server has no active copy of a database; restart it.",
        "6": _PROBE,
        "7": f"Where it succeeds, fail back the databases: {_BACK}.",
        "8": _SUPPORT,
    },
    "PopCTP": {
        **VERIFY,
        "1": _FRONT,
        "2": _PROBE,
        "3.1": "Where it fails: `Set-PopSettings -server <CAS server name> -ProtocolLoggingEnabled $true`.",
        "3.2": _FRONT,
        "3.3": _PROBE,
        "3.4": "`Get-PopSettings -server <CAS server name>`, and find the path of the log.",
        "3.5": "See which mailbox serves the command, by comparing time stamps with the probe: "
        f"`Get-ServerHealth <mailbox server name> {_POP}.",
        "3.6": "Where one of these servers is unhealthy, follow the procedure of the deep test there.",
        "4": "Where the mailbox server is healthy, restart the Client Access server.",
        "5": _PROBE,
        "6": "Logging off: `Set-PopSettings -server <CAS server name> -ProtocolLoggingEnabled $false`.",
        "7": _FRONT,
        "8": _SUPPORT,
    },
    "PopProxyTest": {
        **VERIFY,
        "1": _FRONT,
        "2": _PROBE,
        "3": "Where it fails, restart the Client Access server.",
        "4": _PROBE,
        "5": _SUPPORT,
    },
    "AverageCommandProcessingTime": {
        "verify 2a": VERIFY["verify 2a"],
        "verify 2b": VERIFY["verify 2b"],
        "1": "Restart the POP3 service on the Client Access or Mailbox servers.",
        "2": f"Wait ten minutes, then `Get-ServerHealth server1.contoso.com {_POP}.",
        "3": "Where it is still unhealthy, restart the server; of a Mailbox server fail over first.",
        "3.1": f"{_AWAY}",
        "3.2": f"Verify that all databases have moved: {_MOVED}; where no active copy is left, restart it.",
        "4": "Wait ten minutes, and run the command of step 2 again.",
        "5": f"Where it is healthy and a Mailbox server: {_BACK}.",
        "6": _SUPPORT,
    },
}
"""By runbook, in the order of the page."""

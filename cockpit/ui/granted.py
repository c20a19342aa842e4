"""What RBAC keeps an operator from doing: actions whose cmdlets are not granted to this account.

Such an action keeps its key, which says why nothing is done; footer, help and palette say it too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cockpit.config.language import N_
from cockpit.exchange.grants import Grants

NEEDS: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "fleet.probe": ("Invoke-MonitoringProbe", ("Identity", "Server")),
    "fleet.logging": ("Set-PopSettings", ("Server", "ProtocolLogEnabled")),
}
"""The cmdlet and the parameters that an action cannot do without. A recovery is not among them: which of its
steps can be sent is for its plan to say, and what we may not send a person may."""
NOT_GRANTED: Final = N_("not granted")


def refusal(action: str, grants: Grants) -> str:
    """Why an action cannot be done, in a sentence; empty where it can, or where nobody knows."""
    if action not in NEEDS:
        return ""
    cmdlet, parameters = NEEDS[action]
    return grants.missing(cmdlet, parameters)


def refusals(grants: Grants) -> dict[str, str]:
    """Every action that cannot be done, with the reason."""
    return {action: why for action in NEEDS if (why := refusal(action, grants))}

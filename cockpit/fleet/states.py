"""The words for how something is. By itself, so that who only draws them need not load the model."""

from __future__ import annotations

from enum import Enum

from cockpit.config.language import N_


class State(Enum):
    """Worst first; the value is the order."""

    UNHEALTHY = 0
    UNREACHABLE = 1
    NOT_GRANTED = 2
    """RBAC does not let this account read it: nothing is known, and nothing is down."""
    DEGRADED = 3
    UNKNOWN = 4
    STALE = 5
    REPAIRING = 6
    NOT_MONITORED = 7
    DISABLED = 8
    HEALTHY = 9

    @property
    def word(self) -> str:
        return _WORDS[self]

    @property
    def is_fault(self) -> bool:
        """Everything an operator should look at; not monitored and disabled are chosen states."""
        return self.value <= State.REPAIRING.value


_WORDS = {
    State.UNHEALTHY: "Unhealthy",
    State.UNREACHABLE: N_("unreachable"),
    State.NOT_GRANTED: N_("not granted"),
    State.DEGRADED: "Degraded",
    State.UNKNOWN: "Unknown",
    State.STALE: N_("stale"),
    State.REPAIRING: "Repairing",
    State.NOT_MONITORED: N_("not monitored"),
    State.DISABLED: "Disabled",
    State.HEALTHY: "Healthy",
}

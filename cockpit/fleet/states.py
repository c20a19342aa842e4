"""The words for how something is. By itself, so that who only draws them need not load the model."""

from __future__ import annotations

from enum import Enum


class State(Enum):
    """Worst first; the value is the order."""

    UNHEALTHY = 0
    UNREACHABLE = 1
    DEGRADED = 2
    UNKNOWN = 3
    STALE = 4
    REPAIRING = 5
    NOT_MONITORED = 6
    DISABLED = 7
    HEALTHY = 8

    @property
    def word(self) -> str:
        return _WORDS[self]

    @property
    def is_fault(self) -> bool:
        """Everything an operator should look at; not monitored and disabled are chosen states."""
        return self.value <= State.REPAIRING.value


_WORDS = {
    State.UNHEALTHY: "Unhealthy",
    State.UNREACHABLE: "unreachable",
    State.DEGRADED: "Degraded",
    State.UNKNOWN: "Unknown",
    State.STALE: "stale",
    State.REPAIRING: "Repairing",
    State.NOT_MONITORED: "not monitored",
    State.DISABLED: "Disabled",
    State.HEALTHY: "Healthy",
}

"""Sentences of a state, one for each word that Exchange and Windows have for it.

``{service} is {state}`` has too few letters of its own to be found again where it is shown in another
language (``cockpit.config.spoken``): it would be found in what a server says, too. A word that is not known
is told all the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cockpit.config.language import N_
from cockpit.exchange.model import AlertValue

_ALERT_IS: Final[Mapping[str, str]] = {
    AlertValue.HEALTHY: N_("{monitor} is Healthy."),
    AlertValue.UNHEALTHY: N_("{monitor} is Unhealthy."),
    AlertValue.DEGRADED: N_("{monitor} is Degraded."),
    AlertValue.DISABLED: N_("{monitor} is Disabled."),
    AlertValue.REPAIRING: N_("{monitor} is Repairing."),
    AlertValue.UNKNOWN: N_("{monitor} is Unknown."),
}
_SERVICE_IS: Final[Mapping[str, str]] = {
    "Running": N_("{service} is Running"),
    "Stopped": N_("{service} is Stopped"),
    "Paused": N_("{service} is Paused"),
    "StartPending": N_("{service} is StartPending"),
    "StopPending": N_("{service} is StopPending"),
    "ContinuePending": N_("{service} is ContinuePending"),
    "PausePending": N_("{service} is PausePending"),
}


def alert_is(monitor: str, value: str, *, stale: bool = False) -> str:
    """How a monitor's row stands, one sentence. ``stale``: it has not been brought up to date."""
    if stale:
        return N_("{monitor} is {value} (stale).").format(monitor=monitor, value=value)
    return _ALERT_IS.get(value, "{monitor} is {value}.").format(monitor=monitor, value=value)


def service_is(service: str, state: str) -> str:
    """How a service stands, without a full stop."""
    return _SERVICE_IS.get(state, "{service} is {state}").format(service=service, state=state)

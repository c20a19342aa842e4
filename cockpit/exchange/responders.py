"""When Managed Availability itself acts on a POP monitor: its recovery chain as data.

exchange-facts §2.4 [D]: Degraded at once, service restart after 2 minutes, again after 20, escalate
after 40; the proxy test's offline responder at Degraded1. The sheet gives no time for Degraded1: it
is taken as at once, like Degraded. Responders are named there as ``Pop…RestartService``; that the dots
stand for the monitor's name is inferred. Nothing here reads a server: overrides (§2.13) and throttling
(§6.3) may keep a responder from acting, so a due action is an expectation, not a fact.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from cockpit.config.language import N_
from cockpit.exchange.catalogue import monitor
from cockpit.exchange.model import AlertValue, MonitorHealthEntry


class ResponderAction(StrEnum):
    """What a responder of the POP chain does."""

    OFFLINE = N_("set PopProxy Inactive")
    RESTART_SERVICE = N_("restart the service")
    ESCALATE = N_("escalate")


@dataclass(frozen=True, slots=True)
class DueAction:
    """One responder's turn. ``responder``: its name, empty where the sheet names none.

    ``at``: when it acts, UTC; None where the sheet gives no time. ``past``: ``at`` is now or earlier.
    """

    responder: str
    action: ResponderAction
    at: datetime | None
    past: bool


_CHAIN: Final = (
    ("RestartService", ResponderAction.RESTART_SERVICE, timedelta(minutes=2)),
    ("RestartServiceLate", ResponderAction.RESTART_SERVICE, timedelta(minutes=20)),
    ("Escalate", ResponderAction.ESCALATE, timedelta(minutes=40)),
)
_PROXY: Final = "PopProxyTestMonitor"
_OFFLINE: Final = ("CafeOffline", ResponderAction.OFFLINE, timedelta())
_IN_ALERT: Final = (AlertValue.DEGRADED.lower(), AlertValue.UNHEALTHY.lower())


def due_actions(entry: MonitorHealthEntry, now: datetime) -> tuple[DueAction, ...]:
    """The chain of a POP monitor in alert, in order: what is past and what is still to come, and when.

    Empty for a monitor that is not Degraded or Unhealthy (Repairing and Disabled stop the chain), that
    is not one of the catalogue, or that did not say since when it is in alert. ``now`` is aware. For
    AverageCommandProcessingTimeGt60sMonitor only the escalation, without a time (§1.4 h).
    """
    known = monitor(entry.name)
    since = entry.first_alert_observed_time
    if known is None or since is None or entry.alert_value.lower() not in _IN_ALERT:
        return ()
    if known.probe is None:
        return (DueAction("", ResponderAction.ESCALATE, None, past=False),)
    stem = known.name.removesuffix("Monitor")
    chain = (_OFFLINE, *_CHAIN) if known.name == _PROXY else _CHAIN
    return tuple(
        DueAction(f"{stem}{name}", action, since + delay, past=since + delay <= now)
        for name, action, delay in chain
    )

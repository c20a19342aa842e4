"""POP probes and monitors as Managed Availability runs them: rules and the state of one monitor (§2.4)."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final

from cockpit.exchange.catalogue import BACK_END_SERVICE, FRONT_END_SERVICE
from cockpit.exchange.model import AlertValue
from cockpit.lab.healthsets import POP_MONITORS, MonitorSpec

UNHEALTHY_AFTER: Final = 60.0
"""AlertValue: Degraded for the first 60 s, then Unhealthy (§6.3 [A])."""
OFFLINE_AFTER: Final = 60.0
"""PopProxyTestCafeOffline acts at *Degraded1*; when that begins is not in the sheet: 60 s here."""
RESTART_AFTER: Final = 120.0
"""Responders: Unhealthy1 (§2.4 [D])."""
RESTART_LATE_AFTER: Final = 1200.0
"""Unhealthy2."""
ESCALATE_AFTER: Final = 2400.0
"""Unrecoverable."""
ESCALATE_SUPPRESSED: Final = 14_400.0
"""Repeats of the escalation within this time are suppressed."""


@dataclass(frozen=True, slots=True)
class Rule:
    """How a monitor judges: ``failures`` consecutive ones within ``window`` seconds of each other's run.

    ``interval``: seconds between two runs of the probe on a server; a probe per database runs for one
    database at a time, in turn, so each database is tried every ``interval`` times their number.
    """

    spec: MonitorSpec
    probe: str
    interval: float
    failures: int
    window: float
    per_database: bool = False
    service: str = ""
    prefix: str = ""


RULES: Final = {
    r.spec.name: r
    for r in (
        Rule(
            *(POP_MONITORS["PopSelfTestMonitor"], "PopSelfTestProbe", 60.0, 4, 240.0),
            service=BACK_END_SERVICE,
            prefix="PopSelfTest",
        ),
        Rule(
            *(POP_MONITORS["PopProxyTestMonitor"], "PopProxyTestProbe", 60.0, 4, 240.0),
            service=FRONT_END_SERVICE,
            prefix="PopProxyTest",
        ),
        Rule(
            *(POP_MONITORS["PopDeepTestMonitor"], "PopDeepTestProbe", 180.0, 5, 900.0),
            per_database=True,
            service=BACK_END_SERVICE,
            prefix="PopDeepTest",
        ),
        Rule(
            *(POP_MONITORS["PopCTPMonitor"], "PopCTPProbe", 240.0, 5, 1200.0),
            per_database=True,
            service=FRONT_END_SERVICE,
            prefix="PopCTP",
        ),
        # Fed by a performance counter; how often it is sampled is not in the sheet: 300 s here.
        Rule(
            *(POP_MONITORS["AverageCommandProcessingTimeGt60sMonitor"], "", 300.0, 2, 600.0),
            prefix="AverageCommandProcessingTimeGt60s",
        ),
    )
}


@dataclass(slots=True)
class MonitorState:
    """One POP monitor on one server. ``episode`` counts its falls, so that old timers fall flat."""

    server: str
    rule: Rule
    work_item: int
    created: float
    alert: str = AlertValue.UNKNOWN
    first_alert: float | None = None
    transitioned: float = 0.0
    failures: deque[float] = field(default_factory=deque)
    last_sample: float | None = None
    episode: int = 0
    escalated: float | None = None
    notified: bool = False
    failed_probe_result: int = 0
    failed_database: str = ""
    turn: int = 0
    error: str = ""

    @property
    def fallen(self) -> bool:
        return self.alert in (AlertValue.DEGRADED, AlertValue.UNHEALTHY)

    def sample(self, t: float, ok: bool) -> str | None:
        """Take one probe result; the new AlertValue where it changes.

        After the health manager has started, a monitor is Unknown until its first success or its
        fall; the sheet is silent on this.
        """
        self.last_sample = t
        if ok:
            self.failures.clear()
            return None if self.alert == AlertValue.HEALTHY else AlertValue.HEALTHY
        self.failures.append(t)
        while self.failures[0] <= t - self.rule.window:
            self.failures.popleft()
        if len(self.failures) >= self.rule.failures and not self.fallen:
            return AlertValue.DEGRADED
        return None

    def transition(self, t: float, alert: str) -> None:
        if alert == AlertValue.DEGRADED:
            self.episode += 1
            self.first_alert = t
        elif alert == AlertValue.HEALTHY:
            self.episode += 1
            self.first_alert = None
            self.notified = False
            self.error = ""
            self.failed_probe_result = 0
            self.failed_database = ""
        self.alert = alert
        self.transitioned = t


@dataclass(frozen=True, slots=True)
class RecoveryAction:
    """One entry of the RecoveryActionResults channel (§6.4)."""

    record: int
    server: str
    start: float
    end: float
    id: str
    resource: str
    requestor: str
    result: str
    state: str
    exception: str = ""

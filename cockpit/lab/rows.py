"""What Get-ServerHealth knows about a server at one moment: all of its monitors.

POP rows come from the simulated monitors; the others are computed here, from the faults, when asked.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from cockpit.exchange.model import AlertValue
from cockpit.lab import healthsets
from cockpit.lab.components import ACTIVE
from cockpit.lab.faults import dependency_faults
from cockpit.lab.health import HealthEngine
from cockpit.lab.healthsets import PER_DATABASE, MonitorSpec
from cockpit.lab.organization import Server
from cockpit.lab.popmonitors import MonitorState

DETECTED_AFTER = 240.0
"""Seconds until another health set notices a fault: the lab's own number."""
DEGRADED_FOR = 60.0
RECOVERED_AFTER = 60.0


@dataclass(slots=True)
class Row:
    """One monitor. Times are simulated; ``first_alert`` None means never."""

    spec: MonitorSpec
    target: str
    alert: str
    created: float
    transitioned: float
    executed: float
    work_item: int
    first_alert: float | None = None
    stale: bool = False
    error: str = ""
    notified: bool = False
    failed_probe: int = 0
    failed_result: int = 0
    online: bool = True

    @property
    def ordinary(self) -> bool:
        """It never fell: most rows are such."""
        return self.first_alert is None and not (self.notified or self.failed_probe or self.failed_result)

    @property
    def identity(self) -> str:
        parts = (self.spec.health_set, self.spec.name, self.target)
        return "\\".join(p for p in parts if p)

    @property
    def state(self) -> str:
        """CurrentHealthSetState: Online or Offline where a server component is bound to the set."""
        if self.spec.component == "None":
            return "NotApplicable"
        return "Online" if self.online else "Offline"


def server_rows(engine: HealthEngine, server: Server, t: float, health_set: str = "") -> list[Row]:
    """Monitors of ``server`` at ``t``; ``health_set`` is an exact match without regard to case."""
    wanted = health_set.lower()
    rows = [
        _pop_row(engine, server, state, t)
        for state in engine.monitors.get(server.name, {}).values()
        if not wanted or state.rule.spec.health_set.lower() == wanted
    ]
    if not wanted.startswith("pop"):
        rows += _other_rows(engine, server, t, wanted)
    return rows


def _grid(t: float, interval: float, phase: float, floor: float) -> float:
    """The latest run at or before ``t`` of something that runs every ``interval``."""
    return max(floor, math.floor((t - phase) / interval) * interval + phase)


def _pop_row(engine: HealthEngine, server: Server, state: MonitorState, t: float) -> Row:
    spec = state.rule.spec
    seen = min(t, engine.stale_since.get(server.name, t))
    return Row(
        spec,
        spec.target,
        state.alert,
        state.created,
        state.transitioned,
        max(_grid(seen, spec.interval, state.work_item % 60, state.created), min(state.transitioned, seen)),
        state.work_item,
        first_alert=state.first_alert,
        stale=server.name in engine.stale_since,
        error=state.error,
        notified=state.notified,
        failed_probe=state.work_item - 5000 if state.failed_probe_result else 0,
        failed_result=state.failed_probe_result,
        online=spec.component == "None" or server.component(spec.component) == ACTIVE,
    )


def _other_rows(engine: HealthEngine, server: Server, t: float, wanted: str) -> list[Row]:
    created = engine.started.get(server.name, server.booted_at)
    seen = min(t, engine.stale_since.get(server.name, t))
    stale = server.name in engine.stale_since
    faults = engine.faults.on(server.name)
    databases = [d.name for d in engine.organization.copies_on(server.name)] if server.has_back_end else []
    rows = []
    number = 1000
    for spec in healthsets.monitors(server.version, server.tiers):
        targets = databases if spec.target == PER_DATABASE else [spec.target]
        for target in targets:
            number += 1
            if wanted and spec.health_set.lower() != wanted:
                continue
            executed = _grid(seen, spec.interval, number * 7 % spec.interval, created)
            row = Row(
                spec,
                target,
                AlertValue.HEALTHY,
                created,
                created + 90 + number % 120,
                executed,
                number,
                stale=stale,
                online=spec.component == "None" or server.component(spec.component) == ACTIVE,
            )
            if row.transitioned > t:
                row.alert, row.transitioned = AlertValue.UNKNOWN, created
            if faults:
                _apply_fault(engine, server, row, seen)
            rows.append(row)
    return rows


def _apply_fault(engine: HealthEngine, server: Server, row: Row, t: float) -> None:
    fault = dependency_faults(engine.faults.on(server.name), row.spec.health_set, row.spec.name)
    if fault is None or t < fault.began + DETECTED_AFTER:
        return
    if fault.ended is not None and t >= fault.ended + RECOVERED_AFTER:
        row.transitioned = max(row.transitioned, fault.ended + RECOVERED_AFTER)
        return
    fell = fault.began + DETECTED_AFTER
    degraded = t < fell + DEGRADED_FOR
    row.alert = AlertValue.DEGRADED if degraded else AlertValue.UNHEALTHY
    row.first_alert = fell
    row.transitioned = fell if degraded else fell + DEGRADED_FOR
    row.error = fault.kind.value
    row.failed_probe = row.work_item + 20_000
    row.failed_result = row.work_item + 40_000


def rolled_up(rows: list[Row]) -> str:
    """The AlertValue of a health set (§2.3 [D])."""
    alerts = {r.alert for r in rows}
    if alerts <= {AlertValue.UNKNOWN}:
        return AlertValue.UNKNOWN
    if alerts == {AlertValue.DISABLED}:
        return AlertValue.DISABLED
    for worst in (AlertValue.UNHEALTHY, AlertValue.DEGRADED, AlertValue.REPAIRING):
        if worst in alerts:
            return worst
    return AlertValue.HEALTHY

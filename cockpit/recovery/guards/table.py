"""Every guard by its id, and what a step's guards need and say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from cockpit.journal.records import Finding
from cockpit.recovery.guards import before_change, failover, reboot, service
from cockpit.recovery.guards.guard import Guard, judge
from cockpit.recovery.readings import Case, Readings

GUARDS: Final[Mapping[str, Guard]] = {
    g.id: g for g in (*before_change.GUARDS, *service.GUARDS, *failover.GUARDS, *reboot.GUARDS)
}

_ALSO: Final[Mapping[str, tuple[str, ...]]] = {
    "others.marks": ("nodes",),
    "copies.elsewhere": ("nodes", "databases"),
    "copies.lagged": ("nodes",),
    "target.room": ("nodes",),
    "clients.noted": ("connections",),
    "backup.running": ("databases", "here"),
}
"""Readings that a guard judges where they can be had, and that it can do without."""


def needs(ids: Iterable[str]) -> frozenset[str]:
    """The readings that guards of those ids look at. Raises KeyError for an unknown id."""
    return frozenset(need for i in ids for need in (*GUARDS[i].needs, *_ALSO.get(i, ())))


def judge_all(ids: Iterable[str], readings: Readings, case: Case) -> tuple[Finding, ...]:
    """What every guard says, in order."""
    return tuple(finding for i in ids for finding in judge(GUARDS[i], readings, case))

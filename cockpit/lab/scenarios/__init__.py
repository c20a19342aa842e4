"""What can be broken in a lab: data, and how it is brought about."""

from __future__ import annotations

from typing import Final

from cockpit.lab.scenarios.base import Group, Scenario, open_lab
from cockpit.lab.scenarios.branches import BRANCHES
from cockpit.lab.scenarios.degraded import DEGRADED
from cockpit.lab.scenarios.everyday import EVERYDAY
from cockpit.lab.scenarios.guards import GUARDS
from cockpit.lab.scenarios.tracing import TRACING

__all__ = ["SCENARIOS", "Group", "Scenario", "open_lab"]

SCENARIOS: Final = {s.name: s for s in (*EVERYDAY, *GUARDS, *BRANCHES, *DEGRADED, *TRACING)}

"""Who tells: looks at pictures, decides, and hands on what is to be told. The thin shell around
:mod:`cockpit.fleet.telling`; what rings, shows or runs is the caller's."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from cockpit.config.environment import Environment
from cockpit.config.windows import one_is_on
from cockpit.fleet.snapshot import FleetSnapshot, Problem
from cockpit.fleet.subjects import ORGANIZATION, Sight, Subject, why
from cockpit.fleet.telling import Memory, Rules, Telling, decide
from cockpit.fleet.told import Told

QUIET: Final = timedelta(hours=1)
"""How long it is quiet when the operator wants it to be: not for ever, because that is forgotten."""


class Teller:
    """Tells of one environment. ``now``: the time, of a known zone; ``steady``: seconds of a steady clock."""

    def __init__(
        self,
        environment: Environment,
        now: Callable[[], datetime],
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name = environment.name
        settings = environment.notify
        self._rules = Rules.of(settings)
        self._windows = environment.recovery.maintenance_windows if settings.quiet_in_maintenance else ()
        self._now = now
        self._steady = steady
        self._sight = Sight(monitors=settings.of == "monitor")
        self._memory = Memory()
        self.quiet_until: datetime | None = None

    def look(self, fleet: FleetSnapshot, lost: Problem | None = None) -> tuple[Told, ...]:
        """What is to be told now. To be called with every picture, and every few seconds without one.

        ``lost``: why there are no pictures any more.
        """
        now = self._now()
        states = self._sight.look(fleet, now, lost)
        self._memory, tellings = decide(
            self._memory, states, self._steady(), self._rules, quiet=self._is_quiet(now)
        )
        return tuple(Told(telling, self._name, now, _reasons(telling, fleet, lost)) for telling in tellings)

    def _is_quiet(self, now: datetime) -> bool:
        if self.quiet_until is not None and now >= self.quiet_until:
            self.quiet_until = None
        return self.quiet_until is not None or one_is_on(self._windows, now.astimezone())

    def hush(self) -> bool:
        """Be quiet for a while, or no longer; whether it is quiet now. What changes meanwhile is told
        afterwards, where it still holds."""
        self.quiet_until = None if self.quiet_until is not None else self._now() + QUIET
        return self.quiet_until is not None


def _reasons(telling: Telling, fleet: FleetSnapshot, lost: Problem | None) -> dict[Subject, str]:
    return {
        change.subject: str(lost) if lost and change.subject == ORGANIZATION else why(fleet, change.subject)
        for change in telling.changes
    }

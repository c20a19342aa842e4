"""The views an operator has looked at: back, forward, the last one, as in a browser. Pure, no Textual."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from cockpit.fleet.grouping import GroupBy
from cockpit.frozen import dataclass

LONGEST: Final = 50
"""Views kept; the oldest goes."""


@dataclass(frozen=True, slots=True)
class Sight:
    """One view: what is filtered and how it is grouped. ``selection``: the key of the tree's row."""

    text: str = ""
    faults_only: bool = False
    by: GroupBy = GroupBy.DAG
    selection: tuple[str, ...] = ("fleet",)


@dataclass(frozen=True, slots=True)
class Trail:
    """``sights`` in the order they were looked at, ``at``: the one on the screen, ``before``: the one that
    was on it before that. A new one drops what lay ahead."""

    sights: tuple[Sight, ...] = (Sight(),)
    at: int = 0
    before: int = 0

    @property
    def here(self) -> Sight:
        return self.sights[self.at]

    def left(self, selection: tuple[str, ...]) -> Trail:
        """Remember where the cursor was, before another view is gone to."""
        sights = list(self.sights)
        sights[self.at] = replace(self.here, selection=selection)
        return replace(self, sights=tuple(sights))

    def visit(self, sight: Sight) -> Trail:
        """A new view; the same once more is no new one."""
        if sight == self.here:
            return self
        sights = (*self.sights[: self.at + 1], sight)[-LONGEST:]
        return Trail(sights, len(sights) - 1, len(sights) - 2)

    def back(self) -> Trail | None:
        """The view before this one in order; None at the first."""
        return self._to(self.at - 1)

    def forward(self) -> Trail | None:
        """The view that was gone back from; None at the newest."""
        return self._to(self.at + 1)

    def last(self) -> Trail | None:
        """The view that was on the screen before this one, there and back again; None where there is none."""
        return None if self.before == self.at else self._to(self.before)

    def _to(self, place: int) -> Trail | None:
        return replace(self, at=place, before=self.at) if 0 <= place < len(self.sights) else None

"""What the operator can do with the timeline and on the pulse page: their part of the registry. All of it
only reads."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from cockpit.config.language import N_
from cockpit.ui.action import Action
from cockpit.ui.recovery_actions import back, keeps, moves

TIMELINE: Final = Action(
    "app.timeline", ("T",), "timeline", "app", "Look",
    N_("What changed on the server under the cursor, or on all, who did what, and when nobody watched."),
    shown=True,
)  # fmt: skip
PULSE: Final = Action(
    "app.pulse", ("W",), "pulse", "app", "Look", N_("Every server in a cell, for a wall."),
)  # fmt: skip

TIMELINE_ACTIONS: Final[tuple[Action, ...]] = (
    Action("timeline.open", ("enter",), "open run", "timeline", "Act",
           N_("Open the run the cursor stands on."), shown=True),
    Action("timeline.filter", ("/",), "filter", "timeline", "Find",
           N_("Text in server, monitor, value, action or operator; a leading ! turns it round."), shown=True),
    Action("timeline.all", ("a",), "all/server", "timeline", "Find",
           N_("All servers, or only the one under the cursor."), shown=True),
    *keeps("timeline"), *moves("timeline"), back("timeline", "Clear the filter, then leave."),
    Action("pulse.open", ("enter",), "to the server", "pulse", "Act",
           N_("Go to the server under the cursor in the fleet's tree."), shown=True),
    Action("pulse.right", ("right", "l", "tab"), "right", "pulse", "Move"),
    Action("pulse.left", ("left", "h", "shift+tab"), "left", "pulse", "Move"),
    *keeps("pulse"), *moves("pulse"), back("pulse", "Leave the page."),
)  # fmt: skip


def without_timeline(actions: Iterable[Action]) -> tuple[Action, ...]:
    """The actions of a cockpit without a timeline: not in the footer; the key says why."""
    return tuple(replace(a, shown=False) if a.id == TIMELINE.id else a for a in actions)

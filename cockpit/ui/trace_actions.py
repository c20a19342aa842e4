"""What the operator can do with a trace: the part of the registry for it. All of it only reads."""

from __future__ import annotations

from typing import Final

from cockpit.ui.action import Action
from cockpit.ui.recovery_actions import back, keeps, moves, panes

TRACE_ACTIONS: Final[tuple[Action, ...]] = (
    Action("trace.open", ("enter",), "to the server", "trace", "Act",
           "Go to the named mailbox server in the fleet's tree.", shown=True),
    Action("trace.again", ("R",), "look again", "trace", "Act",
           "Look at every piece of evidence anew; reads only.", shown=True),
    *keeps("trace"), *panes("trace"), *moves("trace"), back("trace", "Leave the trace."),
)  # fmt: skip

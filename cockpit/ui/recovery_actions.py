"""What the operator can do with recoveries: the part of the registry for runs, plans and obligations.

Dangerous is what starts, answers or ends something; to look, to plan and to sweep only read.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from cockpit.ui.action import Action


def moves(scope: str) -> tuple[Action, ...]:
    """Of every list and text."""
    return (
        Action(f"{scope}.down", ("down", "j"), "down", scope, "Move"),
        Action(f"{scope}.up", ("up", "k"), "up", scope, "Move"),
        Action(f"{scope}.page-down", ("pagedown",), "page down", scope, "Move"),
        Action(f"{scope}.page-up", ("pageup",), "page up", scope, "Move"),
        Action(f"{scope}.first", ("home",), "first", scope, "Move"),
        Action(f"{scope}.last", ("G", "end"), "last", scope, "Move"),
    )


def panes(scope: str) -> tuple[Action, ...]:
    """Of a screen with several panes."""
    return (
        Action(f"{scope}.next-pane", ("tab", "right"), "next pane", scope, "Move"),
        Action(f"{scope}.previous-pane", ("shift+tab", "left"), "previous pane", scope, "Move"),
    )


def keeps(scope: str) -> tuple[Action, ...]:
    """Of a screen whose text is worth keeping."""
    return (
        Action(f"{scope}.copy", ("y",), "copy", scope, "Keep",
               "The command, or what is selected, to the clipboard (OSC 52) and to a file.", shown=True),
        Action(f"{scope}.save", ("ctrl+s",), "save view", scope, "Keep",
               "The whole view as text, and its list as CSV, to files."),
    )  # fmt: skip


def back(scope: str, help: str) -> Action:  # noqa: A002
    """Of every screen that was opened from another."""
    return Action(f"{scope}.back", ("q", "escape"), "back", scope, "Move", help, shown=True)


def _dialog(scope: str) -> tuple[Action, ...]:
    return (
        Action(f"{scope}.cancel", ("escape",), "not now", scope, "Dialog", "Send nothing.", shown=True),
        Action(f"{scope}.next", ("tab",), "next field", scope, "Dialog", shown=True),
        Action(f"{scope}.previous", ("shift+tab",), "previous field", scope, "Dialog"),
        Action(f"{scope}.page-down", ("pagedown",), "page down", scope, "Dialog", shown=True),
        Action(f"{scope}.page-up", ("pageup",), "page up", scope, "Dialog"),
    )


RECOVERY_ACTIONS: Final[tuple[Action, ...]] = (
    Action("run.decide", ("d",), "decide", "run", "Act",
           "Open the question: what will be sent, what stands in the way, what can be chosen.",
           dangerous=True, shown=True),
    Action("run.open", ("enter",), "open", "run", "Act",
           "Open the run the cursor stands on, or its step waits for; else the question, else the step."),
    Action("run.end-wait", ("e",), "end wait", "run", "Act",
           "End the wait early, with a reason; asks first.", dangerous=True, shown=True),
    Action("run.resume", ("R",), "resume", "run", "Act",
           "Work on a run that nobody works on; asks first.", dangerous=True, shown=True),
    Action("run.abort", ("a",), "abort", "run", "Act",
           "Undo what is open, newest first, and end the run; asks first, with a reason.",
           dangerous=True, shown=True),
    Action("run.current", ("g",), "to the current step", "run", "Move",
           "Back to the step the run is at, and follow it.", shown=True),
    *keeps("run"),
    Action("run.export", ("x",), "export", "run", "Keep", "Write the evidence bundle to a file.", shown=True),
    *panes("run"), *moves("run"),
    back("run", "Leave the screen; the run goes on."),

    Action("plan.start", ("r",), "start", "plan", "Act", "Start this runbook; asks first.",
           dangerous=True, shown=True),
    Action("plan.again", ("R",), "read again", "plan", "Act", "Read every guard anew; reads only.",
           shown=True),
    *keeps("plan"), *panes("plan"), *moves("plan"), back("plan", "Leave the plan."),

    Action("history.open", ("enter",), "open", "history", "Act", "Attach to the run.", shown=True),
    Action("history.filter", ("/",), "filter", "history", "Find",
           "Text in id, server, monitor, state, operator or step; a leading ! turns it round.",
           shown=True, typing=True),
    *keeps("history"), *moves("history"), back("history", "Clear the filter, then leave."),

    Action("obligations.open", ("enter",), "open run", "obligations", "Act",
           "Open the run that opened the obligation.", shown=True),
    Action("obligations.sweep", ("s",), "sweep", "obligations", "Act",
           "Look at every server now and compare with the open obligations; reads only.", shown=True),
    Action("obligations.close", ("c",), "close", "obligations", "Act",
           "Close what was handed over: its value is back, or it stays as it is. Asks first, with a reason.",
           dangerous=True, shown=True),
    *keeps("obligations"), *moves("obligations"), back("obligations", "Leave the list."),

    Action("recover.plan", ("p",), "plan", "recover", "Dialog",
           "The whole plan with every guard read now; nothing is sent.", shown=True),
    Action("recover.start", ("y",), "start", "recover", "Dialog",
           "Start the run; every dangerous step asks again.", dangerous=True, shown=True),
    Action("recover.cancel", ("n", "escape", "q"), "cancel", "recover", "Dialog", "Send nothing.",
           shown=True),
    Action("recover.next", ("tab", "right"), "next button", "recover", "Dialog"),
    Action("recover.previous", ("shift+tab", "left"), "previous button", "recover", "Dialog"),
    Action("logging.go", ("y",), "the first choice", "logging", "Dialog",
           "Start the run for the first choice; every dangerous step asks again.",
           dangerous=True, shown=True),
    Action("logging.cancel", ("n", "escape", "q"), "not now", "logging", "Dialog", "Send nothing.",
           shown=True),
    Action("logging.next", ("tab", "right"), "next button", "logging", "Dialog"),
    Action("logging.previous", ("shift+tab", "left"), "previous button", "logging", "Dialog"),
    Action("logging.page-down", ("pagedown",), "page down", "logging", "Dialog"),
    Action("logging.page-up", ("pageup",), "page up", "logging", "Dialog"),
    *_dialog("decide"),
    Action("decide.down", ("down",), "next finding", "decide", "Dialog"),
    Action("decide.up", ("up",), "previous finding", "decide", "Dialog"),
    *_dialog("reason"),
)  # fmt: skip

_ENTRANCES: Final = frozenset(
    {"fleet.recover", "fleet.logging", "fleet.trace", "app.obligations", "app.history"}
)


def without_recovery(actions: Iterable[Action]) -> tuple[Action, ...]:
    """The actions of a cockpit without recoveries: not in the footer; the keys say why."""
    return tuple(replace(a, shown=False) if a.id in _ENTRANCES else a for a in actions)

"""Everything a key can do, in one table. Footer, help, command palette, keymap and the read-only
filter read it; what is not in it cannot be bound.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from textual.binding import Binding

from cockpit.frozen import dataclass
from cockpit.ui.action import Action
from cockpit.ui.finding_actions import FINDING_ACTIONS
from cockpit.ui.log_actions import FROM_FLEET, LOG_ACTIONS
from cockpit.ui.recovery_actions import RECOVERY_ACTIONS
from cockpit.ui.theme_actions import CHOOSE, THEME_ACTIONS
from cockpit.ui.timeline_actions import PULSE, TIMELINE, TIMELINE_ACTIONS
from cockpit.ui.trace_actions import TRACE_ACTIONS

__all__ = ["ACTIONS", "Action", "Registry", "key_label"]


ACTIONS: Final[tuple[Action, ...]] = (
    Action("app.help", ("?", "f1"), "help", "app", "Cockpit", "The keys that work here.", shown=True),
    Action("fleet.filter", ("/",), "filter", "fleet", "Find",
           "Text in server, health set, monitor, target, or the start of a state; or terms such as "
           "server:ex* state:unhealthy since:10m; a leading ! turns a term round.", shown=True, typing=True),
    Action("fleet.faults-only", ("f",), "faults", "fleet", "Find",
           "Only what is not well, or everything again.", shown=True),
    *FINDING_ACTIONS,
    Action("fleet.probe", ("p",), "probe", "fleet", "Act",
           "Re-run the probe behind the monitor (Invoke-MonitoringProbe); shows the command "
           "first.", shown=True),
    Action("fleet.trace", ("x",), "trace", "fleet", "Act",
           "Find the mailbox server behind the newest probe result: logs, clocks, mailbox; reads only."),
    Action("fleet.recover", ("r",), "recover", "fleet", "Act",
           "Plan or start the runbook of the selected monitor; asks first, a plan only reads.", shown=True),
    Action("fleet.logging", ("l",), "log", "fleet", "Act",
           "Protocol logging of the server: how it stands, on for a time, or put back; asks first.",
           dangerous=True, shown=True),
    FROM_FLEET,
    Action("fleet.stop-waiting", ("c",), "stop waiting", "fleet", "Act",
           "Wait no longer for the running probe; the probe itself cannot be recalled."),
    Action("fleet.refresh", ("R",), "refresh", "fleet", "Collector",
           "Read every server now; after the collector ended, start it again.", shown=True),
    Action("fleet.pause", ("P",), "pause", "fleet", "Collector", "Stop polling, or go on.", shown=True),
    Action("fleet.faster", ("+",), "poll more often", "fleet", "Collector",
           "A shorter time between two reads of a server."),
    Action("fleet.slower", ("-",), "poll less often", "fleet", "Collector",
           "A longer time between two reads of a server."),
    Action("fleet.copy", ("y",), "copy", "fleet", "Keep",
           "What is selected, to the terminal's clipboard (OSC 52) and to a file.", shown=True),
    Action("fleet.save", ("ctrl+s",), "save view", "fleet", "Keep",
           "The whole view as text, and its monitors as CSV, to files."),
    Action("fleet.select", ("enter",), "open", "fleet", "Move",
           "Open or close a row of the tree; on a monitor, go to its probe."),
    Action("fleet.toggle-row", ("space",), "open or close", "fleet", "Move",
           "Open or close a row of the tree."),
    Action("fleet.expand", ("right",), "open", "fleet", "Move",
           "Open a row of the tree, then go to its first child."),
    Action("fleet.collapse", ("left", "h"), "close", "fleet", "Move",
           "Close a row of the tree, or go to its parent."),
    Action("fleet.expand-all", ("E",), "open all", "fleet", "Move", "Open every row of the tree."),
    Action("fleet.collapse-all", ("C",), "close all", "fleet", "Move", "Close every server of the tree."),
    Action("fleet.down", ("down", "j"), "down", "fleet", "Move"),
    Action("fleet.up", ("up", "k"), "up", "fleet", "Move"),
    Action("fleet.page-down", ("pagedown",), "page down", "fleet", "Move"),
    Action("fleet.page-up", ("pageup",), "page up", "fleet", "Move"),
    Action("fleet.first", ("g", "home"), "first", "fleet", "Move"),
    Action("fleet.last", ("G", "end"), "last", "fleet", "Move"),
    Action("fleet.next-pane", ("tab",), "next pane", "fleet", "Move"),
    Action("fleet.previous-pane", ("shift+tab",), "previous pane", "fleet", "Move"),
    Action("fleet.pane-1", ("1",), "tree", "fleet", "Move", "Go to the tree."),
    Action("fleet.pane-2", ("2",), "monitors", "fleet", "Move", "Go to the monitors."),
    Action("fleet.pane-3", ("3",), "probe results", "fleet", "Move", "Go to the probe results."),
    Action("fleet.pane-4", ("4",), "dependencies", "fleet", "Move",
           "Go to the dependencies and the server."),
    Action("fleet.back", ("escape",), "back", "fleet", "Move",
           "Clear the filter, stop waiting for a probe, go back to the tree."),
    Action("app.obligations", ("o",), "obligations", "app", "Recover",
           "What is still to be undone, what is on without a record, runs not ended.", shown=True),
    Action("app.history", ("H",), "history", "app", "Recover", "All runs, newest first.", shown=True),
    TIMELINE,
    PULSE,
    Action("app.record", ("ctrl+r",), "record", "app", "Keep",
           "Record what is shown to a new file, or end that; pop-cockpit replay shows it again."),
    Action("app.save-picture", ("S",), "save picture", "app", "Keep",
           "The whole screen as it is now, as SVG, to a file."),
    Action("app.hush", ("Q",), "quiet", "app", "Cockpit",
           "No bell, notification or hook for an hour, or again; what has changed is told then."),
    Action("app.command-line", (":",), "commands", "app", "Cockpit",
           "Type a command: every action by its name, and more that take an argument; tab completes.",
           shown=True, typing=True),
    Action("app.palette", ("ctrl+p",), "palette", "app", "Cockpit",
           "Find an action by a part of its name."),
    Action("app.redraw", ("ctrl+l",), "redraw", "app", "Cockpit",
           "Write the whole screen again, after another program wrote over it."),
    CHOOSE,
    Action("app.quit", ("q", "ctrl+q"), "quit", "app", "Cockpit", "Leave the cockpit.", shown=True),
    Action("app.interrupt", ("ctrl+c",), "how to leave", "app", "Cockpit", "Says which key quits."),
    Action("probe.run", ("y",), "run", "probe", "Dialog", "Send the command.", shown=True),
    Action("probe.cancel", ("n", "escape", "q"), "cancel", "probe", "Dialog", "Send nothing.", shown=True),
    Action("probe.next", ("tab", "right", "left"), "other button", "probe", "Dialog", shown=True),
    Action("help.close", ("escape", "q", "?", "f1"), "close", "help", "Dialog", shown=True),
    Action("help.down", ("down", "j"), "down", "help", "Dialog"),
    Action("help.up", ("up", "k"), "up", "help", "Dialog"),
    Action("help.page-down", ("pagedown", "space"), "page down", "help", "Dialog"),
    Action("help.page-up", ("pageup",), "page up", "help", "Dialog"),
    Action("help.first", ("g", "home"), "first", "help", "Dialog"),
    Action("help.last", ("G", "end"), "last", "help", "Dialog"),
    Action("command.run", ("enter",), "run", "command", "Command line", "Do what is typed."),
    Action("command.complete", ("tab",), "complete", "command", "Command line", "Take the next that fits."),
    Action("command.complete-back", ("shift+tab",), "complete backwards", "command", "Command line",
           "Take the one before."),
    Action("command.older", ("up",), "older", "command", "Command line", "What was typed before."),
    Action("command.newer", ("down",), "newer", "command", "Command line", "Back to what was typed later."),
    Action("command.cancel", ("escape",), "cancel", "command", "Command line",
           "Leave the line; backspace in an empty one does so too."),
    *LOG_ACTIONS,
    *RECOVERY_ACTIONS,
    *THEME_ACTIONS,
    *TRACE_ACTIONS,
    *TIMELINE_ACTIONS,
)  # fmt: skip

_DISPLAY: Final = {
    "question_mark": "?", "slash": "/", "plus": "+", "minus": "-", "colon": ":", "escape": "esc",
    "pagedown": "pgdn", "pageup": "pgup", "exclamation_mark": "!", "comma": ",",
}  # fmt: skip


def key_label(key: str) -> str:
    """A key as people read it."""
    return _DISPLAY.get(key, key)


@dataclass(frozen=True, slots=True)
class Registry:
    """The actions that are bound, with the keys they have now."""

    actions: tuple[Action, ...] = ACTIONS
    read_only: bool = True

    @classmethod
    def build(
        cls,
        read_only: bool,
        keymap: Mapping[str, Sequence[str]] | None = None,
        actions: Iterable[Action] = ACTIONS,
    ) -> Registry:
        """The registry with the user's keys (validated by ``keymap.check``) in place of the defaults."""
        changed = keymap or {}
        return cls(
            tuple(replace(a, keys=tuple(changed[a.id])) if a.id in changed else a for a in actions), read_only
        )

    def known(self, scope: str) -> tuple[Action, ...]:
        """What is told of on the screen of ``scope``: also what has no key there, and what is held back in
        read-only mode, with the keys that it would have."""
        bound = {a.id: a for a in self.on_screen(scope)}
        told = [a for a in self.actions if a.scope in (scope, "app")]
        held = [bound.get(a.id) or replace(a, keys=() if self.allows(a.id) else a.keys) for a in told]
        return tuple(held if scope == "fleet" else sorted(held, key=lambda a: a.scope == "app"))

    def find(self, scope: str, method: str) -> Action | None:
        """The action that Textual calls by ``method`` in ``scope``."""
        return next((a for a in self.actions if a.scope == scope and a.method == method), None)

    def live(self, scope: str) -> tuple[Action, ...]:
        """What is bound in ``scope``: in read-only mode nothing dangerous."""
        return tuple(
            a for a in self.actions if a.scope == scope and a.keys and not (self.read_only and a.dangerous)
        )

    def on_screen(self, scope: str) -> tuple[Action, ...]:
        """What works on the screen of ``scope``: its own actions and the app's, these without the keys
        that the screen has taken (``q`` goes back from a run, and quits on Fleet). On Fleet in the order
        of the table, elsewhere the screen's own first."""
        own = {action.id: action for action in self.live(scope)}
        taken = {key for action in own.values() for key in action.keys}
        shared = {
            a.id: replace(a, keys=left, shown=a.shown and left[0] == a.keys[0])
            for a in self.live("app")
            if (left := tuple(k for k in a.keys if k not in taken))
        }
        both = own | shared
        if scope != "fleet":
            return tuple(both.values())
        return tuple(both[a.id] for a in self.actions if a.id in both)

    def bindings(self, scope: str) -> list[Binding]:
        prefix = "app." if scope == "app" else ""
        return [
            Binding(
                key,
                prefix + action.method,
                action.title,
                show=False,
                priority=action.typing,
                id=action.id,
            )
            for action in self.live(scope)
            for key in action.keys
        ]

    def key_of(self, action_id: str) -> str:
        """The first key of an action as people read it; the palette's way where it has none."""
        keys = next((a.keys for a in self.actions if a.id == action_id), ())
        return key_label(keys[0]) if keys else ":"

    def allows(self, action_id: str) -> bool:
        """Asked again where the action is carried out: a key is not the only way in."""
        action = next((a for a in self.actions if a.id == action_id), None)
        return action is not None and not (self.read_only and action.dangerous)

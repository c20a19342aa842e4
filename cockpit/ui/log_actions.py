"""What the operator can do with logs: the part of the registry for the Logs screen. All of it only reads."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from cockpit.ui.action import Action

LOG_ACTIONS: Final[tuple[Action, ...]] = (
    Action("logs.search", ("/",), "search", "logs", "Find",
           "Text in whole lines, also in what is cut here; a leading ! finds lines without it.",
           shown=True, typing=True),
    Action("logs.next", ("n",), "next", "logs", "Find", "The next line down that was searched for."),
    Action("logs.previous", ("N",), "previous", "logs", "Find", "The next one up."),
    Action("logs.filter", ("&", "F"), "filter", "logs", "Find",
           "Show only lines with a text; with a leading ! only those without it.",
           shown=True, typing=True),
    Action("logs.case", ("i",), "case", "logs", "Find",
           "Search and filter with or without regard to capitals."),
    Action("logs.jump", ("@",), "to a time", "logs", "Find",
           "14:05, 2026-01-08 14:05:30, or -10m: before the last line.", shown=True, typing=True),
    Action("logs.errors", ("e",), "errors", "logs", "Find",
           "Only lines that tell of an error or cannot be read, or everything again.", shown=True),
    Action("logs.mailboxes", ("m",), "monitoring", "logs", "Find",
           "Lines of Managed Availability's probes (HealthMailbox users, loopback clients): all, only "
           "these, or hidden."),
    Action("logs.ends", ("b",), "front/back", "logs", "Find",
           "Lines of the front end, of the back end, or of both."),
    Action("logs.follow", ("f",), "follow", "logs", "View",
           "Stay at the end, where new lines come, or stand still; moving up stands still too.", shown=True),
    Action("logs.session", ("s",), "session", "logs", "View",
           "All lines of the session under the cursor put together, and the whole line.", shown=True),
    Action("logs.wrap", ("w",), "wrap", "logs", "View", "Long lines in up to four lines, or cut.",
           shown=True),
    Action("logs.times", ("u",), "times", "logs", "View", "Times in UTC, in local time, or as ages."),
    Action("logs.reconnect", ("R",), "reconnect", "logs", "View",
           "Read the servers' logs again after the connection was lost."),
    Action("logs.copy", ("y",), "copy", "logs", "Keep",
           "The whole line under the cursor, to the terminal's clipboard (OSC 52) and to a file.",
           shown=True),
    Action("logs.save", ("ctrl+s",), "save view", "logs", "Keep",
           "The lines on the screen, uncut, with the session when it is shown, to a file."),
    Action("logs.down", ("down", "j"), "down", "logs", "Move", "Past the last line: follow."),
    Action("logs.up", ("up", "k"), "up", "logs", "Move"),
    Action("logs.page-down", ("pagedown", "space"), "page down", "logs", "Move"),
    Action("logs.page-up", ("pageup",), "page up", "logs", "Move"),
    Action("logs.first", ("g", "home"), "first line", "logs", "Move"),
    Action("logs.last", ("G", "end"), "last line", "logs", "Move", "To the end, and follow."),
    Action("logs.right", ("right",), "right", "logs", "Move", "Long lines further to the right."),
    Action("logs.left", ("left",), "left", "logs", "Move"),
    Action("logs.next-pane", ("tab",), "other pane", "logs", "Move", "From the lines to the session."),
    Action("logs.escape", ("escape",), "stop or clear", "logs", "Move",
           "Stop searching, then clear the search, then the filter, then go back."),
    Action("logs.back", ("q",), "back", "logs", "Move", "Leave the logs.", shown=True),
)  # fmt: skip

FROM_FLEET: Final = Action(
    "fleet.logs", ("t",), "logs", "fleet", "Act",
    "Follow the POP3 protocol logs of the server under the cursor, or of a group's.", shown=True,
)  # fmt: skip
_ALONE: Final = frozenset(
    {
        *("app.help", "app.command-line", "app.palette", "app.theme", "app.quit", "app.interrupt"),
        "app.save-picture",
    }
)


def without_logs(actions: Iterable[Action]) -> tuple[Action, ...]:
    """The actions of a cockpit that cannot read logs."""
    return tuple(a for a in actions if a.scope != "logs" and a.id != FROM_FLEET.id)


def only_logs(actions: Iterable[Action]) -> tuple[Action, ...]:
    """The actions of a program that is nothing but the Logs screen."""
    return tuple(a for a in actions if a.scope in ("logs", "help", "command", "theme") or a.id in _ALONE)

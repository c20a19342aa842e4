"""The commands of the command line that take an argument, in one table; actions need no row here, they are
commands by themselves.

A row's command is carried out by the method ``command_NAME`` of the screen, or else of the app; where neither
has one, the command is not there. Its argument is a kind with what may be chosen for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from cockpit.config.language import N_
from cockpit.fleet.grouping import GroupBy


@dataclass(frozen=True, slots=True)
class Sight:
    """What there is to choose from now, as names. ``actions``: of the screen. ``filters``: what a filter may
    become."""

    servers: Sequence[str] = ()
    health_sets: Sequence[str] = ()
    monitors: Sequence[str] = ()
    runs: Sequence[str] = ()
    themes: Sequence[str] = ()
    bookmarks: Sequence[str] = ()
    actions: Sequence[str] = ()
    filters: Callable[[str], Sequence[str]] = lambda _: ()


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of argument. ``name``: in capitals, where it is told; ``choices``: what it completes to, given
    what is typed of it. ``free``: any text is taken. ``nothing``: why nothing can be chosen now."""

    name: str
    choices: Callable[[Sight, str], Sequence[str]]
    free: bool = False
    nothing: str = ""


_UNREAD: Final = N_("No server has been read yet.")
FILTER: Final = Kind("TEXT", lambda sight, typed: sight.filters(typed), free=True)
GROUPING: Final = Kind("BY", lambda _, __: tuple(GroupBy))
BOOKMARK: Final = Kind("KEY", lambda sight, _: sight.bookmarks)
SERVER: Final = Kind("SERVER", lambda sight, _: sight.servers, nothing=_UNREAD)
HEALTH_SET: Final = Kind("SET", lambda sight, _: sight.health_sets, nothing=_UNREAD)
MONITOR: Final = Kind("MONITOR", lambda sight, _: sight.monitors, nothing=_UNREAD)
RUN: Final = Kind("RUN", lambda sight, _: sight.runs, nothing=N_("No run is known that has not ended."))
THEME: Final = Kind("THEME", lambda sight, _: sight.themes, nothing=N_("No theme could be loaded."))
ACTION: Final = Kind("ACTION", lambda sight, _: sight.actions)


@dataclass(frozen=True, slots=True)
class Command:
    """``kind``: of its argument; None: it takes none. ``optional``: without its argument it is the action of
    the same name, or the method is called with an empty one."""

    name: str
    kind: Kind | None
    help: str
    optional: bool = False

    @property
    def method(self) -> str:
        return f"command_{self.name.replace('-', '_')}"

    @property
    def shape(self) -> str:
        """``server SERVER``, ``filter [TEXT]``."""
        if self.kind is None:
            return self.name
        return f"{self.name} [{self.kind.name}]" if self.optional else f"{self.name} {self.kind.name}"


COMMANDS: Final[tuple[Command, ...]] = (
    Command("filter", FILTER, N_("Show only what has this text; without one, type it."), optional=True),
    Command("group", GROUPING, N_("Put the servers together by this, or by the next."), optional=True),
    Command("go-to-bookmark", BOOKMARK, N_("Go to what has this letter or digit."), optional=True),
    Command("server", SERVER, N_("Go to a server in the fleet's tree.")),
    Command("set", HEALTH_SET, N_("Go to a health set, of the selected server first.")),
    Command("monitor", MONITOR, N_("Go to a monitor, of the selected server first.")),
    Command(
        "logs", SERVER, N_("Follow a server's POP3 protocol logs, or those of the selected."), optional=True
    ),
    Command("run", RUN, N_("Look at a run.")),
    Command("theme", THEME, N_("Colours of the screen, remembered for terminals like this one.")),
    Command("env", None, N_("The environment: its name, account, mode, entry servers, what is read.")),
    Command("help", ACTION, N_("The keys that work here, or what one action does."), optional=True),
)

ALIASES: Final[Mapping[str, str]] = {"q": "quit", "q!": "quit", "qa": "quit", "h": "help"}
"""What fingers type out of habit."""

"""What every screen says of the environment the cockpit looks at."""

from __future__ import annotations

from typing import Final

from cockpit.frozen import dataclass
from cockpit.ui.look import Glyphs, Line, crop, width

STRIP: Final = "strip-"
"""The beginning of the strip's roles; the colour of the environment follows."""
WARNING: Final = "strip-warning"
MARK: Final = "strip-magenta"


@dataclass(frozen=True, slots=True)
class EnvironmentBadge:
    """The environment in words. ``entry``: the servers that are asked; ``warning``: that TLS is not verified;
    ``colour``: of the strip, as the configuration names it, empty for none. ``mark``: that this is a replay
    and of when, or that it is being recorded; empty when neither."""

    name: str
    account: str = ""
    read_only: bool = True
    entry: str = ""
    warning: str = ""
    colour: str = ""
    mark: str = ""


def strip(badge: EnvironmentBadge, cells: int, glyphs: Glyphs) -> Line:
    """The line on top of every screen; empty where there is neither a colour, a warning nor a mark.

    The mark and the warning are never cut for the name's sake, and all are words: the colour only helps.
    """
    if not badge.colour and not badge.warning and not badge.mark:
        return ()
    mark = ((f" {badge.mark} ", MARK),) if badge.mark else ()
    ground = STRIP + badge.colour if badge.colour else "text-strong"
    warning = ((f" {glyphs.alarm} {badge.warning} ", WARNING),) if badge.warning else ()
    name = crop(((f" {badge.name} ", ground),), max(cells - width(mark) - width(warning), 0), glyphs.ellipsis)
    rest = " " * max(cells - width(mark) - width(name) - width(warning), 0)
    return (*mark, *name, *warning, (rest, ground if badge.colour else ""))

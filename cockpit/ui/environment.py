"""What every screen says of the environment the cockpit looks at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from cockpit.ui.look import Glyphs, Line, crop, width

STRIP: Final = "strip-"
"""The beginning of the strip's roles; the colour of the environment follows."""
WARNING: Final = "strip-warning"


@dataclass(frozen=True, slots=True)
class EnvironmentBadge:
    """The environment in words. ``entry``: the servers that are asked; ``warning``: that TLS is not verified;
    ``colour``: of the strip, as the configuration names it, empty for none."""

    name: str
    account: str = ""
    read_only: bool = True
    entry: str = ""
    warning: str = ""
    colour: str = ""


def strip(badge: EnvironmentBadge, cells: int, glyphs: Glyphs) -> Line:
    """The line on top of every screen; empty where there is neither a colour nor a warning.

    The warning is never cut for the name's sake, and both are words: the colour only helps.
    """
    if not badge.colour and not badge.warning:
        return ()
    ground = STRIP + badge.colour if badge.colour else "text-strong"
    warning = ((f" {glyphs.alarm} {badge.warning} ", WARNING),) if badge.warning else ()
    name = crop(((f" {badge.name} ", ground),), max(cells - width(warning), 0), glyphs.ellipsis)
    rest = " " * max(cells - width(name) - width(warning), 0)
    return (*name, *warning, (rest, ground if badge.colour else ""))

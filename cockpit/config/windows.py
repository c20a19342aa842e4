"""Maintenance windows: whether one is on. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from cockpit.config.environment import Window

_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def inside(window: Window, at: datetime) -> bool:
    """Whether local time ``at`` is inside the window; one over midnight counts to the day it starts on."""
    now, today = f"{at:%H:%M}", _DAYS[at.weekday()]
    if window.start <= window.end:
        return today in window.days and window.start <= now <= window.end
    yesterday = _DAYS[(at.weekday() - 1) % 7]
    return (today in window.days and now >= window.start) or (yesterday in window.days and now <= window.end)


def one_is_on(windows: Iterable[Window], at: datetime) -> bool:
    """Whether one of ``windows`` is on at local time ``at``; never where there is none."""
    return any(inside(window, at) for window in windows)

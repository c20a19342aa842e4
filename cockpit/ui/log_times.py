"""Times on the Logs screen: how they are shown, and what an operator may type to go to one. Pure."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Final

from cockpit.config.language import N_, _

_BACK: Final = re.compile(r"-\s*(\d{1,6})\s*([smhd])")
_CLOCK: Final = re.compile(
    r"(?:(\d{4}-\d{1,2}-\d{1,2})(?:[T ]+|$))?(?:(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?)?(Z?)"
)
_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}
EXAMPLES: Final = N_("14:05, 2026-01-08 14:05:30 or -10m")


class TimeBase(StrEnum):
    UTC = "UTC"
    LOCAL = N_("local")
    AGE = N_("relative")


def shown(at: datetime | None, base: TimeBase, now: datetime, *, day: bool) -> str:
    """``at`` (aware) as 12 characters, 18 with the day; an age by ``now``. "" for none."""
    if at is None:
        return ""
    if base is TimeBase.AGE:
        return age((now - at).total_seconds())
    if base is TimeBase.LOCAL:
        at = at.astimezone()
    text = at.isoformat(" ", "milliseconds")
    return text[5:23] if day else text[11:23]


def age(seconds: float) -> str:
    """At most nine characters: what is old has no use for parts of seconds."""
    sign, left = ("-", seconds) if seconds >= 0 else ("+", -seconds)
    if left < 60:
        return f"{sign}{left:.1f}s"
    if left < 3600:
        return f"{sign}{int(left // 60)}m{int(left % 60):02d}s"
    if left < 86400:
        return f"{sign}{int(left // 3600)}h{int(left % 3600 // 60):02d}m"
    return f"{sign}{int(left // 86400)}d{int(left % 86400 // 3600):02d}h"


def title(base: TimeBase, now: datetime) -> str:
    """What stands above the times."""
    if base is TimeBase.UTC:
        return _("Time UTC")
    if base is TimeBase.AGE:
        return _("Age")
    return _("Time {zone}").format(zone=now.astimezone().tzname() or _("local"))


def typed(text: str, base: TimeBase, by: datetime, last: datetime) -> datetime | None:
    """The moment that was typed, aware; None where it is none.

    A clock time is of the day of ``by``, in local time where that is what is shown, else in UTC; a ``Z``
    behind it means UTC. ``-10m`` is before ``last``.
    """
    text = text.strip()
    if found := _BACK.fullmatch(text):
        try:
            return last - timedelta(seconds=int(found[1]) * _UNITS[found[2]])
        except OverflowError:
            return None
    found = _CLOCK.fullmatch(text)
    if not text or found is None or not (found[1] or found[2]):
        return None
    local = base is TimeBase.LOCAL and not found[5]
    try:
        day = _day(found[1]) if found[1] else (by.astimezone() if local else by.astimezone(UTC)).date()
        hour, minute, second = (int(part or 0) for part in found.group(2, 3, 4))
        naive = datetime(day.year, day.month, day.day, hour, minute, second)
        return naive.astimezone() if local else naive.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _day(text: str) -> date:
    year, month, day = map(int, text.split("-"))
    return date(year, month, day)

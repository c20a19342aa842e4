"""Times and ages on the command line: ``--since 2026-01-08T10:30``, ``--since 90m``."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime, timedelta
from typing import Final, TypeAlias

from cockpit.commands.saying import SaidError
from cockpit.config.language import _

When: TypeAlias = datetime | timedelta
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
FIRST_YEAR, LAST_YEAR = 1970, 9998
"""Between them every time can be shown in every zone, and looked around a little. Ours: no log is older."""


def moment(text: str) -> When:
    """A time, naive where no zone is given, or how long ago. Raises what argparse tells of."""
    if text[-1:] in _UNITS and text[:-1].isascii() and text[:-1].isdecimal() and len(text) < 12:
        try:
            return timedelta(**{_UNITS[text[-1]]: int(text[:-1])})
        except OverflowError:
            return timedelta.max
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            _("{text} is neither a time such as 2026-01-08T10:30 nor an age such as 90m").format(text=text)
        ) from None


def in_utc(when: When, local: bool = False, *, command: str = "logs") -> datetime:
    """The time in UTC; one without a zone is in UTC, or with ``local`` in this machine's. Raises ConfigError
    for one that no log can hold, in the name of ``command``."""
    try:
        found = _in_utc(when, local)
    except (OverflowError, ValueError, OSError):  # the last is of the system's own clock functions
        found = None
    if found is None or not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise SaidError(
            _(
                "{command}: a time must be in the years {first_year} to {last_year}, in UTC; an age "
                "must not reach further back."
            ).format(command=command, first_year=FIRST_YEAR, last_year=LAST_YEAR)
        )
    return found


def _in_utc(when: When, local: bool) -> datetime:
    if isinstance(when, timedelta):
        return datetime.now(UTC) - when
    if when.tzinfo is None and not local:
        return when.replace(tzinfo=UTC)
    return when.astimezone(UTC)

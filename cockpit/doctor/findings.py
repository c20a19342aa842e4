"""What a check found: one line for a person, one object for a program, one exit code for all."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Final

from cockpit.config.language import N_
from cockpit.doctor.table import CHECKS


class State(Enum):
    """How a link of the chain is. ``UNUSED``: this environment does without it. ``NOT_CHECKED``: another one
    that it hangs on is not well."""

    OK = N_("ok")
    UNUSED = N_("not used")
    WARNING = N_("warning")
    BROKEN = N_("broken")
    UNKNOWN = N_("unknown")
    NOT_CHECKED = N_("not checked")


FAILED: Final = frozenset({State.BROKEN, State.UNKNOWN, State.NOT_CHECKED})
"""What hangs on a link in one of these is not checked."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A state in words, before it is known what it is about. ``cure`` empty: the table's own, where one is
    wanted."""

    state: State
    found: str
    cure: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """``check``: an id of the table; ``subject``: the host, server or endpoint it is about; ``found``: one
    clean sentence; ``cure``: what helps, empty where nothing is wrong."""

    check: str
    subject: str
    state: State
    found: str
    cure: str = ""


OK, WARNINGS, BROKEN, UNKNOWN = 0, 1, 2, 3
"""Exit codes, in the order of monitoring plugins (design §4)."""


def exit_code(findings: Iterable[Finding]) -> int:
    """2 something is broken; else 3 something could not be told; else 1 warnings; 0 all is well."""
    states = {finding.state for finding in findings}
    if State.BROKEN in states:
        return BROKEN
    if State.UNKNOWN in states or State.NOT_CHECKED in states:
        return UNKNOWN
    return WARNINGS if State.WARNING in states else OK


def finding(check: str, subject: str, judged: Judged) -> Finding:
    """``judged`` of ``subject``, with the table's cure where one is wanted and nothing better is said."""
    wants_cure = judged.state in (State.WARNING, State.BROKEN, State.UNKNOWN)
    cure = (judged.cure or CHECKS[check].cure) if wants_cure else ""
    return Finding(check, subject, judged.state, judged.found, cure)


def ok(found: str) -> Judged:
    return Judged(State.OK, found)


def unused(why: str) -> Judged:
    return Judged(State.UNUSED, why)


def warning(found: str, cure: str = "") -> Judged:
    return Judged(State.WARNING, found, cure)


def broken(found: str, cure: str = "") -> Judged:
    return Judged(State.BROKEN, found, cure)


def unknown(found: str, cure: str = "") -> Judged:
    return Judged(State.UNKNOWN, found, cure)


def needs(link: str) -> Judged:
    """Not checked, for want of ``link``."""
    return Judged(State.NOT_CHECKED, N_("needs {link}").format(link=link))

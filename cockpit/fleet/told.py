"""What was told, in words for a person and as data for a program (docs/telling.md). Pure.

Servers' and monitors' names were cleaned where they entered; they are cleaned here once more, because they go
into other programs' variables and onto other terminals.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from cockpit.config.language import N_, _, ngettext
from cockpit.config.notify import OWN
from cockpit.config.spoken import spoken
from cockpit.exchange.text import clean_line
from cockpit.fleet.states import State
from cockpit.fleet.subjects import ORGANIZATION, Subject
from cockpit.fleet.telling import Change, Kind, Telling

SCHEMA: Final = "pop-cockpit.telling.v1"
TEXT_LIMIT: Final = 300
"""Characters of a text for people: a line of a terminal, a message on a telephone."""
LISTED: Final = 50
"""Changes of a digest that are listed; the others are counted."""
READABLE: Final = N_("readable")
"""The organization's state while it can be read: it is not healthy because of that."""


@dataclass(frozen=True, slots=True)
class Told:
    """One telling. ``at``: by our clock; ``reasons``: for the states of its subjects, where there are any."""

    telling: Telling
    environment: str
    at: datetime
    reasons: Mapping[Subject, str]

    @property
    def text(self) -> str:
        """One sentence, cleaned, in the operator's language."""
        return clean_line(_sentence(self), TEXT_LIMIT)


def word(subject: Subject, state: State) -> str:
    """The word for the state of ``subject``."""
    return READABLE if subject == ORGANIZATION and state is State.HEALTHY else state.word


def _sentence(told: Told) -> str:
    telling = told.telling
    if telling.kind is Kind.DIGEST:
        return _digest(telling)
    (change,) = telling.changes
    what, state = _what(change.subject), spoken(word(change.subject, change.after))
    if telling.kind is Kind.FLAPPING:
        return _("{what} changes to and fro: {count} changes in {time}, now {state}").format(
            what=what, count=telling.count, time=_span(telling.seconds), state=state
        )
    if telling.kind is Kind.STEADY:
        return _("{what} no longer changes to and fro: {state} for {time}").format(
            what=what, state=state, time=_span(telling.seconds)
        )
    reason = spoken(told.reasons.get(change.subject, ""))
    before = spoken(word(change.subject, change.before))
    if reason and change.after is not State.HEALTHY:
        return _("{what} is {state} (was {before}): {reason}").format(
            what=what, state=state, before=before, reason=reason
        )
    return _("{what} is {state} (was {before})").format(what=what, state=state, before=before)


def _digest(telling: Telling) -> str:
    """How many, and where those that changed stand now."""
    now = Counter(spoken(word(change.subject, change.after)) for change in telling.changes)
    return ngettext(
        "{count} more change in the last {time}: now {states}",
        "{count} more changes in the last {time}: now {states}",
        telling.count,
    ).format(
        count=telling.count,
        time=_span(telling.seconds),
        states=", ".join(f"{number} {state}" for state, number in now.items()),
    )


def _what(subject: Subject) -> str:
    if subject == ORGANIZATION:
        return _("The organization")
    if subject.monitor:
        return _("{monitor} on {server}").format(monitor=subject.monitor, server=subject.server)
    return subject.server


def _span(seconds: float) -> str:
    whole = max(1, round(seconds))
    if whole < 120:
        return _("{n} s").format(n=whole)
    return _("{n} min").format(n=round(whole / 60))


def document(told: Told) -> dict[str, Any]:
    """As data: what a hook reads on its stdin. Times in UTC."""
    telling = told.telling
    return {
        "schema": SCHEMA,
        "kind": telling.kind.value,
        "at": told.at.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "environment": clean_line(told.environment),
        "text": told.text,
        "count": telling.count,
        "seconds": round(telling.seconds, 1),
        "changes": [_change(change, told) for change in telling.changes[:LISTED]],
        "changes_left_out": max(0, len(telling.changes) - LISTED),
    }


def _change(change: Change, told: Told) -> dict[str, Any]:
    subject = change.subject
    return {
        "kind": subject.kind,
        "server": clean_line(subject.server),
        "health_set": clean_line(subject.health_set),
        "monitor": clean_line(subject.monitor),
        "target": clean_line(subject.target),
        "before": word(subject, change.before),
        "after": word(subject, change.after),
        "worse": change.is_worse,
        "reason": clean_line(told.reasons.get(subject, ""), TEXT_LIMIT),
    }


_OF_ONE: Final = ("server", "health_set", "monitor", "target", "before", "after", "worse", "reason")


def variables(facts: Mapping[str, Any]) -> dict[str, str]:
    """The same for a script that reads no JSON. What is about one subject is empty in a digest."""
    first = facts["changes"][0] if facts["kind"] != Kind.DIGEST else {}
    found = {name: str(facts[name]) for name in ("schema", "kind", "at", "environment", "text", "count")}
    for name in _OF_ONE:
        value = first.get(name, "")
        found[name] = {True: "yes", False: "no"}[value] if isinstance(value, bool) else value
    found["subject"] = first.get("kind", "")
    return {OWN + name.upper(): value for name, value in found.items()}

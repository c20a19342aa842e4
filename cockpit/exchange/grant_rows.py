"""From the rows of Get-Command to what RBAC grants (``grants.py`` says what is known of it)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from cockpit.exchange.clixml import PSObject
from cockpit.exchange.grants import USED, Grants
from cockpit.exchange.model import Reading
from cockpit.exchange.rows import text


@dataclass(frozen=True, slots=True)
class Visible:
    """One visible command. ``parameters`` in lower case; None: they were not said."""

    name: str
    parameters: frozenset[str] | None


def visible(row: PSObject) -> Visible:
    """A row of Get-Command."""
    listed = row.get("Parameters")
    if isinstance(listed, PSObject):
        listed = listed.value
    names = frozenset(str(name).lower() for name in listed) if isinstance(listed, dict) else None
    return Visible(text(row, "Name"), names)


_NOT_THERE: Final = "CommandNotFoundException"


def grants_of(answer: Reading[Visible]) -> Grants:
    """What an answer of Get-Command about :data:`USED` says. Errors that a name is not visible are the
    answer; with any other one, or without a single row, nothing is known."""
    odd = [e for e in answer.errors if not e.fully_qualified_id.startswith(_NOT_THERE)]
    if odd or not (answer.rows or answer.errors):
        return Grants()
    used = {name.lower(): {p.lower() for p in parameters} for name, parameters in USED.items()}
    return Grants(
        known=True,
        cmdlets={
            name: None if row.parameters is None else tuple(sorted(row.parameters & used[name]))
            for row in answer.rows
            if (name := row.name.lower()) in used
        },
    )

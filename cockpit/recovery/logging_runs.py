"""Which run turns protocol logging of a server on or off, and which one has it on: what an office asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from cockpit.config.environment import Environment
from cockpit.config.language import N_
from cockpit.exchange import catalogue
from cockpit.exchange.catalogue import same_server
from cockpit.exchange.pipeline import Call
from cockpit.journal.records import Json, Obligation, Question, Run
from cockpit.journal.store import Journal
from cockpit.recovery import logging_state
from cockpit.recovery.access import Access
from cockpit.recovery.actions.settings import LOGGING, change_of
from cockpit.recovery.actions.table import KEEP_FOR
from cockpit.recovery.client import RefusedError
from cockpit.recovery.holding import due_of
from cockpit.recovery.logging_view import OFF as OFF_CHOICE
from cockpit.recovery.logging_view import PUT_BACK, LoggingState
from cockpit.recovery.runbook import Runbook
from cockpit.recovery.runbooks.logging import OFF, ON, TIERS
from cockpit.recovery.scope import server_of

_BOTH: Final = "both"
_HAS_NO: Final = {
    "front": N_("it has no front end by its role"),
    "back": N_("it has no back end by its role"),
}
_HAS: Final = {"front": N_("It has: front end."), "back": N_("It has: back end.")}


def kept(seconds: int) -> Mapping[str, Json]:
    """How long it is wanted, as facts of a run; 0: as long as configured."""
    return {KEEP_FOR: seconds}


def state(journal: Journal, access: Access, environment: Environment, server: str) -> LoggingState:
    """Everything the servers say, with what the journal says of it. Raises ExchangeError, JournalError."""
    found = logging_state.read(access, server)
    owed = _owed(journal, environment.name, found.server)
    run = journal.run(owed.run) if owed is not None and owed.handed_at is None else None
    found = replace(
        found,
        now=_moment(journal.now()),
        period=environment.recovery.logging_due,
        commands=_commands(found, run),
    )
    if owed is None:
        return found
    if run is None:
        return replace(found, handed=owed.id)
    due = due_of(journal, run)
    period = float(run.facts.get(KEEP_FOR) or found.period)
    return replace(found, run=run.id, due=None if due is None else _moment(due), period=period)


def _commands(found: LoggingState, run: Run | None) -> Mapping[str, tuple[str, ...]]:
    """What each choice would send; the domain controller is added when it is known."""
    server, tiers = found.server, found.tiers
    made = {choice: _sent(server, True, parts) for choice, parts in TIERS.items() if set(parts) <= set(tiers)}
    if run is not None:
        mine = next((choice for choice, book in ON.items() if book.name == run.runbook), "")
        made[PUT_BACK] = _sent(server, False, TIERS.get(mine, ()))
    return {**made, OFF_CHOICE: _sent(server, False, tiers)}


def _sent(server: str, value: bool, tiers: Sequence[str]) -> tuple[str, ...]:
    services = {tier: service for service, tier in logging_state.TIERS.items()}
    restarts = [Call("Restart-Service", {"Name": services[tier], "Force": None}) for tier in tiers]
    return (str(change_of(LOGGING, server, value).call()), *(f"{call}    (on {server})" for call in restarts))


def owner(journal: Journal, environment: str, server: str) -> Run | None:
    """The run that has turned it on and puts it back; None: nobody's record, or handed over."""
    owed = _owed(journal, environment, server)
    return None if owed is None or owed.handed_at is not None else journal.run(owed.run)


def resting(journal: Journal, environment: str, server: str) -> tuple[Run, Question]:
    """Our run that rests with it on, and its question. Raises RefusedError where there is none."""
    run = owner(journal, environment, server)
    what = N_("Protocol logging of {server}").format(server=server)
    if run is None:
        raise RefusedError(
            what, N_("no run of ours has turned it on"), N_("Turn it on: pop-cockpit logging on.")
        )
    question = journal.open_question(run.id)
    if question is None or due_of(journal, run) is None:
        raise RefusedError(
            what,
            N_("run {run} of {operator} is at work with it on, and puts it back itself").format(
                run=run.id[:8], operator=run.operator
            ),
            N_("Watch it: pop-cockpit runs attach {run}.").format(run=run.id[:8]),
        )
    return run, question


def on(journal: Journal, access: Access, environment: str, server: str, services: str) -> Runbook:
    """The runbook that turns it on. Raises RefusedError where a run of ours has it on already, or the server
    has no such service; ExchangeError."""
    name, tiers = _tiers(access, server)
    what = N_("Turn protocol logging on on {server}").format(server=name)
    mine = owner(journal, environment, name)
    if mine is not None:
        raise RefusedError(
            what,
            N_("run {run} of {operator} has turned it on already").format(
                run=mine.id[:8], operator=mine.operator
            ),
            N_("Keep it on for longer with --for, or see it: pop-cockpit logging status."),
        )
    wanted = services or tiers[0]
    missing = [tier for tier in TIERS[wanted] if tier not in tiers]
    if missing:
        # One of two at most: a server without any was refused before.
        raise RefusedError(what, _HAS_NO[missing[0]], _HAS[tiers[0]])
    return ON[wanted]


def off(access: Access, server: str) -> Runbook:
    """The runbook that turns it off where no run of ours has it on: every service of the server may be
    writing. Raises ExchangeError, RefusedError."""
    _, tiers = _tiers(access, server)
    return OFF[tiers[0] if len(tiers) == 1 else _BOTH]


def _tiers(access: Access, server: str) -> tuple[str, tuple[str, ...]]:
    """The server's name as Exchange writes it, and the tiers it has, front end first."""
    mine = server_of(access, server)
    found = tuple(logging_state.TIERS[s] for s in catalogue.services(mine.version, mine.roles))
    if not found:
        raise RefusedError(
            N_("Protocol logging of {server}").format(server=mine.name),
            N_("it has no POP3 service by its role"),
        )
    return mine.name, found


def _owed(journal: Journal, environment: str, server: str) -> Obligation | None:
    """The oldest open one: what it was before is the true prior value."""
    found = [
        o
        for o in journal.obligations(environment=environment)
        if o.key == LOGGING and same_server(o.server, server)
    ]
    return found[0] if found else None


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)

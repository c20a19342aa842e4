"""What a change is, and what a read-only look shows of its effect.

A change is data: the call that makes it and the look that tells, at any later time and from any
process, whether it was made. It is never sent twice by itself: a call whose outcome is not known is
observed, not repeated.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from cockpit.config.language import N_
from cockpit.exchange.caller import Caller
from cockpit.exchange.cmdlets import ExchangeCmdlets
from cockpit.exchange.errors import CmdletFailedError, ExchangeError
from cockpit.exchange.model import Reading, Row
from cockpit.exchange.pipeline import Call
from cockpit.exchange.session import RawResult
from cockpit.exchange.winrm import WinRMCmdlets


class Effect(StrEnum):
    """Whether the servers show the change."""

    APPLIED = "applied"
    NOT_APPLIED = "not applied"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Observation:
    """``words``: one sentence for an operator, with the reading. ``value``: the reading itself, or None."""

    effect: Effect
    words: str
    value: object = None


class Change(Protocol):
    """What every change has, whichever endpoint it goes to.

    ``time_limit``: seconds the call itself may take, after which its outcome is *observed*.
    ``effect_limit``: seconds after the intent within which the effect may still come: until then
    "not applied" means "not yet".
    """

    @property
    def time_limit(self) -> float: ...

    @property
    def effect_limit(self) -> float: ...

    def call(self) -> Call:
        """The command as it is sent; its ``str()`` is what the operator sees."""
        ...


class ExchangeChange(Change, Protocol):
    """A change through the Exchange endpoint."""

    def observe(self, cmdlets: ExchangeCmdlets) -> Observation:
        """Look, without changing anything. Never raises ExchangeError: what cannot be read is UNKNOWN."""
        ...


class WinRMChange(Change, Protocol):
    """A change through the WinRM endpoint of ``server``."""

    @property
    def server(self) -> str: ...

    def observe(self, cmdlets: WinRMCmdlets) -> Observation:
        """Look, without changing anything. Never raises ExchangeError: what cannot be read is UNKNOWN."""
        ...


EFFECT_GRACE = 30.0
"""Seconds added to a call's time limit for its effect to show; our own number, the sheet is silent."""


def send(caller: Caller, change: Change) -> RawResult:
    """Send the change once; warnings are in the result.

    Raises ExchangeError; a non-terminating error record too is CmdletFailedError, with the record.
    After any of them, and after RestartComputer's lost connection, only ``observe`` tells what was done.
    """
    call = change.call()
    result = caller.run(call, repeatable=False)
    if result.errors:
        raise CmdletFailedError(
            N_("{cmdlet} at {server} reported an error").format(
                cmdlet=call.cmdlet, server=caller.target.server
            ),
            result.errors[0],
        )
    return result


def applied(words: str, value: object = None) -> Observation:
    return Observation(Effect.APPLIED, words, value)


def not_applied(words: str, value: object = None) -> Observation:
    return Observation(Effect.NOT_APPLIED, words, value)


def unknown(words: str, value: object = None) -> Observation:
    return Observation(Effect.UNKNOWN, words, value)


def judged(is_so: bool, words: str, value: object = None) -> Observation:
    """APPLIED or NOT_APPLIED, by a reading that leaves no third way."""
    return applied(words, value) if is_so else not_applied(words, value)


def looked(look: Callable[[], Observation]) -> Observation:
    """The look's own observation, or UNKNOWN with the words of the error that stopped it."""
    try:
        return look()
    except ExchangeError as error:
        return unknown(N_("It could not be read: {sentence}").format(sentence=sentence(error)))


def sentence(error: Exception) -> str:
    """The error's words, ending in one full stop."""
    return f"{str(error).rstrip('. ')}."


def silent(what: str, reading: Reading[Row]) -> Observation:
    """UNKNOWN for a read that did not give the row asked for, with the server's own words."""
    said = (*reading.warnings, *(e.message for e in reading.errors))
    why = "; ".join(words.rstrip(". ") for words in said) or N_("nothing was said why")
    return unknown(N_("{what} was not in the answer: {why}.").format(what=what, why=why))

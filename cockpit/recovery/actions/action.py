"""What an action is, and what it is given. Actions know servers, not the journal."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

from cockpit.config.environment import RecoverySettings
from cockpit.config.language import N_
from cockpit.exchange.changes import Effect, Observation
from cockpit.exchange.errors import ExchangeError
from cockpit.exchange.pipeline import Call
from cockpit.journal.records import NewObligation, Obligation, Run
from cockpit.recovery.access import Access
from cockpit.recovery.runbook import Step

READ_LIMIT: Final = 120.0


def confirmed(seen: Observation, what: str) -> str:
    """The words of an effect that is there. Raises NotDoneError where it is not, ExchangeError where
    nobody can say yet: the answer of a command is never taken for its effect."""
    if seen.effect is Effect.NOT_APPLIED:
        raise NotDoneError(
            N_("{what} did not take effect").format(what=what), seen.words, N_("Look at the server by hand.")
        )
    if seen.effect is Effect.UNKNOWN:
        raise ExchangeError(N_("It is not known whether {what} took effect").format(what=what), seen.words)
    return seen.words


class NotDoneError(ExchangeError):
    """The command came to its end, and the effect is not there."""


@dataclass(frozen=True, slots=True)
class Context:
    """``obligations``: this run's own open ones. ``say``: a line of live output.

    ``pause``: wait that many seconds, unless the operator wishes otherwise. ``now``: the journal's clock.
    """

    run: Run
    step: Step
    access: Access
    settings: RecoverySettings
    obligations: tuple[Obligation, ...]
    say: Callable[[str], None]
    pause: Callable[[float], None]
    now: Callable[[], float]

    @property
    def server(self) -> str:
        return self.run.server

    @property
    def facts(self) -> Mapping[str, Any]:
        return self.run.facts

    @property
    def comment(self) -> str:
        """For cmdlets that take a comment, so that Exchange's own audit log names the run."""
        return f"pop-cockpit run {self.run.id[:8]}"

    def obligation(self, key: str) -> Obligation | None:
        """The newest open obligation of this run for a key of its server."""
        found = [o for o in self.obligations if o.key == key and o.server.lower() == self.server.lower()]
        return found[-1] if found else None


@dataclass(frozen=True, slots=True)
class Done:
    """A result. ``words``: one sentence. ``facts``: what the run keeps. ``data``: evidence, as JSON."""

    outcome: str
    words: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Prepared:
    """What was read before anything is sent.

    ``before``: kept with the intent. ``opens``: obligations of the same transaction.
    ``instead``: the result where there is nothing to send. ``doubt``: why a person should look first.
    """

    before: Mapping[str, Any] = field(default_factory=dict)
    opens: tuple[NewObligation, ...] = ()
    instead: Done | None = None
    doubt: str = ""


def evidence(context: Context, of: str, outcome: str, words: str) -> dict[str, Any]:
    """What a probe or monitor has shown, as a fact with its time (seconds, the journal's clock)."""
    return {"evidence": {"of": of, "outcome": outcome, "words": words, "at": int(context.now())}}


@dataclass(frozen=True, slots=True)
class Hand:
    """What a person can run where we cannot. ``where``: on which host, in which shell, as whom.

    ``word``: whether the operator's word suffices where its effect cannot be seen from here. What can always
    be read back, such as a setting, is never taken on anybody's word.
    """

    command: str
    where: str
    word: bool


def in_exchange(cmdlet: str) -> str:
    """Where a command of the Exchange endpoint is run by hand."""
    return N_("in the Exchange Management Shell, as somebody whose management role has {cmdlet}").format(
        cmdlet=cmdlet
    )


class Action(ABC):
    """One verb of the runbooks. ``outcomes``: what it may end in. ``changes``: it sends something that
    changes a server, so without a result it is in doubt and is observed, never blindly repeated."""

    outcomes: ClassVar[frozenset[str]]
    changes: ClassVar[bool] = False
    on_machine: ClassVar[bool] = False
    """Whether it needs the WinRM endpoint of its server."""

    @abstractmethod
    def command(self, context: Context) -> str:
        """Exactly what would be sent now, for display; empty where nothing is."""

    def sent(self, context: Context, before: Mapping[str, Any]) -> str:
        """Exactly what is sent after ``before`` was read; where reading adds nothing, :meth:`command`."""
        return self.command(context)

    def calls(self, context: Context) -> tuple[Call, ...]:
        """What it runs on the Exchange endpoint that RBAC may not grant, as it would be sent."""
        return ()

    def limit(self, context: Context) -> float:
        """Seconds after the intent within which an effect may still come."""
        return READ_LIMIT

    def prepare(self, context: Context) -> Prepared:
        """Read what has to be known before. Raises ExchangeError."""
        return Prepared()

    @abstractmethod
    def perform(self, context: Context, before: Mapping[str, Any]) -> Done:
        """Do it. Raises ExchangeError; for a changing action its effect is in doubt then."""

    def observe(self, context: Context, before: Mapping[str, Any]) -> Observation:
        """Look, read-only, whether the effect is there. Only asked of changing actions."""
        raise TypeError(f"{type(self).__name__} changes nothing, so there is nothing to observe")

    def observed(self, context: Context, before: Mapping[str, Any], words: str) -> Done:
        """The result of an effect that was seen rather than answered."""
        return Done("done", words)

    def hand(self, context: Context, before: Mapping[str, Any]) -> Hand | None:
        """The same as a command for a person; None where nobody can do it for us.

        ``before`` may be empty: then nothing could be read before.
        """
        return None

    def seen(self, context: Context, before: Mapping[str, Any], since: float) -> Observation:
        """What shows of :meth:`hand`, ``since`` seconds after it was offered, by the journal's clock."""
        return self.observe(context, before)

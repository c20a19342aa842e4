"""Actions that set a value which was there before with another one, and those that put it back."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Final

from cockpit.config.language import N_
from cockpit.exchange.changes import (
    ExchangeChange,
    Observation,
    SetActivationPolicy,
    SetComponentState,
    SetMoveNow,
    SetProtocolLog,
)
from cockpit.exchange.errors import ExchangeError
from cockpit.exchange.pipeline import Call
from cockpit.journal.records import NewObligation
from cockpit.recovery.access import Access
from cockpit.recovery.actions.action import Action, Context, Done, Hand, Prepared, confirmed, in_exchange
from cockpit.recovery.consent import CHANGED_MEANWHILE
from cockpit.recovery.guards.service import POP_PROXY
from cockpit.recovery.whole import rows_of, whole

MOVE_NOW: Final = "DatabaseCopyActivationDisabledAndMoveNow"
POLICY: Final = "DatabaseCopyAutoActivationPolicy"
LOGGING: Final = "ProtocolLogEnabled"


def change_of(key: str, server: str, value: Any, domain_controller: str = "") -> ExchangeChange:
    """The change that gives ``key`` of ``server`` a value. Raises KeyError for another key."""
    if key == MOVE_NOW:
        return SetMoveNow(server, bool(value), domain_controller)
    if key == POLICY:
        return SetActivationPolicy(server, str(value), domain_controller)
    if key == LOGGING:
        return SetProtocolLog(server, bool(value), domain_controller)
    raise KeyError(key)


@dataclass(frozen=True, slots=True)
class Value:
    """A setting as read, and the domain controller that gave it: written there, it is seen there."""

    value: Any
    domain_controller: str


def read_value(access: Access, key: str, server: str, domain_controller: str = "") -> Value:
    """The present value of ``key``. Raises ExchangeError, also where the answer does not say it."""
    at = domain_controller
    if key == LOGGING:
        for settings in whole(
            access.read(lambda c: c.get_pop_settings(server, domain_controller=at)), "Get-PopSettings"
        ):
            if settings.protocol_log_enabled is not None:
                return Value(settings.protocol_log_enabled, settings.originating_server)
    else:
        answer = access.read(lambda c: c.get_mailbox_server(server, domain_controller=at))
        for host in whole(answer, "Get-MailboxServer"):
            found = host.activation_disabled_and_move_now if key == MOVE_NOW else host.activation_policy
            if found not in (None, ""):
                return Value(found, host.originating_server)
    raise ExchangeError(
        N_("{key} of {server} was not read").format(key=key, server=server),
        cure=N_("Read it by hand and try again."),
    )


def same(one: Any, other: Any) -> bool:
    """Values as Exchange compares them: enum words in any case."""
    return str(one).lower() == str(other).lower()


def _hand(change: ExchangeChange) -> Hand:
    """By whoever may; a setting is always read back."""
    call = change.call()
    return Hand(str(call), in_exchange(call.cmdlet), word=False)


class SetValue(Action):
    """Set ``key`` to ``wanted``. Where it is so already nothing is sent, and nothing will be put back."""

    outcomes: ClassVar = frozenset({"done", "already"})
    changes: ClassVar = True
    key: ClassVar[str]
    wanted: ClassVar[Any]
    owes: ClassVar = True
    """Whether the prior value has to be put back."""

    def _change(self, context: Context, before: Mapping[str, Any]) -> ExchangeChange:
        return change_of(self.key, context.server, self.wanted, str(before.get("dc", "")))

    def command(self, context: Context) -> str:
        return str(self._change(context, {}).call())

    def sent(self, context: Context, before: Mapping[str, Any]) -> str:
        return str(self._change(context, before).call())

    def calls(self, context: Context) -> tuple[Call, ...]:
        return (self._change(context, {}).call(),)

    def limit(self, context: Context) -> float:
        return self._change(context, {}).effect_limit

    def prepare(self, context: Context) -> Prepared:
        read = read_value(context.access, self.key, context.server)
        prior = read.value
        before = {"prior": prior, "dc": read.domain_controller, **self.also(context)}
        if same(prior, self.wanted):
            # With an open obligation of ours it came late from an attempt of ours: then it is done.
            ours = context.obligation(self.key) is not None
            words = N_("{key} of {server} is {prior} already").format(
                key=self.key, server=context.server, prior=prior
            )
            done = Done(
                "done" if ours else "already",
                f"{words}." if ours else N_("{words}, so it will stay.").format(words=words),
            )
            return Prepared(before, instead=replace(done, facts=self._kept(context, before)))
        opens = (NewObligation(context.server, self.key, prior, self.wanted),) if self.owes else ()
        return Prepared(before, opens)

    def also(self, context: Context) -> dict[str, Any]:
        """More that has to be known before."""
        return {}

    def facts(self, before: Mapping[str, Any]) -> dict[str, Any]:
        return {}

    def _kept(self, context: Context, before: Mapping[str, Any]) -> dict[str, Any]:
        """With the domain controller, so that what undoes it asks the same."""
        at = {**context.facts.get("dc", {}), self.key: before.get("dc", "")}
        return {**self.facts(before), "dc": at}

    def perform(self, context: Context, before: Mapping[str, Any]) -> Done:
        for warning in context.access.send(self._change(context, before)).warnings:
            context.say(f"WARNING: {warning}")
        return self.observed(context, before, confirmed(self.observe(context, before), self.key))

    def observe(self, context: Context, before: Mapping[str, Any]) -> Observation:
        return context.access.read(self._change(context, before).observe)

    def observed(self, context: Context, before: Mapping[str, Any], words: str) -> Done:
        return Done("done", words, self._kept(context, before))

    def hand(self, context: Context, before: Mapping[str, Any]) -> Hand | None:
        return _hand(self._change(context, before)) if "prior" in before else None


class BlockActivation(SetValue):
    key: ClassVar = POLICY
    wanted: ClassVar = "Blocked"


class MoveDatabases(SetValue):
    key: ClassVar = MOVE_NOW
    wanted: ClassVar = True

    def also(self, context: Context) -> dict[str, Any]:
        """Where everything was: recovery-engine §3.2, *prior values stored*."""
        answer = context.access.read(lambda c: c.get_mailbox_database_copy_status(context.server))
        copies = rows_of(answer, "Get-MailboxDatabaseCopyStatus")
        return {
            "copies": {
                c.database: {
                    "active": c.is_active_state,
                    "status": c.status,
                    "preference": c.activation_preference,
                    "suspended": c.activation_suspended,
                }
                for c in copies
            }
        }

    def facts(self, before: Mapping[str, Any]) -> dict[str, Any]:
        active = {d: c["preference"] for d, c in before.get("copies", {}).items() if c["active"]}
        return {"active_before": active}


class TurnLoggingOn(SetValue):
    key: ClassVar = LOGGING
    wanted: ClassVar = True


class ClearLogging(SetValue):
    """Off, where no record says who turned it on: the prior value is kept, and nothing is owed."""

    key: ClassVar = LOGGING
    wanted: ClassVar = False
    owes: ClassVar = False


class RestoreValue(Action):
    """Put the prior value of this run's obligation back, and read it back."""

    outcomes: ClassVar = frozenset({"done", "nothing"})
    changes: ClassVar = True
    key: ClassVar[str]

    def command(self, context: Context) -> str:
        obligation = context.obligation(self.key)
        if obligation is None:
            return ""
        return str(change_of(self.key, obligation.server, obligation.prior).call())

    def limit(self, context: Context) -> float:
        return change_of(self.key, "server", self._any()).effect_limit

    def sent(self, context: Context, before: Mapping[str, Any]) -> str:
        return str(self._change(context, before).call())

    def calls(self, context: Context) -> tuple[Call, ...]:
        return (change_of(self.key, context.server, self._any()).call(),)

    @abstractmethod
    def _any(self) -> Any:
        """A value of the right type, to ask the change for its limits."""

    def prepare(self, context: Context) -> Prepared:
        obligation = context.obligation(self.key)
        if obligation is None:
            return Prepared(
                instead=Done("nothing", N_("{key} was not changed by this run.").format(key=self.key))
            )
        at = str(context.facts.get("dc", {}).get(self.key, ""))
        read = self._read(context, obligation.server, at)
        now = read.value
        before = {"now": now, "prior": obligation.prior, "dc": read.domain_controller}
        if same(now, obligation.prior):
            return Prepared(
                before,
                instead=Done("done", N_("{key} is {now} again already.").format(key=self.key, now=now)),
            )
        if not same(now, obligation.wanted):
            doubt = N_(
                "{key} of {server} is {now}: this run had set {wanted} and wants to put {prior} back."
            ).format(
                key=self.key,
                server=obligation.server,
                now=now,
                wanted=obligation.wanted,
                prior=obligation.prior,
            )
            return Prepared(before, doubt=f"{doubt} {CHANGED_MEANWHILE}")
        return Prepared(before)

    def _read(self, context: Context, server: str, at: str) -> Value:
        """From the domain controller that was written; from another where that one does not answer."""
        if at:
            try:
                return read_value(context.access, self.key, server, at)
            except ExchangeError as error:
                another = N_("Another domain controller is asked.")
                context.say(f"{at}: {error}. {another}")
        return read_value(context.access, self.key, server)

    def _change(self, context: Context, before: Mapping[str, Any]) -> ExchangeChange:
        return change_of(self.key, context.server, before["prior"], str(before.get("dc", "")))

    def perform(self, context: Context, before: Mapping[str, Any]) -> Done:
        for warning in context.access.send(self._change(context, before)).warnings:
            context.say(f"WARNING: {warning}")
        return Done("done", confirmed(self.observe(context, before), self.key))

    def observe(self, context: Context, before: Mapping[str, Any]) -> Observation:
        return context.access.read(self._change(context, before).observe)

    def hand(self, context: Context, before: Mapping[str, Any]) -> Hand | None:
        return _hand(self._change(context, before)) if "prior" in before else None


class RestoreMoveNow(RestoreValue):
    key: ClassVar = MOVE_NOW

    def _any(self) -> Any:
        return False


class RestorePolicy(RestoreValue):
    key: ClassVar = POLICY

    def _any(self) -> Any:
        return "Unrestricted"


class RestoreLogging(RestoreValue):
    """The setting only: a running service picks it up at its next start (exchange-facts §4.1)."""

    key: ClassVar = LOGGING

    def perform(self, context: Context, before: Mapping[str, Any]) -> Done:
        done = super().perform(context, before)
        later = N_("The running service logs on until its next restart.")
        return replace(done, words=f"{done.words} {later}")

    def _any(self) -> Any:
        return False


class ActivateComponent(Action):
    """Take HealthApi's vote on PopProxy back. Not undone: it is itself the undoing of a vote."""

    outcomes: ClassVar = frozenset({"done"})
    changes: ClassVar = True

    def _change(self, context: Context) -> SetComponentState:
        return SetComponentState(context.server, POP_PROXY, "HealthAPI", "Active")

    def command(self, context: Context) -> str:
        return str(self._change(context).call())

    def calls(self, context: Context) -> tuple[Call, ...]:
        return (self._change(context).call(),)

    def limit(self, context: Context) -> float:
        return self._change(context).effect_limit

    def perform(self, context: Context, before: Mapping[str, Any]) -> Done:
        context.access.send(self._change(context))
        return self.observed(context, before, confirmed(self.observe(context, before), POP_PROXY))

    def observe(self, context: Context, before: Mapping[str, Any]) -> Observation:
        return context.access.read(self._change(context).observe)

    def observed(self, context: Context, before: Mapping[str, Any], words: str) -> Done:
        return Done("done", words, {"evidence": {}})

    def hand(self, context: Context, before: Mapping[str, Any]) -> Hand:
        return _hand(self._change(context))

"""The changes made through the Exchange endpoint: each is its call and the look that tells its effect.

Parameters are bound, never concatenated. ``Confirm`` is bound false, so that nothing asks: the
question was put to the operator before. Time limits are our own numbers, the sheet is silent; only
that moves take minutes is known (exchange-facts §2.8 [C]).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from cockpit.config.language import N_
from cockpit.exchange.catalogue import same_server
from cockpit.exchange.cmdlets import ExchangeCmdlets
from cockpit.exchange.model import DatabaseCopyStatus, MailboxServer, RequesterVote, ServerComponentState
from cockpit.exchange.observation import EFFECT_GRACE as EFFECT_GRACE
from cockpit.exchange.observation import Change as Change
from cockpit.exchange.observation import Effect as Effect
from cockpit.exchange.observation import ExchangeChange as ExchangeChange
from cockpit.exchange.observation import Observation as Observation
from cockpit.exchange.observation import WinRMChange as WinRMChange
from cockpit.exchange.observation import applied, judged, looked, not_applied, silent, unknown
from cockpit.exchange.observation import send as send
from cockpit.exchange.pipeline import Call, ParameterValue
from cockpit.exchange.server_changes import RestartComputer as RestartComputer
from cockpit.exchange.server_changes import RestartService as RestartService
from cockpit.exchange.server_changes import StartService as StartService

SET_SECONDS: Final = 60.0
MOVE_SECONDS: Final = 300.0


class _Set:
    """A Set- cmdlet: quick, and what it wrote can be read at once."""

    @property
    def time_limit(self) -> float:
        return SET_SECONDS

    @property
    def effect_limit(self) -> float:
        return SET_SECONDS + EFFECT_GRACE


class _Move:
    """A Move- cmdlet: works until the databases are mounted elsewhere."""

    @property
    def time_limit(self) -> float:
        return MOVE_SECONDS

    @property
    def effect_limit(self) -> float:
        return MOVE_SECONDS + EFFECT_GRACE


def _changing(
    cmdlet: str, parameters: dict[str, ParameterValue], time_limit: float, domain_controller: str = ""
) -> Call:
    if domain_controller:
        parameters["DomainController"] = domain_controller
    parameters["Confirm"] = False
    empty = [name for name, value in parameters.items() if value == ""]
    if empty:
        raise ValueError(f"{cmdlet}: {', '.join(empty)} must not be empty")
    return Call(cmdlet, parameters, time_limit=time_limit)


@dataclass(frozen=True, slots=True)
class SetProtocolLog(_Set):
    """POP's protocol logging on or off. Takes effect with the next restart of the services (§2.6)."""

    server: str
    enabled: bool
    domain_controller: str = ""

    def call(self) -> Call:
        return _changing(
            "Set-PopSettings",
            {"Server": self.server, "ProtocolLogEnabled": self.enabled},
            self.time_limit,
            self.domain_controller,
        )

    def observe(self, cmdlets: ExchangeCmdlets) -> Observation:
        return looked(lambda: self._look(cmdlets))

    def _look(self, cmdlets: ExchangeCmdlets) -> Observation:
        answer = cmdlets.get_pop_settings(self.server, domain_controller=self.domain_controller)
        found = next((s for s in answer.rows if same_server(s.server, self.server)), None)
        if found is None:
            return silent(N_("ProtocolLogEnabled of {server}").format(server=self.server), answer)
        now = found.protocol_log_enabled
        if now is None:
            return unknown(N_("{server} did not say its ProtocolLogEnabled.").format(server=self.server))
        return judged(
            now == self.enabled,
            N_("ProtocolLogEnabled of {server} is {now}.").format(server=self.server, now=now),
            now,
        )


@dataclass(frozen=True, slots=True)
class SetMoveNow(_Set):
    """DatabaseCopyActivationDisabledAndMoveNow. True moves what can be moved, within minutes; False only
    unblocks and moves nothing back (§0 fact 4). Observed is the setting, not the moves."""

    server: str
    value: bool
    domain_controller: str = ""

    def call(self) -> Call:
        return _changing(
            "Set-MailboxServer",
            {"Identity": self.server, "DatabaseCopyActivationDisabledAndMoveNow": self.value},
            self.time_limit,
            self.domain_controller,
        )

    def observe(self, cmdlets: ExchangeCmdlets) -> Observation:
        return looked(lambda: self._look(cmdlets))

    def _look(self, cmdlets: ExchangeCmdlets) -> Observation:
        found = _mailbox_server(cmdlets, self.server, self.domain_controller)
        if isinstance(found, Observation):
            return found
        now = found.activation_disabled_and_move_now
        if now is None:
            return unknown(
                N_("{server} did not say its DatabaseCopyActivationDisabledAndMoveNow.").format(
                    server=self.server
                )
            )
        words = N_("DatabaseCopyActivationDisabledAndMoveNow of {server} is {now}.").format(
            server=self.server, now=now
        )
        return judged(now == self.value, words, now)


@dataclass(frozen=True, slots=True)
class SetActivationPolicy(_Set):
    """DatabaseCopyAutoActivationPolicy: Unrestricted, IntrasiteOnly or Blocked (§2.8)."""

    server: str
    policy: str
    domain_controller: str = ""

    def call(self) -> Call:
        return _changing(
            "Set-MailboxServer",
            {"Identity": self.server, "DatabaseCopyAutoActivationPolicy": self.policy},
            self.time_limit,
            self.domain_controller,
        )

    def observe(self, cmdlets: ExchangeCmdlets) -> Observation:
        return looked(lambda: self._look(cmdlets))

    def _look(self, cmdlets: ExchangeCmdlets) -> Observation:
        found = _mailbox_server(cmdlets, self.server, self.domain_controller)
        if isinstance(found, Observation):
            return found
        now = found.activation_policy
        if not now:
            return unknown(
                N_("{server} did not say its DatabaseCopyAutoActivationPolicy.").format(server=self.server)
            )
        words = N_("DatabaseCopyAutoActivationPolicy of {server} is {now}.").format(
            server=self.server, now=now
        )
        return judged(now.lower() == self.policy.lower(), words, now)


def _mailbox_server(
    cmdlets: ExchangeCmdlets, server: str, domain_controller: str
) -> MailboxServer | Observation:
    answer = cmdlets.get_mailbox_server(server, domain_controller=domain_controller)
    found = next((s for s in answer.rows if same_server(s.name, server)), None)
    return silent(server, answer) if found is None else found


@dataclass(frozen=True, slots=True)
class SetComponentState(_Set):
    """One requester's vote on a component (§2.10): only the same requester can take it back."""

    server: str
    component: str
    requester: str
    state: str

    def call(self) -> Call:
        return _changing(
            "Set-ServerComponentState",
            {
                "Identity": self.server,
                "Component": self.component,
                "Requester": self.requester,
                "State": self.state,
            },
            self.time_limit,
        )

    def observe(self, cmdlets: ExchangeCmdlets) -> Observation:
        return looked(lambda: self._look(cmdlets))

    def _look(self, cmdlets: ExchangeCmdlets) -> Observation:
        answer = cmdlets.get_server_component_state(self.server)
        name = self.component.lower()
        found = next(
            (c for c in answer.rows if c.component.lower() == name and same_server(c.server, self.server)),
            None,
        )
        if found is None:
            what = N_("{component} of {server}").format(component=self.component, server=self.server)
            return silent(what, answer)
        return self._judge(found)

    def _judge(self, found: ServerComponentState) -> Observation:
        """By the requester's own votes, which are kept twice and may disagree (§2.10). A requester without
        a vote is against nothing: then the component's Active shows that it need not vote for it."""
        votes = [v for v in found.votes if v.requester.lower() == self.requester.lower()]
        kept = {_vote(v) for v in votes}
        if not votes:
            is_so = self.state.lower() == found.state.lower() == "active"
            words = N_("{component} of {server} is {state}; {requester} has no vote.")
            return judged(is_so, self._said(words, found), found.state)
        if len(kept) > 1:
            each = ", ".join(f"{v.state} ({v.where})" for v in votes)
            words = N_("{component} of {server} is {state}; {requester} votes {votes}, which disagree.")
            return unknown(self._said(words, found, each), found.state)
        words = N_("{component} of {server} is {state}; {requester} votes {votes}.")
        return judged(kept == {self.state.lower()}, self._said(words, found, votes[0].state), found.state)

    def _said(self, words: str, found: ServerComponentState, votes: str = "") -> str:
        return words.format(
            component=self.component,
            server=self.server,
            state=found.state,
            requester=self.requester,
            votes=votes,
        )


def _vote(vote: RequesterVote) -> str:
    return vote.state.lower()


@dataclass(frozen=True, slots=True)
class ActivateDatabase(_Move):
    """Make ``target``'s copy of ``database`` the active one. ``comment`` goes into Exchange's own log."""

    database: str
    target: str
    comment: str

    def call(self) -> Call:
        return _changing(
            "Move-ActiveMailboxDatabase",
            {"Identity": self.database, "ActivateOnServer": self.target, "MoveComment": self.comment},
            self.time_limit,
        )

    def observe(self, cmdlets: ExchangeCmdlets) -> Observation:
        """APPLIED only when it is mounted there, NOT_APPLIED only when it is mounted elsewhere: while it
        moves, and where it is not mounted at all, nobody can say yet."""
        return looked(lambda: self._look(cmdlets))

    def _look(self, cmdlets: ExchangeCmdlets) -> Observation:
        answer = cmdlets.get_database_copies(self.database)
        active = [c for c in answer.rows if c.is_active_state and c.database.lower() == self.database.lower()]
        if not active:
            return silent(N_("An active copy of {database}").format(database=self.database), answer)
        each = (N_("{status} on {server}").format(status=c.status, server=c.server) for c in active)
        words = N_("The active copy of {database}: {copies}.").format(
            database=self.database, copies=", ".join(each)
        )
        if len(active) > 1 or not _is_mounted(active[0]):
            return unknown(words)
        server = active[0].server
        return judged(same_server(server, self.target), words, server)


@dataclass(frozen=True, slots=True)
class ActivatePreferred(_Move):
    """Bring back to ``server`` the databases that prefer it (ActivationPreference 1)."""

    server: str
    comment: str

    def call(self) -> Call:
        return _changing(
            "Move-ActiveMailboxDatabase",
            {"ActivatePreferredOnServer": self.server, "MoveComment": self.comment},
            self.time_limit,
        )

    def observe(self, cmdlets: ExchangeCmdlets) -> Observation:
        return looked(lambda: self._look(cmdlets))

    def _look(self, cmdlets: ExchangeCmdlets) -> Observation:
        answer = cmdlets.get_mailbox_database_copy_status(self.server)
        copies = [c for c in answer.rows if same_server(c.server, self.server)]
        if not copies or answer.errors:
            return silent(N_("Every copy on {server}").format(server=self.server), answer)
        unsaid = [c for c in copies if c.activation_preference is None]
        if unsaid:
            return unknown(
                N_("No ActivationPreference was given for {names} on {server}.").format(
                    names=_names(unsaid), server=self.server
                )
            )
        return self._judge([c for c in copies if c.activation_preference == 1])

    def _judge(self, preferred: list[DatabaseCopyStatus]) -> Observation:
        if not preferred:
            return applied(N_("No database prefers {server}.").format(server=self.server), ())
        here = [c for c in preferred if c.is_active_state]
        unmounted = [c for c in here if not _is_mounted(c)]
        value = tuple(c.database for c in here)
        if unmounted:
            return unknown(
                N_("Active on {server} but not mounted: {names}.").format(
                    server=self.server, names=_names(unmounted)
                ),
                value,
            )
        away = [c for c in preferred if not c.is_active_state]
        if away:
            return not_applied(
                N_("Not active on {server}, which they prefer: {names}.").format(
                    server=self.server, names=_names(away)
                ),
                value,
            )
        return applied(
            N_("Active on {server}, which they prefer: {names}.").format(
                server=self.server, names=_names(here)
            ),
            value,
        )


def _is_mounted(copy: DatabaseCopyStatus) -> bool:
    return copy.status.lower() == "mounted"


def _names(copies: list[DatabaseCopyStatus]) -> str:
    return ", ".join(f"{c.database} ({c.status})" for c in copies)

"""One Exchange session of the collector's, and who may answer for it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from cockpit.config.environment import Environment
from cockpit.config.secrets import Secret
from cockpit.config.targets import exchange_target
from cockpit.exchange.cmdlets import ExchangeCmdlets
from cockpit.exchange.errors import ExchangeError, SignInError
from cockpit.exchange.refusals import WINRM_REFUSALS, Refusals
from cockpit.exchange.session import EXCHANGE, Session

_T = TypeVar("_T")


class EntryFailure(Exception):  # noqa: N818 -- wraps the error that is the failure
    """No entry server could be asked; ``error``: what one of them said."""

    def __init__(self, error: ExchangeError) -> None:
        super().__init__(str(error))
        self.error = error


class SignInGate:
    """Shut by the first refused sign-in, for every lane: each further try counts towards a lock-out. With
    Basic, where every request is a sign-in, also for the lanes that have a shell.

    ``refusals``: of the account, asked by every session for itself; ``winrm``: of the WinRM endpoints, which
    may refuse whom Exchange accepts.
    """

    def __init__(self) -> None:
        self._refusal: ExchangeError | None = None
        self.refusals = Refusals()
        self.winrm = Refusals(WINRM_REFUSALS, self.refusals)
        self.forgiven_at = float("-inf")
        """When a shell was last opened (a sign-in that was accepted) or somebody acted; by the monotonic
        clock."""

    def pass_or_raise(self) -> None:
        """Raises EntryFailure while the gate is shut."""
        if (refusal := self._refusal) is not None:
            raise EntryFailure(refusal)

    @property
    def is_shut(self) -> bool:
        return self._refusal is not None

    def shut(self, refusal: ExchangeError) -> None:
        self._refusal = refusal

    @property
    def holds(self) -> bool:
        """Whether it stays shut until somebody acts: a password was refused."""
        return self.refusals.held is not None

    def open(self) -> None:
        """Somebody has acted. Shells that a refusal left behind may be tried for as well: those who hold one
        ask :attr:`refusals` first, so that one refused try is the last."""
        self._refusal = None
        self.forgiven_at = time.monotonic()
        self.refusals.forget()
        self.winrm.forget()

    def try_again(self) -> None:
        """By itself, which it does not while it :attr:`holds`."""
        if not self.holds:
            self._refusal = None

    def accepted(self) -> None:
        self.forgiven_at = time.monotonic()


class EntrySession:
    """One Exchange session that moves on to the next entry server when its own falls silent."""

    def __init__(
        self,
        environment: Environment,
        secret: Secret | None,
        first: int,
        on_shell: Callable[[int], None],
        gate: SignInGate,
    ) -> None:
        self._environment = environment
        self._secret = secret
        self._at = first % len(environment.entry_servers)
        self._on_shell = on_shell
        self._gate = gate
        self._sessions: dict[int, Session] = {}
        self._cut = False

    def use(self, job: Callable[[ExchangeCmdlets], _T]) -> _T:
        """Run ``job`` with cmdlets of an entry server that answers.

        Raises ExchangeError for what concerns the job itself, EntryFailure when no entry server works.
        """
        failed: list[ExchangeError] = []
        for left in reversed(range(len(self._environment.entry_servers))):
            session = self._current()
            try:
                if session.signs_in:
                    self._gate.pass_or_raise()
                if not session.is_open:
                    self.clean_up()
                    session.open()
                return job(ExchangeCmdlets(session, self._environment.polling.time_limit))
            except ExchangeError as error:
                if not error.session_lost:
                    raise
                self._next()
                if isinstance(error, SignInError):
                    self._gate.shut(error)
                failed.append(error)
                if not error.elsewhere:
                    raise EntryFailure(error) from error
                if left == 0:
                    # As long as one of them may come back by itself, it is waited for.
                    told = next((each for each in failed if each.retry), error)
                    raise EntryFailure(told) from error
        raise AssertionError("an environment has at least one entry server")

    @property
    def is_open(self) -> bool:
        return any(session.is_open for session in tuple(self._sessions.values()))

    def open(self) -> None:
        """Have a session, on whichever entry server gives one. Raises EntryFailure."""
        self.use(lambda _: None)

    def open_here(self) -> None:
        """Have a session on the present entry server. Raises ExchangeError."""
        try:
            self._gate.pass_or_raise()
            self.clean_up()
            self._current().open()
        except EntryFailure as failure:
            raise failure.error from failure
        except SignInError as error:
            self._gate.shut(error)
            raise

    def follow(self, other: EntrySession) -> None:
        """Ask the entry server that ``other`` asks. Only while this one is closed."""
        self._at = other._at

    @property
    def untidy(self) -> bool:
        """Whether it knows of shells that could not be deleted."""
        return any(session.untidy for session in tuple(self._sessions.values()))

    def clean_up(self) -> None:
        """Delete shells that could not be deleted before: they count against the same quota. A sign-in that
        was refused is tried again for them once another one was accepted."""
        for session in self._sessions.values():
            session.forgive(self._gate.forgiven_at)
            session.clean_up()

    def close(self) -> None:
        for session in self._sessions.values():
            session.forgive(self._gate.forgiven_at)
            if self._gate.is_shut and session.signs_in:
                session.hold_back()
            session.close()

    def cut(self) -> None:
        """At the end: delete its shell over a connection of its own, from any thread (``Session.cut``). No
        entry server is asked any more."""
        self._cut = True
        for session in tuple(self._sessions.values()):
            session.cut()

    def _current(self) -> Session:
        if self._at not in self._sessions:
            target = exchange_target(self._environment, self._environment.entry_servers[self._at])
            user = self._environment.credential.user
            self._sessions[self._at] = Session(
                target, EXCHANGE, user, self._secret, self._shell_changed, refusals=self._gate.refusals
            )
            if self._cut:
                self._sessions[self._at].cut()
        return self._sessions[self._at]

    def _shell_changed(self, change: int) -> None:
        if change > 0:
            self._gate.accepted()
        self._on_shell(change)

    def _next(self) -> None:
        self._current().close()
        self._at = (self._at + 1) % len(self._environment.entry_servers)

"""A run's way to the servers: reads that may move on to the next entry server, sends that never do.

One thread only. Every session is opened when first needed and closed with the access.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol, TypeVar

from cockpit.config.environment import Environment
from cockpit.config.language import N_
from cockpit.config.secrets import Secret
from cockpit.config.targets import Target, exchange_target, winrm_target
from cockpit.exchange.changes import ExchangeChange, WinRMChange, send
from cockpit.exchange.cmdlets import ExchangeCmdlets
from cockpit.exchange.errors import ExchangeError, SignInError
from cockpit.exchange.patience import patiently
from cockpit.exchange.refusals import WINRM_REFUSALS, Refusals
from cockpit.exchange.session import EXCHANGE, WINRM, RawResult, Session
from cockpit.exchange.winrm import WinRMCmdlets
from cockpit.poplog.source import LogSource
from cockpit.poplog.sources import on_share
from cockpit.recovery.log_source import OverWinRM

_T = TypeVar("_T")

READ_SECONDS: Final = 45.0


class NotSentError(ExchangeError):
    """No session could be had: nothing was sent."""


class NoWinRMError(ExchangeError):
    """The WinRM endpoint of a server cannot be used at all: it is switched off for the environment, cannot
    be reached, or refuses us. What would be sent there can still be run by hand, on the server itself."""

    retry = False
    session_lost = False


def no_winrm(server: str, error: ExchangeError | None) -> NoWinRMError:
    """That error for ``server``; ``error``: why no session was had, None where it is switched off."""
    what = N_("WinRM of {server} cannot be used").format(server=server)
    if error is None:
        why = N_("it is switched off for this environment")
        return NoWinRMError(what, why, N_("Run the command by hand, or set winrm.enabled = true."))
    return NoWinRMError(
        what, str(error), N_("{cure} Or run the command by hand.").format(cure=error.cure).strip()
    )


class Access(Protocol):
    """What a run needs of the organization. All raise ExchangeError."""

    def read(self, job: Callable[[ExchangeCmdlets], _T]) -> _T:
        """Run a read; on another entry server when one has fallen silent."""

    def look(self, server: str, job: Callable[[WinRMCmdlets], _T]) -> _T:
        """Run a read on the WinRM endpoint of ``server``. NoWinRMError: no session could be had there."""

    def logs(self, server: str, folder: str, job: Callable[[LogSource], _T]) -> _T:
        """Run a read on the protocol logs in ``folder`` of ``server``, over the way the environment names.
        Raises LogError too."""

    def send(self, change: ExchangeChange) -> RawResult:
        """Send a change once. An error after it may have been sent leaves it in doubt."""

    def act(self, change: WinRMChange) -> RawResult:
        """Send a change to the WinRM endpoint of its server, once. NotSentError with NoWinRMError as its
        cause: no session could be had there."""

    def fence(self, check: Callable[[], None]) -> None:
        """Call ``check`` just before every send; what it raises keeps the send from happening."""

    def forgive(self) -> None:
        """Try to sign in again where it was refused: an operator has decided something meanwhile."""

    def avoid(self, server: str) -> None:
        """Ask another entry server from now on, where there is one: this one is about to go down."""

    def close(self) -> None: ...


class Sessions:
    """Access over real sessions. Where all of the user's shells are taken, it waits its turn for one."""

    def __init__(
        self, environment: Environment, secret: Secret | None, fqdn: Callable[[str], str] = lambda name: name
    ) -> None:
        """``fqdn``: a server's full name by its short one, for the WinRM naming rule."""
        self._environment = environment
        self._secret = secret
        self._fqdn = fqdn
        self._order = list(environment.entry_servers)
        self._exchange: dict[str, Session] = {}
        self._winrm: dict[str, Session] = {}
        self._refused: dict[Session, SignInError] = {}
        self._refusals = Refusals()
        self._winrm_refusals = Refusals(WINRM_REFUSALS, self._refusals)
        self._check: Callable[[], None] = lambda: None

    def read(self, job: Callable[[ExchangeCmdlets], _T]) -> _T:
        return patiently(lambda: self._read(job))

    def _read(self, job: Callable[[ExchangeCmdlets], _T]) -> _T:
        for left in reversed(range(len(self._order))):
            session = self._entry()
            try:
                self._open(session)
                return job(ExchangeCmdlets(session, READ_SECONDS))
            except ExchangeError as error:
                if not error.session_lost or left == 0 or not error.elsewhere:
                    raise
                self._order.append(self._order.pop(0))
        raise AssertionError("an environment has at least one entry server")

    def send(self, change: ExchangeChange) -> RawResult:
        # Opening may move on; once opened, what is sent is sent to that one server, once.
        try:
            self.read(lambda _: None)
        except ExchangeError as error:
            raise NotSentError(error.what, error.cause, error.cure) from error
        self._check()
        return send(self._entry(), change)

    def look(self, server: str, job: Callable[[WinRMCmdlets], _T]) -> _T:
        return job(WinRMCmdlets(self._opened(server)))

    def logs(self, server: str, folder: str, job: Callable[[LogSource], _T]) -> _T:
        if self._environment.logs != "smb":
            return self.look(server, lambda w: job(OverWinRM(w.log_files(folder), server)))
        source = on_share(self._environment, self._secret, server, self._fqdn(server), folder)
        try:
            return job(source)
        finally:
            source.close()

    def act(self, change: WinRMChange) -> RawResult:
        try:
            session = self._opened(change.server)
        except NoWinRMError as error:
            raise NotSentError(error.what, error.cause, error.cure) from error
        self._check()
        return send(session, change)

    def fence(self, check: Callable[[], None]) -> None:
        self._check = check

    @property
    def holds(self) -> bool:
        """Whether Exchange refused the account; nothing signs in any more until :meth:`forgive`."""
        return self._refusals.held is not None

    def forgive(self) -> None:
        self._refused.clear()
        self._refusals.forget()
        self._winrm_refusals.forget()

    def avoid(self, server: str) -> None:
        others = [s for s in self._order if s.split(".")[0].lower() != server.lower()]
        if others and len(others) < len(self._order):
            self._order = [*others, *(s for s in self._order if s not in others)]

    def close(self) -> None:
        for session in (*self._exchange.values(), *self._winrm.values()):
            session.close()

    def cut(self) -> bool:
        """End every session at once, from any thread; True when each had a shell, and it is gone."""
        gone = [session.cut() for session in (*self._exchange.values(), *self._winrm.values())]
        return bool(gone) and all(gone)

    def _entry(self) -> Session:
        server = self._order[0]
        if server not in self._exchange:
            self._exchange[server] = self._session(exchange_target(self._environment, server), EXCHANGE)
        return self._exchange[server]

    def _machine(self, server: str) -> Session:
        if server not in self._winrm:
            target = winrm_target(self._environment, server, self._fqdn(server))
            self._winrm[server] = self._session(target, WINRM)
        return self._winrm[server]

    def _opened(self, server: str) -> Session:
        """The WinRM session of ``server``, open. Raises NoWinRMError."""
        if not self._environment.winrm.enabled:
            raise no_winrm(server, None)
        session = self._machine(server)
        try:
            self._open(session)
        except ExchangeError as error:
            raise no_winrm(server, error) from error
        return session

    def _session(self, target: Target, configuration: str) -> Session:
        refusals = self._refusals if configuration == EXCHANGE else self._winrm_refusals
        user = self._environment.credential.user
        return Session(target, configuration, user, self._secret, refusals=refusals)

    def _open(self, session: Session) -> None:
        """Open once signed in; a refused sign-in is not tried again: each try counts towards a lock-out."""
        if session.is_open:
            return
        if session in self._refused:
            raise self._refused[session]
        try:
            session.open()
        except SignInError as error:
            self._refused[session] = error
            raise


class NoAccess:
    """Access that reaches nobody: for showing commands."""

    def read(self, job: Callable[[ExchangeCmdlets], _T]) -> _T:  # noqa: ARG002
        raise ExchangeError(N_("No server is asked here"))

    def look(self, server: str, job: Callable[[WinRMCmdlets], _T]) -> _T:  # noqa: ARG002
        raise ExchangeError(N_("No server is asked here"))

    def logs(self, server: str, folder: str, job: Callable[[LogSource], _T]) -> _T:  # noqa: ARG002
        raise ExchangeError(N_("No server is asked here"))

    def send(self, change: ExchangeChange) -> RawResult:  # noqa: ARG002
        raise ExchangeError(N_("Nothing is sent here"))

    def act(self, change: WinRMChange) -> RawResult:  # noqa: ARG002
        raise ExchangeError(N_("Nothing is sent here"))

    def fence(self, check: Callable[[], None]) -> None:  # noqa: ARG002
        return

    def forgive(self) -> None:
        return

    def avoid(self, server: str) -> None:  # noqa: ARG002
        return

    def close(self) -> None:
        return

"""Opening a shell at an endpoint, and which link of the chain an error there belongs to."""

from __future__ import annotations

import threading

from cockpit.config.environment import Environment
from cockpit.config.language import N_
from cockpit.config.secrets import Secret
from cockpit.config.targets import Target
from cockpit.doctor.readings import Opening
from cockpit.exchange import errors as e
from cockpit.exchange.refusals import WINRM_REFUSALS, Refusals
from cockpit.exchange.session import Patience, Session

_KERBEROS = (
    ("spn", ("the KDC knows no service", "the server could not read the ticket")),
    ("clock", ("the clocks are", "the ticket is not good yet: clocks", "the KDC's clock")),
)
"""By how the causes of ``exchange.kerberos`` begin."""


def link_of(error: e.ExchangeError) -> str:
    """The check that ``error``, of opening a shell, is an answer to."""
    if isinstance(error, e.CertificateError):
        return "tls"
    if isinstance(error, e.EndpointNotFoundError | e.UnavailableError):
        return "path"
    if isinstance(error, e.KerberosError):
        return next((link for link, begins in _KERBEROS if error.cause.startswith(begins)), "sign-in")
    if isinstance(error, e.SignInError | e.MissingLibraryError | e.NotGrantedError):
        return "sign-in"
    return "shell"


class Gate:
    """Opens shells. Until one sign-in was taken they are tried one by one, and after a refused one no other
    is tried: each counts towards a lock-out of the account. Later on one server may refuse whom others took;
    after a few in a row no other is tried either."""

    def __init__(self, environment: Environment, secret: Secret | None) -> None:
        self._user = environment.credential.user
        self._secret = secret
        self._one_by_one = threading.Lock()
        self._proven = False
        self._refused_at = ""
        self._refusals = Refusals(WINRM_REFUSALS)

    def session(self, target: Target, configuration: str, seconds: float) -> Session:
        """A session that is not open yet; ``seconds``: for opening it."""
        patience = Patience(open=seconds)
        return Session(
            target, configuration, self._user, self._secret, patience=patience, refusals=self._refusals
        )

    def open(self, session: Session, where: str) -> Opening:
        """Open it. Never raises an ExchangeError."""
        if self._proven:
            return self._held() if self._refusals.held is not None else self._tried(session, where)
        with self._one_by_one:
            return self._held() if self._refused_at else self._tried(session, where)

    def _held(self) -> Opening:
        return Opening(
            held=N_(
                "needs sign-in of {endpoint}, which was refused: each try counts towards a lock-out"
            ).format(endpoint=self._refused_at)
        )

    def _tried(self, session: Session, where: str) -> Opening:
        try:
            session.open()
        except e.ExchangeError as error:
            if isinstance(error, e.SignInError):
                self._refused_at = where
            return Opening(error)
        self._proven = True
        return Opening()

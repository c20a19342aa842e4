"""Signing in at an endpoint: what is refused before anything is sent, whose tickets are taken, and what an
operator can do when it fails."""

from __future__ import annotations

import re
import stat
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import requests
import spnego
from cryptography import x509
from pypsrp.wsman import WSMan
from requests.auth import HTTPBasicAuth

from cockpit.config.language import N_
from cockpit.config.secrets import Secret
from cockpit.config.targets import Target
from cockpit.exchange import kerberos, tickets, tls
from cockpit.exchange.errors import (
    CertificateError,
    ExchangeError,
    KerberosError,
    MissingLibraryError,
    SignInError,
    from_wire,
    is_wire_error,
    untried,
)
from cockpit.exchange.negotiation import Negotiation
from cockpit.exchange.refusals import Refusals

_HOST: Final = re.compile(r"[\w.-]+|\[?[0-9A-Fa-f:.]+\]?")
"""Names of hosts come from a server's answers too: no character of one may mean anything else in a URL."""
SEALING: Final = ("kerberos", "negotiate", "ntlm")
"""Sign-ins that seal messages by themselves; the others need TLS."""


class _Basic(HTTPBasicAuth):
    """Every request is a sign-in."""

    def __init__(self, user: str | bytes, password: str | bytes, refusals: Refusals) -> None:
        super().__init__(user, password)
        self._refusals = refusals

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Raises SignInError."""
        self._refusals.check()
        signed: requests.PreparedRequest = super().__call__(request)  # type: ignore[no-untyped-call]
        return signed


class SignIn:
    """How and as whom to sign in at one endpoint. ``secret`` None: with tickets, or a certificate."""

    def __init__(
        self, target: Target, user: str, secret: Secret | None, refusals: Refusals | None = None
    ) -> None:
        """``refusals``: asked whenever the password is about to be used, on whatever connection."""
        self.target = target
        self.user = user
        self.secret = secret
        self.refusals = refusals or Refusals()
        self._own_cache = f"MEMORY:{uuid.uuid4()}"

    @property
    def spn_host(self) -> str:
        return self.target.spn_host or self.target.host

    @property
    def spn(self) -> str:
        return f"{self.target.service}/{self.spn_host}"

    def check(self) -> None:
        """Raises ExchangeError for what must not be sent, or cannot, before anything is."""
        target = self.target
        if not _HOST.fullmatch(target.host):
            raise untried(
                N_("{host} is no name of a host, so nobody is asked there").format(host=target.host),
                cure=N_("Look at what Get-ExchangeServer says of the server's Name and Fqdn."),
            )
        if not target.tls and target.auth not in SEALING:
            raise untried(
                N_("{url} is plain HTTP, and {auth} has no message encryption of its own").format(
                    url=target.url, auth=target.auth
                ),
                N_("everybody on the way would read it"),
                N_(
                    "Set tls = true, or write the address as https://; over plain HTTP only auth = kerberos, "
                    "negotiate and ntlm seal what they send."
                ),
            )
        if target.auth in ("basic", "ntlm") and (self.secret is None or not self.user):
            raise untried(
                N_("{auth} at {url} wants a user and a password").format(auth=target.auth, url=target.url),
                cure=N_("Give credential.user and credential.password."),
            )
        if target.auth == "kerberos" and "\\" in self.user:
            raise untried(
                N_("Kerberos knows no user {user}").format(user=self.user),
                cure=N_("Write credential.user as user@REALM."),
            )
        if target.auth == "certificate":
            if target.certificate is None:
                what = N_("auth is certificate, and there is no certificate")
                raise untried(what, cure=N_("Give certificate, a PEM file."))
            self._check_dates(self._check_file("certificate", target.certificate))
            if target.certificate_key is not None:
                self._check_file("certificate_key", target.certificate_key)

    def _check_file(self, key: str, path: str) -> str:
        """The text of a PEM file of ours. Raises CertificateError."""
        try:
            text = Path(path).read_text(encoding="ascii", errors="replace")
            mode = Path(path).stat().st_mode
        except OSError as error:
            cause = error.strerror or str(error)
            raise CertificateError(
                N_("{key} {path} cannot be read").format(key=key, path=path),
                cause,
                N_("Correct {key}.").format(key=key),
            ) from error
        if "PRIVATE KEY" in text and mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise CertificateError(
                N_("Others can read the key in {path}").format(path=path),
                cure=N_("Run: chmod 600 {path}").format(path=path),
            )
        if "ENCRYPTED" in text and self.secret is None:
            # OpenSSL would ask on the terminal, in the middle of a screen.
            cure = N_("Give its password as credential.password.")
            raise CertificateError(N_("The key in {path} is encrypted").format(path=path), cure=cure)
        return text

    def _check_dates(self, text: str) -> None:
        """Raises CertificateError for a certificate that no server takes; most say nothing, but go away."""
        path, now = self.target.certificate, datetime.now(UTC)
        try:
            ours = x509.load_pem_x509_certificate(text.encode("ascii", "replace"))
        except ValueError as error:
            what = N_("certificate {path} holds no certificate").format(path=path)
            raise CertificateError(what, str(error), N_("Give the PEM file of it.")) from error
        if not ours.not_valid_before_utc <= now <= ours.not_valid_after_utc:
            what = N_("The certificate in {path} is not good now").format(path=path)
            raise CertificateError(
                what,
                N_("it is good from {start:%Y-%m-%d} to {end:%Y-%m-%d}").format(
                    start=ours.not_valid_before_utc, end=ours.not_valid_after_utc
                ),
                N_("Have it renewed."),
            )

    def session(self, wsman: WSMan, left: Callable[[], float]) -> requests.Session:
        """Connections for ``wsman`` that sign in like this. ``left``: seconds there are for it, by then."""
        http: requests.Session = wsman.transport._build_session()
        secret = self.secret.value if self.secret is not None else None
        certificate = self.target.auth == "certificate"
        http.mount("https://", tls.Adapter(self.target, secret if certificate else None))
        if self.target.auth in SEALING:
            http.auth = Negotiation(self, left, sealed=bool(wsman.transport.wrap_required))
        elif self.target.auth == "basic" and secret is not None:
            http.auth = _Basic(_octets(self.user), _octets(secret), self.refusals)
        # pypsrp has already taken proxies and CA bundle from the environment; asking again for each
        # request costs more than the request.
        http.trust_env = False
        return http

    def credentials(self, ahead: float | None) -> list[Any]:
        """For pyspnego, anew for each sign-in: the best first. May wait for a KDC.

        ``ahead``: as in :meth:`explained`. Raises ExchangeError.
        """
        password = [spnego.Password(self.user, self.secret.value)] if self.secret is not None else []
        if self.target.auth == "ntlm" or (password and "\\" in self.user):
            return password
        try:
            cache = self._with_ticket()
            spnego.client(
                cache, hostname=self.spn_host, service=self.target.service, protocol="kerberos"
            ).step()
        except ExchangeError:
            raise
        except Exception as error:
            if not is_wire_error(error):
                raise
            if self.target.auth == "kerberos" or not password or kerberos.locks_out(error):
                raise self.explained(error, ahead) from error
            return password
        return [cache, *password]

    def _with_ticket(self) -> spnego.KerberosCCache:
        """The cache of this user, with a ticket. Raises what Kerberos does, ExchangeError, ImportError."""
        name = tickets.principal_of(self.user)
        if self.secret is not None:
            tickets.get(name, self.secret.value, self._own_cache)
            return spnego.KerberosCCache(self._own_cache)
        try:
            return spnego.KerberosCCache(tickets.good(name).cache)
        except tickets.TicketError as error:
            what = N_("There is no ticket for {url}").format(url=self.target.url)
            raise KerberosError(what, str(error), error.cure) from error

    def explained(self, error: BaseException, ahead: float | None) -> ExchangeError:
        """``error`` of the exchange of tokens. ``ahead``: how far the server's clock is, in seconds."""
        url = self.target.url
        if isinstance(error, ImportError):
            return MissingLibraryError(
                N_("Cannot sign in at {url}").format(url=url), str(error), tickets.EXTRA_CURE
            )
        facts = kerberos.Facts(self.user, self.spn, tickets.kinit(self.user))
        reason = kerberos.reason(error, facts)
        if reason is None:
            return from_wire(error, url)
        kind = SignInError if reason.kind is kerberos.Kind.REFUSED else KerberosError
        cause = f"{reason.cause}{kerberos.clocks(ahead)}"
        return kind(N_("Kerberos sign-in at {url} failed").format(url=url), cause, reason.cure)


def _octets(text: str) -> str | bytes:
    """For Basic: Latin-1 as requests has it, UTF-8 where that cannot say it (RFC 7617 leaves it open)."""
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode()
    return text

"""Who is calling: Basic, client certificates, and Negotiate/NTLM/Kerberos with WinRM's message encryption
(psrp-wire §2).

An :class:`Authenticator` gives each TCP connection a :class:`Gate`, since http.sys binds the security context
to the connection.
"""

from __future__ import annotations

import base64
import binascii
import logging
import os
import secrets
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from cockpit.lab.wire import sealing
from cockpit.lab.wire.acceptors import (
    Acceptor,
    ChannelBinding,
    KerberosAcceptor,
    RefusedError,
    SpnegoAcceptor,
)
from cockpit.lab.wire.certificate import principal_of
from cockpit.lab.wire.http import Request, Response
from cockpit.lab.wire.sealing import SOAP

log = logging.getLogger(__name__)

MUTUAL = "http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/https/mutual"
"""What stands in Authorization when the TLS client certificate is to be looked at (DSP0226 annex)."""
NTLM = b"NTLMSSP\x00"
_ERROR_PAGE = (
    b'<html xmlns="http://www.w3.org/1999/xhtml"><head><title>500</title></head>'
    b"<body><h1>Server Error</h1></body></html>"
)
"""Well-formed, so that pypsrp takes it for a fault without details."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """A known caller with a readable body; ``answer`` makes (and seals) what goes back, ``reject`` asks for
    a new sign-in and forgets this one."""

    user: str
    body: bytes
    answer: Callable[[int, bytes], Response]
    reject: Callable[[], Response]


class Gate(Protocol):
    """The security state of one connection."""

    def admit(self, request: Request) -> Admitted | Response:
        """The caller, or the answer that goes on with (or refuses) the handshake."""


class Authenticator(Protocol):
    def gate(self, certificate: bytes | None = None) -> Gate:
        """For a new connection. ``certificate``: the client's, DER, where TLS was given one."""


def _plain(status: int, body: bytes) -> Response:
    return Response(status, (("Content-Type", SOAP),), body)


class Basic:
    """HTTP Basic; user names match without regard to case, as Windows accounts do."""

    def __init__(self, users: Mapping[str, str]) -> None:
        self._users = {name.lower(): (name, password) for name, password in users.items()}

    def gate(self, certificate: bytes | None = None) -> Gate:  # noqa: ARG002  # whoever is at the other end
        return self

    def admit(self, request: Request) -> Admitted | Response:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        user = self._user(token) if scheme.lower() == "basic" else None
        if user is None:
            return self._challenge()
        return Admitted(user, request.body, _plain, self._challenge)

    @staticmethod
    def _challenge() -> Response:
        return Response(401, (("WWW-Authenticate", 'Basic realm="WSMAN"'),))

    def _user(self, token: str) -> str | None:
        try:
            raw = base64.b64decode(token)
        except binascii.Error:
            return None
        try:
            decoded = raw.decode()
        except UnicodeDecodeError:  # requests sends Latin-1, as RFC 7617 leaves open
            decoded = raw.decode("latin-1")
        name, _, password = decoded.partition(":")
        known = self._users.get(name.lower())
        if known is None or not secrets.compare_digest(known[1].encode(), password.encode()):
            return None
        return known[0]


class ClientCertificate:
    """A certificate that TLS has verified, mapped to an account by the principal name in it.

    WinRM's mapping goes by issuer and subject ([M]; the sheet is silent); here the issuer is the only one
    that the TLS context trusts. ``users``: principal names (UPNs).
    """

    def __init__(self, users: Collection[str]) -> None:
        self._users = {user.lower(): user for user in users}

    def gate(self, certificate: bytes | None = None) -> Gate:
        user = self._users.get(principal_of(certificate).lower()) if certificate else None
        return _CertificateGate(user)


@dataclass(frozen=True, slots=True)
class _CertificateGate:
    user: str | None

    def admit(self, request: Request) -> Admitted | Response:
        if self.user is None or request.headers.get("authorization", "").lower() != MUTUAL:
            return self._challenge()
        return Admitted(self.user, request.body, _plain, self._challenge)

    @staticmethod
    def _challenge() -> Response:
        return Response(401, (("WWW-Authenticate", MUTUAL),))


@dataclass(frozen=True, slots=True)
class Keys:
    """A server's Kerberos keys. ``names``: the hosts of ``HTTP/…`` in ``keytab`` that are this server's."""

    keytab: Path
    names: frozenset[str]


class Negotiate:
    """NTLM and Kerberos, by themselves or within SPNEGO.

    ``protocol``: ``negotiate`` (both), ``ntlm`` or ``kerberos``; Kerberos wants ``keys``.
    ``schemes``: the HTTP schemes offered; any of the three is taken.
    ``require_encryption`` refuses plain bodies; switch it off under TLS, where Windows takes them.
    ``binding``: the channel that sign-ins are to be bound to, under TLS.
    ``ntlm_page``: an NTLM token is answered with a page and an error, as Exchange's front end does: pypsrp's
    issue #187, "No details returned by the server", is what such a page makes of it. Which status the real
    one gives, and what its page says, no source tells: 500 here.
    NTLM looks its users up in a process-wide file: :func:`install_ntlm_users`.
    """

    def __init__(
        self,
        protocol: str = "negotiate",
        *,
        schemes: tuple[str, ...] = ("Negotiate",),
        require_encryption: bool = True,
        keys: Keys | None = None,
        binding: ChannelBinding | None = None,
        ntlm_page: bool = False,
    ) -> None:
        self._protocol = protocol
        self._keys = keys
        self._binding = binding
        self.schemes = schemes
        self.require_encryption = require_encryption
        self.ntlm_page = ntlm_page

    def gate(self, certificate: bytes | None = None) -> Gate:  # noqa: ARG002  # whoever is at the other end
        return _NegotiateGate(self)

    def acceptor(self, token: bytes) -> Acceptor:
        """A context for what a first token opens. Raises RefusedError."""
        if NTLM in token or self._keys is None:
            if self._protocol == "kerberos":
                raise RefusedError("NTLM is not taken here")
            return SpnegoAcceptor(self._protocol, self._binding)
        if self._protocol == "ntlm":
            raise RefusedError("Kerberos is not taken here")
        return KerberosAcceptor(self._keys.keytab, self._keys.names, self._binding)


class _NegotiateGate:
    def __init__(self, owner: Negotiate) -> None:
        self._owner = owner
        self._context: Acceptor | None = None

    def admit(self, request: Request) -> Admitted | Response:
        reply: tuple[tuple[str, str], ...] = ()
        scheme, _, text = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() in ("negotiate", "kerberos", "ntlm"):
            try:
                token = base64.b64decode(text)
                if self._owner.ntlm_page and NTLM in token:
                    return Response(500, (("Content-Type", "text/html"),), _ERROR_PAGE)
                answer = self._step(token)
            except (RefusedError, binascii.Error) as error:
                log.info("handshake refused: %s", error)
                self._context = None
                return self._challenge(scheme, getattr(error, "token", b""))
            if answer:
                reply = (_authenticate(scheme, answer),)
        context = self._context
        if context is None:
            return self._challenge()
        if not context.complete:
            return Response(401, reply)
        if not request.body:  # the empty POST with which pypsrp ends the handshake (psrp-wire §2)
            return Response(200, reply)
        return self._open(context, request, reply)

    def _challenge(self, scheme: str = "", token: bytes = b"") -> Response:
        if token:
            return Response(401, (_authenticate(scheme, token),))
        return Response(401, tuple(("WWW-Authenticate", s) for s in self._owner.schemes))

    def _reject(self) -> Response:
        self._context = None
        return self._challenge()

    def _step(self, token: bytes) -> bytes:
        if self._context is None or self._context.complete:
            self._context = self._owner.acceptor(token)
        return self._context.step(token)

    def _open(
        self, context: Acceptor, request: Request, reply: tuple[tuple[str, str], ...]
    ) -> Admitted | Response:
        kind = request.headers.get("content-type", "")
        if not sealing.is_sealed(kind):
            if self._owner.require_encryption:
                return Response(500, reply)
            return Admitted(
                context.user,
                request.body,
                lambda status, body: Response(status, (("Content-Type", SOAP), *reply), body),
                self._reject,
            )
        try:
            plain = sealing.unseal(context, request.body)
        except RefusedError as error:
            log.info("body refused: %s", error)
            return Response(400, reply)
        protocol = sealing.protocol_of(kind)

        def answer(status: int, body: bytes) -> Response:
            sealed = (("Content-Type", sealing.content_type(protocol)), *reply)
            return Response(status, sealed, sealing.seal(context, body, protocol))

        return Admitted(context.user, plain, answer, self._reject)


def _authenticate(scheme: str, token: bytes) -> tuple[str, str]:
    return "WWW-Authenticate", f"{scheme} {base64.b64encode(token).decode()}"


def install_ntlm_users(path: Path, users: Mapping[str, str]) -> None:
    r"""Let pyspnego's NTLM server know ``users``: ``DOMAIN\user`` or ``user@REALM`` to password.

    The file is named by the environment, so it holds for the whole process; its passwords are plain text.
    """
    lines = []
    for name, password in users.items():
        domain, slash, user = name.rpartition("\\")
        lines.append(f"{domain}:{user}:{password}\n" if slash else f":{name}:{password}\n")
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        os.fchmod(descriptor, 0o600)
        file.writelines(lines)
    os.environ["NTLM_USER_FILE"] = str(path)

"""Who is calling: Basic, and Negotiate/NTLM/Kerberos with WinRM's message encryption (psrp-wire §2).

An :class:`Authenticator` gives each TCP connection a :class:`Gate`, since http.sys binds the security context
to the connection.
"""

from __future__ import annotations

import base64
import binascii
import logging
import os
import re
import secrets
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import spnego
from spnego.exceptions import SpnegoError

from cockpit.lab.wire.http import Request, Response

log = logging.getLogger(__name__)

SOAP = "application/soap+xml;charset=UTF-8"
_BOUNDARY = "Encrypted Boundary"
_PAYLOAD = b"Content-Type: application/octet-stream\r\n"


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
    def gate(self) -> Gate:
        """For a new connection."""


def _plain(status: int, body: bytes) -> Response:
    return Response(status, (("Content-Type", SOAP),), body)


class Basic:
    """HTTP Basic; user names match without regard to case, as Windows accounts do."""

    def __init__(self, users: Mapping[str, str]) -> None:
        self._users = {name.lower(): (name, password) for name, password in users.items()}

    def gate(self) -> Gate:
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


class Negotiate:
    """SPNEGO, NTLM or Kerberos.

    ``protocol`` is pyspnego's (``negotiate``, ``ntlm``, ``kerberos``); ``scheme`` the HTTP one offered.
    ``require_encryption`` refuses plain bodies; switch it off under TLS, where Windows takes them.
    NTLM looks its users up in a process-wide file: :func:`install_ntlm_users`.
    """

    def __init__(
        self,
        protocol: str = "negotiate",
        *,
        scheme: str = "Negotiate",
        require_encryption: bool = True,
        hostname: str | None = None,
        service: str | None = None,
    ) -> None:
        self._protocol = protocol
        self._hostname = hostname
        self._service = service
        self.scheme = scheme
        self.require_encryption = require_encryption

    def gate(self) -> Gate:
        return _NegotiateGate(self)

    def context(self) -> spnego.ContextProxy:
        return spnego.server(
            hostname=self._hostname or "unspecified",
            service=self._service or "host",
            protocol=self._protocol,
            options=spnego.NegotiateOptions.wrapping_winrm,
        )


class _NegotiateGate:
    def __init__(self, owner: Negotiate) -> None:
        self._owner = owner
        self._context: spnego.ContextProxy | None = None

    def admit(self, request: Request) -> Admitted | Response:
        reply: tuple[tuple[str, str], ...] = ()
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() in ("negotiate", "kerberos", "ntlm"):
            out = self._step(token)
            if out is None:
                return self._challenge()
            if out:
                reply = (("WWW-Authenticate", f"{scheme} {base64.b64encode(out).decode()}"),)
        context = self._context
        if context is None:
            return self._challenge()
        if not context.complete:
            return Response(401, reply)
        if not request.body:  # the empty POST with which pypsrp ends the handshake (psrp-wire §2)
            return Response(200, reply)
        return self._open(context, request, reply)

    def _challenge(self) -> Response:
        return Response(401, (("WWW-Authenticate", self._owner.scheme),))

    def _reject(self) -> Response:
        self._context = None
        return self._challenge()

    def _step(self, token: str) -> bytes | None:
        if self._context is None or self._context.complete:
            self._context = self._owner.context()
        try:
            return self._context.step(base64.b64decode(token)) or b""
        except (SpnegoError, binascii.Error, ValueError) as error:  # bad password, bad MIC, unknown SPN
            log.info("handshake refused: %s", error)
            self._context = None
            return None

    def _open(
        self, context: spnego.ContextProxy, request: Request, reply: tuple[tuple[str, str], ...]
    ) -> Admitted | Response:
        kind = request.headers.get("content-type", "")
        user = str(context.client_principal or "")
        if not kind.startswith("multipart/encrypted"):
            if self._owner.require_encryption:
                return Response(500, reply)
            return Admitted(
                user,
                request.body,
                lambda status, body: Response(status, (("Content-Type", SOAP), *reply), body),
                self._reject,
            )
        protocol = re.search(r'protocol="([^"]+)"', kind)
        try:
            plain = _unseal(context, request.body)
        except (SpnegoError, ValueError, struct.error) as error:  # sealed for another connection, or tampered
            log.info("body refused: %s", error)
            return Response(400, reply)
        name = protocol.group(1) if protocol else "application/HTTP-SPNEGO-session-encrypted"

        def answer(status: int, body: bytes) -> Response:
            sealed_type = f'multipart/encrypted;protocol="{name}";boundary="{_BOUNDARY}"'
            return Response(status, (("Content-Type", sealed_type), *reply), _seal(context, body, name))

        return Admitted(user, plain, answer, self._reject)


def _unseal(context: spnego.ContextProxy, body: bytes) -> bytes:
    """MS-WSMV 2.2.9.1. Windows and pypsrp indent part headers with a tab, Ruby does not (psrp-wire §2)."""
    start = body.index(_PAYLOAD) + len(_PAYLOAD)
    data = body[start : body.rindex(b"--" + _BOUNDARY.encode())]
    size = struct.unpack("<i", data[:4])[0]
    return context.unwrap_winrm(data[4 : 4 + size], data[4 + size :])


def _seal(context: spnego.ContextProxy, plain: bytes, protocol: str) -> bytes:
    sealed = context.wrap_winrm(plain)
    length = len(plain) + sealed.padding_length
    head = (
        f"--{_BOUNDARY}\r\n\tContent-Type: {protocol}\r\n"
        f"\tOriginalContent: type={SOAP};Length={length}\r\n"
        f"--{_BOUNDARY}\r\n\tContent-Type: application/octet-stream\r\n"
    )
    blob = struct.pack("<i", len(sealed.header)) + sealed.header + sealed.data
    return head.encode() + blob + f"--{_BOUNDARY}--\r\n".encode()


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

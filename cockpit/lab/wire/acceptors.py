"""The server's half of a sign-in: NTLM by pyspnego, Kerberos by the system's GSSAPI from a keytab.

An acceptor is one security context. Channel bindings (RFC 5929, ``tls-server-end-point``) are checked as
WinRM's CbtHardeningLevel has it ([M], the sheet is silent): ``none`` not at all, ``relaxed`` if the client
gives one, ``strict`` always.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol

import spnego
from spnego.exceptions import SpnegoError

Hardening = Literal["none", "relaxed", "strict"]
_AUTHENTICATE = b"NTLMSSP\x00\x03\x00\x00\x00"
_AV_CHANNEL_BINDINGS = 0x000A
_NO_BINDING = bytes(16)


class RefusedError(Exception):
    """The client is not let in. ``token``: what Kerberos wants it told, may be empty."""

    def __init__(self, reason: str, token: bytes = b"") -> None:
        super().__init__(reason)
        self.token = token


class Sealed(NamedTuple):
    """``padding``: how many bytes longer than the plain text ``data`` is by the cipher's blocks."""

    header: bytes
    data: bytes
    padding: int


@dataclass(frozen=True, slots=True)
class ChannelBinding:
    """What a client's token must be bound to. ``end_point``: ``tls-server-end-point:`` and the hash of the
    server's certificate."""

    end_point: bytes
    hardening: Hardening = "relaxed"


class Acceptor(Protocol):
    """One security context. ``user``: who it is, once ``complete``."""

    @property
    def complete(self) -> bool: ...
    @property
    def user(self) -> str: ...
    def step(self, token: bytes) -> bytes:
        """What to answer to the client's token. Raises RefusedError."""

    def seal(self, plain: bytes) -> Sealed: ...
    def unseal(self, header: bytes, data: bytes) -> bytes:
        """Raises RefusedError for what was sealed elsewhere, or changed."""


class SpnegoAcceptor:
    """pyspnego: NTLM, by itself or within SPNEGO."""

    def __init__(self, protocol: str, binding: ChannelBinding | None) -> None:
        self._binding = binding
        self._context = spnego.server(protocol=protocol, options=spnego.NegotiateOptions.wrapping_winrm)

    @property
    def complete(self) -> bool:
        return self._context.complete

    @property
    def user(self) -> str:
        return str(self._context.client_principal or "")

    def step(self, token: bytes) -> bytes:
        try:
            answer = self._context.step(token) or b""
            if _AUTHENTICATE in token and self._binding is not None:
                _check_ntlm(self._binding, token)
        except (SpnegoError, ValueError, struct.error) as error:  # bad password, unknown user, bad MIC
            raise RefusedError(str(error)) from error
        return answer

    def seal(self, plain: bytes) -> Sealed:
        sealed = self._context.wrap_winrm(plain)
        return Sealed(sealed.header, sealed.data, sealed.padding_length)

    def unseal(self, header: bytes, data: bytes) -> bytes:
        try:
            return self._context.unwrap_winrm(header, data)
        except (SpnegoError, ValueError) as error:
            raise RefusedError(str(error)) from error


def _check_ntlm(binding: ChannelBinding, token: bytes) -> None:
    """pyspnego's own check lets a binding of zeros pass whatever is wanted, so it is done here.

    MS-NLMP 2.2.2.1: the MD5 of a gss_channel_bindings_struct, in the pairs of attributes that the client's
    response to the challenge covers.
    """
    given = _ntlm_attributes(token[token.index(_AUTHENTICATE) :]).get(_AV_CHANNEL_BINDINGS, _NO_BINDING)
    wanted = bytes(16) + struct.pack("<I", len(binding.end_point)) + binding.end_point
    _judge(binding, present=given != _NO_BINDING, same=given == hashlib.md5(wanted).digest())  # noqa: S324


def _ntlm_attributes(message: bytes) -> dict[int, bytes]:
    """The AV_PAIRs of an AUTHENTICATE_MESSAGE with an NTLMv2 response (MS-NLMP 2.2.1.3, 2.2.2.7)."""
    length, _, start = struct.unpack_from("<HHI", message, 20)
    pairs = message[start : start + length][44:]
    found: dict[int, bytes] = {}
    while len(pairs) >= 4:
        kind, size = struct.unpack_from("<HH", pairs)
        if kind == 0:
            break
        found[kind] = pairs[4 : 4 + size]
        pairs = pairs[4 + size :]
    return found


def _judge(binding: ChannelBinding, *, present: bool, same: bool) -> None:
    if binding.hardening == "none" or same:
        return
    if present or binding.hardening == "strict":
        raise RefusedError("the sign-in is bound to another channel" if present else "it is bound to none")


class KerberosAcceptor:
    """The system's GSSAPI, Kerberos by itself or within SPNEGO.

    ``names``: the hosts of ``HTTP/…`` principals that are this server's; the keytab may hold more. As in a
    domain a ticket for another server's is refused.
    """

    def __init__(self, keytab: Path, names: Collection[str], binding: ChannelBinding | None) -> None:
        # Only labs that are asked for Kerberos need the extra.
        import gssapi

        self._gss: Any = gssapi
        self._names = {n.lower() for n in names}
        self._binding = binding
        self._bindings = None
        if binding is not None and binding.hardening != "none":
            self._bindings = gssapi.raw.ChannelBindings(application_data=binding.end_point)
        self._credentials = gssapi.Credentials(usage="accept", store={"keytab": str(keytab)})
        self._context: Any = None
        self._complete = False
        self._user = ""

    @property
    def complete(self) -> bool:
        return self._complete

    @property
    def user(self) -> str:
        return self._user

    def step(self, token: bytes) -> bytes:
        raw = self._gss.raw
        try:
            result = raw.accept_sec_context(token, self._credentials, self._context, self._bindings)
        except self._gss.exceptions.GSSError as error:
            raise RefusedError(str(error), getattr(error, "token", None) or b"") from error
        self._context = result.context
        if not result.more_steps:
            self._admit(result)
        return result.token or b""

    def _admit(self, result: Any) -> None:
        raw = self._gss.raw
        asked = raw.display_name(raw.inquire_context(result.context).target_name).name.decode()
        service, _, host = asked.partition("@")[0].partition("/")
        if service.upper() != "HTTP" or host.lower() not in self._names:
            raise RefusedError(f"the ticket is for {asked}")
        if self._binding is not None:
            # GSSAPI itself refuses a wrong one; one that is missing only leaves this flag unset.
            bound = self._gss.RequirementFlag.channel_bound in result.flags
            _judge(self._binding, present=bound, same=bound)
        self._user = raw.display_name(result.initiator_name).name.decode()
        self._complete = True

    def seal(self, plain: bytes) -> Sealed:
        raw = self._gss.raw
        kinds = raw.IOVBufferType
        parts = raw.IOV(kinds.header, plain, kinds.padding, std_layout=False)
        raw.wrap_iov(self._context, parts, confidential=True)
        padding = parts[2].value or b""
        return Sealed(parts[0].value or b"", (parts[1].value or b"") + padding, len(padding))

    def unseal(self, header: bytes, data: bytes) -> bytes:
        raw = self._gss.raw
        kinds = raw.IOVBufferType
        parts = raw.IOV((kinds.header, False, header), data, kinds.data, std_layout=False)
        try:
            result = raw.unwrap_iov(self._context, parts)
        except self._gss.exceptions.GSSError as error:
            raise RefusedError(str(error)) from error
        if not result.encrypted:
            raise RefusedError("it is signed, not sealed")
        plain: bytes = parts[1].value or b""
        return plain

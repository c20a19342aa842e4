"""pypsrp while it opens a shell, with what it reads taken through our own gate first."""

from __future__ import annotations

import re
import struct
import uuid
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import requests
from pypsrp.encryption import WinRMEncryption
from pypsrp.exceptions import AuthenticationError, WinRMTransportError
from pypsrp.messages import Destination, Message
from pypsrp.powershell import Fragmenter, RunspacePool
from pypsrp.wsman import WSMan

from cockpit.config.language import N_
from cockpit.exchange.clixml import ClixmlError
from cockpit.exchange.errors import ProtocolError
from cockpit.exchange.pipeline import Defragmenter
from cockpit.exchange.xmlguard import root_comes_first

_MESSAGE_HEADER: Final = struct.Struct("<II16s16s")
_NOBODY: Final = uuid.UUID(int=0).bytes_le
_SEALED: Final = ("multipart/encrypted;", "multipart/x-multi-encrypted;")
_BOUNDARY: Final = re.compile(r'boundary="?([A-Za-z0-9 _=-]{1,70})(?=$|[";])')
"""Words alone, as Windows' own "Encrypted Boundary" (MS-WSMV 2.2.9.1): pypsrp puts it unescaped into a
pattern and searches what nobody has proved yet, so a pattern in its place could keep every thread busy."""
_UNSEALED_CURE: Final = N_(
    "Something on the way answers in the server's place: do not sign in until it is found."
)


class _Gate(Fragmenter):
    """pypsrp's fragmenter, behind our own: duplicates, sizes and document types are dealt with there."""

    def __init__(self, pool: RunspacePool) -> None:
        super().__init__(pool.connection.max_payload_size, pool._serializer)
        self._gate = Defragmenter()

    def defragment(self, data: bytes) -> list[Message]:
        return [self._message(kind, payload) for kind, payload in self._gate.feed(data)]

    def _message(self, kind: int, payload: bytes) -> Message:
        if not root_comes_first(payload):
            raise ClixmlError(N_("a message that does not begin with its root element"))
        head = _MESSAGE_HEADER.pack(Destination.CLIENT, kind, _NOBODY, _NOBODY)
        return Message.unpack(head + payload, self.serializer)


def gated(pool: RunspacePool) -> RunspacePool:
    """``pool``, reading through the gate."""
    pool._fragmenter = _Gate(pool)
    return pool


def accepted(status: int, body: bytes, who: str | None) -> bytes:
    """The body of an answer that may be parsed.

    Raises AuthenticationError for 401, WinRMTransportError for any other status from 300 on (with the text
    where it may be a fault), ParseError for a document that does not begin with its root element.
    """
    if status == 401:
        raise AuthenticationError(N_("Failed to authenticate the user {who}").format(who=who))
    sound = root_comes_first(body)
    if status >= 300:
        raise WinRMTransportError("http", status, _fault_in(body) if sound else "")
    if body and not sound:
        raise ET.ParseError(N_("it does not begin with its root element, as XML without a DTD does"))
    return body


def _fault_in(body: bytes) -> str:
    """The text of a WSMan fault; empty for a page, however well-formed (psrp-wire §4.5)."""
    text = body.decode("utf-8", "replace")
    try:
        fault = WSMan._parse_wsman_fault(text)
    except (ET.ParseError, ValueError):
        return ""
    return text if fault.code is not None or fault.reason is not None else ""


@contextmanager
def understood(where: str) -> Iterator[None]:
    """What pypsrp stumbles over in an odd answer to a sign-in or a request is a ProtocolError."""
    try:
        yield
    except (AttributeError, LookupError, TypeError, struct.error) as error:
        raise ProtocolError(
            N_("{where} sent what could not be read").format(where=where), f"{type(error).__name__}: {error}"
        ) from error


class Post:
    """Stands in for pypsrp's ``_send_request``: one POST, no redirect, and no unsealed word believed.

    pypsrp takes a plain answer to a sealed request for a good one; whoever sits between could then
    answer in the server's place.
    """

    def __init__(self, wsman: WSMan) -> None:
        self._transport = wsman.transport

    def __call__(
        self, request: requests.PreparedRequest, timeout: float | tuple[float, float] | None = None
    ) -> bytes:
        transport = self._transport
        if transport.session is None:
            raise RuntimeError("no session to post with")
        answer = transport.session.send(
            request,
            timeout=timeout or (transport.connection_timeout, transport.read_timeout),
            allow_redirects=False,
        )
        kind = answer.headers.get("content-type", "")
        body: bytes = answer.content
        if transport.encryption is not None:
            body = self._opened(answer.status_code, kind, body, transport.encryption)
        return accepted(answer.status_code, body, transport.username)

    def _opened(self, status: int, kind: str, body: bytes, seal: WinRMEncryption) -> bytes:
        """The text of an answer to a sealed request. Raises ProtocolError."""
        boundary = _BOUNDARY.search(kind)
        if boundary is None or not kind.startswith(_SEALED):
            if status >= 300:
                return b""
            raise ProtocolError(
                N_("{endpoint} answered a sealed request with an open text").format(
                    endpoint=self._transport.endpoint
                ),
                N_("it is not believed"),
                _UNSEALED_CURE,
            )
        try:
            text: bytes = seal.unwrap_message(body, boundary.group(1))
        except Exception as error:  # whatever the mechanism's library stumbles over in what is no sealed text
            raise ProtocolError(
                N_("{endpoint} sent what could not be unsealed").format(endpoint=self._transport.endpoint),
                f"{type(error).__name__}: {error}",
            ) from error
        return text

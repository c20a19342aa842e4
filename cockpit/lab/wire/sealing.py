"""WinRM's sealed messages: MIME around what a security context wraps (MS-WSMV 2.2.9.1, psrp-wire §2)."""

from __future__ import annotations

import re
import struct

from cockpit.lab.wire.acceptors import Acceptor, RefusedError

SOAP = "application/soap+xml;charset=UTF-8"
SPNEGO = "application/HTTP-SPNEGO-session-encrypted"
_BOUNDARY = "Encrypted Boundary"
_PAYLOAD = b"Content-Type: application/octet-stream\r\n"


def is_sealed(content_type: str) -> bool:
    return content_type.startswith("multipart/encrypted")


def protocol_of(content_type: str) -> str:
    """The name under which the client seals, to be answered under the same."""
    found = re.search(r'protocol="([^"]+)"', content_type)
    return found.group(1) if found else SPNEGO


def content_type(protocol: str) -> str:
    return f'multipart/encrypted;protocol="{protocol}";boundary="{_BOUNDARY}"'


def unseal(context: Acceptor, body: bytes) -> bytes:
    """Raises RefusedError. Windows and pypsrp indent part headers with a tab, Ruby does not."""
    try:
        start = body.index(_PAYLOAD) + len(_PAYLOAD)
        data = body[start : body.rindex(b"--" + _BOUNDARY.encode())]
        size = struct.unpack("<i", data[:4])[0]
    except (ValueError, struct.error) as error:
        raise RefusedError(f"not a sealed message: {error}") from error
    return context.unseal(data[4 : 4 + size], data[4 + size :])


def seal(context: Acceptor, plain: bytes, protocol: str) -> bytes:
    sealed = context.seal(plain)
    head = (
        f"--{_BOUNDARY}\r\n\tContent-Type: {protocol}\r\n"
        f"\tOriginalContent: type={SOAP};Length={len(plain) + sealed.padding}\r\n"
        f"--{_BOUNDARY}\r\n\tContent-Type: application/octet-stream\r\n"
    )
    blob = struct.pack("<i", len(sealed.header)) + sealed.header + sealed.data
    return head.encode() + blob + f"--{_BOUNDARY}--\r\n".encode()

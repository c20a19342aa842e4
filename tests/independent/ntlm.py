"""NTLMv2 with message encryption by hand: MS-NLMP 2.2.1, 3.3.2, 3.4 and MS-WSMV 2.2.9.1.

No pyspnego, and no OpenSSL for MD4 and RC4, which it may lack: RFC 1320 and the cipher are written out.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import os
import struct
from typing import Final

from tests.independent.wsman import HttpAnswer

_SIGNATURE: Final = b"NTLMSSP\0"
_FLAGS: Final = (
    0x00000001  # UNICODE
    | 0x00000004  # REQUEST_TARGET
    | 0x00000010  # SIGN
    | 0x00000020  # SEAL
    | 0x00000200  # NTLM
    | 0x00008000  # ALWAYS_SIGN
    | 0x00080000  # EXTENDED_SESSIONSECURITY
    | 0x02000000  # VERSION
    | 0x20000000  # 128
    | 0x40000000  # KEY_EXCH
    | 0x80000000  # 56
)
_VERSION: Final = bytes((10, 0)) + struct.pack("<H", 19041) + bytes((0, 0, 0, 15))
_AV_FLAGS, _AV_TIME, _AV_END = 6, 7, 0
_MIC_FOLLOWS: Final = 2
_MIC_AT: Final = 72
_PROTOCOL: Final = "application/HTTP-SPNEGO-session-encrypted"
_BOUNDARY: Final = "Encrypted Boundary"
_SOAP: Final = "application/soap+xml;charset=UTF-8"


def md4(data: bytes) -> bytes:
    """RFC 1320."""
    length = len(data) * 8
    data += b"\x80" + bytes(-(len(data) + 9) % 64) + struct.pack("<Q", length)
    state = [0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476]
    for at in range(0, len(data), 64):
        words = struct.unpack_from("<16I", data, at)
        a, b, c, d = state
        for n in range(48):
            turn, step = divmod(n, 16)
            if turn == 0:
                mixed, word, shift = (b & c) | (~b & d), step, (3, 7, 11, 19)[n % 4]
            elif turn == 1:
                mixed, shift = (b & c) | (b & d) | (c & d), (3, 5, 9, 13)[n % 4]
                word = step % 4 * 4 + step // 4
            else:
                mixed, shift = b ^ c ^ d, (3, 9, 11, 15)[n % 4]
                word = int(f"{step:04b}"[::-1], 2)
            total = (a + mixed + words[word] + (0, 0x5A827999, 0x6ED9EBA1)[turn]) & 0xFFFFFFFF
            a, b, c, d = d, (total << shift | total >> (32 - shift)) & 0xFFFFFFFF, b, c
        state = [(old + new) & 0xFFFFFFFF for old, new in zip(state, (a, b, c, d), strict=True)]
    return struct.pack("<4I", *state)


class Rc4:
    """A key stream that goes on from message to message."""

    def __init__(self, key: bytes) -> None:
        box = list(range(256))
        j = 0
        for i in range(256):
            j = (j + box[i] + key[i % len(key)]) & 255
            box[i], box[j] = box[j], box[i]
        self._box, self._i, self._j = box, 0, 0

    def crypt(self, data: bytes) -> bytes:
        box, i, j = self._box, self._i, self._j
        out = bytearray(len(data))
        for at, byte in enumerate(data):
            i = (i + 1) & 255
            j = (j + box[i]) & 255
            box[i], box[j] = box[j], box[i]
            out[at] = byte ^ box[(box[i] + box[j]) & 255]
        self._i, self._j = i, j
        return bytes(out)


def _mac(key: bytes, data: bytes) -> bytes:
    return hmac.new(key, data, hashlib.md5).digest()


class _Way:
    """One direction of a sealed conversation (MS-NLMP 3.4.3, 3.4.4.2)."""

    def __init__(self, session_key: bytes, direction: str) -> None:
        magic = f"session key to {direction} {{}} key magic constant\0"
        self._sign = hashlib.md5(session_key + magic.format("signing").encode()).digest()
        self._cipher = Rc4(hashlib.md5(session_key + magic.format("sealing").encode()).digest())
        self._sequence = 0

    def _signature(self, plain: bytes) -> bytes:
        number = struct.pack("<I", self._sequence)
        self._sequence += 1
        return struct.pack("<I", 1) + self._cipher.crypt(_mac(self._sign, number + plain)[:8]) + number

    def seal(self, plain: bytes) -> tuple[bytes, bytes]:
        sealed = self._cipher.crypt(plain)
        return self._signature(plain), sealed

    def unseal(self, signature: bytes, sealed: bytes) -> bytes:
        plain = self._cipher.crypt(sealed)
        assert signature == self._signature(plain), "a signature that does not fit"
        return plain


class Ntlm:
    """A login for one connection. ``user``: ``DOMAIN\\name``."""

    def __init__(self, user: str, password: str) -> None:
        self._domain, _, self._user = user.rpartition("\\")
        self._password = password
        self._out: _Way
        self._in: _Way

    def begin(self, connection: http.client.HTTPConnection, path: str) -> None:
        """Three messages, on empty POSTs (MS-WSMV 2.2.9.1 seals nothing before)."""
        negotiate = _SIGNATURE + struct.pack("<II", 1, _FLAGS) + bytes(16) + _VERSION
        challenge = self._post(connection, path, negotiate, 401)
        assert challenge is not None, "no challenge"
        authenticate = self._authenticate(negotiate, challenge)
        self._post(connection, path, authenticate, 200)

    @staticmethod
    def _post(connection: http.client.HTTPConnection, path: str, token: bytes, expected: int) -> bytes | None:
        word = f"Negotiate {base64.b64encode(token).decode()}"
        connection.request("POST", path, b"", {"Authorization": word, "Content-Type": _SOAP})
        answer = connection.getresponse()
        answer.read()
        if answer.status != expected:
            raise HttpAnswer(answer.status)
        given = answer.headers.get("WWW-Authenticate", "")
        return base64.b64decode(given.partition(" ")[2]) if given.startswith("Negotiate ") else None

    def _authenticate(self, negotiate: bytes, challenge: bytes) -> bytes:
        assert challenge.startswith(_SIGNATURE + struct.pack("<I", 2)), "not a CHALLENGE_MESSAGE"
        server_challenge = challenge[24:32]
        size, _, at = struct.unpack_from("<HHI", challenge, 40)
        pairs, now = _pairs(challenge[at : at + size])
        owner = md4(self._password.encode("utf-16-le"))
        key = _mac(owner, (self._user.upper() + self._domain).encode("utf-16-le"))
        blob = b"\x01\x01" + bytes(6) + now + os.urandom(8) + bytes(4) + pairs + bytes(4)
        proof = _mac(key, server_challenge + blob)
        session_key = os.urandom(16)
        sealed_key = Rc4(_mac(key, proof)).crypt(session_key)
        message = _authenticate_message(self._domain, self._user, proof + blob, sealed_key)
        mic = _mac(session_key, negotiate + challenge + message)
        self._out = _Way(session_key, "client-to-server")
        self._in = _Way(session_key, "server-to-client")
        return message[:_MIC_AT] + mic + message[_MIC_AT + 16 :]

    def headers(self) -> dict[str, str]:
        return {}

    def seal(self, body: bytes) -> tuple[str, bytes]:
        signature, sealed = self._out.seal(body)
        head = (
            f"--{_BOUNDARY}\r\n\tContent-Type: {_PROTOCOL}\r\n"
            f"\tOriginalContent: type={_SOAP};Length={len(body)}\r\n"
            f"--{_BOUNDARY}\r\n\tContent-Type: application/octet-stream\r\n"
        )
        whole = head.encode() + struct.pack("<I", len(signature)) + signature + sealed
        kind = f'multipart/encrypted;protocol="{_PROTOCOL}";boundary="{_BOUNDARY}"'
        return kind, whole + f"--{_BOUNDARY}--\r\n".encode()

    def unseal(self, kind: str, body: bytes) -> bytes:
        assert kind.startswith("multipart/encrypted"), f"an answer in the clear: {kind}"
        assert f'protocol="{_PROTOCOL}"' in kind, kind
        told, _, rest = body.partition(b"\tContent-Type: application/octet-stream\r\n")
        length = int(told.partition(b"Length=")[2].partition(b"\r\n")[0])
        end = f"--{_BOUNDARY}--\r\n".encode()
        assert rest.endswith(end), "the last boundary is missing"
        size = struct.unpack_from("<I", rest)[0]
        plain = self._in.unseal(rest[4 : 4 + size], rest[4 + size : -len(end)])
        assert len(plain) == length, "another length than was told"
        return plain


def _pairs(info: bytes) -> tuple[bytes, bytes]:
    """The server's AV_PAIRs with the flag for a MIC (2.2.2.1), and its time."""
    kept, now, at = b"", bytes(8), 0
    while at < len(info):
        kind, size = struct.unpack_from("<HH", info, at)
        value = info[at + 4 : at + 4 + size]
        at += 4 + size
        if kind == _AV_TIME:
            now = value
        if kind not in (_AV_FLAGS, _AV_END):
            kept += struct.pack("<HH", kind, size) + value
    kept += struct.pack("<HHI", _AV_FLAGS, 4, _MIC_FOLLOWS) + struct.pack("<HH", _AV_END, 0)
    return kept, now


def _authenticate_message(domain: str, user: str, response: bytes, sealed_key: bytes) -> bytes:
    """AUTHENTICATE_MESSAGE (2.2.1.3) with an empty MIC."""
    parts = (bytes(24), response, domain.encode("utf-16-le"), user.encode("utf-16-le"), b"", sealed_key)
    offset = _MIC_AT + 16
    fields = b""
    for part in parts:
        fields += struct.pack("<HHI", len(part), len(part), offset)
        offset += len(part)
    head = _SIGNATURE + struct.pack("<I", 3) + fields + struct.pack("<I", _FLAGS) + _VERSION
    return head + bytes(16) + b"".join(parts)

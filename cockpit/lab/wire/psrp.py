"""PSRP's outer layers: fragments and message headers (MS-PSRP 2.2.1, 2.2.4).

Windows sends exactly one fragment per ``<rsp:Stream>``, none larger than 32,747 bytes, and a UTF-8 BOM
before every message's CLIXML (psrp-wire §1 [W]); clients have been found to depend on each.
"""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import NamedTuple
from uuid import UUID

MAX_BLOB = 32_747
"""The largest fragment blob seen from Windows: 32 KiB less the 21 bytes of header."""

_FRAGMENT = struct.Struct(">QQBI")
_HEADER = struct.Struct("<II16s16s")
_BOM = b"\xef\xbb\xbf"
_TO_CLIENT = 1
_START, _END = 1, 2
NO_PIPELINE = UUID(int=0)


class MessageType(IntEnum):
    """Those this server reads or writes (MS-PSRP 2.2.1)."""

    SESSION_CAPABILITY = 0x00010002
    INIT_RUNSPACEPOOL = 0x00010004
    PUBLIC_KEY = 0x00010005
    ENCRYPTED_SESSION_KEY = 0x00010006
    SET_MAX_RUNSPACES = 0x00021002
    SET_MIN_RUNSPACES = 0x00021003
    RUNSPACE_AVAILABILITY = 0x00021004
    RUNSPACEPOOL_STATE = 0x00021005
    CREATE_PIPELINE = 0x00021006
    GET_AVAILABLE_RUNSPACES = 0x00021007
    APPLICATION_PRIVATE_DATA = 0x00021009
    GET_COMMAND_METADATA = 0x0002100A
    RESET_RUNSPACE_STATE = 0x0002100C
    PIPELINE_INPUT = 0x00041002
    END_OF_PIPELINE_INPUT = 0x00041003
    PIPELINE_OUTPUT = 0x00041004
    ERROR_RECORD = 0x00041005
    PIPELINE_STATE = 0x00041006
    WARNING_RECORD = 0x00041009


class ProtocolError(Exception):
    """The client sent something that is not PSRP."""


class Incoming(NamedTuple):
    kind: int
    pipeline: UUID
    clixml: bytes
    raw: bytes
    """Header and all, for psrpcore."""


class Defragmenter:
    """Fragments to messages. Objects may interleave; one object's fragments come in order."""

    __slots__ = ("_parts",)

    def __init__(self) -> None:
        self._parts: dict[int, list[bytes]] = {}

    def feed(self, data: bytes) -> list[Incoming]:
        messages = []
        offset = 0
        while offset < len(data):
            if len(data) - offset < _FRAGMENT.size:
                raise ProtocolError("a fragment header is cut short")
            object_id, number, flags, length = _FRAGMENT.unpack_from(data, offset)
            offset += _FRAGMENT.size
            blob = data[offset : offset + length]
            offset += length
            if len(blob) != length:
                raise ProtocolError("a fragment is cut short")
            parts = self._parts.setdefault(object_id, [])
            if number != len(parts):
                raise ProtocolError(f"fragment {number} of object {object_id} out of order")
            parts.append(blob)
            if flags & _END:
                del self._parts[object_id]
                messages.append(_message(b"".join(parts)))
        return messages


def _message(raw: bytes) -> Incoming:
    if len(raw) < _HEADER.size:
        raise ProtocolError("a message header is cut short")
    _, kind, _, pipeline = _HEADER.unpack_from(raw)
    return Incoming(kind, UUID(bytes_le=pipeline), raw[_HEADER.size :].removeprefix(_BOM), raw)


class Fragmenter:
    """Messages to fragments, numbered through the life of a pool (from 1, as Windows does [W])."""

    __slots__ = ("_next", "_pool")

    def __init__(self, pool: UUID) -> None:
        self._pool = pool
        self._next = 1

    def message(
        self, kind: MessageType, clixml: bytes, pipeline: UUID = NO_PIPELINE, *, pool: UUID | None = None
    ) -> list[bytes]:
        """``pool``: another id for the header; SESSION_CAPABILITY carries an empty one [W]."""
        owner = self._pool if pool is None else pool
        head = _HEADER.pack(_TO_CLIENT, kind, owner.bytes_le, pipeline.bytes_le)
        fragments = fragment(self._next, head + _BOM + clixml)
        self._next += 1
        return fragments


def fragment(object_id: int, message: bytes) -> list[bytes]:
    if len(message) <= MAX_BLOB:
        return [_FRAGMENT.pack(object_id, 0, _START | _END, len(message)) + message]
    blobs = [message[i : i + MAX_BLOB] for i in range(0, len(message), MAX_BLOB)]
    last = len(blobs) - 1
    return [
        _FRAGMENT.pack(object_id, i, (_START if i == 0 else 0) | (_END if i == last else 0), len(blob)) + blob
        for i, blob in enumerate(blobs)
    ]

"""What is in a recording: a file of pictures of a fleet as they changed.

The file: ``MAGIC``, then frames. A frame: kind (one byte), length of its body, time (microseconds since
1970, UTC), CRC-32 of kind, time and body, all big-endian; then the body. Kinds: ``HEAD`` once, the first
(msgpack of :class:`Head`); ``BLOCK`` begins a new stream of compressed data (zlib), ``MORE`` goes on with
it. Each body ends on a byte where its stream can be read so far, so what was written whole can be read,
whatever happened then. The time is that of the first entry of a ``BLOCK``, of the last one of a ``MORE``, and
times never go back. A stream inflated is a row of msgpack lists of entries; the first entry of a block is the
whole picture, so each block can be read by itself.
"""

from __future__ import annotations

import struct
import zlib
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from pathlib import Path
from typing import Any, Final

import msgspec

from cockpit.exchange.text import clean_line
from cockpit.frozen import dataclass

MAGIC: Final = b"POPREC\r\n"
VERSION: Final = 1
FRAME: Final = struct.Struct(">BIqI")
BODY_LIMIT: Final = 64 * 1024 * 1024
"""Bytes of a frame's body, and of what it inflates to: more is no recording of ours."""
OLDER: Final = ".1"
"""What the name of a recording's older part ends in."""
_ZERO: Final = datetime(1970, 1, 1, tzinfo=UTC)
_TICK: Final = timedelta(microseconds=1)


class RecordingError(Exception):
    """A recording cannot be written or read. ``str()``: one cleaned sentence with the file and what helps."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(clean_line(f"{path}: {why}"))


class Kind(IntEnum):
    HEAD = 1
    BLOCK = 2
    MORE = 3


class Head(msgspec.Struct, frozen=True):
    """``environment``: what was recorded; ``program``: the version of ours that began the file."""

    version: int
    program: str
    environment: str


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """One change. ``status``, ``dags`` and each of ``servers`` are patches of plain data
    (``recording_delta``); ``order``: names, where servers came or went; ``whole``: from an empty picture.
    ``note``: something that happened to the recording or its source, in words, without a change."""

    at: datetime
    seq: int = 0
    whole: bool = False
    status: Any = None
    dags: Any = None
    servers: dict[str, Any] = {}
    order: tuple[str, ...] | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame as it stands in the file. ``offset``: of its body."""

    kind: Kind
    at: datetime
    offset: int
    length: int


def framed(kind: Kind, at: datetime, body: bytes) -> bytes:
    """``body`` as it stands in the file."""
    ticks = (at - _ZERO) // _TICK
    return FRAME.pack(kind, len(body), ticks, _sum(kind, ticks, body)) + body


def _sum(kind: int, ticks: int, body: bytes) -> int:
    return zlib.crc32(body, zlib.crc32(struct.pack(">Bq", kind, ticks)))


def unframed(head: bytes, body: bytes, offset: int) -> Frame | None:
    """The frame of ``head`` with ``body``; None where the two do not belong together."""
    kind, length, ticks, checksum = FRAME.unpack(head)
    if length != len(body) or checksum != _sum(kind, ticks, body) or kind not in iter(Kind):
        return None
    try:
        at = _ZERO + ticks * _TICK
    except OverflowError:
        return None
    return Frame(Kind(kind), at, offset, length)

"""What a screen and the process that reads the logs say to each other: frames of a big-endian length of four
bytes and msgpack."""

from __future__ import annotations

import struct
from typing import BinaryIO, Final

import msgspec

from cockpit.config.environment import Environment
from cockpit.poplog.beginning import FromEnd, Start
from cockpit.poplog.feed import Batch
from cockpit.poplog.names import Writer

HEADER: Final = struct.Struct(">I")


class Ask(msgspec.Struct, frozen=True):
    """Which logs to follow: those of ``writers`` on each of ``servers``, beginning at ``start``."""

    servers: tuple[str, ...]
    writers: tuple[Writer, ...] = (Writer.POP3,)
    start: Start = FromEnd(1000)


class Hello(msgspec.Struct, frozen=True):
    """The first frame: all that the reader needs. The password travels here and nowhere else."""

    environment: Environment
    password: str | None
    ask: Ask


_HELLO: Final = msgspec.msgpack.Decoder(Hello)
_BATCH: Final = msgspec.msgpack.Decoder(Batch)
_ENCODER: Final = msgspec.msgpack.Encoder()


def frame(message: Hello | Batch) -> bytes:
    """``message`` as it travels."""
    body = _ENCODER.encode(message)
    return HEADER.pack(len(body)) + body


def decode_hello(body: bytes) -> Hello:
    return _HELLO.decode(body)


def decode_batch(body: bytes) -> Batch:
    return _BATCH.decode(body)


def read_frame(stream: BinaryIO) -> bytes | None:
    """The next frame's body; None at the end of the stream, also in the middle of a frame."""
    head = stream.read(HEADER.size)
    if len(head) < HEADER.size:
        return None
    (length,) = HEADER.unpack(head)
    body = stream.read(length)
    return body if len(body) == length else None

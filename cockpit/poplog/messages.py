"""What a screen and the process that reads the logs say to each other, one msgpack message a frame."""

from __future__ import annotations

from typing import Final

import msgspec

from cockpit.config.environment import Environment
from cockpit.poplog.beginning import FromEnd
from cockpit.poplog.feed import Batch
from cockpit.poplog.names import Writer


class Ask(msgspec.Struct, frozen=True):
    """Which logs to follow: those of ``writers`` on each of ``servers``, beginning at ``start``."""

    servers: tuple[str, ...]
    writers: tuple[Writer, ...] = (Writer.POP3,)
    start: FromEnd = FromEnd(1000)


class Hello(msgspec.Struct, frozen=True):
    """The first frame: all that the reader needs. The password travels here and nowhere else."""

    environment: Environment
    password: str | None
    ask: Ask

    def __repr__(self) -> str:
        return f"Hello({self.environment.name!r}, …)"


_HELLO: Final = msgspec.msgpack.Decoder(Hello)
_BATCH: Final = msgspec.msgpack.Decoder(Batch)
_ENCODER: Final = msgspec.msgpack.Encoder()


def encode(message: Hello | Batch) -> bytes:
    """``message`` as the body of a frame."""
    return _ENCODER.encode(message)


def decode_hello(body: bytes) -> Hello:
    return _HELLO.decode(body)


def decode_batch(body: bytes) -> Batch:
    return _BATCH.decode(body)

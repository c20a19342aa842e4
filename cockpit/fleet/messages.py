"""What the screen and the collector say to each other, one message a frame.

The collector is a process of its own; the two talk over its stdin and stdout in msgpack frames.
These are the only words they share.
"""

from __future__ import annotations

from functools import cache
from typing import TypeAlias

import msgspec

from cockpit.fleet.snapshot import FleetDiff


class Refresh(msgspec.Struct, frozen=True, tag=True):
    """Read ``server`` now, or every server when empty."""

    server: str = ""


class Pause(msgspec.Struct, frozen=True, tag=True):
    """Stop polling, or go on."""

    paused: bool


class SetInterval(msgspec.Struct, frozen=True, tag=True):
    """Seconds between two reads of one server."""

    seconds: float


class Watch(msgspec.Struct, frozen=True, tag=True):
    """The server the operator looks at: its health sets, components and services are read too."""

    server: str


class RunProbe(msgspec.Struct, frozen=True, tag=True):
    """Invoke-MonitoringProbe ``identity`` on ``server``; ``run_id`` is the asker's own name for it."""

    run_id: str
    server: str
    identity: str


class AbandonProbe(msgspec.Struct, frozen=True, tag=True):
    """Nobody waits for this run any more; the probe itself cannot be recalled."""

    run_id: str


class Survey(msgspec.Struct, frozen=True, tag=True):
    """Read of every server, one after the other and now and then again, what nobody looks at all the time but
    a recording should hold: its components and database copies. Or stop that."""

    wanted: bool


Command: TypeAlias = Refresh | Pause | SetInterval | Watch | RunProbe | AbandonProbe | Survey

_ENCODER = msgspec.msgpack.Encoder()


def encode(message: Command | FleetDiff) -> bytes:
    """``message`` as the body of a frame."""
    return _ENCODER.encode(message)


# Each of the two processes reads one kind of message, and a decoder takes a while to make.


@cache
def _commands() -> msgspec.msgpack.Decoder[Command]:
    return msgspec.msgpack.Decoder(Command)


@cache
def _diffs() -> msgspec.msgpack.Decoder[FleetDiff]:
    return msgspec.msgpack.Decoder(FleetDiff)


def decode_command(body: bytes) -> Command:
    return _commands().decode(body)


def decode_diff(body: bytes) -> FleetDiff:
    return _diffs().decode(body)

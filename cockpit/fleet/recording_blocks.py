"""Pictures on their way into a recording: entries, and blocks of them as the file has them."""

from __future__ import annotations

import zlib
from datetime import datetime
from typing import Any, Final

import msgspec

from cockpit.fleet.recording import Entry, Kind, framed
from cockpit.fleet.recording_delta import patch
from cockpit.fleet.snapshot import FleetSnapshot

BLOCK_CHANGES: Final = 2_000
"""Changes of servers after which a new block begins, from which the recording can be read; and no sooner than
``BLOCK_ROUNDS`` for each server, for its beginning is the whole picture."""
BLOCK_ROUNDS: Final = 10
_ENCODER = msgspec.msgpack.Encoder()


def plain(value: object) -> Any:
    """``value`` as mappings, lists, texts and numbers, the same for equal values."""
    return msgspec.to_builtins(value, order="deterministic")


class Blocks:
    """Makes frames of pictures. One that begins a block is the whole picture, the others what changed."""

    def __init__(self) -> None:
        self._shown: FleetSnapshot | None = None
        self._servers: dict[str, Any] = {}
        self._status: Any = None
        self._dags: Any = None
        self._stream = zlib.compressobj()
        self._changes = 0
        self.begun = False
        """Whether there is a block, so that something else than a whole picture can be written."""

    def begin(self) -> None:
        """The next picture is a whole one, and begins a block."""
        self._shown = None

    def entry(self, at: datetime, picture: FleetSnapshot) -> Entry:
        """What turns the picture before into ``picture``."""
        before, whole = self._shown, self._shown is None
        if before is None:
            before, self._servers, self._status, self._dags = FleetSnapshot(), {}, None, None
        changes = {
            name: change
            for name, server in picture.servers.items()
            if server is not before.servers.get(name) and (change := self._change(name, server)) is not None
        }
        status = dags = None
        if whole or picture.status is not before.status:
            new = plain(picture.status)
            status, self._status = patch(self._status, new), new
        if whole or picture.dags is not before.dags:
            new = plain(picture.dags)
            dags, self._dags = patch(self._dags, new), new
        names = tuple(picture.servers)
        order = names if whole or names != tuple(before.servers) else None
        if order is not None:
            self._servers = {name: self._servers[name] for name in names}
        self._changes = 0 if whole else self._changes + len(changes)
        self.begun = True
        full = self._changes > max(BLOCK_CHANGES, BLOCK_ROUNDS * len(names))
        self._shown = None if full else picture
        return Entry(at, picture.seq, whole, status, dags, changes, order)

    def _change(self, name: str, server: object) -> list[Any] | None:
        new = plain(server)
        change = patch(self._servers.get(name), new)
        self._servers[name] = new
        return change

    def frame(self, entries: list[Entry]) -> bytes:
        """``entries`` as one frame of the file. One that is whole begins a block: it is the first of them."""
        body = _ENCODER.encode(entries)
        kind, at = Kind.MORE, entries[-1].at
        if entries[0].whole:
            kind, at, self._stream = Kind.BLOCK, entries[0].at, zlib.compressobj()
        packed = self._stream.compress(body) + self._stream.flush(zlib.Z_SYNC_FLUSH)
        return framed(kind, at, packed)

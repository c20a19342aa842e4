"""Reading a recording: which blocks there are, and the pictures in each."""

from __future__ import annotations

import zlib
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from cockpit.config.language import N_
from cockpit.exchange.model import DatabaseAvailabilityGroup
from cockpit.exchange.text import clean_line
from cockpit.fleet.recording import BODY_LIMIT, OLDER, Entry, Frame, Head, Kind, RecordingError
from cockpit.fleet.recording_delta import BadPatchError, cleaned, patched
from cockpit.fleet.recording_frames import frames, head_of
from cockpit.fleet.snapshot import CollectorStatus, FleetSnapshot, ServerSnapshot

_ENTRIES: msgspec.msgpack.Decoder[list[Entry]] = msgspec.msgpack.Decoder(list[Entry])


@dataclass(frozen=True, slots=True)
class Moment:
    """The picture from ``at`` on; ``note``: what happened then beside it, else empty."""

    at: datetime
    picture: FleetSnapshot
    note: str = ""


@dataclass(frozen=True, slots=True)
class Block:
    """Frames that can be read by themselves. ``at``: of the first."""

    path: Path
    at: datetime
    frames: tuple[Frame, ...]


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording that was looked through. ``torn``: how many bytes at the end of its file were not written
    whole; they are left out."""

    path: Path
    head: Head
    blocks: tuple[Block, ...]
    begin: datetime
    end: datetime
    torn: int = 0

    def block_at(self, moment: datetime) -> int:
        """The number of the block that ``moment`` is in; the first for one before it."""
        return max(bisect_right(self.blocks, moment, key=lambda b: b.at) - 1, 0)

    def moments(self, block: int) -> list[Moment]:
        """Every moment of that block, in order. Raises RecordingError."""
        found = self.blocks[block]
        try:
            return list(_moments(found))
        except OSError as error:
            raise RecordingError(found.path, f"{error.strerror}.") from error
        except (zlib.error, msgspec.MsgspecError, BadPatchError, KeyError, RecursionError) as error:
            why = N_("what was recorded at {at:%Y-%m-%d %H:%M:%S} UTC cannot be read ({error}).").format(
                at=found.at, error=type(error).__name__
            )
            raise RecordingError(found.path, why) from error

    def picture_at(self, moment: datetime) -> FleetSnapshot:
        """What was shown at ``moment``; before the beginning the first picture. Raises RecordingError."""
        shown = self.moments(self.block_at(moment))
        place = bisect_right(shown, moment, key=lambda m: m.at) - 1
        return shown[max(place, 0)].picture

    def pictures(self) -> Iterator[Moment]:
        """Every moment there is. Raises RecordingError."""
        for number in range(len(self.blocks)):
            yield from self.moments(number)


def open_recording(path: Path) -> Recording:
    """Look through a recording and its older part, if it has one. Raises RecordingError."""
    older = path.with_name(path.name + OLDER)
    parts = [_look_through(p) for p in ((older, path) if older.exists() else (path,))]
    blocks = tuple(b for _, found, _ in parts for b in found)
    if not blocks:
        raise RecordingError(path, N_("nothing was recorded."))
    head, _, torn = parts[-1]
    found = Recording(path, head, blocks, blocks[0].at, blocks[-1].at, torn)
    return replace(found, end=found.moments(len(blocks) - 1)[-1].at)


def _look_through(path: Path) -> tuple[Head, list[Block], int]:
    blocks: list[Block] = []
    try:
        with path.open("rb") as file:
            head = head_of(file, path)
            end = file.tell()
            for frame, _ in frames(file):
                end = frame.offset + frame.length
                if frame.kind is Kind.BLOCK:
                    blocks.append(Block(path, frame.at, (frame,)))
                elif blocks:
                    blocks[-1] = replace(blocks[-1], frames=(*blocks[-1].frames, frame))
            return head, blocks, path.stat().st_size - end
    except OSError as error:
        raise RecordingError(path, f"{error.strerror}.") from error


def _moments(block: Block) -> Iterator[Moment]:
    stream = zlib.decompressobj()
    picture = _Picture()
    with block.path.open("rb") as file:
        for frame in block.frames:
            file.seek(frame.offset)
            inflated = stream.decompress(file.read(frame.length), BODY_LIMIT)
            if stream.unconsumed_tail:
                raise BadPatchError
            for entry in _ENTRIES.decode(inflated):
                yield picture.take(entry)


class _Picture:
    """A picture that entries change. The plain data is what patches are laid on; of each server the object
    made of it is kept, so that what did not change stays the same object."""

    def __init__(self) -> None:
        self._plain: dict[str, Any] = {}
        self._status: Any = None
        self._dags: Any = None
        self._shown = FleetSnapshot()

    def take(self, entry: Entry) -> Moment:
        if entry.note:
            return Moment(entry.at, self._shown, clean_line(entry.note))
        shown = replace(self._shown, seq=entry.seq)
        if entry.status is not None:
            self._status = patched(self._status, cleaned(entry.status))
            shown = replace(shown, status=msgspec.convert(self._status, CollectorStatus))
        if entry.dags is not None:
            self._dags = patched(self._dags, cleaned(entry.dags))
            dags = msgspec.convert(self._dags, tuple[DatabaseAvailabilityGroup, ...])
            shown = replace(shown, dags=dags)
        servers = dict(shown.servers)
        for name, change in cleaned(entry.servers).items():
            self._plain[name] = plain = patched(self._plain.get(name), change)
            servers[name] = msgspec.convert(plain, ServerSnapshot)
        if entry.order is not None:
            order = [clean_line(name) for name in entry.order]
            servers = {name: servers[name] for name in order}
            self._plain = {name: self._plain[name] for name in order}
        self._shown = replace(shown, servers=servers)
        return Moment(entry.at, self._shown)

"""The frames of a recording's file: where they are, and up to where it is whole."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

import msgspec

from cockpit.config.language import N_
from cockpit.fleet.recording import (
    BODY_LIMIT,
    FRAME,
    MAGIC,
    VERSION,
    Frame,
    Head,
    Kind,
    RecordingError,
    unframed,
)


def frames(file: BinaryIO) -> Iterator[tuple[Frame, bytes]]:
    """Every whole frame from the file's place on, with its body, until the end or the first that is not
    whole."""
    while len(head := file.read(FRAME.size)) == FRAME.size:
        length = FRAME.unpack(head)[1]
        if length > BODY_LIMIT:
            return
        offset = file.tell()
        body = file.read(length)
        frame = unframed(head, body, offset)
        if frame is None:
            return
        yield frame, body


def head_of(file: BinaryIO, path: Path) -> Head:
    """What the file says of itself; it stands then at its second frame. Raises RecordingError."""
    if file.read(len(MAGIC)) != MAGIC:
        raise RecordingError(path, N_("this is no recording of pop-cockpit."))
    first = next(frames(file), None)
    if first is None or first[0].kind is not Kind.HEAD:
        raise RecordingError(path, N_("this recording ends before its beginning was written."))
    try:
        head = msgspec.msgpack.decode(first[1], type=Head)
    except msgspec.DecodeError as error:
        raise RecordingError(
            path, N_("the head of this recording cannot be read: {error}.").format(error=error)
        ) from error
    if head.version != VERSION:
        raise RecordingError(
            path,
            N_(
                "this recording has version {version}, and this program reads version {ours}: "
                "use the pop-cockpit that wrote it."
            ).format(version=head.version, ours=VERSION),
        )
    return head


def whole_until(file: BinaryIO, path: Path) -> tuple[int, datetime | None]:
    """Up to which byte the file is whole, and the time of its last frame. Raises RecordingError for one that
    is no recording of this version."""
    head_of(file, path)
    end, last = file.tell(), None
    for frame, _ in frames(file):
        end, last = frame.offset + frame.length, frame.at
    return end, last

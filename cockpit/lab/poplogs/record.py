"""The lab's own record of every line that went into a protocol log: what a follower must have seen.

One JSON object per line, in the order of writing::

    {"seq": 7, "at": 1767859200.123, "server": "EX13-CAS01", "writer": "POP3", "kind": "line",
     "folder": "C:\\…\\Pop3", "file": "POP32026010808-1.LOG", "offset": 512, "line": "…\\r\\n"}

``at``: real seconds since the epoch. ``line``: the bytes as Latin-1, one character each, with their end.
``kind``: ``header`` (the six lines at a file's beginning), ``line``, ``cut`` (a line that was never
finished), ``truncated``, ``replaced`` (of a file; what was recorded before is gone from it), ``lost`` (a line
that could not be written: the disk was full).
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec

_ENCODER: Final = msgspec.json.Encoder()


class Written(msgspec.Struct, frozen=True):
    """One entry."""

    seq: int
    at: float
    server: str
    writer: str
    kind: str
    folder: str
    file: str
    offset: int
    line: str

    @property
    def data(self) -> bytes:
        """The line as it is in the file."""
        return self.line.encode("latin-1")


_DECODER: Final = msgspec.json.Decoder(Written)


class Record:
    """Appended to; opened with the first entry, begun anew by each lab."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None
        self._seq = 0

    def note(
        self,
        server: str,
        writer: str,
        place: tuple[str, str],
        entries: Sequence[tuple[str, int, bytes]],
    ) -> None:
        """``place``: folder and file; ``entries``: kind, offset and bytes of each."""
        if self._descriptor is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
            self._descriptor = os.open(self.path, flags, 0o600)
        at = time.time()
        folder, file = place
        out = bytearray()
        for kind, offset, data in entries:
            self._seq += 1
            line = data.decode("latin-1")
            out += _ENCODER.encode(Written(self._seq, at, server, writer, kind, folder, file, offset, line))
            out += b"\n"
        written = 0
        while written < len(out):
            written += os.write(self._descriptor, out[written:])

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def read(path: Path) -> Iterator[Written]:
    """The entries so far; a last one that is still being written is left out."""
    if not path.exists():
        return
    with open(path, "rb") as lines:
        for line in lines:
            if line.endswith(b"\n"):
                yield _DECODER.decode(line)

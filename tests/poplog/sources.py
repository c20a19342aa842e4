"""A folder of logs in memory that keeps what it was asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from cockpit.poplog.errors import FileGoneError
from cockpit.poplog.parse import CLASSIC
from cockpit.poplog.source import Chunk, Found, Hit, LogFile

HEADER = (
    ",".join(CLASSIC),
    "#Software: Microsoft Exchange Server",
    "#Version: 15.02.1118.007",
    "#Log-type: POP3 Log",
    "#Date: 2026-01-08T08:00:00.123Z",
    "#Fields: " + ",".join(CLASSIC),
)


def log(lines: list[str]) -> bytes:
    """A whole file with these lines after its header."""
    return "".join(line + "\r\n" for line in (*HEADER, *lines)).encode()


@dataclass
class Folder:
    """A LogSource. ``gone``: names that are listed and cannot be read. ``asked``: bytes of every read, and
    of every search what it was for."""

    data: dict[str, bytes]
    name: str = "EX01"
    gone: set[str] = field(default_factory=set)
    asked: list[int | str] = field(default_factory=list)
    now: datetime | None = None

    def files(self) -> tuple[LogFile, ...]:
        return tuple(LogFile(n, 0, None, None) for n in self.data)

    def read(self, name: str, offset: int, most: int) -> Chunk:
        if name in self.gone:
            raise FileGoneError(f"{name} is gone")
        piece = self.data[name][offset : offset + most]
        self.asked.append(len(piece))
        return Chunk(piece, offset, len(self.data[name]), self.now)

    def find(self, name: str, text: str, offset: int, span: int, most: int, *, any_case: bool) -> Found:
        self.asked.append(text)
        whole, at = self.data[name], offset
        hits: list[Hit] = []
        wanted = text.lower().encode() if any_case else text.encode()
        while at < len(whole) and at - offset < span and len(hits) < most:
            stop = whole.find(b"\n", at)
            stop = len(whole) if stop < 0 else stop
            line = whole[at:stop]
            if wanted in (line.lower() if any_case else line):
                hits.append(Hit(at, line))
            at = stop + 1
        return Found(tuple(hits), at if at < len(whole) else None, len(whole))

    def close(self) -> None:
        return

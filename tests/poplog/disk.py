"""A log folder in memory: a source whose files, failures and clock a test makes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from cockpit.poplog.beginning import FromEnd
from cockpit.poplog.errors import FileGoneError, LogError
from cockpit.poplog.follow import Follower
from cockpit.poplog.names import parse_name
from cockpit.poplog.parse import CLASSIC
from cockpit.poplog.source import Chunk, Found, Hit, LogFile

BEGAN = datetime(2026, 1, 8, 10, tzinfo=UTC)
FIELDS = ",".join(CLASSIC)
HEADER = f"{FIELDS}\n#Software: Microsoft Exchange Server\n#Fields: {FIELDS}\n".encode()


def line(number: int, at: datetime | None = None, session: str = "00000000000000AA") -> bytes:
    """A row of the layout above; its sequence number is ``number``."""
    moment = at or BEGAN + timedelta(milliseconds=number)
    stamp = moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03}Z"
    return f"{stamp},{session},{number},10.0.0.1:995,10.1.1.7:50002,frank,5,4,9,stat,,R=ok\n".encode()


def named(number: int, writer: str = "POP3") -> str:
    return f"{writer}20260108{10 + number // 50:02}-{number % 50 + 1}.LOG"


@dataclass
class DiskFile:
    data: bytearray
    created: datetime


@dataclass
class Disk:
    """``fail``: called before every answer with what is asked; raises what the wire would. ``now``: the far
    clock. ``lag``: directory entries say the length of a file as of its creation. ``short``: bytes a read
    gives at most, 0 as asked. ``told``: files that some answer named."""

    name: str = "EX01"
    files_by_name: dict[str, DiskFile] = field(default_factory=dict)
    fail: Callable[[str], None] = lambda _what: None
    now: Callable[[], datetime | None] = lambda: None
    short: int = 0
    asked: list[tuple[str, str, int, int]] = field(default_factory=list)
    closed: bool = False
    no_folder: bool = False
    told: set[str] = field(default_factory=set)
    _made: int = 0

    def make(self, name: str, data: bytes = HEADER) -> None:
        self._made += 1
        self.files_by_name[name] = DiskFile(bytearray(data), BEGAN + timedelta(seconds=self._made))

    def append(self, name: str, data: bytes) -> None:
        self.files_by_name[name].data += data

    def files(self) -> tuple[LogFile, ...]:
        self.asked.append(("files", "", 0, 0))
        self.fail("files")
        if self.no_folder:
            raise FileGoneError("there is no such folder")
        self.told |= set(self.files_by_name)
        return tuple(
            LogFile(name, 0, file.created, file.created)
            for name, file in self.files_by_name.items()
            if parse_name(name)
        )

    def read(self, name: str, offset: int, most: int) -> Chunk:
        self.asked.append(("read", name, offset, most))
        self.fail("read")
        file = self._file(name)
        most = min(most, self.short) if self.short else most
        data, length = bytes(file.data[offset : offset + most]), len(file.data)
        self.fail("newer")  # as the far side does: first the bytes, then the folder
        newer = tuple(n for n, f in self.files_by_name.items() if f.created >= file.created and n != name)
        self.told |= set(newer)
        return Chunk(data, offset, length, self.now(), newer)

    def find(self, name: str, text: str, offset: int, span: int, most: int, *, any_case: bool) -> Found:
        self.asked.append(("find", name, offset, span))
        self.fail("find")
        data = bytes(self._file(name).data)
        hits: list[Hit] = []
        wanted, at = text.encode(), offset
        while at < len(data) and at - offset < span and len(hits) < most:
            end = data.find(b"\n", at)
            end = len(data) if end < 0 else end
            raw = data[at:end]
            if (wanted.lower() in raw.lower()) if any_case else (wanted in raw):
                hits.append(Hit(at, raw))
            at = end + 1
        return Found(tuple(hits), at if at < len(data) else None, len(data))

    def close(self) -> None:
        self.closed = True

    def _file(self, name: str) -> DiskFile:
        if name not in self.files_by_name:
            raise FileGoneError(f"{name} is not there")
        return self.files_by_name[name]


def broken(_what: str) -> None:
    """A ``fail`` of a wire that is down."""
    raise LogError("the connection broke")


EVERYTHING = FromEnd(10**9)


def begun_before(disk: Disk, one: Follower) -> Follower:
    """``one`` once it has found no folder at all: it then reads every file from its beginning on."""
    disk.no_folder = True
    one.step()
    disk.no_folder = False
    return one

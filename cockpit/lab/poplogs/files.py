"""The files of one writer: names, header, rollover (exchange-facts §4.1).

The sheet is silent on, and the lab chose: the time in a name is UTC; a file is made when its first line is
written; a process that starts begins the next number, but goes on in an endless file, with a header of its
own; a file that is limited in size is named after the day it was made and crosses midnight; what cannot be
written because the disk is full is lost.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from cockpit.lab.disk import FULL, Disk
from cockpit.lab.organization import PopSettings, Server
from cockpit.lab.poplogs.record import Record
from cockpit.lab.poplogs.rows import header

HOURLY: Final = 1
_BYTES: Final = re.compile(r"\(([\d,]+) bytes\)")
_SIZE: Final = re.compile(r"\s*([\d.]+)\s*(B|KB|MB|GB|TB)?\s*", re.IGNORECASE)
_UNITS: Final = {"B": 1, "KB": 2**10, "MB": 2**20, "GB": 2**30, "TB": 2**40}


def quota(text: str) -> int | None:
    """LogPerFileSizeQuota in bytes: 0 rolls over by time, None is one endless file."""
    if text.strip().lower() == "unlimited":
        return None
    exact = _BYTES.search(text)
    if exact is not None:
        return int(exact[1].replace(",", ""))
    found = _SIZE.fullmatch(text)
    return int(float(found[1]) * _UNITS[(found[2] or "B").upper()]) if found else 0


@dataclass(frozen=True, slots=True)
class Line:
    """``at``: the server's clock; ``data``: with its end, or without one for a line that is cut."""

    at: datetime
    data: bytes
    kind: str = "line"


class LogFiles:
    """What one process writes; ``settings``: those it started with."""

    def __init__(
        self,
        server: Server,
        prefix: str,
        settings: PopSettings,
        disk: Disk,
        record: Record,
        complain: Callable[[str], None],
    ) -> None:
        self._server = server
        self._prefix = prefix
        self._disk = disk
        self._record = record
        self._complain = complain
        self._folder = disk.expand(settings.log_file_location)
        self._hourly = settings.log_file_rollover == HOURLY
        self._quota = quota(settings.log_per_file_size_quota)
        self._stamp = ""
        self._name = ""
        self._descriptor: int | None = None
        self._place: Path | None = None
        self._size = 0
        self._full = False
        self._roll_now = False
        self._half: tuple[int, bytes, int] | None = None
        """A line that was begun: offset, the whole of it, how much is written."""

    @property
    def current(self) -> str:
        """The name of the file that is open; empty where there is none."""
        return self._name

    def write(self, lines: Sequence[Line]) -> None:
        """Append, rolling over where it is time; one write per file."""
        self._finish_half()
        batch: list[Line] = []
        planned = self._size
        for line in lines:
            if batch and self._due(line.at, planned + len(line.data)):
                self._append(batch)
                batch = []
                planned = self._size
            if not batch and (self._descriptor is None or self._due(line.at, planned + len(line.data))):
                if not self._begin(line.at):
                    self._lost([line])
                    continue
                planned = self._size
            batch.append(line)
            planned += len(line.data)
        if batch:
            self._append(batch)

    def _due(self, at: datetime, size: int) -> bool:
        """Whether the next line, after which the file would have that size, belongs into another file."""
        if self._roll_now:
            return True
        if self._quota is None:
            return False
        if self._quota:
            return size > self._quota
        return self._stamp_of(at) != self._stamp

    def _stamp_of(self, at: datetime) -> str:
        by_hour = self._hourly and self._quota == 0
        return at.strftime("%Y%m%d%H" if by_hour else "%Y%m%d")

    def _begin(self, at: datetime) -> bool:
        """Open the next file and write its header; False where the disk is full."""
        self.close()
        stamp = self._stamp_of(at)
        try:
            name = self._next_name(stamp)
            descriptor, place = self._disk.open(f"{self._folder}\\{name}", at)
        except OSError as error:
            self._refused(str(error))
            return False
        self._full = self._roll_now = False
        self._name, self._stamp = name, stamp
        self._descriptor, self._place = descriptor, place
        self._size = os.fstat(descriptor).st_size
        self._append([Line(at, text, "header") for text in header(self._server, at)])
        return True

    def _next_name(self, stamp: str) -> str:
        folder = self._disk.place(self._folder)
        names = [p.name for p in folder.iterdir()] if folder is not None and folder.is_dir() else []
        if self._quota is None and not self._roll_now:
            own = re.compile(rf"{self._prefix}\d+-\d+\.LOG", re.IGNORECASE)
            return max((n for n in names if own.fullmatch(n)), default=f"{self._prefix}{stamp}-1.LOG")
        own = re.compile(rf"{self._prefix}{stamp}-(\d+)\.LOG", re.IGNORECASE)
        numbers = [int(m[1]) for m in map(own.fullmatch, names) if m]
        return f"{self._prefix}{stamp}-{max(numbers, default=0) + 1}.LOG"

    def _append(self, lines: Sequence[Line]) -> None:
        if self._descriptor is None or self._place is None:
            raise RuntimeError("no file is open")
        if self._disk.free(self._folder[:1]) < FULL:
            self._refused(f"{self._folder[:2]} of {self._server.name} is full")
            self._lost(lines)
            return
        self._full = False
        # Somebody may have cut the file: what is appended goes to its present end.
        self._size = os.fstat(self._descriptor).st_size
        entries = []
        out = bytearray()
        for line in lines:
            entries.append((line.kind, self._size + len(out), line.data))
            out += line.data
        written = 0
        while written < len(out):
            written += os.write(self._descriptor, out[written:])
        self._size += len(out)
        self._disk.wrote(self._place, lines[-1].at)
        self._record.note(self._server.name, self._prefix, (self._folder, self._name), entries)

    def write_half(self, line: Line) -> None:
        """The first half of a line; the other comes before whatever is written next."""
        self.write([])
        if self._descriptor is None and not self._begin(line.at):
            self._lost([line])
            return
        if self._descriptor is None or self._place is None:
            raise RuntimeError("no file is open")
        half = len(line.data) // 2
        self._half = os.fstat(self._descriptor).st_size, line.data, half
        os.write(self._descriptor, line.data[:half])
        self._size += half
        self._disk.wrote(self._place, line.at)

    def _finish_half(self) -> None:
        if self._half is None or self._descriptor is None:
            return
        (offset, data, written), self._half = self._half, None
        os.write(self._descriptor, data[written:])
        self._size += len(data) - written
        self._note("line", offset, data)

    def _refused(self, why: str) -> None:
        if not self._full:
            self._complain(why)
        self._full = True

    def _lost(self, lines: Sequence[Line]) -> None:
        entries = [("lost", self._size, line.data) for line in lines]
        self._record.note(self._server.name, self._prefix, (self._folder, self._name), entries)

    def roll(self) -> None:
        """The next line goes into the next file, whatever the time."""
        self._roll_now = True

    def truncate(self) -> None:
        """As somebody with an editor does: the file is empty, and the writer goes on at its beginning."""
        if self._descriptor is None:
            return
        self._finish_half()
        os.ftruncate(self._descriptor, 0)
        self._size = 0
        self._note("truncated")

    def replace(self, at: datetime) -> None:
        """The file is deleted and another of the same name takes its place, with a header; the writer goes on
        there. Where the disk is full nothing takes its place, and the next line begins another file."""
        if self._descriptor is None or self._place is None:
            return
        self._finish_half()
        place = self._place
        self.close()
        place.unlink()
        self._note("replaced")
        try:
            self._descriptor, self._place = self._disk.open(f"{self._folder}\\{self._name}", at)
        except OSError as error:
            self._refused(str(error))
            return
        self._append([Line(at, text, "header") for text in header(self._server, at)])

    def _note(self, kind: str, offset: int = 0, data: bytes = b"") -> None:
        place = (self._folder, self._name)
        self._record.note(self._server.name, self._prefix, place, [(kind, offset, data)])

    def close(self) -> None:
        """Give the file back; the next line begins another."""
        if self._half is not None:
            (offset, data, written), self._half = self._half, None
            self._note("cut", offset, data[:written])
        if self._descriptor is not None and self._place is not None:
            self._disk.close(self._descriptor, self._place)
        self._descriptor = self._place = None
        self._size = 0

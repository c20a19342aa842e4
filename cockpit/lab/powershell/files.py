"""System.IO on a simulated server's disk: streams, paths, files [M]. Nothing here can write."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import BufferedReader
from pathlib import Path
from typing import Final

from cockpit.lab.clixml import Int64
from cockpit.lab.disk import Disk, Entry
from cockpit.lab.powershell.errors import NetError, not_here
from cockpit.lab.powershell.types import enum
from cockpit.lab.powershell.values import NetObject, text, whole

_NOT_FOUND: Final = "System.IO.FileNotFoundException"
_NO_FOLDER: Final = "System.IO.DirectoryNotFoundException"
_IO: Final = "System.IO.IOException"
_DISPOSED: Final = "System.ObjectDisposedException"
_NEVER: Final = datetime(1601, 1, 1, tzinfo=UTC)
"""What Windows says of the times of a file that does not exist."""
_WRITE_SHARE: Final = 2


@dataclass(slots=True)
class Machine:
    """What a script sees of the server it runs on. ``opened``: streams that it must give back."""

    disk: Disk
    opened: list[FileStream] = field(default_factory=list)

    @property
    def now(self) -> datetime:
        return self.disk.clock()

    def release(self) -> None:
        """What a script left open is closed, as its process' end would."""
        for stream in self.opened:
            stream.dispose()


class FileStream(NetObject):
    """For reading only."""

    type_name = "System.IO.FileStream"

    def __init__(self, machine: Machine, place: Path, file: BufferedReader) -> None:
        self._machine = machine
        self._place = place
        self._file: BufferedReader | None = file
        machine.opened.append(self)

    def _open(self) -> BufferedReader:
        if self._file is None:
            raise NetError(_DISPOSED, "Cannot access a closed file.")
        return self._file

    def length(self) -> Int64:
        return Int64(os.fstat(self._open().fileno()).st_size)

    def seek(self, offset: object, origin: object) -> Int64:
        how = enum("System.IO.SeekOrigin", origin).number
        try:
            return Int64(self._open().seek(whole(offset, "System.Int64"), how))
        except (OSError, ValueError):
            words = "An attempt was made to move the file pointer before the beginning of the file."
            raise NetError(_IO, words) from None

    def read(self, into: object, offset: object, count: object) -> int:
        """At most ``count`` bytes; a real one may give fewer too, but at a file's end only 0."""
        start, most = whole(offset), whole(count)
        if not isinstance(into, bytearray):
            raise not_here("FileStream.Read into something that is no byte[]")
        if start < 0 or most < 0 or start + most > len(into):
            raise NetError(
                "System.ArgumentException",
                "Offset and length were out of bounds for the array or count is greater than the number of"
                " elements from index to the end of the source collection.",
            )
        got = self._open().read(most)
        into[start : start + len(got)] = got
        return len(got)

    def dispose(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
            self._machine.disk.refresh(self._place)

    properties = {"length": length}  # noqa: RUF012
    methods = {"seek": seek, "read": read, "dispose": dispose}  # noqa: RUF012


def open_file(
    machine: Machine, path: object, mode: object, access: object = "Read", share: object = "Read"
) -> FileStream:
    """``new FileStream(path, mode, access, share)`` and ``File.Open``. Raises NetError."""
    name = text(path)
    wanted = enum("System.IO.FileMode", mode).name
    if wanted != "Open" or enum("System.IO.FileAccess", access).name != "Read":
        raise not_here("files that are opened for writing")
    sharing = enum("System.IO.FileShare", share).number
    place = _place(machine, name)
    if place.is_dir():
        raise NetError("System.UnauthorizedAccessException", f"Access to the path '{name}' is denied.")
    if not place.exists():
        if not place.parent.is_dir():
            raise NetError(_NO_FOLDER, f"Could not find a part of the path '{name}'.")
        raise NetError(_NOT_FOUND, f"Could not find file '{name}'.")
    if machine.disk.is_locked(place) or (machine.disk.is_held(place) and not sharing & _WRITE_SHARE):
        words = f"The process cannot access the file '{name}' because it is being used by another process."
        raise NetError(_IO, words)
    try:
        return FileStream(machine, place, open(place, "rb"))
    except FileNotFoundError:  # deleted since
        raise NetError(_NOT_FOUND, f"Could not find file '{name}'.") from None


def _place(machine: Machine, name: str) -> Path:
    if not name:
        raise NetError("System.ArgumentException", "Empty path name is not legal.")
    if any(c in name for c in '<>"|\0\n\r\t'):
        raise NetError("System.ArgumentException", "Illegal characters in path.")
    place = machine.disk.place(name)
    if place is None:
        raise NetError(_NO_FOLDER, f"Could not find a part of the path '{name}'.")
    return place


def created(machine: Machine, path: object) -> datetime:
    place = _place(machine, text(path))
    return machine.disk.born(place) if place.exists() else _NEVER


def combine(*parts: object) -> str:
    """Path.Combine: a later rooted part wins."""
    found = ""
    for part in map(text, parts):
        if any(c in part for c in '<>"|\0\n\r\t'):
            raise NetError("System.ArgumentException", "Illegal characters in path.")
        if part[:1] in ("\\", "/") or part[1:2] == ":" or not found:
            found = part or found
        elif part:
            found += part if found[-1] in "\\/:" else f"\\{part}"
    return found


class FileInfo(NetObject):
    """A directory entry, as Get-ChildItem gives it."""

    type_name = "System.IO.FileInfo"

    def __init__(self, entry: Entry) -> None:
        self.entry = entry
        self.type_name = "System.IO.DirectoryInfo" if entry.is_folder else "System.IO.FileInfo"

    def text(self) -> str:
        return self.entry.name

    properties = {  # noqa: RUF012
        "name": lambda self: self.entry.name,
        "length": lambda self: 1 if self.entry.is_folder else Int64(self.entry.length),
        "psiscontainer": lambda self: self.entry.is_folder,
        "creationtimeutc": lambda self: self.entry.created,
        "lastwritetimeutc": lambda self: self.entry.modified,
    }

"""Files of this machine as bytes at a place. Nothing is kept open between two reads, nothing is mapped.

A file that is opened for every read costs some microseconds more, and spares a table of descriptors, a
stale one after the file was replaced, and a lock.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from cockpit.config.language import N_
from cockpit.exchange.text import clean_line
from cockpit.poplog.errors import FileGoneError, LogError, RefusedError

# A pipe or a terminal by that name must neither block us nor become ours.
_FLAGS: Final = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY


@dataclass(frozen=True, slots=True)
class Mark:
    """Which file it was, and how long. ``touched``: ns of its last change."""

    device: int
    inode: int
    length: int
    touched: int

    def same_file(self, other: Mark) -> bool:
        """Whether ``other`` is a later look at the same file that has only grown."""
        return (self.device, self.inode) == (other.device, other.inode) and other.length >= self.length


class ByteFile(Protocol):
    """A file read at any place, by any thread. All raise LogError."""

    @property
    def path(self) -> Path: ...

    @property
    def epoch(self) -> int:
        """Changes when another file stands there, or this one became shorter: all that was kept is void."""
        ...

    @property
    def problem(self) -> str:
        """Why the file ends sooner than it should, ""; known once its end was seen."""
        ...

    def length(self) -> int:
        """Bytes there are now. Of a compressed file: after it was decompressed once, which takes a while."""
        ...

    def about(self) -> int:
        """About as many bytes, told at once."""
        ...

    def read(self, offset: int, most: int) -> bytes:
        """At most ``most`` bytes from ``offset``; fewer only at the end."""
        ...


class PlainFile:
    """A file as it lies there."""

    problem = ""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.epoch = 0
        self._mark: Mark | None = None

    def length(self) -> int:
        descriptor = open_file(self.path)
        try:
            return self._look(descriptor)
        finally:
            os.close(descriptor)

    about = length

    def read(self, offset: int, most: int) -> bytes:
        descriptor = open_file(self.path)
        try:
            self._look(descriptor)
            return read_at(descriptor, offset, most, self.path)
        finally:
            os.close(descriptor)

    def _look(self, descriptor: int) -> int:
        mark = mark_of(descriptor)
        if self._mark is not None and not self._mark.same_file(mark):
            self.epoch += 1
        self._mark = mark
        return mark.length


def open_file(path: Path) -> int:
    """A descriptor for reading; nothing but a regular file. Raises LogError."""
    try:
        descriptor = os.open(path, _FLAGS)
    except OSError as error:
        raise trouble(path, error) from error
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    raise RefusedError(
        N_("{path} cannot be read as a log").format(path=path.name),
        N_("not a regular file"),
        N_("Give a file or a folder."),
    )


def mark_of(descriptor: int) -> Mark:
    found = os.fstat(descriptor)
    return Mark(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)


def read_at(descriptor: int, offset: int, most: int, path: Path) -> bytes:
    """All of ``most`` bytes unless the file ends before. Raises LogError."""
    try:
        data = os.pread(descriptor, most, offset)
        while 0 < len(data) < most and (more := os.pread(descriptor, most - len(data), offset + len(data))):
            data += more
    except OSError as error:
        raise trouble(path, error) from error
    return data


def trouble(path: Path, error: OSError) -> LogError:
    """What an operator can do about ``error``."""
    cause = error.strerror or str(error)
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return FileGoneError(
            N_("{path} is not there").format(path=path.name),
            cause,
            clean_line(N_("Look into {parent}.").format(parent=path.parent)),
        )
    if isinstance(error, PermissionError):
        return RefusedError(
            N_("{path} may not be read").format(path=path.name),
            cause,
            N_("Ask its owner, or copy it as one who may."),
        )
    return LogError(
        N_("{path} cannot be read").format(path=path.name),
        cause,
        N_("Look at the disk or the share it lies on."),
    )

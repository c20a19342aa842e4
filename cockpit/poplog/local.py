"""Log files on this machine: a folder, files of it, any text file named by its path, ``.gz`` too."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from cockpit.config.language import N_
from cockpit.exchange.text import clean_line
from cockpit.poplog import scan
from cockpit.poplog.bytefile import ByteFile, PlainFile, open_file, read_at, trouble
from cockpit.poplog.errors import FileGoneError, RefusedError
from cockpit.poplog.gzipped import MAGIC, GzippedFile, Shelf
from cockpit.poplog.names import LogName, parse_name
from cockpit.poplog.needle import Needle
from cockpit.poplog.pages import is_no_row
from cockpit.poplog.scan import stretches
from cockpit.poplog.source import Chunk, Found, Hit, LogFile


def open_bytes(path: Path, shelf: Shelf | None = None) -> ByteFile:
    """The file by what it begins with, whatever its name says. Raises LogError."""
    descriptor = open_file(path)
    try:
        begin = read_at(descriptor, 0, len(MAGIC), path)
    finally:
        os.close(descriptor)
    return GzippedFile(path, shelf) if begin == MAGIC else PlainFile(path)


class LocalFolder:
    """A LogSource over one folder. ``names``: only these files of it, whatever they are called; else those
    that ``names.parse_name`` knows, of a file that is there both plain and compressed the plain one.

    There is no far side here, so chunks carry no clock; most file systems here tell no time of creation.
    """

    def __init__(self, folder: Path, names: Sequence[str] | None = None, label: str = "") -> None:
        self.folder = folder
        self.names = None if names is None else tuple(dict.fromkeys(names))
        self.label = clean_line(label or folder.absolute().name or str(folder))
        self._shelf = Shelf()
        self._compressed: dict[str, GzippedFile] = {}

    @property
    def name(self) -> str:
        return self.label

    def paths(self) -> list[Path]:
        """The files there are now. Raises LogError where the folder cannot be read."""
        if self.names is not None:
            return [self.folder / name for name in self.names]
        try:
            with os.scandir(self.folder) as entries:
                found = {entry.name for entry in entries if parse_name(entry.name) and entry.is_file()}
        except OSError as error:
            raise trouble(self.folder, error) from error
        return [self.folder / name for name in sorted(found) if _plain_name(name) not in found]

    def files(self) -> tuple[LogFile, ...]:
        found = []
        for path in self.paths():
            try:
                found.append(_log_file(path))
            except FileGoneError:
                if self.names is not None:  # else it went between the listing and the look: it is not there
                    raise
        return tuple(found)

    def read(self, name: str, offset: int, most: int) -> Chunk:
        file = self._file(name)
        data = file.read(offset, most)
        length = max(file.length(), offset + len(data) if data else 0)
        return Chunk(data, offset, length, None, self._newer(name), file.problem)

    def find(self, name: str, text: str, offset: int, span: int, most: int, *, any_case: bool) -> Found:
        file, needle = self._file(name), Needle(text, any_case=any_case)
        hits: list[Hit] = []
        following: int | None = None
        for stretch in stretches(file, needle, offset, None, lambda: False):
            for line in stretch.lines:
                hits.append(Hit(line.start, line.raw))
                if len(hits) >= most:
                    return Found(tuple(hits), line.next, file.about())
            following = stretch.next
            if following is not None and following - offset >= span:
                break
        return Found(tuple(hits), following, file.about(), "" if following is not None else file.problem)

    def count(self, name: str, text: str, *, any_case: bool, stop: Callable[[], bool]) -> tuple[int, str]:
        """How many rows hold ``text``, up to where ``stop`` said so, at about the speed of ``grep -c``; and
        why the file ends sooner than it should, as in ``Chunk``. Raises LogError."""
        file = self._file(name)
        found = scan.count(file, Needle(text, any_case=any_case), stop, no_row=is_no_row)
        return found, file.problem

    def close(self) -> None:
        self._compressed.clear()

    def _file(self, name: str) -> ByteFile:
        if name != os.path.basename(name) or (self.names is not None and name not in self.names):
            raise RefusedError(
                N_("{name} is no file of {label}").format(name=name, label=self.label),
                "",
                N_("Name one of the files listed."),
            )
        path = self.folder / name
        kept = self._compressed.get(name)
        if kept is not None:
            return kept
        file = open_bytes(path, self._shelf)
        if isinstance(file, GzippedFile):
            self._compressed[name] = file
        return file

    def _newer(self, name: str) -> tuple[str, ...]:
        """Later files of the same writer by name; of others those changed since: no more is known here."""
        ours = parse_name(name)
        if ours is None:
            return ()
        try:
            touched = (self.folder / name).stat().st_mtime_ns
        except OSError as error:
            raise trouble(self.folder / name, error) from error
        return tuple(p.name for p in self.paths() if p.name != name and _is_newer(p, ours, touched))


def _is_newer(path: Path, ours: LogName, touched: int) -> bool:
    name = parse_name(path.name)
    if name is not None and name.writer is ours.writer:
        return name.order > ours.order
    try:
        return path.stat().st_mtime_ns >= touched
    except FileNotFoundError:
        return False


def _plain_name(name: str) -> str:
    """The name of a compressed file without its ending; "" for another."""
    return name[:-3] if name.lower().endswith(".gz") else ""


def _log_file(path: Path) -> LogFile:
    try:
        found = path.stat()
    except OSError as error:
        raise trouble(path, error) from error
    born: float | None = getattr(found, "st_birthtime", None)
    created = None if born is None else _utc(born)
    length = found.st_size
    if path.name.lower().endswith(".gz"):
        length = open_bytes(path).about()
    return LogFile(path.name, length, created, _utc(found.st_mtime))


def _utc(seconds: float) -> datetime | None:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return None


def folders(paths: Iterable[Path]) -> list[LocalFolder]:
    """One source per folder of ``paths``, which may be folders and files. Labels tell them apart. Raises
    LogError for a path that is not there."""
    whole: dict[Path, None] = {}
    named: dict[Path, list[str]] = {}
    for path in paths:
        absolute = path.absolute()
        if absolute.is_dir():
            whole[absolute] = None
        else:
            os.close(open_file(absolute))
            named.setdefault(absolute.parent, []).append(absolute.name)
    for folder in whole:
        # A file named beside its folder is in it already, unless it is no log by its name.
        named[folder] = [n for n in named.get(folder, ()) if parse_name(n) is None]
    labels = _labels([*whole, *named])
    found = [LocalFolder(folder, None, labels[folder]) for folder in whole]
    found += [LocalFolder(folder, names, labels[folder]) for folder, names in named.items() if names]
    return found


def _labels(paths: Sequence[Path]) -> dict[Path, str]:
    """The last part of each path, with as many above it as it takes to tell them apart."""
    unique = list(dict.fromkeys(paths))
    deepest = max((len(path.parts) for path in unique), default=1)
    for depth in range(1, deepest + 1):
        labels = {path: "/".join(path.parts[-depth:]) for path in unique}
        if len(set(labels.values())) == len(unique):
            return labels
    return {path: str(path) for path in unique}

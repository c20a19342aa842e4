"""The disks of simulated servers: real directories, under the paths and with the manners of Windows.

``<folder>/<SERVER>/C/Program Files/...``. Paths are found whatever their case. Birth times are kept here, for
Linux does not let anybody set them; and so is what a directory entry says of a file that somebody is still
writing: Windows brings its length and time up to date when a handle on it is closed [M].
"""

from __future__ import annotations

import os
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from cockpit.lab.organization import Server

INSTALL_PATH: Final = "C:\\Program Files\\Microsoft\\Exchange Server\\V15\\"
FULL: Final = 8192
"""With less than so many bytes free nothing can be written: the lab's own number."""
_PATH: Final = re.compile(r"([A-Za-z]):[\\/](.*)", re.DOTALL)
_VARIABLE: Final = re.compile(r"%([^%]+)%")
_FORBIDDEN: Final = re.compile(r'[<>:"|?*\x00-\x1f]')


class DiskFullError(OSError):
    """There is not enough space on the disk."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A directory entry; ``length`` and ``modified`` as they were when last brought up to date. UTC."""

    name: str
    is_folder: bool
    length: int
    created: datetime
    modified: datetime


class Disk:
    """The volumes of one server. ``clock``: that server's own, in UTC.

    Written to by one thread, and read by any.
    """

    def __init__(self, root: Path, server: Server, clock: Callable[[], datetime]) -> None:
        self.root = root
        self.server = server
        self.clock = clock
        self._letters = {v.mount[0].upper() for v in server.volumes if len(v.mount) == 3}
        self._born: dict[str, datetime] = {}
        self._written: dict[str, datetime] = {}
        self._held: dict[str, tuple[int, datetime]] = {}
        self._locked: set[str] = set()
        self._lock = threading.Lock()
        self._variables = {
            "exchangeinstallpath": INSTALL_PATH,
            "systemdrive": "C:",
            "systemroot": "C:\\Windows",
            "windir": "C:\\Windows",
            "programfiles": "C:\\Program Files",
            "computername": server.name.upper(),
        }

    def expand(self, text: str) -> str:
        """``%name%`` replaced where there is such a variable, else left as it is, as Windows does."""
        return _VARIABLE.sub(lambda m: self._variables.get(m[1].lower(), m[0]), text)

    def place(self, path: str) -> Path | None:
        """Where an absolute Windows path lies here, whether or not it exists; None for one that cannot."""
        found = _PATH.fullmatch(path.strip())
        if found is None or found[1].upper() not in self._letters:
            return None
        here = self.root / found[1].upper()
        parts: list[str] = []
        for part in re.split(r"[\\/]+", found[2]):
            if part == "..":
                del parts[-1:]
            elif part not in ("", "."):
                parts.append(part.rstrip(". "))
        if any(not part or _FORBIDDEN.search(part) for part in parts):
            return None
        for part in parts:
            here = _child(here, part)
        return here

    def is_drive(self, path: str) -> bool:
        return path[:1].upper() in self._letters and path[1:2] == ":"

    def free(self, letter: str = "C") -> int:
        return next((v.free for v in self.server.volumes if v.mount[:1].upper() == letter.upper()), 0)

    # -- writing ------------------------------------------------------------------------------------------

    def open(self, path: str, at: datetime) -> tuple[int, Path]:
        """A descriptor that appends to a file, made with its folders where it is missing, and its place.
        ``at``: when that happens, by the server's clock.
        Raises DiskFullError, or OSError for a path that cannot be."""
        place = self.place(path)
        if place is None:
            raise FileNotFoundError(f"{self.server.name} has no such path: {path}")
        if self.free(path[0]) < FULL:
            raise DiskFullError(f"{path[:2]} of {self.server.name} is full")
        place.parent.mkdir(parents=True, exist_ok=True)
        is_new = not place.exists()
        descriptor = os.open(place, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        with self._lock:
            if is_new:
                self._born[str(place)] = at
            self._written[str(place)] = at
            self._held[str(place)] = (os.fstat(descriptor).st_size, at)
        return descriptor, place

    def wrote(self, place: Path, at: datetime) -> None:
        """Something was written to a file that is open; its directory entry stays as it is."""
        self._written[str(place)] = at

    def close(self, descriptor: int, place: Path) -> None:
        os.close(descriptor)
        with self._lock:
            self._held.pop(str(place), None)

    # -- reading ------------------------------------------------------------------------------------------

    def born(self, place: Path) -> datetime:
        """When a file was made; for one that the lab did not make, when it was first seen."""
        with self._lock:
            found = self._born.get(str(place))
            if found is None:
                found = self._born[str(place)] = _changed(place)
            return found

    def refresh(self, place: Path) -> None:
        """A handle on the file was closed: its directory entry tells the truth of this moment."""
        with self._lock:
            if str(place) in self._held:
                self._held[str(place)] = (place.stat().st_size, self._written[str(place)])

    def is_held(self, place: Path) -> bool:
        """Somebody has it open for writing."""
        return str(place) in self._held

    def is_locked(self, place: Path) -> bool:
        """Somebody has it open and shares it with nobody."""
        return str(place) in self._locked

    def lock(self, place: Path, locked: bool) -> None:
        (self._locked.add if locked else self._locked.discard)(str(place))

    def entries(self, folder: Path) -> Iterator[Entry]:
        """Of one folder, by name. Raises OSError."""
        for found in sorted(folder.iterdir(), key=lambda p: p.name.lower()):
            is_folder = found.is_dir()
            held = self._held.get(str(found))
            if held is not None:
                length, modified = held
            else:
                length = 0 if is_folder else found.stat().st_size
                modified = self._written.get(str(found)) or _changed(found)
            yield Entry(found.name, is_folder, length, self.born(found), modified)


def _child(folder: Path, name: str) -> Path:
    """The one of that name in any case; as written where there is none."""
    exact = folder / name
    if exact.exists():
        return exact
    wanted = name.lower()
    try:
        return next((p for p in folder.iterdir() if p.name.lower() == wanted), exact)
    except OSError:
        return exact


def _changed(place: Path) -> datetime:
    return datetime.fromtimestamp(place.stat().st_mtime, UTC)


class Disks:
    """Those of all servers, under one folder. What the lab made it takes away again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ours = not folder.exists()
        self._disks: dict[str, Disk] = {}

    def mount(self, server: Server, clock: Callable[[], datetime]) -> Disk:
        disk = self._disks[server.name] = Disk(self.folder / server.name, server, clock)
        return disk

    def of(self, server: str) -> Disk:
        return self._disks[server]

    def remove(self) -> None:
        if self._ours and self.folder.exists():
            shutil.rmtree(self.folder)

"""Bookmarks: servers, and health sets of servers, under a letter or a digit. Kept in a file per environment.

The file is the user's own, and anybody may have edited it: names are cleaned as those of servers are.
"""

from __future__ import annotations

import os
import string
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import field
from pathlib import Path
from typing import Final, TypeAlias
from urllib.parse import quote

import msgspec

from cockpit.config.language import _
from cockpit.config.paths import private_dir, write_private
from cockpit.exchange.text import clean_line
from cockpit.frozen import dataclass

BOOKMARK_KEYS: Final = frozenset(string.ascii_letters + string.digits)


Booked: TypeAlias = tuple[tuple[str, str], ...]
"""What is marked of one server: health sets in small letters, empty for all of it, each with its key."""


class Place(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a bookmark is on: ``health_set`` empty: the whole server."""

    server: str
    health_set: str = ""

    @property
    def title(self) -> str:
        return f"{self.server} {self.health_set}".rstrip()

    def same(self, other: Place) -> bool:
        """Names of servers and health sets have no capitals of their own."""
        return (self.server.lower(), self.health_set.lower()) == (
            other.server.lower(),
            other.health_set.lower(),
        )


@dataclass(frozen=True, slots=True)
class Bookmarks:
    """All of an environment, by key."""

    places: Mapping[str, Place] = field(default_factory=dict)

    def keys_of(self, server: str, health_set: str = "") -> str:
        """The keys of the bookmarks that hold the health set of the server: on it, or on the whole server."""
        name, held = server.lower(), health_set.lower()
        found = (
            key
            for key, place in self.places.items()
            if place.server.lower() == name and place.health_set.lower() in ("", held)
        )
        return "".join(found)

    def by_server(self) -> dict[str, Booked]:
        """What is marked of each server, by its name in small letters."""
        found: dict[str, Booked] = {}
        for key, place in self.places.items():
            name = place.server.lower()
            found[name] = (*found.get(name, ()), (place.health_set.lower(), key))
        return found

    def toggled(self, key: str, place: Place) -> Bookmarks:
        """With ``key`` on ``place``; where it was there already, without it. Raises ValueError for a key that
        is neither a letter nor a digit."""
        if key not in BOOKMARK_KEYS:
            raise ValueError(f"{key!r} is no key of a bookmark")
        left = {k: p for k, p in self.places.items() if k != key}
        before = self.places.get(key)
        if before is None or not before.same(place):
            left[key] = place
        return Bookmarks(dict(sorted(left.items())))


NO_BOOKMARKS: Final = Bookmarks()


class BookmarksError(Exception):
    """Bookmarks that could not be read or written: one sentence with the file and the cure."""


class _Kept(msgspec.Struct, forbid_unknown_fields=True):
    """The file. ``version``: of its shape."""

    version: int
    bookmarks: dict[str, Place]


VERSION: Final = 1


def bookmarks_file(folder: Path, environment: str) -> Path:
    """The file of ``environment``, whose name may be anything, in ``folder``."""
    return folder / f"{quote(environment, safe='')[:200] or '_'}.json"


def read_bookmarks(path: Path) -> Bookmarks:
    """What is kept at ``path``; none where there is no such file. Raises BookmarksError."""
    try:
        kept = msgspec.json.decode(path.read_bytes(), type=_Kept)
    except FileNotFoundError:
        return NO_BOOKMARKS
    except OSError as error:
        raise BookmarksError(
            _("Bookmarks could not be read from {path}: {why}.").format(path=path, why=error.strerror)
        ) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BookmarksError(_damaged(path)) from error
    if kept.version != VERSION or not BOOKMARK_KEYS.issuperset(kept.bookmarks):
        raise BookmarksError(_damaged(path))
    clean = {k: Place(clean_line(p.server), clean_line(p.health_set)) for k, p in kept.bookmarks.items()}
    return Bookmarks(clean)


def _damaged(path: Path) -> str:
    return _("Bookmarks in {path} are damaged or of a newer version; move the file away.").format(path=path)


def toggle_bookmark(path: Path, key: str, place: Place) -> Bookmarks:
    """Put ``key`` on ``place``, or take it off, in the file at ``path`` as it is now: another cockpit may
    have written it meanwhile. What is kept then. Raises BookmarksError, ValueError."""
    changed = read_bookmarks(path).toggled(key, place)
    body = msgspec.json.format(msgspec.json.encode(_Kept(VERSION, dict(changed.places))), indent=1)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        private_dir(path.parent)
        write_private(fresh, body.decode() + "\n")
        fresh.replace(path)
    except OSError as error:
        with suppress(OSError):  # what could not be written may be there in part
            fresh.unlink()
        raise BookmarksError(
            _("Bookmarks could not be written to {path}: {why}.").format(path=path, why=error.strerror)
        ) from error
    return changed

"""What can be typed next in a filter: keys, and the values that the picture has. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from cockpit.exchange.model import Role
from cockpit.fleet.bookmarks import Bookmarks
from cockpit.fleet.filtering import KEYS, MARKED, quoted, state_name
from cockpit.fleet.snapshot import FleetSnapshot, ServerSnapshot
from cockpit.fleet.states import State
from cockpit.fleet.verdict import probe_identity
from cockpit.frozen import dataclass

_TOKEN: Final = re.compile(r'(?:[^\s"]|"(?:[^"]|"")*"?)+')
_KEYED: Final = re.compile(r"(!*)([A-Za-z][A-Za-z0-9_-]*):(.*)", re.DOTALL)
_LAST: Final = re.compile(r'(?:[^,"]|"(?:[^"]|"")*"?)*$')
_SPANS: Final = ("5m", "10m", "30m", "1h", "4h", "1d", "1w")


@dataclass(frozen=True, slots=True)
class Completion:
    """``options``: each could stand for what is typed from ``start`` to ``end``; the likeliest first."""

    start: int
    end: int
    options: tuple[str, ...]

    @property
    def common(self) -> str:
        """What all options begin with."""
        if not self.options:
            return ""
        first, last = min(self.options), max(self.options)
        alike = (n for n, (a, b) in enumerate(zip(first, last, strict=False)) if a != b)
        return first[: next(alike, min(len(first), len(last)))]


def complete(text: str, cursor: int, fleet: FleetSnapshot, bookmarks: Bookmarks) -> Completion:
    """The ways to go on with ``text`` at ``cursor``."""
    token = next((t for t in _TOKEN.finditer(text, 0, cursor) if t.end() == cursor), None)
    typed = token[0] if token is not None else ""
    found = _KEYED.match(typed)
    if found is None:
        stem = typed.lstrip("!")
        words = (*(f"{key}:" for key in KEYS), MARKED)
        return Completion(cursor - len(stem), cursor, _going_on(words, stem))
    last = _LAST.search(found[3])
    piece = last[0] if last else ""
    names = _values(found[2].lower(), fleet, bookmarks)
    options = tuple(quoted(name) for name in _going_on(names, piece.strip('"').replace('""', '"')))
    return Completion(cursor - len(piece), cursor, options)


def _going_on(words: Iterable[str], typed: str) -> tuple[str, ...]:
    """Those that begin with what is typed; where there are none, those that hold it. Not that itself."""
    stem = typed.lower()
    others = [word for word in words if word.lower() != stem]
    begun = tuple(word for word in others if word.lower().startswith(stem))
    return begun or tuple(word for word in others if stem in word.lower())


def _values(key: str, fleet: FleetSnapshot, bookmarks: Bookmarks) -> list[str]:
    if key == "state":
        return [state_name(state.word) for state in State]
    if key == "role":
        return [role.value for role in Role]
    if key in ("since", "older"):
        return list(_SPANS)
    if key == "mark":
        return list(bookmarks.places)
    names_of = _NAMES.get(key)
    found = {name for s in fleet.servers.values() for name in names_of(s)} if names_of is not None else set()
    return sorted(found - {""}, key=str.lower)


def _probes(server: ServerSnapshot) -> set[str]:
    return {identity for e in server.monitors if (identity := probe_identity(e)) is not None}


_NAMES: Final[Mapping[str, Callable[[ServerSnapshot], Iterable[str]]]] = {
    "server": lambda s: (s.name,),
    "dag": lambda s: (s.dag,),
    "site": lambda s: (s.server.site,),
    "version": lambda s: (s.server.version.value,),
    "set": lambda s: {e.health_set_name for e in s.monitors} | {r.health_set for r in s.readings},
    "monitor": lambda s: {e.name for e in s.monitors},
    "target": lambda s: {e.target_resource for e in s.monitors},
    "probe": _probes,
}

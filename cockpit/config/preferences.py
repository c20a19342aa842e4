"""What an operator likes, whatever the environment: the tables ``[screen]`` and ``[keys]`` of the file that
holds the environments.

What a key or an action is, the screens know: here only the form is looked at, and where each entry stands.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec

from cockpit.config.language import N_
from cockpit.config.trouble import KeyPath, Trouble
from cockpit.frozen import dataclass

KEYS: Final = "keys"
PRESET: Final = "preset"
DEFAULT_PRESET: Final = "default"
_FORMS: Final = N_('Write a key such as "f5", several such as ["f5", "ctrl+e"], or "" for none')

KeyTable = Annotated[
    dict[str, Any],
    msgspec.Meta(description=N_('a table: preset = "...", and keys for actions such as fleet.probe = "f5"')),
]


class ScreenSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The screen. ``mouse`` false leaves the mouse to the terminal, as ``--no-mouse`` does: then it selects
    text there without a shift key. ``theme``: the one to use, whatever was chosen last; empty: none is named
    (``--theme`` goes before it). Which there are, the screens know. ``language``: of all that people read,
    such as ``it`` (``--lang`` goes before it); empty: the terminal's."""

    mouse: bool = True
    theme: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class KeyEntry:
    """The keys that the file gives an action, and where it does."""

    action: str
    keys: tuple[str, ...]
    path: KeyPath


@dataclass(frozen=True, slots=True)
class Preferences:
    """``said``: whether a file speaks of either. ``file`` and ``text``: which, and what is in it, for whoever
    finds something wrong there."""

    screen: ScreenSettings = field(default_factory=ScreenSettings)
    preset: str = DEFAULT_PRESET
    entries: tuple[KeyEntry, ...] = ()
    said: bool = False
    file: Path | None = None
    text: str = field(default="", repr=False)

    @property
    def keys(self) -> dict[str, tuple[str, ...]]:
        return {entry.action: entry.keys for entry in self.entries}

    def path_of(self, action: str) -> KeyPath:
        """Where the file speaks of ``action``; of the preset where it does not."""
        return next((e.path for e in self.entries if e.action == action), (KEYS, PRESET))


NOTHING_SAID: Final = Preferences()


def preset(table: Mapping[str, Any]) -> str:
    """The preset that the table ``[keys]`` names; no text at all where it names none."""
    return str(table.get(PRESET, DEFAULT_PRESET))


def entries(table: Mapping[str, Any]) -> Iterator[KeyEntry]:
    """The actions of the table ``[keys]``: ``fleet.probe = "f5"`` and ``"fleet.probe" = ["f5"]`` are one."""
    for name, value, path in _pairs(table):
        if (keys := _keys(value)) is not None:
            yield KeyEntry(name, keys, path)


def troubles(table: Mapping[str, Any]) -> Iterator[Trouble]:
    """Entries of the table ``[keys]`` that have no form of ours."""
    if not isinstance(table.get(PRESET, ""), str):
        yield Trouble(
            (KEYS, PRESET), N_("is no text"), N_('Write the name of a preset in quotes, such as "vim"')
        )
    seen: dict[str, KeyPath] = {}
    for name, value, path in _pairs(table):
        if _keys(value) is None:
            yield Trouble(path, N_("is no key"), _FORMS)
        if seen.setdefault(name, path) != path:
            yield Trouble(path, N_("is given twice"), N_("Keep one of the two lines"))


def _pairs(table: Mapping[str, Any]) -> Iterator[tuple[str, Any, KeyPath]]:
    for name, value in table.items():
        if name == PRESET:
            continue
        if not isinstance(value, dict):
            yield name, value, (KEYS, name)
            continue
        for inner, keys in value.items():
            yield f"{name}.{inner}", keys, (KEYS, name, inner)


def _keys(value: object) -> tuple[str, ...] | None:
    """``"f5, ctrl+e"`` and ``["f5", "ctrl+e"]``; None for what is neither. The comma's own key is called
    ``comma``."""
    if isinstance(value, str):
        return tuple(key.strip() for key in value.split(",") if key.strip())
    if isinstance(value, list) and all(isinstance(key, str) and key.strip() for key in value):
        return tuple(key.strip() for key in value)
    return None

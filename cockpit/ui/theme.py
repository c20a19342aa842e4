"""The themes there are: those that came with the program, and the operator's own folder."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from cockpit.config.language import _
from cockpit.exchange.text import clean_line
from cockpit.frozen import dataclass
from cockpit.ui.theme_file import ThemeError, ThemeFile, base_name, completed, line_of, read

MOST: Final = 100
"""Themes that are read of the operator's folder: a start must not last as long as somebody's collection."""


@dataclass(frozen=True, slots=True)
class Themes:
    """What could be read, packaged ones first, each part by name; one line for each file that could not."""

    loaded: tuple[ThemeFile, ...] = ()
    warnings: tuple[str, ...] = ()

    def of(self, name: str) -> ThemeFile | None:
        return next((each for each in self.loaded if each.name == name), None)


def packaged() -> Path:
    """Where the program's themes are: in a wheel beside the package's code, else at the repository's top."""
    package = Path(__file__).resolve().parents[1]
    inside = package / "_themes"
    return inside if inside.is_dir() else package.parent / "themes"


def load(own: Path | None = None) -> Themes:
    """The packaged themes and those of ``own``, a folder that need not be there. Whatever is wrong with one
    of the files is a warning, and the theme is left out; a name is taken by the first who has it."""
    warnings: list[str] = []
    loaded: dict[str, ThemeFile] = {}
    for each in _read(_files(packaged(), warnings), False, warnings):
        loaded[each.name] = each
    for each in _read(_files(own, warnings) if own else (), True, warnings):
        if (other := loaded.get(each.name)) is None:
            loaded[each.name] = _complete(each, loaded)
        else:
            warnings.append(_taken(each, other))
    return Themes(tuple(loaded.values()), tuple(warnings))


def traces(own: Path | None) -> tuple[tuple[str, int, int], ...]:
    """By which a change in the folder is seen: name, time of the last change in nanoseconds, bytes. Empty
    where there is nothing to be seen; what can be read of it, and what not, ``load`` says."""
    if own is None:
        return ()
    try:
        found = [(path.name, path.stat()) for path in _listed(own)]
    except OSError:  # deleted between the two: it will have changed at the next look
        return ()
    return tuple((name, stat.st_mtime_ns, stat.st_size) for name, stat in found)


def _listed(folder: Path) -> list[Path]:
    """Raises OSError."""
    return sorted(path for path in folder.iterdir() if path.suffix == ".toml")


def _complete(each: ThemeFile, known: dict[str, ThemeFile]) -> ThemeFile:
    base = known.get(base_name(each.theme))
    return replace(each, theme=completed(each.theme, base.theme)) if base else each


def _taken(each: ThemeFile, other: ThemeFile) -> str:
    owner = str(other.path) if other.own else _("a theme of the program")
    what = _("{place}: name: {name} is the name of {owner} already. Give it another name.")
    place = line_of(each.path, ("name",))
    return clean_line(what.format(place=place, name=each.name, owner=owner))


def _files(folder: Path, warnings: list[str]) -> list[Path]:
    try:
        found = _listed(folder)
    except FileNotFoundError:
        return []
    except OSError as error:
        sentence = _("{folder}: the themes there cannot be read: {why}. Check its permissions.")
        warnings.append(clean_line(sentence.format(folder=folder, why=error.strerror)))
        return []
    if len(found) > MOST:
        sentence = _("{folder}: only the first {most} of {n} themes are read. Take some out.")
        warnings.append(clean_line(sentence.format(folder=folder, most=MOST, n=len(found))))
    return found[:MOST]


def _read(paths: Iterable[Path], own: bool, warnings: list[str]) -> Iterator[ThemeFile]:
    for path in paths:
        try:
            yield read(path, own)
        except ThemeError as error:
            warnings.append(str(error))

"""Themes: TOML files, checked before Textual sees them (a bad colour crashes it: terminal-ui §4.4)."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from textual.color import Color, ColorParseError
from textual.theme import Theme

from cockpit.ui.look import VARIABLE_DEFAULTS

DEFAULT_THEME = "dark"
ANSI_THEME = "ansi-dark"

_FLAGS = {"dark", "ansi"}
_NUMBERS = {"luminosity_spread", "text_alpha"}
_COLOURS = {f.name for f in fields(Theme)} - _FLAGS - _NUMBERS - {"name", "variables"}


@dataclass(frozen=True, slots=True)
class Themes:
    """What could be loaded, and one sentence for each file that could not."""

    loaded: tuple[Theme, ...]
    warnings: tuple[str, ...]


def directories() -> list[Path]:
    """Where the shipped themes are: in a wheel beside the package's code, else at the repository's top."""
    package = Path(__file__).resolve().parents[1]
    return [d for d in (package / "_themes", package.parent / "themes") if d.is_dir()][:1]


def load(places: Iterable[Path] | None = None) -> Themes:
    """Every ``*.toml`` of ``places``; a later file of the same name replaces an earlier one."""
    loaded: dict[str, Theme] = {}
    warnings: list[str] = []
    for place in directories() if places is None else places:
        for path in sorted(place.glob("*.toml")):
            try:
                theme = parse(path.stem, tomllib.loads(path.read_text(encoding="utf-8")))
            except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, ValueError) as error:
                warnings.append(f"Theme {path} left out: {error}")
            else:
                loaded[theme.name] = theme
    return Themes(tuple(loaded.values()), tuple(warnings))


def parse(name: str, data: dict[str, Any]) -> Theme:
    """The theme that ``data`` describes; ValueError names the key that is wrong."""
    if "primary" not in data:
        raise ValueError("'primary' is missing")
    variables = data.get("variables", {})
    if not isinstance(variables, dict):
        raise ValueError("'variables' is not a table")
    for key, value in data.items():
        if key in ("name", "variables"):
            continue
        if key in _FLAGS:
            if not isinstance(value, bool):
                raise ValueError(f"{key!r} is neither true nor false")
        elif key in _NUMBERS:
            if not isinstance(value, (int, float)) or isinstance(value, bool):
                raise ValueError(f"{key!r} is not a number")
        elif key in _COLOURS:
            _colour(key, value)
        else:
            raise ValueError(f"{key!r} is not a key of a theme")
    for key, value in variables.items():
        _colour(f"variables.{key}", value)
    return Theme(
        **{**data, "name": str(data.get("name", name)), "variables": {**VARIABLE_DEFAULTS, **variables}}
    )


def _colour(key: str, value: object) -> None:
    try:
        Color.parse(value if isinstance(value, str) else "")
    except ColorParseError:
        raise ValueError(f"{key!r} is not a colour: {value!r}") from None


def choose(wanted: str | None, names: Iterable[str], color_system: str | None) -> str:
    """The wanted theme if there is one; else 16-colour terminals get the 16-colour theme."""
    known = set(names)
    if wanted in known and wanted is not None:
        return wanted
    few = color_system in (None, "standard", "windows")
    return next((n for n in ((ANSI_THEME,) if few else (DEFAULT_THEME,)) if n in known), "textual-dark")

"""One theme: a TOML file, checked before Textual sees it (a bad colour crashes it: terminal-ui §4.4).

    name = "mine"          # plain word; default: the file's name
    dark = true            # whether the ground is dark; default true
    ansi = false           # whether it is of the terminal's own sixteen colours
    primary = "#5f87af"    # the one colour that must be given; secondary, accent, warning, error, success,
                           # foreground, background, surface, panel, boost as well
    [variables]            # the roles of look.py, and Textual's own variables
    state-unhealthy = "#ff6b6b"
    cursor-style = "ground"    # or "reverse": the selected row in reverse video

What is not given is that of the packaged theme of the same kind (dark, light, ansi-dark, ansi-light).
"""

from __future__ import annotations

import json
import os
import re
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import fields, replace
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any, Final

from textual.color import Color, ColorParseError
from textual.design import ColorSystem
from textual.theme import Theme

from cockpit.config.language import _
from cockpit.config.spoken import spoken
from cockpit.config.toml_lines import key_lines
from cockpit.config.trouble import KeyPath, Trouble
from cockpit.exchange.text import clean_line
from cockpit.frozen import dataclass
from cockpit.ui.look import CURSOR_STYLE, CURSOR_STYLES, VARIABLE_DEFAULTS

LARGEST: Final = 64 * 1024
"""Bytes; a whole theme has two thousand."""
LONGEST_NAME: Final = 40
_FLAGS: Final = ("dark", "ansi")
_NUMBERS: Final = ("luminosity_spread", "text_alpha")
_COLOURS: Final = tuple(
    f.name for f in fields(Theme) if f.name not in (*_FLAGS, *_NUMBERS, "name", "variables")
)
_KEYS: Final = ("name", *_FLAGS, *_NUMBERS, *_COLOURS, "variables")
_NAME: Final = re.compile(rf"[A-Za-z][A-Za-z0-9_-]{{0,{LONGEST_NAME - 1}}}")
"""Textual makes a CSS class of the name: anything else ends the program."""
_TEXT_STYLES: Final = ("none", "bold", "dim", "italic", "underline", "reverse", "strike")


class ThemeError(Exception):
    """A theme that is left out: one line with file, line, key and cure."""


@dataclass(frozen=True, slots=True)
class ThemeFile:
    """A theme and where it is from. ``own``: the operator's; else it came with the program."""

    theme: Theme
    path: Path
    own: bool

    @property
    def name(self) -> str:
        return self.theme.name


def read(path: Path, own: bool) -> ThemeFile:
    """The theme in ``path``. Raises ThemeError."""
    try:
        return _read(path, own)
    except RecursionError:  # brackets in brackets in brackets: of tomllib, or of who looks for the line
        raise ThemeError(_line(path, _("it is nested too deeply. Take out what is no theme."))) from None


def _read(path: Path, own: bool) -> ThemeFile:
    text = _text(path)
    data = _parsed(path, text)
    if (trouble := _trouble(data, path.stem)) is not None:
        raise ThemeError(told(path, text, trouble))
    values = {key: value for key, value in data.items() if key not in ("name", "variables")}
    named = str(data.get("name", path.stem))
    return ThemeFile(Theme(named, **values, variables=dict(data.get("variables", {}))), path, own)


def told(path: Path, text: str, trouble: Trouble) -> str:
    """``trouble`` as one line."""
    from cockpit.config import explaining

    return spoken(clean_line(explaining.sentence(path, text, trouble)))


def line_of(path: Path, key: KeyPath) -> str:
    """``path`` and the line on which ``key`` stands in it, as words; without the line where there is none."""
    try:
        line = key_lines(_text(path)).get(key, 0)
    except (ThemeError, ValueError):
        line = 0
    return _("{path}, line {line}").format(path=path, line=line) if line else str(path)


def completed(theme: Theme, base: Theme) -> Theme:
    """``theme`` with what it does not give from ``base``."""
    missing = {name: getattr(base, name) for name in _COLOURS if getattr(theme, name) is None}
    return replace(theme, **missing, variables={**base.variables, **theme.variables})


def base_name(theme: Theme) -> str:
    """The packaged theme of the same kind."""
    kind = "dark" if theme.dark else "light"
    return f"ansi-{kind}" if theme.ansi else kind


# Reading


def _text(path: Path) -> str:
    """The content of ``path``, which is a file and not too long. Raises ThemeError.

    Opened without waiting: a pipe of that name would hold up the start for ever.
    """
    try:
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise ThemeError(_line(path, _("it is not a file. Put a text file there, or nothing.")))
            content = file.read(LARGEST + 1)
    except OSError as error:
        raise ThemeError(_line(path, _("it cannot be read: {why}. Check its permissions.").format(
            why=error.strerror))) from None  # fmt: skip
    if len(content) > LARGEST:
        raise ThemeError(_line(path, _("it is longer than {most} bytes. Take out what is no theme.").format(
            most=LARGEST)))  # fmt: skip
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ThemeError(_line(path, _("byte {at} is not UTF-8. Write it in that encoding.").format(
            at=error.start))) from None  # fmt: skip


def _parsed(path: Path, text: str) -> dict[str, Any]:
    """Raises ThemeError. tomllib lets through what Python itself refuses: a number of ten thousand digits."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        from cockpit.config import explaining

        raise ThemeError(spoken(clean_line(explaining.syntax(path, error)))) from None
    except ValueError as error:
        sentence = _("it is not valid TOML: {why}. Take out what is no theme.")
        raise ThemeError(_line(path, sentence.format(why=error))) from None


def _line(path: Path, sentence: str) -> str:
    return clean_line(f"{path}: {sentence}")


# Checking


def _trouble(data: Mapping[str, Any], stem: str) -> Trouble | None:
    """The first thing that is wrong; None: nothing is."""
    ansi = data.get("ansi") is True
    if (trouble := _name_trouble(data.get("name"), stem)) is not None:
        return trouble
    for key, value in data.items():
        if (trouble := _entry_trouble(key, value, ansi)) is not None:
            return trouble
    if "primary" not in data:
        return Trouble(("primary",), _("is missing"), _('Give a colour such as "#5f87af"'))
    return None


def _name_trouble(name: object, stem: str) -> Trouble | None:
    used = stem if name is None else name
    if isinstance(used, str) and _NAME.fullmatch(used):
        return None
    cure = _("Write a letter, then letters, digits, - and _, at most {most} of them").format(
        most=LONGEST_NAME
    )
    return Trouble(("name",), _("{name} is no name for a theme").format(name=shown(used)), cure)


def _entry_trouble(key: str, value: object, ansi: bool) -> Trouble | None:
    if key not in _KEYS:
        return _unknown((key,), key, (*_KEYS, *VARIABLE_DEFAULTS))
    if key in _FLAGS:
        right = isinstance(value, bool)
        return None if right else Trouble((key,), _told_wrong(value), _("Write true or false"))
    if key in _NUMBERS:
        right = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1
        return None if right else Trouble((key,), _told_wrong(value), _("Write a number from 0 to 1"))
    if key in _COLOURS:
        return _colour_trouble((key,), value, ansi)
    if key == "variables":
        return _variables_trouble(value, ansi)
    return None


def _variables_trouble(variables: object, ansi: bool) -> Trouble | None:
    if not isinstance(variables, dict):
        cure = _("Write it as a table, [variables]")
        return Trouble(("variables",), _told_wrong(variables), cure)
    for key, value in variables.items():
        path = ("variables", key)
        if key not in VARIABLE_DEFAULTS and key not in _textual_variables():
            return _unknown(path, key, (*VARIABLE_DEFAULTS, *_textual_variables()))
        if key == CURSOR_STYLE:
            trouble = _choice_trouble(path, value, CURSOR_STYLES)
        elif key.endswith("-style"):
            words = value.split() if isinstance(value, str) else [value]
            trouble = next((t for w in words or [""] if (t := _choice_trouble(path, w, _TEXT_STYLES))), None)
        else:
            trouble = _colour_trouble(path, value, ansi)
        if trouble is not None:
            return trouble
    return None


def _choice_trouble(path: KeyPath, value: object, choices: tuple[str, ...]) -> Trouble | None:
    if value in choices:
        return None
    return Trouble(path, _told_wrong(value), _("Write one of {names}").format(names=", ".join(choices)))


def _colour_trouble(path: KeyPath, value: object, ansi: bool) -> Trouble | None:
    """What is no colour, or none that can be used there: a see-through one, one of the terminal's own in a
    theme that mixes its colours (Textual cannot)."""
    try:
        colour = Color.parse(value if isinstance(value, str) else "")
    except ColorParseError:
        cure = _('Write one such as "#ff6b6b", or "ansi_red" in a theme with ansi = true')
        return Trouble(path, _told_wrong(value, _("a colour")), cure)
    if colour.a != 1:
        return Trouble(path, _("{value} lets the ground through").format(value=shown(value)),
                       _("Give a colour that does not"))  # fmt: skip
    if colour.ansi is not None and not ansi:
        what = _("{value} is one of the terminal's own colours").format(value=shown(value))
        return Trouble(path, what, _("Write ansi = true at the top, or another colour here"))
    return None


def _unknown(path: KeyPath, key: str, known: tuple[str, ...]) -> Trouble:
    close = get_close_matches(key.lower(), known, n=1, cutoff=0.6)
    if close and close[0] in VARIABLE_DEFAULTS and len(path) == 1:
        cure = _("Did you mean {key}, below [variables]?").format(key=close[0])
    elif close:
        cure = _("Did you mean {key}?").format(key=close[0])
    else:
        cure = _("Take it out; the packaged themes show all keys")
    return Trouble(path, _("there is no such key"), cure)


def _told_wrong(value: object, wanted: str = "") -> str:
    if wanted:
        return _("{value} is not {wanted}").format(value=shown(value), wanted=wanted)
    return _("{value} cannot be used").format(value=shown(value))


def shown(value: object) -> str:
    """A value as it is written, shortened, harmless on a terminal."""
    text = json.dumps(value, default=str)
    return text if len(text) <= 40 else f"{text[:37]}..."


@cache
def _textual_variables() -> frozenset[str]:
    """Names of the variables of Textual's own widgets. Looked up only where a theme sets one."""
    return frozenset({*ColorSystem("#000000").generate(), *ColorSystem("ansi_blue", ansi=True).generate()})

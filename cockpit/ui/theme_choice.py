"""Which theme a terminal gets: what was asked for, what was kept the last time, else what suits it.

What suits is told from the environment alone: the colours Textual found (TERM, COLORTERM), COLORFGBG for the
ground, NO_COLOR. The terminal itself is not asked for its ground (OSC 11): there is no telling one that will
not answer from a slow link, so that every start would have to wait; and an answer that comes later, while
Textual reads, is given out by its parser (8.2.8, ``reissue_sequence_as_keys``) letter by letter as keys, of
which ``r`` asks for a recovery. One key, ``ctrl+t``, chooses by hand instead, and is remembered.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from cockpit.config.language import _
from cockpit.config.paths import private_dir, write_private
from cockpit.exchange.text import clean_line
from cockpit.frozen import dataclass

FEW_COLOURS: Final = (None, "standard", "windows")
"""Rich's names of what shows sixteen colours or none."""
COLOURLESS: Final = "ansi-dark"
"""Where there are no colours: no ground of its own, selection by reverse video."""
LAST_RESORT: Final = "textual-dark"
_LIGHT_GROUNDS: Final = ("7", "15")
_LARGEST: Final = 4096


@dataclass(frozen=True, slots=True)
class Terminal:
    """What it can show. ``few``: sixteen colours; ``light``: on a light ground; ``colourless``: NO_COLOR."""

    few: bool = False
    light: bool = False
    colourless: bool = False

    @property
    def suits(self) -> str:
        if self.colourless:
            return COLOURLESS
        ground = "light" if self.light else "dark"
        return f"ansi-{ground}" if self.few else ground

    @property
    def kind(self) -> str:
        """What a choice is kept for: a theme of many colours is no choice for the Linux console."""
        return "few_colours" if self.few else "many_colours"


def terminal(color_system: str | None, environ: Mapping[str, str]) -> Terminal:
    """``color_system``: as Rich names it. COLORFGBG is "text;ground" or "text;other;ground" in numbers of the
    sixteen colours (rxvt, Konsole, iTerm2); 7 and 15 are its whites. Empty NO_COLOR counts as none
    (no-color.org)."""
    ground = environ.get("COLORFGBG", "").rpartition(";")[2]
    return Terminal(
        few=color_system in FEW_COLOURS,
        light=ground in _LIGHT_GROUNDS,
        colourless=bool(environ.get("NO_COLOR")),
    )


@dataclass(frozen=True, slots=True)
class Choice:
    """``name``: of the theme to use. ``warning``: why it is not the one that was wanted, else empty."""

    name: str
    warning: str = ""


def choose(wanted: str | None, kept: str | None, names: Collection[str], on: Terminal) -> Choice:
    """``wanted``: on the command line or in the configuration; it goes before ``kept``, the last choice."""
    fallback = on.suits if on.suits in names else LAST_RESORT
    if on.colourless:
        return Choice(fallback)
    name = wanted or kept
    if name is None or name in names:
        return Choice(name or fallback)
    if wanted:
        sentence = _("There is no theme {name}. Used: {other}.")
    else:
        sentence = _("The theme {name}, chosen last, is not there any more. Used: {other}.")
    return Choice(fallback, clean_line(sentence.format(name=repr(name), other=fallback)))


# What was chosen last


def kept(path: Path | None, on: Terminal) -> str | None:
    """The theme that was chosen on a terminal of this kind; None: none was. What cannot be read was not
    written by us: it is as if it were not there, and the next choice writes it anew."""
    return _all_kept(path).get(on.kind) if path else None


def keep(path: Path, on: Terminal, name: str) -> None:
    """Remember ``name`` for terminals of this kind. Raises OSError."""
    import tomli_w

    chosen = {**_all_kept(path), on.kind: name}
    fresh = private_dir(path.parent) / f".{path.name}.{os.getpid()}"
    try:
        write_private(fresh, tomli_w.dumps(chosen))
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


def _all_kept(path: Path) -> dict[str, str]:
    found: object = None
    with suppress(OSError, UnicodeDecodeError, tomllib.TOMLDecodeError), path.open("rb") as file:
        found = tomllib.loads(file.read(_LARGEST).decode("utf-8"))
    return {k: v for k, v in found.items() if isinstance(v, str)} if isinstance(found, dict) else {}

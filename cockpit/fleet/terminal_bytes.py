"""The bytes that make a terminal ring, or show a notification on the desktop. Pure.

The sheet of terminals is silent on OSC 9 and 777. What is here is from public pages about the terminals, and
was not tried on them [M]: OSC 9 is iTerm2's and kitty takes it; OSC 777 ``notify`` is rxvt-unicode's, and
foot, WezTerm and Ghostty take it. What others do with either is not known, so ``auto`` sends them nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

BELL: Final = "\a"
LIMIT: Final = 200
"""Characters of a notification."""
TITLE: Final = "POP cockpit"

Osc = Literal["9", "777", "none"]

_BY_TERM: Final[tuple[tuple[str, Osc], ...]] = (
    ("xterm-kitty", "9"),
    ("xterm-ghostty", "777"),
    ("rxvt-unicode", "777"),
    ("wezterm", "777"),
    ("foot", "777"),
)
"""By the beginning of TERM, which travels over SSH."""
_BY_PROGRAM: Final[Mapping[str, Osc]] = {"iTerm.app": "9", "iTerm2": "9", "WezTerm": "777", "ghostty": "777"}
_NEVER: Final = ("linux", "dumb", "vt1", "vt2", "vt3", "vt5")
"""Beginnings of TERM of terminals that print what they do not know."""


def chosen(wanted: str, environ: Mapping[str, str]) -> Osc:
    """Which of the two to send. ``wanted``: of NotifySettings; ``auto`` looks at the names that the terminal
    has given itself in ``environ``. Inside tmux these are of the terminal that it was started in."""
    term = environ.get("TERM", "")
    if term.startswith(_NEVER) or not term:
        return "none"
    if wanted == "9":
        return "9"
    if wanted == "777":
        return "777"
    if wanted == "none":
        return "none"
    by_term = next((osc for start, osc in _BY_TERM if term.startswith(start)), None)
    names = (environ.get("TERM_PROGRAM", ""), environ.get("LC_TERMINAL", ""))
    by_program = next((_BY_PROGRAM[name] for name in names if name in _BY_PROGRAM), None)
    return by_term or by_program or "none"


def notification(osc: Osc, text: str, *, tmux: bool) -> str:
    """The sequence that shows ``text``; empty for ``none``.

    In tmux only wrapped, for the terminal outside; tmux's ``allow-passthrough`` lets it through or not.
    The wrapper is never sent elsewhere: PuTTY prints it (terminal-ui §4.12).
    """
    if osc == "none":
        return ""
    body = _harmless(text)
    bare = f"\x1b]9;{TITLE}: {body}\a" if osc == "9" else f"\x1b]777;notify;{TITLE};{body}\a"
    if not tmux:
        return bare
    escaped = bare.replace("\x1b", "\x1b\x1b")
    return f"\x1bPtmux;{escaped}\x1b\\"


def _harmless(text: str) -> str:
    """Without anything that ends a sequence, parts its fields or acts in another one."""
    shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    short = shown if len(shown) <= LIMIT else f"{shown[: LIMIT - 1]}…"
    return short.replace(";", ",")

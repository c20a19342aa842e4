"""What the theme screen says: a sample of everything that has a colour, and what is to know of a theme."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from textual.color import Color
from textual.theme import Theme

from cockpit.config.language import N_, _
from cockpit.exchange.text import clean_line
from cockpit.fleet.states import State
from cockpit.ui.contrast import READABLE, ratio
from cockpit.ui.look import ROLES, STATE_ROLES, STRIPS, Glyphs, Line
from cockpit.ui.theme import Themes
from cockpit.ui.theme_choice import Terminal
from cockpit.ui.theme_file import ThemeFile

_GROUNDS: Final = ("background", "surface", "panel")
_CURSORS: Final = ("cursor-background", "cursor-blurred-background")
_COLUMN: Final = 16
_SAMPLES: Final[Sequence[tuple[str, str]]] = (
    ("text-label", N_("label")),
    ("", N_("value")),
    ("text-dim", N_("aside")),
    ("text-strong", N_("strong")),
    ("text-problem", N_("problem")),
    ("text-key", N_("key")),
    ("text-match", N_("found")),
    ("mode-read-only", N_("read-only")),
    ("mode-write", N_("write")),
)
_KINDS: Final[Mapping[tuple[bool, bool], str]] = {
    (True, False): N_("dark"),
    (False, False): N_("light"),
    (True, True): N_("dark, 16 colours"),
    (False, True): N_("light, 16 colours"),
}


def kind(theme: Theme) -> str:
    return _(_KINDS[theme.dark, theme.ansi])


def sample(glyphs: Glyphs, cells: int, *, airy: bool) -> list[Line]:
    """Every role once, in lines of at most ``cells``; ``airy``: there is room for blank lines."""
    states = [((f"{glyphs.states[s]} {_(s.word)} ".ljust(_COLUMN), STATE_ROLES[s]),) for s in State]
    texts = [((_(word), role), ("  ", "")) for role, word in _SAMPLES]
    strips = [((f" {role.partition('-')[2]} ", role), (" ", "")) for role in STRIPS]
    lines: list[Line] = []
    for items in (states, texts, strips):
        lines += [(("", ""),)] if lines and airy else []
        lines += _flowing(items, cells)
    return lines


def _flowing(items: Iterable[Line], cells: int) -> Iterator[Line]:
    """``items`` side by side, as many in a line as there is room for."""
    line: list[tuple[str, str]] = [(" ", "")]
    used = 1
    for item in items:
        size = sum(len(text) for text, _role in item)
        if used + size > cells and used > 1:
            yield tuple(line)
            line, used = [(" ", "")], 1
        line += item
        used += size
    yield tuple(line)


def about(shown: ThemeFile | None, themes: Themes, terminal: Terminal, folder: str) -> list[Line]:
    """``shown``: the theme under the cursor, None for one of Textual's. ``folder``: of the operator's."""
    lines: list[Line] = [((warning, "text-problem"),) for warning in themes.warnings]
    if terminal.colourless:
        lines.append(((_("NO_COLOR is set: no theme shows colours here."), "state-degraded"),))
    if shown is not None:
        if shown.own:
            lines.append(((_("File "), "text-label"), (clean_line(str(shown.path)), "")))
        if (found := weakest(shown.theme)) is not None:
            lines.append(_contrast(*found))
        if shown.theme.ansi:
            lines.append(((_("Your terminal's own sixteen colours, on its own ground."), "text-dim"),))
        elif terminal.few:
            said = _("Your terminal has sixteen colours: it shows the nearest of them.")
            lines.append(((said, "state-degraded"),))
    if folder:
        lines.append(((_("Your own "), "text-label"), (clean_line(folder), "")))
    return lines


def _contrast(value: float, where: str) -> Line:
    number = f"{value:.1f}"
    if value < READABLE:
        words = _("{number}: {where} is hard to read; 4.5 is the least for text").format(
            number=number, where=where
        )
        return ((_("Contrast "), "text-label"), (words, "state-degraded"))
    words = _("{number} or more, least {where}").format(number=number, where=where)
    return ((_("Contrast "), "text-label"), (words, ""))


def weakest(theme: Theme) -> tuple[float, str] | None:
    """The least contrast (WCAG) of a role on a ground it may stand on, and which; None where the terminal's
    own colours are used: what those are it alone knows."""
    grounds = {name: getattr(theme, name) for name in _GROUNDS}
    grounds |= {name: theme.variables.get(name) for name in _CURSORS}
    pairs = {
        f"{role} / {ground}": (Color.parse(theme.variables[role]), Color.parse(below))
        for role in ROLES
        if role in theme.variables
        for ground, below in grounds.items()
        if below is not None
    }
    known = {
        what: ratio(text.rgb, below.rgb)
        for what, (text, below) in pairs.items()
        if text.ansi is None and below.ansi is None
    }
    if not known:
        return None
    where = min(known, key=lambda what: known[what])
    return known[where], where

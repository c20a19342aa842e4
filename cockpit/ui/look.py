"""How text looks: lines of (text, role) fragments, glyphs, and the palette that gives roles a style.

Nothing here ever parses markup: a fragment's text is shown as it is.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Final, TypeAlias

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from rich.text import Text

from cockpit.fleet.states import State
from cockpit.frozen import dataclass
from cockpit.recovery.marks import StepMark

Fragment: TypeAlias = tuple[str, str]
"""A text and its role, a key of :data:`ROLES` or empty."""
Line: TypeAlias = tuple[Fragment, ...]

STATE_ROLES: Final[Mapping[State, str]] = {
    State.UNHEALTHY: "state-unhealthy",
    State.UNREACHABLE: "state-unreachable",
    State.NOT_GRANTED: "state-not-granted",
    State.DEGRADED: "state-degraded",
    State.UNKNOWN: "state-unknown",
    State.STALE: "state-stale",
    State.REPAIRING: "state-repairing",
    State.NOT_MONITORED: "state-not-monitored",
    State.DISABLED: "state-disabled",
    State.HEALTHY: "state-healthy",
}

ROLES: Final[Mapping[str, str]] = {
    # role: the attributes it has beside its colour, which is the theme variable of the same name
    "state-unhealthy": "bold",
    "state-unreachable": "bold",
    "state-not-granted": "bold",
    "state-degraded": "bold",
    "state-unknown": "",
    "state-stale": "",
    "state-repairing": "",
    "state-not-monitored": "",
    "state-disabled": "",
    "state-healthy": "",
    "text-label": "",
    "text-dim": "",
    "text-strong": "bold",
    "text-title": "",
    "text-title-focus": "bold",
    "text-problem": "bold",
    "text-key": "bold",
    "text-match": "reverse",
    "mode-read-only": "bold",
    "mode-write": "bold reverse",
}

STRIPS: Final[Mapping[str, tuple[str, str]]] = {
    # role: text and ground, the same in every theme: an environment looks alike for everybody; 7:1 at least
    "strip-red": ("#ffffff", "#a5221b"),
    "strip-orange": ("#000000", "#f08c00"),
    "strip-yellow": ("#000000", "#ffd43b"),
    "strip-green": ("#ffffff", "#1a632f"),
    "strip-cyan": ("#000000", "#3bc9db"),
    "strip-blue": ("#ffffff", "#1a57a3"),
    "strip-magenta": ("#ffffff", "#932585"),
    "strip-grey": ("#ffffff", "#52585f"),
    "strip-warning": ("#ffffff", "#b40000"),
}
ANSI_STRIPS: Final[Mapping[str, tuple[str, str]]] = {
    # The terminal's own sixteen; orange has none of its own, and is the dark yellow of most palettes.
    # Black is never bold: many terminals make bold black grey.
    "strip-red": ("bright_white", "red"),
    "strip-orange": ("black", "yellow"),
    "strip-yellow": ("black", "bright_yellow"),
    "strip-green": ("black", "green"),
    "strip-cyan": ("black", "cyan"),
    "strip-blue": ("bright_white", "blue"),
    "strip-magenta": ("bright_white", "magenta"),
    "strip-grey": ("black", "white"),
    "strip-warning": ("bright_white", "red"),
}

CURSOR_STYLE: Final = "cursor-style"
CURSOR_STYLES: Final = ("ground", "reverse")
"""How the selected row is shown: on a ground of its own, or in reverse video (sixteen colours: always)."""
VARIABLE_DEFAULTS: Final[Mapping[str, str]] = {
    # Where a theme of Textual's own is used: ours, and those completed by ours, have them all.
    "state-unhealthy": "#ff5f5f",
    "state-unreachable": "#ff5faf",
    "state-not-granted": "#d787ff",
    "state-degraded": "#ffaf00",
    "state-unknown": "#d7af5f",
    "state-stale": "#afaf87",
    "state-repairing": "#5fafff",
    "state-not-monitored": "#9e9e9e",
    "state-disabled": "#9e9e9e",
    "state-healthy": "#5fd787",
    "text-label": "#87afd7",
    "text-dim": "#9e9e9e",
    "text-strong": "#ffffff",
    "text-title": "#87afd7",
    "text-title-focus": "#ffffff",
    "text-problem": "#ff5f5f",
    "text-key": "#ffd75f",
    "text-match": "#ffd75f",
    "mode-read-only": "#5fd787",
    "mode-write": "#ff5f5f",
    "cursor-background": "#264f78",
    "cursor-blurred-background": "#303540",
    CURSOR_STYLE: CURSOR_STYLES[0],
}


@dataclass(frozen=True, slots=True)
class Glyphs:
    """Every mark on the screen that is not a letter; ``ascii`` ones where the font may lack them."""

    states: Mapping[State, str]
    expanded: str
    collapsed: str
    rule: str
    dot: str
    ellipsis: str
    marks: Mapping[StepMark, str]
    alarm: str
    ascii: bool = False


UNICODE: Final = Glyphs(
    states={
        State.UNHEALTHY: "✗",
        State.UNREACHABLE: "×",
        State.NOT_GRANTED: "§",
        State.DEGRADED: "!",
        State.UNKNOWN: "?",
        State.STALE: "~",
        State.REPAIRING: "+",
        State.NOT_MONITORED: "-",
        State.DISABLED: "o",
        State.HEALTHY: "✓",
    },
    expanded="▾",
    collapsed="▸",
    rule="─",
    dot="·",
    ellipsis="…",
    marks={
        StepMark.DONE: "✔",
        StepMark.DOING: "▶",
        StepMark.ASKING: "?",
        StepMark.IN_DOUBT: "‼",
        StepMark.TO_COME: "·",
        StepMark.SKIPPED: "↷",
        StepMark.NOT_NEEDED: "–",
    },
    alarm="✖",
)
ASCII: Final = Glyphs(
    states={
        **UNICODE.states,
        State.UNHEALTHY: "X",
        State.UNREACHABLE: "#",
        State.NOT_GRANTED: "%",
        State.HEALTHY: ".",
    },
    expanded="v",
    collapsed=">",
    rule="-",
    dot="|",
    ellipsis="~",
    marks={
        StepMark.DONE: "+",
        StepMark.DOING: ">",
        StepMark.ASKING: "?",
        StepMark.IN_DOUBT: "!",
        StepMark.TO_COME: ".",
        StepMark.SKIPPED: "/",
        StepMark.NOT_NEEDED: "-",
    },
    alarm="X",
    ascii=True,
)


def wants_ascii(environ: Mapping[str, str], encoding: str) -> bool:
    """True where glyphs may be missing: the Linux console, vt100, an encoding other than UTF-8."""
    term = environ.get("TERM", "")
    return term in ("linux", "vt100", "vt220", "ansi", "cons25") or "utf" not in encoding.lower()


def plain(line: Line) -> str:
    return "".join(text for text, _ in line)


def width(line: Line) -> int:
    return sum(cell_len(text) for text, _ in line)


def crop(line: Line, cells: int, ellipsis: str) -> Line:
    """``line`` in at most ``cells`` cells, with ``ellipsis`` where something was cut."""
    if width(line) <= cells:
        return line
    room = cells - cell_len(ellipsis)
    if room < 0:
        return ()
    kept: list[Fragment] = []
    for text, role in line:
        size = cell_len(text)
        if size > room:
            kept.append((set_cell_size(text, room) + ellipsis, role))
            break
        kept.append((text, role))
        room -= size
    return tuple(kept)


def wrap(line: Line, cells: int, indent: int = 0) -> list[Line]:
    """``line`` broken at spaces into lines of at most ``cells``; the later ones indented."""
    if width(line) <= cells or cells < 8:
        return [line]
    indent = min(indent, cells // 3)
    lines: list[Line] = []
    current: list[Fragment] = []
    used = 0
    for text, role in line:
        for word in _words(text, cells - indent):
            size = cell_len(word)
            if used and used + cell_len(word.rstrip()) > cells:
                lines.append(_stripped(current))
                word = word.lstrip()
                current, used, size = [(" " * indent, "")], indent, cell_len(word)
            if current and current[-1][1] == role:
                word = current.pop()[0] + word
            current.append((word, role))
            used += size
    lines.append(_stripped(current))
    return lines


def _stripped(fragments: list[Fragment]) -> Line:
    *before, (text, role) = fragments
    return (*before, (text.rstrip(), role))


def _words(text: str, limit: int) -> list[str]:
    """``text`` in pieces that end after spaces, none longer than ``limit`` characters."""
    pieces: list[str] = []
    start = 0
    while start < len(text):
        end = text.find(" ", start)
        while end != -1 and end < len(text) and text[end] == " ":
            end += 1
        end = len(text) if end == -1 else end
        step = max(limit // 2, 4) if end - start > limit else end - start
        pieces.append(text[start : start + step])
        start += step
    return pieces


@dataclass(frozen=True, slots=True)
class Look:
    """A palette and a set of glyphs: all a widget needs to draw a line."""

    styles: Mapping[str, Style]
    cursor: Style
    cursor_blurred: Style
    glyphs: Glyphs = UNICODE

    def style(self, role: str) -> Style:
        return self.styles.get(role, _NO_STYLE)

    def segments(self, line: Line, base: Style) -> list[Segment]:
        return [Segment(text, base + self.style(role)) for text, role in line]

    def text(self, line: Line) -> Text:
        """``line`` as a Rich text, for widgets that take one."""
        return Text.assemble(*((text, self.style(role)) for text, role in line))


_NO_STYLE = Style()


def make_look(variables: Mapping[str, str], ansi: bool, glyphs: Glyphs, dark: bool = True) -> Look:
    """The look of a theme. ``ansi``: it is of the terminal's own sixteen colours."""
    from textual.color import Color

    def colour(name: str) -> Color:
        return Color.parse(variables.get(name) or VARIABLE_DEFAULTS[name])

    styles = {
        role: _attributes(attributes, ansi and not dark) + Style(color=colour(role).rich_color)
        for role, attributes in ROLES.items()
    }
    strips = ANSI_STRIPS if ansi else STRIPS
    styles |= {
        role: Style(color=text, bgcolor=ground, bold=not (ansi and text == "black"))
        for role, (text, ground) in strips.items()
    }
    if ansi or variables.get(CURSOR_STYLE) == "reverse":  # in 16 colours a ground would hide the state
        return Look(styles, _REVERSED, _REVERSED_BLURRED, glyphs)
    return Look(
        styles,
        Style(bgcolor=colour("cursor-background").rich_color),
        Style(bgcolor=colour("cursor-blurred-background").rich_color),
        glyphs,
    )


_REVERSED: Final = Style(reverse=True)
_REVERSED_BLURRED: Final = Style(underline=True)


def _attributes(words: str, thin: bool) -> Style:
    """``thin``: never bold. Terminals of sixteen colours show bold red as the bright one, which is not read
    on a light ground."""
    return Style.parse(words) + (Style(bold=False) if thin else _NO_STYLE)


def colourless_look(glyphs: Glyphs) -> Look:
    """Attributes alone, for NO_COLOR: states by word and glyph, selection and strip in reverse video."""
    styles = {role: Style.parse(attributes) for role, attributes in ROLES.items()}
    styles |= {role: Style(reverse=True, bold=True) for role in STRIPS}
    return Look(styles, _REVERSED, _REVERSED_BLURRED, glyphs)


def terminal_glyphs(encoding: str) -> Glyphs:
    return ASCII if wants_ascii(os.environ, encoding) else UNICODE

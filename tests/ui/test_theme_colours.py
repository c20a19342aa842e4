"""The packaged themes by numbers: they can be read (WCAG), and their states can be told apart."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import pytest
from rich.style import Style
from textual.theme import Theme

from cockpit.ui import theme
from cockpit.ui.contrast import ENHANCED, READABLE, Rgb, ratio
from cockpit.ui.look import CURSOR_STYLE, ROLES, STRIPS, UNICODE, VARIABLE_DEFAULTS, make_look
from tests.ui.vision import VISIONS, distance, lab, rgb

THEMES = {each.name: each.theme for each in theme.load().loaded}
MIXED = [name for name, each in THEMES.items() if not each.ansi]
SIXTEEN = [name for name, each in THEMES.items() if each.ansi]
APART, LIGHTER = 10.0, 3.0
"""Between two states: distance in CIELAB (2 is just seen), and of lightness alone."""
PALETTES: dict[str, str] = {
    # The terminals that show sixteen colours (terminal-ui §4.11), with what they call black to bright white.
    "xterm": "000000 cd0000 00cd00 cdcd00 0000ee cd00cd 00cdcd e5e5e5"
    " 7f7f7f ff0000 00ff00 ffff00 5c5cff ff00ff 00ffff ffffff",
    "PuTTY": "000000 bb0000 00bb00 bbbb00 0000bb bb00bb 00bbbb bbbbbb"
    " 555555 ff5555 55ff55 ffff55 5555ff ff55ff 55ffff ffffff",
    "Linux console": "000000 aa0000 00aa00 aa5500 0000aa aa00aa 00aaaa aaaaaa"
    " 555555 ff5555 55ff55 ffff55 5555ff ff55ff 55ffff ffffff",
}


def test_there_are_six_and_nothing_is_wrong_with_them() -> None:
    assert theme.load().warnings == ()
    assert set(THEMES) == {"dark", "light", "ansi-dark", "ansi-light", "high-contrast", "colour-blind"}
    for each in THEMES.values():
        assert set(VARIABLE_DEFAULTS) - set(each.variables) <= {CURSOR_STYLE}
        assert set(make_look(each.variables, each.ansi, UNICODE).styles) == {*ROLES, *STRIPS}


def test_the_ratio_is_that_of_wcag() -> None:
    assert ratio((0, 0, 0), (255, 255, 255)) == pytest.approx(21)
    assert ratio((118, 118, 118), (255, 255, 255)) == pytest.approx(4.54, abs=0.005)  # WCAG's own example
    assert ratio((9, 9, 9), (9, 9, 9)) == 1


def grounds(of: Theme) -> dict[str, str]:
    """Whatever a role may stand on."""
    found = {"background": of.background, "surface": of.surface, "panel": of.panel}
    found |= {n: of.variables[n] for n in ("cursor-background", "cursor-blurred-background")}
    return {name: colour for name, colour in found.items() if colour is not None}


def contrasts(of: Theme, *, of_256: bool) -> Iterator[tuple[str, float]]:
    """Every role on every ground. In reverse video text and ground change places, the ratio is the same."""
    roles = {role: of.variables[role] for role in ROLES} | {"foreground": str(of.foreground)}
    for role, colour in roles.items():
        for ground, below in grounds(of).items():
            yield f"{role} on {ground}", ratio(rgb(colour, of_256=of_256), rgb(below, of_256=of_256))


@pytest.mark.parametrize("of_256", [False, True], ids=["24 bits", "256 colours"])
@pytest.mark.parametrize("name", MIXED)
def test_every_role_is_read_on_every_ground(name: str, of_256: bool) -> None:
    least = ENHANCED if name == "high-contrast" else READABLE
    found = dict(contrasts(THEMES[name], of_256=of_256))
    assert len(found) == (len(ROLES) + 1) * 5
    assert {what: round(value, 2) for what, value in found.items() if value < least} == {}


def test_every_strip_is_read_in_every_theme() -> None:
    for role, (text, ground) in STRIPS.items():
        assert ratio(rgb(text), rgb(ground)) >= ENHANCED, role
        assert ratio(rgb(text, of_256=True), rgb(ground, of_256=True)) >= READABLE, role


@pytest.mark.parametrize("name", MIXED)
def test_the_cursor_is_seen(name: str) -> None:
    """Reverse video where it must be seen well; else a ground that differs from what is around it."""
    of = THEMES[name]
    if name in ("high-contrast", "colour-blind"):
        assert of.variables[CURSOR_STYLE] == "reverse"
    else:
        for around in (of.background, of.surface):
            assert distance(lab(rgb(of.variables["cursor-background"])), lab(rgb(str(around)))) >= APART


def states(name: str) -> dict[str, Rgb]:
    """The colours of the states; not monitored and disabled are both chosen, and look alike."""
    of = THEMES[name].variables
    return {r: rgb(of[r]) for r in ROLES if r.startswith("state-") and r != "state-disabled"}


def too_close(name: str, vision: str) -> list[str]:
    seen = {role: lab(colour, VISIONS[vision]) for role, colour in states(name).items()}
    return [
        f"{one} and {other}"
        for one, other in combinations(seen, 2)
        if distance(seen[one], seen[other]) < APART or abs(seen[one][0] - seen[other][0]) < LIGHTER
    ]


@pytest.mark.parametrize("vision", VISIONS)
def test_states_are_apart_for_the_colour_blind(vision: str) -> None:
    """By what is left of the hue, and by lightness alone."""
    assert too_close("colour-blind", vision) == []


@pytest.mark.parametrize("vision", [v for v in VISIONS if v != "normal"])
def test_the_simulation_finds_what_is_not_apart(vision: str) -> None:
    assert too_close("light", vision)


def test_red_and_green_are_alike_to_who_does_not_see_red() -> None:
    red, green = (190, 70, 40), (110, 120, 40)
    assert distance(lab(red), lab(green)) > 60
    for vision in ("protanopia", "deuteranopia"):
        assert distance(lab(red, VISIONS[vision]), lab(green, VISIONS[vision])) < 30


# The terminal's own colours


def palette(name: str) -> list[Rgb]:
    return [(b[0], b[1], b[2]) for b in map(bytes.fromhex, PALETTES[name].split())]


def shown(style: Style, colours: list[Rgb], default: Rgb) -> Rgb:
    """The text's colour; bold makes one of the first eight bright, as these terminals do."""
    number = style.color.number if style.color is not None else None
    if number is None:
        return default
    return colours[number + 8 if style.bold and number < 8 else number]


@pytest.mark.parametrize("terminal", PALETTES)
@pytest.mark.parametrize("name", SIXTEEN)
def test_sixteen_colours_are_read_on_their_ground(name: str, terminal: str) -> None:
    of, colours = THEMES[name], palette(terminal)
    black, white = colours[0], colours[15]
    text, ground = (colours[7], black) if of.dark else (black, white)
    look = make_look(of.variables, of.ansi, UNICODE, dark=of.dark)
    found = {role: ratio(shown(look.style(role), colours, text), ground) for role in ROLES}
    assert {role: round(value, 2) for role, value in found.items() if value < READABLE} == {}


@pytest.mark.parametrize("terminal", PALETTES)
def test_strips_of_sixteen_colours_are_read(terminal: str) -> None:
    """The Linux console's brown is the one ground that no text of every terminal is read on at 4.5."""
    colours = palette(terminal)
    look = make_look(THEMES["ansi-dark"].variables, True, UNICODE)
    for role in STRIPS:
        style = look.style(role)
        assert style.bgcolor is not None
        assert style.bgcolor.number is not None
        brown = (terminal, role) == ("Linux console", "strip-orange")
        found = ratio(shown(style, colours, colours[7]), colours[style.bgcolor.number])
        assert found >= (4.0 if brown else READABLE), role


def test_bold_black_and_bold_dark_red_are_found() -> None:
    """What the two tests above would say of the mistakes they are for."""
    colours = palette("Linux console")
    assert ratio(shown(Style(color="black", bold=True), colours, colours[7]), colours[2]) < READABLE
    assert ratio(shown(Style(color="red", bold=True), colours, colours[0]), colours[15]) < READABLE

"""The environment's strip: on every screen and dialog, in words, and in the colour of the configuration."""

from __future__ import annotations

import inspect
import pkgutil
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any, get_args

import pytest
from rich.color import Color
from textual.pilot import Pilot
from textual.screen import Screen

from cockpit.commands.logs_view import badge_of
from cockpit.config.environment import Colour, EndpointSettings, Environment, WinRMSettings
from cockpit.poplog.document import Document
from cockpit.ui import screens
from cockpit.ui.app import CockpitApp
from cockpit.ui.environment import EnvironmentBadge, strip
from cockpit.ui.logs import LogsWanted
from cockpit.ui.logs_app import LogsApp
from cockpit.ui.look import ANSI_STRIPS, ASCII, STRIPS, UNICODE, plain, width
from cockpit.ui.screens.plan import PlanScreen
from cockpit.ui.screens.run import RunScreen
from cockpit.ui.widgets.environment import EnvironmentStrip
from tests.ui import recoveries as made
from tests.ui.conftest import MakeApp
from tests.ui.driving import go_to, shown, until
from tests.ui.log_fakes import NOW, ListDocument, entries, sessions
from tests.ui.recoveries import REFUSED, STOPPED, asking
from tests.ui.test_recovery_snapshots import scripted, settled

pytestmark = pytest.mark.usefixtures("quick_polls")
UNVERIFIED = "TLS is not verified (Exchange, WinRM)"
COLOURS = get_args(Colour)
WARNED = EnvironmentBadge("prod", warning=UNVERIFIED, colour="orange")


# --- its words -----------------------------------------------------------------------------------


def test_it_says_the_name_and_the_warning_on_its_whole_width() -> None:
    line = strip(WARNED, 60, UNICODE)
    assert width(line) == 60
    assert plain(line).split() == ["prod", UNICODE.alarm, *UNVERIFIED.split()]
    assert {role for _, role in line} == {"strip-orange", "strip-warning"}


@pytest.mark.parametrize("cells", range(1, 80))
def test_the_name_gives_way_to_the_warning(cells: int) -> None:
    badge = EnvironmentBadge("a-rather-long-name-of-an-environment", warning=UNVERIFIED, colour="red")
    line = strip(badge, cells, ASCII)
    assert UNVERIFIED in plain(line)
    assert width(line) <= max(cells, len(UNVERIFIED) + 4)


def test_without_a_colour_only_a_warning_makes_a_line() -> None:
    assert strip(EnvironmentBadge("prod"), 80, UNICODE) == ()
    warned = strip(EnvironmentBadge("prod", warning=UNVERIFIED), 80, UNICODE)
    assert plain(warned).startswith(" prod ")
    assert ("strip-warning" in {role for _, role in warned}) is True
    coloured = strip(EnvironmentBadge("prod", colour="blue"), 80, UNICODE)
    assert plain(coloured).strip() == "prod"


@pytest.mark.parametrize(
    ("exchange", "winrm", "says"),
    [
        (True, True, ""),
        (False, True, "TLS is not verified (Exchange)"),
        (True, False, "TLS is not verified (WinRM)"),
        (False, False, UNVERIFIED),
    ],
)
def test_the_badge_of_an_environment(exchange: bool, winrm: bool, says: str) -> None:
    environment = Environment(
        entry_servers=("ex01",),
        name="prod",
        colour="cyan",
        exchange=EndpointSettings(verify=exchange),
        winrm=WinRMSettings(verify=winrm),
    )
    badge = badge_of(environment)
    assert (badge.name, badge.colour, badge.warning) == ("prod", "cyan", says)


def luminance(colour: Color) -> float:
    """WCAG 2: relative luminance."""
    parts = [c / 255 for c in colour.get_truecolor()]
    red, green, blue = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("role", [f"strip-{colour}" for colour in (*COLOURS, "warning")])
def test_every_colour_can_be_read(role: str) -> None:
    text, ground = (luminance(Color.parse(c)) for c in STRIPS[role])
    assert (max(text, ground) + 0.05) / (min(text, ground) + 0.05) >= 4.5
    assert len({Color.parse(c).number for c in ANSI_STRIPS[role]}) == 2


def test_every_colour_has_its_own_ground() -> None:
    for palette in (STRIPS, ANSI_STRIPS):
        assert len({palette[f"strip-{colour}"][1] for colour in COLOURS}) == len(COLOURS)


# --- on every screen -----------------------------------------------------------------------------


def screen_classes() -> Iterator[type[Screen[Any]]]:
    """Every screen and dialog of ours that is opened, not those that others are made from."""
    for module in pkgutil.iter_modules(screens.__path__):
        found = import_module(f"{screens.__name__}.{module.name}")
        for _, each in inspect.getmembers(found, inspect.isclass):
            if issubclass(each, Screen) and each.__module__ == found.__name__ and not each.__subclasses__():
                yield each


def test_every_screen_has_the_strip() -> None:
    found = {each.__name__: each for each in screen_classes()}
    assert len(found) > 12
    sources = {name: "".join(map(inspect.getsource, _composes(each))) for name, each in found.items()}
    assert [name for name, source in sources.items() if "EnvironmentStrip()" not in source] == []


def _composes(screen: type[Screen[Any]]) -> list[Any]:
    """The function that composes it: of the class nearest to it."""
    return [next(vars(c)["compose"] for c in screen.__mro__ if "compose" in vars(c))]


async def see(pilot: Pilot[int], app: CockpitApp | LogsApp) -> str:
    """What the strip of the screen on top says; it must have a line of its own there."""
    await settled(pilot)
    shown_strip = app.screen.query_one(EnvironmentStrip)
    assert shown_strip.display
    assert shown_strip.region.height == 1
    assert shown_strip.region.width > len(UNVERIFIED)
    return plain(shown_strip.source[0])


@pytest.mark.parametrize("size", [(120, 34), (80, 24)], ids=["120x34", "80x24"])
async def test_it_is_seen_wherever_one_goes(make_app: MakeApp, size: tuple[int, int]) -> None:
    recovery = scripted(asking(REFUSED, STOPPED))
    app = make_app(read_only=False, warning=UNVERIFIED, colour="red", recovery=made.factory(recovery))
    async with app.run_test(size=size) as pilot:
        await shown(pilot, app)
        await until(pilot, lambda: app.recoveries.standing is not None)
        await go_to(pilot, app, "PopCTPMonitor")
        for key in ("?", "ctrl+p", "p", "o", "H"):
            await pilot.press(key)
            await pilot.pause()
            assert app.screen is not app.fleet_screen, key
            assert UNVERIFIED in await see(pilot, app), key
            app.pop_screen()
            await pilot.pause()
        assert UNVERIFIED in await see(pilot, app)
        app.open_run("4f2a")
        await until(pilot, lambda: isinstance(app.screen, RunScreen) and app.screen.view is not None)
        assert "CORP" in await see(pilot, app)
        await pilot.press("d")
        await settled(pilot)
        assert not isinstance(app.screen, RunScreen)
        assert UNVERIFIED in await see(pilot, app)


def logs_app(folder: Path, **more: Any) -> LogsApp:
    document: Document = ListDocument(entries(sessions(6)))
    wanted = LogsWanted(servers=("EX01",))
    return LogsApp(
        wanted, lambda _: document, crash_dir=folder, theme="dark", glyphs=UNICODE, now=lambda: NOW, **more
    )


# --- pictures ------------------------------------------------------------------------------------

CASES: dict[str, tuple[tuple[int, int], dict[str, Any], tuple[str, ...]]] = {
    "fleet": ((120, 34), {"colour": "orange"}, ()),
    "fleet-80x24": ((80, 24), {"colour": "blue"}, ()),
    "fleet-ansi": ((80, 24), {"colour": "orange", "theme": "ansi-dark", "glyphs": ASCII}, ()),
    "fleet-no-colour": ((80, 24), {}, ()),
    "help": ((80, 24), {"colour": "green"}, ("?",)),
    "history": ((80, 24), {"colour": "magenta"}, ("H",)),
    "plan": ((120, 34), {"colour": "grey"}, ("r", "p")),
    "decide": ((80, 24), {"colour": "red", "theme": "light"}, ("run", "d")),
    "run-high-contrast": ((120, 34), {"colour": "cyan", "theme": "high-contrast"}, ("run",)),
}


@pytest.mark.parametrize("name", CASES)
def test_picture(name: str, make_app: MakeApp, snap_compare: Any) -> None:
    size, settings, keys = CASES[name]
    recovery = scripted(asking(REFUSED, STOPPED))
    if name == "plan":
        recovery.told = replace(recovery.told, runs=())
    app = make_app(read_only=False, warning=UNVERIFIED, recovery=made.factory(recovery), **settings)

    async def prepare(pilot: Pilot[int]) -> None:
        await shown(pilot, app)
        await until(pilot, lambda: app.recoveries.standing is not None)
        await go_to(pilot, app, "PopCTPMonitor")
        for key in keys:
            if key == "run":
                app.open_run("4f2a")
                await until(pilot, lambda: isinstance(app.screen, RunScreen) and app.screen.view is not None)
            else:
                await pilot.press(key)
            await settled(pilot)
        if name == "plan":
            await until(pilot, lambda: isinstance(app.screen, PlanScreen) and app.screen.plan is not None)
        if name == "history":
            await until(pilot, lambda: app.recoveries.runs is not None)
        await settled(pilot)

    assert snap_compare(app, terminal_size=size, run_before=prepare)


def test_picture_of_logs(tmp_path: Path, snap_compare: Any) -> None:
    app = logs_app(tmp_path, environment=WARNED)

    async def prepare(pilot: Pilot[int]) -> None:
        await until(pilot, lambda: app.logs_screen.lines_pane.rows)
        assert UNVERIFIED in await see(pilot, app)

    assert snap_compare(app, terminal_size=(80, 24), run_before=prepare)

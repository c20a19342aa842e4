"""Every screen in every theme, at 80x24 and 200x50, against tests/ui/looks; and whether it can be read.

After a change that is meant: ``pytest -m "looks or not looks" tests/ui/test_looks.py --snapshot-update``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import unified_diff
from functools import partial
from pathlib import Path
from typing import Final

import pytest
from rich.color import Color
from textual.geometry import Region
from textual.widget import Widget

from cockpit.ui import theme
from cockpit.ui.app import CockpitApp
from cockpit.ui.contrast import ENHANCED, READABLE, Rgb, ratio
from cockpit.ui.logs_app import LogsApp
from cockpit.ui.palette import CockpitPalette
from tests.ui.conftest import MakeApp
from tests.ui.logs_driving import Make
from tests.ui.looks import Paint, Row, painted, rendered
from tests.ui.looks_cases import CASES, QUICK, SIZES, Case, rest
from tests.ui.test_environment_strip import screen_classes
from tests.ui.test_theme_colours import PALETTES, palette
from tests.ui.vision import rgb

FOLDER: Final = Path(__file__).with_name("looks")
THEMES: Final = {each.name: each.theme for each in theme.load().loaded}
ORDER: Final = ("dark", "light", "high-contrast", "colour-blind", "ansi-dark", "ansi-light")
RULES: Final = frozenset("━─=▁▂▃▄▅▆▇█▔▎▊▌│┃▕▏")
"""Lines and edges: they are no text."""
MOST_BYTES: Final = 2_000_000
ALL: Final = [
    pytest.param(name, size, id=f"{name}-{size}", marks=() if (name, size) in QUICK else pytest.mark.looks)
    for name in CASES
    for size in SIZES
]


async def seen_in(
    names: Sequence[str], case: Case, size: str, make_app: MakeApp, make: Make
) -> tuple[list[Region], dict[str, list[Row]]]:
    """The screen of ``case``, started in the first of these themes, and in the others one after the other."""
    app = case.start(partial(make_app, theme=names[0]), partial(make, theme=names[0]))
    seen = {}
    async with app.run_test(size=SIZES[size], notifications=True) as pilot:
        await case.drive(pilot, app)
        assert type(app.screen) is case.screen
        for name in names:
            app.theme = name
            await rest(pilot)
            seen[name] = painted(app.screen._compositor.render_strips())
        places = _places(app)
    return places, seen


async def looked_at(
    case: Case, size: str, make_app: MakeApp, make: Make
) -> tuple[list[Region], dict[str, list[Row]]]:
    """In every theme. Textual's palette keeps its colours while it is open: it is opened in each."""
    if case.screen is not CockpitPalette:
        return await seen_in(ORDER, case, size, make_app, make)
    each = [await seen_in([name], case, size, make_app, make) for name in ORDER]
    return each[0][0], {name: rows for _, seen in each for name, rows in seen.items()}


def _places(app: CockpitApp | LogsApp) -> list[Region]:
    """Of a dialog only its box: what is below is dimmed on purpose."""
    inside = [each for each in app.screen.walk_children(Widget) if each.visible and each.region.area]
    return [each.region for each in inside]


@pytest.mark.usefixtures("quick_polls")
@pytest.mark.parametrize(("name", "size"), ALL)
async def test_look(
    name: str, size: str, make_app: MakeApp, make: Make, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    places, seen = await looked_at(CASES[name], size, make_app, make)
    if hard := list(hard_to_read(seen, places)):
        pytest.fail("Hard to read:\n" + "\n".join(hard), pytrace=False)
    now = rendered(seen)
    kept = FOLDER / f"{name}-{size}.txt"
    if request.config.getoption("update_snapshots"):
        FOLDER.mkdir(exist_ok=True)
        kept.write_text(now, encoding="utf-8")
        return
    before = kept.read_text(encoding="utf-8") if kept.exists() else ""
    if now != before:
        fresh = tmp_path / kept.name
        fresh.write_text(now, encoding="utf-8")
        lines = unified_diff(before.splitlines(), now.splitlines(), str(kept), str(fresh), n=1, lineterm="")
        pytest.fail("It looks otherwise:\n" + "\n".join(lines), pytrace=False)


@pytest.mark.looks
@pytest.mark.parametrize("name", ["light", "ansi-dark"])
async def test_a_theme_looks_alike_from_the_start_and_switched_to(
    name: str, make_app: MakeApp, make: Make
) -> None:
    case = CASES["run"]
    _, switched = await seen_in(["dark", name], case, "80x24", make_app, make)
    _, started = await seen_in([name], case, "80x24", make_app, make)
    assert started[name] == switched[name]


# Whether it can be read


def hard_to_read(seen: dict[str, list[Row]], places: Sequence[Region]) -> Iterator[str]:
    """Every text in ``places`` whose contrast is less than it must be, with its theme and where it begins."""
    for name, rows in seen.items():
        told: set[Paint] = set()
        for y, row in enumerate(rows):
            across = [place for place in places if place.y <= y < place.bottom]
            for x, (letter, paint) in enumerate(row):
                if not letter.strip() or letter in RULES or paint in told:
                    continue
                if not any(place.x <= x < place.right for place in across):
                    continue
                if (value := contrast(name, paint)) < least(name, paint):
                    told.add(paint)
                    text = "".join(c for c, p in row[x:] if p == paint)[:30]
                    yield f"{name}: {value:.2f} at {x},{y}: {paint} {text!r}"


def least(name: str, paint: Paint) -> float:
    """The Linux console's brown is the ground of the orange strip: see test_theme_colours.py."""
    if (paint.text, paint.ground) == ("black", "yellow"):
        return 4.0
    return ENHANCED if name == "high-contrast" else READABLE


def contrast(name: str, paint: Paint) -> float:
    """Of a text on its ground; in the terminal's own colours the least of the known palettes."""
    if not THEMES[name].ansi:
        return ratio(rgb(paint.text), rgb(paint.ground))
    return min(ratio(*_own(name, paint, palette(terminal))) for terminal in PALETTES)


def _own(name: str, paint: Paint, colours: Sequence[Rgb]) -> tuple[Rgb, Rgb]:
    """Text and ground as the terminal shows them; bold makes one of the first eight bright."""
    dark = THEMES[name].dark
    text_default, ground_default = (colours[7], colours[0]) if dark else (colours[0], colours[15])
    text, ground = _number(paint.text), _number(paint.ground)
    if "bold" in paint.attributes and 0 <= text < 8:
        text += 8
    return (
        colours[text] if text >= 0 else text_default,
        colours[ground] if ground >= 0 else ground_default,
    )


def _number(colour: str) -> int:
    found = Color.parse(colour).number if colour else None
    return -1 if found is None else found


# The folder


def test_every_screen_is_looked_at() -> None:
    """One that is missing wants a row in looks_cases.py."""
    seen = {case.screen for case in CASES.values()}
    assert {each.__name__ for each in screen_classes()} - {each.__name__ for each in seen} == set()
    assert CockpitPalette in seen
    assert set(ORDER) == set(THEMES)


def test_the_folder_holds_what_is_looked_at_and_is_small() -> None:
    files = {path.name: path.stat().st_size for path in FOLDER.iterdir()}
    assert set(files) == {f"{name}-{size}.txt" for name in CASES for size in SIZES}
    assert sum(files.values()) < MOST_BYTES


def test_what_is_hard_to_read_is_found() -> None:
    grey = Paint("#777777", "#14171c")
    rows: list[Row] = [(("x", grey), (" ", grey), ("─", Paint("#1b1f26", "#14171c")))]
    (said,) = hard_to_read({"dark": rows}, [Region(0, 0, 3, 1)])
    assert said == "dark: 4.01 at 0,0: #777777/#14171c 'x '"
    bold = Paint("red", "default", "bold")
    (said,) = hard_to_read({"ansi-light": [(("x", bold),)]}, [Region(0, 0, 1, 1)])
    assert said.startswith("ansi-light: 3.1")

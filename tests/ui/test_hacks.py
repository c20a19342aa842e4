"""The private names of Textual that _textual_hacks.py touches still do what it takes them for."""

from __future__ import annotations

import gc
import inspect
import weakref
from typing import Any
from unittest.mock import Mock

import pytest
from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.color import Color
from textual.command import CommandPalette, Hit, Hits, Provider
from textual.drivers._writer_thread import WriterThread
from textual.drivers.linux_driver import LinuxDriver
from textual.geometry import Region
from textual.screen import ModalScreen, Screen
from textual.theme import Theme
from textual.widget import Widget
from textual.widgets import Button, OptionList, Static

from cockpit.ui._textual_hacks import (
    Colourless,
    PatientApp,
    Uncovered,
    _Patient,
    add_bindings,
    driver_class,
    forget_closed_screens,
    keep_screen_on_focus,
    replace_bindings,
    say_no_matches,
    set_colourless,
    show_theme_again,
    write_to_terminal,
)
from cockpit.ui.output import TerminalOutput
from tests.ui.driving import until


class Small(App[None]):
    BINDINGS = [("a", "old", "old")]  # noqa: RUF012
    seen = 0

    def __init__(self) -> None:
        super().__init__()
        replace_bindings(self, [Binding("?", "new", "new"), Binding("+", "new", "new")])

    def action_new(self) -> None:
        self.seen += 1

    def action_old(self) -> None:
        raise AssertionError


async def test_replaced_bindings_are_all_there_is() -> None:
    app = Small()
    async with app.run_test() as pilot:
        await pilot.press("a", "?", "+")
        assert app.seen == 2
        assert set(app.screen.active_bindings) >= {"question_mark", "plus"}
        assert "ctrl+q" not in app.screen.active_bindings


async def test_added_bindings_stand_beside_the_own_ones_and_win() -> None:
    class More(App[None]):
        BINDINGS = [("a", "old", "old"), ("b", "old", "old")]  # noqa: RUF012

        def __init__(self) -> None:
            super().__init__()
            self.seen: list[str] = []
            add_bindings(self, [Binding("b", "new", "new"), Binding("+", "new", "new")])

        def action_new(self) -> None:
            self.seen.append("new")

        def action_old(self) -> None:
            self.seen.append("old")

    app = More()
    async with app.run_test() as pilot:
        await pilot.press("a", "b", "+")
        assert app.seen == ["old", "new", "new"]


def test_the_driver_has_an_output_of_ours() -> None:
    """Textual makes its writer and starts what the attribute then holds."""
    made = driver_class()
    assert made is not None
    begins = inspect.getsource(LinuxDriver.start_application_mode)
    assert "self._writer_thread = WriterThread(self._file)\n        self._writer_thread.start()" in begins
    assert "self._file.fileno()" in inspect.getsource(WriterThread.fileno)
    assert "self._writer_thread.stop()" in inspect.getsource(LinuxDriver.close)
    assert isinstance(inspect.getattr_static(made, "_writer_thread"), property)


def test_how_textual_comes_back_from_a_stop() -> None:
    begins = inspect.getsource(LinuxDriver.start_application_mode)
    assert "self._must_signal_resume = False" in begins.partition("self._key_thread.start()")[2], (
        "once it is back"
    )
    assert "self._must_signal_resume = True" in inspect.getsource(LinuxDriver._sigtstp_application)


async def test_drawings_are_dropped_while_the_terminal_is_behind() -> None:
    """``_display`` is where every drawing passes; what it writes is one."""

    class Drawn(_Patient):
        behind = False

        def is_behind(self) -> bool:
            return self.behind

        start_application_mode = disable_input = stop_application_mode = lambda self: None

    app = PatientApp()
    async with app.run_test():
        output = Mock(spec=TerminalOutput)
        driver = Drawn(app)
        driver._output = output
        app._driver, kept = driver, app._driver
        app.features = frozenset()
        app._display(app.screen, Text("seen"))
        driver.behind = True
        app._display(app.screen, Text("missed"))
        app._driver, app.features = kept, frozenset({"headless"})
        ((data,), options) = output.write.call_args
        assert output.write.call_count == 1
        assert b"seen" in data
        assert options == {"drawing": True}


async def test_writing_to_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    app = Small()
    written: list[str] = []
    async with app.run_test():
        assert app._driver is not None
        monkeypatch.setattr(app._driver, "write", written.append)
        write_to_terminal(app, "x")
    assert written[0] == "x"


async def test_the_focus_going_elsewhere_does_not_paint_the_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    class Two(App[None]):
        def compose(self) -> ComposeResult:
            yield Button("one", id="one")
            yield Button("two", id="two")

    keep_screen_on_focus()
    app = Two()
    async with app.run_test() as pilot:
        painted: list[object] = []
        refresh = Screen.refresh

        def noting(screen: Screen[object], *regions: Region, **more: bool) -> Screen[object]:
            painted.append(screen)
            return refresh(screen, *regions, **more)

        monkeypatch.setattr(Screen, "refresh", noting)
        for name in ("#two", "#one"):
            app.screen.set_focus(app.query_one(name))
            await pilot.pause()
            assert app.query_one(name).has_focus
        assert painted == []


class Closed(Screen[None]):
    def compose(self) -> ComposeResult:
        yield Static("one")
        yield Button("two")


async def test_a_closed_screen_leaves_no_painted_lines_behind() -> None:
    forget_closed_screens()
    app: App[None] = App()
    async with app.run_test() as pilot:
        for _ in range(2):
            app.push_screen(Closed())
            await pilot.pause()
            caches = [weakref.ref(each._styles_cache) for each in app.screen.walk_children(Widget)]
            await pilot.pause()
            app.pop_screen()
            await pilot.pause()
            gc.collect()
        assert len(caches) > 1
        assert [each() for each in caches if each() is not None] == []


class Lower(Screen[None]):
    CSS = "Lower { background: black; }"

    def compose(self) -> ComposeResult:
        yield Static("below", id="below")


class Opaque(Screen[None]):
    CSS = "Opaque { background: black; }"


class Sheer(ModalScreen[None]):
    CSS = "Sheer { background: black 50%; }"


class Stacked(Uncovered):
    shown = 0

    def get_default_screen(self) -> Screen[None]:
        return Lower()

    def _display(self, screen: Screen[Any], renderable: Any) -> None:
        self.shown += 1
        super()._display(screen, renderable)


async def test_what_changes_below_an_opaque_screen_is_not_painted_again_and_again() -> None:
    app = Stacked()
    async with app.run_test() as pilot:
        await app.push_screen(Opaque())
        await pilot.pause()
        lower = app.screen_stack[0]
        app.shown = 0
        lower.query_one("#below", Static).update("changed")
        for _ in range(20):
            await pilot.pause()
        assert app.shown == 0
        assert app._background_screens == []
        app.pop_screen()
        await pilot.pause()
        assert app.shown > 0
        assert "changed" in str(app.screen.query_one("#below", Static).render())


async def test_what_is_below_a_translucent_screen_is_painted() -> None:
    app = Stacked()
    async with app.run_test() as pilot:
        await app.push_screen(Sheer())
        await pilot.pause()
        assert app._background_screens == [app.screen_stack[0]]
        app.shown = 0
        app.screen_stack[0].query_one("#below", Static).update("changed")
        for _ in range(5):
            await pilot.pause()
        assert app.shown > 0


async def test_colours_are_taken_away_and_nothing_else() -> None:
    """Textual's own filters would leave greys, or name the default colours around every text."""
    app = Small()
    set_colourless(app, True)
    style = Style(color="red", bgcolor="blue", bold=True, reverse=True, meta={"@click": "new"})
    segment = Segment("x", style)
    async with app.run_test():
        for each in app.get_line_filters():
            (segment,) = each.apply([segment], Color(0, 0, 0))
        assert segment.style == Style(bold=True, reverse=True, meta={"@click": "new"})
        styles = [s.style for strip in app.screen._compositor.render_strips() for s in strip]
        assert {(s.color, s.bgcolor) for s in styles if s is not None} <= {(None, None)}
        set_colourless(app, False)
        assert not any(isinstance(each, Colourless) for each in app.get_line_filters())


async def test_a_theme_registered_anew_is_shown() -> None:
    app = Small()
    app.register_theme(Theme("mine", primary="#112233", background="#101010"))
    app.theme = "mine"
    async with app.run_test() as pilot:
        await pilot.pause()
        assert app.screen.styles.background == Color.parse("#101010")
        app.register_theme(Theme("mine", primary="#112233", background="#202020"))
        app.theme = "mine"
        await pilot.pause()
        assert app.screen.styles.background == Color.parse("#101010")  # why it is needed
        show_theme_again(app)
        await pilot.pause()
        assert app.screen.styles.background == Color.parse("#202020")


class One(Provider):
    """Finds but one."""

    async def search(self, query: str) -> Hits:
        if query == "one":
            yield Hit(1.0, "one", lambda: None)


async def test_the_palette_says_of_a_search_without_matches_what_it_is_told() -> None:
    app: App[int] = App()
    async with app.run_test() as pilot:
        palette = CommandPalette(providers=[One])
        await app.push_screen(palette)
        say_no_matches(palette, "nessun risultato")
        found = palette.query_one(OptionList)
        await pilot.press("x")
        await until(pilot, lambda: found.option_count == 1 and found.options[0].disabled)
        text = "".join(s.text for strip in palette._compositor.render_strips() for s in strip)
        assert "nessun risultato" in text
        assert "No matches found" not in text
        await pilot.press("backspace", *"one")
        await until(pilot, lambda: [option.disabled for option in found.options] == [False])

"""Every touch of Textual's private names, for 8.2.8. Each has a test in tests/ui/test_hacks.py."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, cast

from rich.color import ColorSystem
from rich.console import Console, RenderableType
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual._styles_cache import StylesCache
from textual.app import App
from textual.binding import Binding, BindingsMap
from textual.color import Color
from textual.dom import DOMNode
from textual.driver import Driver
from textual.events import Resize
from textual.filter import LineFilter, Monochrome, NoColor
from textual.geometry import Offset, Size
from textual.screen import Screen
from textual.strip import Strip

from cockpit.ui.glass import Glass
from cockpit.ui.output import TerminalOutput

if TYPE_CHECKING:
    from textual.command import CommandPalette

TERMINAL_GONE = 129
"""The code of SIGHUP, which says the same."""


def replace_bindings(node: DOMNode, bindings: Iterable[Binding]) -> None:
    """The bindings of ``node`` are these and no others. BINDINGS is per class, and ours depend on the
    mode and the user's keymap, which are known when the node is made."""
    node._bindings = BindingsMap(bindings)


def add_bindings(node: DOMNode, bindings: Iterable[Binding]) -> None:
    """The bindings of ``node`` are its class's and these, which win."""
    node._bindings = BindingsMap.merge([BindingsMap(bindings), node._bindings])


def bindings_of(node: DOMNode, key: str) -> list[Binding]:
    """What ``node`` itself binds to ``key``."""
    return node._bindings.key_to_bindings.get(key, [])


def keep_screen_on_focus() -> None:
    """Another widget having the focus is no reason to paint the whole screen: those that lose and get it
    paint themselves. Textual's ``Screen.focused`` says otherwise: 45 kB at 200x50 for every tab, measured."""
    vars(Screen)["focused"]._repaint = False


def forget_closed_screens() -> None:
    """Textual keeps the two colours behind each widget in a cache of a method's results, and with them, as
    the method's first argument, the widget's painted lines: those of the last thousand widgets, of screens
    that were closed long ago. Measured at 200x50: 20 MB an hour for an operator who opens one each minute.
    The method wants nothing of its first argument; here that is the class."""
    kept = vars(StylesCache)["get_inner_outer"]
    if not isinstance(kept, classmethod):
        StylesCache.get_inner_outer = classmethod(kept)  # type: ignore[method-assign, assignment]


def write_to_terminal(app: App[Any], data: str) -> None:
    """``data`` as it is, in order with what Textual writes (``copy_to_clipboard`` knows no tmux)."""
    if app._driver is not None:
        app._driver.write(data)


def written_bytes(app: App[Any]) -> int:
    """What ``app`` has written of drawings so far."""
    return app.written if isinstance(app, PatientApp) else 0


class Uncovered(App[int], inherit_bindings=False):
    """An app in which a screen below an opaque one is not painted.

    Textual 8.2.8 takes the next screen below for visible whatever the top one's background is, and repaints
    all that was once changed there, on every message, for ever: 1.4 MB a minute (measured, 200x50).
    """

    @property
    def _background_screens(self) -> list[Screen[Any]]:
        stack = self._screen_stack
        if stack and stack[-1].styles.background.a == 1:
            return []
        return super()._background_screens


class PatientApp(Uncovered, inherit_bindings=False):
    """An app that writes only what differs from what the terminal shows, and whose drawings are dropped while
    the terminal does not take them. The next whole one makes good for all of them; everything but the output
    goes on as ever."""

    _glass: Glass | None = None
    _cursor_at: Offset | None = None
    written = 0
    """Bytes of drawings so far."""

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        driver = self._driver
        if not isinstance(driver, _Patient):
            super()._display(screen, renderable)
        elif driver.is_behind():
            self.post_display_hook()
        elif self._batch_count or not isinstance(renderable, LayoutUpdate | ChopsUpdate):
            with driver.drawing():
                super()._display(screen, renderable)
        elif (changes := self._changes(renderable)) or self.cursor_position != self._cursor_at:
            self._cursor_at = self.cursor_position
            self.written += len(changes)
            with driver.drawing():
                super()._display(screen, cast(Any, _Changes(changes)))
        else:
            self.post_display_hook()

    def _changes(self, update: LayoutUpdate | ChopsUpdate) -> str:
        if self._glass is None:
            colours = self.console._color_system or ColorSystem.TRUECOLOR
            self._glass = Glass(partial(_rendered, colours))
        return self._glass.draw(*self.size, _pieces(update))

    def forget_glass(self) -> None:
        """The terminal may show something else than what was written to it: what is drawn from now on is
        written whole."""
        self._cursor_at = None
        if self._glass is not None:
            self._glass.forget()

    def draw_whole(self) -> None:
        """Write every cell again, now."""
        self.forget_glass()
        self.draw_rest()

    def draw_rest(self) -> None:
        """Write the cells of which it is not known that they show what they should: those that were drawn
        since the glass was forgotten cost nothing. ``refresh`` draws only what it takes for changed."""
        if self._glass is not None and self._screen_stack:
            screen = self.screen
            behind = self._background_screens
            self._display(screen, screen._compositor.render_update(full=True, screen_stack=behind))


class _Changes(CompositorUpdate):
    """What is to be written, ready, as an update of the compositor's."""

    def __init__(self, text: str) -> None:
        self.text = text

    def render_segments(self, console: Console) -> str:  # noqa: ARG002
        return self.text


def _rendered(colours: ColorSystem, style: Style | None, text: str) -> str:
    return text if style is None else Strip.render_style(style, text, colours)


def _pieces(update: LayoutUpdate | ChopsUpdate) -> Iterator[tuple[int, int, Strip]]:
    """What the update puts where: row, column, strip. As its own ``render_segments``."""
    if isinstance(update, LayoutUpdate):
        for y, line in enumerate(update.strips, update.region.y):
            x = update.region.x
            for strip in line:
                yield y, x, strip
                x += strip.cell_length
        return
    for y, x1, x2 in update.spans:
        for end, (x, chop) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
            if chop is None or x > x2 or end <= x1:
                continue
            whole = x1 <= x < x2 and end <= x2
            yield y, x, chop if whole else chop.crop(0, min(end, x2) - x)


class _Patient(Driver):
    """What a driver adds to Textual's: see :func:`driver_class`. Apart so that an app can ask for it."""

    _output: TerminalOutput | None = None
    _drawn: list[str] | None = None
    _encoding: tuple[str, str] = ("utf-8", "replace")

    def is_behind(self) -> bool:
        return self._output is not None and self._output.is_behind()

    @contextmanager
    def drawing(self) -> Iterator[None]:
        """What is written meanwhile is one drawing."""
        drawn: list[str] = []
        self._drawn = drawn
        try:
            yield
        finally:
            self._drawn = None
            if self._output is not None:
                self._output.write("".join(drawn).encode(*self._encoding), drawing=True)

    def write(self, data: str) -> None:
        if self._drawn is not None:
            self._drawn.append(data)
        elif self._output is not None:
            self._output.write(data.encode(*self._encoding))


def driver_class() -> type[Driver] | None:
    """Textual's driver with an output that nobody waits for, ending the app when the terminal is gone; None:
    the platform's own."""
    if sys.platform == "win32":
        return None
    from textual.drivers.linux_driver import LinuxDriver

    class CockpitDriver(_Patient, LinuxDriver):
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            if (file := sys.__stderr__) is not None:  # what LinuxDriver writes to
                self._encoding = (file.encoding, file.errors or "strict")
            # In the loop: Textual's own handlers interrupt whatever the program is in the middle of.
            self._loop.add_signal_handler(signal.SIGTSTP, self._sigtstp_application)
            self._loop.add_signal_handler(signal.SIGCONT, self._sigcont_application)

        @property
        def _writer_thread(self) -> Any:
            return self._output

        @_writer_thread.setter
        def _writer_thread(self, made: Any) -> None:
            """In place of the writer that Textual has made and is about to start."""
            lost, whole = partial(self._in_loop, self._leave), partial(self._in_loop, self._whole)
            self._output = made and TerminalOutput(made.fileno(), lost, whole)
            cast("PatientApp", self._app).forget_glass()

        def _sigcont_application(self, *_: Any) -> None:
            """Textual starts once more, whatever was before: after a mere SIGSTOP two threads then read the
            keyboard, and the terminal's settings to go back to were our own."""
            if not self._auto_restart:
                return
            if not self._must_signal_resume:
                self.suspend_application_mode()
            self.resume_application_mode()
            self._whole()

        def _leave(self) -> None:
            self._app.exit(return_code=TERMINAL_GONE)

        def _whole(self) -> None:
            cast("PatientApp", self._app).draw_whole()

        def _in_loop(self, call: Callable[[], None]) -> None:
            with suppress(RuntimeError):  # the loop has ended already
                self._loop.call_soon_threadsafe(call)

    return CockpitDriver


def catch_up_with_size(app: App[int]) -> bool:
    """Take the terminal's size where it is not the app's; then True. After a storm of resizes Textual 8.2.8
    may keep an older one: seen under load in about one storm of twelve."""
    ask = getattr(app._driver, "_get_terminal_size", None)
    size = app.size if ask is None else Size(*ask())
    if size == app.size:
        return False
    app.post_message(Resize(size, size))
    return True


class Colourless(LineFilter):
    """Takes every colour away. Textual's own filters write greys (Monochrome), or the codes of the default
    colours around every text (NoColor)."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:  # noqa: ARG002
        return [Segment(text, style and _without_colour(style), control) for text, style, control in segments]


@lru_cache(1024)
def _without_colour(style: Style) -> Style:
    """Rich's ``without_color`` loses the meta data, which Textual finds links and selections by."""
    return style.without_color + Style(meta=style.meta) if style.meta else style.without_color


def set_colourless(app: App[Any], colourless: bool) -> None:
    """Whether the app has no colours at all. Textual looks at NO_COLOR by itself, also where it is empty."""
    app.no_color = colourless
    kept = [f for f in app._filters if not isinstance(f, Monochrome | NoColor | Colourless)]
    app._filters = [*kept, *([Colourless()] if colourless else [])]


def show_theme_again(app: App[Any]) -> None:
    """The theme in use was registered anew under its name: Textual only looks when the name changes."""
    app._watch_theme(app.theme)


def say_no_matches(palette: CommandPalette, words: str) -> None:
    """What ``palette`` says of a search that finds nothing; Textual has its own words in its code."""
    from rich.align import Align
    from rich.text import Text
    from textual.command import CommandList
    from textual.widgets.option_list import Option

    def show(searched: bool) -> None:
        if searched:
            nothing = Align.center(Text(words, style="not bold"))
            palette.query_one(CommandList).add_option(Option(nothing, disabled=True, id=palette._NO_MATCHES))
        palette._list_visible = searched

    def start(search_value: str) -> None:
        palette._stop_no_matches_countdown()
        wait = palette._NO_MATCHES_COUNTDOWN
        palette._no_matches_timer = palette.set_timer(wait, partial(show, bool(search_value)))

    palette._start_no_matches_countdown = start  # type: ignore[method-assign]

"""The line the filter is typed into: mounted when it is wanted, its cursor does not blink.

:class:`FilterPane` is that line for a filter with a language: above it what is found, or why the text means
nothing, and what can be typed next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, TypeAlias, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.widgets import Input

from cockpit.config.language import _
from cockpit.fleet.completing import Completion
from cockpit.ui._textual_hacks import add_bindings
from cockpit.ui.look import Glyphs, Line, width
from cockpit.ui.messages import FilterTyped
from cockpit.ui.widgets.bars import Banner
from cockpit.ui.widgets.inorder import InOrder
from cockpit.ui.widgets.panes import HasLook

LONGEST: Final = 1000
Complete: TypeAlias = Callable[[str, int], Completion]


class FilterBox(InOrder):
    """Posts :class:`FilterTyped` while it is typed in."""

    DEFAULT_CSS = """
    FilterBox, FilterBox:focus { height: 1; background: $panel; border: none; padding: 0 1; }
    """

    def __init__(self, text: str, placeholder: str = "") -> None:
        super().__init__(
            text,
            placeholder=placeholder or _("text, or !text for all but it; enter keeps it, esc clears it"),
            id="filter",
            compact=True,
            select_on_focus=False,
            max_length=LONGEST,
        )
        self.cursor_blink = False

    def on_mount(self) -> None:
        self.screen.set_focus(self)  # now: the next key is already there

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(FilterTyped(event.value, done=False))

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.post_message(FilterTyped(event.value, done=True))


class FilterPane(Vertical):
    """A :class:`FilterBox` with a border above it. ``complete``: from a text and the cursor's place in it to
    the ways to go on; ``bindings``: of the registry's scope ``filter``; ``key``: the one that completes."""

    DEFAULT_CSS = """
    FilterPane { height: auto; background: $panel; }
    #filter-border { background: $panel; }
    """

    def __init__(self, text: str, complete: Complete, bindings: Iterable[Binding], key: str) -> None:
        super().__init__(id="filter-pane")
        self._complete = complete
        self._bindings_wanted = tuple(bindings)
        self._key = key
        self._start_text = text
        self._found: Line = ()
        self._refused = ""
        self._offer: tuple[Completion, int] | None = None
        """What ``tab`` goes through, and which of it stands there now."""
        self._made = ""

    def compose(self) -> ComposeResult:
        yield Banner(id="filter-border")
        box = FilterBox(self._start_text, _("server:ex* state:unhealthy since:10m !stale, or just text"))
        yield box

    def on_mount(self) -> None:
        add_bindings(self, self._bindings_wanted)
        self._draw()

    def on_resize(self) -> None:
        self._draw()

    @property
    def box(self) -> FilterBox:
        return self.query_one(FilterBox)

    def tell(self, found: Line, refused: str = "") -> None:
        """``found``: how much the filter leaves. ``refused``: why the text means nothing; what is shown is
        then of the text before."""
        self._found, self._refused = found, refused
        if self.is_mounted:
            self._draw()

    @on(FilterTyped)
    def _typed(self, event: FilterTyped) -> None:
        if event.text != self._made:
            self._offer = None

    # Completion

    def _offered(self) -> Completion:
        return self._complete(self.box.value, self.box.cursor_position)

    def action_complete(self) -> None:
        self._go_on(1)

    def action_complete_back(self) -> None:
        self._go_on(-1)

    def _go_on(self, step: int) -> None:
        """The first time as far as all options agree; then one option after the other."""
        if self._offer is not None:
            offered, place = self._offer
            self._put(offered, (place + step) % len(offered.options))
            return
        offered = self._offered()
        typed = self.box.value[offered.start : offered.end]
        common = offered.common
        if len(common) > len(typed) and common.lower().startswith(typed.lower()):
            self._write(offered.start, offered.end, common)
        elif offered.options:
            self._put(offered, 0 if step > 0 else len(offered.options) - 1)

    def _put(self, offered: Completion, place: int) -> None:
        option = offered.options[place]
        end = offered.end if self._offer is None else offered.start + len(offered.options[self._offer[1]])
        self._offer = (offered, place)
        self._write(offered.start, end, option)

    def _write(self, start: int, end: int, text: str) -> None:
        before = self.box.value
        self._made = f"{before[:start]}{text}{before[end:]}"
        self.box.value = self._made
        self.box.cursor_position = start + len(text)

    # Drawing

    def _draw(self) -> None:
        look = cast(HasLook, self.app).look
        cells = (self.size.width or self.app.size.width) - 1
        offered, place = self._offer if self._offer is not None else (self._offered(), -1)
        line = border(self._found, self._refused, offered.options, place, self._key, look.glyphs, cells)
        self.query_one("#filter-border", Banner).set_lines([line])


def border(
    found: Line, refused: str, options: tuple[str, ...], chosen: int, key: str, glyphs: Glyphs, cells: int
) -> Line:
    """The line above the filter: its name, the count or the refusal, then as many options as there is room
    for, from the one that is ``chosen`` on."""
    dot = (f" {glyphs.dot} ", "text-dim")
    told: Line = ((refused, "text-problem"),) if refused else found
    line: Line = ((f"{glyphs.rule} ", "text-title"), (_("Filter"), "text-title-focus"))
    line = (*line, dot, *told) if told else line
    shown = options[max(chosen, 0) :]
    for number, option in enumerate(shown):
        role = "text-strong" if chosen >= 0 and number == 0 else "text-label"
        lead: Line = (dot, (f"{key} ", "text-key")) if number == 0 else ((" ", ""),)
        more: Line = ((f" {glyphs.ellipsis}", "text-dim"),) if number + 1 < len(shown) else ()
        if width((*line, *lead, (option, role), *more)) > cells:
            return (*line, (f" {glyphs.ellipsis}", "text-dim")) if number else line
        line = (*line, *lead, (option, role))
    tail = cells - width(line) - 1
    return (*line, (f" {glyphs.rule * tail}", "text-title")) if tail > 0 else line

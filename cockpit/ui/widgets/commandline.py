"""The command line: one line at the bottom to type into, and above it what that may become.

It lies over the lowest lines of the screen, so that nothing else is moved or painted anew for it.
"""

from __future__ import annotations

from typing import Final

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input

from cockpit.config.language import _
from cockpit.exchange.text import clean_line
from cockpit.ui._textual_hacks import replace_bindings
from cockpit.ui.actions import Registry
from cockpit.ui.command_history import LONGEST, History
from cockpit.ui.command_messages import Ordered
from cockpit.ui.command_reading import Choice, Offer, Refusal, choices, read
from cockpit.ui.look import Line, width
from cockpit.ui.widgets.bars import Bar
from cockpit.ui.widgets.inorder import InOrder
from cockpit.ui.widgets.panes import LinesPane
from cockpit.ui.widgets.standing import StandingBar

ROWS: Final = 7
"""Lines of what it may become; fewer on a low screen."""
LEFT_OVER: Final = 3
"""Lines of the screen that stay to be seen, however low it is."""


class _Entry(InOrder):
    """Its cursor does not blink; backspace in an empty line leaves it, as in vim."""

    class Left(Message):
        """Nothing is left to delete, or another widget has the focus."""

    def action_delete_left(self) -> None:
        if self.value:
            super().action_delete_left()
        else:
            self.post_message(self.Left())

    def on_blur(self) -> None:
        """The terminal itself losing the focus is none of it."""
        if self.app.app_focus:
            self.post_message(self.Left())


class _Choices(LinesPane):
    """What may be meant; a click takes it."""

    class Clicked(Message):
        def __init__(self, row: int) -> None:
            self.row = row
            super().__init__()

    def __init__(self) -> None:
        super().__init__(id="command-choices", titled=False, can_focus=False, wrapped=False)

    def on_click(self, event: events.Click) -> None:
        event.stop()
        self.post_message(self.Clicked(event.y))


class CommandLine(Vertical, inherit_bindings=False):
    """Posts :class:`Ordered`, and goes. ``scope``: of the registry."""

    DEFAULT_CSS = """
    CommandLine { width: 1fr; height: auto; background: $panel; }
    CommandLine #command-choices { background: $panel; overflow-y: hidden; }
    CommandLine #command-typed { height: 1; background: $panel; }
    CommandLine #command-sign { width: 2; background: $panel; }
    CommandLine Input, CommandLine Input:focus {
        width: 1fr; height: 1; background: $panel; border: none; padding: 0;
    }
    """
    scope = "command"

    def __init__(self, registry: Registry, there: Offer, history: History, text: str = "") -> None:
        super().__init__(id="command-line")
        self._there = there
        self._history = history
        self._begin = text
        self._stem = ""
        """What the choices are for: it stays while tab goes through them."""
        self._shown: list[Choice] = []
        self._at: int | None = None
        self._top = 0
        self._rows = ROWS
        self._refusal = ""
        self._back_to: Widget | None = None
        replace_bindings(self, registry.bindings(self.scope))

    def compose(self) -> ComposeResult:
        self._rows = max(min(ROWS, self.app.size.height - LEFT_OVER - 1), 1)
        listed = _Choices()
        listed.styles.height = self._rows  # before it is laid out for the first time
        yield listed
        yield StandingBar()  # what is open is seen whatever lies over the screen
        with Horizontal(id="command-typed"):
            yield Bar(id="command-sign")
            entry = _Entry(self._begin, compact=True, select_on_focus=False, max_length=LONGEST)
            entry.cursor_blink = False
            yield entry

    def on_mount(self) -> None:
        self._back_to = self.screen.focused
        self._history.begin()
        self.query_one("#command-sign", Bar).set_lines([((" :", "text-key"),)])
        self.screen.set_focus(self._entry)  # now: the next key is already there
        self._typed(self._begin)

    @property
    def _entry(self) -> _Entry:
        return self.query_one(_Entry)

    # What it may become

    def _typed(self, text: str) -> None:
        """Another line: other choices."""
        self._stem, self._refusal = text, ""
        self._shown, self._at, self._top = choices(clean_line(text), self._there), None, 0
        self._draw()

    def _draw(self) -> None:
        lines: list[Line] = []
        if self._refusal:
            lines.append(((f" {self._refusal}", "text-problem"),))
        elif not self._shown:
            lines.append(((" " + _("Nothing begins so."), "text-dim"),))
        visible = self._shown[self._top : self._top + self._rows - len(lines)]
        names = max((width(((c.name, ""),)) for c in visible), default=0)
        keys = max((width(((c.keys, ""),)) for c in visible), default=0)
        for place, choice in enumerate(visible, self._top):
            lines.append(_line(choice, names, keys, place == self._at, self._mark))
        self.query_one(_Choices).set_lines(lines)

    @property
    def _mark(self) -> str:
        return ">" if self._entry.app.look.glyphs.ascii else "▸"  # type: ignore[attr-defined]

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        self._catch_up()

    def _catch_up(self) -> None:
        """The choices are for what stands there now: the word of a change may come after the next key."""
        if self._entry.value not in (self._stem, self._offered):
            self._typed(self._entry.value)

    @property
    def _offered(self) -> str | None:
        """What tab has put there: not typed, so the choices stay."""
        return self._shown[self._at].text if self._at is not None and self._shown else None

    def _take(self, place: int) -> None:
        self._at = place
        rows = self._rows
        self._top = min(max(self._top, place - rows + 1), place)
        self._put(self._shown[place].text)
        self._draw()

    def _put(self, text: str) -> None:
        self._entry.value = text
        self._entry.cursor_position = len(text)

    def _complete(self, step: int) -> None:
        self._catch_up()
        if len(self._shown) == 1 and self._at == 0:
            self._typed(self._entry.value)  # it was taken: on to what comes behind it
        if self._shown:
            begin = 0 if step > 0 else len(self._shown) - 1
            self._take(begin if self._at is None else (self._at + step) % len(self._shown))

    def action_complete(self) -> None:
        self._complete(1)

    def action_complete_back(self) -> None:
        self._complete(-1)

    @on(_Choices.Clicked)
    def _clicked(self, event: _Choices.Clicked) -> None:
        event.stop()
        place = self._top + event.row - bool(self._refusal)
        if not 0 <= place < len(self._shown):
            return
        if place == self._at:
            self.action_run()
        else:
            self._take(place)

    # What was typed before

    def action_older(self) -> None:
        self._recall(self._history.older(self._entry.value))

    def action_newer(self) -> None:
        self._recall(self._history.newer())

    def _recall(self, line: str | None) -> None:
        if line is not None:
            self._at = None
            self._put(line)

    # Its end

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_run()

    def action_run(self) -> None:
        raw = self._entry.value
        typed = clean_line(raw)
        found = read(typed, self._there) if typed.strip() else None
        if isinstance(found, Refusal):
            self._catch_up()
            self._refusal = found.sentence
            self._draw()
            return
        self.action_cancel()
        if found is not None:
            self.app.post_message(Ordered(found, typed if typed == raw else ""))

    @on(_Entry.Left)
    def _left(self, event: _Entry.Left) -> None:
        event.stop()
        self.action_cancel()

    def action_cancel(self) -> None:
        if self._entry.has_focus and self._back_to is not None:
            self.screen.set_focus(self._back_to)
        self.remove()


def _line(choice: Choice, names: int, keys: int, chosen: bool, mark: str) -> Line:
    """One choice; what cannot be used now is dim, with the reason instead of the help."""
    off = choice.why is not None
    role = "text-dim" if off else "text-strong" if chosen else "text-key"
    told = choice.why.told if choice.why is not None else choice.help
    return (
        (f" {mark if chosen else ' '} ", "text-key"),
        (choice.name.ljust(names) + "  ", role),
        (choice.keys.ljust(keys) + ("  " if keys else ""), "text-dim" if off else ""),
        (told, "text-dim" if off else "text-strong" if chosen else ""),
    )

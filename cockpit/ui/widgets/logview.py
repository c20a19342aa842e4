"""The lines of a log on the screen: none but those that are seen; only what differs is repainted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Size
from textual.message import Message

from cockpit.ui.look import Line, width
from cockpit.ui.widgets.panes import Pane

Drawn: TypeAlias = tuple[Line, bool]
"""A line of the screen, and whether the cursor is on it."""
WHEEL_LINES = 3
BARS = 3
"""Lines of the screen that are not the view's while nothing else is said."""


class LogView(Pane):
    """A row of titles, then the lines it was told to show. It knows no log: who moves it shows it others."""

    class Resized(Message):
        """There is another number of lines or cells."""

    class Turned(Message):
        """The wheel was turned by so many lines."""

        def __init__(self, lines: int) -> None:
            self.lines = lines
            super().__init__()

    class Pointed(Message):
        """A line of the body was clicked."""

        def __init__(self, line: int) -> None:
            self.line = line
            super().__init__()

    def __init__(self, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id, titled=False)
        self._head: Line = ()
        self._rows: tuple[Drawn, ...] = ()

    @property
    def room(self) -> int:
        """Lines of the body; before the first layout about what it will be."""
        height = self.size.height if self.size else self.app.size.height - BARS
        return max(height - self.fixed_lines(), 0)

    @property
    def cells(self) -> int:
        return (self.size.width or self.app.size.width) - self.spare

    @property
    def rows(self) -> tuple[Drawn, ...]:
        return self._rows

    def show(self, head: Line, rows: Sequence[Drawn]) -> None:
        """Show these lines, at most ``room``."""
        if head != self._head:
            self._head = head
            self._refresh_row(0)
        old, self._rows = self._rows, tuple(rows)
        most = max(len(old), len(self._rows))
        changed = [n for n in range(most) if old[n : n + 1] != self._rows[n : n + 1]]
        if 2 * len(changed) > self.room:
            self.refresh()
        else:
            self.refresh_body(*changed)

    def fixed_lines(self) -> int:
        return 1

    def body_lines(self) -> int:
        return len(self._rows)

    def resize_body(self) -> None:
        self.virtual_size = Size(0, 0)  # it has no scrollbar: how long a log is, nobody counts

    def fixed_segments(self, index: int, base: Style) -> list[Segment]:  # noqa: ARG002
        return self.pen.look.segments(self._head, base)

    def body_segments(self, index: int, base: Style) -> list[Segment]:
        _, size, _, look = self.pen
        line, here = self._rows[index]
        if here:
            base = base + (look.cursor if self.has_focus else look.cursor_blurred)
        spare = size.width - width(line)
        if spare > 0:  # one run of a style costs some forty bytes on the wire: the last one is made longer
            blank = " " * spare
            ends_plain = bool(line) and not line[-1][1]
            line = (*line[:-1], (line[-1][0] + blank, "")) if ends_plain else (*line, (blank, ""))
        return look.segments(line, base)

    def _focus_changed(self) -> None:
        self.refresh_body(*(n for n, (_, here) in enumerate(self._rows) if here))

    def on_resize(self) -> None:
        self.refresh()
        self.post_message(self.Resized())

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.post_message(self.Turned(WHEEL_LINES))

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.post_message(self.Turned(-WHEEL_LINES))

    def on_click(self, event: events.Click) -> None:
        if event.y >= self.fixed_lines():
            self.post_message(self.Pointed(event.y - self.fixed_lines()))

"""Panes on the line API: what did not change is not repainted.

``DataTable.update_cell`` repaints the whole table (terminal-ui §4.6); here a changed row costs a row.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, NamedTuple, Protocol, cast

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.scrollbar import ScrollBarRender
from textual.strip import Strip

from cockpit.ui.look import Line, Look, crop, width, wrap


class BlockBars(ScrollBarRender):
    """A scrollbar of whole cells: fonts of the Linux console lack the eighths."""

    VERTICAL_BARS: ClassVar[list[str]] = [" "] * 8


class Pen(NamedTuple):
    """What every line of one painting shares. Textual finds each of these by a walk through its widgets."""

    base: Style
    size: Size
    top: int
    look: Look


class HasLook(Protocol):
    """What a pane wants of the app."""

    look: Look


class Pane(ScrollView, can_focus=True, inherit_bindings=False):
    """A titled pane: fixed lines on top, body lines that scroll. Subclasses give the body."""

    DEFAULT_CSS = """
    Pane { overflow-x: hidden; overflow-y: auto; scrollbar-size-vertical: 1; }
    """
    spare: ClassVar[int] = 1
    """Columns on the right that have no text."""

    def __init__(self, *, id: str, titled: bool = True, can_focus: bool = True) -> None:  # noqa: A002
        super().__init__(id=id)
        self.can_focus = can_focus
        self.titled = titled
        self._title: Line = ()
        self._pen: Pen | None = None

    def on_mount(self) -> None:
        if self.look.glyphs.ascii:
            self.vertical_scrollbar.renderer = BlockBars  # type: ignore[misc]

    @property
    def cells(self) -> int:
        """The width for text: where a pane scrolls the last column is the scrollbar's, there or not."""
        return self.size.width - self.spare

    @property
    def look(self) -> Look:
        return cast(HasLook, self.app).look

    @property
    def pen(self) -> Pen:
        return self._pen or Pen(self.rich_style, self.size, self.scroll_offset.y, self.look)

    def set_title(self, title: Line) -> None:
        if title != self._title:
            self._title = title
            self._refresh_row(0)

    def fixed_lines(self) -> int:
        return 1 if self.titled else 0

    def body_lines(self) -> int:
        raise NotImplementedError

    def body_segments(self, index: int, base: Style) -> list[Segment]:
        raise NotImplementedError

    def fixed_segments(self, index: int, base: Style) -> list[Segment]:  # noqa: ARG002
        return self._title_segments(base)

    def _title_segments(self, base: Style) -> list[Segment]:
        _, size, _, look = self.pen
        rule = look.glyphs.rule
        role = "text-title-focus" if self.has_focus else "text-title"
        mark = "=" if look.glyphs.ascii else "━"
        rule = mark if self.has_focus else rule
        room = size.width - 4
        title = crop(self._title, max(room, 0), look.glyphs.ellipsis)
        tail = max(size.width - width(title) - 3, 0)
        shown = tuple((text, own or role) for text, own in title)
        return look.segments(((rule, role), (" ", ""), *shown, (" ", ""), (rule * tail, role)), base)

    def render_lines(self, crop: Region) -> list[Strip]:
        self._pen = None
        lines = super().render_lines(crop)
        self._pen = None
        return lines

    def render_line(self, y: int) -> Strip:
        base, size, top, _ = self._pen = self.pen
        fixed = self.fixed_lines()
        index = y - fixed + top
        if y < fixed:
            segments = self.fixed_segments(y, base)
        elif index < self.body_lines():
            segments = self.body_segments(index, base)
        else:
            segments = []
        return Strip(segments).adjust_cell_length(size.width, base)

    def on_focus(self) -> None:
        self._focus_changed()

    def on_blur(self) -> None:
        self._focus_changed()

    def _focus_changed(self) -> None:
        if self.titled:
            self._refresh_row(0)

    def _refresh_row(self, y: int) -> None:
        if 0 <= y < self.size.height:
            self.refresh(Region(0, y, self.size.width, 1))

    def refresh_body(self, *indexes: int) -> None:
        """Repaint these lines of the body, those that are in view."""
        if not indexes:
            return
        fixed, top, size = self.fixed_lines(), self.scroll_offset.y, self.size
        end = top + size.height - fixed
        lines = [Region(0, i - top + fixed, size.width, 1) for i in indexes if top <= i < end]
        if lines:
            self.refresh(*lines)

    def resize_body(self) -> None:
        self.virtual_size = Size(0, self.fixed_lines() + self.body_lines())

    def bring_into_view(self, index: int) -> None:
        room = max(self.size.height - self.fixed_lines(), 1)
        top = self.scroll_offset.y
        wanted = min(max(top, index - room + 1), index)
        if wanted != top:
            self.scroll_to(y=wanted, animate=False, immediate=True)

    # What the screen's navigation keys do to the pane that has the focus.
    def move(self, lines: int) -> None:
        self.scroll_to(y=self.scroll_offset.y + lines, animate=False, immediate=True)

    def move_page(self, pages: int) -> None:
        self.move(pages * max(self.size.height - self.fixed_lines() - 1, 1))

    def move_end(self, last: bool) -> None:
        self.scroll_to(y=self.max_scroll_y if last else 0, animate=False, immediate=True)


class LinesPane(Pane):
    """Prose: wrapped to the width, scrolled when it is longer than the pane."""

    def __init__(
        self,
        *,
        id: str,  # noqa: A002
        titled: bool = True,
        can_focus: bool = True,
        wrapped: bool = True,
    ) -> None:
        super().__init__(id=id, titled=titled, can_focus=can_focus)
        self.wrapped = wrapped
        self._source: tuple[Line, ...] = ()
        self._lines: list[Line] = []

    @property
    def source(self) -> tuple[Line, ...]:
        return self._source

    def set_lines(self, lines: Sequence[Line]) -> None:
        """Show ``lines``; only those that differ are repainted."""
        new = tuple(lines)
        if new != self._source:
            self._source = new
            self._lay_out()

    def _lay_out(self) -> None:
        old = self._lines
        cells = self.cells
        if self.wrapped:
            self._lines = [part for line in self._source for part in wrap(line, cells, _indent(line))]
        else:
            self._lines = list(self._source)
        if len(old) != len(self._lines):
            self.resize_body()
            self.refresh()
            return
        pairs = enumerate(zip(old, self._lines, strict=True))
        self.refresh_body(*(index for index, (before, after) in pairs if before != after))

    def on_resize(self) -> None:
        self._lines = []
        self._lay_out()

    def body_lines(self) -> int:
        return len(self._lines)

    def body_segments(self, index: int, base: Style) -> list[Segment]:
        _, size, _, look = self.pen
        return look.segments(crop(self._lines[index], size.width - self.spare, look.glyphs.ellipsis), base)


def _indent(line: Line) -> int:
    """Continuation lines stand under the value, not under its label."""
    return width(line[:1]) if line and line[0][1] == "text-label" else 0

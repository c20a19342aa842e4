"""A grid of cells with a cursor: a cell that changed is repainted, and nothing else."""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region
from textual.message import Message

from cockpit.ui.look import Line, crop, plain, width
from cockpit.ui.pulse import Cell, Form, Layout, arrange, lines
from cockpit.ui.widgets.panes import Pane

_NOTHING = Layout(Form.LINE, 1, 1, ())


class CellsPane(Pane):
    """Cells from left to right, then down. The cursor stays with its server while that has a cell."""

    spare = 0

    class Clicked(Message):
        """The cell under the cursor was clicked again."""

    def __init__(self, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id, titled=False)
        self._cells: tuple[Cell, ...] = ()
        self._layout = _NOTHING
        self._shown: list[tuple[Line, ...]] = []
        self._cursor = 0
        self.empty: Line = ()

    @property
    def layout_of_cells(self) -> Layout:
        return self._layout

    @property
    def selected(self) -> str:
        """The server under the cursor; empty where there is none."""
        cells = self._layout.cells
        return cells[self._cursor].name if self._cursor < len(cells) else ""

    def set_cells(self, cells: tuple[Cell, ...], empty: Line = ()) -> None:
        """Show ``cells``; ``empty`` is what stands there when there are none."""
        if empty != self.empty:
            self.empty = empty
            if not cells:
                self.refresh()
        self._cells = cells
        self._arrange()

    def _arrange(self) -> None:
        if not self.size.width:
            return
        before, shown, selected = self._layout, self._shown, self.selected
        self._layout = now = arrange(self._cells, self.size.width, self.size.height)
        glyphs = self.look.glyphs
        self._shown = [lines(cell, now.form, now.width - 1, glyphs) for cell in now.cells]
        moved = self._follow(selected)
        same = (before.form, before.columns, before.width) == (now.form, now.columns, now.width)
        if not same or len(shown) != len(self._shown) or before.more != now.more:
            self.refresh()
            return
        changed = [i for i, (old, new) in enumerate(zip(shown, self._shown, strict=True)) if old != new]
        self._repaint(*changed, *moved)

    def _follow(self, selected: str) -> tuple[int, ...]:
        """Put the cursor on ``selected`` where it now is; the cells that look different for that."""
        names = [cell.name for cell in self._layout.cells]
        place = names.index(selected) if selected in names else min(self._cursor, max(len(names) - 1, 0))
        if place == self._cursor:
            return ()
        former, self._cursor = self._cursor, place
        return former, place

    def _repaint(self, *places: int) -> None:
        layout = self._layout
        high = layout.form.lines
        regions = [
            Region(i % layout.columns * layout.width, i // layout.columns * high, layout.width, high)
            for i in places
        ]
        if regions:
            self.refresh(*regions)

    def on_resize(self) -> None:
        self._arrange()

    # Drawing

    def body_lines(self) -> int:
        return max(self.size.height, 1)

    def body_segments(self, index: int, base: Style) -> list[Segment]:
        look, layout = self.pen.look, self._layout
        if not self._shown:
            return (
                look.segments(crop(self.empty, self.size.width, look.glyphs.ellipsis), base)
                if not index
                else []
            )
        row, line = divmod(index, layout.form.lines)
        first = row * layout.columns
        if first >= len(self._shown):
            last = -(-len(self._shown) // layout.columns) * layout.form.lines
            return look.segments(layout.more, base) if index == last else []
        segments: list[Segment] = []
        for place in range(first, min(first + layout.columns, len(self._shown))):
            style = base
            if place == self._cursor:
                style = base + (look.cursor if self.has_focus else look.cursor_blurred)
            text = self._shown[place][line]
            segments += look.segments(text, style)
            segments.append(Segment(" " * (layout.width - 1 - width(text)), style))
            segments.append(Segment(" ", base))
        return segments

    def text_lines(self) -> list[str]:
        """All servers as plain text, for saving the view: those without a cell too."""
        glyphs = self.look.glyphs
        return [
            plain(lines(c, Form.LINE, 200, glyphs)[0]) + (f"  {c.alarm}" if c.alarm else "")
            for c in self._cells
        ]

    # Moving

    def _focus_changed(self) -> None:
        self._repaint(self._cursor)

    def go_to(self, place: int) -> None:
        place = max(min(place, len(self._shown) - 1), 0)
        if place != self._cursor:
            former, self._cursor = self._cursor, place
            self._repaint(former, place)

    def move_side(self, cells: int) -> None:
        self.go_to(self._cursor + cells)

    def move(self, lines: int) -> None:
        place = self._cursor + lines * self._layout.columns
        if 0 <= place < len(self._shown):
            self.go_to(place)

    def move_page(self, pages: int) -> None:
        rows = max(self.size.height // self._layout.form.lines - 1, 1)
        self.go_to(self._cursor + pages * rows * self._layout.columns)

    def move_end(self, last: bool) -> None:
        self.go_to(len(self._shown) - 1 if last else 0)

    def on_click(self, event: events.Click) -> None:
        layout = self._layout
        column, row = event.x // layout.width, event.y // layout.form.lines
        place = row * layout.columns + column
        if column >= layout.columns or place >= len(self._shown):
            return
        if place == self._cursor:
            self.post_message(self.Clicked())
        else:
            self.go_to(place)

"""A grid of cells with a cursor: a cell that changed is repainted, and nothing else.

Each column is a widget of its own: Textual writes a changed part of a line from the left edge of its widget
on, so in one wide widget a cell on the right would cost the whole line.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.app import ComposeResult
from textual.containers import Container
from textual.geometry import Region
from textual.message import Message

from cockpit.ui.look import Line, crop, plain, width
from cockpit.ui.pulse import MOST_COLUMNS, Cell, Form, Layout, arrange, lines
from cockpit.ui.widgets.bars import Bar
from cockpit.ui.widgets.panes import Pane

_NOTHING: Final = Layout(Form.LINE, 1, 1, ())
_UNCUT: Final = 500


class CellColumn(Pane):
    """One column of a :class:`CellsGrid`. The first one has the focus for all of them."""

    DEFAULT_CSS = """
    CellColumn { height: 1fr; display: none; overflow-y: hidden; }
    """
    spare = 0

    def __init__(self, grid: CellsGrid, number: int) -> None:
        super().__init__(id="cells" if not number else f"cells-{number}", titled=False, can_focus=not number)
        self.grid = grid
        self.number = number

    def body_lines(self) -> int:
        return max(self.size.height, 1)

    def body_segments(self, index: int, base: Style) -> list[Segment]:
        return self.grid.segments(self.number, index, base)

    def repaint(self, row: int, high: int) -> None:
        self.refresh(Region(0, row * high, self.size.width, high))

    def _focus_changed(self) -> None:
        self.grid.repaint_cursor()

    def move(self, lines: int) -> None:
        self.grid.move(lines)

    def move_page(self, pages: int) -> None:
        self.grid.move_page(pages)

    def move_end(self, last: bool) -> None:
        self.grid.move_end(last)

    def on_click(self, event: events.Click) -> None:
        self.grid.clicked(self.number, event.y)


class CellsGrid(Container):
    """Cells from left to right, then down. The cursor stays with its server while that has a cell."""

    DEFAULT_CSS = """
    CellsGrid { height: 1fr; layout: vertical; }
    CellsGrid > Container { height: 1fr; layout: horizontal; }
    CellsGrid > #more { display: none; }
    """

    class Clicked(Message):
        """The cell under the cursor was clicked again."""

    def __init__(self, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self.columns = [CellColumn(self, number) for number in range(MOST_COLUMNS)]
        self.arranged = _NOTHING
        self._cells: tuple[Cell, ...] = ()
        self._shown: list[tuple[Line, ...]] = []
        self._cursor = 0
        self._empty: Line = ()

    def compose(self) -> ComposeResult:
        with Container():
            yield from self.columns
        yield Bar(id="more")

    @property
    def selected(self) -> str:
        """The server under the cursor; empty where there is none."""
        cells = self.arranged.cells
        return cells[self._cursor].name if self._cursor < len(cells) else ""

    def set_cells(self, cells: Sequence[Cell], empty: Line = ()) -> None:
        """Show ``cells``; ``empty`` is what stands there when there are none."""
        if empty != self._empty and not cells:
            self.columns[0].refresh()
        self._empty, self._cells = empty, tuple(cells)
        self._arrange()

    def on_resize(self) -> None:
        self._arrange()

    def _arrange(self) -> None:
        if not self.size.width:
            return
        before, shown, selected = self.arranged, self._shown, self.selected
        self.arranged = now = arrange(self._cells, self.size.width, self.size.height)
        glyphs = self.columns[0].look.glyphs
        self._shown = [lines(cell, now.form, now.width - 1, glyphs) for cell in now.cells]
        moved = self._follow(selected)
        self._set_columns(now)
        if before.form is not now.form or (before.columns, len(shown)) != (now.columns, len(self._shown)):
            for column in self.columns[: now.columns]:
                column.refresh()
            return
        pairs = enumerate(zip(shown, self._shown, strict=True))
        self._repaint(*(place for place, (old, new) in pairs if old != new), *moved)

    def _set_columns(self, now: Layout) -> None:
        """Widths, and what is said below; nothing happens where they are as they were."""
        used = now.columns if now.cells else 1
        wide = now.width if now.cells else self.size.width
        for number, column in enumerate(self.columns):
            column.display = number < used
            if number < used:
                column.styles.width = wide
        below = self.query_one("#more", Bar)
        below.set_lines([now.more] if now.more else [])
        below.display = bool(now.more)

    def _follow(self, selected: str) -> tuple[int, ...]:
        """Put the cursor on ``selected`` where it now is; the cells that look different for that."""
        names = [cell.name for cell in self.arranged.cells]
        place = names.index(selected) if selected in names else min(self._cursor, max(len(names) - 1, 0))
        if place == self._cursor:
            return ()
        former, self._cursor = self._cursor, place
        return former, place

    def _repaint(self, *places: int) -> None:
        for place in places:
            row, column = divmod(place, self.arranged.columns)
            self.columns[column].repaint(row, self.arranged.form.lines)

    def repaint_cursor(self) -> None:
        self._repaint(self._cursor)

    # Drawing

    def segments(self, column: int, index: int, base: Style) -> list[Segment]:
        """One line of a column."""
        look, now = self.columns[0].look, self.arranged
        if not self._shown:
            empty = crop(self._empty, self.size.width, look.glyphs.ellipsis)
            return look.segments(empty, base) if index == 0 else []
        row, line = divmod(index, now.form.lines)
        place = row * now.columns + column
        if place >= len(self._shown):
            return []
        style = base
        if place == self._cursor:
            style = base + (look.cursor if self.columns[0].has_focus else look.cursor_blurred)
        text = self._shown[place][line]
        blank = " " * (now.width - 1 - width(text))
        return [*look.segments(text, style), Segment(blank, style)]

    def text_lines(self) -> list[str]:
        """All servers as plain text, for saving the view: those without a cell too."""
        glyphs = self.columns[0].look.glyphs
        found = []
        for cell in self._cells:
            (line,) = lines(cell, Form.LINE, _UNCUT, glyphs)
            found.append("  ".join(part for part in (plain(line), cell.worst, cell.alarm) if part))
        return found

    def table(self) -> list[tuple[str, ...]]:
        """The same in columns below their names, for a file that a program reads."""
        names = ("Server", "State", "Since", "Worst", "Open")
        rows = ((c.name, c.state.word, c.age, c.worst, c.alarm) for c in self._cells)
        return [names, *rows]

    # Moving

    def go_to(self, place: int) -> None:
        place = max(min(place, len(self._shown) - 1), 0)
        if place != self._cursor:
            former, self._cursor = self._cursor, place
            self._repaint(former, place)

    def move_side(self, cells: int) -> None:
        self.go_to(self._cursor + cells)

    def move(self, rows: int) -> None:
        place = self._cursor + rows * self.arranged.columns
        if 0 <= place < len(self._shown):
            self.go_to(place)

    def move_page(self, pages: int) -> None:
        rows = max(self.size.height // self.arranged.form.lines - 1, 1)
        self.go_to(self._cursor + pages * rows * self.arranged.columns)

    def move_end(self, last: bool) -> None:
        self.go_to(len(self._shown) - 1 if last else 0)

    def clicked(self, column: int, line: int) -> None:
        place = line // self.arranged.form.lines * self.arranged.columns + column
        if place >= len(self._shown):
            return
        if place == self._cursor:
            self.post_message(self.Clicked())
        else:
            self.go_to(place)

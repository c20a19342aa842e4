"""Rows with a cursor that stays with its key: the tree and the table of monitors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import field
from operator import is_
from typing import TypeAlias

from rich.cells import set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.message import Message

from cockpit.config.language import _
from cockpit.frozen import dataclass
from cockpit.ui.look import Line, crop, width
from cockpit.ui.widgets.panes import Pane

Key: TypeAlias = tuple[str, ...]
GAP = 2


@dataclass(slots=True, eq=False)
class Row:
    """One row: ``key`` tells it from all others, ``cells`` are what it shows. Never changed.

    Rows are compared by identity first: whoever shows them again passes the same objects.
    """

    key: Key
    cells: tuple[Line, ...]
    _sizes: tuple[int, ...] | None = field(default=None, init=False, repr=False)

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many cells of the screen each of ``cells`` would fill; measured once."""
        if self._sizes is None:
            self._sizes = tuple(width(cell) for cell in self.cells)
        return self._sizes

    def shows_same(self, other: Row) -> bool:
        return self is other or (self.key == other.key and self.cells == other.cells)


@dataclass(frozen=True, slots=True)
class Column:
    """``title``: marked for the catalogue; ``least``: the width it is never made smaller than; ``drop``:
    which goes first when it gets tight (0: never)."""

    title: str
    least: int = 4
    drop: int = 0

    @property
    def shown(self) -> str:
        """The title in the operator's language."""
        return _(self.title) if self.title else ""


class RowsPane(Pane):
    """A list of rows in columns."""

    class Highlighted(Message):
        """The cursor is on another key, or the row under it is gone (``key`` None: no rows)."""

        def __init__(self, pane: RowsPane, key: Key | None) -> None:
            self.pane = pane
            self.key = key
            super().__init__()

        @property
        def control(self) -> RowsPane:
            return self.pane

    class Clicked(Message):
        """The row under the cursor was clicked again."""

        def __init__(self, pane: RowsPane) -> None:
            self.pane = pane
            super().__init__()

    def __init__(self, *, id: str, columns: Sequence[Column], headed: bool) -> None:  # noqa: A002
        super().__init__(id=id)
        self.columns = tuple(columns)
        self.headed = headed
        self._rows: tuple[Row, ...] = ()
        self._index: dict[Key, int] = {}
        self._wanted: list[int] = []
        self._widths: list[int] = []
        self._shared: tuple[list[int], int] | None = None
        self._cursor = 0
        self.empty: Line = ()

    # What it shows

    @property
    def rows(self) -> tuple[Row, ...]:
        return self._rows

    @property
    def cursor_key(self) -> Key | None:
        return self._rows[self._cursor].key if self._rows else None

    @property
    def cursor_row(self) -> int | None:
        """The place of the row under the cursor."""
        return self._cursor if self._rows else None

    def set_rows(
        self, rows: Sequence[Row], empty: Line = (), moved: Callable[[Key], Key] | None = None
    ) -> None:
        """Show ``rows``; the cursor stays on its key, or goes to the row that took its place.

        ``empty`` is what stands there when there are none. ``moved``: where what a key was about is now, for
        a key that is gone.
        """
        old, new = self._rows, tuple(rows)
        if empty != self.empty:
            self.empty = empty
            if not rows:
                self.refresh()
        same_length = len(old) == len(new)
        if same_length and all(map(is_, old, new)):
            return
        pairs = enumerate(zip(old, new, strict=True)) if same_length else ()
        changed = [i for i, (before, after) in pairs if not before.shows_same(after)]
        key, old_cursor = self.cursor_key, self._cursor
        self._rows = new
        if same_length and not changed:
            return
        same_keys = same_length and all(old[i].key == new[i].key for i in changed)
        if not same_keys:
            self._index = {row.key: i for i, row in enumerate(new)}
        grown = self._measure(changed if same_keys else None)
        self._cursor = old_cursor if same_keys else self._find(key, old_cursor, moved)
        if same_length and not grown:
            left = (old_cursor, self._cursor) if self._cursor != old_cursor else ()
            self.refresh_body(*changed, *left)
        else:
            self.resize_body()
            self.refresh()
        if self._cursor != old_cursor:
            self.bring_into_view(self._cursor)
        if self.cursor_key != key:
            self.post_message(self.Highlighted(self, self.cursor_key))

    def _find(self, key: Key | None, cursor: int, moved: Callable[[Key], Key] | None) -> int:
        """Where the cursor goes: its key, else where that has moved, else the nearest living parent, else the
        same place."""
        if key is not None and moved is not None and key not in self._index:
            key = moved(key)
        while key:
            if key in self._index:
                return self._index[key]
            key = key[:-1]
        return max(min(cursor, len(self._rows) - 1), 0)

    def _measure(self, changed: Sequence[int] | None) -> bool:
        """Grow the columns to what the rows need; True when the layout changed.

        Where only ``changed`` rows differ columns only grow, so that one value does not shake them.
        """
        known = [0] * len(self.columns) if changed is None else self._wanted
        rows = self._rows if changed is None else [self._rows[i] for i in changed]
        most = [max(sizes) for sizes in zip(*(row.sizes for row in rows), strict=True)] or known
        self._wanted = [
            max(size, len(column.shown)) if size > before else before  # a column nobody fills takes no room
            for size, before, column in zip(most, known, self.columns, strict=True)
        ]
        return self._share()

    def _share(self) -> bool:
        """Give the columns their cells: drop some, then shrink the widest, until they fit."""
        room = self.cells
        if (self._wanted, room) == self._shared:
            return False
        self._shared = (self._wanted, room)
        widths = list(self._wanted)
        order = sorted((c.drop, i) for i, c in enumerate(self.columns) if c.drop)

        def used() -> int:
            return sum(w + GAP for w in widths if w) - GAP

        least = [min(w, c.least) for w, c in zip(widths, self.columns, strict=False)]
        for _drop, index in order:
            if sum(n + GAP for n, w in zip(least, widths, strict=True) if w) - GAP <= room:
                break
            widths[index] = 0
        while room > 0 and used() > room:
            slack = [(w - least[i], i) for i, w in enumerate(widths) if w > least[i]]
            if not slack:
                break
            widths[max(slack)[1]] -= 1
        changed = widths != self._widths
        self._widths = widths
        return changed

    def on_resize(self) -> None:
        self._share()
        self.bring_into_view(self._cursor)
        self.refresh()

    def watch_show_vertical_scrollbar(self) -> None:
        """Until it has its scrollbar, Textual does not scroll: rows may come after the size was known."""
        self.bring_into_view(self._cursor)

    # Drawing

    def fixed_lines(self) -> int:
        return 2 if self.headed else 1

    def body_lines(self) -> int:
        return len(self._rows) or 1

    def fixed_segments(self, index: int, base: Style) -> list[Segment]:
        if index == 0:
            return self._title_segments(base)
        head = tuple(((c.shown, "text-label"),) for c in self.columns)
        return self._row_segments(head, base)

    def body_segments(self, index: int, base: Style) -> list[Segment]:
        _, size, _, look = self.pen
        if not self._rows:
            return look.segments(crop(self.empty, size.width, look.glyphs.ellipsis), base)
        if index != self._cursor:
            return self._row_segments(self._rows[index].cells, base)
        mark = look.cursor if self.has_focus else look.cursor_blurred
        segments = self._row_segments(self._rows[index].cells, base + mark)
        used = sum(s.cell_length for s in segments)
        return [*segments, Segment(" " * max(size.width - used, 0), base + mark)]

    def _row_segments(self, cells: tuple[Line, ...], base: Style) -> list[Segment]:
        segments: list[Segment] = []
        look = self.pen.look
        for cell, room in zip(cells, self._widths, strict=False):
            if not room:
                continue
            if segments:
                segments.append(Segment(" " * GAP, base))
            shown = crop(cell, room, look.glyphs.ellipsis)
            segments.extend(look.segments(shown, base))
            segments.append(Segment(" " * (room - width(shown)), base))
        return segments

    def text_lines(self) -> list[str]:
        """All rows as plain text, for saving the view: nothing is cut there."""
        table = [[c.shown for c in self.columns]] if self.headed else []
        table += [["".join(t for t, _ in cell) for cell in row.cells] for row in self._rows]
        sizes = [max(len(r[i]) for r in table) for i in range(len(self.columns))] if table else []
        return ["  ".join(set_cell_size(v, s) for v, s in zip(r, sizes, strict=True)).rstrip() for r in table]

    def table(self) -> list[tuple[str, ...]]:
        """The columns' names, the same in every language, and all rows as plain texts, for a file that a
        program reads."""
        names = tuple(column.title for column in self.columns)
        rows = (tuple("".join(t for t, _ in cell).strip() for cell in row.cells) for row in self._rows)
        return [names, *rows]

    # Moving

    def _focus_changed(self) -> None:
        super()._focus_changed()
        self.refresh_body(self._cursor)

    def go_to(self, index: int) -> None:
        index = max(min(index, len(self._rows) - 1), 0)
        if index == self._cursor:
            if self._rows:
                self.bring_into_view(index)  # the wheel may have left it behind
            return
        self.refresh_body(self._cursor)
        self._cursor = index
        self.refresh_body(index)
        self.bring_into_view(index)
        self.post_message(self.Highlighted(self, self.cursor_key))

    def go_to_key(self, key: Key) -> None:
        if key in self._index:
            self.go_to(self._index[key])

    def move(self, lines: int) -> None:
        self.go_to(self._cursor + lines)

    def move_end(self, last: bool) -> None:
        self.go_to(len(self._rows) - 1 if last else 0)

    def on_click(self, event: events.Click) -> None:
        index = event.y - self.fixed_lines() + self.scroll_offset.y
        if event.y < self.fixed_lines() or index >= len(self._rows):
            return
        if index == self._cursor:
            self.post_message(self.Clicked(self))
        else:
            self.go_to(index)

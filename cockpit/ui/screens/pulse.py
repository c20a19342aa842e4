"""The pulse page: every server in a cell, for a wall. What did not change is not painted again."""

from __future__ import annotations

import time
from collections.abc import Callable

from textual import on
from textual.app import ComposeResult
from textual.timer import Timer

from cockpit.config.language import _, ngettext
from cockpit.config.spoken import spoken
from cockpit.fleet.snapshot import Reach
from cockpit.ui import pulse, render, timeline_reasons
from cockpit.ui.desk import Desk
from cockpit.ui.look import Glyphs, Line, plain
from cockpit.ui.reasons import Reasons
from cockpit.ui.recoveries import Recoveries
from cockpit.ui.recovery_words import fit
from cockpit.ui.screens.base import RecoveryScreen
from cockpit.ui.view import ServerView, Viewer
from cockpit.ui.widgets.bars import Banner, Bar
from cockpit.ui.widgets.cells import CellsGrid

AGE_TICK = 5.0
DRAW_SECONDS = 1.0
"""The least time between two drawings of what is polled."""


class PulseScreen(RecoveryScreen, inherit_bindings=False):
    """``jump`` puts the fleet's tree on a server."""

    scope = "pulse"
    panes = ("cells",)

    def __init__(
        self, desk: Desk, recoveries: Recoveries, glyphs: Glyphs, jump: Callable[[str], None]
    ) -> None:
        super().__init__(desk, recoveries, glyphs)
        self.jump = jump
        self._viewer = Viewer()
        self._drawn_at = 0.0
        self._draw_timer: Timer | None = None

    def body(self) -> ComposeResult:
        yield Banner(id="trouble")
        yield CellsGrid(id="grid")

    def opened(self) -> None:
        self.set_interval(AGE_TICK, self.redraw)

    def on_screen_resume(self) -> None:
        super().on_screen_resume()
        self.redraw()

    @property
    def cells(self) -> CellsGrid:
        return self.query_one("#grid", CellsGrid)

    def selected_server(self) -> str:
        """For the timeline, which opens on it."""
        return self.cells.selected

    def standing_arrived(self, swept: bool) -> None:  # noqa: ARG002
        self.redraw()

    def picture_changed(self, soon: bool = True, turned: bool = False) -> None:
        """Draw; not ``soon``, and no state ``turned``: no sooner than ``DRAW_SECONDS`` after the last
        drawing. The collector tells at most four times a second."""
        wait = self._drawn_at + DRAW_SECONDS - time.monotonic()
        if soon or turned or wait <= 0:
            self.redraw()
        elif self._draw_timer is None:
            self._draw_timer = self.set_timer(wait, self.redraw)

    def redraw(self) -> None:
        if self._draw_timer is not None:
            self._draw_timer.stop()
            self._draw_timer = None
        if not self.is_current and not self.app.screen.is_modal:
            return
        self._drawn_at = time.monotonic()
        desk, now, marks = self.desk, self.desk.now(), self.recoveries.marks
        views = [self._viewer.server(s, now, desk.lost is not None) for s in desk.snapshot.servers.values()]
        cells = [pulse.cell_of(view, now, marks.of(view.name).words) for view in views]
        self._draw_head(views, cells)
        self._draw_trouble()
        self.cells.set_cells(cells, self._waiting())
        self.draw_keys()

    def reasons(self) -> Reasons:
        return timeline_reasons.pulse(self.cells.selected)

    def view_rows(self) -> list[tuple[str, ...]]:
        return self.cells.table()

    def _draw_head(self, views: list[ServerView], cells: list[pulse.Cell]) -> None:
        desk, glyphs = self.desk, self.glyphs
        mode = (_("READ-ONLY"), "mode-read-only") if desk.badge.read_only else (_("WRITE"), "mode-write")
        count = ngettext("{n} server", "{n} servers", len(views)).format(n=len(views))
        heard = [
            v.snapshot.last_success
            for v in views
            if v.snapshot.reach in (Reach.LIVE, Reach.STALE) and v.snapshot.last_success is not None
        ]
        room = self.room - len(desk.badge.name) - 1
        told = pulse.head(cells, min(heard, default=None), desk.now(), glyphs, room)
        parts: list[tuple[int, Line]] = [
            (1, ((desk.badge.name, "text-strong"),)),
            (2, (mode,)),
            (3, ((count, ""),)),
            *((0, part) for part in told),
        ]
        if desk.snapshot.status.paused:
            parts.append((0, ((_("PAUSED"), "state-degraded"),)))
        self.query_one("#head", Bar).set_lines([fit(parts, self.room, glyphs)])

    def _draw_trouble(self) -> None:
        """Nothing on the page looks well while nobody reads the servers."""
        found: list[Line] = []
        if self.desk.lost is not None:
            found.append(((_(" No live data: {why}").format(why=spoken(self.desk.lost)), "text-problem"),))
        if problem := render.collector_problem(self.desk.snapshot):
            found.append(problem)
        trouble = self.query_one("#trouble", Banner)
        trouble.set_lines(found)
        trouble.display = bool(found)

    def _waiting(self) -> Line:
        entry = self.desk.snapshot.status.entry_server or self.desk.badge.entry
        return ((_(" Waiting for the list of servers from {entry}.").format(entry=entry), "text-key"),)

    def view_text(self) -> str:
        head = [plain(line) for line in self.query_one("#head", Bar).source]
        trouble = [plain(line) for line in self.query_one("#trouble", Banner).source]
        return "\n".join([*head, *trouble, "", *self.cells.text_lines()]) + "\n"

    @on(CellsGrid.Clicked)
    async def _clicked(self, event: CellsGrid.Clicked) -> None:
        event.stop()
        await self.run_action("open")

    def action_open(self) -> None:
        name = self.cells.selected
        self.dismiss(None)
        self.app.call_later(self.jump, name)

    def action_right(self) -> None:
        self.cells.move_side(1)

    def action_left(self) -> None:
        self.cells.move_side(-1)

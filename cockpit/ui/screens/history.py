"""The History screen: all runs, newest first."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult

from cockpit.config.language import _
from cockpit.ui import recovery_reasons, standing
from cockpit.ui.messages import RunWanted
from cockpit.ui.reasons import Reasons
from cockpit.ui.screens.filtered import FilteredScreen
from cockpit.ui.widgets.bars import Bar
from cockpit.ui.widgets.rows import RowsPane


class HistoryScreen(FilteredScreen, inherit_bindings=False):
    """A list; enter attaches to the run under the cursor."""

    scope = "history"
    panes = ("runs",)

    def body(self) -> ComposeResult:
        yield RowsPane(id="runs", columns=standing.HISTORY_COLUMNS, headed=True)

    def look(self) -> None:
        self.recoveries.look(listing=True)

    def runs_arrived(self) -> None:
        self.redraw()

    def redraw(self) -> None:
        known, now, dot = self.recoveries.runs, self.desk.now(), self.glyphs.dot
        shown = [each for each in known or () if standing.keeps(each, self.filter)]
        pane = self.rows("runs")
        count = _("{shown} of {total}").format(shown=len(shown), total=len(known or ()))
        pane.set_title(((_("Runs"), ""), (f" {dot} {count}", "")))
        none = _("No run matches.") if known else _("No runs yet.")
        empty = _("Reading the journal.") if known is None else none
        pane.set_rows(
            [standing.history_row(r, now, self.glyphs) for r in shown], ((f" {empty}", "text-dim"),)
        )
        what = _('  {dot}  filter "{text}"').format(dot=dot, text=self.filter) if self.filter else ""
        head = (
            (_(" History"), "text-strong"),
            (_("  newest first, times in UTC"), "text-dim"),
            (what, "text-key"),
        )
        self.query_one("#head", Bar).set_lines([head])
        self.draw_keys()

    def reasons(self) -> Reasons:
        return recovery_reasons.history(len(self.rows("runs").rows))

    def selection_text(self) -> str:
        row = self.rows("runs").cursor_row
        lines = self.rows("runs").text_lines()
        return (
            "\n".join([lines[0], *lines[row + 1 : row + 2]]) + "\n" if row is not None else self.view_text()
        )

    def action_open(self) -> None:
        key = self.rows("runs").cursor_key
        if key is not None:
            self.app.post_message(RunWanted(key[0]))

    @on(RowsPane.Clicked)
    async def _clicked(self, event: RowsPane.Clicked) -> None:
        event.stop()
        await self.run_action("open")

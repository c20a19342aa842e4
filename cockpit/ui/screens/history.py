"""The History screen: all runs, newest first."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult

from cockpit.config.language import _
from cockpit.ui import recovery_reasons, standing
from cockpit.ui.desk import Desk
from cockpit.ui.look import Glyphs
from cockpit.ui.messages import FilterTyped, RunWanted
from cockpit.ui.reasons import Reasons
from cockpit.ui.recoveries import Recoveries
from cockpit.ui.screens.base import RecoveryScreen
from cockpit.ui.widgets.bars import Bar
from cockpit.ui.widgets.rows import RowsPane


class HistoryScreen(RecoveryScreen, inherit_bindings=False):
    """A list; enter attaches to the run under the cursor."""

    scope = "history"
    panes = ("runs",)

    def __init__(self, desk: Desk, recoveries: Recoveries, glyphs: Glyphs) -> None:
        super().__init__(desk, recoveries, glyphs)
        self.filter = ""

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

    # The filter

    async def action_filter(self) -> None:
        from cockpit.ui.widgets.filterbox import FilterBox

        box = next(iter(self.query(FilterBox)), None)
        if box is None:
            await self.mount(FilterBox(self.filter), before="#keys")
        else:
            box.focus()

    def command_filter(self, text: str) -> None:
        self.filter = text
        self.redraw()

    @on(FilterTyped)
    def _filter_typed(self, event: FilterTyped) -> None:
        event.stop()
        self.filter = event.text
        self.redraw()
        if event.done:
            self._close_filter()

    def _close_filter(self) -> None:
        self.query("#filter").remove()
        self.rows("runs").focus()

    def action_back(self) -> None:
        if self.filter or self.query("#filter"):
            self.filter = ""
            self._close_filter()
            self.redraw()
        else:
            self.dismiss(None)

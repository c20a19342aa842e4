"""The Timeline screen: what changed, who did what, and when nobody watched; newest first."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult

from cockpit.config.language import _
from cockpit.journal.timeline_records import Entry
from cockpit.ui import timeline_reasons
from cockpit.ui import timeline_words as words
from cockpit.ui.desk import Desk
from cockpit.ui.look import Glyphs, Line
from cockpit.ui.messages import RunWanted
from cockpit.ui.panels import stamp
from cockpit.ui.reasons import Reasons
from cockpit.ui.recoveries import Recoveries
from cockpit.ui.screens.base import title
from cockpit.ui.screens.filtered import FilteredScreen
from cockpit.ui.timelines import Timelines
from cockpit.ui.widgets.bars import Bar
from cockpit.ui.widgets.panes import LinesPane
from cockpit.ui.widgets.rows import RowsPane


class TimelineScreen(FilteredScreen, inherit_bindings=False):
    """A list, and the selected line in full below it. ``server`` empty: opened on all of them."""

    scope = "timeline"
    panes = ("events", "about")

    def __init__(
        self, desk: Desk, recoveries: Recoveries, timelines: Timelines, glyphs: Glyphs, server: str
    ) -> None:
        super().__init__(desk, recoveries, glyphs)
        self.timelines = timelines
        self.server = server
        self.everywhere = not server
        self._entries: dict[tuple[str, ...], Entry] = {}

    def body(self) -> ComposeResult:
        yield RowsPane(id="events", columns=words.COLUMNS, headed=True)
        yield LinesPane(id="about", can_focus=False)

    def look(self) -> None:
        self.recoveries.look()
        self.timelines.look("" if self.everywhere else self.server)

    def on_unmount(self) -> None:
        self.timelines.look(None)

    def timeline_arrived(self) -> None:
        self.redraw()

    def redraw(self) -> None:
        past, now, dot = self.timelines.past, self.desk.now(), self.glyphs.dot
        where = _("all servers") if self.everywhere else self.server
        since = stamp(words.moment(past.since), now) if past is not None else ""
        told = _("newest first, times in UTC, from {since}").format(since=since) if since else ""
        head: Line = (
            (_(" Timeline"), "text-strong"),
            (f" {dot} {where}", ""),
            (f" {dot} {told}" if told else "", "text-dim"),
            (
                _('  {dot}  filter "{text}"').format(dot=dot, text=self.filter) if self.filter else "",
                "text-key",
            ),
        )
        self.query_one("#head", Bar).set_lines([head])
        away = self.timelines.away
        looked = away.since if away is not None else None
        rows = words.rows(past, self.filter, looked, now, self.glyphs) if past is not None else []
        self._keep(past.entries if past is not None else ())
        pane = self.rows("events")
        more = _("{n} and more").format(n=len(rows)) if past is not None and past.cut else str(len(rows))
        pane.set_title(title(_("Events"), dot, more))
        pane.set_rows(rows, ((f" {self._empty()}", "text-dim"),))
        self._draw_about()

    def _keep(self, entries: tuple[Entry, ...]) -> None:
        self._entries = {}
        for each in entries:
            self._entries.setdefault(words.key_of(each), each)

    def _empty(self) -> str:
        if self.timelines.past is None:
            return _("Reading the journal.")
        return _("Nothing matches the filter.") if self.filter else _("Nothing was seen in that time.")

    def _selected(self) -> Entry | None:
        key = self.rows("events").cursor_key
        return None if key is None else self._entries.get(key[:-1])

    def _draw_about(self) -> None:
        entry = self._selected()
        pane = self.lines("about")
        pane.set_title(title(_("In full"), self.glyphs.dot, entry.server if entry is not None else ""))
        pane.set_lines(words.about(entry, self.desk.now()) if entry is not None else [])
        self.draw_keys()

    @on(RowsPane.Highlighted)
    def _moved(self, event: RowsPane.Highlighted) -> None:
        event.stop()
        self._draw_about()

    @on(RowsPane.Clicked)
    async def _clicked(self, event: RowsPane.Clicked) -> None:
        event.stop()
        await self.run_action("open")

    def selection_text(self) -> str:
        entry = self._selected()
        if entry is None:
            return self.view_text()
        lines = words.about(entry, self.desk.now())
        return "\n".join("".join(text for text, _ in line) for line in lines) + "\n"

    def reasons(self) -> Reasons:
        entry = self._selected()
        run = entry is not None and bool(entry.run)
        server = bool(self.server) or (entry is not None and bool(entry.server))
        return timeline_reasons.timeline(run=run, server=server)

    def action_open(self) -> None:
        entry = self._selected()
        if entry is not None:
            self.app.post_message(RunWanted(entry.run))

    def action_all(self) -> None:
        """All servers, or the one that is under the cursor."""
        entry = self._selected()
        if self.everywhere and entry is not None and entry.server:
            self.server = entry.server
        self.everywhere = not self.everywhere
        self.look()
        self.redraw()

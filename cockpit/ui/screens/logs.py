"""The Logs screen: lines of protocol logs as they come, or from files, and the session under the cursor."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from textual import on
from textual.app import ComposeResult

from cockpit.config.language import _
from cockpit.poplog.document import Document, Entry
from cockpit.poplog.errors import LogError
from cockpit.ui import log_bars
from cockpit.ui._textual_hacks import replace_bindings, write_to_terminal
from cockpit.ui.clipboard import clipboard, save_text
from cockpit.ui.log_columns import WITH_DAY, Pencil, columns
from cockpit.ui.log_lens import Lens
from cockpit.ui.log_messages import SessionGathered
from cockpit.ui.log_reasons import LogFacts, logs
from cockpit.ui.log_times import TimeBase
from cockpit.ui.log_window import Window
from cockpit.ui.logs import LogsWanted
from cockpit.ui.look import Line, plain, wrap
from cockpit.ui.reasons import Reasons, Why
from cockpit.ui.screens.logs_base import LogsDesk
from cockpit.ui.screens.logs_finding import LogsFinding
from cockpit.ui.widgets.bars import Banner, Bar, KeyBar
from cockpit.ui.widgets.commandplace import CommandPlace
from cockpit.ui.widgets.environment import EnvironmentStrip
from cockpit.ui.widgets.logview import Drawn, LogView
from cockpit.ui.widgets.panes import LinesPane

if TYPE_CHECKING:
    from cockpit.ui.log_session import Gathered

AGE_TICK: Final = 5.0
"""Seconds after which ages are drawn anew."""
TOGGLES_LOGGING: Final = "fleet.logging"
_KEPT: Final = 500
"""Drawn lines that are kept for when they are asked for again."""


class LogsScreen(LogsFinding, inherit_bindings=False):
    """Draws what the window holds; only what differs reaches the terminal."""

    def __init__(self, desk: LogsDesk, wanted: LogsWanted, ready: Document | None = None) -> None:
        super().__init__(desk, wanted, ready)
        self._composed = False
        self._why: Reasons = {}
        self._pencil: Pencil | None = None
        self._gathered: Gathered | LogError | None = None
        self._drawn: dict[int, tuple[Entry, list[Line]]] = {}
        replace_bindings(self, desk.registry.bindings(self.scope))

    def compose(self) -> ComposeResult:
        yield EnvironmentStrip()
        yield Bar(id="head")
        yield Bar(id="toggles")
        yield Banner(id="notices")
        yield LogView(id="lines")
        yield LinesPane(id="session")
        if hasattr(self.app, "recoveries"):
            from cockpit.ui.widgets.standing import StandingBar

            yield StandingBar()
        yield Banner(id="said")
        yield KeyBar(id="keys", actions=self.desk.registry.on_screen(self.scope))
        yield CommandPlace()

    def on_mount(self) -> None:
        self._composed = True
        self.lines_pane.focus()
        self.set_interval(AGE_TICK, self._tick)
        self.draw_said()
        self.redraw()  # so that the very first frame says something

    def on_unmount(self) -> None:
        self._composed = False  # Textual calls this first, then those of the classes below

    def on_screen_resume(self) -> None:
        recoveries = getattr(self.app, "recoveries", None)
        if recoveries is not None:
            recoveries.look()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        ids = [a.id for a in self.desk.registry.actions if a.scope == self.scope and a.method == action]
        return all(self.desk.registry.allows(i) for i in ids)

    @on(LogView.Resized)
    def _resized(self, event: LogView.Resized) -> None:
        event.stop()
        if self.window is not None:
            self._sharpen()
            try:
                self.window.resize(self.lines_pane.room)
            except LogError as error:
                self.say_error(error)
            self.settle()
        self._tell_session()
        self.redraw()

    def opened(self, window: Window) -> None:
        self._sharpen()
        window.height = lambda entry: len(self._lines_of(entry))
        window.room = max(self.lines_pane.room, 1)
        window.to_end()

    def _tick(self) -> None:
        if self.board.base is TimeBase.AGE:
            self.redraw()

    # Drawing

    def redraw(self) -> None:
        if not self._composed:
            return
        window, pane = self.window, self.lines_pane
        head, rows = self._rows(window) if window is not None else ((), [])
        pane.show(head, (rows or self._prose())[: pane.room])
        self._draw_bars(window)
        self._draw_keys()
        self.session_soon()

    def _rows(self, window: Window) -> tuple[Line, list[Drawn]]:
        self.known.saw(place.entry for place in window.visible())
        pencil = self._sharpen()
        rows: list[Drawn] = []
        for index, place in enumerate(window.visible(), window.top):
            rows += [(line, index == window.cursor) for line in self._lines_of(place.entry)]
            if len(rows) >= window.room:
                break
        return pencil.head(), rows

    def _sharpen(self) -> Pencil:
        """The pencil for what is on and off now, and for the width; drawn lines are kept as long as it is
        the same."""
        board, now = self.board, self.desk.now()
        names = list(dict.fromkeys([*self.wanted.servers, *self.known.servers]))
        server = max(map(len, names)) if len(names) > 1 else 0
        cells = max(self.lines_pane.cells, 20)
        made = Pencil(
            columns(cells, server, self.known.writers, board.base),
            cells,
            board.base,
            now,
            self.desk.glyphs,
            board.wrap,
            board.skip,
            board.search,
            self.known.clocks() if board.base is TimeBase.AGE else {},
        )
        if self._pencil is None or not made.draws_like(self._pencil):
            self._pencil = made
            self._drawn.clear()
        return self._pencil

    def _lines_of(self, entry: Entry) -> list[Line]:
        known = self._drawn.get(id(entry))
        if known is not None:
            return known[1]
        if self._pencil is None:
            return [()]
        if len(self._drawn) >= _KEPT:
            self._drawn.clear()
        lines = self._pencil.lines(entry)
        self._drawn[id(entry)] = entry, lines  # the entry too: its id is its own only while it lives
        return lines

    def _prose(self) -> list[Drawn]:
        """What stands where lines would be."""
        if self.refused is not None:
            lines = log_bars.refusal(self.refused)
        else:
            registry = self.desk.registry
            lines = log_bars.nothing(
                self.wanted,
                self.board,
                self.known,
                live=self.live is not None,
                opened=self.window is not None,
                hunting=self.hunting,
                toggle_key=registry.key_of(TOGGLES_LOGGING) if registry.allows(TOGGLES_LOGGING) else "",
            )
        cells = max(self.lines_pane.cells, 20)
        return [(part, False) for line in lines for part in wrap(line, cells, 1)]

    def _draw_bars(self, window: Window | None) -> None:
        cells, glyphs = (self.size.width or self.app.size.width), self.desk.glyphs
        facts = log_bars.facts(
            self.board,
            self.known,
            self._state(),
            len(self.live.document) if self.live is not None else None,
            self.live.document.dropped if self.live is not None else 0,
            self._position(window),
        )
        self.query_one("#head", Bar).set_lines([log_bars.head(self.wanted, facts, cells, glyphs)])
        self.query_one("#toggles", Bar).set_lines([log_bars.toggles(self.board, cells, glyphs)])
        notices = self.query_one("#notices", Banner)
        damage = window.document.problems() if window is not None else ()
        lines = log_bars.notices(self.known, self.desk.registry.key_of("logs.reconnect"), damage)
        notices.set_lines(lines)
        notices.display = bool(lines)

    def reasons(self) -> Reasons:
        window, key_of = self.window, self.desk.registry.key_of
        facts = LogFacts(
            opened=window is not None,
            line=window is not None and window.current is not None,
            searched=self.board.search is not None,
            live=self.live is not None,
            connecting=self.connecting,
            lost=bool(self.known.lost),
            wrapped=self.board.wrap,
            session=self.board.session,
        )
        return logs(facts, key_of("logs.wrap"), key_of("logs.session"), key_of("logs.search"))

    def say_why(self, why: Why) -> None:
        self.begin()
        self.say(why.said, "state-degraded")

    def _draw_keys(self) -> None:
        why = self.terminal.why_not(self)
        if why != self._why:
            self._why = why
            self.query_one("#keys", KeyBar).set_actions(self.desk.registry.on_screen(self.scope), why)

    def _state(self) -> Line:
        if self.refused is not None:
            return ((_("not opened"), "text-problem"),)
        if self.window is None:
            return ((_("opening"), "text-key"),)
        if self.live is None:
            return ((_("files"), "text-dim"),)
        if self.known.lost:
            return ((_("LOST"), "text-problem"),)
        if self.known.connected:
            return ((_("live"), "state-healthy"),)
        return ((_("connecting"), "text-key"),)

    def _position(self, window: Window | None) -> str:
        """How far down the cursor is, in a log that is not watched at its end; and on which day, where the
        lines do not say."""
        place = window.current if window is not None and not self.board.follow else None
        if window is None or place is None:
            return ""
        try:
            share = log_bars.place_words(window.document.fraction(place.after))
        except LogError:
            share = "?"
        at = place.entry.row.at
        if at is None or (self._pencil is not None and self._pencil.columns.time == WITH_DAY):
            return share
        day = at.astimezone() if self.board.base is TimeBase.LOCAL else at
        return f"{day:%Y-%m-%d} {share}"

    def draw_said(self) -> None:
        if self._composed:
            bar = self.query_one("#said", Banner)
            bar.set_lines([self.said] if self.said else [])
            bar.display = bool(self.said)

    @on(SessionGathered)
    def _session_gathered(self, message: SessionGathered) -> None:
        if not self.current_session(message):
            return
        self._gathered = message.found
        self._tell_session()
        self.session_pane.move_end(last=False)

    def _tell_session(self) -> None:
        pane, glyphs, found = self.session_pane, self.desk.glyphs, self._gathered
        if isinstance(found, LogError):
            pane.set_lines(log_bars.refusal(found))
        elif found is not None:
            from cockpit.ui import log_session

            pane.set_title(log_session.title(found, glyphs.dot))
            now = self.desk.now()
            pane.set_lines(log_session.told(found, self.board.base, now, glyphs.ellipsis, pane.cells))

    # Leave

    def action_escape(self) -> None:
        """One step back."""
        if kind := self.close_prompt():
            if kind == "filter":
                self.look_through(replace(self.board.lens, needle=None))
        elif self.stop_hunt():
            self.say(_("Stopped searching."))
            self.redraw()
        elif self.board.search is not None:
            self.board.search = None
            self.redraw()
        elif not self.board.lens.open:
            self.look_through(Lens())
        elif self.session_pane.has_focus:
            self.lines_pane.focus()
        elif len(self.app.screen_stack) > 1:
            self.action_back()
        else:
            self.say(_("{key} leaves.").format(key=self.desk.registry.key_of("logs.back")))

    def action_back(self) -> None:
        if len(self.app.screen_stack) > 1:
            self.dismiss(None)
        else:
            self.app.exit(0)

    # Keep

    def view_text(self) -> str:
        """The lines on the screen, whole, below what the bars say."""
        window = self.window
        bars = [plain(line) for name in ("head", "toggles", "notices")
                for line in self.query_one(f"#{name}", Bar).source]  # fmt: skip
        shown = window.visible()[: self._shown_lines()] if window is not None else ()
        lines = [f"{place.entry.server}  {place.entry.file}  {place.entry.row.line}" for place in shown]
        pane = self.session_pane
        session = ["", *(plain(line) for line in pane.source)] if pane.display else []
        return "\n".join(part.rstrip() for part in [*bars, "", *lines, *session]) + "\n"

    def _shown_lines(self) -> int:
        """Lines of the log that are on the screen, the last one perhaps in part."""
        used = count = 0
        for place in self.window.visible() if self.window is not None else ():
            if used >= self.lines_pane.room:
                break
            used += len(self._lines_of(place.entry))
            count += 1
        return count

    def _saved(self, kind: str, text: str, done: str, failed: str) -> str:
        """What came of it: ``done`` with the path of the file, or ``failed`` with the folder and why."""
        try:
            return done.format(path=save_text(self.desk.save_dir, kind, text, self.desk.now()))
        except OSError as error:
            return failed.format(folder=self.desk.save_dir, why=error.strerror)

    def action_save(self) -> None:
        self.begin()
        done, failed = _("View saved to {path}"), _("View could not be saved in {folder}: {why}")
        self.say(self._saved("logs", self.view_text(), done, failed))

    def action_copy(self) -> None:
        self.begin()
        place = self.window.current if self.window is not None else None
        if place is None:
            return
        text = f"{place.entry.row.line}\n"
        sequence = clipboard(text, os.environ)
        if sequence is not None:
            write_to_terminal(self.app, sequence)
        sent = (
            _("Sent to the terminal") if sequence is not None else _("Too long for the terminal's clipboard")
        )
        done, failed = _("also saved to {path}"), _("also could not be saved in {folder}: {why}")
        self.say(f"{sent}; {self._saved('copy', text, done, failed)}")

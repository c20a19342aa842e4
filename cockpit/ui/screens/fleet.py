"""The Fleet screen: tree left; monitors, verdict, probe results, dependencies and server right."""

from __future__ import annotations

import time
from datetime import datetime

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Container
from textual.timer import Timer

from cockpit.config.language import _
from cockpit.config.spoken import spoken
from cockpit.fleet.bookmarks import BookmarksError
from cockpit.fleet.grouping import GroupBy
from cockpit.fleet.snapshot import ProbePhase
from cockpit.fleet.verdict import probe_identity
from cockpit.ui import panels, render
from cockpit.ui._textual_hacks import replace_bindings, written_bytes
from cockpit.ui.crumbs import Lens, crumbs
from cockpit.ui.desk import Desk
from cockpit.ui.drawn import Monitor, MonitorRows, TreeRows, worst_first
from cockpit.ui.expansion import GROUP, HEALTH_SET, SERVER, Expansion
from cockpit.ui.look import Glyphs, Line, plain
from cockpit.ui.messages import FeedWanted
from cockpit.ui.reasons import Reasons
from cockpit.ui.recoveries import Recoveries
from cockpit.ui.screens.fleet_actions import FleetActions
from cockpit.ui.sparkline import latency_line
from cockpit.ui.trail import Trail
from cockpit.ui.view import Filter, FleetView, Leaf, ServerView, Viewer
from cockpit.ui.widgets.bars import Banner, Bar, KeyBar
from cockpit.ui.widgets.commandplace import CommandPlace
from cockpit.ui.widgets.environment import EnvironmentStrip
from cockpit.ui.widgets.panes import LinesPane
from cockpit.ui.widgets.rows import Key, RowsPane
from cockpit.ui.widgets.standing import StandingBar, StatusBar

AGE_TICK = 5.0
"""Seconds between two looks at the clock: ages, staleness."""
DRAW_SECONDS = 0.5
"""The least time between two drawings of what is polled; what the operator does is drawn at once."""
TURN_SECONDS = 1.0
"""The least time between two states that are drawn at once: a storm of them is drawn with what is polled."""
NEWS_BYTES, DRAW_MOST = 550.0, 5.0
"""Bytes a second that this may come to (33 kB a minute), and the most seconds that it lets between two."""
WATCH_DELAY = 0.2
TINY_COLUMNS, TINY_ROWS = 80, 20


class FleetScreen(FleetActions, inherit_bindings=False):
    """Draws the desk's picture. ``redraw`` compares; only what differs reaches the terminal."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-normal"), (140, "-wide")]  # noqa: RUF012

    scope = "fleet"

    def __init__(self, desk: Desk, glyphs: Glyphs, recoveries: Recoveries) -> None:
        super().__init__(id="fleet", classes="-pane-2 -on-tree")
        self.desk = desk
        self.glyphs = glyphs
        self.recoveries = recoveries
        self.viewer = Viewer()
        self.expansion = Expansion()
        self.filter = Filter()
        self.by = GroupBy.DAG
        self.trail = Trail()
        self.view: FleetView | None = None
        self.subject: tuple[ServerView, Leaf] | None = None
        self._tree_rows = TreeRows(glyphs)
        self._monitor_rows = MonitorRows(glyphs)
        self._monitors: list[Monitor] = []
        """What the table shows, row by row."""
        self._why: Reasons = {}
        self._composed = False
        self._pending = False
        self._drawn_at = 0.0
        self._turned_at = float("-inf")
        self._written = 0
        self._draw_timer: Timer | None = None
        self._watch_timer: Timer | None = None
        self._clock_timer: Timer | None = None
        replace_bindings(self, desk.registry.bindings("fleet"))

    def compose(self) -> ComposeResult:
        # Textual sets it with the first resize, and lays everything out and draws it once more then.
        fits = (name for cells, name in reversed(self.HORIZONTAL_BREAKPOINTS) if self.app.size.width >= cells)
        self.set_class(True, next(fits), update=False)
        yield EnvironmentStrip()
        yield Bar(id="context")
        yield Banner(id="banner")
        yield Bar(id="crumbs")
        with Container(id="body"):
            yield RowsPane(id="tree", columns=render.TREE_COLUMNS, headed=False)
            with Container(id="right"):
                yield RowsPane(id="monitors", columns=render.MONITOR_COLUMNS, headed=True)
                yield LinesPane(id="verdict", can_focus=False)
                with Container(id="lower"):
                    yield LinesPane(id="probe")
                    yield LinesPane(id="side")
        yield StatusBar()
        yield StandingBar()
        yield KeyBar(id="keys", actions=self.desk.registry.on_screen(self.scope))
        yield CommandPlace()

    def on_mount(self) -> None:
        self.pane("probe").set_title(((_("3 Probe results"), ""),))
        self.rows("tree").focus()
        self.set_interval(AGE_TICK, self.redraw)
        self._composed = True
        self.redraw()  # so that the very first frame says something

    def on_resize(self, event: events.Resize) -> None:
        """Below a size two panes are too small to read: then there is one at a time."""
        self.set_class(event.size.width < TINY_COLUMNS or event.size.height < TINY_ROWS, "-tiny")
        self.call_after_refresh(self.redraw)

    def read_bookmarks(self) -> None:
        try:
            self.desk.load_bookmarks()
        except BookmarksError as error:
            self.say(spoken(str(error)), warning=True)
        self.redraw()

    def on_screen_resume(self) -> None:
        self.recoveries.look()
        self.picture_changed()

    def _covered(self) -> bool:
        """Whether another whole screen hides this one, which then need not be drawn; dialogs do not."""
        return any(not screen.is_modal for screen in self.app.screen_stack[1:])

    def standing_arrived(self, swept: bool) -> None:  # noqa: ARG002
        """The marks on servers and monitors may have changed."""
        self.picture_changed()

    def start_feed(self) -> None:
        self.post_message(FeedWanted())

    # Drawing

    def picture_changed(self, soon: bool = True, turned: bool = False) -> None:
        """Draw once after all messages that are already waiting: ten diffs cost one drawing.

        Not ``soon``: no sooner after the last drawing than that one lets; but a state that ``turned`` is
        drawn at once, where none has been for ``TURN_SECONDS`` and what was written leaves room for it.
        """
        now = time.monotonic()
        wait = self._drawn_at + self._rest(DRAW_SECONDS) - now
        if self._pending:
            return
        room = now >= max(self._turned_at + TURN_SECONDS, self._drawn_at + self._rest(0.0))
        if turned and not soon and room:
            self._turned_at, soon = now, True
        if soon or wait <= 0:
            self._pending = True
            self.call_later(self.redraw)
        elif self._draw_timer is None:
            self._draw_timer = self.set_timer(wait, self.redraw)

    def _rest(self, least: float) -> float:
        """Seconds from the last drawing to the next of what is polled, by the bytes that were written since:
        a fleet in trouble is drawn less often."""
        written = written_bytes(self.app) - self._written
        return min(max(written / NEWS_BYTES, least), DRAW_MOST)

    def redraw(self) -> None:
        """Bring every pane to what the desk knows now."""
        self._pending = False
        self._written = written_bytes(self.app)
        self._drawn_at = time.monotonic()
        if self._draw_timer is not None:
            self._draw_timer.stop()
            self._draw_timer = None
        if not self._composed or self._covered():
            return
        desk, now = self.desk, self.desk.now()
        self.view = view = self.viewer.fleet(
            desk.snapshot, now, self.filter, desk.lost is not None, self.by, desk.bookmarks
        )
        self._draw_bars(view, now)
        title = desk.badge.name or _("Fleet")
        rows = self._tree_rows.rows(
            view, title, self.expansion.is_open, self.recoveries.marks, desk.bookmarks
        )
        tree = self.rows("tree")
        tree.set_title(self._tree_title(view))
        tree.set_rows(rows, empty=self._waiting(), moved=self.moved)
        self._monitor_rows.keep(view)
        self._draw_selection()

    def _draw_bars(self, view: FleetView, now: datetime) -> None:
        desk = self.desk
        context = self.query_one("#context", Bar)
        cells = self.size.width or self.app.size.width  # before the first layout there is only the app's
        context.set_lines([render.context(desk.badge, desk.snapshot, view, now, self.glyphs, cells)])
        lines: list[Line] = []
        if desk.restarting:
            lines.append(((_(" Starting the collector again."), "text-key"),))
        elif desk.lost is not None:
            lines.append(
                (
                    (_(" No live data: {lost} ").format(lost=spoken(desk.lost)), "text-problem"),
                    (
                        _("{key} starts the collector again.").format(
                            key=desk.registry.key_of("fleet.refresh")
                        ),
                        "text-key",
                    ),
                )
            )
        problem = render.collector_problem(desk.snapshot)
        if problem:
            lines.append(problem)
        banner = self.query_one("#banner", Banner)
        banner.set_lines(lines)
        banner.display = bool(lines)

    def draw_crumbs(self) -> None:
        """Where the cursor is, and through what one looks."""
        if self.view is None:
            return
        key_of, wanted = self.desk.registry.key_of, self.filter
        alone = key_of("fleet.maximise") if self.alone else ""
        lens = Lens(wanted.text, wanted.faults_only, self.by, self.trail, alone)
        key = self.rows("tree").cursor_key or ("fleet",)
        cells = self.size.width or self.app.size.width
        title = self.desk.badge.name or _("Fleet")
        self.query_one("#crumbs", Bar).set_lines([crumbs(title, key, self.view, lens, self.glyphs, cells)])

    def _draw_keys(self) -> None:
        why = self.app.why_not(self)  # type: ignore[attr-defined]
        if why != self._why:
            self._why = why
            self.query_one("#keys", KeyBar).set_actions(self.desk.registry.on_screen(self.scope), why)

    def _tree_title(self, view: FleetView) -> Line:
        if not self.filter.active:
            return ((_("1 Fleet"), ""),)
        what = [f'"{self.filter.text}"'] if self.filter.text else []
        what += [_("faults only")] if self.filter.faults_only else []
        dot = f" {self.glyphs.dot} "
        what.append(_("{shown} of {total}").format(shown=view.shown, total=view.total))
        return ((_("1 Fleet"), ""), (f"{dot}{dot.join(what)}", "text-key"))

    def _waiting(self) -> Line:
        """What stands in the tree when there is no server to show: never an empty pane that looks well."""
        desk = self.desk
        if desk.lost is not None:
            return ((_(" No data, and no collector: see above."), "text-problem"),)
        status = desk.snapshot.status
        entry = status.entry_server or desk.badge.entry or _("the entry server")
        if status.organization_read_at is not None:
            return (
                (_(" {entry} answered, and named no Exchange servers.").format(entry=entry), "text-problem"),
            )
        what = _("no answer yet") if status.problem else _("waiting for the list of servers")
        return (
            (
                _(" Connecting to {entry} {dots} {what}").format(
                    entry=entry, dots="..." if self.glyphs.ascii else self.glyphs.ellipsis, what=what
                ),
                "text-key",
            ),
        )

    def _draw_selection(self) -> None:
        """The right side: what the tree's cursor stands on."""
        if self.view is None:
            return
        self.draw_crumbs()
        key = self.rows("tree").cursor_key or ("fleet",)
        table = self.rows("monitors")
        self._monitors = worst_first(self._below(key))
        dot = f" {self.glyphs.dot} "
        name = (
            key[-1].partition(":")[2] or key[-1]
            if len(key) == GROUP
            else " ".join(key[2:4]) or _("all servers")
        )
        table.set_title(((_("2 Monitors"), ""), (f"{dot}{name}{dot}{len(self._monitors)}", "")))
        nothing = render.nothing(self.view, self.filter)
        rows = [monitor.row for monitor in self._monitors]
        table.set_rows(rows, empty=((f" {nothing}" if not rows else "", "text-dim"),), moved=self.moved)
        if len(key) > HEALTH_SET:
            table.go_to_key(key)
        self._draw_subject()

    def _below(self, key: Key) -> list[Monitor]:
        """The monitors below ``key``; on a monitor those of its health set, to see it among its kin."""
        if self.view is None:
            return []
        key, marks = key[:HEALTH_SET], self.recoveries.marks
        found: list[Monitor] = []
        for group in self.view.groups:
            if key[:GROUP] not in (group.key, key[:1]):
                continue
            for server in group.servers:
                if len(key) < SERVER:
                    found += self._monitor_rows.of(server, True, marks.of(server.name))
                elif server.name == key[2]:
                    found += self._monitor_rows.of(server, False, marks.of(server.name))
        if len(key) == HEALTH_SET:
            found = [monitor for monitor in found if monitor.leaf.health_set == key[3]]
        return found

    def _draw_subject(self) -> None:
        """Verdict, probe, dependencies and server of the table's row."""
        if self.view is None:
            return
        place = self.rows("monitors").cursor_row
        leaf = self._monitors[place].leaf if place is not None else None
        server = self.view.servers.get(leaf.server) if leaf is not None else None
        self.subject = (server, leaf) if server is not None and leaf is not None else None
        now = self.desk.now()
        dot = f" {self.glyphs.dot} "
        if self.subject is None or server is None or leaf is None:
            self.pane("verdict").set_title(((_("Verdict"), ""),))
            self.pane("verdict").set_lines(panels.summary(self.view, self.glyphs))
            self.pane("side").set_title(((_("4 Dependencies and server"), ""),))
            self.pane("side").set_lines([])
        else:
            what = leaf.entry.name if leaf.entry is not None else leaf.health_set or "POP"
            where = _("{what} on {server}").format(what=what, server=server.name)
            self.pane("verdict").set_title(((_("Verdict"), ""), (f"{dot}{where}", "")))
            self.pane("verdict").set_lines(panels.verdict(server, leaf))
            blank: Line = (("", ""),)
            self.pane("side").set_title(((_("4 Dependencies and server"), ""), (f"{dot}{server.name}", "")))
            parts = panels.dependencies(server, leaf, now, self.glyphs)
            self.pane("side").set_lines([*parts, blank, *panels.server(server, now, self.desk.snapshot)])
            self._watch_soon(server.name)
        self._fit_verdict()
        self._draw_probe()
        self._draw_keys()

    def _fit_verdict(self) -> None:
        """As high as what it says, within bounds: a sentence is not cut, no line is wasted."""
        pane = self.pane("verdict")
        wanted = min(max(pane.body_lines(), 2), 6) + 1
        if pane.size.width and pane.size.height != wanted:
            pane.styles.height = wanted

    def _draw_probe(self) -> None:
        """The probe pane alone: once a second while a probe runs, else only on change."""
        if self._covered():
            return
        running = False
        if self.subject is None:
            self.pane("probe").set_lines([])
        else:
            server, leaf = self.subject
            key_of = self.desk.registry.key_of
            waiting = list(self.desk.asked.values())
            keys = (key_of("fleet.probe"), key_of("fleet.stop-waiting"))
            trace_key = key_of("fleet.trace") if self.recoveries.available else ""
            lines = panels.probe(server, leaf, waiting, self.desk.now(), *keys, trace_key)
            self.pane("probe").set_lines([*lines[:1], *self._latencies(server, leaf), *lines[1:]])
            running = any(r.phase is ProbePhase.RUNNING for r in server.snapshot.probe_runs)
        if running and self._clock_timer is None:
            self._clock_timer = self.set_interval(1.0, self._draw_probe)
        elif not running and self._clock_timer is not None:
            self._clock_timer.stop()
            self._clock_timer = None

    def _latencies(self, server: ServerView, leaf: Leaf) -> list[Line]:
        """How long the monitor's probe took lately, once there is more than one result."""
        identity = probe_identity(leaf.entry) if leaf.entry is not None else None
        results = self.desk.latencies.of(server.name, identity) if identity is not None else ()
        return panels.latencies(latency_line(results, self.desk.now(), self.glyphs))

    def _watch_soon(self, server: str) -> None:
        """Tell the collector which server is looked at, once the cursor rests."""
        if self._watch_timer is not None:
            self._watch_timer.stop()
            self._watch_timer = None
        if server != self.desk.watched:
            self._watch_timer = self.set_timer(WATCH_DELAY, lambda: self.desk.watch(server))

    # Messages of the panes

    @on(RowsPane.Highlighted)
    def _moved(self, event: RowsPane.Highlighted) -> None:
        event.stop()
        if event.pane.id == "tree":
            self._draw_selection()
        else:
            self._draw_subject()

    @on(RowsPane.Clicked)
    def _clicked(self, event: RowsPane.Clicked) -> None:
        event.stop()
        if event.pane.id == "tree":
            self.action_toggle_row()

    def view_text(self) -> str:
        """The whole view as text, nothing cut: for ``ctrl+s``."""
        parts = [
            plain(line) for bar in self.query(Bar) if bar.display and bar.id != "keys" for line in bar.source
        ]
        parts += ["", *self.rows("tree").text_lines(), "", *self.rows("monitors").text_lines()]
        for name in ("verdict", "probe", "side"):
            parts += ["", *(plain(line) for line in self.pane(name).source)]
        return "\n".join(line.rstrip() for line in parts) + "\n"

    def selection_text(self) -> str:
        """The selected monitor in words: for ``y``."""
        if self.subject is None:
            return self.view_text()
        server, leaf = self.subject
        row = render.monitor_row(leaf, True, self.glyphs)
        head = "  ".join(text for cell in row.cells if (text := plain(cell)))
        below = [plain(line) for name in ("verdict", "probe") for line in self.pane(name).source]
        named = _("server {name}").format(name=server.snapshot.server.fqdn or server.name)
        return "\n".join([head, named, *below]) + "\n"

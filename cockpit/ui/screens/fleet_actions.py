"""What the keys of the Fleet screen do. The registry says which key; here is the how."""

from __future__ import annotations

import os

from cockpit.config.language import _
from cockpit.exchange import catalogue
from cockpit.fleet.verdict import probe_identity
from cockpit.ui._textual_hacks import write_to_terminal
from cockpit.ui.clipboard import clipboard, save_text
from cockpit.ui.desk import Desk
from cockpit.ui.expansion import GROUP, HEALTH_SET, SERVER, Expansion
from cockpit.ui.fleet_reasons import FleetFacts, fleet
from cockpit.ui.panels import runs_of
from cockpit.ui.reasons import Reasons, Why
from cockpit.ui.saving import fleet_rows, not_saved, save_view, saved
from cockpit.ui.screens.fleet_commands import FleetCommands
from cockpit.ui.view import FleetView, Leaf, ServerView
from cockpit.ui.widgets.panes import LinesPane, Pane
from cockpit.ui.widgets.rows import Key, RowsPane

PANES = ("tree", "monitors", "probe", "side")


class FleetActions(FleetCommands, inherit_bindings=False):
    """The actions; :class:`FleetScreen` adds the drawing."""

    desk: Desk
    expansion: Expansion
    view: FleetView | None
    subject: tuple[ServerView, Leaf] | None

    def start_feed(self) -> None:
        raise NotImplementedError

    def view_text(self) -> str:
        raise NotImplementedError

    def selection_text(self) -> str:
        raise NotImplementedError

    def pane(self, name: str) -> LinesPane:
        return self.query_one(f"#{name}", LinesPane)

    def rows(self, name: str) -> RowsPane:
        return self.query_one(f"#{name}", RowsPane)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """In read-only mode a dangerous action is refused here too, whatever way it came."""
        ids = [a.id for a in self.desk.registry.actions if a.scope == "fleet" and a.method == action]
        return all(self.desk.registry.allows(i) for i in ids)

    def say(self, text: str, warning: bool = False) -> None:
        self.app.notify(text, severity="warning" if warning else "information", markup=False, timeout=6)

    def action_back(self) -> None:
        """One step back: what is asked, the pane alone, the filter, the wait for a probe, the focus."""
        probe_pane = self.pane("probe")
        if self.step_back():
            return
        if probe_pane.has_focus and self.subject and self.desk.waiting_run(self.subject[0].name):
            self.action_stop_waiting()
        else:
            self.action_pane_1()

    # What cannot be done now

    def reasons(self) -> Reasons:
        key_of = self.desk.registry.key_of
        keys = (key_of("fleet.refresh"), key_of("fleet.probe"), key_of("fleet.bookmark"))
        return fleet(self._facts(), *keys)

    def _facts(self) -> FleetFacts:
        desk, subject = self.desk, self.subject
        server, entry = (subject[0], subject[1].entry) if subject is not None else (None, None)
        identity = probe_identity(entry) if entry is not None else None
        runs = runs_of(server.snapshot, identity) if server is not None and identity is not None else []
        return FleetFacts(
            servers=len(desk.snapshot.servers),
            here=len(self._servers_here()),
            server=server.name if server is not None else "",
            monitor=entry.name if entry is not None else "",
            known=entry is not None and catalogue.monitor(entry.name) is not None,
            identity=identity or "",
            ran=any(run.result is not None for run in runs),
            waiting=server is not None and desk.waiting_run(server.name) is not None,
            lost=desk.lost is not None,
            starting=desk.restarting,
            shortest=desk.next_interval(slower=False) is None,
            longest=desk.next_interval(slower=True) is None,
            place=self.place() is not None,
            bookmarked=bool(desk.bookmarks.places),
            back=self.trail.back() is not None,
            forward=self.trail.forward() is not None,
            last=self.trail.last() is not None,
            recoveries=self.recoveries.available,
            refused=desk.refusals,
        )

    def say_why(self, why: Why) -> None:
        """On the line below, where it stays until the next action."""
        self.app.tell(((f" {why.said}", "state-degraded"),))  # type: ignore[attr-defined]

    # Act

    def action_probe(self) -> None:
        identity = self._facts().identity
        if self.subject is None or not identity:
            return
        server = self.subject[0]
        from cockpit.ui.screens.probe import ProbeDialog  # its widgets are not needed for the first paint

        running = self.desk.waiting_run(server.name)
        note = (
            _("{identity} already runs on {server}.").format(identity=running.identity, server=server.name)
            if running is not None
            else ""
        )
        name = server.name

        def decided(run: bool | None) -> None:
            if run:
                self.desk.run_probe(name, identity)
                self.action_pane_3()
                self.redraw()

        self.app.push_screen(ProbeDialog(self.desk.registry, identity, name, note), decided)

    def action_stop_waiting(self) -> None:
        run = self.desk.stop_waiting(self.subject[0].name) if self.subject is not None else None
        if run is not None:
            self.say(
                _(
                    "No longer waiting for {identity}. It goes on on the server: it cannot be recalled."
                ).format(identity=run.identity)
            )

    def action_logs(self) -> None:
        from cockpit.ui.logs import LogsWanted  # not needed for the first paint

        self.app.open_logs(LogsWanted(servers=self._servers_here()))  # type: ignore[attr-defined]

    def _servers_here(self) -> tuple[str, ...]:
        """The server under the cursor, or those of the group it stands on."""
        key = self.rows("tree").cursor_key or ()
        if len(key) >= SERVER:
            return (key[2],)
        groups = self.view.groups if self.view is not None else ()
        return tuple(s.name for g in groups if g.key == key or len(key) < GROUP for s in g.servers)

    # Collector

    def action_refresh(self) -> None:
        if self.desk.lost is not None:
            self.start_feed()
        else:
            self.desk.refresh()
            self.say(_("Reading every server now."))

    def action_pause(self) -> None:
        if self.desk.toggle_pause():
            self.say(_("Polling pauses; what is shown grows old."))

    def action_faster(self) -> None:
        self._change_interval(slower=False)

    def action_slower(self) -> None:
        self._change_interval(slower=True)

    def _change_interval(self, slower: bool) -> None:
        seconds = self.desk.change_interval(slower)
        if seconds is not None:
            self.say(_("Every {seconds:g}s.").format(seconds=seconds))

    # Keep

    def _save(self, kind: str, text: str) -> str | None:
        try:
            return str(save_text(self.desk.save_dir, kind, text, self.desk.now()))
        except OSError as error:
            self.say(not_saved(self.desk.save_dir, error), warning=True)
            return None

    def action_save(self) -> None:
        desk = self.desk
        rows = fleet_rows(self.view) if self.view is not None else []
        try:
            files = save_view(desk.save_dir, "fleet", self.view_text(), rows, desk.now())
        except OSError as error:
            self.say(not_saved(desk.save_dir, error), warning=True)
        else:
            self.say(saved(files))

    def action_copy(self) -> None:
        text = self.selection_text()
        path = self._save("copy", text)
        sequence = clipboard(text, os.environ)
        if sequence is not None:
            write_to_terminal(self.app, sequence)
        sent = (
            _("Sent to the terminal") if sequence is not None else _("Too long for the terminal's clipboard")
        )
        if path is not None:
            self.say(_("{sent}; also saved to {path}").format(sent=sent, path=path))

    # Move

    def first_pane(self) -> Pane:
        return self.rows("tree")

    def _show_pane(self, number: int) -> None:
        """Focus a pane; on a narrow screen the panes below the tree take turns, on a tiny one all do."""
        self.set_class(number == 1, "-on-tree")
        if number > 1:
            for other in (2, 3, 4):
                self.set_class(other == number, f"-pane-{other}")
        name = PANES[number - 1]
        self.follow_maximised(name)
        self.call_after_refresh(self.query_one(f"#{name}", Pane).focus)

    def action_pane_1(self) -> None:
        self._show_pane(1)

    def action_pane_2(self) -> None:
        self._show_pane(2)

    def action_pane_3(self) -> None:
        self._show_pane(3)

    def action_pane_4(self) -> None:
        self._show_pane(4)

    def _cycle(self, step: int) -> None:
        current = self.focused.id if self.focused is not None else None
        index = PANES.index(current) if current in PANES else 0
        self._show_pane((index + step) % len(PANES) + 1)

    def action_next_pane(self) -> None:
        self._cycle(1)

    def action_previous_pane(self) -> None:
        self._cycle(-1)

    # The tree

    def _open_state(self) -> tuple[Key, bool | None] | None:
        """The key under the tree's cursor and whether it is open; None where nothing can open."""
        key = self.rows("tree").cursor_key
        if key is None or not GROUP <= len(key) <= HEALTH_SET or self.view is None:
            return (key, None) if key is not None else None
        if len(key) == GROUP:
            states = [g.state for g in self.view.groups if g.key == key]
        else:
            server = self.view.servers.get(key[2])
            states = [] if server is None else [server.state]
            if server is not None and len(key) == HEALTH_SET:
                has_rows = any(x.entry and x.health_set == key[3] for x in server.leaves)
                states = [s for name, s in server.sets if name == key[3] and has_rows]
        return key, self.expansion.is_open(key, states[0]) if states else None

    def action_toggle_row(self) -> None:
        found = self._open_state()
        if found is not None and found[1] is not None:
            self.expansion.set(found[0], not found[1])
            self.redraw()

    def action_select(self) -> None:
        """Enter: in the tree open or close, on a monitor go on to the table; there on to the probe."""
        if isinstance(self.focused, Pane) and self.focused.id == "monitors":
            self.action_pane_3()
            return
        found = self._open_state()
        if found is not None and found[1] is not None:
            self.action_toggle_row()
        else:
            self.action_pane_2()

    def action_expand(self) -> None:
        tree = self.rows("tree")
        if not tree.has_focus:
            self.action_next_pane()
            return
        found = self._open_state()
        if found is None:
            return
        if found[1] is False:
            self.action_toggle_row()
        elif found[1] or len(found[0]) < GROUP:
            tree.move(1)

    def action_collapse(self) -> None:
        tree = self.rows("tree")
        if not tree.has_focus:
            self.action_pane_1()
            return
        found = self._open_state()
        if found is None:
            return
        if found[1]:
            self.action_toggle_row()
        else:
            tree.go_to_key(found[0][: min(len(found[0]) - 1, HEALTH_SET)])

    def action_expand_all(self) -> None:
        if self.view is None:
            return
        servers = [(*g.key, s.name) for g in self.view.groups for s in g.servers]
        sets = [(*g.key, s.name, name) for g in self.view.groups for s in g.servers for name, _ in s.sets]
        self.expansion.open_all([*(g.key for g in self.view.groups), *servers, *sets])
        self.redraw()

    def action_collapse_all(self) -> None:
        self.expansion.close_all()
        self.redraw()

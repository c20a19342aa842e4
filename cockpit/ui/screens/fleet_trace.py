"""Trace, from the Fleet screen: the mailbox server behind the newest probe result of the selected monitor."""

from __future__ import annotations

from cockpit.exchange.catalogue import same_server
from cockpit.fleet.verdict import probe_identity
from cockpit.ui.expansion import Expansion
from cockpit.ui.panels import runs_of
from cockpit.ui.screens.fleet_recovery import FleetRecovery
from cockpit.ui.view import Filter, FleetView
from cockpit.ui.widgets.rows import Key, RowsPane


class FleetTrace(FleetRecovery, inherit_bindings=False):
    """The action behind ``x``."""

    expansion: Expansion
    filter: Filter
    view: FleetView | None

    def redraw(self) -> None:
        raise NotImplementedError

    def action_trace(self) -> None:
        entry = self.subject[1].entry if self.subject is not None else None
        identity = probe_identity(entry) if entry is not None else None
        if self.subject is None or identity is None:
            return
        server = self.subject[0]
        ran = next((r for r in runs_of(server.snapshot, identity) if r.result is not None), None)
        if ran is None or ran.result is None:
            return
        from cockpit.ui.screens.trace import TraceScreen  # not needed for the first paint

        desk, known = self.desk, self.recoveries
        screen = TraceScreen(
            desk, known, self.glyphs, server.name, ran.identity, ran.result, self.go_to_server
        )
        self.app.push_screen(screen)

    def go_to_server(self, name: str) -> None:
        """Put the tree's cursor on a server, whatever hides it."""
        key = self._key_of(name)
        if key is None and self.filter.active:
            self.filter = Filter()
            self.redraw()
            key = self._key_of(name)
        if key is None:
            self.say(f"{name} is not in the fleet's tree.", warning=True)
            return
        self.expansion.set(key[:-1], True)
        self.redraw()
        tree = self.query_one("#tree", RowsPane)
        tree.go_to_key(key)
        tree.focus()

    def _key_of(self, name: str) -> Key | None:
        groups = self.view.groups if self.view is not None else ()
        return next(((*g.key, s.name) for g in groups for s in g.servers if same_server(s.name, name)), None)

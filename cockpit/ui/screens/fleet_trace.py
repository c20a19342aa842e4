"""Trace, from the Fleet screen: the mailbox server behind the newest probe result of the selected monitor."""

from __future__ import annotations

from cockpit.fleet.verdict import probe_identity
from cockpit.ui.panels import runs_of
from cockpit.ui.screens.fleet_recovery import FleetRecovery


class FleetTrace(FleetRecovery, inherit_bindings=False):
    """The action behind ``x``."""

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
        raise NotImplementedError

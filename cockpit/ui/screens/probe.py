"""Asks before a probe is re-run: the exact command, what it costs, Cancel first."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button

from cockpit.config.language import _
from cockpit.exchange.catalogue import PROBE_TIME_LIMIT
from cockpit.ui._textual_hacks import replace_bindings
from cockpit.ui.actions import Registry
from cockpit.ui.look import Line
from cockpit.ui.panels import probe_command
from cockpit.ui.widgets.bars import KeyBar
from cockpit.ui.widgets.environment import EnvironmentStrip
from cockpit.ui.widgets.panes import LinesPane


class ProbeDialog(ModalScreen[bool], inherit_bindings=False):
    """True: run it. The key that opened it does not confirm it, and the focus is on Cancel."""

    DEFAULT_CSS = """
    ProbeDialog { align: center middle; background: $background 70%; }
    ProbeDialog:ansi { background: $background; }
    #probe-box { width: 90; max-width: 100%; height: 12; max-height: 100%; background: $surface; }
    #probe-text { height: 1fr; }
    #probe-buttons { height: 1; align-horizontal: center; }
    #probe-buttons Button { margin: 0 2; }
    """

    def __init__(self, registry: Registry, identity: str, server: str, note: str = "") -> None:
        super().__init__()
        self.registry = registry
        self.identity = identity
        self.server = server
        self.note = note
        replace_bindings(self, registry.bindings("probe"))

    def lines(self) -> list[Line]:
        """What the dialog says."""
        blank: Line = (("", ""),)
        cost = _(
            "May take minutes (at most {minutes}). It changes nothing, but it is work "
            "for the server: it may log in as the monitoring mailbox."
        ).format(minutes=PROBE_TIME_LIMIT // 60)
        text: list[Line] = [
            blank,
            ((probe_command(self.identity, self.server), "text-strong"),),
            blank,
            ((cost, ""),),
            ((_("Once sent it cannot be recalled; you can only stop waiting for it."), ""),),
        ]
        if self.note:
            text += [blank, ((self.note, "state-degraded"),)]
        return text

    def compose(self) -> ComposeResult:
        with Vertical(id="probe-box"):
            yield EnvironmentStrip()
            yield LinesPane(id="probe-text", can_focus=False)
            with Horizontal(id="probe-buttons"):
                yield Button(_("Cancel (n)"), id="cancel", compact=True)
                yield Button(_("Run (y)"), id="run", compact=True)
            yield KeyBar(id="probe-keys", actions=self.registry.live("probe"))

    def on_mount(self) -> None:
        pane = self.query_one("#probe-text", LinesPane)
        pane.set_title(((_("Re-run this probe?"), ""),))
        pane.set_lines(self.lines())
        self.query_one("#cancel", Button).focus()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "run")

    def action_run(self) -> None:
        self.dismiss(True)

    def action_cancel(self) -> None:
        self.dismiss(False)

    def action_next(self) -> None:
        other = "#cancel" if self.query_one("#run", Button).has_focus else "#run"
        self.query_one(other, Button).focus()

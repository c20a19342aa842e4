"""Asks before a run is started: which runbook, which server; to plan only reads."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Button

from cockpit.config.language import _
from cockpit.config.spoken import spoken
from cockpit.recovery.view import RunLine
from cockpit.ui.actions import Registry
from cockpit.ui.look import Line
from cockpit.ui.recovery_words import short
from cockpit.ui.screens.dialog import Dialog
from cockpit.ui.steps import BLANK, pair
from cockpit.ui.widgets.bars import KeyBar
from cockpit.ui.widgets.environment import EnvironmentStrip
from cockpit.ui.widgets.panes import LinesPane


class RecoverDialog(Dialog[str], inherit_bindings=False):
    """``plan``, ``start``, ``watch`` (the run under way), or None. The focus starts on the plan."""

    scope = "recover"

    def __init__(
        self, registry: Registry, server: str, monitor: str, title: str, under_way: RunLine | None = None
    ) -> None:
        super().__init__(registry)
        self.server = server
        self.monitor = monitor
        self.runbook = title
        self.under_way = under_way

    def text(self) -> list[Line]:
        """What the dialog says."""
        lines = [pair(_("Runbook"), spoken(self.runbook), "text-strong"),
                 pair(_("Server"), self.server, "text-strong"),
                 pair(_("Monitor"), self.monitor), BLANK]  # fmt: skip
        lines.append(pair(_("Plan"), _("reads every guard now and sends nothing; may take a minute.")))
        if self.under_way is not None:
            line = self.under_way
            words = _("run {run} of {operator}: {life}").format(
                run=short(line.run.id), operator=line.run.operator, life=spoken(line.life.value)
            )
            lines.append(pair(_("Under way"), words, "state-degraded"))
        elif self.registry.allows("recover.start"):
            lines.append(pair(_("Start"), _("a run of its own process. Every dangerous step asks again.")))
        else:
            lines.append(pair(_("Start"), _("not in read-only mode."), "mode-read-only"))
        return lines

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog-box -small"):
            yield EnvironmentStrip()
            yield LinesPane(id="dialog-text", can_focus=False)
            with Horizontal(classes="dialog-buttons"):
                yield Button(_("Plan (reads only)"), id="plan", compact=True)
                if self.under_way is not None:
                    yield Button(_("Watch the run"), id="watch", compact=True)
                elif self.registry.allows("recover.start"):
                    yield Button(_("Start"), id="start", compact=True)
                yield Button(_("Cancel"), id="cancel", compact=True)
            hidden = "recover.start" if self.under_way is not None else ""
            live = [a for a in self.registry.live(self.scope) if a.id != hidden]
            yield KeyBar(id="dialog-keys", actions=live)

    def on_mount(self) -> None:
        self.text_pane.set_title(((_("Recover?"), ""),))
        self.text_pane.set_lines(self.text())
        self.button("plan").focus()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        self.leave(None if event.button.id == "cancel" else event.button.id)

    def action_plan(self) -> None:
        self.leave("plan")

    def action_start(self) -> None:
        if self.under_way is None:
            self.leave("start")

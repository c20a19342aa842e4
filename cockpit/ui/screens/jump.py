"""Asks for the recorded time that a replay should go to."""

from __future__ import annotations

from datetime import datetime

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input

from cockpit.config.language import _
from cockpit.fleet.replay import ReplayState
from cockpit.ui.actions import Registry
from cockpit.ui.log_times import EXAMPLES, TimeBase, typed
from cockpit.ui.screens.dialog import Dialog, Field
from cockpit.ui.widgets.bars import Bar, KeyBar
from cockpit.ui.widgets.environment import EnvironmentStrip
from cockpit.ui.widgets.panes import LinesPane


class JumpDialog(Dialog[datetime], inherit_bindings=False):
    """The moment, aware, or None for not now. The focus is on the field; enter goes."""

    scope = "jump"

    def __init__(self, registry: Registry, state: ReplayState) -> None:
        super().__init__(registry)
        self.state = state

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog-box -small"):
            yield EnvironmentStrip()
            yield LinesPane(id="dialog-text", can_focus=False)
            yield MomentField(EXAMPLES, id="moment")
            yield Bar(id="dialog-note")
            yield KeyBar(id="dialog-keys", actions=self.registry.live(self.scope))

    def on_mount(self) -> None:
        state = self.state
        self.text_pane.set_title(((_("To a time"), ""),))
        span = _("The recording is from {begin} to {end} UTC.")
        words = span.format(begin=f"{state.begin:%Y-%m-%d %H:%M:%S}", end=f"{state.end:%Y-%m-%d %H:%M:%S}")
        how = _("A clock time is in UTC, of the day that is shown; -10m is ten minutes before the end.")
        self.text_pane.set_lines([((words, ""),), ((how, "text-dim"),)])
        self.field("moment").focus()

    @property
    def moment(self) -> datetime | None:
        return typed(self.field("moment").text, TimeBase.UTC, self.state.at, self.state.end)

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        bad = bool(event.value.strip()) and self.moment is None
        self.note("dialog-note", ((_("That is no time."), "state-degraded"),) if bad else ())

    def action_go(self) -> None:
        if self.moment is not None:
            self.leave(self.moment)


class MomentField(Field):
    """Nothing is changed by going to a time, so here enter goes."""

    async def action_submit(self) -> None:
        if isinstance(self.screen, JumpDialog):
            self.screen.action_go()

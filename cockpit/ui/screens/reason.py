"""Asks before a run is aborted, its wait ended, or it is taken over: what will happen, and why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Button, Input

from cockpit.config.language import _
from cockpit.journal.words import REASON_LENGTH
from cockpit.recovery.view import RunView
from cockpit.ui.actions import Registry
from cockpit.ui.look import Line
from cockpit.ui.screens.dialog import Dialog, Field, reason_line
from cockpit.ui.widgets.bars import Bar, KeyBar
from cockpit.ui.widgets.environment import EnvironmentStrip
from cockpit.ui.widgets.panes import LinesPane


@dataclass(frozen=True, slots=True)
class Sentence:
    """What is asked. ``go``: the button's word. ``closed``: why it can no longer be done, from the run
    as it is now; empty while it can."""

    title: str
    go: str
    lines: tuple[Line, ...]
    closed: Callable[[RunView], str]
    wants_reason: bool = True


class ReasonDialog(Dialog[str], inherit_bindings=False):
    """The reason, or None for not now. The focus starts on "Not now"."""

    scope = "reason"

    def __init__(self, registry: Registry, view: RunView, sentence: Sentence) -> None:
        super().__init__(registry)
        self.sentence = sentence
        self._over = sentence.closed(view)

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog-box -medium"):
            yield EnvironmentStrip()
            yield LinesPane(id="dialog-text", can_focus=False)
            if self.sentence.wants_reason:
                yield Bar(id="reason-note")
                yield Field(_("why, for the journal"), id="reason")
            yield Bar(id="dialog-note")
            with Horizontal(classes="dialog-buttons"):
                yield Button(_("Not now"), id="not-now", compact=True)
                yield Button(self.sentence.go, id="go", compact=True)
            yield KeyBar(id="dialog-keys", actions=self.registry.live(self.scope))

    def on_mount(self) -> None:
        self.text_pane.set_title(((self.sentence.title, ""),))
        self.text_pane.set_lines(self.sentence.lines)
        self.button("not-now").focus()
        self._judge()

    @property
    def reason(self) -> str:
        return self.field("reason").text.strip() if self.sentence.wants_reason else ""

    def run_changed(self, view: RunView) -> None:
        """The run is another now: what was asked may be over."""
        self._over = self.sentence.closed(view)
        self._judge()

    def _judge(self) -> None:
        if self.sentence.wants_reason:
            self.note("reason-note", reason_line(self.reason))
        self.note("dialog-note", ((self._over, "text-problem"),) if self._over else ())
        self.button("go").disabled = not self.ready

    @property
    def ready(self) -> bool:
        enough = not self.sentence.wants_reason or len(self.reason) >= REASON_LENGTH
        return enough and not self._over

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self._judge()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        if event.button.id == "not-now":
            self.leave(None)
        elif self.ready:
            self.leave(self.reason)

"""Asks before an obligation that was handed over is closed: because its value is back, or as it is."""

from __future__ import annotations

from collections.abc import Sequence

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Button, Input

from cockpit.config.language import N_, _
from cockpit.config.spoken import spoken
from cockpit.exchange.text import clean_line
from cockpit.journal.records import Obligation
from cockpit.journal.words import REASON_LENGTH
from cockpit.recovery.client import RefusedError
from cockpit.recovery.view import Standing
from cockpit.ui.actions import Registry
from cockpit.ui.look import Line
from cockpit.ui.screens.dialog import Dialog, Field, reason_line, typed_line
from cockpit.ui.steps import BLANK, pair
from cockpit.ui.widgets.bars import Bar, KeyBar
from cockpit.ui.widgets.environment import EnvironmentStrip
from cockpit.ui.widgets.panes import LinesPane

GONE = N_("The obligation is closed already.")


class SettleDialog(Dialog[str], inherit_bindings=False):
    """The reason, or None for not now. The focus starts on "Not now".

    ``about``: the obligation in full. ``refusal``: why it was not closed as one whose value is back; with
    it the dialog asks whether the value stays as it is, and wants the server's name typed.
    """

    scope = "reason"

    def __init__(
        self,
        registry: Registry,
        obligation: Obligation,
        about: Sequence[Line],
        refusal: RefusedError | None = None,
    ) -> None:
        super().__init__(registry)
        self.obligation = obligation
        self.about = tuple(about)
        self.refusal = refusal
        self._over = ""

    def text(self) -> list[Line]:
        """What the dialog says."""
        lines = [*self.about, BLANK]
        if self.refusal is None:
            asked = _("The server is asked now. If the value is back, this is closed; nothing is sent.")
            return [*lines, ((asked, ""),)]
        lines += [pair(_("Not closed"), spoken(clean_line(self.refusal.why)), "state-unhealthy")]
        if self.refusal.helps:
            lines += [pair(_("What helps"), spoken(clean_line(self.refusal.helps)), "text-strong")]
        asked = _("Leave it as it is? Then nobody is reminded of it any more; nothing is sent.")
        return [*lines, BLANK, ((asked, "state-degraded"),)]

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog-box -medium" if self.refusal is None else "dialog-box"):
            yield EnvironmentStrip()
            yield LinesPane(id="dialog-text", can_focus=False)
            if self.refusal is not None:
                yield Bar(id="typed-note")
                yield Field(_("the server's name"), id="typed")
            yield Bar(id="reason-note")
            yield Field(_("why, for the journal"), id="reason")
            yield Bar(id="dialog-note")
            with Horizontal(classes="dialog-buttons"):
                yield Button(_("Not now"), id="not-now", compact=True)
                go = _("Close it") if self.refusal is None else _("Leave it as it is")
                yield Button(go, id="go", compact=True)
            yield KeyBar(id="dialog-keys", actions=self.registry.live(self.scope))

    def on_mount(self) -> None:
        what = _("Close the obligation?") if self.refusal is None else _("Its value is not back")
        self.text_pane.set_title(((what, ""),))
        self.text_pane.set_lines(self.text())
        self.button("not-now").focus()
        self._judge()

    @property
    def reason(self) -> str:
        return self.field("reason").text.strip()

    @property
    def ready(self) -> bool:
        named = self.refusal is None or self.field("typed").value == self.obligation.server
        return named and len(self.reason) >= REASON_LENGTH and not self._over

    def standing_changed(self, known: Standing) -> None:
        """The obligation may be closed in the meantime."""
        still = any(o.id == self.obligation.id and o.open for o in known.obligations)
        self._over = "" if still else _(GONE)
        self._judge()

    def _judge(self) -> None:
        if self.refusal is not None:
            self.note("typed-note", typed_line(self.field("typed").value, self.obligation.server))
        self.note("reason-note", reason_line(self.reason))
        self.note("dialog-note", ((self._over, "text-problem"),) if self._over else ())
        self.button("go").disabled = not self.ready

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

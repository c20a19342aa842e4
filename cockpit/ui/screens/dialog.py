"""What the dialogs of recoveries share: a box, text above, fields, buttons; the safe one first."""

from __future__ import annotations

from typing import ClassVar, TypeVar

from textual import on
from textual.screen import ModalScreen
from textual.widgets import Button, Input

from cockpit.config.language import _, ngettext
from cockpit.exchange.text import clean_line
from cockpit.journal.words import REASON_LENGTH
from cockpit.ui._textual_hacks import replace_bindings
from cockpit.ui.actions import Registry
from cockpit.ui.look import Line
from cockpit.ui.widgets.bars import Bar
from cockpit.ui.widgets.panes import LinesPane

R = TypeVar("R")


class Field(Input):
    """A line to type into. Its cursor does not blink, and enter in it does nothing."""

    DEFAULT_CSS = """
    Field, Field:focus { height: 1; background: $panel; border: none; padding: 0 1; }
    """

    def __init__(self, placeholder: str, *, id: str) -> None:  # noqa: A002
        super().__init__(placeholder=placeholder, id=id, compact=True, select_on_focus=False, max_length=500)
        self.cursor_blink = False

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()

    @property
    def text(self) -> str:
        """What was typed or pasted, without control characters."""
        return clean_line(self.value)


def reason_line(reason: str) -> Line:
    """The live count of a reason."""
    there = len(reason.strip())
    missing = REASON_LENGTH - there
    if missing > 0:
        more = ngettext("{n} more characters", "{n} more characters", missing).format(n=missing)
        return ((_("Reason "), "text-label"), (more, "state-degraded"))
    return ((_("Reason "), "text-label"), (_("{n} characters").format(n=there), "state-healthy"))


def typed_line(typed: str, wanted: str) -> Line:
    """Whether what was typed is what was asked for."""
    if typed == wanted:
        return ((_("Name "), "text-label"), (_("matches"), "state-healthy"))
    if not typed:
        return (
            (_("Name "), "text-label"),
            (_("type {wanted} exactly as shown").format(wanted=wanted), "state-degraded"),
        )
    return ((_("Name "), "text-label"), (_("is not {wanted}").format(wanted=wanted), "state-unhealthy"))


class Dialog(ModalScreen[R], inherit_bindings=False):
    """Dismissed once, with None for not now."""

    scope: ClassVar[str]

    def __init__(self, registry: Registry) -> None:
        super().__init__(classes="recovery-dialog")
        self.registry = registry
        self._left = False
        replace_bindings(self, registry.bindings(self.scope))

    def leave(self, result: R | None) -> None:
        """Close with ``result``; a second press that was under way already does nothing."""
        if not self._left:
            self._left = True
            self.dismiss(result)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        ids = [a.id for a in self.registry.actions if a.scope == self.scope and a.method == action]
        return all(self.registry.allows(i) for i in ids)

    def button(self, name: str) -> Button:
        return self.query_one(f"#{name}", Button)

    def field(self, name: str) -> Field:
        return self.query_one(f"#{name}", Field)

    def note(self, name: str, line: Line) -> None:
        self.query_one(f"#{name}", Bar).set_lines([line] if line else [])

    @property
    def text_pane(self) -> LinesPane:
        return self.query_one("#dialog-text", LinesPane)

    def action_cancel(self) -> None:
        self.leave(None)

    def action_next(self) -> None:
        self.focus_next()

    def action_previous(self) -> None:
        self.focus_previous()

    def action_page_down(self) -> None:
        self.text_pane.move_page(1)

    def action_page_up(self) -> None:
        self.text_pane.move_page(-1)

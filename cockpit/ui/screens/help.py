"""Help: what the keys do here, from the registry that bound them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import ModalScreen

from cockpit.config.language import _
from cockpit.ui._textual_hacks import replace_bindings
from cockpit.ui.action import Action
from cockpit.ui.actions import Registry, key_label
from cockpit.ui.granted import NOT_GRANTED
from cockpit.ui.look import Line
from cockpit.ui.reasons import Reasons, Why
from cockpit.ui.widgets.bars import KeyBar
from cockpit.ui.widgets.environment import EnvironmentStrip
from cockpit.ui.widgets.panes import LinesPane
from cockpit.ui.widgets.standing import StandingBar

DIALOGS: Final = {"fleet": "recover", "run": "decide"}
"""The dialog that a screen's own actions open, told of below them."""


def help_lines(registry: Registry, scope: str, why: Reasons) -> list[Line]:
    """Every action of the screen of ``scope`` by group: its keys, its title, its help, and why it cannot be
    used now, for those in ``why``. Then the lines that one types into."""
    below = (DIALOGS.get(scope, ""), "filter" if scope == "fleet" else "")
    live = [*registry.known(scope), *(action for each in below for action in registry.live(each))]
    lines = _groups(live, why)
    if any(action.method == "filter" for action in live):
        if not any(action.scope == "filter" for action in live):
            lines += [(("", ""),), ((_("In the filter"), "text-title"),)]
        lines.append((("  enter              ", "text-label"), (_("Keep the filter and go back."), "")))
        lines.append((("  esc                ", "text-label"), (_("Clear it."), "")))
    lines += [(("", ""),), *_groups(registry.live("command"), why)]
    if registry.read_only:
        lines += [
            (("", ""),),
            ((_("Read-only: actions that change something are not bound."), "mode-read-only"),),
        ]
    return lines


def _groups(actions: Sequence[Action], why: Reasons) -> list[Line]:
    lines: list[Line] = []
    for group in dict.fromkeys(a.group for a in actions):
        lines += [(("", ""),)] if lines else []
        lines.append(((_(group), "text-title"),))
        for action in (a for a in actions if a.group == group):
            lines += _told(action, why.get(action.id))
    return lines


def _told(action: Action, why: Why | None) -> list[Line]:
    keys = " ".join(key_label(k) for k in action.keys) or "-"
    text = f"{action.said_title}: {_(action.help)}" if action.help else action.said_title
    line: Line = ((f"  {keys:<18} ", "text-label" if why is None else "text-dim"), (text, ""))
    if why is None:
        return [line]
    role = "text-problem" if why.word == NOT_GRANTED else "text-dim"
    return [line, ((" " * 21, "text-label"), (why.told, role))]


class HelpScreen(ModalScreen[None], inherit_bindings=False):
    """A dialog over the screen it explains."""

    DEFAULT_CSS = """
    HelpScreen { align: center middle; background: $background 70%; }
    HelpScreen:ansi { background: $background; }
    #help-box { width: 96; max-width: 100%; height: 46; max-height: 100%; background: $surface; }
    #help-lines { height: 1fr; }
    """

    def __init__(self, registry: Registry, scope: str, why: Reasons) -> None:
        super().__init__()
        self.registry = registry
        self.why = why
        self.scope_told = scope
        replace_bindings(self, registry.bindings("help"))

    def compose(self) -> ComposeResult:
        with Vertical(id="help-box"):
            yield EnvironmentStrip()
            yield LinesPane(id="help-lines")
            yield StandingBar()
            yield KeyBar(id="help-keys", actions=self.registry.live("help"))

    def on_mount(self) -> None:
        pane = self._pane
        pane.set_title(((_("Keys that work here"), ""),))
        pane.set_lines(help_lines(self.registry, self.scope_told, self.why))
        pane.focus()

    @property
    def _pane(self) -> LinesPane:
        return self.query_one("#help-lines", LinesPane)

    def action_close(self) -> None:
        self.dismiss(None)

    def action_down(self) -> None:
        self._pane.move(1)

    def action_up(self) -> None:
        self._pane.move(-1)

    def action_page_down(self) -> None:
        self._pane.move_page(1)

    def action_page_up(self) -> None:
        self._pane.move_page(-1)

    def action_first(self) -> None:
        self._pane.move_end(last=False)

    def action_last(self) -> None:
        self._pane.move_end(last=True)

"""The command palette: the live actions by name, from the same registry as the keys."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Final, cast

from textual.app import ComposeResult
from textual.command import CommandPalette, DiscoveryHit, Hit, Hits, Provider, SearchIcon
from textual.content import Content
from textual.widgets import Input

from cockpit.config.language import _
from cockpit.ui._textual_hacks import say_no_matches
from cockpit.ui.actions import Action, key_label
from cockpit.ui.reasons import Why
from cockpit.ui.widgets.environment import EnvironmentStrip

if TYPE_CHECKING:
    from cockpit.ui.terminal_app import TerminalApp

_WAYS_IN: Final = ("palette", "command_line")
_DIM: Final = "dim"


class ActionProvider(Provider):
    """``Group: title`` for every action of the screen below, its help beside it; what cannot be used now is
    dim, with the reason."""

    @property
    def _terminal(self) -> TerminalApp:
        return cast("TerminalApp", self.app)

    def _known(self) -> list[tuple[Action, Why | None]]:
        """Every action of the screen, and why it cannot be used now."""
        app, screen = self._terminal, self.screen
        why = app.why_not(screen)
        known = app.registry.known(str(getattr(screen, "scope", app.start_scope)))
        return [(a, why.get(a.id)) for a in known if a.method not in _WAYS_IN]

    def _run(self, action: Action) -> Callable[[], Awaitable[object]]:
        """Chosen although it cannot be used now, it says why (``TerminalApp.run_action``)."""
        target = self.app if action.scope == "app" else self.screen
        return partial(self.app.run_action, action.method, target)

    @staticmethod
    def _title(action: Action) -> str:
        keys = ", ".join(key_label(k) for k in action.keys)
        name = f"{_(action.group)}: {action.said_title}"
        return f"{name} ({keys})" if keys else name

    @staticmethod
    def _help(action: Action, why: Why | None) -> str | None:
        """What it does, or why it cannot be used now."""
        return why.told if why is not None else _(action.help) or None

    async def discover(self) -> Hits:
        for action, why in self._known():
            title = self._title(action)
            shown = Content.styled(title, _DIM if why is not None else "")
            yield DiscoveryHit(shown, self._run(action), text=title, help=self._help(action, why))

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for action, why in self._known():
            title = self._title(action)
            score = matcher.match(title)
            if score > 0:
                shown = Content.styled(title, _DIM) if why is not None else matcher.highlight(title)
                yield Hit(score, shown, self._run(action), text=title, help=self._help(action, why))


class CockpitPalette(CommandPalette):
    """The palette without a blinking cursor (terminal-ui §4.8), below the environment's strip."""

    DEFAULT_CSS = """
    CockpitPalette EnvironmentStrip { dock: top; }
    """

    def compose(self) -> ComposeResult:
        yield EnvironmentStrip()
        yield from super().compose()

    def on_mount(self) -> None:
        line = self.query_one(Input)
        line.cursor_blink, line.placeholder = False, _("Search for commands…")
        say_no_matches(self, _("No matches found"))
        self.query_one(SearchIcon).icon = ":"  # its magnifying glass is missing in many fonts

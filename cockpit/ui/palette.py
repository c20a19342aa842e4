"""The command palette: the live actions by name, from the same registry as the keys."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import cast

from textual.app import ComposeResult
from textual.command import CommandPalette, DiscoveryHit, Hit, Hits, Provider, SearchIcon
from textual.widgets import Input

from cockpit.ui.actions import Action, Registry, key_label
from cockpit.ui.granted import NOT_GRANTED
from cockpit.ui.widgets.environment import EnvironmentStrip


class ActionProvider(Provider):
    """``Group: title`` for every action of the screen below, its help beside it."""

    def _live(self) -> list[Action]:
        registry = cast(Registry, getattr(self.app, "registry"))  # noqa: B009
        scope = str(getattr(self.screen, "scope", "fleet"))
        return [a for a in registry.on_screen(scope) if a.method != "palette"]

    def _run(self, action: Action) -> Callable[[], Awaitable[object]]:
        target = self.app if action.scope == "app" else self.screen
        return partial(target.run_action, action.method)

    @staticmethod
    def _title(action: Action) -> str:
        return f"{action.group}: {action.title} ({', '.join(key_label(k) for k in action.keys)})"

    def _help(self, action: Action) -> str | None:
        """What it does, or why RBAC keeps us from it: chosen all the same, it says so."""
        refusals = cast(Mapping[str, str], getattr(self.app, "refusals"))  # noqa: B009
        why = refusals.get(action.id, "")
        return f"{NOT_GRANTED}: {why}" if why else action.help or None

    async def discover(self) -> Hits:
        for action in self._live():
            yield DiscoveryHit(self._title(action), self._run(action), help=self._help(action))

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for action in self._live():
            title = self._title(action)
            score = matcher.match(title)
            if score > 0:
                yield Hit(score, matcher.highlight(title), self._run(action), help=self._help(action))


class CockpitPalette(CommandPalette):
    """The palette without a blinking cursor (terminal-ui §4.8), below the environment's strip."""

    DEFAULT_CSS = """
    CockpitPalette EnvironmentStrip { dock: top; }
    """

    def compose(self) -> ComposeResult:
        yield EnvironmentStrip()
        yield from super().compose()

    def on_mount(self) -> None:
        self.query_one(Input).cursor_blink = False
        self.query_one(SearchIcon).icon = ":"  # its magnifying glass is missing in many fonts

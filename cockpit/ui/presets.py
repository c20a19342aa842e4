"""Keys in sets, as data: what a preset changes of the registry's own keys."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

from cockpit.config.language import N_
from cockpit.ui.action import Action

Keys: TypeAlias = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Preset:
    """``first``: keys put before those that an action has, which keep working. ``instead``: keys in place of
    them. What is in neither has the keys of the registry."""

    help: str
    first: Mapping[str, Keys] = field(default_factory=dict)
    instead: Mapping[str, Keys] = field(default_factory=dict)

    def over(self, actions: Iterable[Action]) -> tuple[Action, ...]:
        """The actions with the keys they have in this preset."""
        return tuple(self._keyed(action) for action in actions)

    def _keyed(self, action: Action) -> Action:
        own = self.instead.get(action.id, action.keys)
        keys = tuple(dict.fromkeys((*self.first.get(action.id, ()), *own)))
        return action if keys == action.keys else replace(action, keys=keys)


def _each(scopes: Iterable[str], keys: Mapping[str, Keys]) -> dict[str, Keys]:
    return {f"{scope}.{name}": given for scope in scopes for name, given in keys.items()}


_LISTS: Final = (
    *("fleet", "run", "plan", "history", "obligations", "trace", "logs", "help", "timeline", "pulse"),
)
_TWO_PANES: Final = ("run", "plan", "trace")
_ASKING: Final = ("probe", "recover", "logging")
_WRITING: Final = ("decide", "reason")
"""Dialogs in which one types: no letter of theirs is a key."""

_VIM: Final = Preset(
    N_("As in vim: hjkl, g and G, ctrl+d and ctrl+u; L is protocol logging, for l goes to the right."),
    first={
        **_each(_LISTS, {"down": ("j",), "up": ("k",), "page-down": ("ctrl+d",), "page-up": ("ctrl+u",)}),
        **_each(_LISTS, {"first": ("g",), "last": ("G",)}),
        **_each(_TWO_PANES, {"next-pane": ("l",), "previous-pane": ("h",)}),
        "fleet.expand": ("l",), "fleet.collapse": ("h",),
        "logs.right": ("l",), "logs.left": ("h",),
        "probe.next": ("l",),
        **_each(("recover", "logging"), {"next": ("l",), "previous": ("h",)}),
    },
    instead={"fleet.logging": ("L",), "run.current": (".",)},
)  # fmt: skip

_FUNCTION_KEYS: Final = Preset(
    N_("F1 to F10 first, as in file managers; the letters keep working. F11 and F12 are the terminal's."),
    first={
        "app.help": ("f1",), "app.command-line": ("f2",), "app.palette": ("f9",), "app.quit": ("f10",),
        "fleet.logs": ("f3",), "fleet.filter": ("f4",), "fleet.refresh": ("f5",),
        "fleet.next-pane": ("f6",), "fleet.probe": ("f7",), "fleet.recover": ("f8",),
        "run.open": ("f3",), "run.current": ("f5",), "run.next-pane": ("f6",), "run.decide": ("f8",),
        "plan.again": ("f5",), "plan.next-pane": ("f6",), "plan.start": ("f8",),
        "history.open": ("f3",), "history.filter": ("f4",),
        "obligations.open": ("f3",), "obligations.sweep": ("f5",), "obligations.close": ("f8",),
        "trace.open": ("f3",), "trace.again": ("f5",), "trace.next-pane": ("f6",),
        "logs.session": ("f3",), "logs.filter": ("f4",), "logs.reconnect": ("f5",),
        "logs.next-pane": ("f6",), "logs.search": ("f7",),
        "timeline.open": ("f3",), "timeline.filter": ("f4",), "pulse.open": ("f3",),
        **_each(("run", "plan", "history", "obligations", "trace", "logs"), {"back": ("f10",)}),
        **_each(("timeline", "pulse"), {"back": ("f10",)}),
        **_each((*_ASKING, *_WRITING, "command"), {"cancel": ("f10",)}),
        "help.close": ("f10",),
    },
)  # fmt: skip

PRESETS: Final[Mapping[str, Preset]] = {
    "default": Preset(N_("One letter for what is done often; arrows and hjkl.")),
    "vim": _VIM,
    "function-keys": _FUNCTION_KEYS,
}

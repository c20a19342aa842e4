"""What a key does in a replay: what moves it in the place of what moves the collector; what would act only
says why it does not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from cockpit.config.language import N_
from cockpit.ui.action import Action

REPLAY: Final = N_("This is a replay of a recording: nothing is read and nothing is sent.")
WORD: Final = N_("replay")
NEEDS_SERVERS: Final = frozenset(
    {"fleet.probe", "fleet.trace", "fleet.recover", "fleet.logging", "fleet.logs", "fleet.stop-waiting"}
    | {"fleet.refresh", "app.obligations", "app.history", "app.timeline", "app.record"}
)
"""What reads from servers or the journal, or changes something there."""
_NOT_HERE: Final = frozenset({"fleet.pause", "fleet.faster", "fleet.slower", "app.hush"})
_SCREENS: Final = frozenset({"app", "fleet", "filter", "pulse", "help", "command", "theme"})
STEP: Final = 60.0
"""Seconds of recorded time that a jump by a key goes."""

REPLAY_ACTIONS: Final[tuple[Action, ...]] = (
    Action("app.replay-pause", ("P",), "pause", "app", "Replay", N_("Stand still, or go on."),
           shown=True),
    Action("app.replay-faster", ("+",), "faster", "app", "Replay", N_("The next higher speed."),
           shown=True),
    Action("app.replay-slower", ("-",), "slower", "app", "Replay", N_("The next lower speed."),
           shown=True),
    Action("app.replay-step", (".",), "step", "app", "Replay",
           N_("Stand still at the next thing that was recorded."), shown=True),
    Action("app.replay-step-back", ("comma",), "step back", "app", "Replay",
           N_("Stand still at the one before.")),
    Action("app.replay-forward", (">",), "a minute on", "app", "Replay",
           N_("A minute of recorded time forward.")),
    Action("app.replay-back", ("<",), "a minute back", "app", "Replay",
           N_("A minute of recorded time back.")),
    Action("app.replay-jump", ("@",), "to a time", "app", "Replay",
           N_("14:05, 2026-01-08 14:05:30 in UTC, or -10m: before the end."), shown=True, typing=True),
    Action("jump.go", ("enter",), "go", "jump", "Dialog", shown=True),
    Action("jump.cancel", ("escape",), "not now", "jump", "Dialog", shown=True),
)  # fmt: skip


def replayed(actions: Iterable[Action]) -> tuple[Action, ...]:
    """The actions of a replay. What needs servers keeps its key, which says why nothing is done."""
    kept = (a for a in actions if a.scope in _SCREENS and a.id not in _NOT_HERE)
    return (*(_unavailable(a) if a.id in NEEDS_SERVERS else a for a in kept), *REPLAY_ACTIONS)


def _unavailable(action: Action) -> Action:
    return replace(action, shown=False, dangerous=False)

"""The cockpit on a recording: the same screens, marked, with a clock of their own, and nobody to ask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from textual import on
from textual.screen import Screen

from cockpit.config.language import _
from cockpit.config.spoken import spoken
from cockpit.fleet.replay import ReplayFeed, ReplayState
from cockpit.ui.actions import Action
from cockpit.ui.app import CockpitApp
from cockpit.ui.environment import EnvironmentBadge
from cockpit.ui.look import Glyphs
from cockpit.ui.messages import DiffArrived
from cockpit.ui.reasons import Reasons, Why
from cockpit.ui.replay_actions import NEEDS_SERVERS, REPLAY, STEP, WORD, replayed
from cockpit.ui.themed_app import NO_THEME_FILES, ThemeFiles

TICK = 1.0
"""Seconds between two looks at the replay's clock."""


def mark_of(state: ReplayState) -> str:
    """What every screen says of a replay. The recorded time is in UTC."""
    at = f"{state.at:%Y-%m-%d %H:%M:%S}"
    if state.ended:
        words = _("REPLAY {time} UTC, the end").format(time=at)
    elif not state.playing:
        words = _("REPLAY {time} UTC, standing still").format(time=at)
    else:
        words = _("REPLAY {time} UTC x{speed:g}").format(time=at, speed=state.speed)
    return f"{words}  {spoken(state.note)}" if state.note else words


class ReplayApp(CockpitApp, inherit_bindings=False):
    """``feed``: the replay. The environment is that of the recording; nothing of it is dialled."""

    def __init__(
        self,
        feed: ReplayFeed,
        environment: EnvironmentBadge,
        *,
        crash_dir: Path,
        save_dir: Path | None = None,
        theme: str | None = None,
        theme_files: ThemeFiles = NO_THEME_FILES,
        keymap: Mapping[str, Sequence[str]] | None = None,
        glyphs: Glyphs | None = None,
        commands_file: Path | None = None,
    ) -> None:
        super().__init__(
            feed,
            environment,
            crash_dir=crash_dir,
            save_dir=save_dir,
            theme=theme,
            theme_files=theme_files,
            keymap=keymap,
            glyphs=glyphs,
            now=feed.now,
            commands_file=commands_file,
        )
        self.replay = feed

    def fitting(self, actions: Sequence[Action]) -> Sequence[Action]:
        return replayed(actions)

    def on_mount(self) -> None:
        self.set_interval(TICK, self.mark_recording)
        self.mark_recording()

    @property
    def other_mark(self) -> str:
        return mark_of(self.replay.state())

    @on(DiffArrived)
    def _picture_arrived(self) -> None:
        """A step or a jump has come where it was to."""
        self.mark_recording()

    def _moved(self) -> None:
        self.mark_recording()
        self._tell_screens("picture_changed")

    # What cannot be done here

    def why_not(self, screen: Screen[Any]) -> Reasons:
        """A file that could not be read may be tried again."""
        without = NEEDS_SERVERS - {"fleet.refresh"} if self.desk.lost is not None else NEEDS_SERVERS
        here = {action: Why(_(REPLAY), WORD) for action in without}
        return {**super().why_not(screen), **here}

    def command_logs(self, name: str) -> None:  # noqa: ARG002 -- what the command line gives
        self.say_why(Why(_(REPLAY), WORD))

    # What moves it

    def action_replay_pause(self) -> None:
        self.replay.toggle_pause()
        self._moved()

    def action_replay_faster(self) -> None:
        self._change_speed(faster=True)

    def action_replay_slower(self) -> None:
        self._change_speed(faster=False)

    def _change_speed(self, *, faster: bool) -> None:
        if self.replay.change_speed(faster) is None:
            self.notify(_("That is as far as it goes."), markup=False)
        self._moved()

    def action_replay_step(self) -> None:
        self.replay.step(1)
        self._moved()

    def action_replay_step_back(self) -> None:
        self.replay.step(-1)
        self._moved()

    def action_replay_forward(self) -> None:
        self._jump_by(STEP)

    def action_replay_back(self) -> None:
        self._jump_by(-STEP)

    def _jump_by(self, seconds: float) -> None:
        self.replay.jump(self.replay.now() + timedelta(seconds=seconds))
        self._moved()

    def action_replay_jump(self) -> None:
        from cockpit.ui.screens.jump import JumpDialog

        def decided(moment: datetime | None) -> None:
            if moment is not None:
                self.replay.jump(moment)
                self._moved()

        self.push_screen(JumpDialog(self.registry, self.replay.state()), decided)

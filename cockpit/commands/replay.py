"""``pop-cockpit replay F``: a recording in the cockpit's screens, at any speed. Nobody is dialled."""

from __future__ import annotations

import gc
import os
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from cockpit.commands import liking
from cockpit.commands.output import let_go_of_a_dead_terminal
from cockpit.commands.saying import SaidError
from cockpit.commands.when import When
from cockpit.config.environment import ConfigError
from cockpit.config.language import _
from cockpit.config.paths import paths
from cockpit.config.preferences import Preferences

if TYPE_CHECKING:
    from cockpit.fleet.recording_reader import Recording


@dataclass(frozen=True, slots=True)
class ReplayOptions:
    """``at``: the recorded time to begin at, or how long before its end; None: the beginning."""

    file: Path
    speed: float
    at: When | None


def run(options: ReplayOptions, *, mouse: bool, theme: str | None, preferences: Preferences) -> int:
    """Show it until the operator leaves; the exit code. Raises ConfigError for a file that is no recording
    and where no screen can be drawn."""
    gc.disable()  # as in screen.run: the app switches it on again after the first paint
    from cockpit.ui import life

    if reason := life.refuse(os.environ):
        raise SaidError(reason)
    recording = opened(options.file)
    if recording.torn:
        print(torn(recording), file=sys.stderr)
    from cockpit.fleet.replay import ReplayFeed
    from cockpit.ui.environment import EnvironmentBadge
    from cockpit.ui.replaying import ReplayApp
    from cockpit.ui.themed_app import ThemeFiles

    liking.warn(preferences)
    places = paths()
    app = ReplayApp(
        ReplayFeed(recording, speed=options.speed, at=moment_in(recording, options.at)),
        EnvironmentBadge(recording.head.environment),
        crash_dir=places.crashes,
        save_dir=places.views,
        theme=theme or preferences.screen.theme or None,
        theme_files=ThemeFiles(places.themes, places.chosen_theme),
        keymap=liking.keymap(preferences),
        commands_file=places.commands,
    )
    code = life.run(app, mouse=mouse)
    let_go_of_a_dead_terminal()
    return code


def opened(file: Path) -> Recording:
    """Raises ConfigError."""
    from cockpit.fleet.recording import RecordingError
    from cockpit.fleet.recording_reader import open_recording

    try:
        return open_recording(file)
    except RecordingError as error:
        raise ConfigError(str(error)) from error


def moment_in(recording: Recording, at: When | None) -> datetime | None:
    """The time in UTC; one without a zone is in UTC. Raises ConfigError for one that is not in it."""
    if at is None:
        return None
    try:
        if isinstance(at, timedelta):
            found = recording.end - at
        else:
            found = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (OverflowError, ValueError):
        found = None
    if found is None or not recording.begin <= found <= recording.end:
        begin, end = (f"{t:%Y-%m-%dT%H:%M:%S}Z" for t in (recording.begin, recording.end))
        words = _("--at: the recording is from {begin} to {end}.")
        raise SaidError(words.format(begin=begin, end=end))
    return found


def torn(recording: Recording) -> str:
    """That the end of the file is missing, in a sentence."""
    words = _("{file}: the last {number} bytes were not written whole and are left out.")
    return words.format(file=recording.path, number=recording.torn)

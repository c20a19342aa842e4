"""What the operator likes of screen and keys, from the files that may say it."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from cockpit.config import environment as config
from cockpit.config.environment import ConfigError
from cockpit.config.language import _
from cockpit.config.preferences import KEYS, NOTHING_SAID, PRESET, Preferences
from cockpit.config.spoken import spoken
from cockpit.config.trouble import Trouble


def liked(files: Iterable[Path]) -> Preferences:
    """Of the first of ``files`` that speaks of screen or keys; those that are not there say nothing.

    Raises ConfigError for one that cannot be used.
    """
    for file in dict.fromkeys(files):
        if file.exists():
            found = config.preferences(file)
            if found.said:
                return found
    return NOTHING_SAID


def keymap(preferences: Preferences, preset: str | None = None) -> Mapping[str, tuple[str, ...]]:
    """The keys of every action that has others than the registry gives it. ``preset``: instead of the file's,
    and of its own entries too. Raises ConfigError, with file, line, key and cure."""
    if not preferences.said and preset is None:
        return {}
    from cockpit.ui import keymap as rules
    from cockpit.ui.actions import ACTIONS
    from cockpit.ui.presets import PRESETS

    name = preset or preferences.preset
    if name not in PRESETS:
        what, cure = (
            _("{name!r} is no preset of keys").format(name=name),
            _("Choose from: {presets}").format(presets=", ".join(PRESETS)),
        )
        raise _refused(preferences, Trouble((KEYS, PRESET), what, cure))
    base = PRESETS[name].over(ACTIONS)
    own, problems = rules.check({} if preset else preferences.keys, base)
    if problems:
        first = problems[0]
        trouble = Trouble(preferences.path_of(first.action_id), first.what, first.cure)
        raise _refused(preferences, trouble)
    before = {action.id: action.keys for action in ACTIONS}
    return {**{a.id: a.keys for a in base if a.keys != before[a.id]}, **own}


def warnings(preferences: Preferences) -> list[str]:
    """Keys of the file that do not arrive in every terminal; one sentence each."""
    if not preferences.keys:
        return []
    from cockpit.ui.keymap import doubtful

    return [f"{problem.action_id}: {problem.sentence}" for problem in doubtful(preferences.keys)]


def warn(preferences: Preferences) -> None:
    """Say them before the screen is drawn: they are on the terminal again after it."""
    for sentence in warnings(preferences):
        print(f"pop-cockpit: {preferences.file}: {spoken(sentence)}", file=sys.stderr)


def _refused(preferences: Preferences, trouble: Trouble) -> ConfigError:
    if preferences.file is None:
        return ConfigError(f"{trouble.what}. {trouble.cure}.")
    return config.refused(preferences.file, preferences.text, trouble)

"""``pop-cockpit rehearse F``: a lab of a recorded organization, to try a recovery there first."""

from __future__ import annotations

import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cockpit.commands.replay import moment_in, opened, torn
from cockpit.commands.saying import SaidError
from cockpit.commands.when import When
from cockpit.config.environment import ConfigError
from cockpit.config.language import _
from cockpit.config.paths import paths, private_dir
from cockpit.config.preferences import Preferences
from cockpit.config.spoken import spoken

if TYPE_CHECKING:
    from cockpit.commands.blueprint import Drawing

SEED: Final = 1
NOTHING: Final = "healthy"
"""The scenario that breaks nothing."""


@dataclass(frozen=True, slots=True)
class RehearseOptions:
    """``at``: which moment of the recording, or how long before its end; None: its end. ``scenario``: laid
    over it; empty: none. ``told``: say what was not recorded and end. ``blueprint``: write it there and end.
    """

    file: Path
    scenario: str
    speed: float
    at: When | None
    anonymize: bool
    told: bool
    blueprint: Path | None


def run(
    options: RehearseOptions,
    *,
    write: bool | None,
    mouse: bool,
    theme: str | None,
    preferences: Preferences,
    record: Path | None,
) -> int:
    """Tell what was not recorded, then open the cockpit on the lab; its exit code. Raises ConfigError."""
    from cockpit.lab.rehearsal import encode
    from cockpit.lab.scenarios import SCENARIOS

    scenario = options.scenario or NOTHING
    if scenario not in SCENARIOS:
        words = _("--scenario {scenario}: choose from {scenarios}.")
        raise SaidError(words.format(scenario=scenario, scenarios=", ".join(SCENARIOS)))
    drawing = draw(options)
    if options.told:
        print("\n".join(made_up(drawing)))
        return 0
    if options.blueprint is not None:
        _write(options.blueprint, encode(drawing.blueprint))
        print(options.blueprint)
        return 0
    from cockpit.commands.screen import DemoOptions, demo
    from cockpit.ui import life

    if reason := life.refuse(os.environ):
        raise SaidError(reason)
    tell(drawing)
    with tempfile.TemporaryDirectory(prefix="rehearsal-", dir=private_dir(paths().state)) as folder:
        file = Path(folder) / "blueprint.json"
        _write(file, encode(drawing.blueprint))
        lab = DemoOptions(scenario, None, options.speed, SEED, file)
        return demo(lab, write=write, mouse=mouse, theme=theme, preferences=preferences, record=record)


def draw(options: RehearseOptions) -> Drawing:
    """The blueprint of that moment. Raises ConfigError for a file that is no recording, and for one without a
    server that a lab can have."""
    from cockpit.commands.blueprint import drawn
    from cockpit.fleet.recording import RecordingError
    from cockpit.lab.rehearsal import wrong_with

    recording = opened(options.file)
    if recording.torn:
        print(torn(recording), file=sys.stderr)
    at = moment_in(recording, options.at) or recording.end
    try:
        picture = recording.picture_at(at)
    except RecordingError as error:
        raise ConfigError(str(error)) from error
    drawing = drawn(picture, recording.head.environment, at, anonymize=options.anonymize)
    if not drawing.blueprint.servers:
        words = _("{file}: at {time} UTC no server was recorded that a lab can have.")
        raise SaidError(words.format(file=options.file, time=f"{at:%Y-%m-%d %H:%M:%S}"))
    if wrong := wrong_with(drawing.blueprint):
        words = _("{file}: no lab can be made of it: {why}.")
        raise SaidError(words.format(file=options.file, why=spoken(wrong)))
    return drawing


def made_up(drawing: Drawing) -> list[str]:
    """What was not recorded, a line each; last the causes of what was not healthy."""
    from cockpit.lab.rehearsal_build import organization_of
    from cockpit.lab.rehearsal_causes import causes, in_words

    organization = organization_of(drawing.blueprint, SEED)
    behind = [in_words(*each) for each in causes(organization, drawing.blueprint, 0.0)]
    words = _("not recorded, made up: {what}")
    return [words.format(what=spoken(what)) for what in (*drawing.missing, *behind)]


def tell(drawing: Drawing) -> None:
    """On stderr, before the screen covers it; whoever sits there goes on when it is read."""
    blueprint = drawing.blueprint
    words = _("Rehearsal of {source} as it was at {time} UTC: {servers} servers.")
    head = words.format(
        source=blueprint.source, time=f"{blueprint.at:%Y-%m-%d %H:%M:%S}", servers=len(blueprint.servers)
    )
    print("\n".join([head, *made_up(drawing)]), file=sys.stderr, flush=True)
    print(_("Press enter to open the cockpit on it."), file=sys.stderr, flush=True)
    if not sys.stdin.readline():
        raise KeyboardInterrupt


def _write(path: Path, body: bytes) -> None:
    """Private. Raises ConfigError."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(body)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}.") from error

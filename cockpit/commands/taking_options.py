"""The command line of recordings: ``replay`` and ``rehearse``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, Final

from cockpit.commands.arguments import positive
from cockpit.commands.recovery_options import example
from cockpit.commands.when import moment
from cockpit.config.preferences import Preferences

NAMES: Final = frozenset({"replay"})


def add(commands: Any) -> None:
    """``commands``: argparse's action for sub-commands, whose type has no public name."""
    replay = commands.add_parser(
        "replay",
        help="what was recorded, in the same screens at any speed; asks no server",
        description="Shows a recording (--record, ctrl+r) in the same screens. P stands still or goes on, + "
        "and - change the speed, . and , step, < and > go a minute, @ goes to a time. No server is asked.",
        epilog=example("replay night.poprec --speed 60 --at 2026-11-23T03:10"),
    )
    replay.add_argument("file", metavar="FILE", type=Path, help="the recording")
    _speed(replay, "how many times faster than it was the recording runs (default 1)")
    _at(replay, "the recorded time to begin at; an age is before its end (default: its beginning)")


def _speed(to: argparse.ArgumentParser, words: str) -> None:
    to.add_argument("--speed", type=positive(float), default=1.0, metavar="X", help=words)


def _at(to: argparse.ArgumentParser, words: str) -> None:
    to.add_argument("--at", type=moment, metavar="TIME", help=f"{words}; without a zone it is in UTC")


def run(options: argparse.Namespace, preferences: Preferences) -> int:
    """Run the command of this name. Raises ConfigError."""
    from cockpit.commands import replay

    wanted = replay.ReplayOptions(options.file, options.speed, options.at)
    mouse = preferences.screen.mouse and not options.no_mouse
    return replay.run(wanted, mouse=mouse, theme=options.theme, preferences=preferences)

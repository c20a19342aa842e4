"""The command line of recordings: ``replay`` and ``rehearse``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, Final

from cockpit.commands.arguments import positive
from cockpit.commands.recovery_options import example
from cockpit.commands.when import moment
from cockpit.config.language import _
from cockpit.config.preferences import Preferences

REPLAY: Final = "replay"
REHEARSE: Final = "rehearse"
NAMES: Final = frozenset({REPLAY, REHEARSE})


def add(commands: Any) -> None:
    """``commands``: argparse's action for sub-commands, whose type has no public name."""
    _add_replay(commands)
    _add_rehearse(commands)


def _add_replay(commands: Any) -> None:
    replay = commands.add_parser(
        REPLAY,
        help=_("what was recorded, in the same screens at any speed; asks no server"),
        description=_(
            "Shows a recording (--record, ctrl+r) in the same screens. P stands still or goes on, + "
            "and - change the speed, . and , step, < and > go a minute, @ goes to a time. No server is asked."
        ),
        epilog=example("replay night.poprec --speed 60 --at 2026-11-23T03:10"),
    )
    replay.add_argument("file", metavar="FILE", type=Path, help=_("the recording"))
    _speed(replay, _("how many times faster than it was the recording runs (default 1)"))
    _at(
        replay,
        _(
            "the recorded time to begin at; an age is before its end (default: its beginning); without a "
            "zone it is in UTC"
        ),
    )


def _add_rehearse(commands: Any) -> None:
    rehearse = commands.add_parser(
        REHEARSE,
        help=_("a lab of a recorded organization, to try a recovery there first"),
        description=_(
            "Makes a lab of the servers, groups, databases, copies and states that were recorded, "
            "and opens the cockpit on it. What was not recorded is made up, and said before. "
            "Names of mailboxes and texts that people wrote are never taken over."
        ),
        epilog=example("rehearse night.poprec --scenario selftest-hung --speed 10"),
    )
    rehearse.add_argument("file", metavar="FILE", type=Path, help=_("the recording"))
    rehearse.add_argument(
        "--scenario", default="", metavar="NAME", help=_("laid over it (see: pop-cockpit lab scenarios)")
    )
    _speed(rehearse, _("how many times faster than real time the lab's clock runs (default 1)"))
    _at(
        rehearse,
        _(
            "the recorded time it is made of; an age is before its end (default: its end); without a zone it "
            "is in UTC"
        ),
    )
    rehearse.add_argument(
        "--anonymize", action="store_true", help=_("other names for servers, groups, databases and sites")
    )
    ends = rehearse.add_mutually_exclusive_group()
    ends.add_argument("--list", action="store_true", help=_("only say what was not recorded"))
    ends.add_argument(
        "--blueprint", metavar="F", type=Path, help=_("only write it, for lab serve --rehearsal F")
    )


def _speed(to: argparse.ArgumentParser, words: str) -> None:
    to.add_argument("--speed", type=positive(float), default=1.0, metavar="X", help=words)


def _at(to: argparse.ArgumentParser, words: str) -> None:
    to.add_argument("--at", type=moment, metavar="TIME", help=words)


def run(options: argparse.Namespace, preferences: Preferences, *, record: Path | None) -> int:
    """Run the command of this name. Raises ConfigError."""
    mouse = preferences.screen.mouse and not options.no_mouse
    if options.command == REPLAY:
        from cockpit.commands import replay

        wanted = replay.ReplayOptions(options.file, options.speed, options.at)
        return replay.run(wanted, mouse=mouse, theme=options.theme, preferences=preferences)
    from cockpit.commands import rehearse

    return rehearse.run(
        rehearse.RehearseOptions(
            *(options.file, options.scenario, options.speed, options.at),
            anonymize=options.anonymize,
            told=options.list,
            blueprint=options.blueprint,
        ),
        write=options.write,
        mouse=mouse,
        theme=options.theme or preferences.screen.theme or None,
        preferences=preferences,
        record=record,
    )

"""The command line of the timeline, and of the pulse page."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

from cockpit.commands.arguments import named
from cockpit.commands.recovery_options import example
from cockpit.commands.when import in_utc, moment
from cockpit.config.environment import Environment
from cockpit.config.language import _

NAME: Final = "timeline"
PULSE: Final = "pulse"
MOST: Final = 1_000
LIMIT: Final = 100_000


def _most(text: str) -> int:
    number = int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0
    if not 0 < number <= LIMIT:
        raise argparse.ArgumentTypeError(
            _("{text} is not a number from 1 to {limit}").format(text=text, limit=LIMIT)
        )
    return number


def add(commands: Any) -> None:
    """Add both commands to ``commands``, argparse's action, whose type has no public name."""
    made = commands.add_parser(
        NAME,
        help=_("what changed on the servers, who did what, and when nobody watched"),
        description=_(
            "What cockpits saw on the servers while they watched, what Managed Availability did, "
            "what our own runs did, and when nobody watched; newest first."
        ),
        epilog=example("timeline --server EX01 --since 8h"),
    )
    made.add_argument("--server", metavar="S", type=named, help=_("only this server"))
    made.add_argument(
        "--since",
        metavar="T",
        type=moment,
        default=timedelta(hours=8),
        help=_("a time in UTC, such as 2026-01-08T10:30, or an age, such as 90m (default 8h)"),
    )
    made.add_argument(
        "-n",
        metavar="N",
        dest="most",
        type=_most,
        default=MOST,
        help=_("the newest N entries (default {most})").format(most=MOST),
    )
    made.add_argument("--format", choices=("table", "json", "csv"), default="table")
    commands.add_parser(
        PULSE,
        help=_("the cockpit, opened on the page for a wall: every server in a cell"),
        epilog=example("pulse"),
    )


def run(options: argparse.Namespace, environment: Callable[[], Environment]) -> int:
    """Run ``timeline``; its exit code."""
    from cockpit.commands import timeline
    from cockpit.commands.desk import Desk

    since = in_utc(options.since, command=NAME)
    wanted = timeline.Wanted(since, options.server or "", options.most)
    return timeline.run(Desk(environment()), wanted, options.format)

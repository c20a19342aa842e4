"""The command line of protocol logs: options, and which function a command calls."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cockpit.commands import trace_options
from cockpit.commands.arguments import named
from cockpit.commands.recovery_options import example
from cockpit.commands.saying import SaidError
from cockpit.commands.when import When, in_utc, moment
from cockpit.config.environment import Environment
from cockpit.config.language import _
from cockpit.config.preferences import Preferences

if TYPE_CHECKING:
    from cockpit.commands.logs import Wanted

NAME: Final = "logs"
LINES: Final = 10
MOST_LINES: Final = 100_000
Commands = Any
"""argparse's sub-parsers action, whose type has no public name."""


def _lines(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and int(text) <= MOST_LINES):
        raise argparse.ArgumentTypeError(
            _("{text} is not a number of lines up to {most}").format(text=text, most=MOST_LINES)
        )
    return int(text)


def _text(text: str) -> str:
    if not text or "\n" in text:
        raise argparse.ArgumentTypeError(_("it must be a piece of one line"))
    return text


def add(commands: Commands, group: Callable[..., Commands]) -> None:
    """Add the commands to ``commands``. ``group(parser, dest)`` makes sub-commands of one."""
    words = _("POP3 protocol logs of servers, or on this machine")
    top = commands.add_parser(
        NAME, help=words, description=words + ".", epilog=example("logs tail --server EX01")
    )
    inner = group(top, "logs_command")
    _add_tail(inner)
    _add_grep(inner)
    _add_view(inner)
    trace_options.add(inner)


def _command(commands: Commands, name: str, words: str, shown: str) -> argparse.ArgumentParser:
    made: argparse.ArgumentParser = commands.add_parser(
        name, help=words, description=words[:1].upper() + words[1:] + ".", epilog=example(shown)
    )
    return made


def _add_tail(commands: Commands) -> None:
    made = _command(
        commands,
        "tail",
        _("the last lines, and with -f every new one; exit 0, or 3 when a log cannot be read"),
        "logs tail --server EX01 --both -f",
    )
    made.add_argument(
        "paths", nargs="*", type=Path, metavar="PATH", help=_("folders or files instead of servers")
    )
    _where(made)
    made.add_argument(
        "-n",
        "--lines",
        type=_lines,
        default=LINES,
        metavar="N",
        help=_("of each log, counted before anything is left out (default {lines})").format(lines=LINES),
    )
    made.add_argument(
        "-f", "--follow", action="store_true", help=_("go on with every new line, over all files")
    )
    _how(made)
    made.add_argument(
        "--errors", action="store_true", help=_("only lines that tell of a failure, or are broken")
    )
    made.add_argument(
        "--health-mailbox",
        choices=("only", "hide"),
        help=_("only the lines of Managed Availability's own mailboxes, or all others"),
    )


def _add_grep(commands: Commands) -> None:
    made = _command(
        commands,
        "grep",
        _(
            "lines that hold a text, searched where they are; "
            "exit 0 found, 1 not, 3 when a log cannot be read"
        ),
        "logs grep HealthMailbox --server EX01 --since 2h",
    )
    made.add_argument("text", type=_text, metavar="TEXT", help=_("a piece of a line, as it is in the file"))
    made.add_argument(
        "paths", nargs="*", type=Path, metavar="PATH", help=_("folders or files instead of servers")
    )
    _where(made)
    made.add_argument(
        "-i", "--ignore-case", action="store_true", help=_("ASCII letters match in either case")
    )
    made.add_argument(
        "--since",
        type=moment,
        metavar="WHEN",
        help=_("not before this time (UTC as in the log; with --local-time local), or so long ago: 90m, 2h"),
    )
    made.add_argument(
        "--until",
        type=moment,
        metavar="WHEN",
        help=_("before this time (UTC as in the log; with --local-time local), or so long ago: 90m, 2h"),
    )
    made.add_argument("--count", action="store_true", help=_("only how many there are"))
    _how(made)


def _add_view(commands: Commands) -> None:
    made = _command(
        commands,
        "view",
        _("the Logs screen on servers or files, of any size; exit 0, or 3 when files cannot be read"),
        "logs view /srv/copies/POP32026010810-1.LOG",
    )
    made.add_argument(
        "paths", nargs="*", type=Path, metavar="PATH", help=_("folders or files instead of servers")
    )
    _servers(made)


def _servers(to: argparse.ArgumentParser) -> None:
    to.add_argument(
        "--server",
        action="append",
        default=[],
        metavar="S",
        type=named,
        dest="servers",
        help=_("may be repeated"),
    )


def _where(to: argparse.ArgumentParser) -> None:
    _servers(to)
    ends = to.add_mutually_exclusive_group()
    ends.add_argument("--backend", action="store_true", help=_("the back end's log, not the front end's"))
    ends.add_argument("--both", action="store_true", help=_("both, put together by time"))


def _how(to: argparse.ArgumentParser) -> None:
    to.add_argument("--format", choices=("text", "json"), default="text")
    to.add_argument("--local-time", action="store_true", help=_("times of this machine's zone, not UTC"))


# --- calling -------------------------------------------------------------------------------------


def run(
    options: argparse.Namespace,
    environment: Callable[[], Environment],
    preferences: Callable[[], Preferences],
) -> int:
    """Call what was asked for; its exit code. ``environment`` is asked only where a server is named,
    ``preferences`` where a screen is drawn. Raises ConfigError."""
    if options.logs_command == "trace":
        return trace_options.run(options, environment)
    if options.logs_command == "view":
        return _view(options, environment, preferences())
    wanted = _wanted(options, environment)
    match options.logs_command:
        case "tail":
            from cockpit.commands import logs_tail

            filters = logs_tail.Filters(options.errors, options.health_mailbox or "")
            return logs_tail.run(wanted, options.lines, options.follow, filters)
        case "grep":
            from cockpit.commands import logs_grep

            since, until = (_absolute(t, options.local_time) for t in (options.since, options.until))
            search = logs_grep.Search(options.text, options.ignore_case, since, until, options.count)
            return logs_grep.run(wanted, search)
    raise SaidError(_("unknown command {command}").format(command=f"logs {options.logs_command}"))


def _view(
    options: argparse.Namespace, environment: Callable[[], Environment], preferences: Preferences
) -> int:
    from cockpit.commands import logs_view

    _either(options)
    theme = options.theme or preferences.screen.theme or None
    likes = logs_view.Likes(preferences, preferences.screen.mouse and not options.no_mouse, theme)
    if options.paths:
        return logs_view.view_files(tuple(options.paths), likes)
    return logs_view.view_servers(environment(), tuple(options.servers), likes)


def _either(options: argparse.Namespace) -> None:
    if bool(options.servers) == bool(options.paths):
        raise SaidError(
            _("logs {command}: name either servers (--server EX01), or folders and files.").format(
                command=options.logs_command
            )
        )


def _wanted(options: argparse.Namespace, environment: Callable[[], Environment]) -> Wanted:
    from cockpit.commands.logs import Ends, Wanted

    _either(options)
    ends = Ends.BACK if options.backend else Ends.BOTH if options.both else Ends.USUAL
    return Wanted(
        environment() if options.servers else None,
        tuple(options.servers),
        tuple(options.paths),
        ends,
        options.format,
        options.local_time,
    )


def _absolute(when: When | None, local: bool) -> datetime | None:
    return None if when is None else in_utc(when, local)

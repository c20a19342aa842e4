"""The command line of ``logs trace``."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cockpit.commands.arguments import named
from cockpit.commands.recovery_options import example
from cockpit.commands.saying import SaidError
from cockpit.commands.when import in_utc, moment
from cockpit.config.language import N_, _

if TYPE_CHECKING:
    from cockpit.config.environment import Environment

EXITS = N_("exit 0 a server is named, 1 it cannot be told, 3 not readable")
Commands = Any
"""argparse's sub-parsers action, whose type has no public name."""


def add(logs: Commands) -> None:
    """Add ``trace`` to the sub-commands of ``logs``."""
    trace = logs.add_parser(
        "trace",
        help=_("the mailbox server behind a run of a probe, with all evidence; {exits}").format(
            exits=_(EXITS)
        ),
        epilog=example("logs trace --probe 'POP\\PopCTPProbe' --server EX01"),
    )
    trace.add_argument("--probe", metavar="'SET\\PROBE'", type=named)
    trace.add_argument("--server", metavar="S", type=named, help=_("the front end it runs on"))
    trace.add_argument(
        "--last",
        action="store_true",
        help=_("do not run the probe now: trace the newest run that failed, of the server's event log"),
    )
    trace.add_argument(
        "paths",
        nargs="*",
        type=Path,
        metavar="PATH",
        help=_("copied logs of a front end instead of a server"),
    )
    trace.add_argument(
        "--since",
        type=moment,
        metavar="WHEN",
        help=_("when the probe began, with PATH: as in the log (UTC), or so long ago: 90m, 2h"),
    )
    trace.add_argument(
        "--until",
        type=moment,
        metavar="WHEN",
        help=_("when the probe ended, with PATH: as in the log (UTC), or so long ago: 90m, 2h"),
    )
    trace.add_argument(
        "--user", metavar="HEALTHMAILBOX", type=named, help=_("whom the probe logged in as, with PATH")
    )
    trace.add_argument("--format", choices=("table", "json"), default="table")


def run(options: argparse.Namespace, environment: Callable[[], Environment]) -> int:
    """Trace a probe of a server, or a session in copied logs; the exit code. Raises ConfigError."""
    if options.paths:
        return _local(options)
    if not options.probe or not options.server:
        raise SaidError(
            _(
                "logs trace: name a probe and its server (--probe 'POP\\PopCTPProbe' --server EX01), or give "
                "copied logs with --since and --until."
            )
        )
    if options.user or options.since or options.until:
        raise SaidError(_("logs trace: --user, --since and --until go with copied logs, not with --server."))
    from cockpit.commands import trace

    return trace.run(environment(), options.probe, options.server, options.format, last=options.last)


def _local(options: argparse.Namespace) -> int:
    if options.probe or options.server or options.last:
        raise SaidError(_("logs trace: copied logs go without --probe, --server and --last."))
    if options.since is None or options.until is None:
        raise SaidError(
            _("logs trace: copied logs want --since and --until: when the probe began and ended.")
        )
    start, end = in_utc(options.since), in_utc(options.until)
    if end < start:
        raise SaidError(_("logs trace: --until is before --since."))
    from cockpit.commands import trace_local

    wanted = trace_local.Wanted(start, end, options.user or "")
    return trace_local.run(options.paths, wanted, options.format)

"""The command line of ``logs trace``."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from cockpit.commands.recovery_options import example

if TYPE_CHECKING:
    from cockpit.config.environment import Environment

EXITS = "exit 0 a server is named, 1 it cannot be told, 3 not readable"
Commands = Any
"""argparse's sub-parsers action, whose type has no public name."""


def _named(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("it must not be empty")
    return text.strip()


def add(logs: Commands) -> None:
    """Add ``trace`` to the sub-commands of ``logs``."""
    trace = logs.add_parser(
        "trace",
        help=f"the mailbox server behind a run of a probe, with all evidence; {EXITS}",
        epilog=example("logs trace --probe 'POP\\PopCTPProbe' --server EX01"),
    )
    trace.add_argument("--probe", metavar="'SET\\PROBE'", required=True, type=_named)
    trace.add_argument("--server", metavar="S", required=True, type=_named, help="the front end it runs on")
    trace.add_argument(
        "--last",
        action="store_true",
        help="do not run the probe now: trace the newest run that failed, of the server's event log",
    )
    trace.add_argument("--format", choices=("table", "json"), default="table")


def run(options: argparse.Namespace, environment: Environment) -> int:
    from cockpit.commands import trace

    return trace.run(environment, options.probe, options.server, options.format, last=options.last)

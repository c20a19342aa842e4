"""The command line of environments: options, and which function a command calls."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, get_args

from cockpit.commands.recovery_options import example
from cockpit.commands.saying import SaidError
from cockpit.config.environment import Auth, Colour, Environment
from cockpit.config.language import _

NAME: Final = "env"
Commands = Any
"""argparse's sub-parsers action, whose type has no public name."""


def add(commands: Commands, group: Callable[..., Commands]) -> None:
    """Add the commands to ``commands``. ``group(parser, dest)`` makes sub-commands of one."""
    top = commands.add_parser(NAME, help=_("environments: list, add, test"), epilog=example("env list"))
    inner = group(top, "env_command")
    listed = inner.add_parser(
        "list", help=_("the environments of the file"), epilog=example("env list --format json")
    )
    tested = inner.add_parser(
        "test",
        help=_("every link to its endpoints, one line each; exit codes as of doctor"),
        epilog=example("env test prod"),
    )
    tested.add_argument("name", nargs="?", metavar="NAME", help=_("which one (default: as --env says)"))
    for one in (listed, tested):
        one.add_argument("--format", choices=("table", "json"), default="table")
    _add_add(inner)


def _add_add(commands: Commands) -> None:
    made = commands.add_parser(
        "add",
        help=_("ask for one, test it, and write it into the file; with --yes from the options alone"),
        epilog=example(
            "env add prod --entry-server ex01.contoso.com --auth kerberos --user ann@CONTOSO.COM --yes"
        ),
    )
    made.add_argument("name", nargs="?", metavar="NAME", help=_("what to call it"))
    made.add_argument("--entry-server", action="append", default=[], metavar="S", help=_("may be repeated"))
    made.add_argument("--auth", choices=get_args(Auth), help=_("how to sign in at the Exchange endpoint"))
    made.add_argument("--port", type=int, metavar="N", help=_("of the Exchange endpoint (default 443)"))
    made.add_argument("--user", metavar="USER", help=_("the account, as user@REALM"))
    how = made.add_mutually_exclusive_group()
    how.add_argument("--ccache", metavar="CACHE", help=_("sign in with the tickets in this cache"))
    how.add_argument("--password-file", metavar="FILE", help=_("a file that only you can read"))
    how.add_argument("--password-env", metavar="NAME", help=_("an environment variable"))
    how.add_argument("--password-keyring", metavar="SERVICE", help=_("this host's keyring"))
    how.add_argument(
        "--password-command", metavar="WORDS", help=_("a program; its first line is the password")
    )
    how.add_argument("--password-prompt", action="store_true", help=_("ask on the terminal at each start"))
    made.add_argument("--certificate", metavar="FILE", help=_("to sign in with, for --auth certificate"))
    made.add_argument("--certificate-key", metavar="FILE", help=_("its key"))
    trust = made.add_mutually_exclusive_group()
    trust.add_argument("--ca-file", metavar="FILE", help=_("the CA that issued the servers' certificates"))
    trust.add_argument("--pin", metavar="sha256:...", help=_("the Exchange endpoint's own certificate"))
    trust.add_argument(
        "--no-verify", action="store_true", help=_("take any certificate; every screen says so")
    )
    made.add_argument("--winrm-auth", choices=get_args(Auth), help=_("default: as the Exchange endpoint"))
    made.add_argument("--winrm-port", type=int, metavar="N", help=_("of the WinRM endpoints (default 5986)"))
    made.add_argument("--winrm-pin", metavar="sha256:...", help=_("the WinRM endpoints' own certificate"))
    made.add_argument("--no-winrm", action="store_true", help=_("there are no WinRM endpoints for us"))
    made.add_argument("--allow-write", action="store_true", help=_("let it change servers without --write"))
    made.add_argument("--colour", choices=get_args(Colour), help=_("of the strip on every screen"))
    made.add_argument("--default", action="store_true", help=_("make it the default"))
    made.add_argument("--no-test", action="store_true", help=_("do not try it first"))
    made.add_argument("--yes", action="store_true", help=_("ask nothing"))


def run(options: argparse.Namespace, file: Path, environment: Callable[[], Environment]) -> int:
    """Call what was asked for; its exit code. ``environment``: the one that is chosen. Raises ConfigError."""
    match options.env_command:
        case "list":
            from cockpit.commands import info

            return info.env_list(file, options.format)
        case "test":
            from cockpit.commands import env_test
            from cockpit.config import secrets

            options.env = options.name or options.env
            chosen = environment()
            return env_test.run(chosen, secrets.password(chosen), options.format)
        case "add":
            from cockpit.commands import env_add

            return env_add.run(options, file)
    raise SaidError(_("unknown command {command}").format(command=f"env {options.env_command}"))

"""The command line of protocol logging."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from typing import Any, Final

from cockpit.commands.arguments import named
from cockpit.config.language import N_, _

_UNITS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
LONGEST: Final = 30 * 86_400
_TIME: Final = re.compile(r"([1-9]\d{0,6})([smhd])")
_STATUS: Final = N_(
    "how it stands, everything read now; exit 0 off, or on by a run at work, 1 on for a time by a run of "
    "ours, 2 on without a record or overdue, 3 not readable"
)
_ON: Final = N_(
    "turn it on for a time, with guards and journal, and see that lines arrive; a run keeps the value that "
    "was before. On already by a run of ours: kept on for longer. Exit 0 on, 1 left at a question, "
    "2 escalated, 3 aborted or refused"
)
_OFF: Final = N_(
    "put back the value that was before; without a run of ours that has it on, turn it off; exit 0 done, "
    "1 left at a question, 2 escalated, 3 aborted or refused"
)
Command = Callable[[Any, str, str, str], argparse.ArgumentParser]


def _time(text: str) -> int:
    """``90s``, ``30m``, ``4h``, ``1d`` as seconds; 30 days at most."""
    found = _TIME.fullmatch(text.strip().lower())
    seconds = int(found[1]) * _UNITS[found[2]] if found is not None else 0
    if not 0 < seconds <= LONGEST:
        raise argparse.ArgumentTypeError(
            _("{text!r} is no time up to 30d; write it as 30m, 4h or 1d").format(text=text)
        )
    return seconds


def add(command: Command, commands: Any, group: Callable[..., Any]) -> None:
    """Add ``logging`` to ``commands``. ``command`` makes one with its help."""
    words = _("POP3 protocol logging of a server")
    top = command(commands, "logging", words, "logging status --server EX01")
    inner = group(top, "logging_command")
    made = command(inner, "on", _(_ON), "--write logging on --server EX01 --for 30m")
    _common(made)
    whose = made.add_mutually_exclusive_group()
    whose.add_argument(
        "--backend",
        dest="services",
        action="store_const",
        const="back",
        default="",
        help=_("restart MSExchangePOP3BE, so that the back end writes (default: the front end)"),
    )
    whose.add_argument(
        "--both",
        dest="services",
        action="store_const",
        const="both",
        help=_("restart both, one after the other"),
    )
    made.add_argument(
        "--for",
        dest="time",
        metavar="TIME",
        type=_time,
        default=0,
        help=_(
            "until it is overdue: 30m, 4h, 1d (default: as long again where a run of ours has it on, else "
            "logging_due of the environment, 4h). It is told then, and not turned off by itself"
        ),
    )
    _auto(made)
    made = command(inner, "off", _(_OFF), "--write logging off --server EX01")
    _common(made)
    _auto(made)
    _common(command(inner, "status", _(_STATUS), "logging status --server EX01 --format json"))


def _auto(to: argparse.ArgumentParser) -> None:
    to.add_argument(
        "--auto",
        action="store_true",
        help=_("send what nothing refuses without asking; POP3 clients are cut by the restart"),
    )


def _common(to: argparse.ArgumentParser) -> None:
    to.add_argument("--server", metavar="S", required=True, type=named)
    to.add_argument("--format", choices=("table", "json"), default="table")

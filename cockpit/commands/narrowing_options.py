"""The options of ``status`` that :mod:`cockpit.commands.narrowing` carries out.

By themselves: that one loads all that knows the picture, and every command line is parsed.
"""

from __future__ import annotations

import argparse
from typing import Final

from cockpit.config.language import _

GROUPINGS: Final = ("dag", "site", "version", "state")
"""The values of :class:`cockpit.fleet.grouping.GroupBy`."""


def add(to: argparse.ArgumentParser) -> None:
    to.add_argument(
        "--filter",
        metavar="'TEXT'",
        default="",
        help=_("only what the Fleet screen's filter finds: 'server:ex* state:unhealthy since:10m !stale'"),
    )
    to.add_argument("--group-by", choices=GROUPINGS, help=_("put the servers together"))

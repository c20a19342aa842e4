"""Which servers of an organization an environment is about: its ``include`` and ``exclude``. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Final

from cockpit.config.environment import Environment
from cockpit.config.language import N_

ELSEWHERE: Final = N_("Choose another environment with --env, or change include and exclude of this one.")
"""What helps whoever wants a server that is left out."""


def why_left_out(environment: Environment, name: str, fqdn: str = "") -> str | None:
    """Why a server is none of this environment's, as words for "it is ..."; empty: it is one.

    ``name``: short, or the FQDN. None: it cannot be told, because its FQDN is not known and a pattern is
    about that one. A pattern is compared with both names, without regard to case; what is excluded is
    excluded even where it is included too.
    """
    names = {name.lower(), name.partition(".")[0].lower(), fqdn.lower()} - {""}
    whole = any("." in each for each in names)
    for pattern in environment.exclude:
        if _names_one(pattern, names):
            return N_("left out by exclude = {pattern} of environment {environment}").format(
                pattern=json.dumps(pattern), environment=environment.name
            )
    if not whole and _are_whole(environment.exclude):
        return None
    if not environment.include or any(_names_one(pattern, names) for pattern in environment.include):
        return ""
    if not whole and _are_whole(environment.include):
        return None
    return N_("not among include = {patterns} of environment {environment}").format(
        patterns=json.dumps(list(environment.include)), environment=environment.name
    )


def _names_one(pattern: str, names: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern.lower()) for name in names)


def _are_whole(patterns: Iterable[str]) -> bool:
    """Whether one of them can only be about an FQDN."""
    return any("." in pattern for pattern in patterns)

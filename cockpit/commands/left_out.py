"""Servers that the environment is not about: commands on them are refused with the reason."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from cockpit.commands.saying import SaidError
from cockpit.config.environment import Environment
from cockpit.config.language import _
from cockpit.config.spoken import spoken
from cockpit.config.watched import ELSEWHERE, why_left_out


def refuse(environment: Environment, options: argparse.Namespace) -> None:
    """Raises ConfigError for a server of the command line that is left out by its name alone.

    Where a pattern is about its FQDN, and only the short name is known, whoever asks the organization for it
    refuses: ``recovery.scope``, ``poplog.places``, and ``by_directory`` for who does not.
    """
    for server in _named(options):
        if why := why_left_out(environment, server):
            words = _("--server {server}: it is {why}. {elsewhere}")
            raise SaidError(words.format(server=server, why=spoken(why), elsewhere=_(ELSEWHERE)))


def _named(options: argparse.Namespace) -> Iterator[str]:
    """Lab commands have servers of the lab, not of the environment."""
    if options.command == "lab":
        return
    if server := getattr(options, "server", None):
        yield server
    yield from getattr(options, "servers", None) or ()


def by_directory(environment: Environment, server: str) -> None:
    """As ``refuse``, where only the organization knows the FQDN. Raises ConfigError, ExchangeError."""
    if why_left_out(environment, server) is not None:
        return
    from cockpit.config import secrets
    from cockpit.recovery.access import Sessions
    from cockpit.recovery.scope import refuse_left_out

    access = Sessions(environment, secrets.password(environment))
    try:
        refuse_left_out(environment, access, server)
    finally:
        access.close()

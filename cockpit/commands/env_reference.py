"""Where a new environment's password comes from, as the options of ``env add`` name it."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path

from cockpit.commands.saying import SaidError
from cockpit.config.environment import PasswordReference
from cockpit.config.language import _


def reference(options: argparse.Namespace) -> PasswordReference | None:
    """The password's place as the options name it; None where they name none. Raises ConfigError."""
    if options.password_file:
        return PasswordReference(file=str(Path(options.password_file).expanduser().absolute()))
    if options.password_env:
        return PasswordReference(env=options.password_env)
    if options.password_keyring:
        return PasswordReference(keyring=options.password_keyring)
    if options.password_command:
        return PasswordReference(command=words(options.password_command))
    return PasswordReference(prompt=True) if options.password_prompt else None


def words(text: str) -> tuple[str, ...]:
    """A command line as its words; nothing in it is expanded. Raises ConfigError."""
    try:
        found = tuple(shlex.split(text))
    except ValueError as error:
        raise SaidError(
            _("{text!r} is no command line: {error}. Close its quotes.").format(text=text, error=error)
        ) from None
    if not found:
        raise SaidError(_("A command of no words gives no password. Name a program."))
    return found

"""Secrets by reference: where a password comes from. Never its value, outside of memory."""

from __future__ import annotations

import os
from pathlib import Path

from cockpit.config.environment import ConfigError, Environment, PasswordReference
from cockpit.config.trusted import opened_text, why_not_private


class Secret:
    """A password in memory. Never shown by ``str`` or ``repr``; ask for ``value`` where it is sent."""

    __slots__ = ("value",)

    def __init__(self, value: str) -> None:
        self.value = value

    def __repr__(self) -> str:
        return "Secret(…)"


def password(environment: Environment) -> Secret | None:
    """The password the environment refers to; None where it refers to none. Raises ConfigError."""
    return _referred(environment.credential.password, f"environments.{environment.name}.credential.password")


def journal_password(environment: Environment) -> Secret | None:
    """The password of the journal's database; None where none is referred to. Raises ConfigError."""
    return _referred(environment.journal.password, f"environments.{environment.name}.journal.password")


def _referred(reference: PasswordReference | None, key: str) -> Secret | None:
    if reference is None:
        return None
    if reference.env is not None:
        value = os.environ.get(reference.env)
        if value is None:
            raise ConfigError(
                f"The environment variable {reference.env} for the password is not set. Set it."
            )
        return Secret(value)
    if reference.file is None:
        raise ConfigError(f"{key}: give `file` or `env`.")
    return Secret(_private_text(Path(reference.file)))


def _private_text(path: Path) -> str:
    try:
        text, found = opened_text(path)
    except OSError as error:
        raise ConfigError(f"{path}: the password file cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: the password file is not UTF-8. Write it anew.") from None
    if problem := why_not_private(path, found, "password file"):
        raise ConfigError(f"{path}: {problem}")
    return text.rstrip("\r\n")

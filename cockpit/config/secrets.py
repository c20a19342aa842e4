"""Secrets by reference: where a password comes from. Never its value, outside of memory.

A person is asked, and a program or a keyring, once in the life of this process; our children are told
through their first frame on stdin (``fleet.client``, ``poplog.client``, ``recovery.launch``).
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

from cockpit.config.environment import ConfigError, Environment, PasswordReference
from cockpit.config.language import N_
from cockpit.config.password_command import CommandError, first_line
from cockpit.config.password_keyring import KeyringProblemError, kept_password
from cockpit.config.rules import secret_variables
from cockpit.config.terminal import NoTerminalError, ask_password
from cockpit.config.trusted import opened_text, why_not_private


class Secret:
    """A password in memory. Never shown by ``str`` or ``repr``; ask for ``value`` where it is sent."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    @property
    def value(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return "Secret(…)"


class LateSecret(Secret):
    """A password that is looked up when it is first wanted: ``value`` may then raise ConfigError."""

    __slots__ = ("_look_up",)

    def __init__(self, look_up: Callable[[], Secret]) -> None:
        super().__init__("")
        self._look_up = look_up

    @property
    def value(self) -> str:
        return self._look_up().value


_kept: Final[dict[tuple[PasswordReference, str], Secret]] = {}
"""What was asked for, by reference and user. In memory, until the process ends."""
_asking: Final = threading.RLock()


def password(environment: Environment) -> Secret | None:
    """The password the environment refers to; None where it refers to none. Raises ConfigError."""
    reference = environment.credential.password
    return None if reference is None else _credential(environment, reference)


def later(environment: Environment) -> Secret | None:
    """As ``password``, but no person, keyring or program is asked before the value is wanted."""
    reference = environment.credential.password
    if reference is None or reference.file is not None or reference.env is not None:
        return password(environment)
    return LateSecret(lambda: _credential(environment, reference))


def journal_password(environment: Environment) -> Secret | None:
    """The password of the journal's database; None where none is referred to. Raises ConfigError."""
    reference = environment.journal.password
    if reference is None:
        return None
    key = f"environments.{environment.name}.journal.password"
    return _Referred(
        environment,
        reference,
        key,
        N_("the journal of environment {environment}").format(environment=environment.name),
    ).secret()


def ask(environment: Environment) -> Secret | None:
    """As ``password``, before a screen takes the terminal: whatever has to be asked on it is asked now.

    Raises ConfigError.
    """
    found = password(environment)
    if environment.journal.password is not None and environment.journal.password.prompt:
        journal_password(environment)
    return found


def known(environment: Environment) -> tuple[str, ...]:
    """The passwords that can be had without asking anybody, so that they can be cut out of texts."""
    found = []
    for reference in (environment.credential.password, environment.journal.password):
        if reference is None:
            continue
        kept = _kept.get((reference, environment.credential.user))
        try:
            if kept is None and (reference.file is not None or reference.env is not None):
                kept = _Referred(environment, reference, "", "").secret()
        except ConfigError:
            # A worker has no such variable: it hands its passwords over itself.
            continue
        if kept is not None:
            found.append(kept.value)
    return tuple(found)


def take_ticket_cache(environment: Environment) -> None:
    """From now on Kerberos looks for tickets where the environment says, in this process and its children.

    Its libraries take that from the variable KRB5CCNAME (kerberos(7)); krb5.conf holds for every program.
    """
    if environment.credential.ccache:
        os.environ["KRB5CCNAME"] = environment.credential.ccache


def environ_of(environment: Environment) -> dict[str, str]:
    """Our variables without those that hold passwords: a child has them from its first frame, and its own
    variables can be read in /proc for as long as it lives."""
    held = secret_variables(environment)
    return {name: value for name, value in os.environ.items() if name not in held}


def _credential(environment: Environment, reference: PasswordReference) -> Secret:
    key = f"environments.{environment.name}.credential.password"
    whose = N_("{user} in environment {environment}").format(
        user=environment.credential.user or N_("the account"), environment=environment.name
    )
    return _Referred(environment, reference, key, whose).secret()


class _Referred:
    """One reference: its ``key`` in the file, and ``whose`` password it is, in words."""

    def __init__(self, environment: Environment, reference: PasswordReference, key: str, whose: str) -> None:
        self._environment = environment
        self._reference = reference
        self._key = key
        self._whose = whose

    def secret(self) -> Secret:
        reference = self._reference
        if reference.file is not None:
            return Secret(_private_text(Path(reference.file)))
        if reference.env is not None:
            return self._variable(reference.env)
        with _asking:
            place = (reference, self._environment.credential.user)
            if place not in _kept:
                _kept[place] = Secret(self._asked())
            return _kept[place]

    def _variable(self, name: str) -> Secret:
        value = os.environ.get(name)
        if value is None:
            raise ConfigError(
                N_("The environment variable {name} for the password is not set. Set it.").format(name=name)
            )
        return Secret(value)

    def _asked(self) -> str:
        reference = self._reference
        if reference.command:
            return self._commanded(reference.command)
        if reference.keyring is not None:
            return self._from_keyring(reference.keyring)
        if reference.prompt:
            return self._prompted()
        raise ConfigError(N_("{key}: give one of file, env, keyring, command, prompt.").format(key=self._key))

    def _commanded(self, command: tuple[str, ...]) -> str:
        try:
            return first_line(command, environ_of(self._environment))
        except CommandError as error:
            cure = N_("Run it by hand and mend what it says")
            raise ConfigError(f"{self._key}.command: {error}. {cure}.") from None

    def _from_keyring(self, service: str) -> str:
        try:
            return kept_password(service, self._environment.credential.user)
        except KeyringProblemError as error:
            raise ConfigError(f"{self._key}.keyring: {error.what}. {error.cure}.") from None

    def _prompted(self) -> str:
        try:
            typed = ask_password(N_("Password of {whose}:").format(whose=self._whose))
        except NoTerminalError:
            raise ConfigError(
                N_(
                    "{key}.prompt: there is no terminal to ask on. Run it on one, or refer to the "
                    "password by file, env, keyring or command."
                ).format(key=self._key)
            ) from None
        except UnicodeDecodeError:
            raise ConfigError(
                N_("{key}.prompt: what was typed is not UTF-8. Type it again.").format(key=self._key)
            ) from None
        if not typed:
            raise ConfigError(
                N_("{key}.prompt: nothing was typed. Type the password of {whose}.").format(
                    key=self._key, whose=self._whose
                )
            )
        return typed


def _private_text(path: Path) -> str:
    try:
        text, found = opened_text(path)
    except OSError as error:
        raise ConfigError(
            N_("{path}: the password file cannot be read: {reason}.").format(path=path, reason=error.strerror)
        ) from None
    except UnicodeDecodeError:
        raise ConfigError(
            N_("{path}: the password file is not UTF-8. Write it anew.").format(path=path)
        ) from None
    if problem := why_not_private(path, found, N_("password file")):
        raise ConfigError(f"{path}: {problem}")
    return text.rstrip("\r\n")

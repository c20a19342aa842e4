"""What the commands on recoveries have in common: the mode, the way to the journal, refusals in words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, cast

from cockpit.commands.narrator import Narrator
from cockpit.commands.saying import SaidError
from cockpit.config import secrets
from cockpit.config.environment import Environment
from cockpit.config.language import N_, _
from cockpit.config.spoken import spoken
from cockpit.exchange.text import clean_line
from cockpit.recovery.client import Recovery, RefusedError

if TYPE_CHECKING:
    from cockpit.journal.store import Journal

OK, LEFT, BAD, REFUSED = 0, 1, 2, 3


class SaidRefusalError(RefusedError):
    """A RefusedError in the operator's language, where that of rooms below is in English."""


class Office(Recovery, Protocol):
    """A Recovery that can also restart one POP3 service by itself."""

    def start_service(self, server: str, backend: bool) -> str:
        """Start a run of the one-step runbook; its id. Raises RefusedError."""


@dataclass(frozen=True, slots=True)
class Desk:
    """Where a command works. ``program``: how to call this program again on the same environment."""

    environment: Environment
    program: str = "pop-cockpit"

    @property
    def writing(self) -> str:
        """How to call this program again for a command that changes something."""
        return f"{self.program} --write" if self.environment.read_only else self.program

    def want_write(self, what: str) -> None:
        """Raises ConfigError in read-only mode, with the cure."""
        if self.environment.read_only:
            raise SaidError(
                _(
                    "{what} is refused: environment {environment!r} is in read-only mode. Give --write "
                    "before the command."
                ).format(what=what, environment=self.environment.name)
            )

    @contextmanager
    def office(self, *, dials: bool = True) -> Iterator[Office]:
        """The recoveries of the environment, let go of afterwards. Raises RefusedError, ConfigError.

        ``dials``: servers will be asked, so that a password is wanted first; else none is asked for.
        """
        from cockpit.journal.errors import JournalError
        from cockpit.recovery.office import open_office

        if dials:
            secrets.password(self.environment)
        try:
            opened = cast(Office, open_office(self.environment, read_only=self.environment.read_only))
        except JournalError as error:
            raise RefusedError(N_("The recoveries were not opened"), str(error)) from error
        try:
            yield opened
        finally:
            opened.close()

    @contextmanager
    def journal(self) -> Iterator[Journal]:
        """The journal of the environment. Raises JournalError and RefusedError."""
        from cockpit.recovery.opening import open_journal_of

        opened = open_journal_of(self.environment)
        try:
            yield opened
        finally:
            opened.close()


def refused(narrator: Narrator, error: RefusedError) -> int:
    """Say what was not done, why, and what helps; the exit code."""
    says = str if isinstance(error, SaidRefusalError) else spoken
    narrator.say(_("REFUSED  {what}").format(what=says(clean_line(error.what))), "bold red")
    narrator.say(says(error.why), indent=2)
    if error.helps:
        narrator.say(_("What helps:  {helps}").format(helps=says(clean_line(error.helps))), indent=2)
    return REFUSED

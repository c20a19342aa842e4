"""The words in the journal's rows. By themselves, so that who only shows them need not load the rows."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from cockpit.config.language import N_


class RunState(StrEnum):
    """Where a run is. *In doubt* is not a state of the row: it is an attempt without a result."""

    RUNNING = N_("running")
    WAITING = N_("waiting")
    """At a question; a durable row, with or without a process behind it."""
    ABORTING = N_("aborting")
    RECOVERED = N_("recovered")
    ESCALATED = N_("escalated")
    ABORTED = N_("aborted")


ENDED: Final = frozenset({RunState.RECOVERED, RunState.ESCALATED, RunState.ABORTED})


class Grade(StrEnum):
    """How much a guard weighs (design §2)."""

    HARD = "hard"
    """No override in the wizard."""
    STOP = "stop"
    """Override per guard and object, with a reason."""
    WARN = "warn"


class Verdict(StrEnum):
    PASSED = "passed"
    REFUSED = "refused"
    UNREAD = "unread"
    """The reading could not be had: for a hard or stop guard that is a refusal."""


class Choice(StrEnum):
    """What an operator can decide at a question."""

    GO = "go"
    AGAIN = "again"
    """Read the guards anew, or try the step once more."""
    SKIP = "skip"
    OVERRIDE = "override"
    DONE = "done"
    """A command that was offered to be run by hand has been run, to its end."""
    HAND_OVER = "hand over"
    ABORT = "abort"


class WishKind(StrEnum):
    ABORT = "abort"
    END_WAIT = "end wait"


REASON_LENGTH: Final = 10
"""Characters a reason has at least (recovery-engine §3.3); fewer say nothing to whoever reads the journal."""

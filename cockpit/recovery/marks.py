"""The words for how a run and a step stand. By themselves, so that who only draws them need not load the
journal."""

from __future__ import annotations

from enum import StrEnum

from cockpit.config.language import N_


class StepMark(StrEnum):
    DONE = "done"
    DOING = "doing"
    ASKING = "asking"
    IN_DOUBT = N_("in doubt")
    """Sent, no result, and nobody works on it: to be observed before anything else is sent."""
    TO_COME = N_("to come")
    SKIPPED = "skipped"
    NOT_NEEDED = N_("not needed")
    """The way taken does not pass here."""


class Life(StrEnum):
    """Whether somebody works on a run."""

    LIVE = "live"
    """A worker holds the lease."""
    WAITING = "waiting"
    """At its question; any cockpit may answer."""
    LEFT = "left"
    """Not ended, and nobody works on it: resume or abort it."""
    ENDED = "ended"

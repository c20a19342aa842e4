"""The words for how a run and a step stand. By themselves, so that who only draws them need not load the
journal."""

from __future__ import annotations

from enum import StrEnum

from cockpit.config.language import N_


class StepMark(StrEnum):
    DONE = N_("done")
    DOING = N_("doing")
    ASKING = N_("asking")
    IN_DOUBT = N_("in doubt")
    """Sent, no result, and nobody works on it: to be observed before anything else is sent."""
    TO_COME = N_("to come")
    SKIPPED = N_("skipped")
    NOT_NEEDED = N_("not needed")
    """The way taken does not pass here."""


class Life(StrEnum):
    """Whether somebody works on a run."""

    LIVE = N_("live")
    """A worker holds the lease."""
    WAITING = N_("waiting")
    """At its question; any cockpit may answer."""
    LEFT = N_("left")
    """Not ended, and nobody works on it: resume or abort it."""
    ENDED = N_("ended")

"""The words for how a step stands. By itself, so that who only draws them need not load the journal."""

from __future__ import annotations

from enum import StrEnum


class StepMark(StrEnum):
    DONE = "done"
    DOING = "doing"
    ASKING = "asking"
    IN_DOUBT = "in doubt"
    """Sent, no result, and nobody works on it: to be observed before anything else is sent."""
    TO_COME = "to come"
    SKIPPED = "skipped"
    NOT_NEEDED = "not needed"
    """The way taken does not pass here."""

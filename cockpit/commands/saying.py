"""A refusal of the command line that is in the operator's language already."""

from __future__ import annotations

from cockpit.config.environment import ConfigError


class SaidError(ConfigError):
    """As ConfigError, which rooms below raise in English: this one is shown as it is, and what is in it that
    must be typed as it stands stays so."""

"""What the context bar says of the environment the cockpit looks at."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EnvironmentBadge:
    """The environment in words. ``entry``: the servers that are asked; ``warning``: e.g. TLS not verified."""

    name: str
    account: str = ""
    read_only: bool = True
    entry: str = ""
    warning: str = ""

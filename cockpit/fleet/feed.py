"""What the screen needs of the live picture, wherever it comes from."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol

from cockpit.fleet.messages import Command
from cockpit.fleet.snapshot import FleetDiff


class FeedLostError(Exception):
    """The collector ended. ``str()`` says what is known of why, in one cleaned line."""


class Feed(Protocol):
    """A source of diffs that takes commands. Nothing in it blocks the event loop."""

    async def start(self) -> None:
        """Start the collector. Raises FeedLostError when it cannot be started."""

    def diffs(self) -> AsyncIterator[FleetDiff]:
        """Diffs as they come, the first one from an empty snapshot. Raises FeedLostError at the end."""

    def send(self, command: Command) -> None:
        """Queue a command; lost silently only when the feed is already lost."""

    async def close(self) -> None:
        """Let go of the collector, at once. It deletes its shells and ends by itself, bounded."""

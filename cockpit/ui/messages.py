"""What the worker that reads the feed posts to the app. A worker touches no widget."""

from __future__ import annotations

from textual.message import Message

from cockpit.fleet.snapshot import FleetDiff


class DiffArrived(Message):
    """The collector told of a change; ``first`` when the change is from an empty picture."""

    def __init__(self, diff: FleetDiff, first: bool) -> None:
        self.diff = diff
        self.first = first
        super().__init__()


class FeedEnded(Message):
    """No more diffs will come; ``reason`` is one line."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__()


class FilterTyped(Message):
    """The filter's text changed; ``done``: enter was pressed."""

    def __init__(self, text: str, done: bool) -> None:
        self.text = text
        self.done = done
        super().__init__()


class FeedStarted(Message):
    """The collector runs and takes commands."""


class FeedWanted(Message):
    """The operator wants the collector started again."""

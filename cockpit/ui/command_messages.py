"""What the command line posts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from cockpit.ui.command_reading import Order


class Ordered(Message):
    """A line that was understood. ``typed``: as it was written; empty where it is not to be remembered."""

    def __init__(self, order: Order, typed: str) -> None:
        self.order = order
        self.typed = typed
        super().__init__()

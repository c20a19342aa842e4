"""A line to type into that takes keys in the order in which they come."""

from __future__ import annotations

from textual import events
from textual.dom import DOMNode
from textual.screen import Screen
from textual.widgets import Input

from cockpit.ui._textual_hacks import bindings_of


class InOrder(Input):
    """Textual writes letters at once, and sends every other key on a round to the app: of a burst, as SSH and
    pasting make them, tab, backspace and enter would come after the letters that followed them."""

    async def _on_key(self, event: events.Key) -> None:
        for node in self._line():
            for binding in bindings_of(node, event.key):
                if await self.app.run_action(binding.action, node):
                    event.stop()
                    event.prevent_default()
                    return
        await super()._on_key(event)

    def _line(self) -> list[DOMNode]:
        """Who has keys here: what the line is a part of, up to the screen, before the line itself."""
        around = [node for node in self.ancestors if not isinstance(node, Screen)]
        return [*(node for node in around if node is not self.app), self]

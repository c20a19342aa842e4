"""A list that text narrows: what History and Timeline share."""

from __future__ import annotations

from textual import on

from cockpit.ui.desk import Desk
from cockpit.ui.look import Glyphs
from cockpit.ui.messages import FilterTyped
from cockpit.ui.recoveries import Recoveries
from cockpit.ui.screens.base import RecoveryScreen


class FilteredScreen(RecoveryScreen, inherit_bindings=False):
    """``filter``: what the first pane shows must contain it; empty: all."""

    def __init__(self, desk: Desk, recoveries: Recoveries, glyphs: Glyphs) -> None:
        super().__init__(desk, recoveries, glyphs)
        self.filter = ""

    async def action_filter(self) -> None:
        from cockpit.ui.widgets.filterbox import FilterBox

        box = next(iter(self.query(FilterBox)), None)
        if box is None:
            await self.mount(FilterBox(self.filter), before="#keys")
        else:
            box.focus()

    def command_filter(self, text: str) -> None:
        self.filter = text
        self.redraw()

    @on(FilterTyped)
    def _filter_typed(self, event: FilterTyped) -> None:
        event.stop()
        self.filter = event.text
        self.redraw()
        if event.done:
            self._close_filter()

    def _close_filter(self) -> None:
        self.query("#filter").remove()
        self.first_pane().focus()

    def action_back(self) -> None:
        if self.filter or self.query("#filter"):
            self.filter = ""
            self._close_filter()
            self.redraw()
        else:
            self.dismiss(None)

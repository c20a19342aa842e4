"""The line the filter is typed into: mounted when it is wanted, its cursor does not blink."""

from __future__ import annotations

from textual import on
from textual.widgets import Input

from cockpit.ui.messages import FilterTyped


class FilterBox(Input):
    """Posts :class:`FilterTyped` while it is typed in."""

    DEFAULT_CSS = """
    FilterBox, FilterBox:focus { height: 1; background: $panel; border: none; padding: 0 1; }
    """

    def __init__(self, text: str) -> None:
        super().__init__(
            text,
            placeholder="text, or !text for all but it; enter keeps it, esc clears it",
            id="filter",
            compact=True,
            select_on_focus=False,
        )
        self.cursor_blink = False

    def on_mount(self) -> None:
        self.focus()

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(FilterTyped(event.value, done=False))

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.post_message(FilterTyped(event.value, done=True))

"""Moving about in the pane that has the focus."""

from __future__ import annotations

from textual.screen import Screen

from cockpit.ui.widgets.panes import Pane


class MovingScreen(Screen[None], inherit_bindings=False):
    """The actions behind the arrows and their relatives, of every screen of panes."""

    def first_pane(self) -> Pane:
        """Where they go while no pane has the focus."""
        raise NotImplementedError

    def _focused(self) -> Pane:
        return self.focused if isinstance(self.focused, Pane) else self.first_pane()

    def action_down(self) -> None:
        self._focused().move(1)

    def action_up(self) -> None:
        self._focused().move(-1)

    def action_page_down(self) -> None:
        self._focused().move_page(1)

    def action_page_up(self) -> None:
        self._focused().move_page(-1)

    def action_first(self) -> None:
        self._focused().move_end(last=False)

    def action_last(self) -> None:
        self._focused().move_end(last=True)

"""The bars: context on top, banner below it, keys at the bottom. One line each, cropped by whole items."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events

from cockpit.config.language import _
from cockpit.ui.actions import Action, key_label
from cockpit.ui.look import Line, width
from cockpit.ui.reasons import Reasons
from cockpit.ui.widgets.panes import LinesPane

BANNER_LINES = 4
STAYING = ("help", "quit", "back", "cancel", "close")
"""Methods whose keys are always shown: whoever is lost finds the way out."""


class Bar(LinesPane):
    """Lines without a title that nobody can enter."""

    DEFAULT_CSS = """
    Bar { height: 1; overflow-y: hidden; }
    """
    spare = 0

    def __init__(self, *, id: str, wrapped: bool = False) -> None:  # noqa: A002
        super().__init__(id=id, titled=False, can_focus=False, wrapped=wrapped)


class Banner(Bar):
    """Lines that wrap, as high as they need up to ``most``: how high is known once it has a width."""

    def __init__(self, *, id: str, most: int = BANNER_LINES) -> None:  # noqa: A002
        super().__init__(id=id, wrapped=True)
        self.most = most

    def set_lines(self, lines: Sequence[Line]) -> None:
        super().set_lines(lines)
        self._fit()

    def on_resize(self) -> None:
        super().on_resize()
        self._fit()

    def _fit(self) -> None:
        if self.size.width:
            self.styles.height = min(max(self.body_lines(), 1), self.most)


class KeyBar(Bar):
    """The shown actions with their keys, which can be clicked; what does not fit is left out, help and
    the way out stay. ``note``: stands before them."""

    def __init__(self, *, id: str, actions: Sequence[Action], note: str = "") -> None:  # noqa: A002
        super().__init__(id=id)
        self._note: Line = ((f"{note}  ", "mode-read-only"),) if note else ()
        self._actions = [a for a in actions if a.shown]
        self._why: Reasons = {}
        self._places: list[tuple[int, int, Action]] = []

    def on_mount(self) -> None:
        self.set_lines([self.line(self.app.size.width)])  # for the first frame, before there is a layout

    def on_resize(self) -> None:
        self.set_lines([self.line(self.size.width)])
        super().on_resize()

    def set_actions(self, actions: Sequence[Action], why: Reasons) -> None:
        """Show what can be done. What cannot be used now stays as long as there is room, dim and in brackets;
        what is not granted says so."""
        self._actions = [a for a in actions if a.shown]
        self._why = why
        self.set_lines([self.line(self.size.width or self.app.size.width)])

    def line(self, cells: int) -> Line:
        items: dict[str, Line] = {}
        begin = 1 + width(self._note)
        used = begin
        for action in sorted(self._actions, key=self._rank):
            item = self._item(action)
            if used + width(item) - 2 <= cells:
                items[action.id] = item
                used += width(item)
        shown = [(a, items[a.id]) for a in self._actions if a.id in items]
        self._places, start = [], begin
        for action, item in shown:
            self._places.append((start, start + width(item), action))
            start += width(item)
        line: Line = ((" ", ""), *self._note, *(fragment for _, item in shown for fragment in item))
        *before, (text, role) = line
        return (*before, (text.rstrip(), role)) if shown else line

    def _rank(self, action: Action) -> int:
        """Who gets room first."""
        if action.method in STAYING:
            return 0
        why = self._why.get(action.id)
        return 1 if why is None or why.word else 2

    def _item(self, action: Action) -> Line:
        key, why, title = key_label(action.keys[0]), self._why.get(action.id), action.said_title
        if why is not None:
            text = f"{key} {title} ({_(why.word)}) " if why.word else f"({key} {title})"
            return ((f"{text} ", "text-dim"),)
        return ((f"{key} ", "text-key"), (f"{title}  ", ""))

    async def on_click(self, event: events.Click) -> None:
        """The key's action, for the mouse."""
        for start, end, action in self._places:
            if start <= event.x < end:
                event.stop()
                target = self.app if action.scope == "app" else self.screen
                await self.app.run_action(action.method, target)

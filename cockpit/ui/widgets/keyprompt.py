"""A question that one key answers, in a line at the bottom of the screen."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events

from cockpit.ui.look import Line
from cockpit.ui.messages import KeyChosen
from cockpit.ui.widgets.bars import Banner


class KeyPrompt(Banner, can_focus=True):
    """Posts :class:`KeyChosen` with the character that is typed, or with none when the focus goes elsewhere.
    Keys that are no characters do what they do everywhere."""

    DEFAULT_CSS = """
    KeyPrompt { background: $panel; }
    """

    def __init__(self, kind: str, lines: Sequence[Line]) -> None:
        super().__init__(id="key-prompt")
        self.can_focus = True
        self.kind = kind
        self._asked = tuple(lines)

    def on_mount(self) -> None:
        self.set_lines(self._asked)

    def check_consume_key(self, key: str, character: str | None) -> bool:  # noqa: ARG002
        """A character is the answer, whatever else it is a key of."""
        return character is not None and character.isprintable()

    def on_key(self, event: events.Key) -> None:
        if event.character is not None and event.is_printable:
            event.stop()
            event.prevent_default()
            self.take_key(event.character)

    def take_key(self, character: str) -> None:
        self.post_message(KeyChosen(self.kind, character))

    def on_blur(self) -> None:
        self.post_message(KeyChosen(self.kind, ""))

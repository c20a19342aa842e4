"""One line to type into at the bottom of a screen, with a word before it that says what it is for."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Input

from cockpit.exchange.text import clean_line
from cockpit.ui.log_messages import Prompted
from cockpit.ui.widgets.bars import Bar
from cockpit.ui.widgets.inorder import InOrder

LONGEST = 500


class Prompt(Horizontal):
    """Posts :class:`Prompted` while it is typed in. Its cursor does not blink."""

    DEFAULT_CSS = """
    Prompt { height: 1; background: $panel; }
    Prompt Bar { width: auto; background: $panel; }
    Prompt Input, Prompt Input:focus { width: 1fr; height: 1; background: $panel; border: none; padding: 0; }
    """

    def __init__(self, kind: str, label: str, text: str, example: str) -> None:
        super().__init__(id="prompt")
        self.kind = kind
        self._label = f" {label} "
        self._text = text
        self._example = example

    def compose(self) -> ComposeResult:
        label = Bar(id="prompt-label")
        label.styles.width = len(self._label)
        yield label
        box = InOrder(
            self._text, placeholder=self._example, compact=True, select_on_focus=False, max_length=LONGEST
        )
        box.cursor_blink = False
        yield box

    def on_mount(self) -> None:
        self.query_one(Bar).set_lines([((self._label, "text-key"),)])
        self.screen.set_focus(self.query_one(Input))  # now: the next key is already there

    def has_text(self) -> bool:
        return bool(self.query_one(Input).value)

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(Prompted(self.kind, clean_line(event.value), done=False))

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.post_message(Prompted(self.kind, clean_line(event.value), done=True))

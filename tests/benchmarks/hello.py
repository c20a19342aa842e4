"""The least Textual program worth the name: a header, a text, a footer. ``first_paint`` starts it."""

from __future__ import annotations

from textual.app import App, ComposeResult
from textual.widgets import Footer, Header, Static

TITLE = "HelloTitle"
WORD = "HelloBody"


class Hello(App[None]):
    TITLE = TITLE

    def compose(self) -> ComposeResult:
        yield Header()
        yield Static(WORD)
        yield Footer()


if __name__ == "__main__":
    Hello().run()

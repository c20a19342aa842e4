"""The private names of Textual that _textual_hacks.py touches still do what it takes them for."""

from __future__ import annotations

import pytest
from textual.app import App
from textual.binding import Binding

from cockpit.ui._textual_hacks import replace_bindings, write_to_terminal


class Small(App[None]):
    BINDINGS = [("a", "old", "old")]  # noqa: RUF012
    seen = 0

    def __init__(self) -> None:
        super().__init__()
        replace_bindings(self, [Binding("?", "new", "new"), Binding("+", "new", "new")])

    def action_new(self) -> None:
        self.seen += 1

    def action_old(self) -> None:
        raise AssertionError


async def test_replaced_bindings_are_all_there_is() -> None:
    app = Small()
    async with app.run_test() as pilot:
        await pilot.press("a", "?", "+")
        assert app.seen == 2
        assert set(app.screen.active_bindings) >= {"question_mark", "plus"}
        assert "ctrl+q" not in app.screen.active_bindings


async def test_writing_to_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    app = Small()
    written: list[str] = []
    async with app.run_test():
        assert app._driver is not None
        monkeypatch.setattr(app._driver, "write", written.append)
        write_to_terminal(app, "x")
    assert written[0] == "x"

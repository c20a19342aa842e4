"""The private names of Textual that _textual_hacks.py touches still do what it takes them for."""

from __future__ import annotations

import errno
import inspect
import io

import pytest
from textual.app import App
from textual.binding import Binding
from textual.drivers.linux_driver import LinuxDriver

from cockpit.ui._textual_hacks import LostTerminalFile, driver_class, replace_bindings, write_to_terminal


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


def test_a_lost_terminal_is_said_once_and_then_swallows() -> None:
    class Gone(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError(errno.EIO, "Input/output error")

    said: list[int] = []
    file = LostTerminalFile(Gone(), lambda: said.append(1))
    for _ in range(3):
        file.write("x")
        file.flush()
    assert said == [1]


def test_the_driver_writes_through_it() -> None:
    made = driver_class()
    assert made is not None
    assert "_file" in inspect.getsource(LinuxDriver.start_application_mode)
    assert "WriterThread(self._file)" in inspect.getsource(LinuxDriver.start_application_mode)


async def test_writing_to_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    app = Small()
    written: list[str] = []
    async with app.run_test():
        assert app._driver is not None
        monkeypatch.setattr(app._driver, "write", written.append)
        write_to_terminal(app, "x")
    assert written[0] == "x"

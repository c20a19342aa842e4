"""The lines of a terminal: whole ones, several at once, a lost terminal, a question that is gone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

import pytest

from cockpit.commands import keyboard
from cockpit.commands.keyboard import GoneError, Keyboard, LeftError


@dataclass
class Pty:
    """Both ends of a pseudo-terminal; ``still``: whether the question is open."""

    ends: tuple[int, int]
    shown: list[str] = field(default_factory=list)
    still: bool = True

    def keyboard(self) -> Keyboard:
        return Keyboard(self.shown.append, lambda: self.still, self.ends[1])

    def type(self, text: str) -> None:
        os.write(self.ends[0], text.encode())


@pytest.fixture
def pty() -> Iterator[Pty]:
    made = Pty(os.openpty())
    yield made
    for end in made.ends:
        with suppress(OSError):  # the test closed it
            os.close(end)


def test_lines_come_one_by_one_and_stripped(pty: Pty) -> None:
    lines = pty.keyboard()
    pty.type("go\r  a reason \r")
    assert [lines.line("answer> "), lines.line("reason> ")] == ["go", "a reason"]
    assert pty.shown == ["answer> ", "reason> "]


def test_what_was_typed_before_is_thrown_away(pty: Pty) -> None:
    pty.type("go\r")
    lines = pty.keyboard()
    pty.type("leave\r")
    assert lines.line("") == "leave"


def test_the_end_of_input_is_leaving(pty: Pty) -> None:
    lines = pty.keyboard()
    pty.type("\x04")
    with pytest.raises(LeftError):
        lines.line("")


def test_a_lost_terminal_is_leaving(pty: Pty) -> None:
    lines = pty.keyboard()
    os.close(pty.ends[0])
    with pytest.raises(LeftError):
        lines.line("")


def test_the_wait_ends_when_the_question_is_gone(pty: Pty, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyboard, "LOOK_SECONDS", 0.01)
    lines = pty.keyboard()
    pty.still = False
    with pytest.raises(GoneError):
        lines.line("")


def test_bytes_that_are_no_text_are_no_crash(pty: Pty) -> None:
    lines = pty.keyboard()
    os.write(pty.ends[0], b"\xff\xfego\r")
    assert lines.line("").endswith("go")

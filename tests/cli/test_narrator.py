"""Narration: no text of a server can pass for a line of ours, on a terminal of any width or in a pipe."""

from __future__ import annotations

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from cockpit.commands import plain
from cockpit.commands.narrator import BAR, Narrator
from cockpit.journal.records import Wish, WishKind
from tests.cli.scripted import HOSTILE, NOW, finding, run


class Tty(io.StringIO):
    def isatty(self) -> bool:
        return True


@given(st.text(max_size=300), st.integers(30, 120))
def test_every_line_of_a_servers_text_stands_behind_its_bar(text: str, width: int) -> None:
    stream = Tty()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NO_COLOR", "1")
        patch.setenv("COLUMNS", str(width))
        patch.setenv("TERM", "xterm")
        Narrator(stream).say(text, indent=4, bar=True)
    lines = stream.getvalue().split("\n")[:-1]
    assert all(line.startswith(" " * 4 + BAR.rstrip()) for line in lines)
    assert all(cell_len(line) <= width for line in lines)


def test_a_pipe_gets_one_line_without_colour() -> None:
    stream = io.StringIO()
    Narrator(stream).say("x " * 500, "bold red", indent=2)
    assert stream.getvalue().count("\n") == 1
    assert "\x1b" not in stream.getvalue()


def test_a_terminal_gets_colour_unless_told_not_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    for set_to, wanted in (("", True), ("1", False)):
        monkeypatch.setenv("NO_COLOR", set_to)
        stream = Tty()
        Narrator(stream).say("REFUSED", "bold red")
        assert ("\x1b[1;31m" in stream.getvalue()) is wanted


def test_plain_data_is_clean_whole_and_in_utc() -> None:
    wish = Wish(1, "4f2a", WishKind.ABORT, "", "ann", NOW.timestamp(), None)
    made = json.loads(plain.one_line({"f": finding(reading=HOSTILE), "w": wish, "run": run()}))
    assert "\x1b" not in made["f"]["reading"]
    assert made["w"]["at"] == "2026-03-01T02:00:00Z"
    assert made["run"]["created_at"] == "2026-03-01T02:00:00Z"
    assert made["run"]["ended_at"] is None
    assert "\n" not in plain.one_line({"f": finding(reading=HOSTILE)})

"""The terminals that operators have: by their name in TERM, and the multiplexers (terminal-ui §4.11)."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.processes import Home
from tests.support.terminal import Terminal, terminal
from tests.terminal.small import FIRST, command, is_drawn_whole, small_screen
from tests.terminal.test_ends import restored

SIXTEEN = ["xterm", "linux", "screen", "vt100"]
MANY = ["xterm-256color", "tmux-256color", "putty-256color"]
MANY_COLOURS = re.compile(rb"\x1b\[[0-9;]*[34]8;[25];")


def _walks(term: Terminal, bookmark: str = "PopCTPMonitor") -> None:
    """Through panes, a filter and the help, and back."""
    assert bookmark in term.wait(FIRST)
    term.press("2")
    term.press("down")
    term.press("f")
    term.wait("faults only")
    term.press("?")
    term.wait("Keys that work here")
    term.press("q")
    term.press("f")
    term.wait(lambda text: FIRST in text and "faults only" not in text and "q quit" in text)


@pytest.mark.endurance
@pytest.mark.parametrize("name", [*SIXTEEN, *MANY])
@pytest.mark.parametrize("size", [(80, 24), (200, 50)], ids=["80x24", "200x50"])
def test_by_name(tmp_path: Path, name: str, size: tuple[int, int]) -> None:
    with small_screen(tmp_path, columns=size[0], rows=size[1], TERM=name) as term:
        _walks(term)
        is_drawn_whole(term)
        assert bool(MANY_COLOURS.search(term.raw)) is (name in MANY), "no more colours than it has"
        term.press("q")
        assert term.exit_code() == 0
        restored(term)


def _tmux(folder: Path, inside: list[str]) -> list[str]:
    """A server of its own, which ends with its only session."""
    return [_path("tmux"), "-S", str(folder / "tmux"), "-f", "/dev/null", "new-session", shlex.join(inside)]


def _screen(folder: Path, inside: list[str]) -> list[str]:
    return [_path("screen"), "-c", "/dev/null", *inside]


@pytest.mark.endurance
@pytest.mark.parametrize("made", [_tmux, _screen], ids=["tmux", "screen"])
def test_in_a_multiplexer(tmp_path: Path, made: Callable[[Path, list[str]], list[str]]) -> None:
    home = Home(tmp_path / "home")
    environ = home.environ(SCREENDIR=str(_private(tmp_path / "screens")))
    with terminal(made(tmp_path, command(tmp_path)), environ, 120, 40) as term:
        _walks(term)
        for columns, rows in ((90, 30), (60, 12), (140, 45), (120, 40)):
            term.resize(columns, rows)
        term.wait(lambda text: "q quit" in "\n".join(text.split("\n")[-2:]))
        shown = term.settle(0.5, 2.0)
        term.press("ctrl+l")
        assert _without_its_line(term.settle(0.5, 2.0)) == _without_its_line(shown)
        _walks(term)
        term.press("q")
        assert term.exit_code() == 0
    home.nothing_left()


def _path(program: str) -> str:
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"{program} is not installed on this machine")
    return found


def _private(folder: Path) -> Path:
    """A folder as GNU screen wants it for its sockets."""
    folder.mkdir(mode=0o700)
    return folder


def _without_its_line(text: str) -> list[str]:
    """tmux has the last line for itself, and a clock in it."""
    return text.split("\n")[:-1]

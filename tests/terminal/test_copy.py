"""``y`` copies over SSH: OSC 52, wrapped for tmux, and always a file (terminal-ui §4.12)."""

from __future__ import annotations

import base64
import re

from tests.support.processes import Home
from tests.support.terminal import Terminal
from tests.terminal.conftest import Open

BARE = re.compile(rb"(?<!\x1b)\x1b\]52;c;([A-Za-z0-9+/=]*)(?:\x07|\x1b\\)")
WRAPPED = re.compile(rb"\x1bPtmux;\x1b\x1b\]52;c;([A-Za-z0-9+/=]*)\x07\x1b\\")


def _copied(term: Terminal, home: Home) -> str:
    """What the file holds; the message has been shown by then, after the sequence was sent."""
    term.press("2")
    term.press("y")
    term.wait("also saved to")
    (path,) = (home.state / "views").iterdir()
    assert path.stat().st_mode & 0o777 == 0o600
    return path.read_text()


def test_bare(open_screen: Open, home: Home) -> None:
    """No device control string where there is no tmux: PuTTY would print it."""
    term = open_screen(TERM="xterm")
    saved = _copied(term, home)
    (sent,) = BARE.findall(term.raw)
    assert base64.b64decode(sent).decode() == saved
    assert "PopSelfTestMonitor" in saved
    assert "EX19-01" in saved
    assert b"\x1bP" not in term.raw


def test_in_tmux(open_screen: Open, home: Home) -> None:
    term = open_screen(TERM="tmux-256color", TMUX="/tmp/tmux-0/default,1,0")
    saved = _copied(term, home)
    (sent,) = WRAPPED.findall(term.raw)
    assert base64.b64decode(sent).decode() == saved
    assert [base64.b64decode(bare).decode() for bare in BARE.findall(term.raw)] == [saved]


def test_nothing_is_copied_unasked(open_screen: Open) -> None:
    term = open_screen()
    term.press("2", "down", "f", "f", "?")
    term.wait("Re-run the probe")
    assert b"\x1b]52" not in term.raw

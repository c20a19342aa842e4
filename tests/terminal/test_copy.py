"""``y`` copies over SSH: OSC 52, wrapped for tmux, and always a file (terminal-ui §4.12)."""

from __future__ import annotations

import base64
import os
import pty
import re
import select
import shutil
from contextlib import suppress
from pathlib import Path

import pytest

from cockpit.ui.clipboard import clipboard
from tests.support.processes import Home
from tests.support.terminal import Terminal
from tests.support.waiting import eventually
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


@pytest.mark.skipif(shutil.which("screen") is None, reason="GNU screen is not installed")
def test_through_screen(tmp_path: Path) -> None:
    """The outer terminal gets what screen passes on, also of a text that is longer than it takes at once."""
    text = "Server EX01 ist krank: " * 200
    (tmp_path / "sequence").write_text(clipboard(text, {"STY": "1.pts-0.here"}) or "", newline="")
    begin, end = tmp_path / "begin", tmp_path / "end"
    os.mkfifo(begin)
    os.mkfifo(end)
    script = f"cat {begin}; cat {tmp_path}/sequence; cat {end}"
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ.update(TERM="xterm-256color", SCREENDIR=str(tmp_path / "s"))
        os.environ.pop("STY", None)
        (tmp_path / "s").mkdir(mode=0o700)
        os.execvp("screen", ["screen", "-c", "/dev/null", "sh", "-c", script])
    received = bytearray()

    def read() -> list[bytes]:
        if select.select([terminal], [], [], 0.1)[0]:
            received.extend(os.read(terminal, 65536))
        return BARE.findall(bytes(received))

    try:
        eventually(lambda: read() or received, 20, "screen has drawn")
        begin.write_bytes(b"")  # once its script reads
        (sent,) = eventually(read, 20, "screen passed it on")
    finally:
        end.write_bytes(b"")  # the script ends, and screen with it
        with suppress(OSError):  # a terminal whose other side is gone
            while os.read(terminal, 65536):
                pass
        os.waitpid(pid, 0)
        os.close(terminal)
    assert base64.b64decode(sent).decode() == text


def test_nothing_is_copied_unasked(open_screen: Open) -> None:
    term = open_screen()
    term.press("2", "down", "f", "f", "?")
    term.wait("Re-run the probe")
    assert b"\x1b]52" not in term.raw

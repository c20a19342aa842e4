"""The Logs screen's first frame, drawn before Textual is there."""

from __future__ import annotations

import io
import os
import signal
from pathlib import Path

import pytest
from rich.cells import cell_len

from cockpit.poplog.files_document import FilesDocument
from cockpit.ui import first_frame
from cockpit.ui.logs import LogsWanted
from cockpit.ui.look import terminal_glyphs

HEADER = "dateTime,sessionId,seqNumber,sIp,cIp,user,duration,rqsize,rpsize,command,parameters,context\r\n"
ROW = (
    "2026-01-08T08:00:{0:02d}.123Z,00000000000000{0:02d},0,10.0.0.1:995,10.1.1.7:5,frank,1,2,3,{1},,R=ok\r\n"
)
GLYPHS = terminal_glyphs("utf-8")


def log(folder: Path, *commands: str) -> tuple[FilesDocument, LogsWanted]:
    path = folder / "POP32026010808-1.LOG"
    path.write_bytes((HEADER + "".join(ROW.format(n, c) for n, c in enumerate(commands))).encode())
    return FilesDocument.of((path,)), LogsWanted(paths=(path,))


class Screen(io.StringIO):
    """Stderr as Textual has it, remembered."""

    encoding = "utf-8"

    def fileno(self) -> int:
        return 2


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Screen:
    found = Screen()
    monkeypatch.setattr("sys.__stderr__", found)
    monkeypatch.setattr(os, "get_terminal_size", lambda _fd: os.terminal_size((80, 24)))
    return found


@pytest.mark.parametrize(("cells", "rows"), [(80, 24), (200, 50), (20, 5), (40, 3)])
def test_it_fits_and_shows_the_end(tmp_path: Path, cells: int, rows: int) -> None:
    document, wanted = log(tmp_path, *(f"command{n}" for n in range(60)))
    lines = first_frame.frame(document, wanted, cells, rows, GLYPHS)
    assert len(lines) <= rows
    assert all(cell_len(line) <= cells for line in lines)
    if cells >= 80:
        assert "command59" in lines[-1]
        assert len(lines) == rows - 1


def test_nothing_hostile_is_drawn(tmp_path: Path, screen: Screen) -> None:
    document, wanted = log(tmp_path, "\x1b]52;c;AAAA\x07", "\x9b31m", "a\x00b", "[bold]x[/]", "\u202eabc")
    with first_frame.drawn(document, wanted):
        pass
    drawn = screen.getvalue().replace("\x1b[?1049h\x1b[?25l\x1b[H\x1b[2J", "")
    assert "[bold]x[/]" in drawn
    assert not [c for c in drawn if not c.isprintable() and c not in "\r\n"]


def test_the_terminal_is_brought_back_when_the_program_does_not_start(tmp_path: Path, screen: Screen) -> None:
    document, wanted = log(tmp_path, "quit")
    with pytest.raises(RuntimeError), first_frame.drawn(document, wanted):
        raise RuntimeError
    assert screen.getvalue().endswith("\x1b[?25h\x1b[?1049l")


def test_sigterm_before_the_program_runs_brings_it_back_too(tmp_path: Path, screen: Screen) -> None:
    document, wanted = log(tmp_path, "quit")
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit) as ended, first_frame.drawn(document, wanted):
        signal.raise_signal(signal.SIGTERM)
    assert ended.value.code == 128 + signal.SIGTERM
    assert screen.getvalue().endswith("\x1b[?25h\x1b[?1049l")
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_log_that_cannot_be_read_is_the_screens_to_tell(tmp_path: Path, screen: Screen) -> None:
    document, wanted = log(tmp_path, "quit")
    (tmp_path / "POP32026010808-1.LOG").write_bytes(b"")
    with first_frame.drawn(document, wanted):
        pass
    assert "quit" not in screen.getvalue()

"""The Fleet screen at the sizes and on the terminals that operators have."""

from __future__ import annotations

import re

import pytest

from tests.support.terminal import Terminal
from tests.terminal.conftest import Open

WIDE, NARROW, TINY = (200, 50), (80, 24), (24, 6)


def _is_readable(term: Terminal, columns: int) -> None:
    """Context bar, tree, table, verdict and footer are there, and the fault is named in words."""
    top = ("lab-selftest-hung", "WRITE", "8/8 up", "1 faulty")
    body = [
        "1 Fleet",
        "2 Monitors",
        "EX19-01",
        "PopSelfTestMonitor",
        "Unhealthy",
        "Verdict",
        "VERIFY",
        "Next: ",
    ]
    if columns >= 100:
        body += ["3 Probe results", "4 Dependencies and server"]

    def is_complete(text: str) -> bool:
        lines = text.split("\n")
        return (
            all(word in lines[0] for word in top)
            and all(word in text for word in body)
            and "? help" in lines[-1]
            and "q quit" in lines[-1]
        )

    text = term.wait(is_complete)
    assert max(map(len, text.split("\n"))) <= columns


@pytest.mark.parametrize(
    "term_name",
    ["xterm-256color", *(pytest.param(name, marks=pytest.mark.endurance) for name in ("xterm", "linux"))],
)
@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["200x50", "80x24"])
def test_readable(open_screen: Open, term_name: str, size: tuple[int, int]) -> None:
    columns, rows = size
    term = open_screen(columns=columns, rows=rows, TERM=term_name)
    _is_readable(term, columns)
    many = re.search(rb"\x1b\[[0-9;]*[34]8;[25];", term.raw)
    assert bool(many) is (term_name == "xterm-256color"), "sixteen colours where the terminal has no more"
    term.press("q")
    assert term.exit_code() == 0


def test_no_color(open_screen: Open) -> None:
    """Without colour the words and signs carry the meaning."""
    term = open_screen("--no-color")
    _is_readable(term, 120)
    colours = {c for sgr in re.findall(rb"\x1b\[([0-9;]*)m", term.raw) for c in _coloured(sgr)}
    assert not colours


def _coloured(sgr: bytes) -> list[bytes]:
    """The colours of an SGR sequence that are no greys."""
    parts = sgr.split(b";")
    found = [
        p for p in parts if p in {b"%d" % n for base in (31, 41, 91, 101) for n in range(base, base + 6)}
    ]
    for at, part in enumerate(parts):
        if part in (b"38", b"48") and parts[at + 1 : at + 2] == [b"5"]:
            number = int(parts[at + 2])
            red, green, blue = (number - 16) // 36, (number - 16) // 6 % 6, (number - 16) % 6
            return [] if number >= 232 or red == green == blue else [sgr]
    return found


def test_resizing(open_screen: Open) -> None:
    """Every size is drawn for itself, also one that is too small for anything, and back."""
    term = open_screen(columns=WIDE[0], rows=WIDE[1])
    _is_readable(term, WIDE[0])
    for columns, rows in (NARROW, TINY, (120, 30), WIDE):
        term.resize(columns, rows)
        if (columns, rows) == TINY:
            term.wait(lambda text: "lab-selftest-hung" in text.split("\n")[0])
        else:
            _is_readable(term, columns)
        assert term.process.poll() is None
    term.press("q")
    assert term.exit_code() == 0


def test_many_resizes_at_once(open_screen: Open) -> None:
    """Dragging the corner of a window."""
    term = open_screen()
    for step in range(60):
        term.resize(60 + step * 2, 20 + step % 30)
        term.press("down")
    term.resize(*WIDE)
    term.press("g", "f")
    _is_readable(term, WIDE[0])

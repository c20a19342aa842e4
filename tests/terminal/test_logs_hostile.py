"""Hostile lines of a log on a real terminal: none reaches it raw, none breaks a line of the screen."""

from __future__ import annotations

from pathlib import Path

from tests.support.processes import COCKPIT, Home
from tests.support.terminal import terminal
from tests.terminal.test_hostile import FORBIDDEN, TEXTUALS_OWN
from tests.ui.log_fakes import HEADER, START, raw, sessions

NASTY = (
    "\x1b[31mred\x1b[2J\x1b[H",
    "\x1b]52;c;aG9zdGlsZQ==\x07",
    "\x1b]0;owned\x07",
    "\x9b31mred\x9d0;owned\x9c",
    "a\x00b\x08c\x7fd",
    "\u202eright to left\u202c\u200b\u2066",
    "[bold red]markup[/] [link=http://x]y[/link]",
    "👍🏽🇮🇹❤\ufe0f👨\u200d👩\u200d👧 日本語 ｆｕｌｌ e\u0301\u0301\u0301\u0301\u0301",
    "Z" * 1_000_000,
)
MARK = "evil"


def hostile_log() -> bytes:
    lines = [
        raw(START, 1000 + n, n, f"{MARK}{n} {text[:200]}", "user", text.replace(",", ""), f"R=ok;Msg={text}")
        for n, text in enumerate(NASTY)
    ]
    lines += [b"\xff\xfe\x80 not utf-8 \xc3", b"half a li", b'"open,1,2', b"\x1b[31m", b"," * 40]
    return b"\r\n".join([HEADER, *sessions(20), *lines]) + b"\r\n"


def test_hostile_lines(home: Home, tmp_path: Path) -> None:
    log = tmp_path / "POP32026010808-1.LOG"
    log.write_bytes(hostile_log())
    with terminal([*COCKPIT, "logs", "view", str(log)], home.environ(), 100, 40) as term:
        text = term.wait(f"{MARK}0 ", 20.0)
        for n, _ in enumerate(NASTY):
            assert f"{MARK}{n} " in text
        lines = text.split("\n")
        rows = [line for line in lines if MARK in line and f"{MARK}7" not in line]  # 7: two cells a letter
        places = {line.index(" user ") for line in rows}
        assert len(places) == 1, "no line moves another's columns"
        assert r"\x1b[31m" in text
        assert "[bold red]markup" in text
        for keys in (
            "w",
            "s",
            "k",
            "k",
            "k",
            "k",
            "k",
            "k",
            "k",
            "w",
            "\x1b[C",
            "\x1b[C",
            "u",
            "e",
            "\t",
            "j",
            "j",
        ):
            term.press(keys)
            shown = term.settle(0.05)
            assert "Follow:" in shown.split("\n")[1], "the bars stay where they are"
        term.press("\t", "/")
        term.wait("text, or !text")
        term.press("Zzzz", "enter")
        term.settle()
        term.resize(80, 24)
        term.wait(lambda text: "? help" in text.split("\n")[-1])
        term.press("q")
        assert term.exit_code() == 0
        said = term.said()
    text = said.decode("utf-8")
    assert "\x1b]52" not in text
    assert "owned\x07" not in text
    ours = TEXTUALS_OWN.sub("", text).replace("\r\n", "\n").replace("\r", "")
    assert FORBIDDEN.findall(ours) == []
    assert "Z" * 2_001 not in ours
    home.nothing_left()

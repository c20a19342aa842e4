"""Bells and notifications: the right sequence for the terminal, and none that a name could break out of."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.fleet.terminal_bytes import LIMIT, TITLE, Osc, chosen, notification


@pytest.mark.parametrize(
    ("wanted", "environ", "osc"),
    [
        ("auto", {"TERM": "xterm-256color"}, "none"),
        ("auto", {"TERM": "xterm-kitty"}, "9"),
        ("auto", {"TERM": "xterm-ghostty"}, "777"),
        ("auto", {"TERM": "foot-extra"}, "777"),
        ("auto", {"TERM": "rxvt-unicode-256color"}, "777"),
        ("auto", {"TERM": "xterm-256color", "TERM_PROGRAM": "WezTerm"}, "777"),
        ("auto", {"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"}, "9"),
        ("auto", {"TERM": "xterm-256color", "LC_TERMINAL": "iTerm2"}, "9"),
        ("auto", {"TERM": "tmux-256color", "TERM_PROGRAM": "tmux", "LC_TERMINAL": "iTerm2"}, "9"),
        ("auto", {"TERM": "tmux-256color", "TERM_PROGRAM": "tmux"}, "none"),
        ("auto", {"TERM": "putty-256color"}, "none"),
        ("none", {"TERM": "xterm-kitty"}, "none"),
        ("9", {"TERM": "xterm-256color"}, "9"),
        ("777", {"TERM": "xterm-kitty"}, "777"),
        ("9", {"TERM": "linux"}, "none"),
        ("777", {"TERM": "vt100"}, "none"),
        ("777", {}, "none"),
    ],
)
def test_which_sequence_is_sent(wanted: str, environ: dict[str, str], osc: str) -> None:
    assert chosen(wanted, environ) == osc


def test_the_sequences() -> None:
    assert notification("9", "EX01 is Unhealthy", tmux=False) == "\x1b]9;POP cockpit: EX01 is Unhealthy\a"
    assert notification("777", "EX01 is Unhealthy", tmux=False) == (
        "\x1b]777;notify;POP cockpit;EX01 is Unhealthy\a"
    )
    assert notification("777", "a;b", tmux=True) == "\x1bPtmux;\x1b\x1b]777;notify;POP cockpit;a,b\a\x1b\\"
    assert notification("none", "anything", tmux=True) == ""


@given(
    st.sampled_from(["9", "777"]), st.booleans(), st.text() | st.text("\x1b\a;\\\x9c\x9d\x90\n\u202e\ud800 4")
)
def test_a_name_cannot_break_out_of_a_notification(osc: Osc, tmux: bool, text: str) -> None:
    """One sequence of exactly the fields it should have, whatever the text is."""
    sent = notification(osc, text, tmux=tmux)
    escaped = "\x1b\x1b" if tmux else "\x1b"
    start = f"{escaped}]9;{TITLE}: " if osc == "9" else f"{escaped}]777;notify;{TITLE};"
    wrapped = re.fullmatch(r"\x1bPtmux;(.*)\x1b\\", sent, re.DOTALL) if tmux else None
    inner = wrapped[1] if wrapped is not None else sent
    assert tmux is (wrapped is not None)
    assert inner.startswith(start)
    assert inner.endswith("\a")
    body = inner[len(start) : -1]
    assert body.isprintable()
    assert ";" not in body
    assert len(body) <= LIMIT
    inner.encode("utf-8")

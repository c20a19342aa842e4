"""Only what differs is written; what another program wrote over the screen goes with one key."""

from __future__ import annotations

from pathlib import Path

from tests.terminal.small import small_screen


def test_another_program_wrote_over_it(tmp_path: Path) -> None:
    with small_screen(tmp_path) as term:
        before = term.settle()
        term.scribble(b"\x1b[H\x1b[2JBroadcast message from root: the system goes down")
        term.wait("Broadcast message")
        term.press("ctrl+l")
        term.wait(lambda text: text == before)

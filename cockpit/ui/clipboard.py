"""Copying over SSH: OSC 52, which nobody confirms, and always a file too."""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from cockpit.config.paths import private_dir

ENCODED_LIMIT = 74_994
"""Bytes of base64 that terminals are known to take (k9s, terminal-ui §1.2)."""


SCREEN_PIECE = 512
"""Characters in one device control string for GNU screen, which drops one of 768 or more: measured, 4.09."""


def clipboard(text: str, environ: Mapping[str, str]) -> str | None:
    """:func:`osc52` for the terminal of ``environ``: tmux and screen say there that they are in between."""
    return osc52(text, tmux=bool(environ.get("TMUX")), screen=bool(environ.get("STY")))


def osc52(text: str, tmux: bool, screen: bool = False) -> str | None:
    """The sequence that sets the clipboard, None when ``text`` is too long for one.

    In tmux also wrapped for the outer terminal: which of the two works is tmux's configuration
    (``set-clipboard``, ``allow-passthrough``). Screen swallows a bare one and passes on what is wrapped in
    pieces. No wrapper is ever sent elsewhere: PuTTY prints it (terminal-ui §4.12).
    """
    encoded = base64.b64encode(text.encode()).decode()
    if len(encoded) > ENCODED_LIMIT:
        return None
    bare = f"\x1b]52;c;{encoded}\x07"
    if screen and not tmux:
        pieces = (bare[n : n + SCREEN_PIECE] for n in range(0, len(bare), SCREEN_PIECE))
        return "".join(f"\x1bP{piece}\x1b\\" for piece in pieces)
    if not tmux:
        return bare
    escaped = bare.replace("\x1b", "\x1b\x1b")
    return f"{bare}\x1bPtmux;{escaped}\x1b\\"


def save_text(directory: Path, kind: str, text: str, now: datetime, suffix: str = ".txt") -> Path:
    """Write ``text`` to a new file only its owner can read. Raises OSError."""
    private_dir(directory)
    stem = f"{kind}-{now:%Y%m%dT%H%M%S}"
    for attempt in range(1000):
        path = directory / (f"{stem}{suffix}" if attempt == 0 else f"{stem}-{attempt}{suffix}")
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            continue
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
        return path
    raise FileExistsError(f"{directory / stem}{suffix}")

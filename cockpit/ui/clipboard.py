"""Copying over SSH: OSC 52, which nobody confirms, and always a file too."""

from __future__ import annotations

import base64
import os
from datetime import datetime
from pathlib import Path

from cockpit.config.paths import private_dir

ENCODED_LIMIT = 74_994
"""Bytes of base64 that terminals are known to take (k9s, terminal-ui §1.2)."""


def osc52(text: str, tmux: bool) -> str | None:
    """The sequence that sets the clipboard, None when ``text`` is too long for one.

    In tmux also wrapped for the outer terminal: which of the two works is tmux's configuration
    (``set-clipboard``, ``allow-passthrough``). The wrapper is never sent elsewhere: PuTTY prints it.
    """
    encoded = base64.b64encode(text.encode()).decode()
    if len(encoded) > ENCODED_LIMIT:
        return None
    bare = f"\x1b]52;c;{encoded}\x07"
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

"""Our own scripts as the lab's ledger shows them. All of them only read."""

from __future__ import annotations

from typing import Final

from cockpit.exchange.logfiles import script_text

_ENOUGH: Final = 20
"""Characters by which a text is known."""


def is_reading_script(shown: str) -> bool:
    """Whether ``shown`` is the beginning of a script of ours that reads logs, as the lab writes it."""
    begins = shown.removesuffix("…").removeprefix("# ").strip()
    texts = (script_text(f"{name}-log.ps1").removeprefix("# ") for name in ("list", "read", "find"))
    return len(begins) > _ENOUGH and any(text.startswith(begins) for text in texts)

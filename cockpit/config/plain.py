"""Words of programs and files on our terminal. (What servers say is cleaned by ``cockpit.exchange.text``.)"""

from __future__ import annotations


def printable(text: str) -> str:
    """``text`` on one line in which a terminal obeys nothing."""
    return "".join(
        c if c.isprintable() else " " if c in "\t\r\n" else "\N{REPLACEMENT CHARACTER}" for c in text
    )

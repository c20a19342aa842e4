"""What goes wrong with logs, in the three parts an operator needs. Knows no library of the wire."""

from __future__ import annotations

from cockpit.exchange.text import clean_line


class LogError(Exception):
    """``what``: one sentence; ``cause``: the reason in the system's words; ``cure``: what helps.

    ``retry``: whether it may pass by itself.
    """

    retry = True

    def __init__(self, what: str, cause: str = "", cure: str = "") -> None:
        self.what = clean_line(what)
        self.cause = clean_line(cause)
        self.cure = cure
        super().__init__(": ".join(part for part in (self.what, self.cause) if part))


class FileGoneError(LogError):
    """There is no such file (any more): deleted after its days, or renamed."""


class RefusedError(LogError):
    """The far side will not let us read, whoever asks again."""

    retry = False

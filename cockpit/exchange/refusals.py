"""One account's refused sign-ins, for everybody who signs in as it: each counts towards a lock-out.

Active Directory goes on counting until a while has passed without a wrong password [M], so trying slowly
locks an account too. After how many, and after which while, is each domain's own; the sheet is silent on it.
So what was refused is not tried again by itself, on no session and by no thread, until somebody has acted.
"""

from __future__ import annotations

import threading
from typing import Final

from cockpit.exchange.errors import SignInError

WINRM_REFUSALS: Final = 3
"""Refused sign-ins in a row after which WinRM endpoints are left alone until asked for. One of them may
refuse whom others accept, so the first does not speak for all."""


class Refusals:
    """Holds back every sign-in after ``most`` refused ones in a row, and while ``above`` does.

    Any thread may ask and tell. Where no password was tried, nothing is held back.
    """

    def __init__(self, most: int = 1, above: Refusals | None = None) -> None:
        self._most = most
        self._above = above
        self._lock = threading.Lock()
        self._count = 0
        self._last: SignInError | None = None

    @property
    def held(self) -> SignInError | None:
        """What the next sign-in is held back for; made anew, as threads must not raise the same one."""
        if self._above is not None and (above := self._above.held) is not None:
            return above
        with self._lock:
            last = self._last if self._count >= self._most else None
        return None if last is None else SignInError(last.what, last.cause, last.cure)

    def check(self) -> None:
        """To be called where a password is about to be used. Raises SignInError."""
        if (held := self.held) is not None:
            raise held

    def note(self, error: BaseException) -> None:
        """``error`` is what a sign-in ended in."""
        if isinstance(error, SignInError) and error.tried:
            with self._lock:
                self._count += 1
                self._last = error

    def accepted(self) -> None:
        """A sign-in was accepted. What is held back already stays so: its shell was opened before."""
        with self._lock:
            if self._count < self._most:
                self._count = 0

    def forget(self) -> None:
        """Somebody has acted: what was refused may be tried again."""
        with self._lock:
            self._count, self._last = 0, None

"""Who can run a call: a session, or anything that hands calls to one (a lane, a recorder, a stand-in)."""

from __future__ import annotations

from typing import Protocol

from cockpit.config.targets import Target
from cockpit.exchange.pipeline import Call
from cockpit.exchange.session import RawResult


class Caller(Protocol):
    """The part of a Session that cmdlets need."""

    @property
    def target(self) -> Target:
        """The endpoint that is asked."""
        ...

    def run(self, call: Call, *, repeatable: bool = True) -> RawResult:
        """Run ``call`` to its end; ``repeatable``: it may be sent once more when the session was lost.

        Raises ExchangeError.
        """
        ...

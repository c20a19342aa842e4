"""Faults of the wire, on demand: what a chaos run turns.

A :class:`Trouble` strikes requests that match it, a number of times or until cleared.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto


class Effect(Enum):
    DELAY = auto()
    """Answer later, by ``seconds``."""
    DROP = auto()
    """Close the connection without an answer."""
    RESET = auto()
    """RST."""
    STATUS = auto()
    """An HTTP ``status`` with a body that is not XML, as a load balancer gives."""
    GARBAGE = auto()
    """HTTP 200 and no XML."""
    WRONG_RELATES_TO = auto()
    """A sound answer to another message."""
    FAULT = auto()
    """WSMan fault ``code``."""


@dataclass(slots=True)
class Trouble:
    """``action``: only that verb (Create, Command, Receive, Send, Signal, Delete, Get); None: any.

    ``count``: how many requests more; None: all. ``after``: the request is carried out first and only its
    answer is lost or spoiled, which is how shells leak.
    """

    effect: Effect
    action: str | None = None
    count: int | None = 1
    seconds: float = 0.0
    status: int = 503
    code: int = 995
    message: str = "The lab was asked to fail here. "
    after: bool = False

    def strikes(self, verb: str) -> bool:
        """Whether this request is hit; counts it if so."""
        if self.count == 0 or (self.action is not None and self.action != verb):
            return False
        if self.count is not None:
            self.count -= 1
        return True


@dataclass(slots=True)
class WireKnobs:
    """Of one endpoint. ``latency``: seconds added to every request. ``refuse``: reset every connection, old
    and new, and keep the shells; :meth:`Endpoint.refuse` closes the listener too."""

    latency: float = 0.0
    refuse: bool = False
    troubles: list[Trouble] = field(default_factory=list)

    def add(
        self,
        effect: Effect,
        *,
        action: str | None = None,
        count: int | None = 1,
        seconds: float = 0.0,
        status: int = 503,
        code: int = 995,
        after: bool = False,
    ) -> Trouble:
        trouble = Trouble(effect, action, count, seconds=seconds, status=status, code=code, after=after)
        self.troubles.append(trouble)
        return trouble

    def take(self, verb: str) -> list[Trouble]:
        """Those that strike a request, used up by it."""
        if not self.troubles:
            return []
        struck = [trouble for trouble in self.troubles if trouble.strikes(verb)]
        self.troubles = [trouble for trouble in self.troubles if trouble.count != 0]
        return struck

    def clear(self) -> None:
        self.latency = 0.0
        self.refuse = False
        self.troubles.clear()

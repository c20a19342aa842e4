"""Faults of the wire, on demand: what a chaos run turns.

A :class:`Trouble` strikes requests that match it, a number of times or until cleared.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any


class Effect(Enum):
    DELAY = auto()
    """Answer later, by ``seconds``. A request whose client has left by then is not carried out."""
    DROP = auto()
    """Close the connection without an answer."""
    RESET = auto()
    """RST."""
    REFUSE = auto()
    """RST, and nothing listens any more until :meth:`Endpoint.accept`."""
    HANG = auto()
    """Never answer, as long as the client stays."""
    DEAF = auto()
    """Half-open: neither read nor answer nor notice that the client has left."""
    STATUS = auto()
    """An HTTP ``status`` with a body that is not XML, as a load balancer gives; ``page`` names another."""
    REJECT = auto()
    """401 with a challenge, and the connection's sign-in forgotten: an expired ticket, a locked account."""
    REDIRECT = auto()
    """``status`` 302 or 307 to ``location``; empty: to itself, for ever."""
    FAULT = auto()
    """WSMan fault ``code``; ``subcode`` alone where ``code`` is 0."""
    GARBAGE = auto()
    """HTTP 200 and no XML."""
    NOT_HTTP = auto()
    """Bytes of another protocol."""
    ENDLESS_HEAD = auto()
    """Headers that never end."""

    WRONG_RELATES_TO = auto()
    """A sound answer to another message."""
    SPOIL = auto()
    """The answer's envelope changed by the spoiler named ``how`` (``spoilers.py``)."""

    LEAVE = auto()
    """Answer, then close the connection unannounced, as an idle limit does."""
    CUT = auto()
    """Half of the body that Content-Length announces, then FIN."""
    CUT_CHUNKED = auto()
    """Half of a chunked body, then FIN."""
    DRIP_HEAD = auto()
    """The answer one byte at a time, ``seconds`` apart, from the status line on."""
    DRIP_BODY = auto()
    """The head at once, the body one byte at a time, ``seconds`` apart."""
    HUGE = auto()
    """Some hundred megabytes, with an honest Content-Length."""
    ENDLESS = auto()
    """Chunks for ever."""
    GZIP = auto()
    """Compressed, though the client asked for identity."""
    GZIP_BOMB = auto()
    """Some kilobytes that inflate to some hundred megabytes."""
    WRONG_SEAL = auto()
    """A sealed answer with one bit turned."""
    UNSEALED = auto()
    """The plain answer to a sealed request."""


BEFORE = frozenset(
    {
        Effect.DELAY,
        Effect.DROP,
        Effect.RESET,
        Effect.REFUSE,
        Effect.HANG,
        Effect.DEAF,
        Effect.STATUS,
        Effect.REJECT,
        Effect.REDIRECT,
        Effect.FAULT,
        Effect.GARBAGE,
        Effect.NOT_HTTP,
        Effect.ENDLESS_HEAD,
    }
)
"""What can strike before the request is carried out, or ``after``. The others need its answer."""


@dataclass(slots=True)
class Trouble:
    """``action``: only that verb (Create, Command, Receive, Send, Signal, Delete, Get), or only the Receives
    of opening (``OpenReceive``) or of commands (``CommandReceive``); None: any.

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
    page: str = ""
    location: str = ""
    subcode: str = "w:InternalError"
    how: str = ""

    def strikes(self, names: frozenset[str]) -> bool:
        """Whether a request of these names is hit; counts it if so."""
        if self.count == 0 or (self.action is not None and self.action not in names):
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

    def add(self, effect: Effect, **more: Any) -> Trouble:
        """``more``: the fields of :class:`Trouble`."""
        trouble = Trouble(effect, **more)
        self.troubles.append(trouble)
        return trouble

    def take(self, names: frozenset[str]) -> list[Trouble]:
        """Those that strike a request of these names, used up by it."""
        if not self.troubles:
            return []
        struck = [trouble for trouble in self.troubles if trouble.strikes(names)]
        self.troubles = [trouble for trouble in self.troubles if trouble.count != 0]
        return struck

    def clear(self) -> None:
        self.latency = 0.0
        self.refuse = False
        self.troubles.clear()
